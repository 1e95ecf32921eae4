"""Sessions pooled into the columns of small pictures."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

from napari_unison import Session
from napari_unison.display.label_overview import label_overview
from napari_unison.display.session_overview import place_field_order, session_overview, session_raster


def made(neural, position=None, **options) -> Session:
    n_bins = neural.shape[0]
    labels = {"position": np.linspace(0, 1, n_bins) if position is None else position}
    return Session("rat", neural, labels, 0.1, **options)


def test_extremes_and_rates_survive_pooling():
    position = np.zeros(1000)
    position[501] = 7.0
    position[10] = np.nan
    counts = np.ones((1000, 2))
    counts[:500] = 3
    overview = session_overview(made(counts, position, units={"position": "m"}), 10)
    assert (overview.label, overview.unit) == ("position", "m")
    assert overview.highest[5] == 7
    assert overview.lowest.tolist() == [0] * 10
    np.testing.assert_allclose(overview.rate, [30] * 5 + [10] * 5)
    assert (overview.edges[0], overview.edges[-1]) == (0.0, pytest.approx(100.0))


def test_a_part_has_no_more_columns_than_bins():
    overview = session_overview(made(np.ones((1000, 2))), 300, 20, 21)
    assert len(overview.rate) == 10
    assert (overview.edges[0], overview.edges[-1]) == (pytest.approx(20), pytest.approx(21))


@pytest.mark.parametrize("pack", [np.asarray, scipy.sparse.csr_array])
def test_each_neuron_reaches_its_own_highest_level(pack):
    counts = np.zeros((100, 3))
    counts[10, 0], counts[60, 0], counts[60, 1] = 4, 1, 1
    raster = session_raster(made(pack(counts)), 10, order=np.array([1, 0, 2]))
    assert raster.levels.shape == (3, 10)
    assert raster.levels[0].tolist() == [0] * 6 + [255] + [0] * 3
    assert (raster.levels[1, 1], raster.levels[1, 6]) == (255, 127)
    assert raster.levels[2].max() == 0


def test_neurons_are_sorted_by_direction_then_place():
    rng = np.random.default_rng(0)
    phase = np.arange(4000) % 200
    position = np.minimum(phase, 200 - phase) / 100
    direction = np.where(phase < 100, "right", "left")
    centres = np.array([0.8, 0.2, 0.5, 0.7, 0.1])
    way = np.array(["right", "right", "left", "left", "left"])
    rate = 2 * np.exp(-(((position[:, None] - centres) / 0.08) ** 2)) * (direction[:, None] == way)
    counts = np.column_stack([rng.poisson(rate), np.zeros(4000, dtype=int)])
    session = Session("rat", counts, {"position": position, "direction": direction}, 0.1)
    assert place_field_order(session).tolist() == [4, 2, 3, 1, 0, 5]


def test_without_a_position_there_is_no_order():
    session = Session("rat", np.ones((10, 2)), {"smell": np.array(["a", "b"] * 5)}, 0.1)
    assert place_field_order(session) is None
    overview = session_overview(session, 5)
    assert overview.label == ""
    assert np.isnan(overview.lowest).all()


def test_activity_below_zero_is_as_dark_as_silence():
    fluorescence = np.array([[-1.0, -2.0], [0.25, -1.0], [1.0, -0.5]])
    session = Session("a", fluorescence, {"x": np.arange(3.0)}, 0.05)
    np.testing.assert_array_equal(session_raster(session, 10).levels, [[0, 127, 255], [0, 0, 0]])


def test_labels_are_pooled_with_what_is_not_known_left_out():
    labels = {"x": np.array([0.0, 1.0, np.nan, np.nan]), "side": np.array(["b", "a", "a", "a"])}
    session = Session("a", np.ones((4, 2)), labels, 0.5, units={"x": "m"})
    x = label_overview(session, "x", 2)
    np.testing.assert_array_equal(x.edges, [0, 1, 2])
    np.testing.assert_array_equal(x.lowest[0], [0, np.nan])
    np.testing.assert_array_equal(x.highest[0], [1, np.nan])
    assert (x.name, x.unit, x.kind) == ("x", "m", "continuous")
    side = label_overview(session, "side", 2)
    assert side.categories == ("a", "b")
    np.testing.assert_array_equal(side.lowest[0], [0, 0])
    np.testing.assert_array_equal(side.highest[0], [1, 0])
    assert len(label_overview(session, "x", 10, 0.5, 1.5).edges) == 3
