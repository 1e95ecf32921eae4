"""The camera turns to the widest side of the points."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unison.workspace.camera import view_directions


@pytest.mark.parametrize("flat", [0, 1, 2])
def test_the_camera_looks_along_the_flattest_axis(flat):
    spread = np.array([10.0, 5.0, 10.0])
    spread[flat] = 0.1
    points = np.random.default_rng(0).normal(size=(500, 3)) * spread
    view, up = view_directions(points)
    assert np.argmax(np.abs(view)) == flat
    assert np.isclose(np.linalg.norm(view), 1)
    assert abs(up[flat]) < 0.1


@pytest.mark.parametrize("points", [np.zeros((1, 3)), np.zeros((5, 3)), np.eye(3)[:2]])
def test_few_points_still_have_a_view(points):
    view, up = view_directions(points)
    assert np.isfinite(view).all()
    assert np.linalg.norm(np.cross(view, up)) > 0.5
