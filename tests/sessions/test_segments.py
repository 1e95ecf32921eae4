"""Laps are segments that end where the running direction changes."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unison.sessions import Session, SessionError, segment_laps, segment_stretches

DIRECTION = ["right"] * 4 + ["left"] * 3 + ["right"] * 3


def make(**options):
    return Session(
        "rat", np.ones((10, 2)), {"direction": DIRECTION, "position": np.linspace(0, 1, 10)}, 0.025, **options
    )


def test_laps_end_where_the_direction_changes():
    laps = segment_laps(make())
    assert laps.segment.tolist() == [0, 0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert laps.name == "rat"


def test_borders_that_are_there_stay():
    laps = segment_laps(make(segment=[0, 0, 1, 1, 1, 1, 1, 1, 1, 1]))
    assert laps.segment_slices() == [slice(0, 2), slice(2, 4), slice(4, 7), slice(7, 10)]


def test_gaps_in_time_stay_borders_and_time_stays():
    gappy = make()[np.arange(10) != 1]
    laps = segment_laps(gappy)
    assert laps.segment_slices() == [slice(0, 1), slice(1, 3), slice(3, 6), slice(6, 9)]
    np.testing.assert_array_equal(laps.time, gappy.time)


def test_laps_of_laps_are_the_laps():
    laps = segment_laps(make())
    np.testing.assert_array_equal(segment_laps(laps).segment, laps.segment)


def test_an_unknown_label_names_those_there_are():
    with pytest.raises(
        SessionError, match="'rat' has no label 'lap' to make laps from; its labels are direction, pos"
    ):
        segment_laps(make(), "lap")


def test_only_a_discrete_label_makes_laps():
    with pytest.raises(SessionError, match="label 'position' is continuous: laps end where a discrete"):
        segment_laps(make(), "position")


def test_stretches_are_of_one_length_and_a_short_rest_goes_with_the_last():
    # 10 bins of 25 ms
    np.testing.assert_array_equal(segment_stretches(make(), 0.1).segment, [0] * 4 + [1] * 4 + [2] * 2)
    np.testing.assert_array_equal(segment_stretches(make(), 0.075).segment, [0] * 3 + [1] * 3 + [2] * 4)
    np.testing.assert_array_equal(segment_stretches(make(), 0.15).segment, [0] * 6 + [1] * 4)
    np.testing.assert_array_equal(segment_stretches(make(), 60).segment, [0] * 10)


def test_stretches_begin_anew_where_recording_paused():
    paused = make(segment=[0, 0, 0, 0, 0, 0, 0, 1, 1, 1])
    stretches = segment_stretches(paused, 0.075)
    np.testing.assert_array_equal(stretches.segment, [0, 0, 0, 1, 1, 1, 1, 2, 2, 2])
    np.testing.assert_array_equal(stretches.time, paused.time)


@pytest.mark.parametrize("seconds", [0.0, -1.0, 0.01, float("nan"), float("inf")])
def test_stretches_hold_at_least_a_bin(seconds):
    with pytest.raises(SessionError, match=r"'rat'.*cannot be made of bins of 0\.025 s; give a longer time"):
        segment_stretches(make(), seconds)
