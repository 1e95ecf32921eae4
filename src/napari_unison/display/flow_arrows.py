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

#: How far below the points the plane lies, as a share of their extent along the third axis.
BELOW: Final = 0.08


@dataclass(frozen=True, eq=False)
class FlowArrows:
    """Arrows from where the state is to where it is one step later.

    Attributes
    ----------
    vectors : ndarray of float32, (M, 2, 3)
        Tail and change of each arrow, as napari's vectors.
    rows : ndarray of int, (M,)
        The bin in the middle of each step, as a row of the stacked embedding: it gives the colour.
    session_index : ndarray of int, (M,)
        Number of the session.
    step : float
        Time from tail to tip (s).
    """

    vectors: npt.NDArray[np.float32]
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
        Time from tail to tip (s), rounded to whole bins of the first session, one at least.
    """
    # loaded here, since it brings all of the analysis
    from napari_unison.analysis.flow import flow_field

    values = tuple(axes.project(values) for values in embedding.values)
    bins = max(1, round(step / embedding.sessions[0].bin_width))
    flow = flow_field(replace(embedding, values=values), plane, step=bins)
    elapsed = bins * np.array([session.bin_width for session in embedding.sessions])[flow.session_index]
    change = flow.velocities * elapsed[:, np.newaxis]
    vectors = np.zeros((len(flow.rows), 2, 3), dtype=np.float32)
    vectors[:, 0, plane] = flow.positions - change / 2
    vectors[:, 1, plane] = change
    third = next(axis for axis in range(3) if axis not in plane)
    heights = np.concatenate([part[:, third] for part in values])
    vectors[:, 0, third] = heights.min() - BELOW * np.ptp(heights)
    return FlowArrows(
        vectors * np.float32(SCALE), flow.rows, flow.session_index, bins * embedding.sessions[0].bin_width
    )
