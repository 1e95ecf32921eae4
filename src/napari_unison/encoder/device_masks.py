"""Masks that are drawn on a device, from the same laws as those of :mod:`napari_unison.encoder.masking`.

The host draws which mask and which ratio; the device draws what it masks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from napari_unison.encoder.config import MaskParameters, RatioGrid, RatioList, TimeBlocks
from napari_unison.encoder.masking import InputShape


@dataclass(frozen=True)
class DeviceMask:
    """What survives of ``B`` samples; None where nothing is masked.

    Attributes
    ----------
    neurons : list of Tensor (B, N_s) of bool, optional
        Neurons of each session that takes part.
    sessions : Tensor (k, B) of bool, optional
        Whole sessions.
    steps : Tensor (W, B) of bool, optional
        Time steps.
    """

    neurons: Sequence[Tensor] | None = None
    sessions: Tensor | None = None
    steps: Tensor | None = None


class DeviceMasker:
    """Draws one of the configured masks at a time.

    Parameters
    ----------
    masks : mapping of str to MaskParameters
        From :class:`~napari_unison.encoder.config.EncoderConfig`; empty for no masks.
    device : torch.device
        Where to draw.
    """

    def __init__(self, masks: Mapping[str, MaskParameters], device: torch.device) -> None:
        self._masks = list(masks.items())
        self._device = device

    def draw(self, shape: InputShape, rng: np.random.Generator, generator: torch.Generator) -> DeviceMask:
        """Draw a mask for ``B`` samples.

        Parameters
        ----------
        shape : InputShape
            Sizes of the input.
        rng : numpy.random.Generator
            Draws which mask, and its ratio.
        generator : torch.Generator
            Draws what is masked, on the device.

        Returns
        -------
        DeviceMask
            What survives; nothing is masked where no mask is configured.
        """
        if not self._masks:
            return DeviceMask()
        name, parameters = self._masks[int(rng.integers(len(self._masks)))]
        if isinstance(parameters, TimeBlocks):
            return self._time_blocks(shape, parameters, generator)
        if not isinstance(parameters, RatioList | RatioGrid):
            return self._whole_sessions(shape, generator)
        choices = parameters.choices()
        ratio = choices[int(rng.integers(len(choices)))]
        if name == "RandomNeuronMask":
            return DeviceMask(
                neurons=[self._uniform((shape.n_samples, size), generator) >= ratio for size in shape.neurons]
            )
        if name == "RandomTimestepMask":
            return DeviceMask(steps=self._uniform((shape.n_steps, shape.n_samples), generator) >= ratio)
        return self._neuron_block(shape, ratio, generator)

    def _uniform(self, size: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return torch.rand(size, generator=generator, device=self._device)

    def _neuron_block(self, shape: InputShape, ratio: float, generator: torch.Generator) -> DeviceMask:
        """Mask ``floor(ratio × ΣN)`` neighbouring neurons of each sample, from a random first one."""
        length = int(shape.n_neurons * ratio)
        first = torch.randint(
            shape.n_neurons - length + 1, (shape.n_samples, 1), generator=generator, device=self._device
        )
        kept, begin = [], 0
        for size in shape.neurons:
            neuron = torch.arange(begin, begin + size, device=self._device)
            kept.append((neuron < first) | (neuron >= first + length))
            begin += size
        return DeviceMask(neurons=kept)

    def _time_blocks(self, shape: InputShape, blocks: TimeBlocks, generator: torch.Generator) -> DeviceMask:
        """Mask spans of ``length`` steps that begin at ``floor(rate × W)`` random steps of each sample."""
        order = self._uniform((shape.n_steps, shape.n_samples), generator).argsort(dim=0)
        begins = order < int(shape.n_steps * blocks.rate)
        masked = begins.clone()
        for step in range(1, min(blocks.length, shape.n_steps)):
            masked[step:] |= begins[: shape.n_steps - step]
        return DeviceMask(steps=~masked)

    def _whole_sessions(self, shape: InputShape, generator: torch.Generator) -> DeviceMask:
        """Keep a random set of sessions in each sample: one with probability ½, else 1 … k of them."""
        n_sessions = len(shape.neurons)
        kept = torch.randint(1, n_sessions + 1, (shape.n_samples,), generator=generator, device=self._device)
        kept = torch.where(self._uniform((shape.n_samples,), generator) < 0.5, 1, kept)
        rank = self._uniform((n_sessions, shape.n_samples), generator).argsort(dim=0).argsort(dim=0)
        return DeviceMask(sessions=rank < kept)
