"""Where the camera looks from: on the widest side of the points, near enough to fill the canvas."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unison._compat import cell_size, scene_camera

#: Share of the canvas that the points fill; the rest is left to title and legend.
FILLED = 0.8
#: So many points, evenly chosen, say which side is the widest and how far they reach.
ENOUGH = 20_000
#: How far the camera is turned off the flattest view, so that depth shows.
TILT = 0.35


def view_directions(points: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return view and up direction that show points (n, 3) at their widest, a little tilted."""
    _, axes = np.linalg.eigh(np.cov(points.T) if len(points) > 1 else np.eye(3))
    flat, height = axes[:, 0], axes[:, 1]
    view = flat + TILT * height
    return view / np.linalg.norm(view), height


def fit_camera(viewer: Any, points: npt.NDArray[Any], *, turn: bool) -> None:
    """Let points (n, 3) fill the canvas, or a cell of its grid; ``turn`` to their widest side first."""
    camera = scene_camera(viewer)
    points = points[:: max(1, len(points) // ENOUGH)]
    if turn:
        view, up = view_directions(points)
        camera.set_view_direction(tuple(view), tuple(up))
    view, up = np.asarray(camera.view_direction), np.asarray(camera.up_direction)
    frame = np.array([np.cross(up, view), up, view])
    seen = points @ frame.T
    lowest, highest = seen.min(axis=0), seen.max(axis=0)
    height, width = cell_size(viewer)
    cell = np.array([width, height])
    extent = np.maximum((highest - lowest)[:2], 1e-6)
    camera.center = tuple((lowest + highest) / 2 @ frame)
    camera.zoom = float(FILLED * np.min(cell / extent))
