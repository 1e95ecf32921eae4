"""Trail, time cursor and flow field lie over the points, in every cell that shows their session."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Points, Vectors

pytestmark = pytest.mark.gui


@pytest.fixture
def trained(trained):
    """A workspace that shows a run along its first latents."""
    trained.show(latents=(0, 1, 2))
    return trained


def names(viewer) -> list[str]:
    return [layer.name for layer in viewer.layers]


def test_the_trail_follows_the_cursor_in_place(viewer, trained):
    assert names(viewer) == ["all sessions · aligned"]
    trained.cursor = ("rat 2", 5.0)
    assert names(viewer) == ["all sessions · aligned", "trail", "time cursor"]
    points, trail, cursor = viewer.layers
    assert isinstance(trail, Vectors)
    assert isinstance(cursor, Points)
    here = 100 * trained.embedding.values[1][200, :3]
    np.testing.assert_allclose(cursor.data[0], here, rtol=1e-4)
    np.testing.assert_allclose(trail.data[-1].sum(axis=0), here, rtol=1e-4, atol=1e-4)
    n_steps = len(trail.data)
    trained.cursor = ("rat 2", 5.025)
    assert list(viewer.layers) == [points, trail, cursor]
    np.testing.assert_allclose(cursor.data[0], 100 * trained.embedding.values[1][201, :3], rtol=1e-4)
    trained.show(trail=0.5)
    assert len(trail.data) <= 20 < n_steps
    trained.show(trail=0)
    assert (len(trail.data), len(cursor.data)) == (0, 1)
    trained.show(latents=(3, 1, 2))
    np.testing.assert_allclose(cursor.data[0], 100 * trained.embedding.values[1][201, [3, 1, 2]], rtol=1e-4)


def test_a_cursor_outside_of_what_is_drawn_leaves_nothing(viewer, trained):
    trained.cursor = ("rat 2", 5.0)
    _, trail, cursor = viewer.layers
    trained.show(sessions=("rat 1",))
    assert (len(trail.data), len(cursor.data)) == (0, 0)
    trained.show(sessions=None)
    assert len(cursor.data) == 1
    trained.cursor = None
    assert (len(trail.data), len(cursor.data)) == (0, 0)
    assert names(viewer) == ["all sessions · aligned", "trail", "time cursor"]


def test_points_stay_what_the_controls_act_on(viewer, trained):
    viewer.layers.selection.active = viewer.layers[0]
    trained.cursor = ("rat 1", 5.0)
    trained.show(flow="1 and 2")
    assert viewer.layers.selection.active is viewer.layers[0]


def test_the_flow_field_has_the_colours_of_the_points(viewer, trained):
    trained.show(flow="1 and 3", flow_step=0.5, colour="session")
    points, flow = viewer.layers
    assert names(viewer) == ["all sessions · aligned", "flow field"]
    assert flow.vector_style == "arrow"
    assert flow.metadata["step_s"] == pytest.approx(0.5)
    assert len(np.unique(flow.data[:, 0, 1])) == 1
    assert {tuple(colour) for colour in flow.edge_color} == {tuple(colour) for colour in points.face_color}
    n_arrows = len(flow.data)
    trained.show(flow_step=1.0)
    assert viewer.layers[1] is flow
    assert len(flow.data) < n_arrows
    trained.show(flow=None)
    assert names(viewer) == ["all sessions · aligned"]


def test_each_cell_of_the_grid_has_its_own(viewer, trained):
    trained.show(grid=True, flow="1 and 2")
    trained.cursor = ("rat 1", 5.0)
    assert len(viewer.layers) == 3 * 4
    cells = {}
    for number, layer in enumerate(viewer.layers):
        cells.setdefault(viewer.canvas.grid.position(number, viewer.layers), []).append(layer)
    assert sorted(len(layers) for layers in cells.values()) == [4, 4, 4]
    drawn = {}
    for points, flow, trail, cursor in cells.values():
        drawn[points.name] = (len(flow.data), len(trail.data) > 0, len(cursor.data))
    assert drawn["rat 1 · aligned"][1:] == drawn["all sessions · aligned"][1:] == (True, 1)
    assert drawn["rat 2 · aligned"][1:] == (False, 0)
    arrows = [drawn[f"{name} · aligned"][0] for name in ("rat 1", "rat 2", "all sessions")]
    assert arrows[0] + arrows[1] == arrows[2] > 0
    trained.show(grid=False)
    assert names(viewer) == ["all sessions · aligned", "flow field", "trail", "time cursor"]


def test_overlays_leave_with_the_picture(viewer, trained):
    trained.cursor = ("rat 1", 5.0)
    trained.show(flow="1 and 2")
    trained.runs.clear()
    assert list(viewer.layers) == []


def test_nothing_that_is_shown_otherwise_computes_an_embedding(viewer, trained, monkeypatch):
    def fail(**_):
        raise AssertionError("an embedding was computed again")

    monkeypatch.setattr(trained.run.encoder, "embed", fail)
    embedding = trained.embedding
    for change in (
        {"colour": "time"},
        {"palette": "colour-blind safe"},
        {"latents": "pca"},
        {"sessions": ("rat 2",)},
        {"grid": True},
        {"flow": "1 and 2"},
        {"trail": 5.0},
        {"max_points": 200},
        {"kind": "aligned"},
    ):
        trained.show(**change)
    trained.cursor = ("rat 2", 3.0)
    assert trained.jobs == []
    assert trained.embedding is embedding


def test_a_change_fills_the_buffers_once(viewer, trained):
    trained.cursor = ("rat 2", 3.0)
    layer, filled = viewer.layers[0], []
    layer.events.set_data.connect(lambda: filled.append("data"))
    layer.events.face_color.connect(lambda: filled.append("colour"))
    for change in ({"colour": "session"}, {"latents": (3, 2, 1)}, {"point_size": 2.0}):
        trained.show(**change)
        assert filled == ["data"], change
        filled.clear()
    trained.cursor = ("rat 2", 3.5)
    assert filled == []


def test_colours_show_on_a_light_canvas_too(viewer, trained):
    trained.cursor = ("rat 2", 3.0)
    dark = viewer.layers[0].face_color.copy()
    viewer.theme = "light"
    assert not np.array_equal(viewer.layers[0].face_color, dark)
    np.testing.assert_allclose(viewer.layers[2].face_color[0], [0, 0, 0, 1])
    viewer.theme = "dark"
    np.testing.assert_array_equal(viewer.layers[0].face_color, dark)
