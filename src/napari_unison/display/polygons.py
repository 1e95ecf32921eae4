"""Which points lie inside a line that was drawn around them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.path import Path


def inside_polygon(points: npt.NDArray[Any], polygon: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return which points (n, 2) lie inside a polygon (k, 2), which is closed by itself; (n,).

    Where the line crosses itself, what it goes around at all is inside.
    """
    inside = np.zeros(len(points), dtype=bool)
    if len(polygon) < 3:
        return inside
    (left, top), (right, bottom) = polygon.min(axis=0), polygon.max(axis=0)
    x, y = points.T
    # Few points are near a lasso: the others need not be compared with each of its edges.
    near = np.flatnonzero((x >= left) & (x <= right) & (y >= top) & (y <= bottom))
    # The last vertex of a closed path is not read.
    closed = Path(np.vstack([polygon, polygon[:1]]), closed=True)
    inside[near] = closed.contains_points(points[near])
    return inside
