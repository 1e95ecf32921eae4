"""Folds inside a training part: contiguous blocks of laps, so that choices are scored on unseen laps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

N_INNER_FOLDS = 5
# Neighbouring bins say nearly the same, so a choice needs no more of them than this.
_MOST_BINS_SCORED = 2000


@dataclass(frozen=True)
class InnerFold:
    """Rows of a training part to fit on, and rows to score the fit on.

    Attributes
    ----------
    fit : ndarray of int, (a,)
        Rows outside the block of laps and its guard.
    held_out : ndarray of int, (b,)
        Rows of the block.
    """

    fit: npt.NDArray[np.intp]
    held_out: npt.NDArray[np.intp]

    def within(self, known: npt.NDArray[np.bool_]) -> InnerFold:
        """Leave out the rows that are not known; ``known`` is (n,)."""
        return InnerFold(self.fit[known[self.fit]], self.held_out[known[self.held_out]])

    def thinned(self) -> InnerFold:
        """Score at most 2000 rows, spread evenly over the block."""
        if len(self.held_out) <= _MOST_BINS_SCORED:
            return self
        spread = np.linspace(0, len(self.held_out) - 1, _MOST_BINS_SCORED).astype(np.intp)
        return InnerFold(self.fit, self.held_out[spread])


def inner_folds(
    laps: npt.NDArray[Any],
    n_folds: int = N_INNER_FOLDS,
    *,
    guard: int = 0,
    recordings: npt.NDArray[Any] | None = None,
) -> tuple[InnerFold, ...]:
    """Divide a training part into contiguous blocks of laps, each held out once.

    Blocks hold about equally many bins. Where there are too few laps for that, the blocks are equal
    stretches of bins.

    Parameters
    ----------
    laps : ndarray, (n,)
        Lap of each row, rows in time order; the value changes at every border.
    n_folds : int, default 5
        Blocks wanted.
    guard : int, default 0
        Rows before and after a block that are left out of ``fit``.
    recordings : ndarray, (n,), optional
        Recording of each row where rows of several follow one another: every block then takes its share of
        each recording. One recording unless given.

    Returns
    -------
    tuple of InnerFold
        Folds with rows on both sides; fewer than ``n_folds`` (or none) where there are too few rows.
    """
    if recordings is None:
        recordings = np.zeros(len(laps), dtype=np.intp)
    starts, stops = _stretches(recordings)
    block = np.concatenate(
        [np.empty(0, dtype=np.intp)]
        + [_blocks(laps[start:stop], n_folds) for start, stop in zip(starts, stops, strict=True)]
    )
    folds: list[InnerFold] = []
    for number in range(n_folds):
        is_fit = block != number
        for start, stop in zip(starts, stops, strict=True):
            held_out = start + np.flatnonzero(block[start:stop] == number)
            if len(held_out):
                is_fit[max(start, held_out[0] - guard) : min(stop, held_out[-1] + 1 + guard)] = False
        fold = InnerFold(np.flatnonzero(is_fit), np.flatnonzero(block == number))
        if len(fold.fit) and len(fold.held_out):
            folds.append(fold)
    return tuple(folds)


def held_out_errors(
    folds: Sequence[InnerFold],
    known: npt.NDArray[np.bool_],
    errors_of: Callable[[InnerFold], npt.ArrayLike],
) -> npt.NDArray[np.float64] | None:
    """Average the errors of candidates over held-out bins.

    Parameters
    ----------
    folds : sequence of InnerFold
        Blocks of laps to hold out.
    known : ndarray of bool, (n,)
        Rows that have the label.
    errors_of : callable
        Takes a fold of known rows and returns mean errors, in the same shape for every fold.

    Returns
    -------
    ndarray of float64 or None
        Mean over all held-out rows; None where no fold has known rows on both sides.
    """
    total, n_scored = np.zeros(()), 0
    for fold in (fold.within(known).thinned() for fold in folds):
        if len(fold.fit) and len(fold.held_out):
            total = total + len(fold.held_out) * np.asarray(errors_of(fold), dtype=np.float64)
            n_scored += len(fold.held_out)
    return total / n_scored if n_scored else None


def _blocks(laps: npt.NDArray[Any], n_folds: int) -> npt.NDArray[np.intp]:
    """Return the block of each row of one recording, (n,), never decreasing."""
    starts, stops = _stretches(laps)
    # A lap belongs to the block in which its middle lies.
    block = (n_folds * (starts + stops) // (2 * max(len(laps), 1))).astype(np.intp)
    if len(np.unique(block)) < min(n_folds, len(laps)):
        return np.asarray(np.arange(len(laps)) * n_folds // len(laps), dtype=np.intp)
    return np.repeat(block, stops - starts)


def _stretches(values: npt.NDArray[Any]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return where stretches of equal value start and end."""
    borders = np.flatnonzero(values[1:] != values[:-1]) + 1
    starts = np.concatenate([[0], borders]) if len(values) else borders
    stops = np.concatenate([borders, [len(values)]]) if len(values) else borders
    return starts.astype(np.intp), stops.astype(np.intp)
