"""The embedding so far, in the viewer, while an encoder is trained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_unison import get_workspace
from napari_unison._compat import canvas_title, scene_camera
from napari_unison.display import EmbeddingAxes
from napari_unison.encoder import Embedding, Look
from napari_unison.workspace.forming import NAME, turned_to

pytestmark = pytest.mark.gui


def look_at(sessions, iteration: int, seed: int = 0) -> Look:
    """A look at an encoder whose latents are the position, turned and noisy."""
    rng = np.random.default_rng(seed)
    thin = tuple(session[:100] for session in sessions)
    values = tuple(
        np.column_stack([s.labels["position"], rng.normal(0, 0.1, (100, 3))]).astype(np.float32) for s in thin
    )
    residual = tuple(np.zeros((100, len(sessions)), dtype=np.float32) for _ in thin)
    names = tuple(session.name for session in sessions)
    embedding = Embedding(values, thin, "aligned", "training", residual, names)
    return Look(iteration, embedding, 1.0)


def names(viewer):
    return [layer.name for layer in viewer.layers]


def test_points_move_in_one_layer_and_go_at_the_end(viewer, small_sessions):
    workspace = get_workspace(viewer)
    other = viewer.add_image(np.zeros((4, 4)), name="mine")
    look = look_at(small_sessions, 100)
    workspace.so_far = look
    layer = viewer.layers[NAME]
    assert len(layer.data) == 200
    assert not other.visible
    assert viewer.dims.ndisplay == 3
    assert canvas_title(viewer)[0].startswith("embedding so far · aligned · iteration 100")
    before = layer.data.copy()
    following = Look(250, look_at(small_sessions, 250, seed=1).embedding, 1.0)
    object.__setattr__(following.embedding, "sessions", look.embedding.sessions)
    workspace.so_far = following
    assert viewer.layers[NAME] is layer
    assert not np.array_equal(layer.data, before)
    # the axes follow those of the look before: the picture does not jump
    assert np.corrcoef(layer.data[:, 0], before[:, 0])[0, 1] > 0.9
    assert "iteration 250" in canvas_title(viewer)[0]
    workspace.so_far = None
    assert names(viewer) == ["mine"]
    assert other.visible
    assert canvas_title(viewer)[0] == ""


def test_the_view_follows_the_points_until_somebody_zooms(viewer, small_sessions):
    workspace = get_workspace(viewer)

    def spread(width: float) -> Look:
        look = look_at(small_sessions, 1)
        values = tuple(one * np.float32(width) for one in look.embedding.values)
        return Look(1, replace(look.embedding, values=values), 1.0)

    workspace.so_far = spread(0.1)
    camera = scene_camera(viewer)
    small = camera.zoom
    workspace.so_far = spread(1.0)
    assert camera.zoom < small / 5
    camera.zoom = 2 * camera.zoom
    chosen = camera.zoom
    workspace.so_far = spread(0.1)
    assert camera.zoom == chosen


def test_switching_it_off_shows_what_was_there(viewer, small_sessions):
    workspace = get_workspace(viewer)
    workspace.so_far = look_at(small_sessions, 1)
    assert names(viewer) == [NAME]
    workspace.follows_training = False
    assert names(viewer) == []
    workspace.so_far = Look(3, None, 0.1)
    assert names(viewer) == []
    workspace.follows_training = True
    workspace.so_far = look_at(small_sessions, 5)
    assert names(viewer) == [NAME]


def test_a_layer_that_was_deleted_comes_back_with_the_next_look(viewer, small_sessions):
    workspace = get_workspace(viewer)
    workspace.so_far = look_at(small_sessions, 1)
    viewer.layers.clear()
    workspace.so_far = look_at(small_sessions, 2)
    assert names(viewer) == [NAME]
    workspace.so_far = None
    assert names(viewer) == []


def test_the_final_embedding_takes_its_place(viewer, small_sessions, qtbot, monkeypatch):
    monkeypatch.setattr("napari_unison.encoder.looks.INTERVAL", 0.0)
    workspace = get_workspace(viewer)
    workspace.sessions.extend(small_sessions)
    seen = []
    workspace.events.so_far.connect(lambda look: seen.append((look is None, NAME in names(viewer))))
    workspace.train(
        batch_size=64, max_iterations=40, output_dimension=4, num_hidden_units=8, device="cpu", random_state=0
    ).wait(60)
    qtbot.waitUntil(lambda: workspace.embedding is not None and NAME not in names(viewer))
    # a training that is over at once shows nothing on its way
    assert not seen or seen[-1][0]
    assert len(viewer.layers) == 1
    assert viewer.layers[0].visible
    assert len(viewer.layers[0].data) == 960
    assert NAME not in canvas_title(viewer)[0]


def test_axes_are_turned_back():
    rng = np.random.default_rng(0)
    matrix = np.linalg.qr(rng.normal(size=(8, 3)))[0].astype(np.float32)
    axes = EmbeddingAxes(("a", "b", "c"), matrix, np.zeros(8, dtype=np.float32))
    swapped = EmbeddingAxes(axes.names, matrix[:, [1, 0, 2]] * np.float32([-1, 1, -1]), axes.centre)
    np.testing.assert_allclose(turned_to(axes, swapped).matrix, matrix, atol=1e-5)
    assert turned_to(None, swapped) is swapped
