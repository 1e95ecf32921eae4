"""Quick scores of a run, in the background."""

from __future__ import annotations

import pytest

from napari_unison.workspace import Workspace, WorkspaceError
from napari_unison.workspace.scoring import score_run


def test_a_run_is_scored_on_what_its_training_did_not_see(workspace):
    run = workspace.train(validation_share=0.25).wait(60)
    assert run.quick_scores is None
    scores = score_run(workspace).wait(60)
    assert run.quick_scores is scores
    assert scores.split == "scored on the last 25 % of each session"
    assert scores.label_free.embedding_description.startswith("label-free")


def test_there_must_be_a_run_with_something_held_out(workspace):
    with pytest.raises(WorkspaceError, match="there is no run yet"):
        score_run(Workspace())
    workspace.train(validation_share=0.0).wait(60)
    with pytest.raises(WorkspaceError, match="held nothing out"):
        score_run(workspace)
