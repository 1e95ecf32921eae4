"""Intervals of measures that are ratios of sums over laps: studentised, because laps are so unequal.

Few laps in which a decoder is lost decide mean errors and, squared, R². Draws that miss them are too good
and, at the same time, seem too sure. A studentised bootstrap divides each draw's deviation by that draw's
own standard error, and so lets the interval reach further towards what the laps at hand may have missed
(Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 12). On the other side it would often
reach less far than Student's t, on the word of few laps; there, Student's t stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import special

from napari_unison.analysis.protocol.bootstrap import interval

Floats = npt.NDArray[np.float64]

# With fewer laps, draws repeat each other, and many consist of one lap several times.
_FEWEST_LAPS: Final = 6
_MOST_WITHOUT_ERROR: Final = 0.02  # share of draws


@dataclass(frozen=True)
class LapRatios:
    """A sum of ratios, each of sums over the same laps: ``Σ_k factor_k · Σ_l above_kl / Σ_l below_kl``.

    Attributes
    ----------
    above, below : ndarray of float64, (K, n_laps)
        What each lap adds to numerators and denominators.
    factor : ndarray of float64, (K,)
        What each ratio counts.
    """

    above: Floats
    below: Floats
    factor: Floats

    @classmethod
    def of_bins(
        cls, above: Floats, below: Floats, lap: npt.NDArray[np.integer[Any]], factor: float = 1.0
    ) -> LapRatios:
        """Add up one ratio's values of bins, (n,), by lap."""
        sums = [np.bincount(lap, weights=values).astype(np.float64) for values in (above, below)]
        return cls(sums[0][np.newaxis], sums[1][np.newaxis], np.array([factor]))

    def plus(self, other: LapRatios, factor: float = 1.0) -> LapRatios:
        """Return the sum with another one of the same laps, which counts ``factor`` times."""
        return LapRatios(
            np.concatenate([self.above, other.above]),
            np.concatenate([self.below, other.below]),
            np.concatenate([self.factor, factor * other.factor]),
        )

    def times(self, factor: float) -> LapRatios:
        """Return a multiple."""
        return LapRatios(self.above, self.below, factor * self.factor)

    def standard_errors(self, weights: Floats) -> Floats:
        """Return the standard error of the sum in each draw of laps, (n_draws,).

        By the influence of each lap: ``(above_l - ratio · below_l) / Σ below``.

        Parameters
        ----------
        weights : ndarray, (n_draws, n_laps)
            How often each lap is drawn.
        """
        below = weights @ self.below.T
        ratio = (weights @ self.above.T) / below
        share = self.factor / below
        influence = share @ self.above - (share * ratio) @ self.below
        return np.asarray(np.sqrt(np.sum(weights * influence**2, axis=1)))


def studentised_interval(
    value: float, draws: Floats, ratios: LapRatios, weights: Floats, level: float
) -> tuple[float, float]:
    """Return the studentised bootstrap interval of a sum of ratios, on either side at least Student's.

    Parameters
    ----------
    value : float
        The measure in all laps: the sum of ratios, up to a constant.
    draws : ndarray, (n_draws,)
        The measure in each draw of laps; NaN ones are left out.
    ratios : LapRatios
        What the measure consists of.
    weights : ndarray, (n_draws, n_laps)
        How often each lap is drawn.
    level : float
        Share of cases in which the interval is to cover the truth.

    Returns
    -------
    low, high : float
        The widened percentile interval of :func:`~napari_unison.analysis.protocol.bootstrap.interval`
        where draws have no standard errors: of fewer than six laps, or where only very few laps differ.

    Raises
    ------
    ValueError
        If the level does not lie between 0 and 1.
    """
    n_laps = weights.shape[1]
    low, high = interval(draws, level, n_units=n_laps)
    if n_laps < _FEWEST_LAPS:
        return low, high
    error = float(ratios.standard_errors(np.ones((1, n_laps)))[0])
    errors = ratios.standard_errors(weights)
    # what is only rounding is no error
    has_error = np.isfinite(draws) & (errors > 1e-9 * error)
    if not error > 0 or np.mean(~has_error) > _MOST_WITHOUT_ERROR:
        return low, high
    deviation = (draws[has_error] - value) / errors[has_error]
    least, most = np.quantile(deviation, [(1 - level) / 2, (1 + level) / 2])
    # errors by influence divide by the number of laps, not by one less
    student = np.sqrt(n_laps / (n_laps - 1)) * special.stdtrit(n_laps - 1, (1 + level) / 2)
    return float(value - max(most, student) * error), float(value - min(least, -student) * error)
