"""The contrastive loss (InfoNCE) and its gradients, for a strip of references at a time.

The similarities of a few references with all negatives stay in the cache; the formula stands in
:mod:`napari_unison.encoder.loss`. A learned temperature gets its gradient too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from napari_unison.encoder.cpu.elementary import exp_of_negative

Array = np.ndarray[Any, np.dtype[Any]]

#: References in a strip: their similarities with 2048 negatives take half a megabyte.
STRIP = 64


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def _to_similarity(row: Array, scale: Any, shift: Any, offsets: Array) -> None:
    """Turn dot products into ``scale · x + shift + offsets`` in place."""
    for j in range(row.size):
        row[j] = scale * row[j] + (shift + offsets[j])


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def _highest(row: Array) -> Any:
    highest = row[0]
    for j in range(row.size):
        if row[j] > highest:
            highest = row[j]
    return highest


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def _exponentiate(row: Array, highest: Any) -> Any:
    """Turn similarities into ``exp(x - highest)``; return their sum, and that of the products of both."""
    total, weighted = np.float32(0), np.float32(0)
    for j in range(row.size):
        below = row[j] - highest
        share = exp_of_negative(below)
        row[j] = share
        total += share
        weighted += share * below
    return total, weighted


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def _add_scaled(total: Array, part: Array, scale: Any) -> None:
    for j in range(total.size):
        total[j] += scale * part[j]


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def _dot(a: Array, b: Array) -> Any:
    total = np.float32(0)
    for c in range(a.size):
        total += a[c] * b[c]
    return total


@njit(nogil=True, cache=True, error_model="numpy")
def contrast(
    latents: Array,
    turned: Array,
    inverse_temperature: float,
    euclidean: bool,
    begin: int,
    end: int,
    gradient: Array,
    of_negatives: Array,
) -> tuple[float, float]:
    """Compute loss and gradients of the references ``begin … end``.

    Parameters
    ----------
    latents : array (3 · B, D) of float32
        Of reference, positive and negative.
    turned : array (D, B) of float32
        The negatives' again, samples last.
    inverse_temperature : float
        1/τ.
    euclidean : bool
        Whether φ is minus the squared distance, else the dot product.
    begin, end : int
        References.
    gradient : array (3 · B, D) of float32
        Gets the gradients of these references and their positives.
    of_negatives : array (B, D) of float32
        The negatives' gradient is added to it.

    Returns
    -------
    loss : float
        Sum over the references, divided by B (nats).
    of_inverse_temperature : float
        Its derivative by 1/τ.
    """
    n, d = turned.shape[1], turned.shape[0]
    beta = np.float32(inverse_temperature)
    negatives = latents[2 * n :]
    offsets = np.zeros(n, dtype=np.float32)
    scale = beta
    if euclidean:
        scale = np.float32(2) * beta
        for j in range(n):
            offsets[j] = -beta * _dot(negatives[j], negatives[j])
    column_shares = np.zeros(n, dtype=np.float32)
    strip = np.empty((STRIP, n), dtype=np.float32)
    weighted = np.empty((STRIP, d), dtype=np.float32)
    normalisers = np.empty(STRIP, dtype=np.float32)
    pushed = np.empty((n, d), dtype=np.float32)
    loss: Any = 0.0
    of_beta: Any = 0.0
    for first in range(begin, end, STRIP):
        m = min(STRIP, end - first)
        references = latents[first : first + m]
        similarity = strip[:m]
        np.dot(references, turned, similarity)
        for i in range(m):
            shift = np.float32(0)
            if euclidean:
                shift = -beta * _dot(references[i], references[i])
            _to_similarity(similarity[i], scale, shift, offsets)
            highest = _highest(similarity[i])
            total, product = _exponentiate(similarity[i], highest)
            normalisers[i] = total
            loss += np.log(total) + highest
            of_beta += (product / total + highest) / beta
            for c in range(d):
                weighted[i, c] = references[i, c] / total
            if euclidean:
                _add_scaled(column_shares, similarity[i], np.float32(1) / total)
        np.dot(similarity.T, weighted[:m], pushed)
        _add_scaled(of_negatives.reshape(-1), pushed.reshape(-1), scale / np.float32(n))
        pulled = np.dot(similarity, negatives)
        for i in range(m):
            r = first + i
            matched = np.float32(0)
            for c in range(d):
                reference, positive = latents[r, c], latents[n + r, c]
                towards = pulled[i, c] / normalisers[i]
                if euclidean:
                    difference = reference - positive
                    matched -= difference * difference
                    gradient[r, c] = scale / n * (towards - positive)
                    gradient[n + r, c] = -scale / n * difference
                else:
                    matched += reference * positive
                    gradient[r, c] = scale / n * (towards - positive)
                    gradient[n + r, c] = -scale / n * reference
            loss -= beta * matched
            of_beta -= matched
    if euclidean:
        for j in range(n):
            _add_scaled(of_negatives[j], negatives[j], -scale / np.float32(n) * column_shares[j])
    return loss / n, of_beta / n
