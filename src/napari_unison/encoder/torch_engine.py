"""Loss and gradients of a training step by torch, on any device.

Windows are made whole, as a dense tensor, and gradients come from autograd.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from napari_unison.encoder.batches import BatchAssembler
from napari_unison.encoder.loss import InfoNCE
from napari_unison.encoder.masking import Mask, Masker
from napari_unison.encoder.networks import UnifiedNetwork
from napari_unison.encoder.sampling import BatchBins
from napari_unison.sessions import Session


@dataclass(frozen=True)
class TorchBatch:
    """Bins of a batch, and the masks of reference, positive and negative."""

    bins: BatchBins
    masks: Sequence[Mask]


class TorchEngine:
    """Computes loss and gradients with torch; see :class:`~napari_unison.encoder.engines.Engine`.

    Parameters
    ----------
    network : UnifiedNetwork
        On its device; gets gradients.
    criterion : InfoNCE
        The loss; gets the gradient of a learned temperature.
    sessions : sequence of Session
        The ``S`` training sessions.
    masker : Masker
        Draws the masks.
    batch_size : int
        Samples ``B`` of reference, positive and negative each.

    Attributes
    ----------
    executor : Executor or None
        Not used: torch has its own threads.
    """

    def __init__(
        self,
        network: UnifiedNetwork,
        criterion: InfoNCE,
        sessions: Sequence[Session],
        masker: Masker,
        batch_size: int,
    ) -> None:
        self.executor: Executor | None = None
        self._network = network
        self._criterion = criterion
        self._masker = masker
        self._batch_size = batch_size
        architecture, device = network.architecture, next(network.parameters()).device
        self._assembler = BatchAssembler(sessions, architecture.left, architecture.right, batch_size, device)

    def prepare(self, bins: BatchBins, rng: np.random.Generator) -> TorchBatch:
        """Draw a batch's masks."""
        shape = self._assembler.shape(bins)
        return TorchBatch(bins, [self._masker.draw(shape, rng) for _ in range(3)])

    def gradients(self, batch: TorchBatch) -> float:
        """Give every parameter its gradient, and return the loss (nats)."""
        self._network.zero_grad(set_to_none=True)
        self._criterion.zero_grad(set_to_none=True)
        windows = self._assembler.assemble(batch.bins, batch.masks)
        reference, positive, negative = self._network(windows).split(self._batch_size)
        loss = self._criterion(reference, positive, negative)
        loss.backward()
        return float(loss.detach())
