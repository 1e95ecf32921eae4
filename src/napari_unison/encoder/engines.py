"""What draws batches and computes a training step: compiled kernels, or torch on a device."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Any, Protocol

import numpy as np
from torch import Tensor

from napari_unison.encoder.config import EncoderConfig
from napari_unison.encoder.label_space import LabelSpace
from napari_unison.encoder.loss import InfoNCE
from napari_unison.encoder.masking import Masker, warn_of_masks_without_effect
from napari_unison.encoder.networks import UnifiedNetwork
from napari_unison.encoder.sampling import BatchSampler
from napari_unison.sessions import Session


class Engine(Protocol):
    """Draws batches for one network and computes its training steps.

    Attributes
    ----------
    uses_threads : bool
        Whether it computes in threads of this process; if not, none are lent and nothing is drawn ahead.
    executor : Executor or None
        Threads to compute with, for as long as they are given; without them all runs in the caller's.
    """

    uses_threads: bool
    executor: Executor | None

    def draw(self, rng: np.random.Generator) -> Any:
        """Draw a batch with its masks, and get ready what need not wait for the step before.

        Parameters
        ----------
        rng : numpy.random.Generator
            Source of all randomness. May run in another thread than the step, one batch at a time.

        Returns
        -------
        object
            For :meth:`gradients`.
        """

    def gradients(self, batch: Any) -> float | Tensor:
        """Give every parameter of network and loss its gradient.

        Parameters
        ----------
        batch : object
            What :meth:`draw` returned.

        Returns
        -------
        float or Tensor
            Loss (nats); a tensor where it is still being computed, and reading it would wait.
        """


def engine_for(
    config: EncoderConfig,
    sessions: Sequence[Session],
    space: LabelSpace,
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
    space : LabelSpace
        Where their labels are compared.
    network, criterion
        Get the gradients.

    Raises
    ------
    SessionError
        If the sessions offer nothing to train on.
    """
    device = next(network.parameters()).device
    sampler = BatchSampler(
        sessions,
        space,
        time_offsets=config.time_offsets,
        positives=config.positives,
        max_label_distance=config.max_label_distance,
        sessions_per_step=config.sessions_per_step,
    )
    warn_of_masks_without_effect(config.masks, network.architecture.window, sum(network.neurons))
    if device.type == "cpu":
        # compiled kernels take a second to load, which a card does not need
        from napari_unison.encoder.cpu.engine import CpuEngine

        return CpuEngine(network, criterion, sessions, sampler, Masker(config.masks), config.batch_size)
    return device_engine(config, sessions, space, sampler, network, criterion)


def device_engine(
    config: EncoderConfig,
    sessions: Sequence[Session],
    space: LabelSpace,
    sampler: BatchSampler,
    network: UnifiedNetwork,
    criterion: InfoNCE,
) -> Engine:
    """Return the engine that computes by torch, on whatever device the network is on.

    Parameters
    ----------
    config, sessions, space, network, criterion
        As in :func:`engine_for`.
    sampler : BatchSampler
        Has the labels and their changes.
    """
    from napari_unison.encoder.device_masks import DeviceMasker
    from napari_unison.encoder.device_sampling import DeviceSampler
    from napari_unison.encoder.torch_engine import TorchEngine

    device = next(network.parameters()).device
    draws = DeviceSampler(
        sampler, space, device, positives=config.positives, sessions_per_step=config.sessions_per_step
    )
    masker = DeviceMasker(config.masks, device)
    return TorchEngine(network, criterion, sessions, draws, masker, config.batch_size)
