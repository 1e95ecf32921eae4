"""Nearest neighbours: in all latents at once, and in each latent by itself."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from sklearn.neighbors import NearestNeighbors

Metric = Literal["cosine", "euclidean"]


def require_metric(metric: str) -> None:
    """Raise ``ValueError`` unless the metric is one that the decoders know."""
    if metric not in ("cosine", "euclidean"):
        raise ValueError(f"metric {metric!r} is not known: give 'cosine' or 'euclidean'")


def nearest_bins(
    train: npt.NDArray[np.float32], queries: npt.NDArray[np.float32], n_neighbors: int, metric: Metric
) -> npt.NDArray[np.intp]:
    """Find the nearest rows of ``train`` for every query.

    Parameters
    ----------
    train : ndarray of float32, (n, D)
        Rows to search.
    queries : ndarray of float32, (m, D)
        Rows to look for.
    n_neighbors : int
        Neighbours wanted; all rows where there are fewer.
    metric : {"cosine", "euclidean"}
        Distance. Vectors of unit length have the same neighbours by cosine and by Euclidean distance, so
        the cosine search runs through the faster Euclidean one.

    Returns
    -------
    ndarray of int, (m, min(n_neighbors, n))
        Rows of ``train``.
    """
    require_metric(metric)
    if metric == "cosine":
        train, queries = _unit_length(train), _unit_length(queries)
    search = NearestNeighbors(n_neighbors=min(n_neighbors, len(train)), algorithm="brute")
    found: npt.NDArray[np.intp] = search.fit(train).kneighbors(queries, return_distance=False)
    return found


def _unit_length(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: npt.NDArray[np.float32] = (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return unit


def neighbour_means_on_line(
    train: npt.NDArray[np.float32],
    queries: npt.NDArray[np.float32],
    targets: npt.NDArray[np.float64],
    n_neighbors: int,
) -> npt.NDArray[np.float64]:
    """Average targets over the nearest neighbours in one dimension.

    On a line the k nearest points are neighbours in sorted order, so that two sorted searches and running
    sums replace the search among all pairs.

    Parameters
    ----------
    train : ndarray, (n,)
        Positions of the points.
    queries : ndarray, (m,)
        Positions to predict for.
    targets : ndarray, (n, k)
        Values of the points.
    n_neighbors : int
        Neighbours wanted; all points where there are fewer.

    Returns
    -------
    ndarray of float64, (m, k)
        Mean target of the neighbours.
    """
    neighbours = min(n_neighbors, len(train))
    order = np.argsort(train, kind="stable")
    line = train[order].astype(np.float64)
    sums = np.concatenate([np.zeros((1, targets.shape[1])), np.cumsum(targets[order], axis=0)])
    first = _first_neighbour(line, queries.astype(np.float64), neighbours)
    means: npt.NDArray[np.float64] = (sums[first + neighbours] - sums[first]) / neighbours
    return means


def _first_neighbour(
    line: npt.NDArray[np.float64], queries: npt.NDArray[np.float64], neighbours: int
) -> npt.NDArray[np.intp]:
    """Return where the run of nearest neighbours starts in the sorted line, (m,)."""
    low = np.zeros(len(queries), dtype=np.intp)
    high = np.full(len(queries), len(line) - neighbours, dtype=np.intp)
    while np.any(low < high):
        middle = (low + high) // 2
        # Moving the run one to the right swaps its first point for the one behind its end.
        after = line[np.minimum(middle + neighbours, len(line) - 1)]
        move = (queries - line[middle] > after - queries) & (low < high)
        low = np.where(move, middle + 1, low)
        high = np.where(move, high, np.maximum(middle, low))
    return low


def neighbour_means_by_sign(
    train: npt.NDArray[np.float32],
    queries: npt.NDArray[np.float32],
    targets: npt.NDArray[np.float64],
    n_neighbors: int,
) -> npt.NDArray[np.float64]:
    """Average targets over the neighbours by cosine in one dimension, as the notebook does.

    In one dimension the cosine keeps the sign alone: every query of one sign has the same neighbours, and
    at most two different predictions are left (three, with a value that is exactly zero). Parameters and
    result are those of :func:`neighbour_means_on_line`.
    """
    search = NearestNeighbors(n_neighbors=min(n_neighbors, len(train)), algorithm="brute", metric="cosine")
    search.fit(np.sign(train)[:, np.newaxis])
    signs, which = np.unique(np.sign(queries), return_inverse=True)
    neighbours = search.kneighbors(signs[:, np.newaxis], return_distance=False)
    means: npt.NDArray[np.float64] = targets[neighbours].mean(axis=1)[which]
    return means
