"""What a workspace says about decoding: studies, runs side by side, figures and the page about a run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from napari_unison.workspace.background import BackgroundWork
from napari_unison.workspace.decoding import StudyDepth, save_studies, start_study, study_options
from napari_unison.workspace.events import WorkspaceError
from napari_unison.workspace.run_scores import (
    COMPARISON,
    SCORES_WORDS,
    RunScores,
    ScoredOn,
    scores_of_runs,
    studies_of,
)
from napari_unison.workspace.study_fits import remove_fits

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from napari_unison.analysis import DecodingStudy
    from napari_unison.workspace.jobs import Job

FilePath = str | os.PathLike[str]
PAGE_ENDING = ".html"


class Studies(BackgroundWork):
    """The part of a workspace that studies decoding."""

    def _begin_studies(self) -> None:
        #: Folders of fits that this workspace has used.
        self._fits: set[Path] = set()

    def _end_studies(self) -> None:
        """Leave no fits behind in the user's cache but those that a study can go on with."""
        for fits in self._fits:
            remove_fits(fits)
        self._fits.clear()

    def decode(
        self,
        depth: StudyDepth = "quick",
        *,
        n_permutations: int = 0,
        cache: FilePath | None = None,
        **options: Any,
    ) -> Job:
        """Study decoding with the current run's configuration in the background.

        Encoders are trained anew on folds of laps of all of the run's sessions, held-out parts too; the run's
        own encoder has seen most laps and cannot be used. One study runs at a time: a newer request ends the
        one before, whose result is dropped.

        Every fit that is done is kept: in the folder of a saved run, where ``napari-unison decode`` finds
        it, too, else in the user's cache until the workspace is closed. After ``job.stop()``, or a window
        that was closed, the same request goes on from there, as does :meth:`resume_decoding`.

        Parameters
        ----------
        depth : {"quick", "full"}
            A first look with one seed and at most 500 training steps, or five seeds and all of the
            configuration's steps.
        n_permutations : int
            Orders of laps for the null: 0 for none, 19 or more for a verdict.
        cache : path, optional
            Another folder to keep fits in.
        **options
            Other fields of :class:`~napari_unison.analysis.StudyOptions`.

        Returns
        -------
        Job
            Its result is the ``DecodingStudy``, which ``run.studies[depth]`` keeps; it has ended already if
            the run had the same one, and is the running one if that is being computed. Its result is None
            after a stop, or if the run was removed meanwhile.

        Raises
        ------
        WorkspaceError
            If there is no run.
        DecodingStudyError
            If an option is not valid.
        """
        asked = study_options(depth, n_permutations=n_permutations, **options)
        return start_study(self, self._need_run(), depth, asked, None if cache is None else Path(cache))

    def resume_decoding(self, depth: StudyDepth = "quick") -> Job:
        """Go on with the current run's study that was stopped, with the options that it had.

        Parameters
        ----------
        depth : {"quick", "full"}
            Which of the two; ``run.unfinished`` tells what there is.

        Returns
        -------
        Job
            As of :meth:`decode`.

        Raises
        ------
        WorkspaceError
            If there is no run, or no such study of it was stopped.
        """
        run = self._need_run()
        if depth not in run.unfinished:
            raise WorkspaceError(
                f"no {depth} study of {run.name} was stopped: start one with decode({depth!r})"
            )
        return start_study(self, run, depth, run.unfinished[depth].options, None)

    @overload
    def compare_scores(
        self, scored_on: ScoredOn = "quick", *names: str, background: Literal[False] = False
    ) -> RunScores: ...
    @overload
    def compare_scores(
        self, scored_on: ScoredOn = "quick", *names: str, background: Literal[True]
    ) -> Job: ...
    def compare_scores(
        self, scored_on: ScoredOn = "quick", *names: str, background: bool = False
    ) -> RunScores | Job:
        """Put label-free scores of runs side by side: all runs, or those that are named.

        Parameters
        ----------
        scored_on : {"held-out", "quick", "full"}
            The quick scores on what was held out, or those of a study.
        *names : str
            Names of runs; the first one is what others are compared with.
        background : bool
            Return at once and draw intervals in the background, as the dock does: they take seconds.

        Returns
        -------
        RunScores or Job
            Tables with intervals, differences lap by lap where the runs were scored on the same laps, and
            what differs between the runs; or the job whose result it is.

        Raises
        ------
        WorkspaceError
            If there is no run of a name, or no such scores.
        """
        if scored_on not in SCORES_WORDS:
            raise WorkspaceError(f"there are no scores {scored_on!r}: choose from {', '.join(SCORES_WORDS)}")
        known = {run.name: run for run in self.runs}
        strangers = [name for name in names if name not in known]
        if strangers:
            listed = ", ".join(known) or "none yet"
            raise WorkspaceError(f"there is no run {strangers[0]!r}; the runs are {listed}")
        runs = [known[name] for name in names or known]
        if not background:
            return scores_of_runs(runs, scored_on)
        subject = (COMPARISON, *studies_of(runs, scored_on).items())
        running = self._jobs.find(subject)
        if running is not None:
            return running
        title = f"Putting {len(runs)} runs side by side"
        return self._start(
            COMPARISON, title, lambda _: scores_of_runs(runs, scored_on), lambda found: found, subject=subject
        )

    def study_figure(self, depth: StudyDepth = "quick") -> Figure:
        """Draw the current run's study: every method in every session, with intervals, baselines and null.

        Raises
        ------
        WorkspaceError
            If there is no run, or no such study of it.
        """
        from napari_unison.display.figures.protocol import study_figure

        return study_figure(self._need_study(depth))

    def save_report(self, file: FilePath, *, overwrite: bool = False) -> Job:
        """Write one page about the current run, which must be saved, in the background.

        Everything is inside, as after ``napari-unison report``: run, figures, study, parameters.

        Parameters
        ----------
        file : path
            The page, ``.html``.
        overwrite : bool
            Replace a file that stands there.

        Returns
        -------
        Job
            Its result is the file.

        Raises
        ------
        WorkspaceError
            If there is no run, it was not saved, or a file stands there.
        """
        run, target = self._need_run(), Path(file)
        folder = run.folder
        if folder is None or not folder.is_dir():
            raise WorkspaceError(f"{run.name} was not saved yet: save it first, the page is about the folder")
        if target.suffix != PAGE_ENDING:
            raise WorkspaceError(f"{target.name}: the name of a page ends in {PAGE_ENDING}")
        if target.exists() and not overwrite:
            raise WorkspaceError(f"{target} exists: choose another name, or replace it with overwrite=True")

        def work(job: Job) -> Path:
            from napari_unison.display.report import write_report

            job.tell_phase("saving the studies")
            save_studies(run, folder)
            return write_report(folder, target, on_progress=job.tell_share)

        return self._start("report", f"Page about {run.name}", work, lambda page: page)

    def _need_study(self, depth: StudyDepth) -> DecodingStudy:
        run = self._need_run()
        if depth not in run.studies:
            raise WorkspaceError(
                f"there is no {depth} study of {run.name} yet: start one with decode({depth!r})"
            )
        return run.studies[depth]
