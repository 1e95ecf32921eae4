"""The first convolution of sparse activity: only entries that are not zero are read and multiplied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from scipy import sparse

from napari_unison.encoder.cpu.elementary import FLAGS
from napari_unison.encoder.cpu.inputs import TILE, BatchInput, WindowRows, read_tile, write_tile
from napari_unison.encoder.cpu.masks import fill_kept
from napari_unison.sessions import Session

Array = np.ndarray[Any, np.dtype[Any]]


class _Entries(NamedTuple):
    """Entries that are not zero, in the order of time bins.

    ``ends`` (ΣT + 1,) says where each bin's entries begin; ``entries`` (E, 3) of int32 holds an entry's row,
    its neuron within the session and the bits of its value side by side, because they are read together.
    """

    ends: Array
    entries: Array


class SparseBank:
    """Sparse activity of all sessions; what it does is said by :class:`~.inputs.Bank`.

    Parameters
    ----------
    sessions : sequence of Session
        The ``S`` training sessions.
    left, right : int
        The window of bin ``t`` is ``t - left … t + right - 1``.
    """

    def __init__(self, sessions: Sequence[Session], left: int, right: int) -> None:
        ends, entries, n_entries, first_row = [np.zeros(1, dtype=np.int64)], [], 0, 0
        for session in sessions:
            matrix = sparse.csr_array(session.neural)
            if not matrix.data.all():
                matrix = matrix.copy()
                matrix.eliminate_zeros()
            rows = np.repeat(np.arange(first_row, first_row + session.n_bins), np.diff(matrix.indptr))
            values = matrix.data.astype(np.float32).view(np.int32)
            entries.append(
                np.stack([rows, matrix.indices, values], axis=1, dtype=np.int32, casting="same_kind")
            )
            ends.append(n_entries + matrix.indptr[1:].astype(np.int64))
            n_entries += len(values)
            first_row += session.n_bins
        self._windows = WindowRows.of(sessions, left, right)
        self._entries = _Entries(np.concatenate(ends), np.concatenate(entries))
        self._n_steps = left + right

    def project(self, batch: BatchInput, weights: Array, bias: Array, first: int, blocks: Array) -> None:
        """Write the first convolution's output of some samples."""
        _project(weights, bias, first, blocks, self._n_steps, batch, self._windows, self._entries)

    def add_gradient(self, batch: BatchInput, blocks: Array, first: int, weights: Array) -> None:
        """Add the gradient of the weights."""
        _add_gradient(blocks, first, weights, self._n_steps, batch, self._windows, self._entries)


@njit(nogil=True, cache=True)
def _find_runs(
    first: int, count: int, n_steps: int, runs: Array, batch: Any, windows: Any, ends: Array
) -> None:
    """Write each sample's and session's window: begin and end of its entries, and its first row.

    All addresses of a block are computed at once, so that the reads from memory overlap. A first row of -1
    stands for a silent session, a lower one for an irregular window.
    """
    for j in range(count):
        for i in range(runs.shape[1]):
            row = batch.bins[i, first + j]
            start = np.int64(-1)
            begin, end = ends[0], ends[0]
            if row >= 0:
                start = np.int64(windows.start[row])
                if start >= 0:
                    begin, end = ends[start], ends[start + n_steps]
                else:
                    start -= 1
            runs[j, i, 0], runs[j, i, 1], runs[j, i, 2] = begin, end, start


@njit(nogil=True, cache=True)
def _gather(
    sample: int, k: int, runs: Array, kept: Array, found: Array, batch: Any, windows: Any, bank: Any
) -> tuple[int, Array]:
    """Collect the entries of a sample's windows that survive: how many, and (step, neuron, value) of each."""
    n = 0
    steps = batch.masks.steps
    for i in range(runs.shape[1]):
        begin, end, start = runs[k, i, 0], runs[k, i, 1], runs[k, i, 2]
        column = batch.columns[i]
        n_runs = 1
        if start < -1:
            n_runs = steps.shape[1]
        for run in range(n_runs):
            if start < -1:
                row = np.int64(windows.irregular[-start - 2, run])
                begin, end = bank.ends[row], bank.ends[row + 1]
            else:
                row = start
            if n + end - begin > found.shape[0]:
                found = np.concatenate((found, np.empty((n + end - begin, 3), dtype=found.dtype)))
            for e in range(begin, end):
                step = bank.entries[e, 0] - row + run
                neuron = column + bank.entries[e, 1]
                found[n, 0], found[n, 1], found[n, 2] = step, neuron, bank.entries[e, 2]
                n += kept[neuron] & steps[sample, step]
    return n, found


@njit(nogil=True, cache=True, fastmath=FLAGS)
def _project(
    weights: Array, bias: Array, first: int, blocks: Array, n_steps: int, batch: Any, windows: Any, bank: Any
) -> None:
    h, width, n_samples = bias.size, weights.shape[1], batch.bins.shape[1]
    runs = np.empty((TILE, batch.bins.shape[0], 3), dtype=np.int64)
    kept = np.empty(batch.columns[-1], dtype=np.uint8)
    found = np.empty((1024, 3), dtype=np.int32)
    hidden = np.empty((TILE, blocks.shape[1] + 2 * (width - h)), dtype=np.float32)
    for tile in range(blocks.shape[0] * blocks.shape[2] // TILE):
        begin = first + tile * TILE
        count = max(0, min(TILE, n_samples - begin))
        _find_runs(begin, count, n_steps, runs, batch, windows, bank.ends)
        hidden[:] = 0
        for k in range(count):
            fill_kept(kept, begin + k, batch.columns, batch.masks)
            n, found = _gather(begin + k, k, runs, kept, found, batch, windows, bank)
            values = found.view(np.float32)
            for f in range(n):
                step, row, value = found[f, 0], found[f, 1], values[f, 2]
                for c in range(width):
                    hidden[k, step * h + c] += value * weights[row, c]
        at = tile * TILE
        write_tile(hidden, bias, blocks[at // blocks.shape[2]], at % blocks.shape[2])


@njit(nogil=True, cache=True, fastmath=FLAGS)
def _add_gradient(
    blocks: Array, first: int, weights: Array, n_steps: int, batch: Any, windows: Any, bank: Any
) -> None:
    width, n_samples = weights.shape[1], batch.bins.shape[1]
    # L · h output rows and kernel · h columns, with L = W - kernel + 1
    h = (blocks.shape[1] + width) // (n_steps + 1)
    runs = np.empty((TILE, batch.bins.shape[0], 3), dtype=np.int64)
    kept = np.empty(batch.columns[-1], dtype=np.uint8)
    found = np.empty((1024, 3), dtype=np.int32)
    hidden = np.empty((TILE, blocks.shape[1] + 2 * (width - h)), dtype=np.float32)
    for tile in range(blocks.shape[0] * blocks.shape[2] // TILE):
        begin, at = first + tile * TILE, tile * TILE
        count = max(0, min(TILE, n_samples - begin))
        read_tile(blocks[at // blocks.shape[2]], at % blocks.shape[2], hidden)
        _find_runs(begin, count, n_steps, runs, batch, windows, bank.ends)
        for k in range(count):
            fill_kept(kept, begin + k, batch.columns, batch.masks)
            n, found = _gather(begin + k, k, runs, kept, found, batch, windows, bank)
            values = found.view(np.float32)
            for f in range(n):
                step, row, value = found[f, 0], found[f, 1], values[f, 2]
                for c in range(width):
                    weights[row, c] += value * hidden[k, step * h + c]
