"""Lines and arrows over the points of a figure, as rows of dots: painted like points, and as fast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

#: Dots that lie over each other at any place of a line.
DEEP: Final = 3
#: Most dots of one line.
MOST_DOTS: Final = 400
#: Length of the barbs of an arrow's head against the arrow, and their angle to its shaft (rad).
BARB, BARB_ANGLE = 0.35, np.deg2rad(150)


@dataclass(frozen=True, eq=False)
class Marks:
    """Dots that are painted below or above the points.

    Attributes
    ----------
    points : ndarray of float32, (n, 3)
        In units of the picture.
    colours : ndarray of float32, (n, 4)
        RGBA.
    size : float
        Diameter, in units of the picture.
    """

    points: npt.NDArray[np.float32]
    colours: npt.NDArray[np.float32]
    size: float


@dataclass(frozen=True, eq=False)
class PanelMarks:
    """What is painted in one panel besides its points.

    Attributes
    ----------
    below, above : tuple of Marks
        In the order of painting.
    """

    below: tuple[Marks, ...] = ()
    above: tuple[Marks, ...] = ()


def line_marks(vectors: npt.NDArray[Any], colours: npt.NDArray[Any], width: float) -> Marks:
    """Return lines as rows of dots.

    Parameters
    ----------
    vectors : ndarray, (m, 2, 3)
        Tail and change of each line.
    colours : ndarray, (m, 4)
        RGBA, as the line shall look.
    width : float
        In units of the picture.
    """
    lengths = np.linalg.norm(vectors[:, 1], axis=1)
    counts = np.clip(np.ceil(DEEP * lengths / width), 1, MOST_DOTS).astype(np.intp)
    line = np.repeat(np.arange(len(vectors)), counts)
    number = np.arange(len(line)) - np.repeat(np.cumsum(counts) - counts, counts)
    share = (number + 0.5) / counts[line]
    points = vectors[line, 0] + share[:, np.newaxis] * vectors[line, 1]
    rgba = np.asarray(colours, dtype=np.float32)[line].copy()
    # where several half-transparent dots lie over each other, less shines through
    rgba[:, 3] = 1 - (1 - np.clip(rgba[:, 3], 0, 1)) ** (1 / DEEP)
    return Marks(points.astype(np.float32), rgba, width)


def arrow_marks(
    vectors: npt.NDArray[Any], colours: npt.NDArray[Any], plane: tuple[int, int], width: float
) -> Marks:
    """Return arrows that lie in a plane of two axes (counted from 0), shaft and head, as rows of dots."""
    tips, changes = vectors.sum(axis=1), vectors[:, 1]
    parts = [vectors]
    for angle in (BARB_ANGLE, -BARB_ANGLE):
        first, second = (changes[:, axis] for axis in plane)
        barb = np.zeros_like(changes)
        barb[:, plane[0]] = BARB * (np.cos(angle) * first - np.sin(angle) * second)
        barb[:, plane[1]] = BARB * (np.sin(angle) * first + np.cos(angle) * second)
        parts.append(np.stack([tips, barb], axis=1))
    return line_marks(np.concatenate(parts), np.tile(colours, (3, 1)), width)
