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

#: Samples whose output is summed at a time, in a core's second-level cache.
SAMPLES = 64
#: Sessions are read in groups whose weights stay there, too; what is more than one session is no larger.
GROUP_BYTES = 256 * 1024

# An index that may be negative is tested at every element, which keeps a loop from vector instructions.
_U = np.uint64


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
    first: int, count: int, session: int, n_steps: int, runs: Array, batch: Any, windows: Any, ends: Array
) -> None:
    """Write each sample's and session's window: begin and end of its entries, and its first row.

    All addresses of a block are computed at once, so that the reads from memory overlap. A first row of -1
    stands for a silent session, a lower one for an irregular window. The first session is ``session``.
    """
    for j in range(count):
        for i in range(runs.shape[1]):
            row = batch.bins[session + i, first + j]
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
    sample: int,
    runs: Array,
    session: int,
    kept: Array,
    found: Array,
    batch: Any,
    windows: Any,
    bank: Any,
) -> tuple[int, Array]:
    """Collect the entries of a sample's windows that survive: how many, and (step, neuron, value) of each.

    ``runs`` (n, 3), ``kept`` and the neurons that are found begin with ``session``.
    """
    n = 0
    steps = batch.masks.steps[sample]
    entries, collected = bank.entries.reshape(-1), found.reshape(-1)
    for i in range(runs.shape[0]):
        begin, end, start = runs[i, 0], runs[i, 1], runs[i, 2]
        column = batch.columns[session + i] - batch.columns[session]
        n_runs = 1
        if start < -1:
            n_runs = steps.size
        for run in range(n_runs):
            if start < -1:
                row = np.int64(windows.irregular[-start - 2, run])
                begin, end = bank.ends[row], bank.ends[row + 1]
            else:
                row = start
            if n + end - begin > found.shape[0]:
                found = np.concatenate((found, np.empty((n + end - begin, 3), dtype=found.dtype)))
                collected = found.reshape(-1)
            for e in range(begin, end):
                place, target = _U(3 * e), _U(3 * n)
                step = entries[place] - row + run
                neuron = column + entries[place + _U(1)]
                collected[target] = step
                collected[target + _U(1)] = neuron
                collected[target + _U(2)] = entries[place + _U(2)]
                n += kept[_U(neuron)] & steps[_U(step)]
    return n, found


@njit(nogil=True, cache=True, fastmath=FLAGS)
def _add_products(found: Array, weights: Array, h: int, output: Array) -> None:
    """Add what entries give to a sample's output, step after step."""
    width, flat, values = weights.shape[1], weights.reshape(-1), found.view(np.float32)
    for f in range(found.shape[0]):
        own, target, value = _U(found[f, 1] * width), _U(found[f, 0] * h), values[f, 2]
        for c in range(width):
            output[target + _U(c)] += value * flat[own + _U(c)]


@njit(nogil=True, cache=True, fastmath=FLAGS)
def _add_outer_products(found: Array, output: Array, h: int, weights: Array) -> None:
    """Add what entries and the gradient of a sample's output give to the gradient of the weights."""
    width, flat, values = weights.shape[1], weights.reshape(-1), found.view(np.float32)
    for f in range(found.shape[0]):
        target, own, value = _U(found[f, 1] * width), _U(found[f, 0] * h), values[f, 2]
        for c in range(width):
            flat[target + _U(c)] += value * output[own + _U(c)]


@njit(nogil=True, cache=True)
def _group_end(columns: Array, session: int, width: int) -> int:
    """Return the end of the group of sessions that begins with ``session``."""
    end = session + 1
    while end < columns.size - 1 and (columns[end + 1] - columns[session]) * width * 4 <= GROUP_BYTES:
        end += 1
    return end


@njit(nogil=True, cache=True, fastmath=FLAGS)
def _project(
    weights: Array, bias: Array, first: int, blocks: Array, n_steps: int, batch: Any, windows: Any, bank: Any
) -> None:
    h, width, n_samples = bias.size, weights.shape[1], batch.bins.shape[1]
    n_sessions, size = batch.bins.shape[0], blocks.shape[2]
    found = np.empty((1024, 3), dtype=np.int32)
    hidden = np.empty((SAMPLES, blocks.shape[1] + 2 * (width - h)), dtype=np.float32)
    for at in range(0, blocks.shape[0] * size, SAMPLES):
        begin = first + at
        count = max(0, min(SAMPLES, n_samples - begin))
        hidden[:] = 0
        session = 0
        while session < n_sessions:
            end = _group_end(batch.columns, session, width)
            own = weights[batch.columns[session] : batch.columns[end]]
            kept = np.empty(own.shape[0], dtype=np.uint8)
            runs = np.empty((count, end - session, 3), dtype=np.int64)
            _find_runs(begin, count, session, n_steps, runs, batch, windows, bank.ends)
            for k in range(count):
                fill_kept(kept, begin + k, session, batch.columns, batch.masks)
                n, found = _gather(begin + k, runs[k], session, kept, found, batch, windows, bank)
                _add_products(found[:n], own, h, hidden[k])
            session = end
        for k in range(0, min(SAMPLES, blocks.shape[0] * size - at), TILE):
            write_tile(hidden[k : k + TILE], bias, blocks[(at + k) // size], (at + k) % size)


@njit(nogil=True, cache=True, fastmath=FLAGS)
def _add_gradient(
    blocks: Array, first: int, weights: Array, n_steps: int, batch: Any, windows: Any, bank: Any
) -> None:
    width, n_samples = weights.shape[1], batch.bins.shape[1]
    n_sessions, size = batch.bins.shape[0], blocks.shape[2]
    # L · h output rows and kernel · h columns, with L = W - kernel + 1
    h = (blocks.shape[1] + width) // (n_steps + 1)
    found = np.empty((1024, 3), dtype=np.int32)
    hidden = np.empty((SAMPLES, blocks.shape[1] + 2 * (width - h)), dtype=np.float32)
    for at in range(0, blocks.shape[0] * size, SAMPLES):
        begin = first + at
        count = max(0, min(SAMPLES, n_samples - begin))
        for k in range(0, min(SAMPLES, blocks.shape[0] * size - at), TILE):
            read_tile(blocks[(at + k) // size], (at + k) % size, hidden[k : k + TILE])
        session = 0
        while session < n_sessions:
            end = _group_end(batch.columns, session, width)
            own = weights[batch.columns[session] : batch.columns[end]]
            kept = np.empty(own.shape[0], dtype=np.uint8)
            runs = np.empty((count, end - session, 3), dtype=np.int64)
            _find_runs(begin, count, session, n_steps, runs, batch, windows, bank.ends)
            for k in range(count):
                fill_kept(kept, begin + k, session, batch.columns, batch.masks)
                n, found = _gather(begin + k, runs[k], session, kept, found, batch, windows, bank)
                _add_outer_products(found[:n], hidden[k], h, own)
            session = end
