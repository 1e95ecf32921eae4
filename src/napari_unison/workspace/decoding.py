"""A decoding study of a run: its configuration, trained anew on folds of laps of all its sessions."""

from __future__ import annotations

import time
import warnings
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Literal, get_args
from weakref import WeakKeyDictionary

from napari_unison.sessions import join_sessions
from napari_unison.workspace.events import WorkspaceError
from napari_unison.workspace.jobs import DECODING, DROPPED, STOPPED, JobCancelledError
from napari_unison.workspace.study_fits import bring_fits, settle_fits, unfinished_studies

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from napari_unison.analysis import DecodingStudy, StudyOptions
    from napari_unison.display.score_sheets import Scores, ScoreSheet
    from napari_unison.sessions import Session
    from napari_unison.workspace.jobs import Job
    from napari_unison.workspace.run_scores import RunScores
    from napari_unison.workspace.runs import StudyRun
    from napari_unison.workspace.studies import Studies

#: ``"quick"`` is a first look: one seed and fewer training steps.
StudyDepth = Literal["quick", "full"]
#: Between two tellings of the same fit (s).
TELL_INTERVAL = 1.0


#: Sheets of the studies that are there: their intervals take seconds to draw.
_SHEETS: WeakKeyDictionary[DecodingStudy, list[ScoreSheet]] = WeakKeyDictionary()


def sheets_of(scores: Scores | RunScores) -> list[ScoreSheet]:
    """Lay scores out for a table, a sheet a session; those of a study are kept as long as it."""
    from napari_unison.analysis import QuickScores
    from napari_unison.display.score_sheets import quick_sheets, study_sheets
    from napari_unison.workspace.run_scores import RunScores

    if isinstance(scores, RunScores):
        return scores.sheets
    if isinstance(scores, QuickScores):
        return quick_sheets(scores)
    if scores not in _SHEETS:
        _SHEETS[scores] = study_sheets(scores)
    return _SHEETS[scores]


def frame_of(scores: Scores | RunScores) -> pd.DataFrame:
    """Return all numbers of scores, as they are exported."""
    from napari_unison.display.score_sheets import score_frame
    from napari_unison.workspace.run_scores import RunScores

    return scores.to_frame() if isinstance(scores, RunScores) else score_frame(scores)


def whole_sessions(run: StudyRun) -> list[Session]:
    """Return the sessions of a run with what its training held out."""
    return join_sessions(run.encoder.training_sessions_, run.held_out)


def saved_studies(run: StudyRun, folder: Path) -> dict[str, DecodingStudy]:
    """Read the studies that a saved run holds: those that are complete, and of its own recordings.

    One that cannot be read is left out with a warning, for the run itself is sound.
    """
    from napari_unison.analysis.study_files import StudyFileError, has_study, load_study, study_folder

    studies: dict[str, DecodingStudy] = {}
    for depth in get_args(StudyDepth):
        place = study_folder(folder, quick=depth == "quick")
        if not has_study(place):
            continue
        try:
            study = load_study(place)
        except StudyFileError as error:
            warnings.warn(f"{run.name} is open without its decoding study. {error}", stacklevel=2)
            continue
        if study.is_complete and study.is_of(whole_sessions(run)):
            studies[depth] = study
    return studies


def save_studies(run: StudyRun, folder: Path) -> None:
    """Write the studies of a run, and the fits of one that was stopped, as ``napari-unison decode`` does."""
    from napari_unison.analysis.study_files import FITS, save_study, study_folder

    for depth, study in run.studies.items():
        save_study(study, study_folder(folder, quick=depth == "quick"))
    if run.fits is not None:
        bring_fits(run.fits, folder / FITS)


def study_options(depth: StudyDepth, **options: Any) -> StudyOptions:
    """Return what a quick or full study runs.

    Raises
    ------
    WorkspaceError
        If the depth is another word, or an option does not exist.
    DecodingStudyError
        If an option is not valid.
    """
    from napari_unison.analysis import StudyOptions

    known = [field.name for field in fields(StudyOptions) if field.name != "is_quick"]
    unknown = [name for name in options if name not in known]
    if depth not in get_args(StudyDepth) or unknown:
        problem = f"no option {', '.join(map(repr, unknown))}" if unknown else f"no study called {depth!r}"
        raise WorkspaceError(
            f"there is {problem}: studies are 'quick' and 'full', their options {', '.join(known)}"
        )
    return StudyOptions(is_quick=depth == "quick", **options)


def start_study(
    workspace: Studies, run: StudyRun, depth: StudyDepth, options: StudyOptions, cache: Path | None
) -> Job:
    """Start a decoding study of a run; one that runs is ended, and its result dropped.

    Returns
    -------
    Job
        The running one if it is the same study; one that has ended if the run has that study already.
    """
    title = f"Decoding study of {run.name}, {depth}"
    subject = (id(run), DECODING, options)
    running = [job for job in workspace.jobs if job.kind == DECODING]
    same = workspace._jobs.find(subject)
    if same is not None and same.state != "stopping":
        return same
    known = run.studies.get(depth)
    if known is not None and known.options == options:
        return workspace._start(DECODING, title, lambda _: known, lambda study: study, known=known)
    for job in running:
        job.overtake()

    def deliver(study: DecodingStudy | None) -> Any:
        if run not in list(workspace.runs):
            return DROPPED
        if fits:
            run.unfinished = unfinished_studies(fits[-1])
        if study is None:
            return STOPPED
        run.studies[depth] = study
        return study

    fits: list[Path] = []

    def work(job: Job) -> DecodingStudy | None:
        job.tell_share(0.0, "looking for fits that are there")
        try:
            place = settle_fits(run) if cache is None else cache
        except OSError as error:
            job.tell_warning(f"Fits cannot be kept ({error}): a study that is stopped begins anew.")
            return run_study(job, run, options, None)
        fits.append(place)
        workspace._fits.add(place)
        return run_study(job, run, options, place)

    return workspace._start(DECODING, title, work, deliver, subject=subject)


def run_study(job: Job, run: StudyRun, options: StudyOptions, cache: Path | None) -> DecodingStudy | None:
    """Study decoding with a run's configuration; runs in the job's thread.

    Returns
    -------
    DecodingStudy or None
        None after a stop: what is done by then is in the cache, and only there.
    """
    from napari_unison.analysis import kept_fits, study_decoding

    sessions, config = whole_sessions(run), run.encoder.config_
    found = None if cache is None else kept_fits(sessions, config, options, cache)
    said = f" · {found}" if found is not None and found.n_kept else ""
    share_found = 0.0 if found is None else found.share
    last = _LastTelling()

    def tell(share: float, what: str) -> None:
        if job.is_cancelled:
            raise JobCancelledError(f"{job.title} was given up because the workspace was closed")
        if last.is_due(share):
            job.tell_share(share, what + said, found=share_found)

    try:
        study = study_decoding(
            sessions,
            config,
            options,
            cache=cache,
            on_progress=tell,
            control=job.control,
        )
    except Exception:
        # A stop can come where the next training has not begun yet, and that one refuses to begin.
        if job.control.is_stopped and not job.is_cancelled:
            return None
        raise
    if not study.is_complete:
        return None
    job.tell_share(1.0, "intervals and tables")
    sheets_of(study)
    return study


class _LastTelling:
    """Knows when a study was heard of last: training steps come much faster than anybody reads."""

    def __init__(self) -> None:
        self._at, self._share = float("-inf"), -1.0

    def is_due(self, share: float) -> bool:
        """Say whether to tell: at once where a fit has ended, else every now and then."""
        now = time.monotonic()
        if share == self._share and now - self._at < TELL_INTERVAL:
            return False
        self._at, self._share = now, share
        return True
