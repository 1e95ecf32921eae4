"""The first convolution on a device: windows of one session at a time, times that session's weights.

A convolution is linear in its input, so the sum over neurons may be made session by session. What is kept
is the projection (W, 3 · B, kernel · h), whose size does not depend on how many sessions there are.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from napari_unison.encoder.batches import DeviceBatch
from napari_unison.encoder.networks import UnifiedNetwork

#: Windows are kept from the forward to the backward pass if they take no more bytes; else made again.
KEPT_BYTES = 2**29


class _Project(torch.autograd.Function):
    """Windows times weights, summed over sessions; only the weights get a gradient."""

    @staticmethod
    def forward(
        ctx: Any, weights: Tensor, batch: DeviceBatch, columns: list[slice], keeps_windows: bool
    ) -> Tensor:
        projected = weights.new_zeros(batch.n_rows, weights.shape[1])
        kept = []
        for place, session in enumerate(batch.sessions):
            windows = batch.windows(place)
            projected.addmm_(windows, weights[columns[session]])
            if keeps_windows:
                kept.append(windows)
        ctx.save_for_backward(*kept)
        ctx.batch, ctx.columns, ctx.n_inputs = batch, columns, len(weights)
        return projected

    @staticmethod
    def backward(ctx: Any, *outer: Any) -> tuple[Tensor, None, None, None]:
        gradient = outer[0].contiguous()
        kept = ctx.saved_tensors
        of_weights = gradient.new_zeros(ctx.n_inputs, gradient.shape[1])
        for place, session in enumerate(ctx.batch.sessions):
            windows = kept[place] if kept else ctx.batch.windows(place)
            torch.mm(windows.t(), gradient, out=of_weights[ctx.columns[session]])
        return of_weights, None, None, None


def project(network: UnifiedNetwork, batch: DeviceBatch, kept_bytes: int = KEPT_BYTES) -> Tensor:
    """Multiply the windows of a batch with the weights of the first convolution.

    Parameters
    ----------
    network : UnifiedNetwork
        Gets the gradient of its first convolution's weights.
    batch : DeviceBatch
        What to read.
    kept_bytes : int
        Keep the windows for the backward pass if they take no more than this.

    Returns
    -------
    Tensor (W, 3 · B, kernel · h)
        For :meth:`UnifiedNetwork.from_projection`.
    """
    weight = network.first.weight
    columns, begin = [], 0
    for size in network.neurons:
        columns.append(slice(begin, begin + size))
        begin += size
    matrix = weight.permute(1, 2, 0).reshape(weight.shape[1], -1)
    projected: Tensor = _Project.apply(  # type: ignore[no-untyped-call]
        matrix, batch, columns, batch.n_bytes <= kept_bytes
    )
    return projected.view(network.architecture.window, -1, matrix.shape[1])
