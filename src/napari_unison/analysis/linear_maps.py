"""Linear maps with a ridge penalty that leaving one row out at a time chooses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

#: Penalties that are tried, as shares of the features' largest squared singular value.
_PENALTIES: Final = 10.0 ** np.arange(-8, 1)


@dataclass(frozen=True, eq=False)
class LinearMap:
    """A map ``features @ weights + intercept``.

    Attributes
    ----------
    weights : ndarray of float64, (D, K)
        What a step of each feature does to each target.
    intercept : ndarray of float64, (K,)
        Targets where all features are zero.
    penalty : float
        Ridge penalty, as a share of the largest squared singular value of the centred features.
    """

    weights: npt.NDArray[np.float64]
    intercept: npt.NDArray[np.float64]
    penalty: float

    def __call__(self, features: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Map features (n, D) to targets (n, K)."""
        return np.asarray(features @ self.weights + self.intercept, dtype=np.float64)


def fit_linear_map(features: npt.NDArray[Any], targets: npt.NDArray[Any]) -> LinearMap:
    """Fit a ridge regression with an intercept that is not penalised.

    The penalty is the one of nine whose predictions of left-out rows are best, by the closed form of
    leave-one-out (Golub, Heath & Wahba 1979: residuals divided by one minus the leverage).

    Parameters
    ----------
    features : ndarray, (n, D)
        What is known.
    targets : ndarray, (n, K)
        What is to be predicted.

    Returns
    -------
    LinearMap
        The map of the best penalty.

    Raises
    ------
    ValueError
        If there are fewer than three rows.
    """
    if len(features) < 3:
        raise ValueError(f"a linear map needs at least 3 rows to be fitted to, not {len(features)}")
    x, y = features.astype(np.float64), targets.astype(np.float64)
    middle_x, middle_y = x.mean(axis=0), y.mean(axis=0)
    left, size, right = np.linalg.svd(x - middle_x, full_matrices=False)
    along = left.T @ (y - middle_y)
    if size[0] <= np.finfo(np.float64).eps * np.abs(x).max(initial=1.0) * len(x):
        return LinearMap(np.zeros((x.shape[1], y.shape[1])), middle_y, 1.0)
    best, lowest = float(_PENALTIES[-1]), np.inf
    for penalty in _PENALTIES:
        kept = size**2 / (size**2 + penalty * size[0] ** 2)
        leverage = (left**2) @ kept + 1 / len(x)
        residual = y - middle_y - left @ (kept[:, None] * along)
        error = float(np.sum((residual / np.maximum(1 - leverage, 1e-12)[:, None]) ** 2))
        if error < lowest:
            best, lowest = float(penalty), error
    shrunk = size / (size**2 + best * size[0] ** 2)
    weights = right.T @ (shrunk[:, None] * along)
    return LinearMap(weights, middle_y - middle_x @ weights, best)
