"""Training input: windows of the drawn bins, stacked on the neuron axis and masked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse
import torch
from torch import Tensor

from napari_unison.encoder.alignment import NO_BIN
from napari_unison.encoder.masking import InputShape, Mask, Masker
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
    masker : Masker
        Draws the masks.
    device : torch.device
        Where the input is made.
    """

    def __init__(
        self,
        sessions: Sequence[Session],
        left: int,
        right: int,
        batch_size: int,
        masker: Masker,
        device: torch.device,
    ) -> None:
        self._neural = [neural_tensor(session, device) for session in sessions]
        self._windows = [
            torch.from_numpy(training_windows(session, left, right).T.copy()).to(device)
            for session in sessions
        ]
        self._masker = masker
        self._device = device
        neurons = tuple(session.n_neurons for session in sessions)
        self._shape = InputShape(batch_size, left + right, neurons)
        self._columns = np.concatenate([[0], np.cumsum(neurons)])
        self._input = torch.empty(left + right, 3 * batch_size, sum(neurons), device=device)

    def assemble(self, bins: BatchBins, rng: np.random.Generator) -> Tensor:
        """Return the masked windows of a batch.

        Parameters
        ----------
        bins : BatchBins
            Drawn bins.
        rng : numpy.random.Generator
            Source of the masks' randomness.

        Returns
        -------
        Tensor (W, 3 · B, ΣN)
            Samples of reference, positive and negative one after another. The next call overwrites it.
        """
        roles = (bins.reference, bins.positive, bins.negative)
        self._gather(np.concatenate(roles, axis=1))
        size = self._shape.n_samples
        for role in range(len(roles)):
            self._apply(self._masker.draw(self._shape, rng), slice(role * size, (role + 1) * size))
        return self._input

    def _gather(self, bins: Array) -> None:
        for session, drawn in enumerate(bins):
            index = torch.from_numpy(np.maximum(drawn, 0)).to(self._device)
            columns = slice(self._columns[session], self._columns[session + 1])
            windows = self._windows[session][:, index]
            self._input[:, :, columns] = self._neural[session][windows]
            silent = drawn == NO_BIN
            if silent.any():
                self._input[:, torch.from_numpy(silent).to(self._device), columns] = 0

    def _apply(self, mask: Mask, samples: slice) -> None:
        part = self._input[:, samples]
        if mask.neurons is not None:
            part.mul_(torch.from_numpy(mask.neurons).to(self._device))
        if mask.steps is not None:
            part.mul_(torch.from_numpy(mask.steps).to(self._device)[:, :, None])
