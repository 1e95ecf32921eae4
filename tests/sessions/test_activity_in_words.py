"""Only counts have a rate a second; fluorescence is told as it is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from napari_unison import Session
from napari_unison.sessions.counts import are_counts

COUNTS = np.random.default_rng(0).poisson(0.5, (100, 4))


def said(neural):
    return str(Session("mouse", neural, {"x": np.arange(100.0)}, 0.025)).splitlines()[1]


@pytest.mark.parametrize("neural", [COUNTS, COUNTS.astype(float), sparse.csr_array(COUNTS)])
def test_counts_are_told_a_second(neural):
    assert f"4 neurons, {COUNTS.mean() / 0.025:.2f} /s on average" in said(neural)


def test_fluorescence_is_told_as_it_is():
    assert "4 neurons, 2.1 on average (dense float64)" in said(np.full((100, 4), 2.1))
    assert "4 neurons, -0.5 on average" in said(np.full((100, 4), -0.5))


def test_one_value_that_is_no_whole_number_tells():
    late = np.ones((10_000, 2))
    assert are_counts(late)
    late[-1, -1] = 0.5
    assert not are_counts(late)
    assert not are_counts(sparse.csr_array(-late))
