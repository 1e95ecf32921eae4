"""Embedding on the CPU: windows of projected sessions, summed and encoded in blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit

from napari_unison.encoder.cpu.engine import BLOCK
from napari_unison.encoder.cpu.inputs import TILE, write_tile
from napari_unison.encoder.cpu.threads import compute_threads
from napari_unison.encoder.cpu.trunk import encode_blocks
from napari_unison.encoder.cpu.trunk_layout import TrunkLayout, read_parameters
from napari_unison.encoder.networks import UnifiedNetwork

Array = np.ndarray[Any, np.dtype[Any]]

#: Bins that a thread takes at a time.
_CHUNK = 16 * BLOCK


def embed_windows(network: UnifiedNetwork, hidden: Sequence[Array], first: Sequence[Array]) -> Array:
    """Embed the sums of windows of several sessions.

    Parameters
    ----------
    network : UnifiedNetwork
        On the CPU.
    hidden : sequence of array (P_s, h) of float32
        Each session after the first convolution, without bias.
    first : sequence of array (T,) of int
        Where each embedded bin's window begins in them.

    Returns
    -------
    array (T, D) of float32
        Latents.
    """
    layout = TrunkLayout.of(network)
    parameters, turned = (np.empty(layout.n_parameters, dtype=np.float32) for _ in range(2))
    read_parameters(network, layout, parameters, turned)
    bias = network.first.bias.detach().numpy()
    length = network.architecture.window - network.first.kernel + 1
    latents = np.empty((len(first[0]), network.last.weight.shape[0]), dtype=np.float32)
    norms = np.empty(len(latents), dtype=np.float32)

    def embed(begin: int) -> None:
        part = slice(begin, min(begin + _CHUNK, len(latents)))
        total = np.zeros((-(-(part.stop - begin) // BLOCK) * BLOCK, length * len(bias)), dtype=np.float32)
        for session, starts in zip(hidden, first, strict=True):
            _add_windows(total, session.reshape(-1), starts[part] * len(bias))
        blocks = np.empty((len(total) // BLOCK, total.shape[1], BLOCK), dtype=np.float32)
        _turn(total, bias, blocks)
        encode_blocks(
            blocks,
            layout.layers,
            parameters,
            layout.n_scratch,
            network.architecture.normalises,
            0,
            latents[part],
            norms[part],
        )

    chunks = range(0, len(latents), _CHUNK)
    with compute_threads() as executor:
        # a list, so that an error in a thread is raised here
        list(map(embed, chunks) if executor is None else executor.map(embed, chunks))
    return latents


@njit(nogil=True, cache=True)
def _add_windows(total: Array, hidden: Array, first: Array) -> None:
    """Add each bin's window, one stretch of ``hidden``, to its row."""
    for row in range(first.size):
        for c in range(total.shape[1]):
            total[row, c] += hidden[first[row] + c]


@njit(nogil=True, cache=True)
def _turn(total: Array, bias: Array, blocks: Array) -> None:
    """Turn rows of bins into blocks with bins last, and add the bias."""
    n = blocks.shape[2]
    for tile in range(total.shape[0] // TILE):
        at = tile * TILE
        write_tile(total[at : at + TILE], bias, blocks[at // n], at % n)
