"""Training steps by torch on a device, which the host asks for and never waits for.

Labels, activity and randomness live on the device: drawing, searching, masking and gathering happen there.
The host decides what changes sizes, and hands over the seed of each batch. Gradients come from autograd.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor

import numpy as np
import torch
from torch import Tensor

from napari_unison.encoder.batches import DeviceBatch, WindowBank
from napari_unison.encoder.device_masks import DeviceMasker
from napari_unison.encoder.device_sampling import DeviceSampler
from napari_unison.encoder.input_projection import project
from napari_unison.encoder.loss import InfoNCE
from napari_unison.encoder.masking import InputShape
from napari_unison.encoder.networks import UnifiedNetwork
from napari_unison.sessions import Session


class TorchEngine:
    """Computes training steps with torch; an :class:`~napari_unison.encoder.engines.Engine`.

    Parameters
    ----------
    network : UnifiedNetwork
        On its device; gets gradients.
    criterion : InfoNCE
        The loss; gets the gradient of a learned temperature.
    sessions : sequence of Session
        The ``S`` training sessions.
    sampler : DeviceSampler
        Draws bins.
    masker : DeviceMasker
        Draws the masks.
    batch_size : int
        Samples ``B`` of reference, positive and negative each.

    Attributes
    ----------
    executor : Executor or None
        Not used: the device does the work.
    """

    uses_threads = False

    def __init__(
        self,
        network: UnifiedNetwork,
        criterion: InfoNCE,
        sessions: Sequence[Session],
        sampler: DeviceSampler,
        masker: DeviceMasker,
        batch_size: int,
    ) -> None:
        self.executor: Executor | None = None
        self._network = network
        self._criterion = criterion
        self._sampler = sampler
        self._masker = masker
        self._batch_size = batch_size
        device = next(network.parameters()).device
        self._bank = WindowBank(sessions, network.architecture.left, network.architecture.right, device)
        self._generator = torch.Generator(device)

    def draw(self, rng: np.random.Generator) -> DeviceBatch:
        """Draw a batch with its masks; ``rng`` seeds the device's own generator for this batch."""
        self._generator.manual_seed(int(rng.integers(2**64, dtype=np.uint64)))
        drawn = self._sampler.draw(self._batch_size, rng, self._generator)
        neurons = tuple(self._network.neurons[session] for session in drawn.sessions)
        shape = InputShape(self._batch_size, self._network.architecture.window, neurons)
        masks = [self._masker.draw(shape, rng, self._generator) for _ in range(3)]
        return self._bank.batch(drawn, masks)

    def gradients(self, batch: DeviceBatch) -> Tensor:
        """Give every parameter its gradient, and return the loss (nats) without waiting for it."""
        self._network.zero_grad(set_to_none=True)
        self._criterion.zero_grad(set_to_none=True)
        latents = self._network.from_projection(project(self._network, batch))
        reference, positive, negative = torch.split(latents, self._batch_size)
        loss: Tensor = self._criterion(reference, positive, negative)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()
