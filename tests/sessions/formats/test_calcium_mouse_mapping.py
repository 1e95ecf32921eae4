"""The mapping of the calcium mice that the documentation gives: cells of two files become days with runs."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from napari_unison import Session, load_session, load_sessions
from napari_unison.sessions import SessionError

MAPPING = Path(__file__).parents[3] / "docs/mappings/calcium-mouse.toml"

RIGHT = np.array([3, 3, 10, 22, 3, 15, 22, 8, 9, 22], dtype=np.uint8)[:, None]
LEFT = np.array([22, 10, 3, 21, 3], dtype=np.uint8)[:, None]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Two files of the layout of the published ones; activity tells environment, day, direction and bin."""
    events, places = np.empty((2, 4, 2), object), np.empty((2, 4, 2), object)
    for at in np.ndindex(2, 4, 2):
        places[at] = LEFT if at[2] else RIGHT
        code = 1000.0 * at[0] + 100 * at[1] + 50 * at[2] + np.arange(len(places[at]))
        events[at] = code[:, None] * [1.0, -1.0]
    savemat(tmp_path / "M1_spike_train.mat", {"spike_train": events}, do_compression=True)
    savemat(tmp_path / "M1_stimulus_trace.mat", {"stimulus_trace": places}, do_compression=True)
    return tmp_path / "M1_spike_train.mat"


def test_each_day_of_each_environment_is_a_session(saved):
    sessions = load_sessions(saved, mapping=MAPPING)
    assert [session.name for session in sessions] == [
        f"M1_spike_train environment {environment} day {day}"
        for environment in (1, 2)
        for day in (1, 2, 3, 4)
    ]
    # of the environment and the day that the name says
    assert [int(session.neural.min() + session.neural.max()) for session in sessions] == [0] * 8
    assert [int(session.neural.max()) // 100 for session in sessions] == [0, 1, 2, 3, 10, 11, 12, 13]
    assert all(session.bin_width == 0.05 and session.units["position"] == "m" for session in sessions)


def test_runs_of_both_directions_take_turns(saved):
    day = load_sessions(saved, mapping=MAPPING)[0]
    runs = [day.labels["direction"][run] for run in day.segment_slices()]
    assert [len(run) for run in runs] == [4, 3, 3, 2, 3]
    assert [run[0] for run in runs] == ["right", "left", "right", "left", "right"]
    for run in day.segment_slices():
        steps = np.diff(day.labels["position"][run])
        assert (steps >= 0).all() if day.labels["direction"][run][0] == "right" else (steps <= 0).all()


def test_activity_stays_with_its_position(saved):
    day = load_sessions(saved, mapping=MAPPING)[0]
    bins = {k: int(place) for k, place in enumerate(RIGHT.ravel())}
    bins |= {50 + k: int(place) for k, place in enumerate(LEFT.ravel())}
    wanted = [(bins[int(code)] - 0.5) * 0.04 for code in day.neural[:, 0]]
    np.testing.assert_allclose(day.labels["position"], wanted)


def test_eight_sessions_are_not_one(saved):
    with pytest.raises(SessionError, match="holds 8 sessions"):
        load_session(saved, mapping=MAPPING)


def test_without_its_companion_the_file_says_what_is_missing(saved):
    saved.with_name("M1_stimulus_trace.mat").unlink()
    with pytest.raises(SessionError, match=r"M1_stimulus_trace.mat does not exist"):
        load_sessions(saved, mapping=MAPPING)


def test_without_a_mapping_the_cells_are_listed(saved):
    with pytest.raises(SessionError, match=r"spike_train\[1,0,0\]: array \(10, 2\) float64"):
        load_session(saved)


def by_hand(file: Path, environment: int, day: int) -> Session:
    """Make a session of the published files as their description says, without any mapping."""
    events = loadmat(file)["spike_train"]
    places = loadmat(file.with_name(file.name.replace("spike_train", "stimulus_trace")))["stimulus_trace"]
    runs = []
    for way in range(2):
        position = places[environment, day, way].ravel().astype(int)
        back = np.diff(position) < 0 if way == 0 else np.diff(position) > 0
        borders = [0, *(np.flatnonzero(back) + 1), len(position)]
        runs += [((a + b) / (2 * len(position)), way, slice(a, b)) for a, b in pairwise(borders)]
    runs.sort(key=lambda run: run[:2])
    lengths = [run.stop - run.start for _, _, run in runs]
    position = np.concatenate([places[environment, day, way].ravel()[run] for _, way, run in runs])
    return Session(
        "by hand",
        np.concatenate([events[environment, day, way][run] for _, way, run in runs]),
        {
            "position": (position - 0.5) * 0.04,
            "direction": np.repeat(["left" if way else "right" for _, way, _ in runs], lengths),
        },
        0.05,
        units={"position": "m"},
        segment=np.repeat(np.arange(len(runs)), lengths),
    )


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["C24M3", "C23M4"])
def test_the_published_mice_are_read_as_by_hand(real_data, name):
    file = real_data / "calcium_linear_track" / f"{name}_spike_train.mat"
    sessions = load_sessions(file, mapping=MAPPING)
    assert len(sessions) == 8
    for number, session in enumerate(sessions):
        wanted = by_hand(file, number // 4, number % 4)
        np.testing.assert_array_equal(session.neural, wanted.neural)
        for label in ("position", "direction"):
            np.testing.assert_array_equal(session.labels[label], wanted.labels[label])
        np.testing.assert_array_equal(session.segment, wanted.segment)
        np.testing.assert_array_equal(session.time, wanted.time)
        assert (session.kinds, session.units) == (wanted.kinds, wanted.units)


@pytest.mark.realdata
def test_the_published_file_without_a_mapping_lists_its_cells(real_data):
    with pytest.raises(SessionError, match=r"spike_train\[0,0,0\]: array \(2447, 104\) float64"):
        load_session(real_data / "calcium_linear_track" / "C24M3_spike_train.mat")
