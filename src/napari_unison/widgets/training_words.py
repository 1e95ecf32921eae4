"""What is said about a training: how far it is, how it ended, and what to do where it failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_unison.encoder import ConfigurationError
from napari_unison.sessions import SessionError
from napari_unison.widgets.training_plan import duration_text
from napari_unison.workspace.events import WorkspaceError

if TYPE_CHECKING:
    from napari_unison.encoder import Progress
    from napari_unison.workspace.runs import StudyRun

#: Steps before the speed is told: the first ones compile and fill caches, and would tell of hours.
FIRST_STEPS = 5
#: Steps whose goodness of fit is averaged: those of single batches differ.
LAST_STEPS = 50


def progress_sentence(progress: Progress) -> str:
    """Say how far a training is."""
    done = f"Iteration {progress.iteration:,} of {progress.total:,}"
    if progress.iteration < min(FIRST_STEPS, progress.total):
        return f"{done} · speed and remaining time come with the next steps …"
    left = duration_text(progress.seconds_left)
    return f"{done} · {progress.iterations_per_second:.1f} a second · {left} left"


def end_in_words(run: StudyRun) -> str:
    """Say how a training has ended."""
    bits = run.encoder.history_["goodness_of_fit"]
    fit = f", goodness of fit {np.mean(bits[-LAST_STEPS:]):.2f} bits" if len(bits) else ""
    end = "was stopped, and can go on" if run.was_stopped else "is done"
    return f"The training of {run.name} {end}: {run.encoder.n_iter_:,} iterations{fit}."


def way_out(error: BaseException) -> str:
    """Say what went wrong with a training, and what can be done."""
    # loads torch, which a training that has failed has loaded before
    from napari_unison.encoder import TrainingError

    text = str(error).strip() or type(error).__name__
    if isinstance(error, ConfigurationError | SessionError | WorkspaceError | TrainingError):
        return text
    if isinstance(error, MemoryError) or "out of memory" in text.lower():
        advice = "Lower the batch size, leave sessions out, or choose the CPU as device; then start again."
        return f"{text}\n{advice}"
    return (
        f"{type(error).__name__}: {text}\nSessions, parameters and earlier runs are as they were. Start "
        f"again; if it comes back, try the CPU as device, or fewer sessions to find the one it comes from."
    )
