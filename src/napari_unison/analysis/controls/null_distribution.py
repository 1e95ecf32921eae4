"""What a method scores by chance: the whole pipeline refitted on labels that were permuted by lap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from napari_unison.analysis.controls.permuted_laps import LabelOrder, label_correlation, lap_permuted
from napari_unison.analysis.controls.verdicts import NullScore, null_verdicts
from napari_unison.analysis.protocol.cross_validation import cross_validate
from napari_unison.analysis.protocol.folds import with_laps
from napari_unison.analysis.protocol.scores import MEASURE_WORDS, regressed
from napari_unison.analysis.tables import data_frame, number, text_table
from napari_unison.analysis.targets import r_squared
from napari_unison.encoder.repeated_warnings import each_warning_once

if TYPE_CHECKING:
    import pandas as pd

    from napari_unison.analysis.progress import OnProgress
    from napari_unison.analysis.protocol.folds import TestSegments
    from napari_unison.analysis.protocol.methods import Method
    from napari_unison.analysis.protocol.result import ProtocolResult
    from napari_unison.analysis.protocol.scores import Measure
    from napari_unison.encoder import TrainingControl
    from napari_unison.sessions import Session

_Row: TypeAlias = "tuple[str, str, Measure]"
"""Session, label, and what is measured."""


class NullStoppedError(RuntimeError):
    """The permutations were stopped before their end."""


@dataclass(frozen=True)
class NullDistribution:
    """Scores of one method beside those that it reaches with labels permuted by lap.

    Attributes
    ----------
    method : str
        Its name.
    is_circular : bool
        Whether labels of the bins to decode entered: then a score above the null is no decoding, either.
    scores : tuple of NullScore
        By session, then by label.
    n_folds, guard, seed : int
        Folds, guard bins and the seed of method and permutations.
    order : {"laps", "turned laps"}
        How labels were permuted.
    """

    method: str
    is_circular: bool
    scores: tuple[NullScore, ...]
    n_folds: int
    guard: int
    seed: int
    order: LabelOrder = "laps"

    @property
    def n_permutations(self) -> int:
        """Permutations of the null."""
        return len(self.scores[0].null)

    def row(self, session: str, label: str) -> NullScore:
        """Look up one score.

        Raises
        ------
        KeyError
            If there is no such session or label.
        """
        for score in self.scores:
            if (score.session, score.label) == (session, label):
                return score
        raise KeyError(f"no score for session {session!r} and label {label!r}")

    def verdicts(self) -> list[str]:
        """Say, session by session, whether the method is above the null."""
        sessions = dict.fromkeys(score.session for score in self.scores)
        return [
            line
            for session in sessions
            for line in null_verdicts(self.method, [one for one in self.scores if one.session == session])
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a session, label and permutation; permutation 0 is the true order of laps."""
        columns: dict[str, list[object]] = {
            name: [] for name in ("method", "session", "label", "measure", "permutation", "score")
        }
        for one in self.scores:
            for permutation, score in enumerate((one.score, *one.null)):
                cells = (self.method, one.session, one.label, one.measure, permutation, float(score))
                for values, cell in zip(columns.values(), cells, strict=True):
                    values.append(cell)
        return data_frame(columns)

    def __str__(self) -> str:
        header = ["session", "label", "measure", "score", "null, mean", "null, largest", "p"]
        rows = [
            [
                *(one.session, one.label, MEASURE_WORDS[one.measure], number(one.score)),
                *(number(float(np.mean(one.null))), number(one.largest), number(one.share_by_chance, 2)),
            ]
            for one in self.scores
        ]
        permuted = "labels permuted by lap" + (" and turned within laps" if self.order != "laps" else "")
        head = (
            f"{self.method}: {permuted}, the whole pipeline refitted {self.n_permutations} "
            f"times, {self.n_folds} folds"
        )
        return "\n".join([head, text_table(header, rows), *self.verdicts()])


@each_warning_once()
def null_distribution(
    method: Method,
    sessions: Sequence[Session],
    *,
    n_permutations: int = 20,
    n_folds: int = 5,
    guard: int,
    seed: int = 0,
    order: LabelOrder = "laps",
    test_segments: TestSegments = "hidden",
    cache: str | Path | None = None,
    on_progress: OnProgress | None = None,
    control: TrainingControl | None = None,
) -> NullDistribution:
    """Cross-validate a method on its sessions, and again and again with their labels permuted by lap.

    Each permutation goes through everything that the true labels go through: folds, encoder, choices in inner
    folds, decoder. Laps keep their bins, so the folds are the same.

    Parameters
    ----------
    method : Method
        What is asked for its null.
    sessions : sequence of Session
        As for :func:`~napari_unison.analysis.protocol.cross_validation.cross_validate`.
    n_permutations : int, default 20
        From 19 on, a score above all of them is above the null (p ≤ 0.05).
    n_folds, guard, test_segments
        As in the protocol.
    seed : int
        Seed of the method and of the permutations.
    order : {"laps", "turned laps"}
        How labels are permuted, see :func:`~napari_unison.analysis.lap_permuted`. Laps that are all alike
        need the second; it says nothing of labels that stay the same for a whole lap in every lap.
    cache : path, optional
        Folder in which each fit's predictions are kept.
    on_progress : callable, optional
        Called with the share that is done and what is running.
    control : TrainingControl, optional
        A pause or a stop takes effect between two fits.

    Returns
    -------
    NullDistribution
        Scores with their null; prints as a table with a verdict for each session.

    Raises
    ------
    NullStoppedError
        If ``control`` stops it; what is in the cache stays there.
    ValueError
        If a parameter is out of range, or a session has too few laps.
    """
    if n_permutations < 1:
        raise ValueError(f"n_permutations is {n_permutations}: give at least 1, and 19 or more for a verdict")
    sessions = with_laps(sessions)

    def measured(labelled: Sequence[Session], permutation: int) -> dict[_Row, float]:
        result = cross_validate(
            [method],
            labelled,
            n_folds=n_folds,
            seeds=[seed],
            guard=guard,
            test_segments=test_segments,
            cache=cache,
            on_progress=_share_of(on_progress, permutation, n_permutations),
            control=control,
        )
        if not result.is_complete:
            raise NullStoppedError(
                f"the null of {method.name!r} was stopped after {max(permutation - 1, 0)} of "
                f"{n_permutations} permutations: start it again; with a cache it goes on from what is done"
            )
        return _measured(result)

    true = measured(sessions, 0)
    permuted: list[dict[_Row, float]] = []
    likeness: list[dict[str, float]] = []
    for permutation in range(1, n_permutations + 1):
        labelled = lap_permuted(sessions, [seed, permutation], order)
        permuted.append(measured(labelled, permutation))
        likeness.append(_likeness(sessions, labelled))
    scores = _against_null(true, permuted, likeness)
    return NullDistribution(method.name, method.uses_labels_of_test, scores, n_folds, guard, seed, order)


def _measured(result: ProtocolResult) -> dict[_Row, float]:
    """Return R² or accuracy of each session and label."""
    [predictions] = result.methods[0].predictions.values()
    scores: dict[_Row, float] = {}
    for one in predictions:
        if one.kind == "discrete":
            scores[one.session, one.label, "accuracy"] = float(1 - np.mean(one.errors()))
        else:
            scores[one.session, one.label, "r2"] = r_squared(*regressed(one))
    return scores


def _likeness(sessions: Sequence[Session], permuted: Sequence[Session]) -> dict[str, float]:
    """Return the share of each session's label variance that its permuted labels still explain."""
    pairs = zip(sessions, permuted, strict=True)
    return {true.name: label_correlation(true, other) ** 2 for true, other in pairs}


def _against_null(
    true: dict[_Row, float], permuted: Sequence[dict[_Row, float]], likeness: Sequence[dict[str, float]]
) -> tuple[NullScore, ...]:
    return tuple(
        NullScore(
            session=row[0],
            label=row[1],
            measure=row[2],
            score=score,
            null=tuple(one[row] for one in permuted),
            likeness=float(np.mean([one[row[0]] for one in likeness])),
        )
        for row, score in true.items()
    )


def _share_of(on_progress: OnProgress | None, permutation: int, n_permutations: int) -> OnProgress | None:
    """Tell how much of all permutations is done, where one of them tells its own share."""
    if on_progress is None:
        return None
    which = f"permutation {permutation} of {n_permutations}" if permutation else "true labels"

    def tell(share: float, what: str) -> None:
        on_progress((permutation + share) / (n_permutations + 1), f"{which}: {what}")

    return tell
