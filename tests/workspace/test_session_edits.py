"""What a person does to the sessions of a workspace, and takes back."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unison import Session
from napari_unison.sessions import SessionError
from napari_unison.workspace import Workspace, WorkspaceError


def names(workspace):
    return [session.name for session in workspace.sessions]


def test_removed_sessions_come_back_with_their_time_ranges(workspace):
    workspace.time_ranges["rat 2"] = 1, 5
    before = list(workspace.sessions)
    workspace.remove(["rat 1", "rat 2"])
    assert (names(workspace), workspace.session_history.undo_text) == ([], "remove rat 1, rat 2")
    assert workspace.session_history.undo() == "remove rat 1, rat 2"
    assert list(workspace.sessions) == before
    assert dict(workspace.time_ranges) == {"rat 2": (1.0, 5.0)}
    workspace.session_history.redo()
    assert names(workspace) == []


def test_a_renamed_session_keeps_place_and_time_range(workspace):
    workspace.time_ranges["rat 1"] = 1, 5
    workspace.rename_session("rat 1", " Achilles ")
    assert names(workspace) == ["Achilles", "rat 2"]
    assert dict(workspace.time_ranges) == {"Achilles": (1.0, 5.0)}
    workspace.session_history.undo()
    assert names(workspace) == ["rat 1", "rat 2"]
    assert dict(workspace.time_ranges) == {"rat 1": (1.0, 5.0)}


@pytest.mark.parametrize(
    ("new", "why"), [("rat 2", "another session is named 'rat 2' already"), ("  ", "needs a name")]
)
def test_a_name_that_cannot_be_changes_nothing(workspace, new, why):
    with pytest.raises(SessionError, match=why):
        workspace.rename_session("rat 1", new)
    assert names(workspace) == ["rat 1", "rat 2"]
    assert workspace.session_history.undo_text == ""


def test_sessions_are_put_in_another_order(workspace, small_sessions):
    workspace.sessions.append(small_sessions[0].replace(name="rat 3"))
    workspace.move_session("rat 1", 2)
    assert names(workspace) == ["rat 2", "rat 3", "rat 1"]
    workspace.move_session("rat 1", 0)
    assert names(workspace) == ["rat 1", "rat 2", "rat 3"]
    workspace.move_session("rat 3", -4)
    assert names(workspace) == ["rat 3", "rat 1", "rat 2"]
    workspace.session_history.undo()
    workspace.session_history.undo()
    assert names(workspace) == ["rat 2", "rat 3", "rat 1"]


def test_a_track_that_closes_becomes_an_angle_in_all_sessions(workspace):
    opened = list(workspace.sessions)
    workspace.set_label_kind("position", "circular", period=1.6)
    for session, before in zip(workspace.sessions, opened, strict=True):
        assert session.kinds["position"] == "circular"
        assert session.units["position"] == "rad"
        wanted = np.mod(before.labels["position"], 1.6) / 1.6 * 2 * np.pi
        np.testing.assert_allclose(session.labels["position"], wanted)
    workspace.set_label_kind("position", "continuous")
    assert workspace.sessions[0].units["position"] == "rad"
    workspace.session_history.undo()
    workspace.session_history.undo()
    assert workspace.sessions[0].units["position"] == "m"


def test_metres_are_no_radians(workspace):
    with pytest.raises(WorkspaceError, match="say how many m are one turn"):
        workspace.set_label_kind("position", "circular")
    with pytest.raises(SessionError, match="texts, which cannot be continuous"):
        workspace.set_label_kind("direction", "continuous")
    with pytest.raises(WorkspaceError, match="no label 'speed'; the labels are 'position', 'direction'"):
        workspace.set_label_kind("speed", "circular")
    assert dict(workspace.sessions[1].kinds) == {"position": "continuous", "direction": "discrete"}


def test_a_kind_that_one_session_cannot_have_changes_none():
    whole = Session("whole", np.ones((4, 2)), {"place": np.arange(4.0)}, 0.1)
    broken = Session("broken", np.ones((4, 2)), {"place": np.arange(4) / 2}, 0.1)
    workspace = Workspace([whole, broken])
    with pytest.raises(SessionError, match=r"'broken'.*holds 0\.5 in bin 1"):
        workspace.set_label_kind("place", "discrete")
    assert [session.kinds["place"] for session in workspace.sessions] == ["continuous"] * 2
    workspace.remove("broken")
    workspace.set_label_kind("place", "discrete")
    assert workspace.sessions[0].labels["place"].tolist() == [0, 1, 2, 3]
    workspace.close()


def test_a_weight_holds_for_all_sessions_and_for_the_training(workspace):
    workspace.set_label_weight("direction", 2.5)
    assert [session.weights["direction"] for session in workspace.used_sessions] == [2.5, 2.5]
    with pytest.raises(SessionError, match="give a positive number"):
        workspace.set_label_weight("direction", 0)


def test_a_slider_that_is_dragged_is_one_change(workspace, recorded):
    told = recorded(workspace.session_history.changed)
    for stop in (9, 8, 7):
        workspace.time_ranges["rat 1"] = 1, stop
    workspace.time_ranges["rat 2"] = 1, 3
    assert len(told) == 4
    workspace.session_history.undo()
    assert dict(workspace.time_ranges) == {"rat 1": (1.0, 7.0)}
    workspace.session_history.undo()
    assert len(workspace.time_ranges) == 0
    with pytest.raises(WorkspaceError, match="no change of sessions to undo"):
        workspace.session_history.undo()


def test_what_the_console_does_can_be_undone(workspace, small_sessions):
    workspace.sessions.append(small_sessions[0].replace(name="rat 3"))
    assert workspace.session_history.undo_text == "add rat 3"
    workspace.sessions.clear()
    workspace.session_history.undo()
    workspace.session_history.undo()
    assert names(workspace) == ["rat 1", "rat 2"]
    del workspace.sessions[0]
    with pytest.raises(WorkspaceError, match="no undone change"):
        workspace.session_history.redo()


def test_laps_are_one_change(workspace):
    assert workspace.segment_laps() == "direction"
    assert len(workspace.sessions[0].segment_slices()) > 1
    workspace.session_history.undo()
    assert len(workspace.sessions[0].segment_slices()) == 1


def test_stretches_are_one_change_and_none_where_nothing_is_divided(workspace):
    workspace.segment_stretches(5)
    assert [len(session.segment_slices()) for session in workspace.sessions] == [3, 3]
    assert workspace.session_history.undo_text == "segments of 5 s"
    workspace.segment_stretches(60)
    workspace.session_history.undo()
    assert [len(session.segment_slices()) for session in workspace.sessions] == [1, 1]
    with pytest.raises(SessionError, match="give a longer time"):
        workspace.segment_stretches(0.001)


def test_only_so_much_is_kept_for_undo(workspace, monkeypatch):
    monkeypatch.setattr("napari_unison.workspace.session_history.MOST_KEPT", 1)
    workspace.remove("rat 1")
    workspace.remove("rat 2")
    assert workspace.session_history.undo() == "remove rat 2"
    assert workspace.session_history.undo_text == ""
    monkeypatch.setattr("napari_unison.workspace.session_history.MOST_STEPS", 3)
    for weight in range(2, 9):
        workspace.set_label_weight("direction", weight)
    for _ in range(3):
        workspace.session_history.undo()
    assert workspace.sessions[0].weights["direction"] == 5
    assert workspace.session_history.undo_text == ""


def test_two_directions_change_places_in_one_session_and_back(workspace):
    before = workspace.sessions[1].labels["direction"].copy()
    workspace.swap_categories("rat 2")
    after = workspace.sessions[1].labels["direction"]
    assert set(after) == {"left", "right"}
    assert (after != before).all()
    assert workspace.session_history.undo() == "swap direction in rat 2"
    np.testing.assert_array_equal(workspace.sessions[1].labels["direction"], before)


def test_a_label_without_two_categories_is_not_swapped(workspace):
    with pytest.raises(WorkspaceError, match="'position' of session 'rat 1' has not two categories"):
        workspace.swap_categories("rat 1", "position")
    assert not workspace.session_history.undo_text


def test_selection_and_named_sets_follow_a_renamed_session_and_its_undo(workspace):
    workspace.selection.select("rat 1", 2.0, 4.0)
    workspace.selection.keep("lap")
    workspace.rename_session("rat 1", "Achilles")
    assert workspace.selection.sets["lap"].session_names == ("Achilles",)
    assert workspace.selection.bins("Achilles").sum() == 80
    assert workspace.selection.name == "lap"
    workspace.session_history.undo()
    assert workspace.selection.sets["lap"].session_names == ("rat 1",)
    assert workspace.selection.bins("rat 1").sum() == 80


def test_sets_hold_for_both_names_where_a_run_knows_the_old_one(workspace):
    workspace.train().wait()
    workspace.selection.select("rat 1", 2.0, 4.0)
    workspace.selection.keep("lap")
    workspace.rename_session("rat 1", "Achilles")
    assert workspace.selection.sets["lap"].session_names == ("Achilles", "rat 1")
    assert workspace.selection.bins(workspace.embedding.sessions[0]).sum() == 80
    workspace.selection.undo()
    workspace.selection.redo()
    assert workspace.selection.sets["lap"].session_names == ("Achilles", "rat 1")


def test_a_session_put_in_the_place_of_another_takes_no_sets_over(workspace):
    workspace.selection.select("rat 1", 2.0, 4.0)
    workspace.selection.keep("lap")
    workspace.sessions[0] = workspace.sessions[0][:300].replace(name="another")
    assert workspace.selection.sets["lap"].session_names == ("rat 1",)
