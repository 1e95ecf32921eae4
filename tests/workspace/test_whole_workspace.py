"""A workspace is saved whole and opened again as it was."""

from __future__ import annotations

import json

import numpy as np
import pytest

from napari_unison.display.camera_view import CameraView
from napari_unison.encoder.runs import session_checksum
from napari_unison.workspace import Workspace, WorkspaceError, keep
from napari_unison.workspace.scoring import score_run


@pytest.fixture
def study(workspace):
    """A workspace with two runs, one of them shown label-free, a selection and a view."""
    workspace.time_ranges["rat 2"] = (0, 12)
    workspace.train().wait().held_out_fit = [(2, 0.5), (4, 0.75)]
    score_run(workspace).wait()
    workspace.train(max_iterations=3).wait()
    workspace.run = "run 1"
    workspace.show(kind="label-free")
    workspace.job.wait()
    workspace.show(colour="session", point_size=2.0, latents=(2, 0, 1))
    workspace.selection.select("rat 1", 2.0, 4.0)
    workspace.selection.keep("replay 3")
    workspace.selection.select("rat 2", 1.0, 1.5)
    workspace.cursor = ("rat 1", 3.0)
    workspace.view = CameraView(direction=(0, 0, 1), up=(0, 1, 0), centre=(1, 2, 3), height=150)
    return workspace


@pytest.fixture
def other():
    """An empty workspace."""
    workspace = Workspace()
    yield workspace
    workspace.close()


def test_everything_comes_back(study, other, tmp_path):
    folder = study.save_workspace(tmp_path / "mine")
    assert folder == tmp_path / "mine.unison-workspace"
    assert study.folder == folder
    other.open(folder)
    assert [session_checksum(one) for one in other.sessions] == [session_checksum(s) for s in study.sessions]
    assert dict(other.time_ranges) == {"rat 2": (0.0, 12.0)}
    assert (other.config, other.validation_share) == (study.config, study.validation_share)
    assert [run.name for run in other.runs] == ["run 1", "run 2"]
    assert other.run.name == "run 1"
    for mine, theirs in zip(study.runs, other.runs, strict=True):
        assert mine.held_out_fit == theirs.held_out_fit
        assert mine.embeddings.keys() == theirs.embeddings.keys()
        # as text, since scores that do not apply are no numbers
        assert repr(mine.quick_scores) == repr(theirs.quick_scores)
        for key, embedding in mine.embeddings.items():
            np.testing.assert_array_equal(embedding.stacked()[0], theirs.embeddings[key].stacked()[0])
    assert other.display == study.display
    assert other.embedding.kind == "label-free"
    assert other.view == study.view
    assert other.cursor == ("rat 1", 3.0)
    assert other.selection.current == study.selection.current
    assert dict(other.selection.sets) == dict(study.selection.sets)
    assert other.folder == folder


def test_nothing_is_computed_anew_when_it_is_opened(study, other, tmp_path):
    folder = study.save_workspace(tmp_path / "mine")
    started = []
    other.events.job.connect(lambda job: started.append(job.kind))
    other.open_workspace(folder)
    assert set(started) == {"opening"}


def test_training_goes_on_in_what_was_opened(study, other, tmp_path):
    other.open(study.save_workspace(tmp_path / "mine"))
    assert other.train(max_iterations=2).wait().name == "run 3"


def test_the_folder_tells_how_it_came_about(study, tmp_path):
    folder = study.save_workspace(tmp_path / "mine")
    assert "run_2 = ws.train().wait()" in (folder / "script.py").read_text()


def test_an_empty_workspace_can_be_saved(other, tmp_path):
    folder = other.save_workspace(tmp_path / "empty")
    assert len(Workspace().open_workspace(folder).wait().name) > 0


def test_another_workspace_is_replaced_only_when_told_to(workspace, other, tmp_path):
    folder = workspace.save_workspace(tmp_path / "mine")
    workspace.save_workspace()
    with pytest.raises(WorkspaceError, match="overwrite=True"):
        other.save_workspace(tmp_path / "mine")
    other.save_workspace(tmp_path / "mine", overwrite=True)
    assert json.loads((folder / "workspace.json").read_text())["sessions"] == []


def test_what_is_no_workspace_is_never_replaced(workspace, tmp_path):
    (tmp_path / "photos.unison-workspace").mkdir()
    with pytest.raises(WorkspaceError, match="is not a saved workspace"):
        workspace.save_workspace(tmp_path / "photos", overwrite=True)


def test_without_a_folder_there_has_to_be_one(workspace):
    with pytest.raises(WorkspaceError, match="was not saved yet"):
        workspace.save_workspace()


def test_a_failed_save_leaves_the_earlier_one(workspace, tmp_path, monkeypatch):
    folder = workspace.save_workspace(tmp_path / "mine")
    before = sorted(tmp_path.rglob("*"))

    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr(keep, "write_sets", full)
    with pytest.raises(OSError, match="no space left"):
        workspace.save_workspace()
    assert sorted(tmp_path.rglob("*")) == before
    assert keep.is_workspace(folder)


def test_a_full_workspace_is_not_overwritten_by_opening(workspace, other, tmp_path):
    folder = other.save_workspace(tmp_path / "empty")
    with pytest.raises(WorkspaceError, match="this workspace holds 2 sessions and 0 runs"):
        workspace.open(folder)
    assert len(workspace.sessions) == 2
    workspace.open_workspace(folder, replace=True)
    assert len(workspace.sessions) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 99}, "update napari-unison"),
        ({"sessions": ["rat 1"]}, "does not hold the sessions"),
        ({"display": None}, "copy the workspace again"),
    ],
)
def test_a_folder_of_a_newer_version_or_a_damaged_one_says_so(workspace, other, tmp_path, change, message):
    folder = workspace.save_workspace(tmp_path / "mine")
    facts = json.loads((folder / "workspace.json").read_text())
    (folder / "workspace.json").write_text(json.dumps(facts | change))
    with pytest.raises(ValueError, match=message):
        other.open(folder)
    assert len(other.sessions) == 0


def test_text_that_is_no_json_is_told(workspace, other, tmp_path):
    folder = workspace.save_workspace(tmp_path / "mine")
    (folder / "workspace.json").write_text("{")
    with pytest.raises(WorkspaceError, match="damaged"):
        other.open(folder)


def test_no_file_in_it_is_a_pickle(study, tmp_path):
    folder = study.save_workspace(tmp_path / "mine")
    for file in folder.rglob("*.npz"):
        with np.load(file, allow_pickle=False) as arrays:
            assert all(arrays[name].dtype != object for name in arrays)


def test_runs_of_any_name_are_kept(workspace, other, tmp_path):
    run = workspace.train().wait()
    run.name = "late / night: 1.5×"
    other.open(workspace.save_workspace(tmp_path / "mine"))
    assert other.run.name == "late / night: 1.5×"
