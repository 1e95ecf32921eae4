"""What a line goes around."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_unison.display.polygons import inside_polygon


@given(st.floats(-50, 50), st.floats(-50, 50), st.floats(1, 40))
def test_a_circle_holds_what_is_nearer_than_its_radius(x, y, radius):
    points = np.random.default_rng(0).uniform(-60, 60, (500, 2))
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    circle = np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])
    distance = np.hypot(*(points - (x, y)).T)
    clear = np.abs(distance - radius) > 0.01 * radius
    np.testing.assert_array_equal(inside_polygon(points, circle)[clear], (distance < radius)[clear])


def test_a_line_of_two_corners_holds_nothing():
    assert not inside_polygon(np.zeros((3, 2)), np.array([[0.0, 0.0], [1.0, 1.0]])).any()
