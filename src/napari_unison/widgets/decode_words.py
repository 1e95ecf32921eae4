"""What the Decode dock says: choices, tooltips, and sentences about a run, its scores and a job."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from napari_unison.widgets.training_plan import duration_text
from napari_unison.workspace.jobs import DECODING, Job

if TYPE_CHECKING:
    from napari_unison.display.score_sheets import Scores
    from napari_unison.workspace.runs import StudyRun

HELD_OUT: Final = "held-out"
CHOICES: Final = {
    HELD_OUT: (
        "quick scores: held-out end",
        "The run's own encoder, scored on the end of each session that its training did not see. Seconds. A "
        "handful of laps: small differences mean little. No baselines.",
    ),
    "quick": (
        "quick study: 1 seed, at most 500 steps",
        "The honest protocol as a first look. Five folds of laps, encoders trained anew without the laps to "
        "decode, baselines on the same laps. Minutes.",
    ),
    "full": (
        "full study: 5 seeds, all steps",
        "The honest protocol: five folds of laps, five seeds, the run's configuration. It takes about as "
        "long as 25 trainings and those of the baselines.",
    ),
}
MEANING = "Decoding is label-free: own neurons, no labels. Aligned scores know the labels."
MEANING_HELP = (
    "Label-free: each session is embedded from its own neurons alone; no label enters. Only this is called "
    "decoding.\n"
    "Aligned: the other sessions' neurons are chosen by the label of the very bin. A score on it repeats "
    "what was put in; it is shown only beside its controls (own neurons silenced, labels of other laps), "
    "with what they say in words."
)
N_PERMUTATIONS = 20
REPORT: Final = "report"
KINDS: Final = (DECODING, "scores", REPORT)
RESUME_HELP = (
    "Go on with the study that was stopped, or that ended with its window: what is done is not computed "
    "again. The same as napari-unison decode RUN --resume."
)
REPORT_HELP = (
    "One page about the saved run, with all figures, this study and the parameters inside: written in the "
    "background, then opened in the browser."
)
NULL_HELP = (
    f"Repeats all of it {N_PERMUTATIONS} times with the labels of other laps: what is reached without "
    f"knowing anything. Takes many times as long."
)


def scores_of(run: StudyRun | None, key: str) -> Scores | None:
    """Return the scores of a run: those on what was held out, or those of a study."""
    if run is None:
        return None
    return run.quick_scores if key == HELD_OUT else run.studies.get(key)


def why_not(run: StudyRun | None, key: str) -> str:
    """Say why a run cannot be scored in a way; empty if it can."""
    if run is None:
        return "Train an encoder first (tab Train), or open a run."
    if key == HELD_OUT and not run.held_out:
        return f"{run.name} held nothing out: take a study, or train with a held-out share above 0."
    return ""


def notes_of(scores: Scores | None) -> str:
    """Say what the scores are of, and what was left out."""
    if scores is None:
        return ""
    return "\n".join([scores.title, *getattr(scores, "notes", ())])


def job_sentence(job: Job) -> str:
    """Say how far a job is."""
    if job.state == "stopping":
        return "Stopping after the current step …"
    left = f" · about {duration_text(job.seconds_left)} left" if math.isfinite(job.seconds_left) else ""
    share = f"{job.share:.0%}{left}\n" if math.isfinite(job.share) else ""
    return f"{job.title} · {share}{job.phase}"
