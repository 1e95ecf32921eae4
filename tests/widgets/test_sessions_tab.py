"""The Sessions tab."""

from __future__ import annotations

import numpy as np
import pytest
from napari.qt import get_stylesheet
from qtpy.QtCore import QMimeData, QPoint, Qt, QUrl
from qtpy.QtGui import QDropEvent

from napari_unison.sessions import write_sessions
from napari_unison.widgets.segments_dialog import SegmentsDialog
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


def drop(tab: SessionsWidget, *paths: object, offers: Qt.DropAction = Qt.DropAction.CopyAction) -> QDropEvent:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDropEvent(
        QPoint(1, 1).toPointF(), offers, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    tab.dropEvent(event)
    return event


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


def test_segments_of_some_seconds_are_made_and_taken_back(tab, qtbot, small_sessions):
    assert not tab.segments_button.isEnabled()
    tab.workspace.sessions.extend(small_sessions)
    qtbot.mouseClick(tab.segments_button, Qt.MouseButton.LeftButton)
    (dialog,) = tab.findChildren(SegmentsDialog)
    assert dialog.length.value() == 60
    # each is of 15 s
    assert "too short to be divided" in dialog.outcome.text()
    assert not dialog.divide_button.isEnabled()
    dialog.length.setValue(4)
    assert dialog.outcome.text() == "2 sessions: 2 segments now, 8 then."
    qtbot.mouseClick(dialog.divide_button, Qt.MouseButton.LeftButton)
    assert "8 segments" in tab.summary.text()
    assert tab.message.text() == "Divided into segments of 4 s; ↶ takes it back."
    assert tab.undo_button.toolTip() == "Undo: segments of 4 s (Ctrl+Z)"
    qtbot.mouseClick(tab.undo_button, Qt.MouseButton.LeftButton)
    assert "segments" not in tab.summary.text()


def test_a_file_that_cannot_be_opened_is_explained(tab, tmp_path):
    (tmp_path / "notes.docx").touch()
    drop(tab, tmp_path / "notes.docx")
    assert "notes.docx" in tab.message.text()
    assert not tab.message.isHidden()
    assert tab.table.rowCount() == 0


def test_what_was_wrong_is_no_longer_said_once_something_went_well(tab, tmp_path, small_sessions):
    tab.workspace.sessions.extend(small_sessions)
    acts = (
        lambda: tab.workspace.rename_session("rat 1", "Achilles"),
        lambda: tab.time_range.stop.setValue(9),
        lambda: tab.validation_share.setValue(30),
        lambda: tab.workspace.remove("rat 2"),
    )
    (tmp_path / "notes.docx").touch()
    for act in acts:
        drop(tab, tmp_path / "notes.docx")
        assert not tab.message.isHidden()
        act()
        assert tab.message.isHidden()


def test_selected_sessions_are_removed(tab, qtbot, small_sessions):
    tab.workspace.sessions.extend(small_sessions)
    tab.table.selectRow(0)
    qtbot.mouseClick(tab.remove_button, Qt.MouseButton.LeftButton)
    assert [session.name for session in tab.workspace.sessions] == ["rat 2"]
    assert tab.table.rowCount() == 1
    assert tab.undo_button.toolTip() == "Undo: remove rat 1 (Ctrl+Z)"
    qtbot.mouseClick(tab.undo_button, Qt.MouseButton.LeftButton)
    assert [tab.table.item(row, 0).text() for row in range(2)] == ["rat 1", "rat 2"]
    qtbot.mouseClick(tab.redo_button, Qt.MouseButton.LeftButton)
    assert tab.table.rowCount() == 1
    assert not tab.redo_button.isEnabled()


def test_an_empty_tab_says_what_to_do(tab):
    assert tab.summary.text() == "No sessions yet. Open files, choose a sample, or drop files here."


def test_a_part_of_the_selected_session_is_used(tab, qtbot, small_sessions):
    tab.workspace.sessions.extend(small_sessions)
    row = tab.time_range
    tab.table.clearSelection()
    assert not row.start.isEnabled()
    assert "Select one session" in row.start.toolTip()
    assert tab.view.body.isHidden()
    tab.table.selectRow(1)
    assert not tab.view.body.isHidden()
    assert (row.start.value(), row.stop.value()) == (0.0, 15.0)
    assert not row.whole_button.isEnabled()
    row.stop.setValue(9)
    row.start.setValue(2)
    assert dict(tab.workspace.time_ranges) == {"rat 2": (2.0, 9.0)}
    assert tab.table.item(1, 3).text() == "7/15"
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
    tab.division.make_laps()
    assert tab.workspace.used_sessions[0].n_bins == 40


def test_dropped_files_are_copied_even_where_a_file_manager_offers_to_move_them(
    tab, tmp_path, small_sessions
):
    write_sessions(tmp_path / "rats.npz", small_sessions)
    both = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
    event = drop(tab, tmp_path / "rats.npz", offers=both)
    assert (event.isAccepted(), event.dropAction()) == (True, Qt.DropAction.CopyAction)


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
    assert "direction runs the other way in rat 2" in tab.caution.text()
    button = tab.overlap.swap_button
    assert (button.text(), button.isHidden()) == ("Swap direction in rat 2", False)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    np.testing.assert_array_equal(
        tab.workspace.sessions[1].labels["direction"], small_sessions[1].labels["direction"]
    )
    qtbot.waitUntil(lambda: "cover each other's behaviour" in tab.overlap.label.text(), timeout=20_000)
    assert (tab.caution.isHidden(), button.isHidden()) == (True, True)
    qtbot.mouseClick(tab.undo_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not button.isHidden(), timeout=20_000)


def key(qtbot, tab, key, modifier=Qt.KeyboardModifier.NoModifier):
    """Press a key in the table, as long as the tab is on the screen."""
    tab.table.setFocus()
    qtbot.waitUntil(tab.table.hasFocus)
    qtbot.keyClick(tab.table, key, modifier)


@pytest.fixture
def shown(tab, qtbot, small_sessions):
    tab.workspace.sessions.extend(small_sessions)
    tab.resize(340, 1000)
    tab.show()
    qtbot.waitExposed(tab)
    tab.activateWindow()
    return tab


def names(tab):
    return [session.name for session in tab.workspace.sessions]


def test_the_keyboard_removes_moves_and_undoes(shown, qtbot):
    shown.table.selectRow(0)
    key(qtbot, shown, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert names(shown) == ["rat 2", "rat 1"]
    assert shown.table.chosen_rows() == [1]
    assert not shown.down_button.isEnabled()
    key(qtbot, shown, Qt.Key.Key_Delete)
    assert names(shown) == ["rat 2"]
    assert shown.message.text() == "Removed rat 1; ↶ brings back."
    key(qtbot, shown, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert names(shown) == ["rat 2", "rat 1"]
    key(qtbot, shown, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert names(shown) == ["rat 2"]


def test_a_session_is_renamed_in_the_table(shown, qtbot):
    tab = shown
    place = tab.table.visualItemRect(tab.table.item(1, 0)).center()
    qtbot.mouseClick(tab.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    tab.table.item(1, 0).setText("Buddy")
    assert names(tab) == ["rat 1", "Buddy"]
    assert tab.table.chosen_rows() == [1]
    tab.table.item(1, 0).setText("rat 1")
    assert names(tab) == ["rat 1", "Buddy"]
    assert tab.table.item(1, 0).text() == "Buddy"
    assert "another session is named 'rat 1' already" in tab.message.text()
    assert not tab.table.item(1, 1).flags() & Qt.ItemFlag.ItemIsEditable


def test_kinds_and_weights_of_labels_hold_for_all_sessions(tab, small_sessions):
    assert tab.area.isHidden()
    tab.workspace.sessions.extend(small_sessions)
    rows = tab.labels
    assert list(rows.kinds) == ["position", "direction"]
    assert rows.values["direction"].text() == "left, right"
    assert rows.values["position"].text().endswith(" m")
    rows.weights["direction"].setValue(2.5)
    assert [session.weights["direction"] for session in tab.workspace.sessions] == [2.5, 2.5]
    tab.workspace.set_label_weight("direction", 3)
    assert rows.weights["direction"].value() == 3


def test_a_kind_that_values_cannot_have_is_refused_at_once(tab, small_sessions):
    tab.workspace.sessions.extend(small_sessions)
    tab.labels.kinds["direction"].setCurrentText("continuous")
    assert tab.labels.kinds["direction"].currentText() == "discrete"
    assert "holds texts, which cannot be continuous" in tab.labels.message.text()
    assert tab.workspace.session_history.undo_text == "add rat 1, rat 2"


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_is_cut_off_in_a_narrow_dock(tab, qtbot, small_sessions, theme):
    tab.setStyleSheet(get_stylesheet(theme))
    tab.workspace.sessions.extend(small_sessions)
    tab.resize(338, 600)
    tab.show()
    qtbot.waitExposed(tab)
    assert tab.sections.width() <= tab.area.viewport().width()
    assert tab.minimumSizeHint().height() < 420


def test_a_ring_track_is_made_circular_by_its_length(tab, qtbot, small_sessions):
    tab.workspace.sessions.extend(small_sessions)
    rows = tab.labels
    rows.kinds["position"].setCurrentText("circular")
    assert not rows.period_row.isHidden()
    assert rows.period.suffix() == " m"
    qtbot.mouseClick(rows.cancel_button, Qt.MouseButton.LeftButton)
    assert rows.kinds["position"].currentText() == "continuous"
    rows.kinds["position"].setCurrentText("circular")
    rows.period.setValue(1.6)
    qtbot.mouseClick(rows.circular_button, Qt.MouseButton.LeftButton)
    assert [session.kinds["position"] for session in tab.workspace.sessions] == ["circular", "circular"]
    assert tab.workspace.sessions[0].labels["position"].max() < 2 * np.pi
    assert rows.values["position"].text().endswith(" rad")
    assert rows.period_row.isHidden()


def test_the_slider_on_the_position_chooses_the_used_part(shown, qtbot):
    slider, plot = shown.time_range.slider, shown.view.position
    assert slider.value() == pytest.approx((0.0, 15.0))
    frame = plot.frame()
    assert abs(slider.mapTo(shown, QPoint(8, 0)).x() - plot.mapTo(shown, frame.topLeft().toPoint()).x()) <= 2
    # drag the right handle a third of the way to the left
    right = QPoint(slider.width() - 8, slider.height() // 2)
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=right)
    qtbot.mouseMove(slider, right - QPoint(slider.width() // 3, 0))
    assert plot.used[1] < 12
    assert len(shown.workspace.time_ranges) == 0
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=right - QPoint(slider.width() // 3, 0))
    assert 8 < shown.workspace.time_ranges["rat 1"][1] < 12
    assert shown.time_range.stop.value() == pytest.approx(shown.workspace.time_ranges["rat 1"][1], abs=1e-3)
    assert shown.table.item(0, 3).text() == f"{shown.workspace.used_sessions[0].duration:.0f}/15"


def test_what_is_held_out_is_marked_and_one_for_all(tab, small_sessions):
    tab.workspace.sessions.extend(small_sessions)
    assert tab.view.position.held_out_from == pytest.approx(12.0)
    tab.validation_share.setValue(40)
    assert tab.workspace.validation_share == pytest.approx(0.4)
    assert tab.view.position.held_out_from == pytest.approx(9.0)
    tab.workspace.validation_share = 0
    assert (tab.validation_share.value(), tab.view.position.held_out_from) == (0, None)


def test_the_raster_is_sorted_moved_and_clicked(shown, qtbot):
    view = shown.view
    np.testing.assert_array_equal(view.raster.raster.neurons, np.arange(120))
    view.order.setCurrentText("by place field")
    assert sorted(view.raster.raster.neurons) == list(range(120))
    assert view.raster.title == "activity of 120 neurons, by place field"
    view.span.setCurrentText("10 s")
    assert view.shown_range() == (0.0, 10.0)
    view.time_bar.setFocus()
    qtbot.keyClick(view.time_bar, Qt.Key.Key_End)
    assert view.shown_range() == pytest.approx((5.0, 15.0))
    frame = view.raster.frame()
    qtbot.mouseClick(view.raster, Qt.MouseButton.LeftButton, pos=frame.center().toPoint())
    name, time = shown.workspace.cursor
    assert (name, round(time)) == ("rat 1", 10)
    assert view.position.cursor_time == time
    shown.workspace.cursor = ("rat 2", 3.0)
    assert view.raster.cursor_time is None


def test_the_picture_shows_the_curve_and_the_veil_over_what_is_not_used(shown, qtbot):
    plot = shown.view.position

    def blue(start: float, stop: float) -> float:
        picture = plot.grab().toImage()
        frame = plot.frame()
        strength = [
            picture.pixelColor(x, y).blue() - picture.pixelColor(x, y).red()
            for x in range(int(plot.x_of(start)), int(plot.x_of(stop)))
            for y in range(int(frame.top()), int(frame.bottom()))
        ]
        return float(np.max(strength))

    shown.workspace.validation_share = 0
    shown.workspace.time_ranges["rat 1"] = 0, 7.5
    assert blue(1, 7) > 100
    assert blue(8, 14) < 80


def test_coverage_is_drawn_one_strip_a_session(shown, qtbot):
    plot = shown.overlap.plot
    qtbot.waitUntil(lambda: not plot.isHidden(), timeout=20_000)
    assert plot.names == ("rat 1", "rat 2")
    assert list(plot.coverage.categories) == ["left", "right"]
    assert "have a near partner in rat 2" in plot.row_text(0)
    first, second = plot.panels()
    assert first.right() < second.left()
    assert second.right() <= plot.width()
    shown.workspace.remove("rat 2")
    assert shown.overlap.isHidden()


def test_files_dragged_over_the_table_are_taken_by_the_tab(shown, tmp_path):
    assert not shown.table.acceptDrops()
    assert not shown.table.viewport().acceptDrops()
    assert shown.acceptDrops()
