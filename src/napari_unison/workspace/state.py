"""The workspace: sessions, configuration, runs and what is shown of them, as one evented object.

It knows neither napari nor Qt. Widgets read it, call its methods and repaint on its events; the console and
scripts do the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from psygnal import Signal, SignalGroup
from psygnal.containers import EventedList

from napari_unison.encoder import Embedding, EncoderConfig
from napari_unison.sessions import (
    Session,
    load_sessions,
    sample_sessions,
    split_sessions,
)
from napari_unison.workspace.jobs import DROPPED, Job, Runner, ThreadRunner
from napari_unison.workspace.runs import (
    StudyRun,
    embed_run,
    open_run,
    partners_key,
    save_study_run,
    train_run,
)
from napari_unison.workspace.session_list import SessionList
from napari_unison.workspace.settings import DisplaySettings, EmbeddingKind

if TYPE_CHECKING:
    from napari_unison.analysis import LatentScores

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


class WorkspaceError(ValueError):
    """What was asked for cannot be done now; the message says why, and what to do first."""


class WorkspaceEvents(SignalGroup):
    """What changed in a workspace."""

    sessions = Signal()
    config = Signal(object)
    validation_share = Signal(float)
    runs = Signal()
    run = Signal(object)
    embedding = Signal(object)
    display = Signal(object)
    job = Signal(object)
    progress = Signal(object)
    failed = Signal(str)
    cursor = Signal(object)
    selection = Signal(object)


class Workspace:
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
        self.events = WorkspaceEvents()
        self.sessions = SessionList(sessions)
        self.runs: EventedList[StudyRun] = EventedList(child_events=False)
        self.job: Job | None = None
        self._runner: Runner = runner if runner is not None else ThreadRunner()
        self._config = EncoderConfig()
        self._validation_share = 0.2
        self._run: StudyRun | None = None
        self._display = DisplaySettings.model_validate({})
        self._cursor: tuple[str, float] | None = None
        self._selection: dict[str, np.ndarray] = {}
        self._jobs: list[Job] = []
        self._latest: dict[str, Job] = {}
        self._connect_lists()

    def _connect_lists(self) -> None:
        for signal in ("batch_inserted", "batch_removed", "changed", "reordered"):
            self.sessions.events[signal].connect(self._tell_sessions)
            self.runs.events[signal].connect(self._tell_runs)

    def _tell_sessions(self) -> None:
        self.events.sessions.emit()

    def _tell_runs(self) -> None:
        if self._run is not None and self._run not in list(self.runs):
            self.run = self.runs[-1] if len(self.runs) else None
        self.events.runs.emit()

    def __repr__(self) -> str:
        return f"<Workspace: {len(self.sessions)} sessions, {len(self.runs)} runs>"

    # -- sessions --------------------------------------------------------------------------------------

    def open(self, paths: Paths, *, background: bool = False, **options: Any) -> Job:
        """Open recordings and saved runs and add them.

        Parameters
        ----------
        paths : path or sequence of paths
            Recordings of any format that ``load_session`` knows, and ``.unison`` folders.
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
        title = f"Opening {listed[0].name}" if len(listed) == 1 else f"Opening {len(listed)} files"
        return self._open(title, lambda: _read(listed, options), background)

    def open_sample(self, name: str = "linear-track", *, background: bool = False) -> Job:
        """Add the sessions of a sample: ``"linear-track"`` (simulated) or ``"rat-hippocampus"`` (real).

        Raises
        ------
        SessionError
            If the sample cannot be had, or is open already.
        """
        return self._open(f"Opening the sample {name}", lambda: (sample_sessions(name), []), background)

    def _open(
        self, title: str, read: Callable[[], tuple[list[Session], list[StudyRun]]], background: bool
    ) -> Job:
        def deliver(found: tuple[list[Session], list[StudyRun]]) -> list[Session]:
            sessions, runs = found
            self.sessions.extend(sessions)
            for run in runs:
                self.add_run(run)
            return sessions

        job = self._start("opening", title, lambda job: read(), deliver)  # noqa: ARG005
        if not background:
            job.wait()
        return job

    def remove(self, names: str | Iterable[str]) -> None:
        """Take sessions out of the workspace; runs that were trained with them stay."""
        wanted = {names} if isinstance(names, str) else set(names)
        for index in reversed(range(len(self.sessions))):
            if self.sessions[index].name in wanted:
                del self.sessions[index]

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
        """Share of each session's end that the next training does not see, 0 to 0.5."""
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
        """Train an encoder on the sessions in the background.

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
        running = self._latest.get("training")
        if running is not None and running.is_running:
            raise WorkspaceError("a training runs already: stop it first, or wait until it has ended")
        if parameters:
            self.configure(**parameters)
        if validation_share is not None:
            self.validation_share = validation_share
        training, held_out = list(self.sessions), list[Session]()
        if self._validation_share > 0:
            training, held_out = split_sessions(training, 1 - self._validation_share)
        config, name = self._config, self._free_run_name()

        def deliver(run: StudyRun) -> StudyRun:
            self.add_run(run)
            return run

        title = f"Training on {len(training)} sessions"
        return self._start(
            "training", title, lambda job: train_run(job, name, config, training, held_out), deliver
        )

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
            Its result is the ``Embedding``; it has ended already if the run had it.
        """
        run = self._need_run()
        key = partners_key(align, partners)
        known = run.embeddings.get(key)

        def deliver(found: tuple[Embedding, LatentScores | None]) -> Embedding:
            embedding, run.latent_scores[key] = found
            run.embeddings[key] = embedding
            if embedding is self.embedding:
                self._tell_embedding()
            return embedding

        def work(job: Job) -> Any:
            return embed_run(job, run, align=align, partners=partners)

        title = f"Embedding {run.name}, {'aligned' if align else 'label-free'}"
        if known is not None:
            return self._start("embedding", title, work, lambda embedding: embedding, known=known)
        return self._start("embedding", title, work, deliver)

    def _need_run(self) -> StudyRun:
        if self._run is None:
            raise WorkspaceError("there is no run yet: train an encoder or open a saved run first")
        return self._run

    def _free_run_name(self) -> str:
        taken = {run.name for run in self.runs}
        number = len(self.runs) + 1
        while f"run {number}" in taken:
            number += 1
        return f"run {number}"

    # -- runs ------------------------------------------------------------------------------------------

    @property
    def run(self) -> StudyRun | None:
        """The current run, the one that is shown."""
        return self._run

    @run.setter
    def run(self, run: StudyRun | str | None) -> None:
        if isinstance(run, str):
            names = [known.name for known in self.runs]
            if run not in names:
                raise WorkspaceError(
                    f"there is no run {run!r}; the runs are {', '.join(names) or 'none yet'}"
                )
            run = self.runs[names.index(run)]
        if run is not None and run not in list(self.runs):
            raise WorkspaceError(f"{run.name} is not one of this workspace's runs: add it with add_run(run)")
        if run is not self._run:
            self._run = run
            self.events.run.emit(run)
            self._show_current()

    def add_run(self, run: StudyRun) -> None:
        """Add a run and make it the current one."""
        self.runs.append(run)
        self.run = run

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Save the current run into a folder; the name gets the ending ``.unison``.

        Returns
        -------
        Path
            The folder that was written.
        """
        return save_study_run(self._need_run(), Path(folder))

    # -- what is shown ---------------------------------------------------------------------------------

    @property
    def display(self) -> DisplaySettings:
        """What is shown of the current run; change it with :meth:`show`."""
        return self._display

    @property
    def embedding(self) -> Embedding | None:
        """The embedding that is shown, or None while there is none of the wanted kind."""
        return None if self._run is None else self._run.embedding(self._display.kind)

    def show(self, **changes: Any) -> None:
        """Change what is shown, and compute the embedding in the background where it is missing.

        Parameters
        ----------
        **changes
            Fields of :class:`DisplaySettings`: ``kind``, ``latents``, ``colour``, ``point_size``,
            ``opacity``, ``grid``, ``max_points``.

        A colour or latents that were chosen before and that the new embedding does not have become "best".

        Raises
        ------
        pydantic.ValidationError
            If a name is unknown or a value out of range; nothing is changed then.
        WorkspaceError
            If the embedding has not the colour or the latents that are asked for; nothing is changed then.
        """
        settings = DisplaySettings.model_validate(self._display.model_dump() | changes)
        embedding = None if self._run is None else self._run.embedding(settings.kind)
        if embedding is not None:
            complaint = settings.complaint(embedding) if {"colour", "latents"} & changes.keys() else None
            if complaint is not None:
                raise WorkspaceError(complaint)
            settings = settings.adapted_to(embedding)
        if settings == self._display:
            return
        before, self._display = self._display, settings
        self.events.display.emit(settings)
        if settings.kind != before.kind:
            self._show_current()

    def _show_current(self) -> None:
        embedding = self.embedding
        if embedding is None and self._run is not None:
            self.embed(align=self._display.kind == "aligned")
            return
        self._tell_embedding()

    def _tell_embedding(self) -> None:
        """Tell what is shown now, after the settings have been adapted to it."""
        embedding = self.embedding
        if embedding is not None:
            before, self._display = self._display, self._display.adapted_to(embedding)
            if self._display != before:
                self.events.display.emit(self._display)
        self.events.embedding.emit(embedding)

    @property
    def cursor(self) -> tuple[str, float] | None:
        """A session's name and a time in it (s)."""
        return self._cursor

    @cursor.setter
    def cursor(self, cursor: tuple[str, float] | None) -> None:
        if cursor != self._cursor:
            self._cursor = cursor
            self.events.cursor.emit(cursor)

    @property
    def selection(self) -> Mapping[str, np.ndarray]:
        """Selected time bins: session name to booleans (T,); sessions that are not named have none."""
        return dict(self._selection)

    @selection.setter
    def selection(self, selection: Mapping[str, np.ndarray]) -> None:
        self._selection = {name: np.asarray(marked, dtype=bool) for name, marked in selection.items()}
        self.events.selection.emit(self.selection)

    # -- long work -------------------------------------------------------------------------------------

    @property
    def jobs(self) -> list[Job]:
        """The jobs that run now."""
        return [job for job in self._jobs if job.is_running]

    def _start(
        self,
        kind: str,
        title: str,
        work: Callable[[Job], Any],
        deliver: Callable[[Any], Any],
        known: Any = None,
    ) -> Job:
        """Start a job, or end it at once with a known result; of embeddings only the newest is delivered."""

        def deliver_if_newest(result: Any) -> Any:
            overtaken = kind == "embedding" and self._latest.get(kind) is not job
            return DROPPED if overtaken else deliver(result)

        job = Job(kind, title, work, deliver_if_newest, self._runner)
        self._latest[kind] = job
        self._jobs = [*self.jobs, job]
        self.job = job
        job.events.changed.connect(lambda: self.events.job.emit(job))
        job.events.progress.connect(lambda progress: self.events.progress.emit(progress))
        job.events.finished.connect(lambda: self._after(job))
        if known is None:
            job.start()
        else:
            job.complete(known)
        return job

    def _after(self, job: Job) -> None:
        if job.error is not None:
            self.events.failed.emit(f"{job.title} failed. {job.error or type(job.error).__name__}")

    def close(self) -> None:
        """Stop what runs, wait for its threads to end, and let go of sessions, runs and embeddings."""
        self._runner.close()
        self._jobs, self._latest, self.job = [], {}, None
        self.runs.clear()
        self.sessions.clear()
        self._run = None


def _read(paths: Sequence[Path], options: Mapping[str, Any]) -> tuple[list[Session], list[StudyRun]]:
    from napari_unison.encoder import is_run

    runs = [path for path in paths if path.is_dir() and is_run(path)]
    recordings = [path for path in paths if path not in runs]
    sessions = list(load_sessions(recordings, **options)) if recordings else []
    return sessions, [open_run(path) for path in runs]


__all__ = [
    "DisplaySettings",
    "EmbeddingKind",
    "SessionList",
    "Workspace",
    "WorkspaceError",
    "WorkspaceEvents",
]
