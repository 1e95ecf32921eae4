"""Parts of sessions by time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unison.sessions import Session, SessionError


def make(n_bins=400, start=0.0, bin_width=0.025):
    return Session(
        "rat",
        np.arange(n_bins)[:, None],
        {"position": np.linspace(0, 1.6, n_bins)},
        bin_width,
        start=start,
        units={"position": "m"},
        segment=np.arange(n_bins) // 100,
    )


def test_a_part_keeps_time_segments_units_and_neurons():
    part = make().between(2, 6)
    assert part.n_bins == 160
    assert part.start == part.time[0] == 2.0
    assert part.time[-1] == pytest.approx(5.975)
    assert part.units == {"position": "m"}
    assert part.segment.tolist() == [0] * 20 + [1] * 100 + [2] * 40
    assert part.neural[0, 0] == 80


def test_the_clock_is_that_of_the_session():
    session = make(start=100.0)
    assert session.between(102, 106).neural[0, 0] == 80
    assert session.between(stop=101).n_bins == 40
    assert session.between(start=109).n_bins == 40
    assert session.between().n_bins == 400


@given(st.integers(2, 399), st.sampled_from([0.025, 0.1, 1 / 30]), st.floats(-1000, 1000))
def test_two_parts_that_touch_share_no_bin_and_lose_none(border, bin_width, start):
    session = make(start=start, bin_width=bin_width)
    time = start + border * bin_width
    first, rest = session.between(stop=time), session.between(start=time)
    assert (first.n_bins, rest.n_bins) == (border, 400 - border)


def test_gaps_in_time_stay_gaps():
    session = make()
    with_gap = session[(session.time < 3) | (session.time >= 5)]
    part = with_gap.between(2.5, 5.5)
    assert part.n_bins == 40
    assert len(part.segment_slices()) == 2
    with pytest.raises(SessionError, match=r"no time bin begins from 3\.5 s to before 4\.5 s"):
        with_gap.between(3.5, 4.5)


def test_more_than_was_recorded_is_what_was_recorded():
    assert make().between(-5, 1000).n_bins == 400


@pytest.mark.parametrize(
    ("start", "stop", "message"),
    [
        (6, 2, r"stop \(2 s\) does not come after start \(6 s\)"),
        (3, 3, "does not come after"),
        (20, 30, r"no time bin begins .* it was recorded from 0 to 10 s"),
        (float("nan"), 3, "start is nan; give a number of seconds"),
        (1, "late", "stop is 'late'; give a number of seconds"),
    ],
)
def test_a_stretch_without_sense_is_explained(start, stop, message):
    with pytest.raises(SessionError, match=f"session 'rat': .*{message}"):
        make().between(start, stop)
