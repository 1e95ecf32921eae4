"""Label-free scores of several runs side by side, with what differs between the runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from weakref import WeakKeyDictionary, ref

from napari_unison.workspace.comparison import RunComparison, compare_runs, in_words

if TYPE_CHECKING:
    import pandas as pd

    from napari_unison.analysis import DecodingStudy, QuickScores
    from napari_unison.display.run_sheets import RunSheets
    from napari_unison.display.score_sheets import ScoreSheet
    from napari_unison.workspace.runs import StudyRun

#: The kind of work that computes them.
COMPARISON: Final = "comparison"
#: Scores on the held-out end of each session, or those of a study.
ScoredOn = Literal["held-out", "quick", "full"]
SCORES_WORDS: dict[ScoredOn, str] = {
    "held-out": "quick scores",
    "quick": "quick study",
    "full": "full study",
}


@dataclass(frozen=True, eq=False)
class RunScores:
    """Runs side by side; prints as tables.

    Attributes
    ----------
    scored_on : {"held-out", "quick", "full"}
        Which scores these are.
    runs : tuple of str
        Runs that have such scores; differences are taken to the first of them.
    without : tuple of str
        Runs that have none yet.
    sheets : list of ScoreSheet
        Tables, one a session: a row a run.
    differs : RunComparison
        What differs between ``runs``: parameters, sessions, training, and how they were scored.
    notes : tuple of str
        Sentences: what is missing, and what cannot be compared.
    frame : pandas.DataFrame or None
        All numbers, as :meth:`to_frame` returns them; None where no run has such scores.
    """

    scored_on: ScoredOn
    runs: tuple[str, ...]
    without: tuple[str, ...]
    sheets: list[ScoreSheet]
    differs: RunComparison
    notes: tuple[str, ...]
    frame: pd.DataFrame | None

    @property
    def title(self) -> str:
        """What this is, in a line."""
        return f"Runs side by side, {SCORES_WORDS[self.scored_on]}: {', '.join(self.runs) or 'none'}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row a run, session and label, in the label's own unit.

        Raises
        ------
        ValueError
            If no run has such scores.
        """
        if self.frame is None:
            raise ValueError(f"there is nothing to tabulate: {'; '.join(self.notes)}")
        return self.frame

    def __str__(self) -> str:
        tables = [sheet.to_text() for sheet in self.sheets]
        return "\n\n".join(["\n".join([self.title, *self.notes]), *tables, str(self.differs)])


def scores_of_runs(runs: Sequence[StudyRun], scored_on: ScoredOn) -> RunScores:
    """Put the label-free scores of runs side by side; intervals of studies take seconds, and are kept."""
    quick = {run.name: run.quick_scores for run in runs if run.quick_scores is not None}
    studies = studies_of(runs, scored_on)
    names = list(quick if scored_on == "held-out" else studies)
    missing = tuple(run.name for run in runs if run.name not in names)
    notes = [f"{', '.join(missing)}: no {SCORES_WORDS[scored_on]} yet"] if missing else []
    compared = compare_runs([run for run in runs if run.name in names])
    if not names:
        return RunScores(scored_on, (), missing, [], compared, tuple(notes), None)
    found = _quick_sheets(quick) if scored_on == "held-out" else _study_sheets(studies)
    differs = RunComparison(compared.runs, {**compared.rows, **_how_scored(studies)})
    return RunScores(
        scored_on, tuple(names), missing, found.sheets, differs, (*notes, *found.notes), found.frame
    )


def are_at_hand(runs: Sequence[StudyRun], scored_on: ScoredOn) -> bool:
    """Tell whether runs can be put side by side at once, without computing intervals."""
    studies = studies_of(runs, scored_on)
    return not studies or _kept(studies) is not None


def studies_of(runs: Sequence[StudyRun], scored_on: ScoredOn) -> dict[str, DecodingStudy]:
    """Return the studies of runs that have one, by name of the run."""
    return {run.name: run.studies[scored_on] for run in runs if scored_on in run.studies}


#: What was laid out last, by the first study: names, all studies, and the sheets.
_SHEETS: WeakKeyDictionary[DecodingStudy, tuple[tuple[str, ...], tuple[ref[DecodingStudy], ...], RunSheets]]
_SHEETS = WeakKeyDictionary()


def _kept(studies: Mapping[str, DecodingStudy]) -> RunSheets | None:
    names, laid_out = tuple(studies), list(studies.values())
    kept = _SHEETS.get(laid_out[0])
    if kept is None or kept[0] != names or [one() for one in kept[1]] != laid_out:
        return None
    return kept[2]


def _study_sheets(studies: Mapping[str, DecodingStudy]) -> RunSheets:
    from napari_unison.display.run_sheets import study_run_sheets

    found = _kept(studies)
    if found is None:
        found = study_run_sheets(studies)
        laid_out = list(studies.values())
        _SHEETS[laid_out[0]] = tuple(studies), tuple(map(ref, laid_out)), found
    return found


def _quick_sheets(scores: Mapping[str, QuickScores]) -> RunSheets:
    from napari_unison.display.run_sheets import quick_run_sheets

    return quick_run_sheets(scores)


def _how_scored(studies: Mapping[str, DecodingStudy]) -> dict[str, tuple[str, ...]]:
    """Return in what studies differ that is no parameter of the run."""
    rows: dict[str, tuple[str, ...]] = {}
    facts: dict[str, list[object]] = {
        "study: training steps": [study.config.max_iterations for study in studies.values()],
        "study: folds": [study.protocol.n_folds for study in studies.values()],
        "study: seeds": [len(study.protocol.seeds) for study in studies.values()],
        "study: decoder": [study.options.decoder for study in studies.values()],
    }
    for name, values in facts.items():
        if len(set(values)) > 1:
            rows[name] = tuple(in_words(value) for value in values)
    return rows
