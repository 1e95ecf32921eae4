"""Lines and arrows as rows of dots."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unison.display.camera_view import CameraView
from napari_unison.display.marks import arrow_marks, line_marks
from napari_unison.display.painting import Projection, paint_points

VIEW = CameraView(centre=(0, 0, 0), direction=(0, 0, -1), up=(0, 1, 0), height=100, aspect=1.0)


def painted(marks) -> np.ndarray:
    image = np.ones((200, 200, 3), dtype=np.float32)
    paint_points(image, Projection(VIEW, 200, 200), marks.points, marks.colours, size=marks.size, opacity=1.0)
    return 1 - image[..., 0]


@pytest.mark.parametrize("alpha", [1.0, 0.4])
def test_a_line_is_closed_and_as_dark_as_asked(alpha):
    line = np.array([[[-40.0, 0.0, 0.0], [60.0, 0.0, 0.0]]])
    colours = np.array([[0.0, 0.0, 0.0, alpha]])
    dark = painted(line_marks(line, colours, 4.0)).max(axis=0)
    drawn = dark[30:130]
    assert drawn.min() > 0.8 * alpha
    assert drawn.max() <= min(1.0, 1.35 * alpha)
    assert dark[160:].max() == 0


def test_an_arrow_has_its_head_at_its_tip_and_in_its_plane():
    vectors = np.array([[[0.0, 0.0, 5.0], [20.0, 0.0, 0.0]]])
    marks = arrow_marks(vectors, np.array([[0.0, 0.0, 0.0, 1.0]]), (0, 1), 1.0)
    assert np.unique(marks.points[:, 2]) == [5.0]
    wide = marks.points[np.abs(marks.points[:, 1]) > 1.0]
    assert wide[:, 0].min() > 10
    assert marks.points[:, 0].max() <= 20.5
    assert (wide[:, 1] > 0).any()
    assert (wide[:, 1] < 0).any()


def test_no_lines_are_no_dots():
    assert len(line_marks(np.empty((0, 2, 3)), np.empty((0, 4)), 1.0).points) == 0
