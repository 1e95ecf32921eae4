"""Mean counts of neurons in every state, and how likely each state is after counts in a window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.ndimage import gaussian_filter1d
from scipy.special import logsumexp

from napari_unison.analysis.baselines.activity_windows import Sums, dense
from napari_unison.analysis.baselines.place_states import PlaceStates

_ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class PlaceFields:
    """Expected counts of Poisson neurons in the states that were visited.

    Attributes
    ----------
    log_counts : ndarray of float64, (K, N)
        Logarithm of the counts expected in one bin; 0 for neurons that were silent in training, which say
        nothing.
    total : ndarray of float64, (K,)
        Counts that all neurons together are expected to have in one bin.
    columns : dict of str to ndarray of float64, (K, k)
        What each state means in columns of each label's target.
    """

    log_counts: npt.NDArray[np.float64]
    total: npt.NDArray[np.float64]
    columns: dict[str, npt.NDArray[np.float64]]

    def log_likelihood(self, sums: Sums, n_bins: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return how well each state explains counts.

        The logarithm of the likelihood of counts ``n_i`` in ``τ`` bins with expected counts ``f_i`` a bin is
        ``Σ n_i log f_i - τ Σ f_i`` plus a constant (Zhang et al., 1998, J. Neurophysiol. 79, 1017–1044).

        Parameters
        ----------
        sums : ndarray or csr_array, (m, N)
            Counts in windows.
        n_bins : ndarray, (m,)
            Bins in each window.

        Returns
        -------
        ndarray of float64, (m, K)
            Up to a constant in each row.
        """
        return np.asarray(sums @ self.log_counts.T - n_bins[:, np.newaxis] * self.total)

    def posterior(self, sums: Sums, n_bins: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return how likely each state is, all of them being equally likely beforehand; parameters as above.

        Returns
        -------
        ndarray of float64, (m, K)
            Each row sums to 1.
        """
        likelihood = self.log_likelihood(sums, n_bins)
        return np.asarray(np.exp(likelihood - logsumexp(likelihood, axis=1, keepdims=True)))

    def regress(self, sums: Sums, n_bins: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.float64]]:
        """Average what the states mean over the posterior, by label (m, k); parameters as above."""
        parts: list[dict[str, npt.NDArray[np.float64]]] = []
        for start in range(0, len(n_bins), _ROWS_AT_ONCE):
            some = slice(start, start + _ROWS_AT_ONCE)
            posterior = self.posterior(sums[some], n_bins[some])
            parts.append({name: posterior @ columns for name, columns in self.columns.items()})
        return {name: np.concatenate([part[name] for part in parts]) for name in self.columns}


def fit_place_fields(
    counts: Sums,
    states: PlaceStates,
    rows: npt.NDArray[np.intp],
    *,
    smoothing: float,
    least_count: float,
) -> PlaceFields:
    """Average counts in every state, smoothed along the place.

    Parameters
    ----------
    counts : ndarray or csr_array, (n, N)
        Counts of single bins.
    states : PlaceStates
        Their states.
    rows : ndarray of int
        Bins to use; all of them have a state.
    smoothing : float
        Standard deviation of the Gaussian, in place bins. Counts and time spent are smoothed alike, so that
        a place counts by the time that was spent there.
    least_count : float
        Expected counts in a bin are at least this: a spike outside a field makes a place unlikely, not
        impossible.

    Returns
    -------
    PlaceFields
        Of the states that were visited.
    """
    n_categories, n_places = states.shape
    index = states.index(rows)
    visits = sparse.csr_array(
        (np.ones(len(rows)), (index, np.arange(len(rows)))), shape=(n_categories * n_places, len(rows))
    )
    summed = dense(visits @ counts[rows])
    time = np.bincount(index, minlength=n_categories * n_places).astype(np.float64)
    visited = states.visited(rows)
    mode: Literal["wrap", "constant"] = "wrap" if states.is_circular else "constant"

    def along_place(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        by_place = values.reshape(n_categories, n_places, -1)
        if states.place is None or smoothing == 0:
            return values
        return np.asarray(gaussian_filter1d(by_place, smoothing, axis=1, mode=mode)).reshape(values.shape)

    expected = along_place(summed)[visited] / along_place(time)[visited, np.newaxis]
    is_silent = summed.sum(axis=0) == 0
    expected = np.where(is_silent, 0.0, np.maximum(expected, least_count))
    return PlaceFields(
        log_counts=np.log(np.where(is_silent, 1.0, expected)),
        total=expected.sum(axis=1),
        columns={name: columns[visited] for name, columns in states.columns().items()},
    )
