from __future__ import annotations

import numpy as np
import pytest

from napari_unison.analysis.label_bins import LabelBins, alternate_halves
from napari_unison.sessions import Session


def test_directions_have_cells_of_their_own(make_session) -> None:
    session = make_session()
    bins = LabelBins([session], "position", ["direction"], 10)
    cell, right = bins.cell(session), session.labels["direction"] == "right"
    assert bins.n_cells == 20
    assert not set(cell[right]) & set(cell[~right])
    near = np.abs(session.labels["position"] - 0.5) < 1e-6 + 0.016 / 2
    assert len(set(cell[near & right])) == 1


def test_a_circular_label_is_binned_on_the_circle() -> None:
    angles = np.array([-0.1, 2 * np.pi - 0.1, 0.1, 2 * np.pi + 0.1])
    session = Session("a", np.zeros((4, 1)), {"phase": angles}, 0.1, kinds={"phase": "circular"})
    assert LabelBins([session], "phase", [], 8).cell(session).tolist() == [7, 7, 0, 0]


def test_a_label_of_two_columns_is_a_grid_and_unknown_bins_have_no_cell() -> None:
    place = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [np.nan, 0.5]])
    session = Session("a", np.zeros((4, 1)), {"place": place}, 0.1)
    bins = LabelBins([session], "place", [], 2)
    assert bins.n_cells == 4
    assert bins.cell(session).tolist() == [0, 2, 3, -1]


def test_bins_are_the_same_for_all_sessions(make_session) -> None:
    short = make_session("rat 2", 50)
    sessions = [make_session("rat 1"), short]
    bins = LabelBins(sessions, "position", [], 10)
    assert bins.cell(short).max() < 5
    assert bins.cell(sessions[0]).max() == 9


def test_categories_may_be_the_bins(make_session) -> None:
    session = make_session()
    bins = LabelBins([session], "direction", [], 40)
    assert (bins.n_cells, set(bins.cell(session))) == (2, {0, 1})


def test_both_halves_hold_both_directions(make_session) -> None:
    """Where an animal runs to and fro, every second lap is one direction only."""
    session = make_session("rat 1", 800)
    right = (session.labels["direction"] == "right").astype(int)
    half = alternate_halves(session)
    for one in (0, 1):
        assert [np.count_nonzero((half == one) & (right == way)) for way in (0, 1)] == [200, 200]
    for lap in session.segment_slices():
        assert len(set(half[lap])) == 1


def test_a_recording_without_laps_is_cut_into_parts() -> None:
    session = Session("a", np.zeros((80, 1)), {"position": np.arange(80.0)}, 0.1)
    half = alternate_halves(session)
    assert half.tolist() == [part % 2 for part in range(8) for _ in range(10)]


def test_errors_say_what_there_is(make_session) -> None:
    session = make_session()
    with pytest.raises(KeyError, match="the labels are 'position'"):
        LabelBins([session], "place", [], 10)
    with pytest.raises(ValueError, match="only discrete labels divide"):
        LabelBins([session], "position", ["phase"], 10)
    with pytest.raises(ValueError, match="at least two bins"):
        LabelBins([session], "position", [], 1)
    unknown = Session("a", np.zeros((5, 1)), {"place": [np.nan] * 4 + [1.0]}, 0.1)[:4]
    with pytest.raises(ValueError, match="not known in any bin"):
        LabelBins([unknown], "place", [], 10)
