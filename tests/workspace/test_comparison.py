"""Runs are compared by what differs, and by nothing else."""

from __future__ import annotations

import pytest

from napari_unison.workspace import WorkspaceError


def test_only_what_differs_is_listed(workspace) -> None:
    workspace.train().wait(60)
    workspace.train(temperature=0.3, max_iterations=5, masks={"SessionMask": True}).wait(60)
    found = workspace.compare_runs()
    assert found.runs == ("run 1", "run 2")
    assert found.rows["temperature"] == ("1", "0.3")
    assert found.rows["mask SessionMask"] == ("–", "on")
    assert found.rows["iterations done"] == ("4", "5")
    assert found.rows["mask RandomNeuronMask"][1] == "–"
    parameters = {name for name in found.rows if not name.startswith("mask ")}
    assert parameters == {"temperature", "max_iterations", "iterations done"}
    lines = str(found).splitlines()
    assert lines[0].split() == ["run", "1", "run", "2"]
    assert found.to_frame().loc["temperature", "run 2"] == "0.3"


def test_sessions_and_what_was_held_out_count(workspace, small_sessions) -> None:
    workspace.train(validation_share=0.0).wait(60)
    workspace.remove("rat 2")
    workspace.train(validation_share=0.5).wait(60)
    rows = workspace.compare_runs("run 1", "run 2").rows
    assert rows["sessions"] == ("rat 1, rat 2", "rat 1")
    assert rows["held out"] == ("0%", "50%")
    assert rows["time trained on"] == ("30 s", "8 s")


def test_nothing_to_compare_is_said(workspace) -> None:
    assert str(workspace.compare_runs()) == "there is nothing to compare: no run yet"
    workspace.train().wait(60)
    assert str(workspace.compare_runs()) == "there is nothing to compare: only run 1"
    workspace.train().wait(60)
    assert str(workspace.compare_runs()) == "nothing differs between run 1, run 2"
    with pytest.raises(WorkspaceError, match="there is no run 'run 9'; the runs are run 1, run 2"):
        workspace.compare_runs("run 1", "run 9")
