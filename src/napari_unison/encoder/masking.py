"""Masks: which neurons, time steps or whole sessions a training sample may see.

Each of reference, positive and negative draws one of the configured masks and its parameter
(Benquet et al.; ratios after Zhang et al., 2024, "Towards a universal translator for neural dynamics";
time blocks after Baevski et al., 2020, wav2vec 2.0).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_unison.encoder.config import MaskParameters, RatioGrid, RatioList, TimeBlocks

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class InputShape:
    """What a mask needs to know of a batch: sizes of the input."""

    n_samples: int
    n_steps: int
    neurons: tuple[int, ...]  # neurons of each session

    @property
    def n_neurons(self) -> int:
        """All neurons, ΣN."""
        return sum(self.neurons)


@dataclass(frozen=True)
class Mask:
    """What survives: along neurons (B, ΣN), along time steps (W, B), or everything (both None); bool."""

    neurons: Array | None = None
    steps: Array | None = None


def random_neurons(shape: InputShape, ratio: float, rng: np.random.Generator) -> Mask:
    """Mask each neuron of each sample with probability ``ratio``."""
    return Mask(neurons=rng.random((shape.n_samples, shape.n_neurons), dtype=np.float32) >= ratio)


def random_steps(shape: InputShape, ratio: float, rng: np.random.Generator) -> Mask:
    """Mask each time step of each sample with probability ``ratio``."""
    return Mask(steps=rng.random((shape.n_steps, shape.n_samples), dtype=np.float32) >= ratio)


def neuron_block(shape: InputShape, ratio: float, rng: np.random.Generator) -> Mask:
    """Mask ``floor(ratio × ΣN)`` neighbouring neurons of each sample, from a random first one."""
    length = int(shape.n_neurons * ratio)
    first = rng.integers(shape.n_neurons - length + 1, size=(shape.n_samples, 1))
    neuron = np.arange(shape.n_neurons)
    return Mask(neurons=(neuron < first) | (neuron >= first + length))


def time_blocks(shape: InputShape, blocks: TimeBlocks, rng: np.random.Generator) -> Mask:
    """Mask spans of ``length`` steps that begin at ``floor(rate × W)`` random steps of each sample."""
    n_starts = int(shape.n_steps * blocks.rate)
    order = rng.random((shape.n_steps, shape.n_samples)).argsort(axis=0)
    begins = order < n_starts
    masked = np.zeros_like(begins)
    for step in range(min(blocks.length, shape.n_steps)):
        masked[step:] |= begins[: shape.n_steps - step]
    return Mask(steps=~masked)


def whole_sessions(shape: InputShape, rng: np.random.Generator) -> Mask:
    """Keep a random set of sessions in each sample: one with probability ½, else uniformly 1 … S of them."""
    n_sessions = len(shape.neurons)
    kept = rng.integers(1, n_sessions + 1, size=shape.n_samples)
    kept[rng.random(shape.n_samples) < 0.5] = 1
    rank = rng.random((shape.n_samples, n_sessions)).argsort(axis=1).argsort(axis=1)
    return Mask(neurons=np.repeat(rank < kept[:, None], shape.neurons, axis=1))


_RATIO_MASKS: Mapping[str, Callable[[InputShape, float, np.random.Generator], Mask]] = {
    "RandomNeuronMask": random_neurons,
    "RandomTimestepMask": random_steps,
    "NeuronBlockMask": neuron_block,
}


class Masker:
    """Draws one of the configured masks at a time.

    Parameters
    ----------
    masks : mapping of str to MaskParameters
        From :class:`~napari_unison.encoder.config.EncoderConfig`; empty for no masks.
    """

    def __init__(self, masks: Mapping[str, MaskParameters]) -> None:
        self._masks: Sequence[tuple[str, MaskParameters]] = list(masks.items())

    def draw(self, shape: InputShape, rng: np.random.Generator) -> Mask:
        """Draw a mask for ``B`` samples.

        Parameters
        ----------
        shape : InputShape
            Sizes of the input.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        Mask
            What survives; nothing is masked where no mask is configured.
        """
        if not self._masks:
            return Mask()
        name, parameters = self._masks[int(rng.integers(len(self._masks)))]
        if isinstance(parameters, RatioList | RatioGrid):
            choices = parameters.choices()
            return _RATIO_MASKS[name](shape, choices[int(rng.integers(len(choices)))], rng)
        if isinstance(parameters, TimeBlocks):
            return time_blocks(shape, parameters, rng)
        return whole_sessions(shape, rng)


def warn_of_masks_without_effect(masks: Mapping[str, MaskParameters], n_steps: int, n_neurons: int) -> None:
    """Warn of blocks so small that they mask nothing in windows of this size."""
    for name, parameters in masks.items():
        if isinstance(parameters, TimeBlocks) and int(n_steps * parameters.rate) == 0:
            warnings.warn(
                f"{name} masks nothing: {parameters.rate:g} of a window of {n_steps} time bins is less "
                f"than one bin. Give a rate of at least {1 / n_steps:.2g}",
                UserWarning,
                stacklevel=2,
            )
        if name == "NeuronBlockMask" and isinstance(parameters, RatioList | RatioGrid):
            empty = [ratio for ratio in parameters.choices() if int(n_neurons * ratio) == 0]
            if empty:
                warnings.warn(
                    f"{name} masks nothing at ratio {', '.join(f'{ratio:g}' for ratio in empty)}: that is "
                    f"less than one of {n_neurons} neurons. Give ratios of at least {1 / n_neurons:.2g}",
                    UserWarning,
                    stacklevel=2,
                )
