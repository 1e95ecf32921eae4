"""The view as a figure: the side that was chosen, the near over the far, words and colours beside it."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unison.display import feature_colours, point_layers
from napari_unison.display.camera_view import CameraView
from napari_unison.display.figures.layout import figure_title
from napari_unison.display.figures.view import view_figure
from napari_unison.display.painting import Projection, paint_points

RED, BLUE = (1.0, 0.0, 0.0, 1.0), (0.0, 0.0, 1.0, 1.0)


def painted(points, colours, view, size=10.0):
    image = np.ones((100, 100, 3), dtype=np.float32)
    paint_points(
        image,
        Projection(view, 100, 100),
        np.asarray(points, dtype=np.float32),
        np.asarray(colours, dtype=np.float32),
        size=size,
        opacity=1.0,
    )
    return image


VIEW = CameraView(direction=(-1, 0, 0), up=(0, -1, 0), centre=(0, 0, 0), height=100)


def test_a_point_comes_to_lie_where_the_view_says():
    image = painted([(0, -20, 30)], [RED], VIEW)
    np.testing.assert_allclose(image[30, 80], RED[:3])
    assert (image.min(axis=2) < 1).sum() == pytest.approx(np.pi * 25, rel=0.2)


def test_the_near_hides_the_far_whatever_their_order():
    near, far = (5, 0, 0), (-5, 0, 0)
    for points, colours in (([near, far], [RED, BLUE]), ([far, near], [BLUE, RED])):
        np.testing.assert_allclose(painted(points, colours, VIEW)[50, 50], RED[:3])


def test_half_a_turn_shows_the_other_side():
    turned = Projection(VIEW, 100, 100).turned(np.pi)
    seen = turned.project(np.array([[5, -20, 30], [-5, -20, 30]]))
    np.testing.assert_allclose(seen[:, :2], [[20, 30], [20, 30]], atol=1e-9)
    assert seen[1, 2] > seen[0, 2]


def test_points_outside_of_the_picture_do_no_harm():
    assert painted([(0, 500, 0), (0, 0, -500)], [RED, BLUE], VIEW).min() == 1.0


@pytest.mark.parametrize("separate", [False, True])
def test_a_figure_has_a_panel_a_layer_names_and_a_legend(embedding, separate, tmp_path):
    layers = point_layers(embedding, (0, 1, 2), feature_colours(embedding), separate=separate)
    figure = view_figure(layers, None, "aligned · run 1\nlatent 1 / latent 2 / latent 3", dpi=60)
    assert figure_title(figure) == "aligned · run 1\nlatent 1 / latent 2 / latent 3"
    words = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert {"latent 1", "latent 2", "latent 3"} <= words
    panels = [axes for axes in figure.axes if axes.images and axes.get_aspect() == 1.0]
    assert len(panels) == len(layers)
    for ending in ("png", "svg", "pdf"):
        figure.savefig(tmp_path / f"view.{ending}")
        assert (tmp_path / f"view.{ending}").stat().st_size > 5000


def test_names_of_arrows_that_point_the_same_way_stand_apart(embedding):
    layers = point_layers(embedding, (0, 1, 2), feature_colours(embedding), separate=False)
    view = CameraView(direction=(0.95, -0.24, -0.17), up=(-0.25, -0.38, -0.89), height=250)
    figure = view_figure(layers, view, "aligned", dpi=60)
    figure.canvas.draw()
    names = [text for axes in figure.axes for text in axes.texts if text.get_text().startswith("latent")]
    boxes = [text.get_window_extent() for text in names]
    assert len(boxes) == 3
    assert not any(one.overlaps(two) for i, one in enumerate(boxes) for two in boxes[i + 1 :])
