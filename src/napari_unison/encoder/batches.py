"""Training input for torch: windows of the drawn bins, stacked on the neuron axis and masked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse
import torch
from torch import Tensor

from napari_unison.encoder.alignment import NO_BIN
from napari_unison.encoder.masking import InputShape, Mask
from napari_unison.encoder.sampling import BatchBins
from napari_unison.encoder.windows import training_windows
from napari_unison.sessions import Session

Array = np.ndarray[Any, np.dtype[Any]]


def neural_tensor(session: Session, device: torch.device) -> Tensor:
    """Return a session's neural activity as a dense float32 tensor (T, N) on ``device``."""
    neural = session.neural
    dense = neural.toarray() if scipy.sparse.issparse(neural) else neural
    return torch.from_numpy(np.array(dense, dtype=np.float32, order="C")).to(device)


class BatchAssembler:
    """Gathers pseudo-animal samples into one buffer that is reused from step to step.

    Parameters
    ----------
    sessions : sequence of Session
        The ``S`` training sessions.
    left, right : int
        The window of bin ``t`` is ``t - left … t + right - 1``.
    batch_size : int
        Samples ``B`` of reference, positive and negative each.
    device : torch.device
        Where the input is made.
    """

    def __init__(
        self, sessions: Sequence[Session], left: int, right: int, batch_size: int, device: torch.device
    ) -> None:
        self._neural = [neural_tensor(session, device) for session in sessions]
        self._windows = [
            torch.from_numpy(training_windows(session, left, right).T.copy()).to(device)
            for session in sessions
        ]
        self._device = device
        self._batch_size = batch_size
        self._neurons = np.array([session.n_neurons for session in sessions])
        self._first_neuron = np.cumsum(self._neurons) - self._neurons
        self._input = torch.zeros(left + right, 3 * batch_size, int(self._neurons.sum()), device=device)

    def shape(self, bins: BatchBins) -> InputShape:
        """Return the sizes of a batch's input: only sessions that take part count."""
        neurons = tuple(self._neurons[bins.sessions].tolist())
        return InputShape(self._batch_size, self._input.shape[0], neurons)

    def assemble(self, bins: BatchBins, masks: Sequence[Mask]) -> Tensor:
        """Return the masked windows of a batch.

        Parameters
        ----------
        bins : BatchBins
            Drawn bins.
        masks : sequence of Mask
            Of reference, positive and negative.

        Returns
        -------
        Tensor (W, 3 · B, ΣN)
            Samples of reference, positive and negative one after another; zero for sessions that take no
            part. The next call overwrites it.
        """
        roles = np.concatenate([bins.reference, bins.positive, bins.negative], axis=1)
        if len(bins.sessions) < len(self._neurons):
            self._input.zero_()
        for session, drawn in zip(bins.sessions.tolist(), roles, strict=True):
            self._gather(session, drawn)
        shape = self.shape(bins)
        for role, mask in enumerate(masks):
            samples = slice(role * self._batch_size, (role + 1) * self._batch_size)
            self._apply(mask, shape, bins.sessions, samples)
        return self._input

    def _columns(self, session: int) -> slice:
        first = int(self._first_neuron[session])
        return slice(first, first + int(self._neurons[session]))

    def _gather(self, session: int, drawn: Array) -> None:
        index = torch.from_numpy(np.maximum(drawn, 0)).to(self._device)
        columns = self._columns(session)
        self._input[:, :, columns] = self._neural[session][self._windows[session][:, index]]
        silent = drawn == NO_BIN
        if silent.any():
            self._input[:, torch.from_numpy(silent).to(self._device), columns] = 0

    def _apply(self, mask: Mask, shape: InputShape, sessions: Array, samples: slice) -> None:
        part = self._input[:, samples]
        if mask.neurons is not None:
            kept = torch.from_numpy(mask.neurons.kept(shape)).to(self._device)
            begin = 0
            for session, size in zip(sessions.tolist(), shape.neurons, strict=True):
                part[:, :, self._columns(session)].mul_(kept[:, begin : begin + size])
                begin += size
        if mask.steps is not None:
            part.mul_(torch.from_numpy(mask.steps).to(self._device)[:, :, None])
