"""How likely each state of a Markov chain is in every bin, given what was observed in all of them.

The forward-backward recursions: a filter goes through time, and what comes later is then taken in backwards
(Rabiner, 1989, Proc. IEEE 77, 257–286).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Array = np.ndarray[Any, np.dtype[Any]]

#: Shares below this are taken for none: numbers near the smallest there are make arithmetic slow.
_NOTHING = 1e-100


def smoothed_posterior(
    log_likelihood: npt.NDArray[np.float64], transitions: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return how likely each state is in every bin of a stretch of continuous time.

    All states are equally likely before the first bin.

    Parameters
    ----------
    log_likelihood : ndarray of float64, (T, K)
        Logarithm of how likely what was observed in a bin is in each state, up to a constant in each row.
    transitions : ndarray of float64, (K, K)
        Probability of each state (columns) one bin after each state (rows); all of them above zero.

    Returns
    -------
    ndarray of float64, (T, K)
        Each row sums to 1.
    """
    # the likeliest state of each bin counts 1, so that no row vanishes
    highest = log_likelihood.max(axis=1, keepdims=True)
    likelihood: npt.NDArray[np.float64] = np.exp(log_likelihood - highest)
    likelihood[likelihood < _NOTHING] = 0
    posterior = np.empty_like(likelihood)
    _smooth(likelihood, np.ascontiguousarray(transitions), np.ascontiguousarray(transitions.T), posterior)
    return posterior


@njit(nogil=True, cache=True, error_model="numpy")
def _advance(shares: Array, table: Array, to: Array) -> None:
    """Compute ``shares @ table``."""
    to[:] = 0
    for i in range(shares.size):
        share = shares[i]
        if share > 0:
            row = table[i]
            for j in range(row.size):
                to[j] += share * row[j]


@njit(nogil=True, cache=True, error_model="numpy")
def _weigh(shares: Array, weights: Array, to: Array) -> None:
    """Compute ``shares · weights``, scaled to sum to 1."""
    total = 0.0
    for j in range(to.size):
        product = shares[j] * weights[j]
        to[j] = product
        total += product
    scale = 1 / total
    for j in range(to.size):
        to[j] *= scale


@njit(nogil=True, cache=True, error_model="numpy")
def _smooth(likelihood: Array, transitions: Array, backwards: Array, posterior: Array) -> None:
    """Fill ``posterior``: first with what each bin and those before it say, then with all."""
    n_bins, n_states = likelihood.shape
    expected, weighed = np.ones(n_states), np.empty(n_states)
    for t in range(n_bins):
        if t > 0:
            _advance(posterior[t - 1], transitions, expected)
        _weigh(expected, likelihood[t], posterior[t])
    later = np.ones(n_states)
    for t in range(n_bins - 2, -1, -1):
        _weigh(later, likelihood[t + 1], weighed)
        _advance(weighed, backwards, later)
        _weigh(posterior[t], later, posterior[t])
