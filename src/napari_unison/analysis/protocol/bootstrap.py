"""How sure a score is: bootstrap over laps, and over sessions and laps together.

A lap's bins resemble each other, so laps are drawn with replacement, not bins. What is drawn says how the
score of this fixed pipeline would vary with other laps; it does not refit anything.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]
Laps = npt.NDArray[np.integer[Any]]

_DRAWS_AT_ONCE: Final = 500


def draw_laps(n_laps: int, n_draws: int, random: np.random.Generator) -> Floats:
    """Draw laps with replacement, as many as there are.

    Parameters
    ----------
    n_laps, n_draws : int
        Laps, and how often they are drawn.
    random : Generator
        Where chance comes from.

    Returns
    -------
    ndarray, (n_draws, n_laps)
        How often each lap stands in each draw.
    """
    return random.multinomial(n_laps, np.full(n_laps, 1 / n_laps), size=n_draws).astype(np.float64)


def mean_draws(values: Floats, lap: Laps, weights: Floats) -> Floats:
    """Return the mean over bins in each draw of laps.

    Parameters
    ----------
    values : ndarray, (n,)
        One value a bin.
    lap : ndarray of int, (n,)
        Lap of each bin, from 0 to n_laps - 1.
    weights : ndarray, (n_draws, n_laps)
        How often each lap is drawn.

    Returns
    -------
    ndarray, (n_draws,)
    """
    n_laps = weights.shape[1]
    sums = np.bincount(lap, weights=values, minlength=n_laps)
    counts = np.bincount(lap, minlength=n_laps)
    return np.asarray((weights @ sums) / (weights @ counts))


def r_squared_draws(truth: Floats, predicted: Floats, lap: Laps, weights: Floats) -> Floats:
    """Return R² in each draw of laps; NaN where the truth does not vary.

    Parameters
    ----------
    truth, predicted : ndarray, (n, k)
        What was and what is said.
    lap, weights : ndarray, (n,) and (n_draws, n_laps)
        See :func:`mean_draws`.

    Returns
    -------
    ndarray, (n_draws,)
        ``1 - Σ‖y - ŷ‖² / Σ‖y - ȳ‖²`` with the mean of the draw.
    """
    # Around the mean of all bins the squares stay small, and no digits are lost.
    centred = truth - truth.mean(axis=0)
    counts = weights @ np.bincount(lap, minlength=weights.shape[1])
    residual = mean_draws(np.sum((truth - predicted) ** 2, axis=1), lap, weights) * counts
    squares = mean_draws(np.sum(centred**2, axis=1), lap, weights) * counts
    means = np.stack([mean_draws(column, lap, weights) for column in centred.T], axis=1)
    total = squares - counts * np.sum(means**2, axis=1)
    smallest = np.finfo(np.float64).eps * np.maximum(1.0, counts * float(np.mean(np.sum(truth**2, axis=1))))
    result = np.full(len(total), np.nan)
    varies = total > smallest
    result[varies] = 1.0 - residual[varies] / total[varies]
    return result


def median_draws(values: Floats, lap: Laps, weights: Floats) -> Floats:
    """Return the exact median over bins in each draw of laps.

    Parameters
    ----------
    values : ndarray, (n,)
        One value a bin.
    lap, weights : ndarray, (n,) and (n_draws, n_laps)
        See :func:`mean_draws`.

    Returns
    -------
    ndarray, (n_draws,)
        The middle value, or the mean of both middle ones, as ``np.median`` of the bins drawn.
    """
    order = np.argsort(values, kind="stable")
    ordered, laps = values[order], lap[order]
    # Ordered bins stand in blocks: a draw's bins up to the end of each block are one product of matrices,
    # and only within the block of the median they are counted one by one.
    size = math.isqrt(len(values)) + 1
    n_blocks = -(-len(values) // size)
    held = np.zeros((n_blocks, weights.shape[1]))
    np.add.at(held, (np.arange(len(laps)) // size, laps), 1.0)
    up_to = np.cumsum(weights @ held.T, axis=1)
    n_drawn = up_to[:, -1]
    medians = np.empty(len(weights))
    for first in range(0, len(weights), _DRAWS_AT_ONCE):
        part = slice(first, first + _DRAWS_AT_ONCE)
        middles = [
            _ranked(ordered, laps, weights[part], up_to[part], rank, size)
            for rank in (np.ceil(n_drawn[part] / 2), np.floor(n_drawn[part] / 2) + 1)
        ]
        medians[part] = (middles[0] + middles[1]) / 2
    return medians


def _ranked(ordered: Floats, laps: Laps, weights: Floats, up_to: Floats, rank: Floats, size: int) -> Floats:
    """Return the value of a rank (1 is the smallest) in each draw: its block first, then the bin in it."""
    block = np.sum(up_to < rank[:, None], axis=1)
    draws = np.arange(len(weights))
    before = np.where(block > 0, up_to[draws, block - 1], 0.0)
    bins = block[:, None] * size + np.arange(size)
    inside = bins < len(ordered)
    bins = np.minimum(bins, len(ordered) - 1)
    drawn = np.where(inside, weights[draws[:, None], laps[bins]], 0.0)
    place = np.sum(before[:, None] + np.cumsum(drawn, axis=1) < rank[:, None], axis=1)
    return np.asarray(ordered[bins[draws, place]])


def session_draws(draws: Sequence[Floats], random: np.random.Generator) -> Floats:
    """Return the mean over sessions where both sessions and laps within them are drawn.

    Parameters
    ----------
    draws : sequence of ndarray, (n_draws,)
        The statistic of each session in draws of its laps.
    random : Generator
        Where chance comes from.

    Returns
    -------
    ndarray, (n_draws,)
        Each of them the mean over as many sessions as there are, drawn with replacement; a session that is
        drawn twice comes with two draws of its laps.
    """
    bank = np.stack(draws)
    n_sessions, n_draws = bank.shape
    sessions = random.integers(n_sessions, size=(n_draws, n_sessions))
    laps = random.integers(n_draws, size=(n_draws, n_sessions))
    return np.asarray(bank[sessions, laps].mean(axis=1))


def interval(draws: Floats, level: float = 0.95, *, n_units: int | None = None) -> tuple[float, float]:
    """Return the percentile interval of bootstrap draws.

    Parameters
    ----------
    draws : ndarray, (n_draws,)
        A statistic in each draw; NaN ones are left out.
    level : float, default 0.95
        Share of cases in which the interval is to cover the truth.
    n_units : int, optional
        How many laps were drawn from. Few of them make percentile intervals too narrow; they are widened as
        Student's t is against the normal distribution (expanded percentile interval; Hesterberg, The
        American Statistician 69, 2015).

    Returns
    -------
    low, high : float
        NaN where there is no draw, or fewer than two units.

    Raises
    ------
    ValueError
        If the level does not lie between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level}: give a share between 0 and 1, such as 0.95")
    known = draws[np.isfinite(draws)]
    if len(known) == 0 or (n_units is not None and n_units < 2):
        return float("nan"), float("nan")
    tail = (1 - level) / 2
    if n_units is not None:
        wider = np.sqrt(n_units / (n_units - 1)) * special.stdtrit(n_units - 1, tail)
        tail = float(special.ndtr(wider))
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)
