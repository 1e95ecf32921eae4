"""Scores of predictions, and how sure they are: what the protocol's tables and figures are made of."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import numpy.typing as npt

from napari_unison.analysis.protocol.bootstrap import (
    draw_laps,
    interval,
    mean_draws,
    median_draws,
    r_squared_draws,
)
from napari_unison.analysis.protocol.studentised import LapRatios, studentised_interval
from napari_unison.analysis.targets import r_squared

if TYPE_CHECKING:
    from napari_unison.analysis.protocol.predictions import Prediction
    from napari_unison.sessions import LabelKind

Floats = npt.NDArray[np.float64]
Measure = Literal["median_error", "mean_error", "r2", "accuracy"]

MEASURES: Final[Mapping[str, tuple[Measure, ...]]] = {
    "continuous": ("median_error", "mean_error", "r2"),
    "circular": ("median_error", "mean_error", "r2"),
    "discrete": ("accuracy",),
}
"""What is measured of each kind of label."""

MEASURE_WORDS: Final[Mapping[Measure, str]] = {
    "median_error": "median error",
    "mean_error": "mean error",
    "r2": "R²",
    "accuracy": "accuracy",
}

POSSIBLE: Final[Mapping[Measure, tuple[float, float]]] = {
    "median_error": (0.0, math.inf),
    "mean_error": (0.0, math.inf),
    "r2": (-math.inf, 1.0),
    "accuracy": (0.0, 1.0),
}
"""Least and largest value that a measure can have: intervals end there."""

ERRORS: Final = ("median_error", "mean_error")
"""Measures that have the label's unit and are better when they are smaller."""


@dataclass(frozen=True)
class Estimate:
    """One measure of one method.

    Attributes
    ----------
    by_seed : tuple of float
        The measure with each seed; one value for a method that is not random.
    low, high : float
        Interval of the mean over seeds, from a bootstrap over laps; NaN for fewer than two laps.
    """

    by_seed: tuple[float, ...]
    low: float
    high: float

    @property
    def value(self) -> float:
        """Mean over seeds; NaN where there is nothing to measure."""
        return float(np.mean(self.by_seed)) if self.by_seed else float("nan")

    @property
    def spread(self) -> float:
        """Standard deviation over seeds; NaN where there are fewer than two."""
        return float(np.std(self.by_seed, ddof=1)) if len(self.by_seed) > 1 else float("nan")


NOT_MEASURED: Final = Estimate((), float("nan"), float("nan"))


@dataclass(frozen=True)
class ProtocolScore:
    """How well one method predicts one label of one session, over all folds.

    Attributes
    ----------
    method, session, label : str
        Names.
    kind : {"continuous", "circular", "discrete"}
        Kind of the label.
    unit : str
        Unit of the errors; empty where it is not known.
    is_circular : bool
        Whether labels of the bins to decode entered: then this is no decoding.
    n_bins, n_laps, n_seeds : int
        What was scored.
    median_error, mean_error : Estimate
        Error in the label's own unit (angles: rad); not measured for discrete labels.
    r2 : Estimate
        Share of variance predicted; angles as cosine and sine. Not measured for discrete labels, of which
        only the category is predicted.
    accuracy : Estimate
        Share of bins whose category was predicted; discrete labels only.
    """

    method: str
    session: str
    label: str
    kind: LabelKind
    unit: str
    is_circular: bool
    n_bins: int
    n_laps: int
    n_seeds: int
    median_error: Estimate = NOT_MEASURED
    mean_error: Estimate = NOT_MEASURED
    r2: Estimate = NOT_MEASURED
    accuracy: Estimate = NOT_MEASURED

    def measure(self, name: Measure) -> Estimate:
        """Return one of the four measures by name."""
        estimate: Estimate = getattr(self, name)
        return estimate


@dataclass(frozen=True)
class Sample:
    """A measure with every seed, and in every draw of laps as the mean over seeds, (n_draws,).

    Attributes
    ----------
    by_seed : tuple of float
        The measure in all laps.
    draws : ndarray, (n_draws,)
        The measure in each draw of laps.
    weights : ndarray, (n_draws, n_laps)
        How often each lap is drawn.
    ratios : LapRatios or None
        The measure, up to a constant, as ratios of sums over laps; None for a median, which is none.
    """

    by_seed: tuple[float, ...]
    draws: Floats
    weights: Floats
    ratios: LapRatios | None

    @property
    def value(self) -> float:
        """Mean over seeds."""
        return float(np.mean(self.by_seed))

    @property
    def n_laps(self) -> int:
        """Laps that were drawn from."""
        return int(self.weights.shape[1])

    def minus(self, other: Sample) -> Sample:
        """Return the difference to another measure of the same laps in the same draws."""
        ratios = None
        if self.ratios is not None and other.ratios is not None:
            ratios = self.ratios.plus(other.ratios, -1.0)
        return Sample((self.value - other.value,), self.draws - other.draws, self.weights, ratios)

    def interval(self, level: float) -> tuple[float, float]:
        """Return how sure the mean over seeds is, over laps: studentised unless it is a median.

        Medians vary nearly evenly, and their interval is the widened percentile interval.
        """
        if self.ratios is None:
            return interval(self.draws, level, n_units=self.n_laps)
        return studentised_interval(self.value, self.draws, self.ratios, self.weights, level)


class LapSampler:
    """Measures in draws of laps: of one session always the same draws, so that methods can be paired.

    Parameters
    ----------
    n_draws : int
        How often laps are drawn.
    seed : int
        Decides the draws.
    """

    def __init__(self, n_draws: int, seed: int) -> None:
        self._n_draws = n_draws
        self._seed = seed
        self._weights: dict[tuple[str, int], Floats] = {}
        self._samples: dict[tuple[str, str, str, bytes], dict[Measure, Sample]] = {}

    def generator(self, *names: str) -> np.random.Generator:
        """Return a source of chance for what has these names."""
        return np.random.default_rng([self._seed, *(zlib.crc32(name.encode()) for name in names)])

    def samples(self, method: str, predictions: Sequence[Prediction]) -> dict[Measure, Sample]:
        """Measure predictions of the same bins, one a seed.

        Parameters
        ----------
        method : str
            Name of the method; what was measured of it in the same laps is not measured again.
        predictions : sequence of Prediction
            Of one label of one session; with at least one bin.
        """
        first = predictions[0]
        laps, lap = np.unique(first.lap, return_inverse=True)
        key = method, first.session, first.label, laps.tobytes()
        if key not in self._samples:
            weights = self._laps_drawn(first.session, len(laps))
            self._samples[key] = {
                measure: _sample(
                    [_measured(measure, prediction, lap, weights) for prediction in predictions], weights
                )
                for measure in MEASURES[first.kind]
            }
        return self._samples[key]

    def _laps_drawn(self, session: str, n_laps: int) -> Floats:
        """Return how often each of a session's laps stands in each draw, (n_draws, n_laps)."""
        key = session, n_laps
        if key not in self._weights:
            self._weights[key] = draw_laps(n_laps, self._n_draws, self.generator(session))
        return self._weights[key]


@dataclass(frozen=True)
class _Measured:
    """A measure with one seed: over all bins, in draws of laps, and as a ratio."""

    value: float
    draws: Floats
    ratios: LapRatios | None


def _sample(measured: Sequence[_Measured], weights: Floats) -> Sample:
    """Take seeds together: values as they are, draws as their mean."""
    ratios = [one.ratios.times(1 / len(measured)) for one in measured if one.ratios is not None]
    return Sample(
        by_seed=tuple(one.value for one in measured),
        draws=np.asarray(np.mean([one.draws for one in measured], axis=0)),
        weights=weights,
        ratios=reduce(LapRatios.plus, ratios) if ratios else None,
    )


def _measured(
    measure: Measure, prediction: Prediction, lap: npt.NDArray[np.intp], weights: Floats
) -> _Measured:
    if measure == "r2":
        truth, predicted = regressed(prediction)
        squares = np.sum((truth - predicted) ** 2, axis=1)
        # The mean of the draw is not that of all bins, which changes the ratio's error in second order only.
        total = np.sum((truth - truth.mean(axis=0)) ** 2, axis=1)
        return _Measured(
            r_squared(truth, predicted),
            r_squared_draws(truth, predicted, lap, weights),
            LapRatios.of_bins(squares, total, lap, -1.0),
        )
    errors = prediction.errors()
    if measure == "median_error":
        return _Measured(float(np.median(errors)), median_draws(errors, lap, weights), None)
    values = 1.0 - errors if measure == "accuracy" else errors
    ratios = LapRatios.of_bins(values, np.ones(len(values)), lap)
    return _Measured(float(np.mean(values)), mean_draws(values, lap, weights), ratios)


def regressed(prediction: Prediction) -> tuple[Floats, Floats]:
    """Return truth and prediction as the columns that R² is taken of: angles as cosine and sine."""
    values = prediction.truth, prediction.predicted
    if prediction.kind == "circular":
        truth, predicted = (np.concatenate([np.cos(v), np.sin(v)], axis=1) for v in values)
        return truth, predicted
    truth, predicted = (np.asarray(v, dtype=np.float64) for v in values)
    return truth, predicted


def in_laps(prediction: Prediction, laps: npt.NDArray[np.int64]) -> Prediction:
    """Return the part of a prediction that lies in some laps."""
    inside = np.isin(prediction.lap, laps)
    if inside.all():
        return prediction
    return replace(
        prediction,
        **{part: getattr(prediction, part)[inside] for part in ("time", "lap", "truth", "predicted")},
    )
