"""The lasso on the canvas: points that it goes around are selected everywhere, and the reverse."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt

from napari_unison._compat import main_canvas, points_on_canvas
from napari_unison.widgets.lasso import Lasso
from napari_unison.widgets.picking import nearest_point, time_inside
from napari_unison.workspace.highlight import faded
from napari_unison.workspace.viewers import layers_of

pytestmark = pytest.mark.gui

LEFT, NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
SHORT = {
    "max_iterations": 3,
    "batch_size": 64,
    "output_dimension": 4,
    "num_hidden_units": 8,
    "random_state": 0,
    "device": "cpu",
}


@pytest.fixture
def workspace(unison, small_sessions):
    """A workspace whose run is drawn."""
    unison.workspace.sessions.extend(small_sessions)
    unison.workspace.train(**SHORT).wait(60)
    return unison.workspace


def around(pixels: np.ndarray, margin: float = 3.0) -> np.ndarray:
    """Return a box around pixels."""
    (left, top), (right, bottom) = pixels.min(axis=0) - margin, pixels.max(axis=0) + margin
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


def left_half(viewer, layer) -> tuple[np.ndarray, np.ndarray]:
    """Return which drawn points lie left of the middle one, and a box around them."""
    numbers, pixels = points_on_canvas(viewer, layer)
    middle = np.median(pixels[:, 0])
    is_left = pixels[:, 0] < middle
    box = around(pixels[is_left, :2])
    box[1:3, 0] = (pixels[is_left, 0].max() + pixels[~is_left, 0].min()) / 2
    return numbers[is_left], box


def bins_of(workspace, layer, numbers) -> list[np.ndarray]:
    """Return the bins (T,) of each session to which points of a layer belong."""
    marks = [np.zeros(session.n_bins, dtype=bool) for session in workspace.embedding.sessions]
    for number in numbers:
        marks[layer.metadata["session_index"][number]][layer.metadata["bins"][number]] = True
    return marks


def assert_selected(workspace, marks) -> None:
    for session, mark in zip(workspace.embedding.sessions, marks, strict=True):
        np.testing.assert_array_equal(workspace.selection.bins(session), mark)


def draw(qtbot, lasso: Lasso, polygon: np.ndarray, keys=NO_KEY, *, release: bool = True) -> None:
    """Draw along a polygon with the mouse."""
    corners = [QPoint(round(x), round(y)) for x, y in np.vstack([polygon, polygon[:1]])]
    qtbot.mousePress(lasso, LEFT, keys, corners[0])
    for corner in corners[1:]:
        qtbot.mouseMove(lasso, corner)
    if release:
        qtbot.mouseRelease(lasso, LEFT, keys, corners[-1])


@pytest.mark.parametrize("dimensions", [2, 3])
def test_points_inside_are_selected_as_they_are_seen(workspace, viewer, dimensions):
    viewer.dims.ndisplay = dimensions
    (layer,) = layers_of(viewer).point_layers
    numbers, _ = points_on_canvas(viewer, layer)
    if dimensions == 2:
        # Only the shown slice is drawn.
        assert 0 < len(numbers) < len(layer.data)
    else:
        assert len(numbers) == len(layer.data)
    chosen, box = left_half(viewer, layer)
    workspace.selection.choose(time_inside(viewer, layers_of(viewer), box))
    assert_selected(workspace, bins_of(workspace, layer, chosen))


def test_turning_the_picture_moves_its_points(workspace, viewer):
    (layer,) = layers_of(viewer).point_layers
    _, before = points_on_canvas(viewer, layer)
    viewer.scene.camera.angles = (40, 30, 20)
    _, after = points_on_canvas(viewer, layer)
    assert np.abs(after - before).max() > 20


def test_hidden_points_and_those_above_the_cap_stay_out(workspace, viewer):
    workspace.show(max_points=100)
    (layer,) = layers_of(viewer).point_layers
    shown = np.ones(len(layer.data), dtype=bool)
    shown[::2] = False
    layer.shown = shown
    everything = np.array([(-9e3, -9e3), (9e3, -9e3), (9e3, 9e3), (-9e3, 9e3)])
    workspace.selection.choose(time_inside(viewer, layers_of(viewer), everything))
    assert_selected(workspace, bins_of(workspace, layer, np.flatnonzero(shown)))
    layer.visible = False
    assert not len(time_inside(viewer, layers_of(viewer), everything))


def test_in_the_grid_each_cell_has_its_own_points(shown, workspace, viewer, qtbot):
    workspace.show(grid=True)
    layers = layers_of(viewer)
    whole = {layer.metadata["session"]: layer for layer in layers.point_layers}
    # The cells get their places when they are first drawn.
    qtbot.waitUntil(lambda: len(points_on_canvas(viewer, whole["rat 1"])[0]) > 100, timeout=60_000)
    numbers, pixels = points_on_canvas(viewer, whole["rat 1"])
    _, others = points_on_canvas(viewer, whole["rat 2"])
    separate = pixels[:, 0].max() < others[:, 0].min() or pixels[:, 0].min() > others[:, 0].max()
    assert separate or pixels[:, 1].max() < others[:, 1].min() or pixels[:, 1].min() > others[:, 1].max()
    workspace.selection.choose(time_inside(viewer, layers, around(pixels[:, :2], 1.0)))
    assert workspace.selection.current.session_names == ("rat 1",)
    assert workspace.selection.bins(workspace.embedding.sessions[0]).sum() == len(numbers)


def test_by_mouse_from_the_button_to_the_traces(shown, workspace, unison, viewer, qtbot):
    unison.tabs.setCurrentWidget(unison.explore)
    button = unison.explore.selecting.lasso_button
    button.click()
    lasso = unison.lasso
    assert lasso.isVisible()
    (layer,) = layers_of(viewer).point_layers
    _, box = left_half(viewer, layer)
    draw(qtbot, lasso, box)
    selection = workspace.selection
    assert 0.4 < sum(selection.bins(s).sum() for s in workspace.embedding.sessions) / len(layer.data) < 0.6
    assert unison.traces.plots.marked_columns().any()
    assert unison.explore.selecting.words.text() == selection.description
    first = selection.current
    _, pixels = points_on_canvas(viewer, layer)
    draw(qtbot, lasso, around(pixels[:, :2]), Qt.KeyboardModifier.ShiftModifier)
    assert all(selection.bins(session).all() for session in workspace.embedding.sessions)
    draw(qtbot, lasso, box, Qt.KeyboardModifier.AltModifier)
    assert not len(selection.current & first)
    assert len(selection.current)
    before = selection.current
    draw(qtbot, lasso, box, release=False)
    qtbot.keyClick(lasso, Qt.Key.Key_Escape)
    qtbot.mouseRelease(lasso, LEFT, NO_KEY, QPoint(5, 5))
    assert selection.current == before
    assert lasso.is_active
    qtbot.keyClick(lasso, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert all(selection.bins(session).all() for session in workspace.embedding.sessions)
    qtbot.keyClick(lasso, Qt.Key.Key_Escape)
    assert not lasso.is_active
    assert not button.isChecked()


def test_the_key_l_on_the_canvas_begins_and_ends_the_lasso(shown, workspace, unison, viewer, qtbot):
    qtbot.keyClick(main_canvas(viewer), Qt.Key.Key_L)
    assert unison.lasso.is_active
    assert unison.explore.selecting.lasso_button.isChecked()
    qtbot.keyClick(unison.lasso, Qt.Key.Key_L)
    assert not unison.lasso.is_active


def test_a_click_on_a_point_sets_the_cursor_there(shown, workspace, unison, viewer, qtbot):
    (layer,) = layers_of(viewer).point_layers
    numbers, pixels = points_on_canvas(viewer, layer)
    wanted = int(np.argmax(pixels[:, 0]))
    place = QPoint(*np.round(pixels[wanted, :2]).astype(int).tolist())
    qtbot.mouseClick(main_canvas(viewer), LEFT, NO_KEY, place)
    index, number = layer.metadata["session_index"][numbers], layer.metadata["bins"][numbers]
    name, time = workspace.cursor
    (found,) = np.flatnonzero(
        (np.array(workspace.embedding.session_names)[index] == name)
        & np.isclose(
            [workspace.embedding.sessions[i].time[b] for i, b in zip(index, number, strict=True)], time
        )
    )
    assert np.hypot(*(pixels[found, :2] - pixels[wanted, :2])) < 4
    assert unison.traces.session.currentText() == name
    assert unison.traces.plots.cursor == time
    held = workspace.cursor
    qtbot.mouseClick(main_canvas(viewer), LEFT, NO_KEY, QPoint(3, 3))
    assert workspace.cursor == held


def test_of_points_behind_each_other_the_front_one_is_clicked(workspace, viewer):
    (layer,) = layers_of(viewer).point_layers
    # Two points on one line of sight; all others elsewhere.
    camera = viewer.scene.camera
    sight = np.asarray(camera.view_direction)
    places = np.asarray(camera.center) + np.random.default_rng(0).normal(size=layer.data.shape) * 1e-3
    places += 40 * np.asarray(camera.up_direction)
    places[7] = np.asarray(camera.center) - 5 * sight
    places[300] = np.asarray(camera.center) + 5 * sight
    layer.data = places.astype(np.float32)
    numbers, pixels = points_on_canvas(viewer, layer)
    near, far = pixels[numbers == 7][0], pixels[numbers == 300][0]
    np.testing.assert_allclose(near[:2], far[:2], atol=0.1)
    session = workspace.embedding.sessions[layer.metadata["session_index"][7]]
    expected = session.name, float(session.time[layer.metadata["bins"][7]])
    assert nearest_point(viewer, layers_of(viewer), tuple(far[:2])) == expected


def test_selected_time_is_bright_in_the_picture_and_the_rest_fades(workspace, viewer):
    (layer,) = layers_of(viewer).point_layers
    own = np.array(layer.face_color)
    workspace.selection.select("rat 1", 2, 5)
    index, bins = layer.metadata["session_index"], layer.metadata["bins"]
    time = np.array([workspace.embedding.sessions[i].time[b] for i, b in zip(index, bins, strict=True)])
    inside = (index == 0) & (time > 1.99) & (time < 4.99)
    np.testing.assert_array_equal(layer.face_color[inside], own[inside])
    np.testing.assert_allclose(layer.face_color[~inside], faded(own)[~inside], rtol=1e-5)
    assert (layer.face_color[~inside, 3] <= 0.12).all()
    workspace.selection.select("rat 2", 2, 5)
    np.testing.assert_array_equal(layer.face_color[(index == 1) & (time > 1.99) & (time < 4.99)][:, 3], 1.0)
    workspace.selection.clear()
    np.testing.assert_array_equal(layer.face_color, own)
    assert layer.blending == "translucent"


def test_what_is_on_the_screen_fades_and_comes_back(shown, workspace, viewer):
    def picture() -> np.ndarray:
        return np.asarray(viewer.screenshot(canvas_only=True, flash=False)).astype(int)

    (layer,) = layers_of(viewer).point_layers
    before = picture()
    workspace.selection.select("rat 1", 2, 5)
    selected = picture()
    assert np.abs(selected - before).max() > 50
    layer.refresh()
    np.testing.assert_array_equal(picture(), selected)
    workspace.selection.clear()
    np.testing.assert_array_equal(picture(), before)


def test_hidden_points_fade_too(workspace, viewer):
    (layer,) = layers_of(viewer).point_layers
    own = np.array(layer.face_color)
    layer.shown = np.arange(len(layer.data)) % 2 == 0
    workspace.selection.select("rat 1", 2, 5)
    layer.visible = False
    workspace.selection.select("rat 2", 2, 5)
    layer.visible, layer.shown = True, True
    assert (layer.face_color[:, 3] > 0.5).sum() == workspace.selection.bins("rat 2").sum()
    workspace.selection.clear()
    np.testing.assert_array_equal(layer.face_color, own)


def test_other_colours_latents_and_runs_keep_the_selection_visible(workspace, viewer):
    (layer,) = layers_of(viewer).point_layers
    workspace.selection.select("rat 1", 2, 5)
    n_bright = (layer.face_color[:, 3] > 0.5).sum()
    assert n_bright == 120
    workspace.show(colour="session")
    assert (layer.face_color[:, 3] > 0.5).sum() == n_bright
    workspace.show(latents=(3, 1, 0))
    assert (layer.face_color[:, 3] > 0.5).sum() == n_bright
    workspace.train(validation_share=0.4).wait(60)
    (layer,) = layers_of(viewer).point_layers
    assert (layer.face_color[:, 3] > 0.5).sum() == n_bright
    workspace.selection.clear()
    assert (layer.face_color[:, 3] > 0.5).all()


def test_time_of_which_nothing_is_drawn_fades_nothing(workspace, viewer):
    (layer,) = layers_of(viewer).point_layers
    workspace.selection.select("rat 1", 13, 15)
    assert (layer.face_color[:, 3] > 0.5).all()
