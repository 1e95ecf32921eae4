"""Points seen by a camera, painted into an image: the picture of the canvas without a canvas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numba import njit

from napari_unison.display.camera_view import CameraView

Image = npt.NDArray[np.float32]

#: Smallest diameter of a point (pixels), as on napari's canvas.
SMALLEST_POINT: Final = 2.0


@dataclass(frozen=True, eq=False)
class Projection:
    """How a view is laid into an image; parallel lines stay parallel, as on the canvas.

    Attributes
    ----------
    view : CameraView
        The view.
    width, height : int
        Of the image, in pixels.
    """

    view: CameraView
    width: int
    height: int

    @property
    def pixels_per_unit(self) -> float:
        """Pixels for each unit of the picture."""
        return self.height / self.view.height

    def turned(self, angle: float) -> Projection:
        """Return the projection after walking around what is seen by an angle (rad), its up staying up."""
        right, up, towards = self._frame()
        direction = -towards * np.cos(angle) + right * np.sin(angle)
        view = self.view.model_copy(update={"direction": tuple(direction), "up": tuple(up)})
        return Projection(view, self.width, self.height)

    def project(self, points: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return column, row (pixels) and nearness of points (n, 3) as (n, 3)."""
        frame = np.array(self._frame())
        seen = (np.asarray(points, dtype=np.float64) - np.asarray(self.view.centre)) @ frame.T
        columns = self.width / 2 + seen[:, 0] * self.pixels_per_unit
        rows = self.height / 2 - seen[:, 1] * self.pixels_per_unit
        return np.column_stack([columns, rows, seen[:, 2]])

    def axes_on_page(self) -> npt.NDArray[np.float64]:
        """Return how far unit vectors along the three axes go to the right and up, (3, 2)."""
        right, up, _ = self._frame()
        return np.column_stack([right, up])

    def _frame(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return what is right, up and towards the viewer."""
        direction = np.asarray(self.view.direction) / np.linalg.norm(self.view.direction)
        up = np.asarray(self.view.up) - direction * (direction @ np.asarray(self.view.up))
        up /= np.linalg.norm(up)
        return np.cross(direction, up), up, -direction


def paint_points(
    image: Image,
    projection: Projection,
    points: npt.NDArray[Any],
    colours: npt.NDArray[np.float32],
    *,
    size: float,
    opacity: float,
) -> None:
    """Paint points as round spots into an image, the near ones over the far ones.

    Parameters
    ----------
    image : ndarray of float32, (height, width, 3)
        Is painted on; 0 to 1.
    projection : Projection
        Where points come to lie.
    points : ndarray, (n, 3)
        In units of the picture.
    colours : ndarray of float32, (n, 4)
        RGBA.
    size : float
        Diameter, in units of the picture.
    opacity : float
        0 to 1.
    """
    seen = projection.project(points)
    order = np.argsort(seen[:, 2], kind="stable")
    radius = max(size * projection.pixels_per_unit, SMALLEST_POINT) / 2
    _paint(image, seen[order, 0], seen[order, 1], np.ascontiguousarray(colours[order]), radius, opacity)


@njit(nogil=True, cache=True)
def _paint(image, columns, rows, colours, radius, opacity):  # type: ignore[no-untyped-def]  # pragma: no cover
    height, width = image.shape[:2]
    for point in range(len(columns)):
        column, row = columns[point], rows[point]
        first_row, last_row = int(np.floor(row - radius)), int(np.ceil(row + radius))
        first, last = int(np.floor(column - radius)), int(np.ceil(column + radius))
        if last < 0 or first >= width or last_row < 0 or first_row >= height:
            continue
        for y in range(max(first_row, 0), min(last_row + 1, height)):
            for x in range(max(first, 0), min(last + 1, width)):
                distance = np.sqrt((x + 0.5 - column) ** 2 + (y + 0.5 - row) ** 2)
                cover = min(max(radius + 0.5 - distance, 0.0), 1.0) * opacity * colours[point, 3]
                if cover > 0:
                    for channel in range(3):
                        image[y, x, channel] += cover * (colours[point, channel] - image[y, x, channel])
