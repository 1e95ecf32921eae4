"""Where the layers after the first convolution stand in flat arrays, as the compiled kernels read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from napari_unison.encoder.networks import Convolution, UnifiedNetwork

Array = np.ndarray[Any, np.dtype[Any]]

# columns of a layout, one row a layer after the first convolution
LENGTH_IN, N_IN, KERNEL, N_OUT, RESIDUAL, WEIGHT, BIAS, INPUT, SLOPE = range(9)


@dataclass(frozen=True)
class TrunkLayout:
    """Where the layers after the first convolution stand in flat arrays.

    Attributes
    ----------
    layers : array (n_layers, 9) of int
        A layer's input length, channels in, kernel, channels out, whether it adds to its input, and where its
        weight and bias stand in the parameters, its input and its GELU's slope in the scratch (per sample).
    n_parameters : int
        Length of the parameters.
    n_scratch : int
        Numbers of scratch a sample.
    """

    layers: Array
    n_parameters: int
    n_scratch: int

    @classmethod
    def of(cls, network: UnifiedNetwork) -> TrunkLayout:
        """Lay out the layers of a network."""
        convolutions = trunk_of(network)
        plain = len(network.plain)
        length = network.architecture.window - network.first.kernel + 1
        rows, parameters, scratch, widest = [], 0, 0, 0
        for number, layer in enumerate(convolutions):
            n_out, n_in, kernel = layer.weight.shape
            is_residual = plain <= number < len(convolutions) - 1
            size = length * n_in
            rows.append(
                (
                    *(length, n_in, kernel, n_out, is_residual),
                    *(parameters, parameters + layer.weight.numel(), scratch, scratch + size),
                )
            )
            parameters += layer.weight.numel() + n_out
            scratch += 2 * size
            padded = length + kernel - 1
            widest = max(widest, padded * n_out, size)
            length -= kernel - 1
        return cls(np.array(rows, dtype=np.int64), parameters, scratch + 3 * widest)


def trunk_of(network: UnifiedNetwork) -> list[Convolution]:
    """Return the convolutions after the first, in order."""
    layers: list[Any] = [*network.plain, *network.residual, network.last]
    return layers


def read_parameters(network: UnifiedNetwork, layout: TrunkLayout, forward: Array, backward: Array) -> None:
    """Copy the trunk's parameters into flat arrays.

    Parameters
    ----------
    network : UnifiedNetwork
        On the CPU.
    layout : TrunkLayout
        Of this network.
    forward : array (n_parameters,) of float32
        Gets each layer's weight as ``(n_out, kernel · n_in)``, then its bias.
    backward : array (n_parameters,) of float32
        Gets each layer's weight turned round, ``(n_in, kernel · n_out)``.
    """
    for layer, row in zip(trunk_of(network), layout.layers, strict=True):
        weight = layer.weight.detach().numpy()
        n_out, n_in, kernel = weight.shape
        begin, end = row[WEIGHT], row[BIAS]
        forward[begin:end].reshape(n_out, kernel, n_in)[:] = weight.transpose(0, 2, 1)
        forward[end : end + n_out] = layer.bias.detach().numpy()
        backward[begin:end].reshape(n_in, kernel, n_out)[:] = weight[:, :, ::-1].transpose(1, 2, 0)


def write_gradients(network: UnifiedNetwork, layout: TrunkLayout, gradient: Array) -> None:
    """Give the trunk's parameters their gradients.

    They stand in ``gradient`` layer by layer, the weight's as ``(kernel · n_in, n_out)``, then the bias's.
    """
    for layer, row in zip(trunk_of(network), layout.layers, strict=True):
        n_out, n_in, kernel = layer.weight.shape
        begin, end = row[WEIGHT], row[BIAS]
        of_weight = gradient[begin:end].reshape(kernel, n_in, n_out).transpose(1, 0, 2)
        layer.weight.grad = torch.from_numpy(np.ascontiguousarray(of_weight).transpose(2, 0, 1))
        layer.bias.grad = torch.from_numpy(gradient[end : end + n_out].copy())
