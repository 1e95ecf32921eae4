"""The workspace: sessions, configuration, runs and what is shown of them, as one evented object.

It knows neither napari nor Qt. Widgets read it, call its methods and repaint on its events; the console and
scripts do the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from napari_unison.encoder import Embedding, EncoderConfig
from napari_unison.sessions import Session, load_sessions, split_sessions
from napari_unison.workspace.brought_sessions import add_brought, sessions_of
from napari_unison.workspace.cebra_runs import IMPORTING, CebraRuns
from napari_unison.workspace.events import WorkspaceError
from napari_unison.workspace.file_imports import FileImport
from napari_unison.workspace.job_list import JobList
from napari_unison.workspace.jobs import DECODING, DROPPED, STOPPED, Job
from napari_unison.workspace.journal import line_of_opening, line_of_sample
from napari_unison.workspace.keeping import Keeping
from napari_unison.workspace.reading import ReadingStoppedError, telling
from napari_unison.workspace.runners import Runner, ThreadRunner
from napari_unison.workspace.runs import (
    StudyRun,
    embed_run,
    open_run,
    partners_key,
    save_study_run,
)
from napari_unison.workspace.samples import read_sample
from napari_unison.workspace.session_edits import SessionEdits
from napari_unison.workspace.session_history import SessionHistory
from napari_unison.workspace.session_list import SessionList
from napari_unison.workspace.shown import LIST_SIGNALS
from napari_unison.workspace.studies import Studies
from napari_unison.workspace.time_ranges import TimeRanges
from napari_unison.workspace.trainings import TRAIN_FIRST, Trainings, need_no_training, start_training
from napari_unison.workspace.whole_workspace import WORKSPACE_ENDING

if TYPE_CHECKING:
    from napari_unison.analysis import LatentScores

#: Sessions of recordings, and saved runs with the sessions that they bring along.
Found = tuple[list[Session], dict[StudyRun, list[Session]]]
Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


class Workspace(SessionEdits, Trainings, Studies, CebraRuns, Keeping):
    """One study: its sessions, the encoder's configuration, its runs, and what is shown.

    Parameters
    ----------
    sessions : iterable of Session, optional
        Sessions to begin with.
    runner : Runner, optional
        Brings long work into the background; plain threads unless given.

    Attributes
    ----------
    events : WorkspaceEvents
        One signal for each thing that can change.
    sessions : SessionList
        The sessions, an evented list; they always have the same labels.
    time_ranges : TimeRanges
        For sessions of which the next training uses a part, start and stop (s) by name.
    runs : EventedList of StudyRun
        The trained encoders with their embeddings.
    job : Job or None
        The long work that was started last.

    Examples
    --------
    >>> workspace = Workspace()
    >>> workspace.open_sample("linear-track")
    >>> workspace.train(max_iterations=500).wait()
    >>> workspace.run.embedding("aligned").values[0].shape
    """

    def __init__(self, sessions: Iterable[Session] = (), *, runner: Runner | None = None) -> None:
        super().__init__()
        self.sessions = SessionList(sessions)
        self.time_ranges = TimeRanges(self.sessions, self.events.time_ranges)
        self.session_history = SessionHistory(self.sessions, self.time_ranges, self.events)
        self.job: Job | None = None
        self._jobs = JobList(runner if runner is not None else ThreadRunner(), self.events)
        for signal in LIST_SIGNALS:
            self.sessions.events[signal].connect(self._tell_sessions)
        self._config = EncoderConfig()
        self._validation_share = 0.2
        self._begin_keeping()
        self._begin_studies()

    def _tell_sessions(self) -> None:
        self.time_ranges.follow_sessions()
        self._forget_removed()
        self.events.sessions.emit()

    def _forget_removed(self) -> None:
        """Let the last job forget what was taken out of the workspace."""
        job = self.job
        if job is None or job.is_running or job.result is None:
            return
        if job.kind == "opening":
            job.result = [session for session in job.result if session in list(self.sessions)]
        elif job.kind in ("training", IMPORTING) and job.result not in list(self.runs):
            job.result = None
        elif job.kind == "embedding":
            known = [embedding for run in self.runs for embedding in run.embeddings.values()]
            job.result = job.result if job.result in known else None
        elif job.kind == DECODING:
            studies = [study for run in self.runs for study in run.studies.values()]
            job.result = job.result if job.result in studies else None

    def __repr__(self) -> str:
        return f"<Workspace: {len(self.sessions)} sessions, {len(self.runs)} runs>"

    # -- sessions --------------------------------------------------------------------------------------

    def open(self, paths: Paths, *, mapping: Any = None, background: bool = False, **options: Any) -> Job:
        """Open recordings and saved runs and add them; a run brings the sessions along that are not open.

        All files are opened, or none. The job tells how far the reading is, and ``job.stop()`` ends it.

        Parameters
        ----------
        paths : path or sequence of paths
            Recordings of any format that ``load_session`` knows, and ``.unison`` folders; or one
            ``.unison-workspace``, see :meth:`open_workspace`.
        mapping : FileMapping, path of a toml file or dict, optional
            What of the files is neural activity and what a label, as for ``load_session``.
        background : bool
            Return at once and read in the background, as the widgets do.
        **options
            Passed to the reader.

        Returns
        -------
        Job
            Ended, unless it is done in the background.

        Raises
        ------
        SessionError
            If a file cannot be read, or its labels do not fit those of the sessions that are open already.
        """
        listed = [Path(p) for p in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
        if len(listed) == 1 and listed[0].suffix == WORKSPACE_ENDING:
            return self.open_workspace(listed[0], background=background)
        title = f"Opening {listed[0].name}" if len(listed) == 1 else f"Opening {len(listed)} files"
        options = options if mapping is None else options | {"mapping": mapping}
        line = line_of_opening(listed, options)
        return self._open(title, partial(_read, listed, options), background, line, stops=True)

    def prepare_import(self, paths: Paths, *, own_too: bool = False) -> FileImport:
        """Return what looks into files and tries mappings in the background, before they are opened.

        Parameters
        ----------
        paths : path or sequence of paths
            Recordings.
        own_too : bool
            Whether files that need no mapping are looked into as well.
        """
        listed = [Path(p) for p in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
        return FileImport(
            listed,
            self._jobs.runner,
            self._tell_failed,
            own_too=own_too,
            beside=lambda: list(self.sessions),
        )

    def _tell_failed(self, text: str) -> None:
        self.events.failed.emit(text)

    def open_sample(self, name: str = "linear-track", *, background: bool = False) -> Job:
        """Add the sessions of a sample: ``"linear-track"`` (simulated) or ``"rat-hippocampus"`` (real).

        The real one is downloaded once. The job tells how far that is, and ``job.stop()`` ends it; what has
        come is kept, and the next time goes on there. While it is being opened, this is the same job again.

        Raises
        ------
        SessionError
            If the sample cannot be had, or is open already.
        """
        subject = ("sample", name)
        job = self._jobs.find(subject)
        if job is not None:
            if not background:
                job.wait()
            return job
        title, read = f"Opening the sample {name}", partial(read_sample, name)
        return self._open(title, read, background, line_of_sample(name), stops=True, subject=subject)

    def _open(
        self,
        title: str,
        read: Callable[[Job], Found | None],
        background: bool,
        line: str,
        *,
        stops: bool = False,
        subject: Hashable = None,
    ) -> Job:
        def deliver(found: Found | None) -> Any:
            if found is None:
                return STOPPED
            sessions, runs = found
            self.journal.expect(line, [*sessions, *(one for brought in runs.values() for one in brought)])
            with self._jobs.apart(title):
                self.sessions.extend(sessions)
            for run, brought in runs.items():
                with self._jobs.apart(title):
                    problem = add_brought(self.sessions, brought, run.name)
                    if problem:
                        self.events.warned.emit(problem)
                    self.add_run(run)
            self.journal.note_opened_runs(line, list(runs))
            return sessions

        job = self._start("opening", title, read, deliver, stops=stops, subject=subject)
        if not background:
            job.wait()
        return job

    # -- configuration ---------------------------------------------------------------------------------

    @property
    def config(self) -> EncoderConfig:
        """Parameters of the next training."""
        return self._config

    @config.setter
    def config(self, config: EncoderConfig | Mapping[str, Any]) -> None:
        if not isinstance(config, EncoderConfig):
            config = EncoderConfig.from_parameters(config)
        if config != self._config:
            self._config = config
            self.events.config.emit(config)

    def configure(self, **parameters: Any) -> None:
        """Change some parameters of the next training.

        Raises
        ------
        ConfigurationError
            If a name is unknown or a value out of range; nothing is changed then.
        """
        self.config = EncoderConfig.from_parameters(self._config.model_dump() | parameters)

    @property
    def validation_share(self) -> float:
        """Share of the end of each session's used time that the next training does not see, 0 to 0.5."""
        return self._validation_share

    @validation_share.setter
    def validation_share(self, share: float) -> None:
        if not 0 <= share <= 0.5:
            raise WorkspaceError(f"the held-out share is between 0 and 0.5, not {share}")
        if share != self._validation_share:
            self._validation_share = float(share)
            self.events.validation_share.emit(self._validation_share)

    # -- training and embedding ------------------------------------------------------------------------

    def train(self, *, validation_share: float | None = None, **parameters: Any) -> Job:
        """Train an encoder on the sessions in the background, in their :attr:`time_ranges`.

        The job ends when the run is in the workspace, with the aligned embedding of its training sessions
        and the best latents chosen inside it. ``job.stop()`` keeps what was reached so far as a run.

        Parameters
        ----------
        validation_share : float, optional
            Changes :attr:`validation_share` first.
        **parameters
            Change :attr:`config` first.

        Raises
        ------
        WorkspaceError
            If there are no sessions, or a training runs already.
        ConfigurationError
            If a parameter is not valid.
        """
        if not self.sessions:
            raise WorkspaceError("there are no sessions yet: open recordings or a sample first")
        need_no_training(self)
        if parameters:
            self.configure(**parameters)
        if validation_share is not None:
            self.validation_share = validation_share
        training, held_out = self.used_sessions, list[Session]()
        if self._validation_share > 0:
            training, held_out = split_sessions(training, 1 - self._validation_share)
        return start_training(self, self._free_run_name(), self._config, training, held_out)

    def embed(self, align: bool = True, partners: Literal["training", "given"] = "training") -> Job:
        """Embed the sessions of the current run in the background; each kind is computed once a run.

        Parameters
        ----------
        align : bool
            With the labels (for looking at the shared manifold) or without (each session's own neurons only).
        partners : {"training", "given"}
            Where the partners of an aligned embedding come from.

        Returns
        -------
        Job
            Its result is the ``Embedding``; it has ended already if the run had it, and is the running one
            if it is being computed. Its result is None if the run was removed meanwhile.
        """
        run = self._need_run()
        key = partners_key(align, partners)
        title = f"Embedding {run.name}, {'aligned' if align else 'label-free'}"
        running = self._jobs.find((id(run), key))
        if running is not None:
            return running
        known = run.embeddings.get(key)
        if known is not None:
            return self._start("embedding", title, lambda job: known, lambda found: found, known=known)  # noqa: ARG005

        def work(job: Job) -> tuple[Embedding, LatentScores | None]:
            return embed_run(job, run, align=align, partners=partners)

        def deliver(found: tuple[Embedding, LatentScores | None]) -> Any:
            if run not in list(self.runs):
                return DROPPED
            embedding, run.latent_scores[key] = found
            run.embeddings[key] = embedding
            if embedding is self.embedding:
                with self._jobs.apart(title):
                    self._tell_embedding()
            return embedding

        return self._start("embedding", title, work, deliver, subject=(id(run), key))

    @property
    def awaited(self) -> Job | None:
        """The job that computes the embedding that is to be shown; None if it is there or nobody does."""
        run = self._run
        return None if run is None else self._jobs.find((id(run), self._display.kind))

    def _need_run(self) -> StudyRun:
        if self._run is None:
            raise WorkspaceError(TRAIN_FIRST)
        return self._run

    def _free_run_name(self) -> str:
        taken = {run.name for run in self.runs}
        number = len(self.runs) + 1
        while f"run {number}" in taken:
            number += 1
        return f"run {number}"

    # -- files and long work -------------------------------------------------------------------------------

    @overload
    def save(
        self, folder: str | os.PathLike[str], *, overwrite: bool = False, background: Literal[False] = False
    ) -> Path: ...
    @overload
    def save(
        self, folder: str | os.PathLike[str], *, overwrite: bool = False, background: Literal[True]
    ) -> Job: ...
    def save(
        self, folder: str | os.PathLike[str], *, overwrite: bool = False, background: bool = False
    ) -> Path | Job:
        """Save the current run, and the named sets of time, into a folder ``NAME.unison``.

        Parameters
        ----------
        folder : path
            Where to.
        overwrite : bool
            Replace another run that stands there; a run's own folder may always be written again.
        background : bool
            Return at once and write in the background, as the widgets do.

        Returns
        -------
        Path or Job
            The folder that was written, or the job whose result it is.
        """
        run, sets = self._need_run(), self.selection.sets

        def deliver(written: Path) -> Path:
            run.folder = written
            return written

        job = self._start(
            "saving",
            f"Saving {run.name}",
            lambda job: save_study_run(run, Path(folder), overwrite=overwrite, sets=sets),  # noqa: ARG005
            deliver,
        )
        if background:
            return job
        written: Path = job.wait()
        return written

    @property
    def jobs(self) -> list[Job]:
        """The jobs that run now."""
        return self._jobs.running

    def _start(
        self,
        kind: str,
        title: str,
        work: Callable[[Job], Any],
        deliver: Callable[[Any], Any],
        *,
        subject: Hashable = None,
        known: Any = None,
        stops: bool = False,
    ) -> Job:
        """Start a job, or end it at once with a known result."""
        self.job = job = self._jobs.make(kind, title, work, deliver, subject, stops=stops)
        if known is None:
            job.start()
        else:
            job.complete(known)
        return job

    def close(self) -> None:
        """Stop what runs, wait for its threads to end, and let go of sessions, runs and embeddings."""
        self.unlink_movie()
        self._jobs.close()
        self._end_studies()
        self.job = None
        for held in (self.runs, self.sessions):
            with self._jobs.apart("Closing the workspace"):
                held.clear()
        self.session_history.clear()
        self._run = None


def _read(paths: Sequence[Path], options: Mapping[str, Any], job: Job) -> Found | None:
    """Read files in the thread of a job; None where it was stopped."""
    from napari_unison.encoder import is_run

    folders = [path for path in paths if path.is_dir() and is_run(path)]
    recordings = [path for path in paths if path not in folders]
    try:
        sessions = load_sessions(recordings, on_progress=telling(job), **options) if recordings else []
    except ReadingStoppedError:
        job.tell_share(job.share, f"{job.title} was stopped; nothing was added")
        return None
    return sessions, {run: sessions_of(run) for run in map(open_run, folders)}


__all__ = ["Workspace", "WorkspaceError"]
