"""The flow field as arrows in the picture of an embedding, in the plane of two of its axes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from napari_unison.display.points import SCALE

if TYPE_CHECKING:
    from napari_unison.display.points import EmbeddingAxes
    from napari_unison.encoder.embedding import Embedding

#: Axes (counted from 0) of each plane that the settings name.
PLANES: Final = {"1 and 2": (0, 1), "1 and 3": (0, 2), "2 and 3": (1, 2)}
#: A fast step (95th percentile) is drawn as this share of the field, if it is longer: whole steps would hide
#: each other.
FAST: Final = 1 / 14
#: How far below the points the plane lies, as a share of their extent along the third axis.
BELOW: Final = 0.25


@dataclass(frozen=True, eq=False)
class FlowArrows:
    """Arrows along the way of the state, as long as it is fast.

    Attributes
    ----------
    vectors : ndarray of float32, (M, 2, 3)
        Tail and change of each arrow, as napari's vectors; their middle is that of the step.
    share : float
        How much of each step is drawn.
    rows : ndarray of int, (M,)
        The bin in the middle of each step, as a row of the stacked embedding: it gives the colour.
    session_index : ndarray of int, (M,)
        Number of the session.
    step : float
        Time of a whole step (s).
    """

    vectors: npt.NDArray[np.float32]
    share: float
    rows: npt.NDArray[np.intp]
    session_index: npt.NDArray[np.intp]
    step: float


def flow_arrows(embedding: Embedding, axes: EmbeddingAxes, plane: tuple[int, int], step: float) -> FlowArrows:
    """Take the steps of the state through two axes, and lay them into a plane below the points.

    Parameters
    ----------
    embedding : Embedding
        What is drawn.
    axes : EmbeddingAxes
        Its three axes: latents, or components.
    plane : tuple of two int
        Two of them, counted from 0.
    step : float
        Time over which the change is taken (s), rounded to whole bins of the first session, one at least.
    """
    # loaded here, since it brings all of the analysis
    from napari_unison.analysis.flow import flow_field

    values = tuple(axes.project(values) for values in embedding.values)
    bins = max(1, round(step / embedding.sessions[0].bin_width))
    flow = flow_field(replace(embedding, values=values), plane, step=bins)
    elapsed = bins * np.array([session.bin_width for session in embedding.sessions])[flow.session_index]
    change = flow.velocities * elapsed[:, np.newaxis]
    share = _drawn_share(flow.positions, change)
    vectors = np.zeros((len(flow.rows), 2, 3), dtype=np.float32)
    vectors[:, 0, plane] = flow.positions - share * change / 2
    vectors[:, 1, plane] = share * change
    third = next(axis for axis in range(3) if axis not in plane)
    heights = np.concatenate([part[:, third] for part in values])
    vectors[:, 0, third] = heights.min() - BELOW * np.ptp(heights)
    return FlowArrows(
        vectors=vectors * np.float32(SCALE),
        share=share,
        rows=flow.rows,
        session_index=flow.session_index,
        step=bins * embedding.sessions[0].bin_width,
    )


def _drawn_share(positions: npt.NDArray[np.float64], change: npt.NDArray[np.float64]) -> float:
    """Return how much of each step, (M, 2) at positions (M, 2), is drawn."""
    if not len(change):
        return 1.0
    fast = float(np.percentile(np.linalg.norm(change, axis=1), 95))
    extent = float(np.ptp(positions, axis=0).max())
    return min(1.0, FAST * extent / fast) if fast > 0 else 1.0
