"""The Sessions tab."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QMimeData, QPoint, Qt, QUrl
from qtpy.QtGui import QDropEvent

from napari_unison.sessions import write_sessions
from napari_unison.widgets.sessions import SessionsWidget
from napari_unison.workspace import Workspace


class AtOnce:
    """Runs jobs where they are started: widgets may only be touched from the main thread."""

    def start(self, job):
        job.perform(lambda function: function())

    def wait(self, job, timeout):
        assert not job.is_running

    def close(self):
        """Nothing runs."""


@pytest.fixture
def tab(qtbot):
    workspace = Workspace(runner=AtOnce())
    tab = SessionsWidget(workspace)
    qtbot.addWidget(tab)
    yield tab
    workspace.close()


def drop(tab: SessionsWidget, *paths: object) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    tab.dropEvent(
        QDropEvent(
            QPoint(1, 1).toPointF(),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )


def test_dropped_files_are_opened_and_described(tab, tmp_path, small_sessions):
    write_sessions(tmp_path / "rats.npz", small_sessions)
    drop(tab, tmp_path / "rats.npz")
    assert [tab.table.item(0, column).text() for column in range(4)] == ["rat 1", "120", "600", "15"]
    assert tab.table.columnCount() == 5
    assert tab.summary.text().startswith("2 sessions, 168 neurons")
    assert "Labels: position (continuous), direction (discrete)." in tab.summary.text()


def test_no_column_is_cut_off_in_a_narrow_dock(tab, small_sessions):
    tab.workspace.sessions.extend(small_sessions)
    tab.resize(330, 400)
    tab.show()
    assert not tab.table.horizontalScrollBar().isVisible()
    header = tab.table.horizontalHeader()
    for column in range(tab.table.columnCount()):
        wanted = max(tab.table.sizeHintForColumn(column), header.sectionSizeHint(column))
        assert tab.table.columnWidth(column) >= wanted


def test_laps_become_segments(tab, qtbot, small_sessions):
    assert not tab.laps_button.isEnabled()
    tab.workspace.sessions.extend(small_sessions)
    told = []
    tab.workspace.events.sessions.connect(lambda: told.append(len(tab.workspace.sessions)))
    qtbot.mouseClick(tab.laps_button, Qt.MouseButton.LeftButton)
    assert set(told) == {2}
    for session, before in zip(tab.workspace.sessions, small_sessions, strict=True):
        changes = int(np.sum(before.labels["direction"][1:] != before.labels["direction"][:-1]))
        assert changes > 0
        assert len(session.segment_slices()) == changes + 1
    pieces = sum(len(session.segment_slices()) for session in tab.workspace.sessions)
    assert f"{pieces} segments" in tab.summary.text()


def test_laps_need_a_discrete_label(tab, small_sessions):
    positions = [s.replace(labels={"position": s.labels["position"]}, kinds=None) for s in small_sessions]
    tab.workspace.sessions.extend(positions)
    assert not tab.laps_button.isEnabled()


def test_a_file_that_cannot_be_opened_is_explained(tab, tmp_path):
    (tmp_path / "notes.docx").touch()
    drop(tab, tmp_path / "notes.docx")
    assert "notes.docx" in tab.message.text()
    assert not tab.message.isHidden()
    assert tab.table.rowCount() == 0


def test_selected_sessions_are_removed(tab, qtbot, small_sessions):
    tab.workspace.sessions.extend(small_sessions)
    assert not tab.remove_button.isEnabled()
    tab.table.selectRow(0)
    qtbot.mouseClick(tab.remove_button, Qt.MouseButton.LeftButton)
    assert [session.name for session in tab.workspace.sessions] == ["rat 2"]
    assert tab.table.rowCount() == 1


def test_an_empty_tab_says_what_to_do(tab):
    assert tab.summary.text() == "No sessions yet. Open files, choose a sample, or drop files here."


def test_a_part_of_the_selected_session_is_used(tab, qtbot, small_sessions):
    tab.workspace.sessions.extend(small_sessions)
    row = tab.time_range
    assert not row.start.isEnabled()
    assert "Select one session" in row.start.toolTip()
    tab.table.selectRow(1)
    assert (row.start.value(), row.stop.value()) == (0.0, 15.0)
    assert not row.whole_button.isEnabled()
    row.stop.setValue(9)
    row.start.setValue(2)
    assert dict(tab.workspace.time_ranges) == {"rat 2": (2.0, 9.0)}
    assert tab.table.item(1, 3).text() == "7 of 15"
    assert "2 to 9 s are used, 280 of 600 bins" in tab.table.item(1, 3).toolTip()
    assert tab.table.item(0, 3).text() == "15"
    tab.table.selectRow(0)
    assert (row.start.value(), row.stop.value()) == (0.0, 15.0)
    tab.table.selectRow(1)
    assert (row.start.value(), row.stop.value()) == (2.0, 9.0)
    qtbot.mouseClick(row.whole_button, Qt.MouseButton.LeftButton)
    assert len(tab.workspace.time_ranges) == 0
    assert (row.start.value(), row.stop.value()) == (0.0, 15.0)
    assert tab.table.item(1, 3).text() == "15"


def test_a_range_keeps_at_least_one_bin_and_ends_where_the_recording_does(tab, small_sessions):
    odd = small_sessions[0].replace(start=1.23456)
    tab.workspace.sessions.append(odd)
    tab.table.selectRow(0)
    row = tab.time_range
    row.start.setValue(1000)
    assert tab.workspace.used_sessions[0].n_bins == 1
    row.start.setValue(0)
    assert len(tab.workspace.time_ranges) == 0
    row.stop.setValue(3)
    assert tab.workspace.used_sessions[0].time[0] == odd.time[0]


def test_the_range_is_that_of_the_console(tab, small_sessions):
    tab.workspace.sessions.extend(small_sessions)
    tab.table.selectRow(0)
    tab.workspace.time_ranges["rat 1"] = 3, 4
    assert (tab.time_range.start.value(), tab.time_range.stop.value()) == (3.0, 4.0)
    tab.make_laps()
    assert tab.workspace.used_sessions[0].n_bins == 40


def test_overlap_of_behaviour_is_said_with_tables_in_the_tooltip(tab, qtbot, small_sessions):
    line = tab.overlap
    assert line.isHidden()
    tab.workspace.sessions.extend(small_sessions)
    assert not line.isHidden()
    qtbot.waitUntil(lambda: "cover each other's behaviour" in line.label.text(), timeout=20_000)
    assert line.label.styleSheet() == ""
    assert "position: bins of the row session" in line.label.toolTip()
    tab.workspace.time_ranges["rat 2"] = 0, 1
    assert line.label.text() == "Comparing the sessions' behaviour …"
    qtbot.waitUntil(lambda: "of 'rat 1' has no near partner in 'rat 2'" in line.label.text(), timeout=20_000)
    assert line.label.styleSheet() != ""


def test_a_direction_that_runs_the_other_way_is_said_before_training(tab, qtbot, small_sessions):
    turned = np.where(small_sessions[1].labels["direction"] == "right", "left", "right")
    other = small_sessions[1].replace(labels={**small_sessions[1].labels, "direction": turned})
    tab.workspace.sessions.extend([small_sessions[0], other])
    qtbot.waitUntil(lambda: "'left' goes with rising position in rat 2" in tab.overlap.label.text())
