"""Training input for sparse counts on the CPU: only entries that are not zero are gathered and multiplied.

Spike counts are about 2 % non-zero, calcium events 0.5 %. The windows of a batch become the rows of one
sparse matrix, and the first convolution its product with the input weights; cost grows with the spikes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from napari_unison.encoder.alignment import NO_BIN
from napari_unison.encoder.masking import InputShape, Mask, Masker
from napari_unison.encoder.sampling import BatchBins
from napari_unison.encoder.windows import training_windows
from napari_unison.sessions import Session

Array = np.ndarray[Any, np.dtype[Any]]

#: Share of non-zero entries above which a dense product is faster.
DENSE_FROM = 0.15


@dataclass(frozen=True)
class SparseWindows:
    """Windows ``(W, B, ΣN)`` as a sparse matrix.

    Attributes
    ----------
    matrix : csr_array (W · B, ΣN) of float32
        One row a time step and sample, time first.
    n_steps, n_samples : int
        ``W`` and ``B``.
    """

    matrix: sparse.csr_array
    n_steps: int
    n_samples: int

    def project(self, weights: Tensor) -> Tensor:
        """Multiply with input weights (ΣN, k): (W, B, k); gradients reach the weights."""
        product: Tensor = _SparseProduct.apply(weights, self.matrix)  # type: ignore[no-untyped-call]
        return product.view(self.n_steps, self.n_samples, -1)


class _SparseProduct(torch.autograd.Function):
    """Sparse matrix times dense weights, with the gradient of the weights."""

    @staticmethod
    def forward(ctx: Any, weights: Tensor, matrix: sparse.csr_array) -> Tensor:
        ctx.matrix = matrix
        return torch.from_numpy(matrix @ weights.detach().numpy())

    @staticmethod
    def backward(ctx: Any, *outer: Any) -> tuple[Tensor, None]:
        (gradient,) = outer
        return torch.from_numpy(ctx.matrix.T @ gradient.numpy()), None


def share_of_non_zeros(sessions: Sequence[Session]) -> float:
    """Return the share of entries that are not zero, over all sessions."""
    filled = sum(
        int(np.count_nonzero(s.neural)) if isinstance(s.neural, np.ndarray) else s.neural.count_nonzero()
        for s in sessions
    )
    return float(filled / sum(s.n_bins * s.n_neurons for s in sessions))


class SparseBatchAssembler:
    """Gathers pseudo-animal samples as a sparse matrix; takes what ``BatchAssembler`` takes, on the CPU.

    Parameters
    ----------
    sessions : sequence of Session
        The ``S`` training sessions.
    left, right : int
        The window of bin ``t`` is ``t - left … t + right - 1``.
    batch_size : int
        Samples ``B`` of reference, positive and negative each.
    masker : Masker
        Draws the masks.
    """

    def __init__(
        self, sessions: Sequence[Session], left: int, right: int, batch_size: int, masker: Masker
    ) -> None:
        # one bank: all bins of all sessions below one another, each session in its own columns
        activity: list[Any] = [sparse.csr_array(s.neural.astype(np.float32)) for s in sessions]
        bank = sparse.block_diag(activity, format="csr")
        bank.eliminate_zeros()
        self._columns = bank.indices.astype(np.int32)
        self._values = bank.data
        self._first_entry = bank.indptr[:-1].astype(np.int64)
        self._n_entries = np.diff(bank.indptr).astype(np.int32)
        first_row = np.concatenate([[0], np.cumsum([s.n_bins for s in sessions])])
        self._windows = [
            np.ascontiguousarray(training_windows(s, left, right).T) + first_row[number]
            for number, s in enumerate(sessions)
        ]
        self._masker = masker
        self._shape = InputShape(batch_size, left + right, tuple(s.n_neurons for s in sessions))

    def assemble(self, bins: BatchBins, rng: np.random.Generator) -> SparseWindows:
        """Return the masked windows of a batch.

        Parameters
        ----------
        bins : BatchBins
            Drawn bins.
        rng : numpy.random.Generator
            Source of the masks' randomness.

        Returns
        -------
        SparseWindows
            Samples of reference, positive and negative one after another, ``3 · B`` in all.
        """
        drawn = np.concatenate([bins.reference, bins.positive, bins.negative], axis=1)
        masks = [self._masker.draw(self._shape, rng) for _ in range(3)]
        # bank rows of every step, sample and session: (W, 3 · B, S)
        rows = np.stack(
            [windows[:, np.maximum(b, 0)] for windows, b in zip(self._windows, drawn, strict=True)], -1
        )
        counts = self._n_entries[rows]
        counts[:, (drawn == NO_BIN).T] = 0
        size = self._shape.n_samples
        for role, mask in enumerate(masks):
            if mask.steps is not None:
                counts[:, role * size : (role + 1) * size] *= mask.steps[:, :, None]
        columns, values, ends = self._entries(rows, counts)
        columns, values, ends = self._without_masked_neurons(columns, values, ends, masks)
        shape = (self._shape.n_steps * 3 * size, self._shape.n_neurons)
        return SparseWindows(
            sparse.csr_array((values, columns, ends), shape=shape), self._shape.n_steps, 3 * size
        )

    def _entries(self, rows: Array, counts: Array) -> tuple[Array, Array, Array]:
        """Collect the entries of bank rows: columns, values, and the ends of the matrix' rows."""
        n_sessions = rows.shape[-1]
        flat = counts.reshape(-1)
        ends = np.cumsum(flat, dtype=np.int64)
        begins = ends - flat
        source = np.repeat(self._first_entry[rows.reshape(-1)] - begins, flat)
        source += np.arange(len(source))
        row_ends = np.concatenate([[0], ends[n_sessions - 1 :: n_sessions]]).astype(np.int32)
        return self._columns[source], self._values[source], row_ends

    def _without_masked_neurons(
        self, columns: Array, values: Array, ends: Array, masks: Sequence[Mask]
    ) -> tuple[Array, Array, Array]:
        if all(mask.neurons is None for mask in masks):
            return columns, values, ends
        size, n_neurons = self._shape.n_samples, self._shape.n_neurons
        kept = np.concatenate(
            [np.ones((size, n_neurons), dtype=bool) if m.neurons is None else m.neurons for m in masks]
        )
        first_of_sample = np.tile(np.arange(3 * size, dtype=np.int32) * n_neurons, self._shape.n_steps)
        survives = kept.reshape(-1)[np.repeat(first_of_sample, np.diff(ends)) + columns]
        ends = np.concatenate([[0], np.cumsum(survives)]).astype(np.int32)[ends]
        return columns[survives], values[survives], ends
