"""Label-free scores of several runs side by side, with what differs between the runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from napari_unison.workspace.comparison import RunComparison, compare_runs, in_words

if TYPE_CHECKING:
    import pandas as pd

    from napari_unison.analysis import DecodingStudy
    from napari_unison.display.score_sheets import ScoreSheet
    from napari_unison.workspace.runs import StudyRun

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
    """Put the label-free scores of runs side by side."""
    from napari_unison.display.run_sheets import quick_run_sheets, study_run_sheets

    quick = {run.name: run.quick_scores for run in runs if run.quick_scores is not None}
    studies = {run.name: run.studies[scored_on] for run in runs if scored_on in run.studies}
    names = list(quick if scored_on == "held-out" else studies)
    missing = tuple(run.name for run in runs if run.name not in names)
    what = SCORES_WORDS[scored_on]
    notes = [f"{', '.join(missing)}: no {what} yet"] if missing else []
    compared = compare_runs([run for run in runs if run.name in names])
    if not names:
        return RunScores(scored_on, (), missing, [], compared, tuple(notes), None)
    found = quick_run_sheets(quick) if scored_on == "held-out" else study_run_sheets(studies)
    differs = RunComparison(compared.runs, {**compared.rows, **_how_scored(studies)})
    return RunScores(
        scored_on, tuple(names), missing, found.sheets, differs, (*notes, *found.notes), found.frame
    )


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
