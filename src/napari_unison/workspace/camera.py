"""Where the camera looks from: on the widest side of the points, near enough to fill the canvas."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unison._compat import cell_size, scene_camera

#: Share of the canvas that the points fill; the rest is left to title and legend.
FILLED = 0.8
#: How far above a plane the camera stands when it looks down on it (degrees).
ELEVATION = 35.0
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


def plane_directions(
    points: npt.NDArray[Any], plane: tuple[int, int]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return view and up direction that look down on a plane of two axes, along its shorter side."""
    third = next(axis for axis in range(3) if axis not in plane)
    extent = np.ptp(points, axis=0) if len(points) else np.ones(3)
    short = plane[0] if extent[plane[0]] < extent[plane[1]] else plane[1]
    view, up = np.zeros(3), np.zeros(3)
    view[short], view[third] = np.cos(np.radians(ELEVATION)), -np.sin(np.radians(ELEVATION))
    up[third] = 1.0
    return view, up - (up @ view) * view


def fit_camera(
    viewer: Any,
    points: npt.NDArray[Any],
    *,
    turn: bool = False,
    onto: tuple[int, int] | None = None,
    also: npt.NDArray[Any] | None = None,
) -> None:
    """Let points fill the canvas, or a cell of its grid.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer.
    points : ndarray, (n, 3)
        What shall be seen.
    turn : bool
        Turn to their widest side first.
    onto : tuple of two int, optional
        Look down on the plane of these two axes first.
    also : ndarray, (n, 3), optional
        What shall be seen, too, and has no say in the direction.
    """
    camera = scene_camera(viewer)
    points = points[:: max(1, len(points) // ENOUGH)]
    if turn or onto is not None:
        view, up = view_directions(points) if onto is None else plane_directions(points, onto)
        up = up / np.linalg.norm(up)
        camera.set_view_direction(tuple(view), tuple(up))
    if also is not None:
        points = np.concatenate([points, also])
    view, up = np.asarray(camera.view_direction), np.asarray(camera.up_direction)
    frame = np.array([np.cross(up, view), up, view])
    seen = points @ frame.T
    lowest, highest = seen.min(axis=0), seen.max(axis=0)
    height, width = cell_size(viewer)
    cell = np.array([width, height])
    extent = np.maximum((highest - lowest)[:2], 1e-6)
    camera.center = tuple((lowest + highest) / 2 @ frame)
    camera.zoom = float(FILLED * np.min(cell / extent))
