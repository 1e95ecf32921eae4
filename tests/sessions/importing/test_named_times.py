"""Times that a file has beside an array whose bin width a mapping says."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unison.sessions import Session, SessionError
from napari_unison.sessions.importing import Contents, array_entry, checked_mapping, sessions_from

DRAW = np.random.default_rng(0)
#: A second is missing in the middle.
WITH_A_GAP = 3.0 + 0.025 * np.delete(np.arange(440), slice(200, 240))


def session_of(times, **mapping) -> Session:
    contents = Contents("mouse.npz", [
        array_entry("spk", DRAW.poisson(0.5, (400, 5))),
        array_entry("x", np.linspace(0, 1, 400)),
        array_entry("t", np.asarray(times)),
    ])  # fmt: skip
    return sessions_from(
        contents, checked_mapping({"neural": "spk", "labels": {"x": {"source": "x"}}, **mapping})
    )[0]


@pytest.mark.parametrize("unit", [1, 1000, 1_000_000])
def test_times_that_go_on_by_the_bin_width_are_taken_with_their_gaps(unit):
    session = session_of(WITH_A_GAP * unit, bin_width=0.025)
    assert session.time == pytest.approx(WITH_A_GAP)
    assert len(session.segment_slices()) == 2
    assert session.bin_width == 0.025


def test_times_of_another_step_are_a_conflict_that_is_said():
    with pytest.raises(SessionError, match=r"bin_width is 0.04 s, but t has a time for each sample of spk"):
        session_of(WITH_A_GAP, bin_width=0.04)


def test_times_that_are_named_make_bins_of_the_width():
    session = session_of(0.025 * np.arange(400), bin_width=0.1, time="t")
    assert session.n_bins == 100


@pytest.mark.parametrize(
    "time", [np.arange(400), DRAW.random(400), np.arange(30)], ids=["counter", "no times", "of others"]
)
def test_what_is_no_time_of_the_samples_changes_nothing(time):
    session = session_of(time, bin_width=0.04)
    assert session.time == pytest.approx(0.04 * np.arange(400))


def of_named_times(entry, path: str, **mapping) -> Session:
    contents = Contents("mouse.npz", [
        array_entry("spk", DRAW.poisson(0.5, (400, 5))),
        array_entry("x", np.linspace(0, 1, 400)),
        entry,
    ])  # fmt: skip
    given = {"neural": "spk", "labels": {"x": {"source": "x"}}, "time": path, **mapping}
    return sessions_from(contents, checked_mapping(given))[0]


@pytest.mark.parametrize(
    ("name", "unit", "path", "in_a_second"),
    [
        ("time_ms", "", "time_ms", 1e3),
        ("tracking/timestamps_us", "", "tracking/timestamps_us", 1e6),
        ("time", "ms", "time", 1e3),
        ("time", "milliseconds", "time", 1e3),
        ("ts", "", "ts (us)", 1e6),
        ("time", "s", "time", 1),
    ],
)
def test_the_unit_of_times_is_told_by_their_name_the_file_or_a_person(name, unit, path, in_a_second):
    session = of_named_times(array_entry(name, WITH_A_GAP * in_a_second, unit=unit), path)
    assert session.time == pytest.approx(WITH_A_GAP)
    assert session.bin_width == pytest.approx(0.025)


def test_a_column_that_is_called_as_its_unit_is_itself_in_seconds():
    session = of_named_times(array_entry("time (ms)", WITH_A_GAP, unit="s"), "time (ms)")
    assert session.time == pytest.approx(WITH_A_GAP)


@pytest.mark.parametrize("in_a_second", [1e3, 1e6])
def test_times_that_can_hardly_be_seconds_are_asked_about(in_a_second):
    with pytest.raises(SessionError, match=r'every 25\d* s.*time = "t \(ms\)".*bin_width = 25'):
        of_named_times(array_entry("t", WITH_A_GAP * in_a_second), "t")


def test_a_person_can_say_that_slow_times_are_seconds():
    assert of_named_times(array_entry("t", 30.0 * np.arange(400)), "t", bin_width=30).bin_width == 30
