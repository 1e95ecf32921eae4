"""The first convolution of dense activity, such as ΔF/F: one matrix product a session for a few samples."""

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


class _Activity(NamedTuple):
    """All values, bins of a session one after another.

    ``first_value`` (ΣT,) says where each bin's values begin in ``values``, one a neuron of its session.
    """

    first_value: Array
    values: Array


class DenseBank:
    """Dense activity of all sessions; what it does is said by :class:`~.inputs.Bank`.

    Parameters
    ----------
    sessions : sequence of Session
        The ``S`` training sessions.
    left, right : int
        The window of bin ``t`` is ``t - left … t + right - 1``.
    """

    def __init__(self, sessions: Sequence[Session], left: int, right: int) -> None:
        first_value, values, n_values = [], [], 0
        for session in sessions:
            neural = session.neural.toarray() if sparse.issparse(session.neural) else session.neural
            first_value.append(n_values + np.arange(session.n_bins, dtype=np.int64) * session.n_neurons)
            values.append(np.asarray(neural, dtype=np.float32).reshape(-1))
            n_values += neural.size
        self._windows = WindowRows.of(sessions, left, right)
        self._activity = _Activity(np.concatenate(first_value), np.concatenate(values))
        self._n_steps = left + right

    def project(self, batch: BatchInput, weights: Array, bias: Array, first: int, blocks: Array) -> None:
        """Write the first convolution's output of some samples."""
        _project(weights, bias, first, blocks, self._n_steps, batch, self._windows, self._activity)

    def add_gradient(self, batch: BatchInput, blocks: Array, first: int, weights: Array) -> None:
        """Add the gradient of the weights."""
        _add_gradient(blocks, first, weights, self._n_steps, batch, self._windows, self._activity)


@njit(nogil=True, cache=True)
def _fill_input(
    begin: int, i: int, kept: Array, given: Array, n_steps: int, batch: Any, windows: Any, bank: Any
) -> None:
    """Write the masked windows of session ``i`` in samples from ``begin`` on: (count · W, N)."""
    column = batch.columns[i]
    for k in range(kept.shape[0]):
        row = batch.bins[i, begin + k]
        for step in range(n_steps):
            at = k * n_steps + step
            if row < 0 or not batch.masks.steps[begin + k, step]:
                given[at] = 0
                continue
            start = np.int64(windows.start[row])
            own = start + step if start >= 0 else np.int64(windows.irregular[-start - 1, step])
            # slices, for an index that may be negative would keep the loop from vector instructions
            value = bank.first_value[own]
            values, survive = bank.values[value : value + given.shape[1]], kept[k, column:]
            for c in range(given.shape[1]):
                given[at, c] = values[c] * survive[c]


@njit(nogil=True, cache=True)
def _fill_all_kept(begin: int, kept: Array, batch: Any) -> None:
    for k in range(kept.shape[0]):
        fill_kept(kept[k], begin + k, 0, batch.columns, batch.masks)


@njit(nogil=True, cache=True, fastmath=FLAGS)
def _project(
    weights: Array, bias: Array, first: int, blocks: Array, n_steps: int, batch: Any, windows: Any, bank: Any
) -> None:
    h, width, n_samples = bias.size, weights.shape[1], batch.bins.shape[1]
    hidden = np.empty((TILE, blocks.shape[1] + 2 * (width - h)), dtype=np.float32)
    projected = np.empty((TILE * n_steps, width), dtype=np.float32)
    kept = np.empty((TILE, batch.columns[-1]), dtype=np.uint8)
    for tile in range(blocks.shape[0] * blocks.shape[2] // TILE):
        begin, at = first + tile * TILE, tile * TILE
        count = max(0, min(TILE, n_samples - begin))
        hidden[:] = 0
        _fill_all_kept(begin, kept[:count], batch)
        for i in range(batch.bins.shape[0]):
            column, end = batch.columns[i], batch.columns[i + 1]
            given = np.empty((count * n_steps, end - column), dtype=np.float32)
            _fill_input(begin, i, kept[:count], given, n_steps, batch, windows, bank)
            np.dot(given, weights[column:end], projected[: count * n_steps])
            for k in range(count):
                for step in range(n_steps):
                    output, part = hidden[k, step * h :], projected[k * n_steps + step]
                    for c in range(width):
                        output[c] += part[c]
        write_tile(hidden, bias, blocks[at // blocks.shape[2]], at % blocks.shape[2])


@njit(nogil=True, cache=True, fastmath=FLAGS)
def _add_gradient(
    blocks: Array, first: int, weights: Array, n_steps: int, batch: Any, windows: Any, bank: Any
) -> None:
    width, n_samples = weights.shape[1], batch.bins.shape[1]
    # L · h output rows and kernel · h columns, with L = W - kernel + 1
    h = (blocks.shape[1] + width) // (n_steps + 1)
    hidden = np.empty((TILE, blocks.shape[1] + 2 * (width - h)), dtype=np.float32)
    outer = np.empty((TILE * n_steps, width), dtype=np.float32)
    kept = np.empty((TILE, batch.columns[-1]), dtype=np.uint8)
    for tile in range(blocks.shape[0] * blocks.shape[2] // TILE):
        begin, at = first + tile * TILE, tile * TILE
        count = max(0, min(TILE, n_samples - begin))
        read_tile(blocks[at // blocks.shape[2]], at % blocks.shape[2], hidden)
        for k in range(count):
            for step in range(n_steps):
                part, output = hidden[k, step * h :], outer[k * n_steps + step]
                for c in range(width):
                    output[c] = part[c]
        _fill_all_kept(begin, kept[:count], batch)
        for i in range(batch.bins.shape[0]):
            column, end = batch.columns[i], batch.columns[i + 1]
            given = np.empty((count * n_steps, end - column), dtype=np.float32)
            _fill_input(begin, i, kept[:count], given, n_steps, batch, windows, bank)
            own = weights[column:end]
            own += np.dot(given.T, outer[: count * n_steps])
