"""The whole way in napari: by clicks alone, and from the console."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest
from qtpy.QtCore import QCoreApplication, QEvent, Qt, QThreadPool
from qtpy.QtWidgets import QDockWidget, QLineEdit, QSpinBox

from napari_unison import UnifiedEncoder, get_workspace
from napari_unison._compat import dock_of, main_canvas, main_window
from napari_unison.display.palettes import LEFT_COLOUR, RIGHT_COLOUR
from napari_unison.widgets.legend import CanvasLegend
from napari_unison.widgets.traces import TracesWidget
from napari_unison.widgets.unison import UnisonWidget
from napari_unison.workspace.planning import load_encoder
from napari_unison.workspace.viewers import layers_of

pytestmark = pytest.mark.gui

PATIENCE = 60_000


def choose_sample(unison: UnisonWidget, qtbot, name: str = "linear-track") -> None:
    """Choose a sample from the button's menu, and wait until it is open."""
    (action,) = [action for action in unison.sessions.sample_button.menu().actions() if action.text() == name]
    action.trigger()
    qtbot.waitUntil(lambda: unison.sessions.table.rowCount() == 2, timeout=PATIENCE)


def type_into(unison: UnisonWidget, qtbot, name: str, value: int) -> None:
    """Type a number into a field of the form."""
    field = unison.train.findChild(QSpinBox, name)
    line = field.findChild(QLineEdit)
    line.selectAll()
    qtbot.keyClicks(line, str(value))
    qtbot.keyClick(line, Qt.Key.Key_Return)


def set_up(unison: UnisonWidget, qtbot, iterations: int) -> None:
    unison.tabs.setCurrentWidget(unison.train)
    for name, value in (
        ("max_iterations", iterations),
        ("batch_size", 64),
        ("output_dimension", 4),
        ("num_hidden_units", 8),
    ):
        type_into(unison, qtbot, name, value)


def click(qtbot, button) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def encoders() -> list[weakref.ref]:
    """Return the encoders that are alive."""
    gc.collect()
    return [weakref.ref(thing) for thing in gc.get_objects() if type(thing) is UnifiedEncoder]


def let_go() -> None:
    """Let Qt delete what is to be deleted, and Python what nobody holds."""
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        QCoreApplication.processEvents()
        gc.collect()


def test_by_clicks_alone_from_the_sample_to_points_and_traces(shown, unison, viewer, qtbot):
    choose_sample(unison, qtbot)
    assert unison.sessions.table.item(0, 0).text() == "rat 1"
    set_up(unison, qtbot, 5)
    assert unison.train.preset.currentText() == "custom"
    click(qtbot, unison.train.start_button)
    # before that, on a slow machine, the embedding so far
    qtbot.waitUntil(
        lambda: [layer.name for layer in viewer.layers] == ["all sessions · aligned"], timeout=PATIENCE
    )
    assert len(viewer.layers[0].data) == 2 * 480
    assert viewer.dims.ndisplay == 3
    assert viewer.canvas.overlays.text.text.startswith("aligned · 2 sessions · run 1")
    titles = unison.traces.plots.titles
    assert titles[0] == "position (m)"
    assert "best for position" in titles[1]
    assert "best for direction" in titles[2]
    assert all("aligned" in title for title in titles[1:])
    qtbot.waitUntil(lambda: len(unison.train.fit.values) == 5, timeout=PATIENCE)
    assert unison.train.start_button.isEnabled()
    assert "run 1" in unison.train.status.text()


def test_stop_keeps_what_was_learned(unison, viewer, qtbot):
    choose_sample(unison, qtbot)
    set_up(unison, qtbot, 1_000_000)
    click(qtbot, unison.train.start_button)
    qtbot.waitUntil(lambda: unison.train.progress.value() > 0, timeout=PATIENCE)
    assert not unison.train.start_button.isEnabled()
    assert "left" in unison.train.status.text()
    job = unison.workspace.job
    click(qtbot, unison.train.pause_button)
    assert unison.train.pause_button.text() == "Resume"
    for _ in range(2):
        # The step that runs when the button is clicked still ends and is told.
        held = job.progress.iteration
        with pytest.raises(TimeoutError):
            job.wait(0.3)
    assert job.progress.iteration == held
    click(qtbot, unison.train.pause_button)
    qtbot.waitUntil(lambda: job.progress.iteration > held, timeout=PATIENCE)
    click(qtbot, unison.train.stop_button)
    qtbot.waitUntil(lambda: unison.workspace.run is not None and len(viewer.layers) == 1, timeout=PATIENCE)
    assert unison.workspace.run.was_stopped
    assert "stopped" in unison.explore.runs.choice.currentText()


def test_the_same_from_the_console_shows_in_the_widgets(unison, viewer, qtbot, small_sessions):
    workspace = get_workspace(viewer)
    assert workspace is unison.workspace
    workspace.sessions.extend(small_sessions)
    assert unison.sessions.table.rowCount() == 2
    job = workspace.train(max_iterations=3, batch_size=64, output_dimension=4, num_hidden_units=8)
    assert unison.train.findChild(QSpinBox, "max_iterations").value() == 3
    run = job.wait(60)
    assert workspace.run is run
    assert len(viewer.layers) == 1
    assert unison.explore.runs.choice.currentText().startswith("run 1")


def test_results_reach_the_workspace_on_the_main_thread(unison, qtbot, small_sessions):
    workspace, threads = unison.workspace, []
    for signal in (workspace.events.run, workspace.events.progress, workspace.events.embedding):
        signal.connect(lambda *_: threads.append(threading.current_thread()))
    workspace.sessions.extend(small_sessions)
    workspace.train(max_iterations=3, batch_size=64, output_dimension=4).wait(60)
    assert len(threads) >= 3
    assert set(threads) == {threading.main_thread()}


def test_the_window_stays_alive_while_waiting(shown, unison, qtbot, small_sessions):
    workspace = unison.workspace
    workspace.sessions.extend(small_sessions)
    job = workspace.train(max_iterations=1_000_000, batch_size=64)
    workspace.events.progress.connect(lambda _: unison.train.stop_button.click())
    assert job.wait(60).was_stopped


def test_an_error_while_training_is_shown(unison, qtbot, monkeypatch, small_sessions, capsys):
    def out_of_memory(*args, **kwargs):
        raise RuntimeError("CUDA out of memory")

    # what is loaded in the background tries a small training
    load_encoder().join(PATIENCE / 1000)
    monkeypatch.setattr("napari_unison.encoder.UnifiedEncoder.fit", out_of_memory)
    unison.workspace.sessions.extend(small_sessions)
    unison.tabs.setCurrentWidget(unison.train)
    click(qtbot, unison.train.start_button)
    qtbot.waitUntil(lambda: not unison.workspace.job.is_running, timeout=PATIENCE)
    assert unison.train.message.text().startswith("CUDA out of memory")
    assert unison.train.start_button.isEnabled()


def test_closing_the_window_while_training_ends_the_thread_and_frees_memory(
    shown, unison, viewer, qtbot, small_sessions
):
    workspace = unison.workspace
    workspace.sessions.extend(small_sessions)
    of_other_tests = {id(reference()) for reference in encoders()}
    job = workspace.train(max_iterations=1_000_000, batch_size=64)
    qtbot.waitUntil(lambda: job.progress is not None, timeout=PATIENCE)
    held = [reference for reference in encoders() if id(reference()) not in of_other_tests]
    assert len(held) == 1
    viewer.close()
    assert not job.is_running
    assert QThreadPool.globalInstance().waitForDone(1000)
    let_go()
    assert [reference() for reference in held] == [None]
    assert len(workspace.sessions) == 0


def test_closing_the_window_lets_go_of_a_trained_encoder(unison, viewer, qtbot, small_sessions):
    workspace = unison.workspace
    workspace.sessions.extend(small_sessions)
    held = weakref.ref(workspace.train(max_iterations=3, batch_size=64).wait(60).encoder)
    viewer.close()
    let_go()
    assert held() is None


def test_the_docks_are_arranged(shown, unison, viewer, qtbot):
    window = main_window(viewer)
    qtbot.waitUntil(
        lambda: window.dockWidgetArea(dock_of(unison)) == Qt.DockWidgetArea.LeftDockWidgetArea,
        timeout=PATIENCE,
    )
    assert window.dockWidgetArea(dock_of(unison.traces)) == Qt.DockWidgetArea.BottomDockWidgetArea
    assert [unison.tabs.tabText(index) for index in range(3)] == ["Sessions", "Train", "Explore"]


def test_the_traces_dock_can_float_and_come_back(shown, unison, viewer, qtbot, small_sessions, caplog):
    unison.workspace.sessions.extend(small_sessions)
    dock = dock_of(unison.traces)
    for floating in (True, False):
        canvas = unison.traces.plots.canvas
        dock.setFloating(floating)
        qtbot.waitUntil(lambda canvas=canvas: unison.traces.plots.canvas is not canvas, timeout=PATIENCE)
        qtbot.waitUntil(lambda: unison.traces.plots.native.isValid(), timeout=PATIENCE)
        assert unison.traces.plots.canvas.render().shape[2] == 4
        assert unison.traces.plots.titles == ["position (m)"]
    assert not [record for record in caplog.records if "Error drawing" in record.message]


def test_opening_the_widget_again_finds_the_same_workspace_and_traces(unison, viewer):
    again = UnisonWidget(viewer)
    assert again.workspace is unison.workspace
    assert again.traces is unison.traces
    assert sum(isinstance(widget, TracesWidget) for widget in viewer.window.dock_widgets.values()) == 1
    again.close()
    again.deleteLater()


def close_by_click(widget) -> None:
    """Close a dock by the x in its title bar."""
    dock_of(widget).title.close_button.click()


def test_closed_traces_come_back_by_the_button(shown, unison, viewer, qtbot, small_sessions):
    unison.workspace.sessions.extend(small_sessions)
    closed = unison.traces
    close_by_click(closed)
    qtbot.waitUntil(lambda: "Traces" not in viewer.window.dock_widgets, timeout=PATIENCE)
    let_go()
    click(qtbot, unison.traces_button)
    assert unison.traces is not closed
    assert viewer.window.dock_widgets["Traces"] is unison.traces
    assert unison.traces.isVisible()
    assert [title.split()[0] for title in unison.traces.plots.titles] == ["position"]
    dock_of(unison.traces).hide()
    click(qtbot, unison.traces_button)
    assert unison.traces.isVisible()
    assert sum(isinstance(widget, TracesWidget) for widget in viewer.window.dock_widgets.values()) == 1


def test_the_canvas_has_one_legend_however_often_the_widget_is_opened(unison, viewer, qtbot, small_sessions):
    unison.workspace.sessions.extend(small_sessions)
    unison.workspace.train(max_iterations=3, batch_size=64).wait(60)

    def legends() -> list[CanvasLegend]:
        return main_canvas(viewer).findChildren(CanvasLegend)

    assert len(legends()) == 1
    close_by_click(unison)
    qtbot.waitUntil(lambda: not legends(), timeout=PATIENCE)
    _, again = viewer.window.add_plugin_dock_widget("napari-unison", "Unison workspace")
    assert again is not unison
    assert legends() == [again.canvas_legend]
    assert not again.canvas_legend.isHidden()
    assert again.canvas_legend.legend.bars


def test_a_recording_beside_the_embedding_has_traces_too(unison, small_sessions):
    workspace = unison.workspace
    workspace.sessions.extend(small_sessions)
    workspace.train(max_iterations=3, batch_size=64).wait(60)
    workspace.sessions.append(small_sessions[0].replace(name="rat 9"))
    chooser = unison.traces.session
    assert [chooser.itemText(index) for index in range(chooser.count())] == ["rat 1", "rat 2", "rat 9"]
    assert len(unison.traces.plots.titles) == 3
    chooser.setCurrentText("rat 9")
    assert [title.split()[0] for title in unison.traces.plots.titles] == ["position"]


def test_traces_say_which_colour_is_which_direction(unison, small_sessions):
    assert unison.traces.colours.text() == ""
    unison.workspace.sessions.extend(small_sessions)
    text = unison.traces.colours.text()
    assert text.startswith("direction")
    assert f'<span style="color: {RIGHT_COLOUR.lower()}">■</span>&nbsp;right' in text
    assert f'<span style="color: {LEFT_COLOUR.lower()}">■</span>&nbsp;left' in text


def test_the_docks_title_is_short_enough_for_its_tab(unison, qtbot):
    qtbot.waitUntil(lambda: dock_of(unison).windowTitle() == "Unison", timeout=PATIENCE)


def test_the_legend_on_the_canvas_says_what_the_colours_mean(unison, viewer, small_sessions):
    assert unison.canvas_legend.isHidden()
    unison.workspace.sessions.extend(small_sessions)
    unison.workspace.train(max_iterations=3, batch_size=64).wait(60)
    assert not unison.canvas_legend.isHidden()
    assert [bar.text for bar in unison.canvas_legend.legend.bars] == [
        "position · left (m)",
        "position · right (m)",
    ]
    unison.workspace.show(colour="session")
    assert [swatch.name for swatch in unison.canvas_legend.legend.swatches] == ["rat 1", "rat 2"]


def test_the_console_knows_the_workspace(viewer):
    workspace = get_workspace(viewer)
    known = [variables["workspace"] for variables in viewer.window._qt_viewer.console_backlog]
    assert [reference() for reference in known] == [workspace]


def test_each_viewer_has_its_own_workspace(make_napari_viewer):
    first, second = make_napari_viewer(), make_napari_viewer()
    assert get_workspace(first) is not get_workspace(second)
    assert layers_of(first).workspace is get_workspace(first)
    assert np.array_equal(len(get_workspace(second).sessions), 0)


def test_the_console_is_another_tab_of_the_traces(shown, unison, viewer):
    window = main_window(viewer)
    (console,) = [dock for dock in window.findChildren(QDockWidget) if dock.objectName() == "console"]
    console.setVisible(True)
    assert window.tabifiedDockWidgets(dock_of(unison.traces)) == [console]
    console.setVisible(False)
    assert window.dockWidgetArea(dock_of(unison.traces)) == Qt.DockWidgetArea.BottomDockWidgetArea
