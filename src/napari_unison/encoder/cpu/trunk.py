"""The network after its first convolution, for a block of samples that stays in the cache.

Activity is laid out with samples last: a layer's input is ``(L · n_in, n)``, one row a time step and channel.
The rows of ``kernel`` neighbouring steps are contiguous, so a convolution's step is one matrix product.
Nothing of the forward pass is kept: the backward pass repeats it, which costs less than the way to memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from napari_unison.encoder.cpu.elementary import FLAGS, normal_distribution
from napari_unison.encoder.cpu.trunk_layout import (
    BIAS,
    INPUT,
    KERNEL,
    LENGTH_IN,
    N_IN,
    N_OUT,
    RESIDUAL,
    SLOPE,
    WEIGHT,
)

Array = np.ndarray[Any, np.dtype[Any]]


@njit(nogil=True, cache=True, fastmath=FLAGS, error_model="numpy")
def _gelu(x: Array, bias: Array, result: Array) -> None:
    """Write ``x · Φ(x)`` of ``x`` plus its channel's bias, and put ``Φ(x) + x · φ(x)`` in the place of x.

    ``x`` and ``result`` are ``(L · n_out, n)``. In place, because two arrays that may be the same memory
    would keep the compiler from vector instructions.
    """
    for r in range(x.shape[0]):
        own, out, shift = x[r], result[r], bias[r % bias.size]
        for i in range(own.size):
            value = own[i] + shift
            below, density = normal_distribution(value)
            own[i] = below + value * density
            out[i] = value * below


@njit(nogil=True, cache=True)
def _copy(source: Array, target: Array) -> None:
    """Copy element by element: an assignment of arrays would compile checks of shapes for seconds."""
    for i in range(source.size):
        target[i] = source[i]


@njit(nogil=True, cache=True, fastmath=FLAGS, error_model="numpy")
def _add(total: Array, part: Array) -> None:
    for i in range(total.size):
        total[i] += part[i]


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def _add_row_sums(total: Array, rows: Array) -> None:
    """Add the sum of each row of ``(L · n_out, n)`` to its channel of ``total``, (n_out,)."""
    for r in range(rows.shape[0]):
        own = np.float32(0)
        for i in range(rows.shape[1]):
            own += rows[r, i]
        total[r % total.size] += own


@njit(nogil=True, cache=True, fastmath=FLAGS, error_model="numpy")
def _convolve(x: Array, weight: Array, n_in: int, length: int, result: Array) -> None:
    """Write a convolution's ``length`` output steps, ``(length · n_out, n)``, without bias."""
    n_out, width = weight.shape
    for t in range(length):
        np.dot(weight, x[t * n_in : t * n_in + width], result[t * n_out : (t + 1) * n_out])


@njit(nogil=True, cache=True, fastmath=FLAGS, error_model="numpy")
def forward_block(before: Array, layers: Array, parameters: Array, scratch: Array, latents: Array) -> None:
    """Encode a block of samples.

    Parameters
    ----------
    before : array (L · h, n) of float32
        The first convolution's output, before its GELU.
    layers, parameters
        From :mod:`.trunk_layout`.
    scratch : array (n_scratch · n,) of float32
        Gets every layer's input and its GELU's slope.
    latents : array (D, n) of float32
        Gets the last convolution's output.
    """
    n = before.shape[1]
    at, slope = layers[0, INPUT] * n, layers[0, SLOPE] * n
    kept = scratch[slope : slope + before.size].reshape(before.shape)
    _copy(before.reshape(-1), kept.reshape(-1))
    _gelu(kept, np.zeros(1, dtype=np.float32), scratch[at : at + before.size].reshape(before.shape))
    for number in range(layers.shape[0]):
        row = layers[number]
        n_in, n_out, kernel = row[N_IN], row[N_OUT], row[KERNEL]
        length = row[LENGTH_IN] - kernel + 1
        at = row[INPUT] * n
        x = scratch[at : row[SLOPE] * n].reshape(row[LENGTH_IN] * n_in, n)
        weight = parameters[row[WEIGHT] : row[BIAS]].reshape(n_out, kernel * n_in)
        bias = parameters[row[BIAS] : row[BIAS] + n_out]
        if number == layers.shape[0] - 1:
            _convolve(x, weight, n_in, length, latents)
            for c in range(n_out):
                latents[c] += bias[c]
            return
        following = layers[number + 1]
        size = length * n_out * n
        result = scratch[following[INPUT] * n : following[INPUT] * n + size]
        slope = following[SLOPE] * n
        rows = scratch[slope : slope + size].reshape(length * n_out, n)
        _convolve(x, weight, n_in, length, rows)
        _gelu(rows, bias, result.reshape(length * n_out, n))
        if row[RESIDUAL]:
            _add(result, scratch[at + n_in * n : at + n_in * n + size])


@njit(nogil=True, cache=True, fastmath=FLAGS, error_model="numpy")
def backward_block(
    of_latents: Array, layers: Array, turned: Array, scratch: Array, gradient: Array, of_before: Array
) -> None:
    """Go back through a block of samples just encoded by :func:`forward_block`.

    Parameters
    ----------
    of_latents : array (D, n) of float32
        Gradient of the last convolution's output.
    layers, turned
        From :mod:`.trunk_layout`.
    scratch : array (n_scratch · n,) of float32
        As the forward pass left it.
    gradient : array (n_parameters,) of float32
        The parameters' gradient is added to it.
    of_before : array (L · h, n) of float32
        Gets the gradient of the first convolution's output.
    """
    n = of_latents.shape[1]
    last = layers[layers.shape[0] - 1]
    # three areas behind the activations: padded gradient, gradients of a layer's output and input
    area = (scratch.size - 2 * last[SLOPE] * n + last[INPUT] * n) // 3
    begin = 2 * last[SLOPE] * n - last[INPUT] * n
    padded_area = scratch[begin : begin + area]
    outer = scratch[begin + area : begin + 2 * area]
    inner = scratch[begin + 2 * area : begin + 3 * area]
    _copy(of_latents.reshape(-1), outer)
    for number in range(layers.shape[0] - 1, -1, -1):
        row = layers[number]
        n_in, n_out, kernel = row[N_IN], row[N_OUT], row[KERNEL]
        length_in = row[LENGTH_IN]
        length = length_in - kernel + 1
        size, margin = length * n_out * n, (kernel - 1) * n_out * n
        padded_area[:margin] = 0
        padded_area[margin + size : 2 * margin + size] = 0
        own = padded_area[margin : margin + size]
        if number == layers.shape[0] - 1:
            _copy(outer[:size], own)
        else:
            slope = layers[number + 1][SLOPE] * n
            for i in range(size):
                own[i] = outer[i] * scratch[slope + i]
        x = scratch[row[INPUT] * n : row[SLOPE] * n].reshape(length_in * n_in, n)
        _add_parameter_gradients(own.reshape(length * n_out, n), x, row, gradient)
        padded = padded_area[: 2 * margin + size].reshape((length + 2 * (kernel - 1)) * n_out, n)
        weight = turned[row[WEIGHT] : row[BIAS]].reshape(n_in, kernel * n_out)
        of_input = inner[: length_in * n_in * n]
        _convolve(padded, weight, n_out, length_in, of_input.reshape(length_in * n_in, n))
        if row[RESIDUAL]:
            _add(of_input[n_in * n : n_in * n + size], outer[:size])
        outer, inner = inner, outer
    flat = of_before.reshape(-1)
    slope = layers[0, SLOPE] * n
    for i in range(flat.size):
        flat[i] = outer[i] * scratch[slope + i]


@njit(nogil=True, cache=True, fastmath=FLAGS, error_model="numpy")
def _add_parameter_gradients(own: Array, x: Array, row: Array, gradient: Array) -> None:
    """Add a layer's gradients of weight and bias, from those of its output ``own``, (length · n_out, n)."""
    n_in, n_out, width = row[N_IN], row[N_OUT], row[KERNEL] * row[N_IN]
    total = gradient[row[WEIGHT] : row[BIAS]]
    part = np.empty((width, n_out), dtype=np.float32)
    for t in range(own.shape[0] // n_out):
        np.dot(x[t * n_in : t * n_in + width], own[t * n_out : (t + 1) * n_out].T, part)
        _add(total, part.reshape(-1))
    _add_row_sums(gradient[row[BIAS] : row[BIAS] + n_out], own)


@njit(nogil=True, cache=True, fastmath=FLAGS, error_model="numpy")
def encode_blocks(
    blocks: Array,
    layers: Array,
    parameters: Array,
    n_scratch: int,
    normalises: bool,
    first: int,
    latents: Array,
    norms: Array,
) -> None:
    """Encode blocks of samples.

    Parameters
    ----------
    blocks : array (m, L · h, n) of float32
        The first convolution's output, before its GELU.
    layers, parameters, n_scratch
        From :mod:`.trunk_layout`.
    normalises : bool
        Whether latents are put on the unit sphere.
    first : int
        First sample.
    latents : array (3 · B, D) of float32
        Gets the samples' latents.
    norms : array (3 · B,) of float32
        Gets their length before that.
    """
    n = blocks.shape[2]
    scratch = np.empty(n_scratch * n, dtype=np.float32)
    own = np.empty((latents.shape[1], n), dtype=np.float32)
    for b in range(blocks.shape[0]):
        forward_block(blocks[b], layers, parameters, scratch, own)
        begin = first + b * n
        for j in range(min(n, latents.shape[0] - begin)):
            square = np.float32(0)
            for c in range(own.shape[0]):
                square += own[c, j] * own[c, j]
            norm = np.sqrt(square) if normalises else np.float32(1)
            norms[begin + j] = norm
            for c in range(own.shape[0]):
                latents[begin + j, c] = own[c, j] / norm


@njit(nogil=True, cache=True, fastmath=FLAGS, error_model="numpy")
def backward_blocks(
    blocks: Array,
    layers: Array,
    parameters: Array,
    turned: Array,
    n_scratch: int,
    normalises: bool,
    first: int,
    latents: Array,
    norms: Array,
    of_latents: Array,
    gradient: Array,
    of_bias: Array,
) -> None:
    """Go back through blocks of samples: repeat their encoding, then put gradients in their place.

    Parameters
    ----------
    blocks : array (m, L · h, n) of float32
        The first convolution's output; becomes its gradient.
    layers, parameters, turned, n_scratch
        From :mod:`.trunk_layout`.
    normalises, first, latents, norms
        As :func:`encode_blocks` took and wrote them.
    of_latents : array (3 · B, D) of float32
        Gradient of the latents.
    gradient : array (n_parameters,) of float32
        The parameters' gradient is added to it.
    of_bias : array (h,) of float32
        The gradient of the first convolution's bias is added to it.
    """
    n = blocks.shape[2]
    scratch = np.empty(n_scratch * n, dtype=np.float32)
    own = np.empty((latents.shape[1], n), dtype=np.float32)
    for b in range(blocks.shape[0]):
        forward_block(blocks[b], layers, parameters, scratch, own)
        begin = first + b * n
        own[:] = 0
        for j in range(min(n, latents.shape[0] - begin)):
            along = np.float32(0)
            if normalises:
                for c in range(own.shape[0]):
                    along += latents[begin + j, c] * of_latents[begin + j, c]
            for c in range(own.shape[0]):
                across = of_latents[begin + j, c] - along * latents[begin + j, c]
                own[c, j] = across / norms[begin + j]
        backward_block(own, layers, turned, scratch, gradient, blocks[b])
        _add_row_sums(of_bias, blocks[b])
