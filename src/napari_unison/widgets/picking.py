"""Points of the embedding under the mouse, as time: what a lasso goes around, what a click is nearest to."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unison._compat import points_on_canvas
from napari_unison.display.polygons import inside_polygon
from napari_unison.workspace.layers import ViewerLayers
from napari_unison.workspace.time_sets import TimeSet

#: A click this near to a point (pixels) is on it.
NEAR = 8.0


def time_inside(viewer: Any, layers: ViewerLayers, polygon: npt.NDArray[Any]) -> TimeSet:
    """Return the time of all drawn points inside a polygon (k, 2) in pixels of the canvas."""
    found = TimeSet()
    embedding = layers.shown_embedding
    if embedding is None:
        return found
    for layer in layers.point_layers:
        numbers, pixels = points_on_canvas(viewer, layer)
        chosen = numbers[inside_polygon(pixels[:, :2], polygon)]
        index, bins = layer.metadata["session_index"][chosen], layer.metadata["bins"][chosen]
        for session in np.unique(index):
            found = found | TimeSet.of_bins(embedding.sessions[session], bins[index == session])
    return found


def nearest_point(viewer: Any, layers: ViewerLayers, place: tuple[float, float]) -> tuple[str, float] | None:
    """Return session and time (s) of the drawn point under a pixel, the front one of several; or None."""
    embedding = layers.shown_embedding
    best: tuple[float, tuple[str, float]] | None = None
    for layer in layers.point_layers if embedding is not None else ():
        numbers, pixels = points_on_canvas(viewer, layer)
        distance = np.hypot(*(pixels[:, :2] - place).T)
        near = np.flatnonzero(distance <= NEAR)
        if not len(near) or embedding is None:
            continue
        # Those within a pixel of the nearest one are told apart by their depth.
        near = near[distance[near] <= distance[near].min() + 1]
        front = near[np.argmin(pixels[near, 2])]
        session = embedding.sessions[layer.metadata["session_index"][numbers[front]]]
        time = float(session.time[layer.metadata["bins"][numbers[front]]])
        if best is None or distance[front] < best[0]:
            best = float(distance[front]), (session.name, time)
    return None if best is None else best[1]
