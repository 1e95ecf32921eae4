"""Paired differences between methods: the same laps of the same folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from napari_unison.analysis.decoding import ALL_SESSIONS
from napari_unison.analysis.protocol.bootstrap import interval, session_draws
from napari_unison.analysis.protocol.score_tables import difference_tables
from napari_unison.analysis.protocol.scores import (
    ERRORS,
    MEASURES,
    LapSampler,
    Measure,
    Sample,
    in_laps,
)
from napari_unison.analysis.tables import data_frame

if TYPE_CHECKING:
    import pandas as pd

    from napari_unison.analysis.protocol.result import MethodRuns


@dataclass(frozen=True)
class PairedDifference:
    """How much one method differs from a baseline in the same bins.

    Attributes
    ----------
    method, baseline, label : str
        Names.
    session : str
        Name of the session, or "all sessions": the mean of their differences.
    measure : {"median_error", "mean_error", "r2", "accuracy"}
        What is compared.
    unit : str
        Unit of the difference; empty where there is none.
    is_circular : bool
        Whether labels of the bins to decode entered one of the two.
    value : float
        Method minus baseline, each the mean over its seeds: below 0 is better for errors, above 0 for R² and
        accuracy.
    low, high : float
        Interval, from a bootstrap over laps; for all sessions, over sessions and laps.
    n_sessions : int
        Sessions that are compared.
    share_better : float
        Share of them in which the method is better.
    """

    method: str
    baseline: str
    session: str
    label: str
    measure: Measure
    unit: str
    is_circular: bool
    value: float
    low: float
    high: float
    n_sessions: int
    share_better: float


@dataclass(frozen=True)
class ProtocolComparison:
    """Paired differences of all other methods to one; prints as a table.

    Attributes
    ----------
    baseline : str
        The method that the others are compared with.
    differences : tuple of PairedDifference
        By method, label and measure: each session, then all of them (where there are several).
    level : float
        Share of cases in which intervals are to cover the truth.
    """

    baseline: str
    differences: tuple[PairedDifference, ...]
    level: float

    def row(self, method: str, session: str, label: str, measure: Measure) -> PairedDifference:
        """Look up one difference.

        Raises
        ------
        KeyError
            If it is not there.
        """
        for row in self.differences:
            if (row.method, row.session, row.label, row.measure) == (method, session, label, measure):
                return row
        raise KeyError(
            f"no difference of {method!r} to {self.baseline!r} in {measure} for session {session!r} and "
            f"label {label!r}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a method, session, label and measure, in the label's own unit."""
        names = [field.name for field in fields(PairedDifference)]
        return data_frame({name: [getattr(row, name) for row in self.differences] for name in names})

    def __str__(self) -> str:
        head = (
            f"difference to {self.baseline} in the same laps [{100 * self.level:g} % interval over laps; for "
            f"all sessions, over sessions and laps]\nerrors: below 0 is better; R² and accuracy: above 0"
        )
        return "\n\n".join([head, *difference_tables(self.differences)])


@dataclass(frozen=True)
class _Difference:
    """A difference in one session, in all its laps and in draws of them."""

    session: str
    unit: str
    sample: Sample


def paired_differences(
    method: MethodRuns,
    baseline: MethodRuns,
    label: str,
    sessions: Sequence[str],
    sampler: LapSampler,
    level: float,
) -> list[PairedDifference]:
    """Compare two methods in the laps that both have predicted.

    Parameters
    ----------
    method, baseline : MethodRuns
        Differences are method minus baseline.
    label : str
        What they predict.
    sessions : sequence of str
        Names of the sessions.
    sampler : LapSampler
        Draws laps.
    level : float
        Share of cases in which intervals are to cover the truth.

    Returns
    -------
    list of PairedDifference
        For each measure of the label a row a session, and one for all sessions where there are several.
    """
    found: dict[Measure, list[_Difference]] = {}
    for session in sessions:
        for measure, difference in _in_session(method, baseline, session, label, sampler).items():
            found.setdefault(measure, []).append(difference)
    rows = []
    for measure, differences in found.items():
        values = [d.sample.value for d in differences]
        better = [(value < 0) if measure in ERRORS else (value > 0) for value in values]
        entries = [
            (d.session, d.sample.value, d.sample.interval(level), [is_better])
            for d, is_better in zip(differences, better, strict=True)
        ]
        if len(differences) > 1:
            drawn = session_draws([d.sample.draws for d in differences], sampler.generator(label, measure))
            entries.append((ALL_SESSIONS, float(np.mean(values)), interval(drawn, level), better))
        rows += [
            PairedDifference(
                method=method.name,
                baseline=baseline.name,
                session=session,
                label=label,
                measure=measure,
                unit=differences[0].unit if measure in ERRORS else "",
                is_circular=method.uses_labels_of_test or baseline.uses_labels_of_test,
                value=value,
                low=low,
                high=high,
                n_sessions=len(is_better),
                share_better=float(np.mean(is_better)),
            )
            for session, value, (low, high), is_better in entries
        ]
    return rows


def _in_session(
    method: MethodRuns, baseline: MethodRuns, session: str, label: str, sampler: LapSampler
) -> dict[Measure, _Difference]:
    """Compare by measure; nothing where the methods have no lap in common."""
    ours, theirs = method.scored(session, label), baseline.scored(session, label)
    if not (ours and theirs):
        return {}
    laps = reduce(np.intersect1d, (ours[0].lap, theirs[0].lap))
    if len(laps) == 0:
        return {}
    our_samples = sampler.samples(method.name, [in_laps(prediction, laps) for prediction in ours])
    their_samples = sampler.samples(baseline.name, [in_laps(prediction, laps) for prediction in theirs])
    unit = ours[0].unit
    differences = {
        measure: our_samples[measure].minus(their_samples[measure]) for measure in MEASURES[ours[0].kind]
    }
    return {
        measure: _Difference(ours[0].session, unit, sample)
        for measure, sample in differences.items()
        if np.isfinite(sample.value)
    }
