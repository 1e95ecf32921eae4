"""The Traces dock by mouse and keys: time is selected, played, moved and zoomed; curves are chosen."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication, QInputDialog, QLineEdit, QMainWindow

from napari_unison.widgets.time_axis import cursor_text, tick_step
from napari_unison.widgets.traces import TracesWidget
from napari_unison.workspace import Workspace
from napari_unison.workspace.time_sets import TimeSet

pytestmark = pytest.mark.gui

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
NO_KEY = Qt.KeyboardModifier.NoModifier
SHORT = {"max_iterations": 3, "batch_size": 64, "output_dimension": 4, "num_hidden_units": 8, "device": "cpu"}


@pytest.fixture
def traces(qtbot, small_sessions):
    """The dock on the screen, with two recordings of 15 s and no viewer around it."""
    workspace = Workspace(small_sessions)
    widget = TracesWidget(workspace)
    qtbot.addWidget(widget, before_close_func=lambda widget: widget.plots.close())
    widget.resize(900, 300)
    widget.show()
    qtbot.waitExposed(widget)
    qtbot.waitUntil(lambda: widget.plots.native.isValid())
    widget.setFocus()
    yield widget
    widget.player.stop()
    workspace.close()


def at(traces: TracesWidget, time: float) -> QPoint:
    """Return where a time is in the plots."""
    return QPoint(round(traces.plots.pixel_of(time)), 30)


def drag(qtbot, traces, start: float, stop: float, *, button=LEFT, keys=NO_KEY) -> None:
    native = traces.plots.native
    qtbot.mousePress(native, button, keys, at(traces, start))
    # Qt's test mouse forgets which button is held while it moves.
    middle, end = at(traces, (start + stop) / 2), at(traces, stop)
    for place in (middle, end):
        qtbot.mouseMove(native, place)
    qtbot.mouseRelease(native, button, keys, end)


def pixel(traces) -> float:
    """Return the seconds that a pixel stands for."""
    left, right = traces.plots.frame()
    return (traces.plots.range[1] - traces.plots.range[0]) / (right - left)


def selected(traces, name: str = "rat 1") -> np.ndarray:
    return traces.workspace.selection.bins(name)


def test_a_drag_selects_time_and_shift_and_alt_change_it(traces, qtbot):
    workspace = traces.workspace
    drag(qtbot, traces, 3.0, 6.0)
    session = workspace.sessions[0]
    close = 2 * pixel(traces) + session.bin_width
    np.testing.assert_allclose(workspace.selection.current.ranges["rat 1"], [[3, 6]], atol=close)
    drag(qtbot, traces, 9.0, 8.0, keys=Qt.KeyboardModifier.ShiftModifier)
    np.testing.assert_allclose(workspace.selection.current.ranges["rat 1"], [[3, 6], [8, 9]], atol=close)
    drag(qtbot, traces, 4.0, 5.0, keys=Qt.KeyboardModifier.AltModifier)
    drag(qtbot, traces, 8.5, 10.0, keys=Qt.KeyboardModifier.ControlModifier)
    np.testing.assert_allclose(
        workspace.selection.current.ranges["rat 1"], [[3, 4], [5, 6], [8, 8.5]], atol=close
    )
    assert workspace.cursor is None
    marked = traces.plots.marked_columns()
    assert marked.sum() * pixel(traces) == pytest.approx(2.5, abs=6 * close)


def test_a_selection_from_elsewhere_is_marked_in_the_picture(traces, qtbot):
    before = traces.plots.canvas.render()
    traces.workspace.selection.select("rat 1", 5, 10)
    after = traces.plots.canvas.render()
    row, left, right = 30, round(traces.plots.pixel_of(5)) + 3, round(traces.plots.pixel_of(10)) - 3
    assert (after[row, left:right, 2] < after[row, left:right, 0]).mean() > 0.9
    np.testing.assert_array_equal(after[row, right + 10 :], before[row, right + 10 :])
    traces.workspace.selection.clear()
    np.testing.assert_array_equal(traces.plots.canvas.render(), before)


def test_a_click_sets_the_cursor_and_a_double_click_selects_the_lap(traces, qtbot):
    workspace, native = traces.workspace, traces.plots.native
    qtbot.mouseClick(native, LEFT, NO_KEY, at(traces, 7.0))
    assert workspace.cursor == ("rat 1", pytest.approx(7.0, abs=pixel(traces)))
    assert not len(workspace.selection.current)
    qtbot.mouseDClick(native, LEFT, NO_KEY, at(traces, 7.0))
    session = workspace.sessions[0]
    lap = selected(traces)
    assert lap[np.searchsorted(session.time, 7.0) - 1]
    assert len(np.unique(session.labels["direction"][lap])) == 1


def test_the_right_button_and_the_axis_move_and_nothing_is_selected(traces, qtbot):
    traces.show_range((5, 10))
    drag(qtbot, traces, 7.0, 6.0, button=RIGHT)
    assert traces.plots.range == (pytest.approx(6, abs=0.05), pytest.approx(11, abs=0.05))
    qtbot.mousePress(traces.axis, LEFT, NO_KEY, QPoint(400, 5))
    qtbot.mouseMove(traces.axis, QPoint(500, 5))
    qtbot.mouseRelease(traces.axis, LEFT, NO_KEY, QPoint(500, 5))
    assert traces.plots.range[0] == pytest.approx(6 - 100 * pixel(traces), abs=0.05)
    assert not len(traces.workspace.selection.current)
    assert traces.workspace.cursor is None


def test_the_wheel_zooms_around_the_pointer(traces):
    native = traces.plots.native
    traces.show_range((0, 15))
    place = QPointF(at(traces, 9.0))
    event = QWheelEvent(
        place,
        native.mapToGlobal(place),
        QPoint(0, 0),
        QPoint(0, 240),
        Qt.MouseButton.NoButton,
        NO_KEY,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(native, event)
    left, right = traces.plots.range
    assert right - left == pytest.approx(15 * 0.64, rel=0.01)
    assert (9.0 - left) / (right - left) == pytest.approx(9 / 15, abs=0.01)


def test_keys_step_move_and_zoom(traces, qtbot):
    workspace = traces.workspace

    def press(key, keys=NO_KEY):
        qtbot.keyClick(traces, key, keys)

    press(Qt.Key.Key_Right)
    assert workspace.cursor == ("rat 1", 0.0)
    press(Qt.Key.Key_Right)
    assert workspace.cursor[1] == pytest.approx(0.025)
    press(Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert workspace.cursor[1] == pytest.approx(1.025)
    press(Qt.Key.Key_Left)
    assert workspace.cursor[1] == pytest.approx(1.0)
    press(Qt.Key.Key_End)
    assert workspace.cursor[1] == pytest.approx(14.975)
    press(Qt.Key.Key_Home)
    assert workspace.cursor[1] == 0.0
    press(Qt.Key.Key_Plus)
    assert traces.plots.range == (0.0, pytest.approx(7.5))
    press(Qt.Key.Key_PageDown)
    assert traces.plots.range == (pytest.approx(6.0), pytest.approx(13.5))
    press(Qt.Key.Key_Minus)
    press(Qt.Key.Key_0)
    assert traces.plots.range == (0.0, pytest.approx(15.0))


def test_keys_select_keep_and_take_back(traces, qtbot):
    workspace = traces.workspace
    workspace.cursor = ("rat 1", 2.0)
    qtbot.keyClick(traces, Qt.Key.Key_I)
    workspace.cursor = ("rat 1", 3.0)
    qtbot.keyClick(traces, Qt.Key.Key_O)
    assert np.flatnonzero(selected(traces)).tolist() == list(range(80, 121))
    qtbot.keyClick(traces, Qt.Key.Key_K)
    dialog = traces.findChild(QInputDialog)
    line = dialog.findChild(QLineEdit)
    assert line.text() == "set 1"
    line.selectAll()
    qtbot.keyClicks(line, "replay 3")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert workspace.selection.sets == {"replay 3": workspace.selection.current}
    assert traces.selection_button.text().strip() == "Selection: replay 3"
    qtbot.keyClick(traces, Qt.Key.Key_L)
    assert len(np.unique(workspace.sessions[0].labels["direction"][selected(traces)])) == 1
    qtbot.keyClick(traces, Qt.Key.Key_Escape)
    assert not selected(traces).any()
    assert traces.selection_button.text().strip() == "Selection: none"
    for _ in range(2):
        qtbot.keyClick(traces, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert workspace.selection.name == "replay 3"


def test_space_plays_until_the_end_and_pauses(traces, qtbot):
    workspace = traces.workspace
    traces.speed.setCurrentIndex(traces.speed.count() - 1)
    workspace.cursor = ("rat 1", 5.0)
    qtbot.keyClick(traces, Qt.Key.Key_Space)
    assert traces.play_button.isChecked()
    qtbot.waitUntil(lambda: workspace.cursor[1] > 6.0)
    qtbot.keyClick(traces, Qt.Key.Key_Space)
    assert not traces.player.is_playing
    assert not traces.play_button.isChecked()
    held = workspace.cursor
    traces.player.advance(0.0)
    assert workspace.cursor == held
    workspace.cursor = ("rat 1", 14.0)
    qtbot.mouseClick(traces.play_button, LEFT)
    qtbot.waitUntil(lambda: not traces.player.is_playing)
    assert workspace.cursor[1] == pytest.approx(14.975)
    traces.player.play("rat 1", 0.0, 15.0)
    assert workspace.cursor[1] == 0.0


def test_playing_takes_as_long_as_the_recording(traces):
    traces.workspace.cursor = ("rat 1", 1.0)
    traces.player.play("rat 1", 0.0, 15.0)
    for _ in range(100):
        traces.player.advance(0.01)
    assert traces.workspace.cursor[1] == pytest.approx(2.0, abs=0.03)


def test_the_view_follows_the_cursor_into_its_session(traces):
    traces.show_range((0, 3))
    traces.workspace.cursor = ("rat 2", 9.0)
    assert traces.session.currentText() == "rat 2"
    assert traces.plots.range[0] <= 9.0 <= traces.plots.range[1]
    assert traces.plots.cursor == 9.0
    traces.session.setCurrentText("rat 1")
    assert traces.plots.cursor is None


def tick(traces, text: str) -> None:
    """Tick a curve in the list, or take its tick away."""
    (item,) = [
        traces.curves.list.item(row)
        for row in range(traces.curves.list.count())
        if traces.curves.list.item(row).text().split(" · ")[0] == text
    ]
    unticked = item.checkState() == Qt.CheckState.Unchecked
    item.setCheckState(Qt.CheckState.Checked if unticked else Qt.CheckState.Unchecked)


def test_curves_are_chosen_in_the_list_and_by_the_workspace(traces, qtbot):
    workspace = traces.workspace
    workspace.train(**SHORT).wait(60)
    best = traces.plots.titles
    assert len(best) == 3
    tick(traces, "latent 2")
    tick(traces, "residual")
    tick(traces, "position")
    assert workspace.display.traces == (1, "residual", "position")
    assert traces.plots.titles == ["latent 2 · aligned", "residual (m)", "position (m)"]
    tick(traces, "latent 2")
    assert traces.plots.titles == ["residual (m)", "position (m)"]
    workspace.show(traces=tuple(range(4)), raster=True)
    assert [title.split(" ·")[0] for title in traces.plots.titles] == [f"latent {k}" for k in (1, 2, 3, 4)]
    assert traces.plots.n_rows == 5
    assert traces.raster.isChecked()
    qtbot.mouseClick(traces.raster, LEFT, pos=QPoint(8, traces.raster.height() // 2))
    assert not workspace.display.raster
    assert traces.plots.n_rows == 4
    tick(traces, "best for the labels")
    assert traces.plots.titles == best


def shaded(traces) -> tuple[float, float]:
    """Return from when to when (s) no pixel of the plots has the colour of the canvas."""
    traces.show_whole_session()
    traces.plots.redraw()
    picture = traces.plots.canvas.render()
    left, right = (round(pixel) for pixel in traces.plots.frame())
    plots = picture[5:-5, left:right, :3].astype(int)
    found = np.flatnonzero((np.abs(plots - picture[0, 0, :3]).sum(axis=2) > 20).all(axis=0))
    return traces.plots.time_at(left + found[0]), traces.plots.time_at(left + found[-1] + 1)


def test_what_is_held_out_is_shaded_and_named_before_and_after_training(traces, qtbot):
    workspace, near = traces.workspace, {"abs": 0.1}
    assert shaded(traces) == (pytest.approx(12, **near), pytest.approx(15, **near))
    assert "held out, 12.0 to 15.0 s; the encoder will not learn from it" in traces.toolTip()
    workspace.validation_share = 0.4
    assert shaded(traces)[0] == pytest.approx(9, **near)
    workspace.train(**SHORT).wait(60)
    workspace.validation_share = 0.2  # that of the next training
    assert shaded(traces) == (pytest.approx(9, **near), pytest.approx(15, **near))
    assert "held out, 9.0 to 15.0 s; the encoder has not learned from it" in traces.toolTip()
    # it can be looked at and selected like the rest
    qtbot.mouseClick(traces.plots.native, LEFT, NO_KEY, at(traces, 13.0))
    assert workspace.cursor == ("rat 1", pytest.approx(13.0, abs=pixel(traces)))
    drag(qtbot, traces, 8.0, 10.0)
    np.testing.assert_allclose(workspace.selection.current.ranges["rat 1"], [[8, 10]], atol=0.1)


def test_nothing_is_shaded_where_nothing_is_held_out(traces):
    traces.workspace.validation_share = 0
    assert "held out" not in traces.toolTip()
    with pytest.raises(IndexError):
        shaded(traces)
    traces.workspace.train(**SHORT).wait(60)
    assert "held out" not in traces.toolTip()


def test_what_an_embedding_lacks_comes_back_with_one_that_has_it(traces):
    workspace = traces.workspace
    workspace.train(**SHORT).wait(60)
    workspace.show(traces=("residual", 1))
    workspace.show(kind="label-free")
    workspace.job.wait(60)
    assert traces.plots.titles == ["latent 2 · label-free"]
    workspace.show(kind="aligned")
    assert traces.plots.titles == ["residual (m)", "latent 2 · aligned"]


def action(menu, text: str):
    """Return an entry of a menu, or of one of its sub-menus, after filling it."""
    menu.aboutToShow.emit()
    found = [entry for entry in menu.actions() if entry.text().split("\t")[0] == text]
    return found[0]


def test_sets_are_selected_renamed_removed_and_exported_in_the_menu(traces, qtbot, monkeypatch, tmp_path):
    selection, menu = traces.workspace.selection, traces.selection_button.menu()
    assert not action(menu, "Keep as set…").isEnabled()
    selection.select("rat 1", 2, 2.1)
    selection.keep("A & B")
    selection.clear()
    entry = action(menu, "A && B · 0.1 s").menu()
    action(entry, "Select").trigger()
    assert selection.name == "A & B"
    action(action(menu, "A && B · 0.1 s").menu(), "Rename…").trigger()
    line = traces.findChild(QInputDialog).findChild(QLineEdit)
    line.setText("replay")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert list(selection.sets) == ["replay"]
    file = tmp_path / "sets.csv"
    monkeypatch.setattr(
        "napari_unison.widgets.selection_menu.QFileDialog.getSaveFileName",
        lambda *arguments: (str(file), ""),
    )
    action(menu, "Export times…").trigger()
    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert [row["time_s"] for row in rows] == ["2.0", "2.025", "2.05", "2.075"]
    assert str(file) in traces.message.text()
    action(action(menu, "replay · 0.1 s").menu(), "Remove").trigger()
    assert not selection.sets
    action(menu, "Undo").trigger()
    assert selection.sets == {"replay": TimeSet({"rat 1": [(2, 2.1)]})}


def test_what_cannot_be_done_is_told(traces, monkeypatch, tmp_path):
    traces.workspace.selection.select("rat 1", 1, 2)
    monkeypatch.setattr(
        "napari_unison.widgets.selection_menu.QFileDialog.getSaveFileName",
        lambda *arguments: (str(tmp_path / "sets.docx"), ""),
    )
    action(traces.selection_button.menu(), "Export times…").trigger()
    assert "ends in .csv or .npz" in traces.message.text()


def test_the_colours_follow_the_theme(traces, qtbot):
    for background in ("#262930", "#efebe9"):
        text = "#f0f1f2" if background == "#262930" else "#3b3a39"
        traces.setStyleSheet(f"QWidget {{ background-color: {background}; color: {text}; }}")
        qtbot.waitUntil(lambda background=background: traces._colours[0] == background)
        picture = traces.plots.canvas.render()
        assert tuple(picture[2, 2, :3]) == tuple(bytes.fromhex(background[1:]))


def test_zooming_into_the_raster_shows_single_bins(traces, small_sessions):
    traces.show_range((2.0, 3.0))
    traces.plots.redraw()
    raster = traces.plots._raster
    assert raster.bins_per_column == 1
    assert raster.start <= 2.0
    assert raster.stop >= 3.0


@pytest.mark.parametrize(("smallest", "step"), [(0.9, 1), (1.1, 2), (2.0, 2), (3, 5), (7, 10), (0.03, 0.05)])
def test_ticks_stand_at_round_numbers(smallest, step):
    assert tick_step(smallest) == pytest.approx(step)
    assert cursor_text(1234.5678, 60) == "1,234.57"
    assert cursor_text(2.5, 1) == "2.500"


def test_the_box_tells_that_a_recording_without_latents_has_its_raster(traces):
    workspace = traces.workspace
    assert traces.plots.n_rows == len(traces.plots.titles) + 1
    assert traces.raster.isChecked()
    assert not traces.raster.isEnabled()
    workspace.train(**SHORT).wait(60)
    assert not traces.raster.isChecked()
    assert traces.raster.isEnabled()
    assert traces.plots.n_rows == len(traces.plots.titles)


def test_a_canvas_whose_window_changes_deletes_nothing_in_the_other_context(traces, qtbot):
    # Errors inside of Qt's calls fail the test.
    qtbot.waitUntil(lambda: traces.plots.native.grabFramebuffer().width() > 0)
    window = QMainWindow()
    qtbot.addWidget(window)
    window.setCentralWidget(traces)
    window.show()
    qtbot.waitExposed(window)
    for _ in range(3):
        traces.update_traces()  # the curves of before are given up
        traces.plots.native.grabFramebuffer()
    traces.rebuild_canvas()
    qtbot.waitUntil(traces.plots.native.isValid)
    picture = np.asarray(traces.plots.canvas.render())
    assert len(np.unique(picture.reshape(-1, picture.shape[-1]), axis=0)) > 10
    window.takeCentralWidget()
