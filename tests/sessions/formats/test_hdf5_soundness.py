"""A file over which the HDF5 library breaks down is refused, and the program lives on."""

from __future__ import annotations

import sys

import h5py
import numpy as np
import pytest

from napari_unison.sessions import SessionError
from napari_unison.sessions.formats import hdf5_soundness
from napari_unison.sessions.formats.hdf5_soundness import require_sound_hdf5


@pytest.fixture(autouse=True)
def _nothing_known():
    hdf5_soundness._problem.cache_clear()


@pytest.fixture
def recording(tmp_path):
    with h5py.File(tmp_path / "day.h5", "w") as file:
        file["spikes"] = np.ones((400_000, 2))
        file["names"] = ["a", "b"]
        file["names"].attrs["unit"] = "none"
        file["gone"] = h5py.SoftLink("/nowhere")
    return tmp_path / "day.h5"


def test_sound_files_and_files_of_other_makes_are_let_through(recording, tmp_path):
    require_sound_hdf5(recording)
    (tmp_path / "text.mat").write_text("no HDF5 at all")
    require_sound_hdf5(tmp_path / "text.mat")
    require_sound_hdf5(tmp_path / "missing.h5")


def test_a_library_that_runs_in_circles_is_not_waited_for(recording, monkeypatch):
    monkeypatch.setattr(hdf5_soundness, "_WALK", "while True: pass")
    monkeypatch.setattr(hdf5_soundness, "PATIENCE", 0.5)
    with pytest.raises(SessionError, match=r"day\.h5 is damaged: .* does not come to an end .*; copy or"):
        require_sound_hdf5(recording)


@pytest.mark.skipif(sys.platform == "win32", reason="ends of processes are told by signals")
def test_a_library_that_ends_the_process_is_told(recording, monkeypatch):
    monkeypatch.setattr(hdf5_soundness, "_WALK", "import os; os.abort()")
    with pytest.raises(SessionError, match=r"day\.h5 is damaged: the HDF5 library breaks down"):
        require_sound_hdf5(recording)


def test_a_file_is_walked_through_once_while_it_stays(recording, monkeypatch):
    require_sound_hdf5(recording)
    monkeypatch.setattr(hdf5_soundness, "_WALK", "import os; os.abort()")
    require_sound_hdf5(recording)
    with h5py.File(recording, "a") as file:
        file["more"] = np.ones(3)
    with pytest.raises(SessionError):
        require_sound_hdf5(recording)
