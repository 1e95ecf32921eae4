"""Every latent as a point: what it says about position against what it says about direction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from napari_unison.display.roles import label_roles

if TYPE_CHECKING:
    from napari_unison.analysis.latents import LatentScores
    from napari_unison.sessions import Session

LATENT: Final = "latent"


@dataclass(frozen=True, eq=False)
class LatentPoints:
    """A point a latent.

    Attributes
    ----------
    kind : str
        Kind of the embedding, short enough for a title.
    description : str
        The same with where its partners come from, and which bins were scored.
    across, up : str
        Names of the axes: a label's R², or "latent" where one label alone varies.
    x, y : ndarray of float64, (D,)
        Where the latents lie; NaN where there is no score.
    best : mapping of int to str
        The latents (counted from 0) that are best for a label, with its name.
    """

    kind: str
    description: str
    across: str
    up: str
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    best: dict[int, str]

    @property
    def is_strip(self) -> bool:
        """Whether the points lie above the numbers of their latents, for want of a second label."""
        return self.across == LATENT

    def in_words(self, latent: int) -> str:
        """Say number (counted from 1) and scores of a latent, and what it is best for."""
        scores = [f"{self.up} {_number(self.y[latent])}"]
        if not self.is_strip:
            scores.append(f"{self.across} {_number(self.x[latent])}")
        best = f"; best for {self.best[latent]}" if latent in self.best else ""
        return f"latent {latent + 1}: {', '.join(scores)}{best}"


def latent_points(scores: LatentScores, session: Session) -> LatentPoints | None:
    """Place every latent by its R².

    Parameters
    ----------
    scores : LatentScores
        R² of every label and latent.
    session : Session
        Any session of the embedding: it says which labels play position and direction.

    Returns
    -------
    LatentPoints or None
        Position R² over direction R²; of other labels the first two that vary, the second one across; with
        one such label its R² over the number of the latent. None where no label varies.
    """
    roles = label_roles(session)
    varying = list(scores.scored_labels)
    played = [label for label in (roles.position, roles.direction) if label in varying]
    labels = (played + [label for label in varying if label not in played])[:2]
    if not labels:
        return None
    up = scores.r2[labels[0]]
    across = scores.r2[labels[1]] if len(labels) == 2 else np.arange(1, scores.n_latents + 1, dtype=float)
    best: dict[int, str] = {}
    for label in labels:
        latent = scores.best(label)
        best[latent] = f"{best[latent]} and {label}" if latent in best else label
    return LatentPoints(
        kind=_short(scores.embedding_description),
        description=f"{scores.embedding_description}; {scores.scored_on}",
        across=f"{labels[1]} R²" if len(labels) == 2 else LATENT,
        up=f"{labels[0]} R²",
        x=np.array(across, dtype=np.float64),
        y=np.array(up, dtype=np.float64),
        best=best,
    )


def _short(description: str) -> str:
    """Leave out of an aligned embedding's kind where its partners come from."""
    return description.split(", partners")[0] + ")" if ", partners" in description else description


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"
