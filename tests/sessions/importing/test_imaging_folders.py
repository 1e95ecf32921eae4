"""Regions of interest that are no cells are told of where activity of suite2p is opened."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unison.sessions import load_session
from napari_unison.sessions.importing import open_contents, propose_mapping

DRAW = np.random.default_rng(0)
SAID = r"iscell\.npy calls 4 of 6 regions of interest cells, and all of them are read: .*spks\[iscell"


@pytest.fixture
def folder(tmp_path):
    """Six regions, of which four are cells, and behaviour in a table beside them."""
    np.save(tmp_path / "spks.npy", DRAW.random((6, 200)).astype(np.float32))
    np.save(tmp_path / "iscell.npy", np.column_stack([[1, 1, 0, 1, 0, 1], DRAW.random(6)]))
    rows = "".join(f"{i},{np.sin(i / 9):.3f}\n" for i in range(200))
    (tmp_path / "walk.csv").write_text(f"frame,position\n{rows}")
    return tmp_path


def notes_of(file):
    with open_contents(file) as contents:
        return propose_mapping(contents).notes


def test_scripts_are_warned_and_read_all_regions(folder):
    with pytest.warns(UserWarning, match=SAID):
        session = load_session(
            folder / "spks.npy", bin_width=1 / 30, beside={"walk": ("spks.npy", "walk.csv")}
        )
    assert session.n_neurons == 6


def test_nothing_is_said_where_all_are_cells_or_the_file_is_of_others(folder):
    np.save(folder / "iscell.npy", np.ones((6, 2)))
    assert notes_of(folder / "spks.npy") == ()
    np.save(folder / "iscell.npy", np.zeros((5, 2)))
    assert notes_of(folder / "spks.npy") == ()
    (folder / "iscell.npy").write_bytes(b"none of suite2p's")
    assert notes_of(folder / "spks.npy") == ()
    (folder / "iscell.npy").unlink()
    assert notes_of(folder / "spks.npy") == ()
