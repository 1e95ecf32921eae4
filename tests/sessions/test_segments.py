"""Laps are segments that end where the running direction changes."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unison.sessions import Session, SessionError, segment_laps

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
