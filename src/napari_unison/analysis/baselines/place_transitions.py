"""Where an animal is one bin later: probabilities between states, counted in behaviour."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from napari_unison.analysis.baselines.place_states import PlaceStates

# What was seen of movements spreads this far along both places (bins).
_SMOOTHING = 1.0
# Truncated Gaussians leave nothing beyond four standard deviations.
_JUMP = 1e-4


def fit_transitions(
    states: PlaceStates, rows: npt.NDArray[np.intp], stretch: npt.NDArray[Any], *, jump: float = _JUMP
) -> npt.NDArray[np.float64]:
    """Return how likely each visited state is one bin after each visited state.

    Parameters
    ----------
    states : PlaceStates
        States of all bins.
    rows : ndarray of int
        Bins to count in, increasing; all of them have a state.
    stretch : ndarray, (T,)
        The same value in all bins of a stretch of continuous time. Only neighbours within one count.
    jump : float
        Probability of going anywhere, so that nothing is impossible.

    Returns
    -------
    ndarray of float64, (K, K)
        From rows to columns, each row sums to 1; of the states that were visited. Counts are smoothed along
        both places by a Gaussian of one place bin. Anything is as likely after a state that nothing follows.
    """
    n_categories, n_places = states.shape
    follows = (np.diff(rows) == 1) & (stretch[rows[1:]] == stretch[rows[:-1]])
    index = states.index(rows)
    counts = np.zeros((n_categories * n_places, n_categories * n_places))
    np.add.at(counts, (index[:-1][follows], index[1:][follows]), 1.0)
    if states.place is not None:
        by_place = counts.reshape(n_categories, n_places, n_categories, n_places)
        mode: Literal["wrap", "constant"] = "wrap" if states.is_circular else "constant"
        for axis in (1, 3):
            by_place = gaussian_filter1d(by_place, _SMOOTHING, axis=axis, mode=mode)
        counts = by_place.reshape(counts.shape)
    visited = states.visited(rows)
    counts = counts[np.ix_(visited, visited)]
    total = counts.sum(axis=1, keepdims=True)
    anywhere = np.full_like(counts, 1 / len(counts))
    observed = np.divide(counts, total, out=anywhere.copy(), where=total > 0)
    return np.asarray((1 - jump) * observed + jump * anywhere)
