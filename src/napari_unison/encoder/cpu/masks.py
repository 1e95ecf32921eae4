"""Masks of a batch as flat arrays, and which neurons of one sample survive them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from napari_unison.encoder.masking import (
    InputShape,
    KeptSessions,
    Mask,
    NeuronBlocks,
    RandomNeurons,
)

Array = np.ndarray[Any, np.dtype[Any]]

_U = np.uint32
_SAMPLE_STRIDE = np.uint64(0x9E3779B97F4A7C15)
_NEURON_STRIDE = _U(0x9E3779B9)


class BatchMasks(NamedTuple):
    """Masks of reference, positive and negative, ``3 · B`` samples one after another.

    A mask that a role has not drawn stands there as one that masks nothing.

    Attributes
    ----------
    keys : array (3,) of uint64
        Keys of random neurons.
    thresholds : array (3,) of uint32
        Hashes below are masked.
    block_first : array (3 · B,) of int64
        First neuron of a masked block.
    block_length : array (3,) of int64
        Its length.
    sessions : array (3 · B, k) of bool
        Sessions that survive.
    steps : array (3 · B, W) of uint8
        Time steps that survive.
    """

    keys: Array
    thresholds: Array
    block_first: Array
    block_length: Array
    sessions: Array
    steps: Array

    @classmethod
    def of(cls, masks: Sequence[Mask], shape: InputShape) -> BatchMasks:
        """Lay out the masks of the roles."""
        size = shape.n_samples
        total = len(masks) * size
        flat = cls(
            np.zeros(len(masks), dtype=np.uint64),
            np.zeros(len(masks), dtype=np.uint32),
            np.zeros(total, dtype=np.int64),
            np.zeros(len(masks), dtype=np.int64),
            np.ones((total, len(shape.neurons)), dtype=bool),
            np.ones((total, shape.n_steps), dtype=np.uint8),
        )
        for role, mask in enumerate(masks):
            samples = slice(role * size, (role + 1) * size)
            if mask.steps is not None:
                flat.steps[samples] = mask.steps.T
            if isinstance(mask.neurons, RandomNeurons):
                flat.keys[role] = mask.neurons.key
                flat.thresholds[role] = mask.neurons.threshold
            elif isinstance(mask.neurons, NeuronBlocks):
                flat.block_first[samples] = mask.neurons.first
                flat.block_length[role] = mask.neurons.length
            elif isinstance(mask.neurons, KeptSessions):
                flat.sessions[samples] = mask.neurons.sessions
        return flat


@njit(inline="always")
def _mix(x: Any) -> Any:
    # products of two uint32 are uint64 to numba: cut back at once
    x = _U(_U(x ^ (x >> _U(16))) * _U(0x7FEB352D))
    x = _U(_U(x ^ (x >> _U(15))) * _U(0x846CA68B))
    return _U(x ^ (x >> _U(16)))


@njit(inline="always")
def _split(x: Any) -> Any:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(nogil=True, cache=True)
def fill_kept(kept: Array, sample: int, session: int, columns: Array, masks: Any) -> None:
    """Write which neurons of a sample survive; the same as ``Mask.neurons.kept`` says.

    Parameters
    ----------
    kept : array (n,) of uint8
        Gets 1 where a neuron survives, else 0: the ``n`` neurons of some sessions that follow one another.
    sample : int
        Of the ``3 · B`` samples of the batch.
    session : int
        The first of these sessions.
    columns : array (k + 1,) of int64
        First neuron of each session of the batch, and the end.
    masks : BatchMasks
        Of the batch.
    """
    size = masks.sessions.shape[0] // masks.keys.size
    role = sample // size
    threshold = masks.thresholds[role]
    begin = columns[session]
    if threshold > 0:
        halves = _split(masks.keys[role] + np.uint64(sample - role * size + 1) * _SAMPLE_STRIDE)
        low, high = _U(halves), _U(halves >> np.uint64(32))
        for i in range(kept.size):
            kept[i] = _mix(_U(_mix(_U(_U(_U(begin + i) * _NEURON_STRIDE) + low)) ^ high)) >= threshold
        return
    kept[:] = 1
    first = masks.block_first[sample] - begin
    kept[max(first, 0) : max(first + masks.block_length[role], 0)] = 0
    while session < columns.size - 1 and columns[session] < begin + kept.size:
        if not masks.sessions[sample, session]:
            kept[columns[session] - begin : columns[session + 1] - begin] = 0
        session += 1
