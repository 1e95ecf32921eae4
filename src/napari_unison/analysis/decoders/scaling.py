"""Bring features to mean 0 and spread 1, by what the training part knows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Scaling:
    """Mean and spread of columns.

    Attributes
    ----------
    mean : ndarray of float64, (D,)
        Mean of each column.
    spread : ndarray of float64, (D,)
        Standard deviation of each column; 1 where a column does not vary.
    """

    mean: npt.NDArray[np.float64]
    spread: npt.NDArray[np.float64]

    @classmethod
    def of(cls, rows: npt.NDArray[np.floating]) -> Scaling:
        """Measure the columns of training rows (n, D)."""
        exact = rows.astype(np.float64)
        mean, spread = exact.mean(axis=0), exact.std(axis=0)
        # rounding leaves a column that does not vary with a spread that is not quite 0
        varies = spread > 1e-12 * np.maximum(1.0, np.abs(mean))
        return cls(mean, np.where(varies, spread, 1.0))

    def scaled(self, rows: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Scale rows (m, D) by what the training rows were like."""
        return np.asarray((rows - self.mean) / self.spread, dtype=np.float32)

    def restored(self, scaled: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Undo the scaling of rows (m, D)."""
        return np.asarray(scaled * self.spread + self.mean, dtype=np.float64)
