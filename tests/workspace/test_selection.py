"""Selecting time without a window: the selection, named sets, steps back, files."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from napari_unison.workspace import Workspace, WorkspaceError
from napari_unison.workspace.selection_files import FILE, UNREADABLE_FILE
from napari_unison.workspace.time_sets import TimeSet


@pytest.fixture
def selection(workspace):
    """The selection of a workspace with two sessions."""
    return workspace.selection


def test_selected_time_is_told_and_marks_the_bins_it_overlaps(workspace, selection, recorded):
    told = recorded(workspace.events.selection)
    selection.select("rat 1", 2.51, 1.0)
    assert told == [(selection,)]
    session = workspace.sessions[0]
    expected = (session.time < 2.51) & (session.time + session.bin_width > 1.0 + 1e-9)
    np.testing.assert_array_equal(selection.bins(session), expected)
    np.testing.assert_array_equal(selection.bins("rat 1"), expected)
    assert not selection.bins(workspace.sessions[1]).any()
    assert selection.description == "1.52 s · rat 1"


def test_a_single_moment_is_its_bin(workspace, selection):
    selection.select("rat 1", 1.01, 1.01)
    np.testing.assert_array_equal(np.flatnonzero(selection.bins("rat 1")), [40])


def test_more_time_is_added_and_taken_out(workspace, selection):
    selection.select("rat 1", 0, 5)
    selection.select("rat 2", 1, 2, mode="add")
    selection.select("rat 1", 1, 4, mode="remove")
    assert selection.current == TimeSet({"rat 1": [(0, 1), (4, 5)], "rat 2": [(1, 2)]})
    assert selection.description == "3 s · 2 sessions"


def test_marked_bins_of_the_embedding_are_the_same_time_in_the_recording(workspace, selection):
    workspace.train(validation_share=0.5).wait(60)
    embedded = workspace.embedding.sessions[1]
    marked = np.zeros(embedded.n_bins, dtype=bool)
    marked[100:200] = True
    workspace.selection = {embedded.name: marked}
    np.testing.assert_array_equal(selection.bins(embedded), marked)
    np.testing.assert_array_equal(np.flatnonzero(selection.bins(workspace.sessions[1])), np.arange(100, 200))


def test_a_lap_is_selected_by_a_time_in_it(workspace, selection):
    session = workspace.sessions[0]
    selection.select_lap("rat 1", 3.0)
    chosen = selection.bins(session)
    (now,) = np.flatnonzero((session.time <= 3.0) & (session.time + session.bin_width > 3.0))
    assert chosen[now]
    assert len(selection.current) == 1
    assert len(np.unique(session.labels["direction"][chosen])) == 1
    first, last = np.flatnonzero(chosen)[[0, -1]]
    for beyond in (first - 1, last + 1):
        if 0 <= beyond < session.n_bins:
            assert session.labels["direction"][beyond] != session.labels["direction"][now]


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda s: s.select("rat 9", 0, 1), "the sessions are rat 1, rat 2"),
        (lambda s: s.select("rat 1", 100, 200), "recorded from 0 s to 15 s"),
        (lambda s: s.select_lap("rat 1", 100), "not at 100 s"),
        (lambda s: s.choose({"rat 9": [(0, 1)]}), "no session 'rat 9'"),
        (lambda s: s.choose({"rat 1": [(1, 0)]}), "ends after it begins"),
        (lambda s: s.keep("replay"), "nothing is selected"),
        (lambda s: s.select_set("replay"), "the sets are none yet"),
        (lambda s: s.remove("replay"), "no set 'replay'"),
        (lambda s: s.export("table.csv"), "nothing to export"),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(selection, recorded, workspace, act, message):
    told = recorded(workspace.events.selection), recorded(workspace.events.sets)
    with pytest.raises(WorkspaceError, match=message):
        act(selection)
    assert told == ([], [])
    assert not selection.can_undo


def test_a_set_is_kept_named_and_selected_again(workspace, selection, recorded):
    told = recorded(workspace.events.sets)
    selection.select("rat 1", 2, 3)
    assert selection.suggested_name() == "set 1"
    selection.keep(" replay 3 ")
    assert selection.name == "replay 3"
    assert selection.description == "replay 3 · 1 s · rat 1"
    assert selection.suggested_name() == "replay 4"
    with pytest.raises(WorkspaceError, match="already"):
        selection.keep("replay 3")
    with pytest.raises(WorkspaceError, match="needs a name"):
        selection.keep(" ")
    selection.clear()
    assert selection.description == "nothing selected"
    selection.select_set("replay 3")
    assert selection.current == TimeSet({"rat 1": [(2, 3)]})
    selection.rename("replay 3", "ripple")
    assert list(selection.sets) == ["ripple"]
    assert len(told) == 2


def test_steps_back_bring_removed_sets_and_selections_again(selection):
    selection.select("rat 1", 2, 3)
    selection.keep("replay")
    selection.remove("replay")
    selection.clear()
    selection.undo()
    assert selection.current == TimeSet({"rat 1": [(2, 3)]})
    selection.undo()
    assert list(selection.sets) == ["replay"]
    selection.redo()
    assert not selection.sets
    selection.select("rat 2", 1, 2)
    assert not selection.can_redo
    for _ in range(5):
        selection.undo()
    assert not selection.can_undo
    assert not len(selection.current)


def test_sets_are_saved_with_the_run_and_come_back(workspace, selection, tmp_path):
    workspace.train().wait(60)
    selection.select("rat 1", 2, 3)
    selection.keep("replay 3")
    selection.choose({"rat 1": [(1, 2)], "rat 2": [(4, 5), (7, 8)]})
    selection.keep("both")
    held = dict(selection.sets)
    folder = workspace.save(tmp_path / "mine")
    opened = Workspace()
    opened.open(folder)
    assert dict(opened.selection.sets) == held
    assert list(opened.selection.sets) == ["replay 3", "both"]
    assert not opened.selection.can_undo
    opened.selection.select_set("both")
    assert opened.selection.bins(opened.embedding.sessions[1]).sum() == 80
    opened.selection.remove("both")
    opened.save(folder)
    again = Workspace()
    again.open(folder)
    assert list(again.selection.sets) == ["replay 3"]


def test_sets_of_an_opened_run_do_not_replace_others_of_their_name(workspace, selection, tmp_path):
    workspace.train().wait(60)
    selection.select("rat 1", 2, 3)
    selection.keep("replay")
    folder = workspace.save(tmp_path / "mine")
    selection.remove("replay")
    selection.select("rat 1", 5, 6)
    selection.keep("replay")
    workspace.open(folder)
    workspace.open(folder)
    assert list(selection.sets) == ["replay", "replay (2)"]
    assert selection.sets["replay (2)"] == TimeSet({"rat 1": [(2, 3)]})
    selection.undo()
    assert list(selection.sets) == ["replay"]
    assert selection.sets["replay"] == TimeSet({"rat 1": [(2, 3)]})


def test_a_run_without_sets_has_no_file_of_them_and_opens(workspace, tmp_path):
    workspace.train().wait(60)
    folder = workspace.save(tmp_path / "mine")
    assert not (folder / FILE).exists()
    opened = Workspace()
    opened.open(folder)
    assert not opened.selection.sets


@pytest.mark.parametrize("text", ["{", '{"format_version": 99, "sets": []}', "[]"])
def test_selections_that_cannot_be_read_are_told_and_survive_the_next_save(workspace, tmp_path, text):
    workspace.train().wait(60)
    folder = workspace.save(tmp_path / "mine")
    (folder / FILE).write_text(text)
    opened = Workspace()
    with pytest.warns(UserWarning, match="open without its named selections"):
        opened.open(folder)
    assert opened.run is not None
    opened.selection.select("rat 1", 2, 3)
    opened.selection.keep("new")
    opened.save(folder)
    opened.save(folder)
    assert (folder / UNREADABLE_FILE).read_text() == text
    assert "new" in (folder / FILE).read_text()


def test_a_saved_file_is_text_without_anything_to_run(workspace, selection, tmp_path):
    workspace.train().wait(60)
    selection.select("rat 1", 2, 3)
    selection.keep("replay 3")
    facts = json.loads((workspace.save(tmp_path / "mine") / FILE).read_text(encoding="utf-8"))
    assert facts["sets"] == [{"name": "replay 3", "ranges_s": {"rat 1": [[2.0, 3.0]]}}]


def test_export_has_a_row_a_bin(workspace, selection, tmp_path):
    selection.choose({"rat 1": [(2, 2.1)], "rat 2": [(1, 1.05)]})
    selection.keep("replay 3")
    selection.select("rat 1", 5, 5.05)
    file = selection.export(tmp_path / "sets.csv")
    rows = list(csv.reader(file.read_text().splitlines()))
    assert rows[0] == ["session", "time_s", "set"]
    assert rows[1:] == [
        ["rat 1", "2.0", "replay 3"],
        ["rat 1", "2.025", "replay 3"],
        ["rat 1", "2.05", "replay 3"],
        ["rat 1", "2.075", "replay 3"],
        ["rat 2", "1.0", "replay 3"],
        ["rat 2", "1.025", "replay 3"],
        ["rat 1", "5.0", "selection"],
        ["rat 1", "5.025", "selection"],
    ]
    with np.load(selection.export(tmp_path / "sets.npz", ["replay 3"]), allow_pickle=False) as arrays:
        assert arrays["session"].tolist() == ["rat 1"] * 4 + ["rat 2"] * 2
        np.testing.assert_allclose(arrays["time_s"][:2], [2.0, 2.025])
        assert set(arrays["set"]) == {"replay 3"}
    assert [file.name for file in sorted(tmp_path.iterdir())] == ["sets.csv", "sets.npz"]


def test_export_names_what_it_cannot_write(workspace, selection, tmp_path):
    selection.select("rat 2", 1, 2)
    with pytest.raises(WorkspaceError, match=r"ends in \.csv or \.npz"):
        selection.export(tmp_path / "sets.xlsx")
    selection.keep("replay")
    workspace.remove("rat 2")
    with pytest.raises(WorkspaceError, match="no session 'rat 2'"):
        selection.export(tmp_path / "sets.csv")
    assert not list(tmp_path.iterdir())


def test_the_cursor_steps_through_bins_and_stops_at_the_ends(workspace):
    workspace.step_cursor(1)
    assert workspace.cursor == ("rat 1", 0.0)
    workspace.step_cursor(3)
    assert workspace.cursor == ("rat 1", pytest.approx(0.075))
    workspace.step_cursor(-10)
    assert workspace.cursor == ("rat 1", 0.0)
    workspace.step_cursor(10_000)
    assert workspace.cursor[1] == pytest.approx(workspace.sessions[0].time[-1])
    workspace.step_cursor(1, "rat 2")
    assert workspace.cursor == ("rat 2", 0.0)
    with pytest.raises(WorkspaceError, match="rat 9"):
        workspace.cursor = ("rat 9", 1.0)
    with pytest.raises(WorkspaceError, match="no time"):
        workspace.cursor = ("rat 1", float("nan"))


def test_stepping_without_sessions_says_what_to_do():
    with pytest.raises(WorkspaceError, match="open recordings"):
        Workspace().step_cursor(1)
