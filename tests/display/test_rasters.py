"""Activity and marks as pixel columns."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from napari_unison import Session
from napari_unison.display import rasters
from napari_unison.display.marked_time import covered_columns
from napari_unison.display.rasters import pooled_raster


def recording(n_bins: int = 1000, *, sparse: bool = False) -> Session:
    counts = np.random.default_rng(0).poisson(0.3, (n_bins, 5)).astype(float)
    neural = scipy.sparse.csr_array(counts) if sparse else counts
    return Session("rat", neural, {"position": np.linspace(0, 1, n_bins)}, 0.5, start=10.0)


@pytest.mark.parametrize("sparse", [False, True])
def test_what_fits_has_a_column_a_bin(sparse):
    session = recording(sparse=sparse)
    raster = pooled_raster(session, 110.0, 160.0)
    dense = recording().neural
    np.testing.assert_array_equal(raster.values, dense[200:300].T)
    assert (raster.start, raster.stop, raster.bins_per_column) == (110.0, 160.0, 1.0)


def test_bins_that_share_a_column_give_their_largest(monkeypatch):
    monkeypatch.setattr(rasters, "PORTION", 64)
    session = recording(sparse=True)
    raster = pooled_raster(session, columns=100)
    np.testing.assert_array_equal(raster.values, recording().neural.reshape(100, 10, 5).max(axis=1).T)
    assert (raster.start, raster.stop, raster.bins_per_column) == (10.0, 510.0, 10.0)


def test_where_nothing_was_recorded_nothing_is_drawn():
    session = recording()
    kept = np.ones(1000, dtype=bool)
    kept[400:600] = False
    raster = pooled_raster(session[kept])
    assert raster.values.shape == (5, 1000)
    assert not raster.values[:, 400:600].any()
    np.testing.assert_array_equal(raster.values[:, 600:], session.neural[600:].T)


def test_a_raster_serves_what_it_covers_finely_enough():
    raster = pooled_raster(recording(), columns=100)
    assert raster.serves(10.0, 510.0, 0.5, 100)
    assert not raster.serves(10.0, 110.0, 0.5, 100)
    fine = pooled_raster(recording(), 110.0, 160.0)
    assert fine.serves(120.0, 130.0, 0.5, 1000)
    assert not fine.serves(100.0, 130.0, 0.5, 1000)


spans = st.lists(st.tuples(st.floats(0, 100), st.floats(0.01, 10)), max_size=10)


@given(spans, st.integers(1, 200))
def test_a_column_is_marked_if_a_stretch_reaches_into_it(found, columns):
    ranges = np.array([(start, start + length) for start, length in found]).reshape(-1, 2)
    marked = covered_columns(ranges, 20.0, 70.0, columns)
    width = 50.0 / columns
    for column in range(columns):
        left = 20.0 + column * width
        # By more than rounding.
        clearly = ((ranges[:, 0] < left + width - 1e-3) & (ranges[:, 1] > left + 1e-3)).any()
        at_all = ((ranges[:, 0] < left + width + 1e-3) & (ranges[:, 1] > left - 1e-3)).any()
        assert clearly <= marked[column] <= at_all


def test_the_shortest_stretch_has_a_column():
    assert covered_columns(np.array([[5.0, 5.001]]), 0, 1000, 100).sum() == 1
    assert covered_columns(np.empty((0, 2)), 0, 10, 5).tolist() == [False] * 5
