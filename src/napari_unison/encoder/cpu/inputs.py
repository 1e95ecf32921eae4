"""What a training batch reads, and the two ways to take the first convolution of it.

The first convolution sums over neurons, and most counts are zero: of sparse activity only the entries that
are there are read and multiplied, of dense activity one product a session is taken. Masks are applied on the
way, so that the windows of a batch, ``(W, 3 · B, ΣN)``, never stand in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numba import njit

from napari_unison.encoder.cpu.elementary import FLAGS
from napari_unison.encoder.cpu.masks import BatchMasks
from napari_unison.encoder.windows import training_windows
from napari_unison.sessions import Session

Array = np.ndarray[Any, np.dtype[Any]]

#: Samples that are turned at a time: a cache line of float32.
TILE = 16


def share_of_non_zeros(sessions: Sequence[Session]) -> float:
    """Return the share of entries that are not zero, over all sessions."""
    filled = sum(
        int(np.count_nonzero(s.neural)) if isinstance(s.neural, np.ndarray) else s.neural.count_nonzero()
        for s in sessions
    )
    return float(filled / sum(s.n_bins * s.n_neurons for s in sessions))


class BatchInput(NamedTuple):
    """What a batch of ``3 · B`` samples reads of ``k`` sessions.

    Attributes
    ----------
    bins : array (k, 3 · B) of int64
        Rows of the bank, one a bin; negative where a session is silent.
    columns : array (k + 1,) of int64
        First neuron of each session among those of the batch, and their number ΣN.
    masks : BatchMasks
        What survives.
    """

    bins: Array
    columns: Array
    masks: BatchMasks


class WindowRows(NamedTuple):
    """Rows of the bank that the window of each bin reads.

    Attributes
    ----------
    start : array (ΣT,) of int32
        First of ``W`` rows that follow one another; ``-1 - i`` where a window repeats the edge bins of a
        short segment, and then its rows are ``irregular[i]``.
    irregular : array (n, W) of int32
        Rows of such windows.
    """

    start: Array
    irregular: Array

    @classmethod
    def of(cls, sessions: Sequence[Session], left: int, right: int) -> WindowRows:
        """Find the rows of the training windows of sessions that are stacked one after another."""
        starts, irregular, first_row, n_irregular = [], [], 0, 0
        for session in sessions:
            windows = training_windows(session, left, right) + first_row
            start = windows[:, 0].astype(np.int32)
            odd = np.flatnonzero(windows[:, -1] - windows[:, 0] != left + right - 1)
            start[odd] = -1 - n_irregular - np.arange(len(odd))
            starts.append(start)
            irregular.append(windows[odd].astype(np.int32))
            n_irregular += len(odd)
            first_row += session.n_bins
        return cls(np.concatenate(starts), np.concatenate(irregular))


class Bank(Protocol):
    """Activity of all sessions, stacked in time, ready for the first convolution.

    Its output stands in blocks ``(m, L · h, n)`` with samples last, as the rest of the network takes it;
    ``n`` is a multiple of :data:`TILE`. Samples after the end of the batch are zero.
    """

    def project(self, batch: BatchInput, weights: Array, bias: Array, first: int, blocks: Array) -> None:
        """Take the first convolution.

        Parameters
        ----------
        batch : BatchInput
            What the batch reads.
        weights : array (ΣN, kernel · h) of float32
            Input weights of the batch's sessions, one block of columns a shift, the largest shift first. So
            what one value gives to the output stands together, for it reaches ``kernel`` steps: as many
            as its own, and the ones before.
        bias : array (h,) of float32
            Its bias.
        first : int
            First sample.
        blocks : array (m, L · h, n) of float32
            Gets the output of ``m · n`` samples from the first on, ``L = W - kernel + 1``.
        """

    def add_gradient(self, batch: BatchInput, blocks: Array, first: int, weights: Array) -> None:
        """Add the gradient of the weights, from that of the output of ``m · n`` samples."""


@njit(nogil=True, cache=True, fastmath=FLAGS)
def write_tile(hidden: Array, bias: Array, block: Array, first: int) -> None:
    """Turn a few samples' output so that samples come last, and add the bias.

    Parameters
    ----------
    hidden : array (TILE, (kernel - 1 + L + kernel - 1) · h) of float32
        Steps one after another; those before and after the output's catch what the window's edges give them.
    bias : array (h,) of float32
        Added to every step.
    block : array (L · h, n) of float32
        Gets the samples as columns.
    first : int
        Column of the first sample.
    """
    h = bias.size
    margin = (hidden.shape[1] - block.shape[0]) // 2
    # slices, for an index that may be negative would keep the loop from vector instructions
    inner, own = hidden[:, margin:], block[:, first:]
    for r in range(block.shape[0]):
        shift = bias[r % h]
        for k in range(hidden.shape[0]):
            own[r, k] = inner[k, r] + shift


@njit(nogil=True, cache=True, fastmath=FLAGS)
def read_tile(block: Array, first: int, hidden: Array) -> None:
    """Go the way of :func:`write_tile` back, for gradients; the edges get none."""
    margin = (hidden.shape[1] - block.shape[0]) // 2
    hidden[:] = 0
    inner, own = hidden[:, margin:], block[:, first:]
    for r in range(block.shape[0]):
        for k in range(hidden.shape[0]):
            inner[k, r] = own[r, k]
