"""The best single place to name, given how likely all places are: another one for every measure."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
BestFor = Literal["median_error", "mean_error", "r2"]

BEST_FOR: Final[dict[BestFor, str]] = {
    "median_error": "least median error",
    "mean_error": "least mean error",
    "r2": "largest R²",
}


def best_places(probability: Floats, edges: Floats, best_for: BestFor) -> Floats:
    """Return the place to name in each bin.

    Parameters
    ----------
    probability : ndarray, (T, C)
        How likely each cell is; rows sum to 1.
    edges : ndarray, (C + 1,)
        Borders of the cells, equally far apart.
    best_for : {"median_error", "mean_error", "r2"}
        The posterior mean errs least in squares, and so has the largest R². The posterior median has the
        least mean error. The median over bins of the error is the smallest ``m`` with which half of all bins
        err by less than ``m``: it is least where the place is the middle of the interval of width ``2m`` that
        holds most of the probability.

    Returns
    -------
    ndarray, (T,)
        In the unit of ``edges``.
    """
    if best_for == "r2":
        return np.asarray(probability @ ((edges[1:] + edges[:-1]) / 2))
    up_to = _up_to(probability)
    if best_for == "mean_error":
        after = np.argmax(up_to >= 0.5, axis=1)
        rows = np.arange(len(up_to))
        missing = (0.5 - up_to[rows, after - 1]) / (up_to[rows, after] - up_to[rows, after - 1])
        return np.asarray(edges[after - 1] + missing * (edges[after] - edges[after - 1]))
    width = _width_that_holds_half(up_to)
    first = np.argmax(up_to[:, width:] - up_to[:, :-width], axis=1)
    return np.asarray((edges[first] + edges[first + width]) / 2)


def expected_median_error(probability: Floats, edges: Floats) -> float:
    """Return the median error to expect of places named for it, in the unit of ``edges``.

    Parameters
    ----------
    probability, edges
        See :func:`best_places`. Between numbers of cells the probability held is taken as a straight line.
    """
    up_to = _up_to(probability)
    width = _width_that_holds_half(up_to)
    fewer, more = _share_held(up_to, width - 1), _share_held(up_to, width)
    exact = width - 1 + (0.5 - fewer) / (more - fewer)
    return float(exact * (edges[1] - edges[0]) / 2)


def _up_to(probability: Floats) -> Floats:
    return np.concatenate([np.zeros((len(probability), 1)), np.cumsum(probability, axis=1)], axis=1)


def _share_held(up_to: Floats, width: int) -> float:
    """Return the probability, on average over bins, of the best interval of so many cells."""
    if width == 0:
        return 0.0
    return float(np.mean(np.max(up_to[:, width:] - up_to[:, :-width], axis=1)))


def _width_that_holds_half(up_to: Floats) -> int:
    """Return the smallest number of cells with which best intervals hold half of the bins."""
    fewest, most = 1, up_to.shape[1] - 1
    while fewest < most:
        width = (fewest + most) // 2
        fewest, most = (fewest, width) if _share_held(up_to, width) >= 0.5 else (width + 1, most)
    return fewest
