"""Loss and gradients of a training step on the CPU.

Samples go through the network in blocks that stay in the cache, on threads that hold no lock of Python's.
Every sum over samples is made in lanes, whose number depends on nothing but the batch: the number of threads
decides how fast a step is, never what comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np

# compiled products call scipy's BLAS: it must be there before its number of threads is set
import torch

from napari_unison.encoder.alignment import NO_BIN
from napari_unison.encoder.cpu.contrast import STRIP, contrast
from napari_unison.encoder.cpu.dense_inputs import DenseBank
from napari_unison.encoder.cpu.inputs import Bank, BatchInput, share_of_non_zeros
from napari_unison.encoder.cpu.masks import BatchMasks
from napari_unison.encoder.cpu.sparse_inputs import SparseBank
from napari_unison.encoder.cpu.trunk import backward_blocks, encode_blocks
from napari_unison.encoder.cpu.trunk_layout import TrunkLayout, read_parameters, write_gradients
from napari_unison.encoder.loss import InfoNCE
from napari_unison.encoder.masking import InputShape, Masker
from napari_unison.encoder.networks import UnifiedNetwork
from napari_unison.encoder.sampling import BatchBins, BatchSampler
from napari_unison.sessions import Session

Array = np.ndarray[Any, np.dtype[Any]]

#: Samples in a block: all activations of one block stay in a core's second-level cache.
BLOCK = 64
#: Parts of a batch whose gradients are summed apart, at most.
LANES = 8
#: Share of non-zero entries above which products with all entries are faster.
DENSE_FROM = 0.15


@dataclass(frozen=True)
class CpuBatch:
    """What a batch reads, and the neurons (ΣN,) that take part, among those of all sessions."""

    input: BatchInput
    neurons: Array


class CpuEngine:
    """Computes loss and gradients on the CPU; an :class:`~napari_unison.encoder.engines.Engine`.

    Parameters
    ----------
    network : UnifiedNetwork
        Gets gradients.
    criterion : InfoNCE
        The loss; gets the gradient of a learned temperature.
    sessions : sequence of Session
        The ``S`` training sessions.
    sampler : BatchSampler
        Draws bins.
    masker : Masker
        Draws the masks.
    batch_size : int
        Samples ``B`` of reference, positive and negative each.

    Attributes
    ----------
    executor : Executor or None
        Threads to compute with; without them all runs in the caller's.
    """

    uses_threads = True

    def __init__(
        self,
        network: UnifiedNetwork,
        criterion: InfoNCE,
        sessions: Sequence[Session],
        sampler: BatchSampler,
        masker: Masker,
        batch_size: int,
    ) -> None:
        self._network = network
        self._criterion = criterion
        self._sampler = sampler
        self._masker = masker
        self.executor: Executor | None = None
        self._batch_size = batch_size
        window = network.architecture.left, network.architecture.right
        sparse = share_of_non_zeros(sessions) < DENSE_FROM
        self._bank: Bank = SparseBank(sessions, *window) if sparse else DenseBank(sessions, *window)
        self._neurons = np.array(network.neurons)
        self._first_neuron = np.cumsum(self._neurons) - self._neurons
        self._first_row = np.cumsum([0] + [session.n_bins for session in sessions])[:-1]
        self._layout = TrunkLayout.of(network)
        h, _, kernel = network.first.weight.shape
        n_samples, n_latents = 3 * batch_size, network.last.weight.shape[0]
        n_blocks = -(-n_samples // BLOCK)
        self._lanes = _lanes(n_blocks)
        self._blocks = _zeros(n_blocks, (network.architecture.window - kernel + 1) * h, BLOCK)
        self._parameters, self._turned = _zeros(self._layout.n_parameters), _zeros(self._layout.n_parameters)
        self._latents, self._of_latents = _zeros(n_samples, n_latents), _zeros(n_samples, n_latents)
        self._norms = _zeros(n_samples)
        self._of_negatives = _zeros(len(self._lanes), batch_size, n_latents)
        self._of_trunk = _zeros(len(self._lanes), self._layout.n_parameters)
        self._of_bias = _zeros(len(self._lanes), h)
        self._of_weights = _zeros(len(self._lanes), 0, kernel * h)

    def draw(self, rng: np.random.Generator) -> CpuBatch:
        """Draw a batch with its masks, and lay out what it reads."""
        return self.prepare(self._sampler.draw(self._batch_size, rng, self.executor), rng)

    def prepare(self, bins: BatchBins, rng: np.random.Generator) -> CpuBatch:
        """Draw a batch's masks and lay out what it reads."""
        neurons = self._neurons[bins.sessions]
        shape = InputShape(self._batch_size, self._network.architecture.window, tuple(neurons.tolist()))
        masks = [self._masker.draw(shape, rng) for _ in range(3)]
        drawn = np.concatenate([bins.reference, bins.positive, bins.negative], axis=1)
        rows = np.where(drawn == NO_BIN, -1, drawn + self._first_row[bins.sessions][:, None])
        columns = np.concatenate([[0], np.cumsum(neurons)])
        taking_part = np.repeat(self._first_neuron[bins.sessions] - columns[:-1], neurons) + np.arange(
            shape.n_neurons
        )
        return CpuBatch(BatchInput(rows, columns, BatchMasks.of(masks, shape)), taking_part)

    def gradients(self, batch: CpuBatch) -> float:
        """Give every parameter its gradient, and return the loss (nats)."""
        first = self._network.first
        h, n_inputs, kernel = first.weight.shape
        # a neuron that takes no part in this batch has no gradient
        of_weight = np.zeros((n_inputs, kernel, h), dtype=np.float32)
        weights = (
            first.weight.detach().numpy().transpose(1, 2, 0)[batch.neurons, ::-1].reshape(-1, kernel * h)
        )
        if len(weights) != self._of_weights.shape[1]:
            self._of_weights = _zeros(len(self._lanes), *weights.shape)
        read_parameters(self._network, self._layout, self._parameters, self._turned)
        bias = first.bias.detach().numpy()
        self._map(lambda lane: self._encode(batch.input, lane, weights, bias))
        loss = self._contrast()
        self._map(lambda lane: self._return(batch.input, lane))
        of_weight[batch.neurons] = self._of_weights.sum(axis=0).reshape(-1, kernel, h)[:, ::-1]
        first.weight.grad = torch.from_numpy(of_weight.transpose(2, 0, 1))
        first.bias.grad = torch.from_numpy(self._of_bias.sum(axis=0))
        write_gradients(self._network, self._layout, self._of_trunk.sum(axis=0))
        return loss

    def _map(self, work: Callable[[int], Any]) -> list[Any]:
        """Do the work of every lane; the results stand in the order of the lanes."""
        lanes = range(len(self._lanes))
        return list(map(work, lanes) if self.executor is None else self.executor.map(work, lanes))

    def _encode(self, batch: BatchInput, lane: int, weights: Array, bias: Array) -> None:
        begin, end = self._lanes[lane]
        blocks = self._blocks[begin:end]
        self._bank.project(batch, weights, bias, begin * BLOCK, blocks)
        encode_blocks(
            blocks,
            self._layout.layers,
            self._parameters,
            self._layout.n_scratch,
            self._network.architecture.normalises,
            begin * BLOCK,
            self._latents,
            self._norms,
        )

    def _contrast(self) -> float:
        """Compute the loss and the gradient of the latents."""
        size = self._batch_size
        turned = np.ascontiguousarray(self._latents[2 * size :].T)
        inverse_temperature = self._criterion.inverse_temperature
        beta = float(inverse_temperature.detach())
        strips = _lanes(-(-size // STRIP))

        def work(lane: int) -> tuple[float, float]:
            self._of_negatives[lane] = 0
            if lane >= len(strips):
                return 0.0, 0.0
            loss, of_beta = contrast(
                self._latents,
                turned,
                beta,
                self._criterion.is_euclidean,
                strips[lane][0] * STRIP,
                min(strips[lane][1] * STRIP, size),
                self._of_latents,
                self._of_negatives[lane],
            )
            return loss, of_beta

        loss, of_beta = np.array(self._map(work)).sum(axis=0)
        self._of_negatives.sum(axis=0, out=self._of_latents[2 * size :])
        if inverse_temperature.requires_grad:
            self._criterion.zero_grad(set_to_none=True)
            torch.autograd.backward(
                inverse_temperature, torch.tensor(of_beta, dtype=inverse_temperature.dtype)
            )
        return float(loss)

    def _return(self, batch: BatchInput, lane: int) -> None:
        """Take the gradient of the latents back to the parameters."""
        begin, end = self._lanes[lane]
        blocks = self._blocks[begin:end]
        for gradient in (self._of_trunk, self._of_weights, self._of_bias):
            gradient[lane] = 0
        backward_blocks(
            blocks,
            self._layout.layers,
            self._parameters,
            self._turned,
            self._layout.n_scratch,
            self._network.architecture.normalises,
            begin * BLOCK,
            self._latents,
            self._norms,
            self._of_latents,
            self._of_trunk[lane],
            self._of_bias[lane],
        )
        self._bank.add_gradient(batch, blocks, begin * BLOCK, self._of_weights[lane])


def _zeros(*shape: int) -> Array:
    return np.zeros(shape, dtype=np.float32)


def _lanes(n_parts: int) -> Sequence[tuple[int, int]]:
    """Split parts into lanes of nearly the same length: begin and end of each."""
    edges = np.linspace(0, n_parts, min(LANES, n_parts) + 1).round().astype(int)
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
