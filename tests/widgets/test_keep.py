"""Keeping by menu, key, palette and drop: workspaces, tables, figures, movies, scripts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QDialog, QFileDialog, QMessageBox

from napari_unison import get_workspace
from napari_unison.contributions import get_reader, linear_track, read_layers
from napari_unison.display.camera_view import CameraView
from napari_unison.display.painting import Projection
from napari_unison.widgets import keep_actions
from napari_unison.widgets.movie_dialog import MovieDialog

pytestmark = pytest.mark.gui
PATIENCE = 60_000
SHORT = {"batch_size": 32, "max_iterations": 2, "output_dimension": 4, "num_hidden_units": 8, "device": "cpu"}


@pytest.fixture
def study(unison, small_sessions):
    """The workspace of an open window, with a run."""
    unison.workspace.sessions.extend(small_sessions)
    unison.workspace.train(**SHORT).wait(60)
    return unison.workspace


def choose(unison, title: str) -> None:
    """Choose an entry of the menu."""
    (action,) = [action for action in unison.keep_button.menu().actions() if action.text() == title]
    action.trigger()


def answer_file(monkeypatch, path, used: str = "") -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), used))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, **__: str(path))


def answer(monkeypatch, agrees: bool) -> list[str]:
    """Answer questions, and return what was asked."""
    asked: list[str] = []

    def reply(parent, title, text):
        asked.append(text)
        return QMessageBox.StandardButton.Yes if agrees else QMessageBox.StandardButton.No

    monkeypatch.setattr(QMessageBox, "question", reply)
    return asked


def add(viewer, layer_data) -> None:
    getattr(viewer, f"add_{layer_data[2]}")(layer_data[0], **layer_data[1])


def test_a_workspace_is_saved_by_menu_and_comes_back_by_drop(
    unison, study, tmp_path, monkeypatch, qtbot, make_napari_viewer
):
    study.show(colour="session", grid=True)
    study.view = CameraView(direction=(0.0, 0.0, -1.0), up=(0.0, 1.0, 0.0), centre=(1, 2, 3), height=120)
    answer_file(monkeypatch, tmp_path / "mine")
    choose(unison, "Save workspace…")
    qtbot.waitUntil(lambda: "Saved in" in unison.keep_line.message.text(), timeout=PATIENCE)
    folder = tmp_path / "mine.unison-workspace"
    assert get_reader(str(folder)) is not None
    other = make_napari_viewer()
    for layer in read_layers(str(folder)):
        add(other, layer)
    again = get_workspace(other)
    qtbot.waitUntil(lambda: again.run is not None and again.view == study.view, timeout=PATIENCE)
    assert [session.name for session in again.sessions] == ["rat 1", "rat 2"]
    assert len(other.layers) == 3
    np.testing.assert_allclose(other.scene.camera.view_direction, (0, 0, -1), atol=1e-3)
    np.testing.assert_allclose(other.scene.camera.center, (1, 2, 3))


def test_a_full_window_is_asked_before_it_is_replaced(unison, study, tmp_path, monkeypatch, qtbot, viewer):
    folder = study.save_workspace(tmp_path / "mine")
    study.train(**SHORT).wait(60)
    answer_file(monkeypatch, folder)
    asked = answer(monkeypatch, False)
    choose(unison, "Open workspace…")
    assert "2 sessions and 2 runs" in asked[0]
    assert len(study.runs) == 2
    told = []
    study.events.failed.connect(told.append)
    for layer in read_layers(str(folder)):
        add(viewer, layer)
    assert "this workspace holds 2 sessions and 2 runs" in told[0]
    answer(monkeypatch, True)
    choose(unison, "Open workspace…")
    qtbot.waitUntil(lambda: len(study.runs) == 1, timeout=PATIENCE)
    assert viewer.layers[0].name == "all sessions · aligned"


def test_the_embedding_is_exported_by_key_and_by_napari(
    shown, unison, study, viewer, tmp_path, monkeypatch, qtbot
):
    answer_file(monkeypatch, tmp_path / "mine", "NumPy arrays (*.npz)")
    window = unison.window()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=PATIENCE)
    qtbot.keyClick(
        unison, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
    )
    qtbot.waitUntil(lambda: (tmp_path / "mine.npz").exists(), timeout=PATIENCE)
    asked = answer(monkeypatch, False)
    choose(unison, "Export embedding…")
    assert asked == ["mine.npz exists. Replace it?"]
    study.show(max_points=100)
    (written,) = viewer.layers.save(str(tmp_path / "layer.csv"), plugin="napari-unison")
    frame = pd.read_csv(written)
    assert len(frame) == 2 * 480
    assert {"position_m", "latent_4"} <= set(frame.columns)


def test_the_script_is_copied_from_the_menu_and_the_palette(unison, study):
    from napari._app_model import get_app_model

    clipboard = QGuiApplication.clipboard()
    choose(unison, "Copy as script")
    assert clipboard.text() == study.script()
    clipboard.clear()
    get_app_model().commands.execute_command("napari-unison.copy_script")
    assert clipboard.text() == study.script()


def test_samples_and_files_of_napari_are_told_with_where_they_come_from(viewer):
    layers = linear_track()
    for layer in layers[:2]:
        add(viewer, layer)
    assert "ws.open_sample('linear-track')" in get_workspace(viewer).script()


def test_a_movie_is_made_and_given_up_in_the_dock(unison, study, tmp_path, monkeypatch, qtbot):
    answer_file(monkeypatch, tmp_path / "turning.gif")
    choose(unison, "Save turning movie…")
    line = unison.keep_line
    qtbot.waitUntil(lambda: line.progress.value() > 0, timeout=PATIENCE)
    assert line.cancel_button.isEnabled()
    qtbot.mouseClick(line.cancel_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "given up" in line.message.text(), timeout=PATIENCE)
    assert list(tmp_path.iterdir()) == []
    assert line.cancel_button.isHidden()


def test_the_figure_shows_the_side_that_the_canvas_shows(shown, unison, study, viewer, qtbot):
    """Three points are found on the canvas where the view says that they lie."""
    viewer.canvas.overlays.text.visible = False
    unison.canvas_legend.hide()
    points = np.array([[40.0, 0, 0], [0, 40.0, 0], [0, 0, 40.0]])
    layer = viewer.layers[0]
    layer.data = points
    layer.face_color = ["red", "lime", "blue"]
    layer.size, layer.opacity = 12, 1.0
    viewer.scene.camera.set_view_direction((-0.8, 0.5, 0.3), (-0.3, -0.9, 0.1))
    viewer.scene.camera.center = (10.0, 10.0, 10.0)
    viewer.scene.camera.zoom = 3.0
    picture = viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(float) / 255
    height, width = picture.shape[:2]
    places = Projection(study.view, width, height).project(points)[:, :2]
    for channel, place in enumerate(places):
        others = [other for other in range(3) if other != channel]
        rows, columns = np.nonzero((picture[..., channel] > 0.6) & (picture[..., others].max(axis=2) < 0.4))
        np.testing.assert_allclose([columns.mean(), rows.mean()], place, atol=4)


def test_a_movie_window_is_linked_by_dialog(unison, study, viewer, monkeypatch, make_napari_viewer):
    filmed = make_napari_viewer()
    filmed.add_image(np.zeros((120, 4, 5)))
    monkeypatch.setattr("napari_unison.widgets.movie_dialog.other_viewers", lambda own: [filmed])

    def fill(dialog: MovieDialog) -> int:
        dialog.window_choice.setCurrentIndex(0)
        dialog.session.setCurrentText("rat 2")
        dialog.frame_rate.setValue(10.0)
        dialog.offset.setValue(1.5)
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(keep_actions.MovieDialog, "exec", fill)
    choose(unison, "Link a movie…")
    study.cursor = ("rat 2", 4.0)
    assert filmed.dims.current_step[0] == 25
    filmed.dims.set_current_step(0, 35)
    assert study.cursor == ("rat 2", 5.0)
    choose(unison, "Unlink movies")
    assert len(study.movies) == 0
    menu = unison.keep_button.menu()
    menu.aboutToShow.emit()
    (unlink,) = [action for action in menu.actions() if action.text() == "Unlink movies"]
    assert not unlink.isEnabled()
