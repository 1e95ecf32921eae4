"""From where an embedding is looked at, apart from any viewer: kept, drawn, turned for a movie."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

Vector = tuple[float, float, float]
DEFAULT_ASPECT = 1.2


class CameraView(BaseModel):
    """Where the camera stands.

    Lengths are those of the picture: latents times 100.

    Attributes
    ----------
    direction : tuple of three float
        Where it looks.
    up : tuple of three float
        What is up on the picture.
    centre : tuple of three float
        The point in the middle of the picture.
    height : float
        How much the picture shows from its lower edge to its upper one.
    aspect : float
        Width of the picture over its height.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    direction: Vector = (-1.0, 0.0, 0.0)
    up: Vector = (0.0, -1.0, 0.0)
    centre: Vector = (0.0, 0.0, 0.0)
    height: float = Field(250.0, gt=0)
    aspect: float = Field(DEFAULT_ASPECT, gt=0)

    @classmethod
    def of(
        cls, direction: Any, up: Any, centre: Any, height: float, aspect: float = DEFAULT_ASPECT
    ) -> CameraView:
        """Make a view of any three vectors, rounded to what can be seen."""
        return cls(
            direction=_rounded(direction, 4),
            up=_rounded(up, 4),
            centre=_rounded(centre, 2),
            height=round(float(height), 2),
            aspect=round(float(aspect), 3),
        )

    @classmethod
    def of_points(cls, points: npt.NDArray[Any]) -> CameraView:
        """Look at points (n, 3) from a little above, near enough to see them all."""
        centre = (points.min(axis=0) + points.max(axis=0)) / 2
        height = 2.2 * float(np.max(np.linalg.norm(points - centre, axis=1), initial=1e-6))
        return cls.of((-0.85, 0.4, 0.35), (-0.4, -0.9, 0.0), centre, height)


def _rounded(vector: Any, decimals: int) -> Vector:
    first, second, third = (round(float(value), decimals) for value in vector)
    return first, second, third
