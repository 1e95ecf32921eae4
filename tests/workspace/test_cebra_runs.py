"""A CEBRA checkpoint is opened as a run of the open sessions."""

from __future__ import annotations

import runpy

import numpy as np
import pytest

from made_checkpoints import save_checkpoint
from napari_unison.encoder import CheckpointError
from napari_unison.sessions import SessionError, write_sessions
from napari_unison.workspace import Workspace, WorkspaceError


@pytest.fixture
def checkpoint(small_sessions, tmp_path):
    save_checkpoint(tmp_path / "model.pt", [session.n_neurons for session in small_sessions], batch_size=256)
    return tmp_path / "model.pt"


def test_a_checkpoint_becomes_the_run_that_is_shown(workspace, checkpoint):
    job = workspace.open_cebra(checkpoint, validation_share=0.2, batch_size=256)
    run = job.result
    assert workspace.run is run
    assert run.name == "model"
    assert run.embedding("aligned").values[0].shape == (480, 4)
    assert [session.n_bins for session in run.held_out] == [120, 120]
    assert run.encoder.origin_ == "imported from model.pt, trained by CEBRA 0.6.1"
    assert workspace.open_cebra(checkpoint, batch_size=256).result.name == "model 2"
    workspace.resume(2, run=run).wait()
    assert run.encoder.n_iter_ == 5


def test_only_the_used_time_of_sessions_counts(workspace, checkpoint):
    workspace.time_ranges["rat 1"] = (0, 10)
    run = workspace.open_cebra(checkpoint, batch_size=256).result
    assert [session.n_bins for session in run.encoder.training_sessions_] == [400, 600]


def test_the_script_imports_it_again(small_sessions, checkpoint, tmp_path):
    write_sessions(tmp_path / "rats.npz", small_sessions)
    workspace = Workspace()
    workspace.open(tmp_path / "rats.npz")
    workspace.time_ranges["rat 2"] = (0, 12)
    workspace.open_cebra(checkpoint, validation_share=0.25, batch_size=256)
    workspace.resume(1).wait()
    expected = workspace.run.embedding("aligned").values
    script = workspace.save_script(tmp_path / "again")
    workspace.close()
    assert f"ws.open_cebra({str(checkpoint)!r}, batch_size=256, validation_share=0.25)" in (
        script.read_text().replace("\n    ", " ").replace("( ", "(").replace(",\n)", ")")
    )
    repeated = runpy.run_path(str(script))["ws"]
    for mine, other in zip(repeated.run.embedding("aligned").values, expected, strict=True):
        np.testing.assert_array_equal(mine, other)
    repeated.close()


def test_an_imported_run_is_saved_and_opened_with_its_origin(workspace, checkpoint, tmp_path):
    workspace.open_cebra(checkpoint, batch_size=256)
    folder = workspace.save(tmp_path / "saved")
    other = Workspace()
    other.open(folder)
    assert other.run.encoder.origin_.startswith("imported from model.pt")
    assert [session.name for session in other.sessions] == ["rat 1", "rat 2"]
    other.close()


@pytest.mark.filterwarnings("always::UserWarning")
def test_some_of_the_sessions_are_enough_where_it_is_said_which_there_were(
    small_sessions, checkpoint, recorded
):
    known = {session.name: session.n_neurons for session in small_sessions}
    workspace = Workspace(small_sessions[1:])
    warned = recorded(workspace.events.warned)
    with pytest.raises(SessionError, match=r"model\.pt was trained on 2 sessions"):
        workspace.open_cebra(checkpoint, batch_size=256)
    assert len(workspace.runs) == 0
    workspace.open_cebra(checkpoint, trained_on=known, batch_size=256)
    assert workspace.run.encoder.session_names_ == ("rat 2",)
    assert "not here: rat 1" in warned[0][0]
    workspace.close()


def test_what_cannot_be_imported_is_refused_and_leaves_nothing(workspace, checkpoint):
    with pytest.raises(WorkspaceError, match=r"held-out share is between 0 and 0\.5"):
        workspace.open_cebra(checkpoint, validation_share=0.8)
    checkpoint.write_bytes(b"no checkpoint")
    with pytest.raises(CheckpointError, match=r"model\.pt is no checkpoint"):
        workspace.open_cebra(checkpoint)
    assert len(workspace.runs) == 0
    assert "open_cebra" not in workspace.script()
    empty = Workspace()
    with pytest.raises(WorkspaceError, match=r"no sessions yet: open those that model\.pt was trained on"):
        empty.open_cebra(checkpoint)
    empty.close()
