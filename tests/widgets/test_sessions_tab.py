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
