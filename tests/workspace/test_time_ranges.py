"""Parts of sessions that a training uses."""

from __future__ import annotations

import pytest

from napari_unison.sessions import SessionError
from napari_unison.workspace import Workspace, WorkspaceError


def test_a_training_uses_the_chosen_part_of_a_session(workspace):
    workspace.time_ranges["rat 1"] = 2, 10
    assert [session.n_bins for session in workspace.used_sessions] == [320, 600]
    assert [session.n_bins for session in workspace.sessions] == [600, 600]
    run = workspace.train(validation_share=0.25).wait(60)
    first, second = run.encoder.training_sessions_
    assert (first.start, first.n_bins, second.n_bins) == (2.0, 240, 450)
    assert run.held_out[0].time[0] == pytest.approx(8.0)
    assert run.held_out[0].time[-1] == pytest.approx(9.975)
    rest = workspace.sessions[0].between(start=10)
    assert run.encoder.embed([rest], align=False).values[0].shape[0] == 200


def test_a_range_can_be_taken_back(workspace, recorded):
    told = recorded(workspace.events.time_ranges)
    workspace.time_ranges["rat 1"] = 2, 10
    workspace.time_ranges["rat 2"] = 0, 5
    assert len(told) == 2
    workspace.time_ranges["rat 2"] = 0, 5
    assert len(told) == 2
    del workspace.time_ranges["rat 1"]
    assert dict(workspace.time_ranges) == {"rat 2": (0.0, 5.0)}
    workspace.time_ranges.clear()
    assert workspace.used_sessions == list(workspace.sessions)
    assert len(told) == 4


def test_the_whole_time_is_no_range(workspace, recorded):
    told = recorded(workspace.events.time_ranges)
    workspace.time_ranges["rat 1"] = 0, 15
    assert len(workspace.time_ranges) == 0
    assert told == []
    workspace.time_ranges["rat 1"] = 1, 15
    workspace.time_ranges["rat 1"] = -5, 99
    assert len(workspace.time_ranges) == 0
    assert len(told) == 2


def test_times_without_sense_change_nothing(workspace):
    workspace.time_ranges["rat 1"] = 2, 10
    with pytest.raises(SessionError, match="does not come after start"):
        workspace.time_ranges["rat 1"] = 5, 5
    with pytest.raises(SessionError, match="it was recorded from 0 to 15 s"):
        workspace.time_ranges["rat 1"] = 20, 30
    with pytest.raises(WorkspaceError, match="no session 'rat 9'; the sessions are 'rat 1', 'rat 2'"):
        workspace.time_ranges["rat 9"] = 0, 1
    assert dict(workspace.time_ranges) == {"rat 1": (2.0, 10.0)}


def test_ranges_go_with_their_sessions(workspace, small_sessions):
    workspace.time_ranges["rat 1"] = 2, 10
    workspace.time_ranges["rat 2"] = 2, 10
    workspace.remove("rat 1")
    assert dict(workspace.time_ranges) == {"rat 2": (2.0, 10.0)}
    workspace.sessions[0] = small_sessions[1].replace(segment=None)
    assert dict(workspace.time_ranges) == {"rat 2": (2.0, 10.0)}
    workspace.sessions[0] = small_sessions[1].replace(start=100.0)
    assert len(workspace.time_ranges) == 0


def test_a_workspace_without_sessions_uses_none():
    workspace = Workspace()
    assert workspace.used_sessions == []
    with pytest.raises(WorkspaceError, match="the sessions are none yet"):
        workspace.time_ranges["rat"] = 0, 1
    workspace.close()
