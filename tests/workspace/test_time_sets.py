"""Sets of time bins: stretches of seconds that mean the same bins in every part of a recording."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unison import Session
from napari_unison.workspace import WorkspaceError
from napari_unison.workspace.time_sets import TimeSet

BINS = 40


def recording(bin_width: float = 0.025, start: float = 3.0) -> Session:
    return Session("rat 1", np.ones((BINS, 2)), {"position": np.linspace(0, 1, BINS)}, bin_width, start=start)


marks = st.lists(st.booleans(), min_size=BINS, max_size=BINS).map(np.array)
widths = st.sampled_from([0.025, 0.1, 1 / 3, 2.0])


@given(marks, widths)
def test_marked_bins_come_back(marked, bin_width):
    session = recording(bin_width)
    np.testing.assert_array_equal(TimeSet.of_bins(session, marked).bins(session), marked)


@given(marks, st.integers(0, BINS - 1), st.integers(1, BINS))
def test_a_part_of_a_session_has_the_same_bins(marked, first, length):
    session = recording()
    part = session[first : first + length]
    np.testing.assert_array_equal(TimeSet.of_bins(session, marked).bins(part), marked[first : first + length])


@given(marks, marks, widths)
def test_sets_are_joined_like_booleans(first, second, bin_width):
    session = recording(bin_width)
    one, other = TimeSet.of_bins(session, first), TimeSet.of_bins(session, second)
    np.testing.assert_array_equal((one | other).bins(session), first | second)
    np.testing.assert_array_equal((one & other).bins(session), first & second)
    np.testing.assert_array_equal((one - other).bins(session), first & ~second)
    assert (one | other) - other == one - other
    assert (one | other).duration == pytest.approx(np.sum(first | second) * bin_width)


def test_neighbouring_bins_are_one_stretch_and_a_gap_in_time_parts_them():
    session = recording(0.5)
    whole = TimeSet.of_bins(session, np.ones(BINS, dtype=bool))
    np.testing.assert_allclose(whole.ranges["rat 1"], [[3.0, 23.0]])
    kept = np.ones(BINS, dtype=bool)
    kept[10:20] = False
    parted = TimeSet.of_bins(session[kept], np.ones(30, dtype=bool))
    np.testing.assert_allclose(parted.ranges["rat 1"], [[3.0, 8.0], [13.0, 23.0]])


def test_stretches_are_put_in_order_and_joined():
    found = TimeSet({"rat 2": [(5, 6), (0, 2), (1, 3), (3, 4)], "rat 1": []})
    assert found.session_names == ("rat 2",)
    np.testing.assert_allclose(found.ranges["rat 2"], [[0, 4], [5, 6]])
    np.testing.assert_allclose(found.within("rat 2", 3.5, 5.0), [[0, 4]])
    assert len(found.within("rat 1", 0, 10)) == 0


@pytest.mark.parametrize("pairs", [[(2, 1)], [(1, 1)], [(0, np.nan)], [(0, 1, 2)], [1, 2]])
def test_stretches_that_make_no_sense_are_refused(pairs):
    with pytest.raises(WorkspaceError, match="rat 1"):
        TimeSet({"rat 1": pairs})


def test_marks_that_do_not_fit_are_refused():
    with pytest.raises(WorkspaceError, match="one boolean a bin"):
        TimeSet.of_bins(recording(), [True, False])
    with pytest.raises(WorkspaceError, match="bins 0 to 39"):
        TimeSet.of_bins(recording(), [40])


def test_an_unknown_way_to_select_is_refused():
    with pytest.raises(WorkspaceError, match="'replace', 'add' or 'remove'"):
        TimeSet().changed_by(TimeSet(), "invert")
