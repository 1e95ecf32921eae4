"""Masks: which neurons, time steps or whole sessions a training sample may see.

Each of reference, positive and negative draws one of the configured masks and its parameter
(Benquet et al.; ratios after Zhang et al., 2024, "Towards a universal translator for neural dynamics";
time blocks after Baevski et al., 2020, wav2vec 2.0).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_unison.encoder.config import MaskParameters, RatioGrid, RatioList, TimeBlocks

Array = np.ndarray[Any, np.dtype[Any]]

_SAMPLE_STRIDE = 0x9E3779B97F4A7C15
_NEURON_STRIDE = 0x9E3779B9


@dataclass(frozen=True)
class InputShape:
    """What a mask needs to know of a batch: sizes of the input."""

    n_samples: int
    n_steps: int
    neurons: tuple[int, ...]  # neurons of each session of the batch

    @property
    def n_neurons(self) -> int:
        """All neurons, ΣN."""
        return sum(self.neurons)


@dataclass(frozen=True)
class RandomNeurons:
    """Each neuron of each sample is masked with probability ``ratio``, decided by a hash of ``key``.

    Sparse input asks only for the neurons that are active, so nothing the size of (B, ΣN) need be drawn:
    whether a neuron survives is a function of key, sample and neuron. The key is split over the samples as in
    SplitMix64 (Steele, Lea & Flood, 2014); neurons go through two rounds of a 32-bit mixer.
    """

    key: int
    ratio: float

    @property
    def threshold(self) -> int:
        """Hashes below this are masked, of 2³²."""
        return min(round(self.ratio * 2**32), 2**32 - 1)

    def kept(self, shape: InputShape) -> Array:
        """Return what survives, (B, ΣN) of bool."""
        sample = np.arange(1, shape.n_samples + 1, dtype=np.uint64)
        halves = _split(np.uint64(self.key) + sample * np.uint64(_SAMPLE_STRIDE))
        low = halves.astype(np.uint32)[:, None]
        high = (halves >> np.uint64(32)).astype(np.uint32)[:, None]
        neuron = np.arange(shape.n_neurons, dtype=np.uint32) * np.uint32(_NEURON_STRIDE)
        return np.asarray(_mix(_mix(neuron + low) ^ high) >= np.uint32(self.threshold))


@dataclass(frozen=True)
class NeuronBlocks:
    """``length`` neighbouring neurons of each sample are masked, from ``first``, (B,) of int."""

    first: Array
    length: int

    def kept(self, shape: InputShape) -> Array:
        """Return what survives, (B, ΣN) of bool."""
        neuron = np.arange(shape.n_neurons)
        first = self.first[:, None]
        return np.asarray((neuron < first) | (neuron >= first + self.length))


@dataclass(frozen=True)
class KeptSessions:
    """Whole sessions survive in each sample: ``sessions`` is (B, S) of bool."""

    sessions: Array

    def kept(self, shape: InputShape) -> Array:
        """Return what survives, (B, ΣN) of bool."""
        return np.repeat(self.sessions, shape.neurons, axis=1)


@dataclass(frozen=True)
class Mask:
    """What survives: along neurons, along time steps (W, B) of bool, or everything (both None)."""

    neurons: RandomNeurons | NeuronBlocks | KeptSessions | None = None
    steps: Array | None = None


def random_neurons(ratio: float, rng: np.random.Generator) -> Mask:
    """Mask each neuron of each sample with probability ``ratio``."""
    return Mask(neurons=RandomNeurons(int(rng.integers(2**64, dtype=np.uint64)), ratio))


def random_steps(shape: InputShape, ratio: float, rng: np.random.Generator) -> Mask:
    """Mask each time step of each sample with probability ``ratio``."""
    return Mask(steps=rng.random((shape.n_steps, shape.n_samples), dtype=np.float32) >= ratio)


def neuron_block(shape: InputShape, ratio: float, rng: np.random.Generator) -> Mask:
    """Mask ``floor(ratio × ΣN)`` neighbouring neurons of each sample, from a random first one."""
    length = int(shape.n_neurons * ratio)
    first = rng.integers(shape.n_neurons - length + 1, size=shape.n_samples)
    return Mask(neurons=NeuronBlocks(first, length))


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
    return Mask(neurons=KeptSessions(rank < kept[:, None]))


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
        if isinstance(parameters, TimeBlocks):
            return time_blocks(shape, parameters, rng)
        if not isinstance(parameters, RatioList | RatioGrid):
            return whole_sessions(shape, rng)
        choices = parameters.choices()
        ratio = choices[int(rng.integers(len(choices)))]
        if name == "RandomNeuronMask":
            return random_neurons(ratio, rng)
        if name == "RandomTimestepMask":
            return random_steps(shape, ratio, rng)
        return neuron_block(shape, ratio, rng)


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


def _split(x: Array) -> Array:
    """Mix 64-bit integers, modulo 2⁶⁴ (the finaliser of SplitMix64)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)))


def _mix(x: Array) -> Array:
    """Mix 32-bit integers, modulo 2³² (constants found by Wellons, 2018, for a low bias)."""
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B)
    return np.asarray(x ^ (x >> np.uint32(16)))
