"""What is shown and how: a small frozen model that the workspace replaces as a whole."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

#: Three latents by their index, the best ones for the labels, or principal components.
LatentChoice = tuple[int, ...] | Literal["best", "pca"]
EmbeddingKind = Literal["aligned", "label-free"]


class DisplaySettings(BaseModel):
    """What is shown of the current run.

    Attributes
    ----------
    kind : {"aligned", "label-free"}
        Which embedding.
    latents : tuple of up to three int, "best" or "pca"
        Axes of the picture, latents counted from 0. ``"best"`` takes the best latent of each of the first
        labels and the next best one, ``"pca"`` the principal components of all latents.
    colour : str
        What the points are coloured by; ``display.colour_modes(embedding)`` lists the choices.
    point_size : float
        Size of the points, in the units of the picture (the embedding scaled by 100).
    opacity : float
        Opacity of the points, 0 to 1.
    grid : bool
        One cell a session, and one with all of them, instead of a single picture.
    max_points : int
        At most this many points are drawn; every n-th time bin is, where there are more.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: EmbeddingKind = "aligned"
    latents: LatentChoice = "best"
    colour: str = "position and direction"
    point_size: float = Field(1.0, gt=0, le=50)
    opacity: float = Field(0.8, gt=0, le=1)
    grid: bool = False
    max_points: int = Field(100_000, ge=100, le=5_000_000)
