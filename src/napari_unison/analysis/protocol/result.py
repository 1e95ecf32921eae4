"""What the protocol found: predictions, scores and comparisons, as tables and data frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_unison.analysis.meanings import CIRCULAR, DECODING
from napari_unison.analysis.protocol.comparison import ProtocolComparison, paired_differences
from napari_unison.analysis.protocol.predictions import Prediction
from napari_unison.analysis.protocol.score_tables import score_tables
from napari_unison.analysis.protocol.scores import (
    MEASURE_WORDS,
    POSSIBLE,
    Estimate,
    LapSampler,
    ProtocolScore,
)
from napari_unison.analysis.tables import data_frame

if TYPE_CHECKING:
    import pandas as pd

    from napari_unison.analysis.protocol.folds import TestSegments


@dataclass(frozen=True, eq=False)
class MethodRuns:
    """One method with all its predictions.

    Attributes
    ----------
    name, settings : str
        What it is called, and what decides its results besides sessions and seed.
    uses_labels_of_test : bool
        Whether labels of the bins to decode entered: then its scores are circular.
    is_random : bool
        Whether its results depend on the seed; if not, it ran with seed 0 only.
    folds : mapping of int to tuple of int
        Folds that are done, by seed.
    predictions : mapping of int to tuple of Prediction
        By seed: one prediction a session and label, over all folds that are done, in time order.
    """

    name: str
    settings: str
    uses_labels_of_test: bool
    is_random: bool
    folds: Mapping[int, tuple[int, ...]]
    predictions: Mapping[int, tuple[Prediction, ...]]

    @property
    def scored_seeds(self) -> tuple[int, ...]:
        """Seeds that are scored: of a run that was stopped, those with the most folds, which are the same."""
        most = max(self.folds.values(), key=len, default=())
        return tuple(seed for seed, folds in self.folds.items() if folds == most)

    def scored(self, session: str, label: str) -> list[Prediction]:
        """Return the predictions of one label of one session, one a seed that is scored; maybe none."""
        return [
            prediction
            for seed in self.scored_seeds
            for prediction in self.predictions[seed]
            if (prediction.session, prediction.label) == (session, label) and len(prediction.time)
        ]


@dataclass(frozen=True, eq=False)
class ProtocolResult:
    """All methods on the same folds; prints as a table.

    Attributes
    ----------
    methods : tuple of MethodRuns
        Methods with their predictions, in the order in which they were given.
    sessions : tuple of str
        Names of the sessions.
    n_folds : int
        Contiguous folds of laps.
    guard : int
        Bins that were left out of training on either side of the laps to decode.
    seeds : tuple of int
        Seeds asked for.
    n_done, n_planned : int
        Fits that are done, and that were asked for.
    test_segments : {"hidden", "known"}
        Whether methods were shown where the laps to decode begin and end.
    """

    methods: tuple[MethodRuns, ...]
    sessions: tuple[str, ...]
    n_folds: int
    guard: int
    seeds: tuple[int, ...]
    n_done: int
    n_planned: int
    test_segments: TestSegments = "hidden"
    # Draws of laps, which table, figure and comparisons share.
    _samplers: dict[tuple[int, int], LapSampler] = field(default_factory=dict, init=False, repr=False)

    @property
    def is_complete(self) -> bool:
        """Whether all fits are done."""
        return self.n_done == self.n_planned

    @property
    def predictions(self) -> dict[str, Mapping[int, tuple[Prediction, ...]]]:
        """Predictions by method and seed."""
        return {method.name: method.predictions for method in self.methods}

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels that were predicted."""
        parts = (parts for method in self.methods for parts in method.predictions.values())
        return tuple(dict.fromkeys(part.label for of_seed in parts for part in of_seed))

    def method(self, name: str) -> MethodRuns:
        """Look up a method.

        Raises
        ------
        KeyError
            If there is none of that name; the message lists those that exist.
        """
        for method in self.methods:
            if method.name == name:
                return method
        raise KeyError(f"no method is called {name!r}: there are {', '.join(m.name for m in self.methods)}")

    def scores(self, *, level: float = 0.95, n_draws: int = 2000, seed: int = 0) -> tuple[ProtocolScore, ...]:
        """Score every method in every session.

        Intervals say how the score of these very fits would vary with other laps of the same session: laps
        are drawn with replacement, and nothing is fitted again. What varies with the seed is the spread.

        Parameters
        ----------
        level : float, default 0.95
            Share of cases in which the intervals are to cover the truth.
        n_draws : int, default 2000
            Bootstrap draws.
        seed : int, default 0
            Seed of the draws.

        Returns
        -------
        tuple of ProtocolScore
            By session, label and method. A method without a fit that is done has none.
        """
        sampler = self._sampler(n_draws, seed)
        cells = [
            (s, label, method) for s in self.sessions for label in self.labels for method in self.methods
        ]
        return tuple(
            _score(method, predictions, sampler, level)
            for session, label, method in cells
            if (predictions := method.scored(session, label))
        )

    def compare(
        self, baseline_name: str, *, level: float = 0.95, n_draws: int = 2000, seed: int = 0
    ) -> ProtocolComparison:
        """Compare all other methods with one of them, lap by lap.

        Both are scored in the same draws of laps, so that laps which are hard for both do not blur their
        difference. For all sessions, sessions are drawn as well; few of them make such intervals rough: in
        simulations where sessions differed, nominal 95 % covered 85 % with two, 90 % with four sessions.

        Parameters
        ----------
        baseline_name : str
            Name of the method to compare with.
        level, n_draws, seed
            See :meth:`scores`.

        Raises
        ------
        KeyError
            If no method has that name.
        """
        baseline = self.method(baseline_name)
        sampler = self._sampler(n_draws, seed)
        differences = [
            difference
            for method in self.methods
            if method is not baseline
            for label in self.labels
            for difference in paired_differences(method, baseline, label, self.sessions, sampler, level)
        ]
        return ProtocolComparison(baseline_name, tuple(differences), level)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a session, label and method, in the label's own unit.

        Each measure has four columns, such as ``r2``, ``r2_sd`` (over seeds), ``r2_low`` and ``r2_high``
        (interval over laps).
        """
        scores = self.scores()
        columns: dict[str, list[object]] = {
            "method": [score.method for score in scores],
            "meaning": [CIRCULAR if score.is_circular else DECODING for score in scores],
        }
        for name in ("session", "label", "kind", "unit", "n_bins", "n_laps"):
            columns[name] = [getattr(score, name) for score in scores]
        columns["n_seeds"] = [score.n_seeds for score in scores]
        for measure in MEASURE_WORDS:
            estimates = [score.measure(measure) for score in scores]
            columns[measure] = [estimate.value for estimate in estimates]
            columns[f"{measure}_sd"] = [estimate.spread for estimate in estimates]
            columns[f"{measure}_low"] = [estimate.low for estimate in estimates]
            columns[f"{measure}_high"] = [estimate.high for estimate in estimates]
        return data_frame(columns)

    def in_words(self) -> str:
        """Say how many folds, seeds and fits there are."""
        seeds = f"{len(self.seeds)} seed{'s' if len(self.seeds) != 1 else ''}"
        done = "" if self.is_complete else f"; incomplete: {self.n_done} of {self.n_planned} fits are done"
        return (
            f"{self.n_folds} contiguous folds of laps, {self.guard} guard bins, {seeds}, borders of the laps "
            f"to decode {self.test_segments}{done}"
        )

    def __str__(self) -> str:
        head = f"{self.in_words()}\nmean ± sd over seeds [95 % interval over laps]"
        tables = score_tables(self.scores()) or ["no fit is done"]
        return "\n\n".join([head, *tables])

    def _sampler(self, n_draws: int, seed: int) -> LapSampler:
        return self._samplers.setdefault((n_draws, seed), LapSampler(n_draws, seed))


def _score(
    method: MethodRuns, predictions: list[Prediction], sampler: LapSampler, level: float
) -> ProtocolScore:
    first = predictions[0]
    n_laps = len(np.unique(first.lap))
    estimates = {}
    for measure, sample in sampler.samples(method.name, predictions).items():
        low, high = np.clip(sample.interval(level), *POSSIBLE[measure])
        estimates[measure] = Estimate(sample.by_seed, float(low), float(high))
    return ProtocolScore(
        method=method.name,
        session=first.session,
        label=first.label,
        kind=first.kind,
        unit=first.unit,
        is_circular=method.uses_labels_of_test,
        n_bins=len(first.time),
        n_laps=n_laps,
        n_seeds=len(predictions),
        **estimates,
    )
