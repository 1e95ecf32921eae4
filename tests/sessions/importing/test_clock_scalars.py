"""Single numbers such as "fs" and "dt" give the width of bins, and the guess says so."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.io import savemat

from napari_unison.sessions import SessionError, load_session
from napari_unison.sessions.importing import Contents, Entry, array_entry, propose_mapping


def proposal(neural="dff", **numbers):
    """Return what is guessed of activity without times, a position, and single numbers."""
    group = neural.rpartition("/")[0]
    entries = [
        array_entry(neural, np.ones((50, 7))),
        array_entry(f"{group}/pos".removeprefix("/"), np.arange(50.0)),
    ]
    entries += [array_entry(path.replace("__", "/"), np.array(value)) for path, value in numbers.items()]
    return propose_mapping(Contents("a.mat", entries))


@pytest.mark.parametrize(
    ("name", "value", "width"),
    [
        ("fs", 40.0, 0.025),
        ("Fs", [[40]], 0.025),
        ("sampling_rate", 20, 0.05),
        ("samplingRate", 20.0, 0.05),
        ("frame_rate_hz", 10.0, 0.1),
        ("fps", 30.0, 1 / 30),
        ("fs_khz", 0.5, 0.002),
        ("dt", 0.025, 0.025),
        ("bin_width", [0.1], 0.1),
        ("bin_size_ms", 25, 0.025),
    ],
)
def test_a_rate_or_a_width_in_the_file_is_that_of_its_bins(name, value, width):
    guess = proposal(**{name: value})
    assert guess.missing == ()
    assert guess.mapping.bin_width == pytest.approx(width)
    assert f"since {name} is" in guess.notes[0]
    assert f"{1000 * width:.6g} ms" in guess.notes[0]


@pytest.mark.parametrize(
    "numbers",
    [
        {},
        {"n_fs": 40.0},
        {"gain": 0.5},
        # the rate of a voltage is that of no table of bins
        {"fs": 30_000.0},
        {"fs": np.nan},
        {"fs": 0},
        {"fs": np.full(3, 40.0)},
        {"fs": 40.0, "dt": 0.05},
        {"camera_fps": 60.0},
    ],
)
def test_what_does_not_clearly_say_it_is_not_taken(numbers):
    guess = proposal(**numbers)
    assert guess.missing == ("its neural array has no times: give the width of its bins (bin_width, in s)",)
    assert guess.notes == ()


def test_a_width_that_may_be_in_milliseconds_is_asked_about():
    assert proposal(dt=25.0).missing[0].endswith("(bin_width, in s); if dt is 25 ms, that is 0.025")


def test_the_number_in_the_group_of_the_activity_goes_before_that_around_it():
    guess = proposal("day/ca/dff", fs=100.0, day__ca__fs=20.0, day__video__fs=50.0)
    assert guess.mapping.bin_width == 0.05
    assert proposal("day/ca/dff", fs=100.0, day__video__fs=50.0).mapping.bin_width == 0.01


def test_times_and_what_a_person_says_go_before_it():
    entries = [
        array_entry("dff", np.ones((50, 7))),
        array_entry("pos", np.arange(50.0)),
        array_entry("fs", np.array(40.0)),
    ]
    assert propose_mapping(Contents("a.npz", entries), bin_width=0.5).mapping.bin_width == 0.5
    timed = propose_mapping(Contents("a.npz", [*entries, array_entry("t", np.arange(50) / 10)]))
    assert (timed.mapping.time, timed.mapping.bin_width, timed.notes) == ("t", None, ())


def test_a_damaged_number_says_nothing():
    def refuse(_):
        raise SessionError("damaged")

    entries = [array_entry("dff", np.ones((50, 7))), array_entry("pos", np.arange(50.0))]
    guess = propose_mapping(Contents("a.mat", [*entries, Entry("fs", "array", (), "float64", refuse)]))
    assert len(guess.missing) == 1


def test_a_matlab_file_with_its_rate_needs_no_words(tmp_path):
    lick = (np.arange(400) % 40 < 5).astype(float)
    savemat(tmp_path / "m.mat", {"dFF": np.ones((7, 400)), "pos": np.arange(400.0), "lick": lick, "fs": 40.0})
    session = load_session(tmp_path / "m.mat")
    assert session.bin_width == 0.025
    assert session.kinds == {"pos": "continuous", "lick": "discrete"}
