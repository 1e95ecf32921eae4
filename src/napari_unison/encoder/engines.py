"""What computes the loss and the gradients of a training step: compiled kernels, or torch on a device."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Any, Protocol

import numpy as np

from napari_unison.encoder.config import EncoderConfig
from napari_unison.encoder.loss import InfoNCE
from napari_unison.encoder.masking import Masker, warn_of_masks_without_effect
from napari_unison.encoder.networks import UnifiedNetwork
from napari_unison.encoder.sampling import BatchBins
from napari_unison.sessions import Session


class Engine(Protocol):
    """Computes training steps of one network.

    Attributes
    ----------
    executor : Executor or None
        Threads to compute with, for as long as they are given; without them all runs in the caller's.
    """

    executor: Executor | None

    def prepare(self, bins: BatchBins, rng: np.random.Generator) -> Any:
        """Draw a batch's masks and get ready what need not wait for the step before.

        Parameters
        ----------
        bins : BatchBins
            Bins of the batch.
        rng : numpy.random.Generator
            Source of the masks' randomness.

        Returns
        -------
        object
            For :meth:`gradients`.
        """

    def gradients(self, batch: Any) -> float:
        """Give every parameter of network and loss its gradient.

        Parameters
        ----------
        batch : object
            What :meth:`prepare` returned.

        Returns
        -------
        float
            Loss (nats).
        """


def engine_for(
    config: EncoderConfig,
    sessions: Sequence[Session],
    network: UnifiedNetwork,
    criterion: InfoNCE,
) -> Engine:
    """Return the engine for the device that the network is on.

    Parameters
    ----------
    config : EncoderConfig
        Parameters.
    sessions : sequence of Session
        The training sessions.
    network, criterion
        Get the gradients.
    """
    device = next(network.parameters()).device
    warn_of_masks_without_effect(config.masks, network.architecture.window, sum(network.neurons))
    masker = Masker(config.masks)
    if device.type == "cpu":
        # compiled kernels take a second to load, which a card does not need
        from napari_unison.encoder.cpu.engine import CpuEngine

        return CpuEngine(network, criterion, sessions, masker, config.batch_size)
    from napari_unison.encoder.torch_engine import TorchEngine

    return TorchEngine(network, criterion, sessions, masker, config.batch_size)
