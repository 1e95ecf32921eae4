"""What a workspace shows: its runs, the current one, and how the points of its embedding are drawn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal.containers import EventedList

from napari_unison.workspace.colouring import modes_of
from napari_unison.workspace.comparison import RunComparison, compare_runs
from napari_unison.workspace.events import WorkspaceError, WorkspaceEvents
from napari_unison.workspace.recordings import bin_times, names_known, parts_named
from napari_unison.workspace.runs import StudyRun
from napari_unison.workspace.selection import Selection
from napari_unison.workspace.settings import DisplaySettings
from napari_unison.workspace.time_sets import TimeSet

if TYPE_CHECKING:
    from napari_unison.encoder import Embedding
    from napari_unison.sessions import Session
    from napari_unison.workspace.jobs import Job
    from napari_unison.workspace.session_list import SessionList

#: Signals of an evented list that together tell every change of it.
LIST_SIGNALS = ("batch_inserted", "batch_removed", "changed", "reordered")


class Shown(ABC):
    """The part of a workspace that looks at results; what computes them is in :class:`Workspace`."""

    sessions: SessionList

    def __init__(self) -> None:
        self.events = WorkspaceEvents()
        self.runs: EventedList[StudyRun] = EventedList(child_events=False)
        self._run: StudyRun | None = None
        self._display = DisplaySettings.model_validate({})
        self._cursor: tuple[str, float] | None = None
        self._selection = Selection(self, self.events)
        for signal in LIST_SIGNALS:
            self.runs.events[signal].connect(self._tell_runs)

    @abstractmethod
    def embed(self, align: bool = True) -> Job:
        """Compute an embedding of the current run in the background."""

    @abstractmethod
    def _forget_removed(self) -> None:
        """Let go of results that were taken out of the workspace."""

    def _tell_runs(self) -> None:
        self._forget_removed()
        if self._run is not None and self._run not in list(self.runs):
            self.run = self.runs[-1] if len(self.runs) else None
        self.events.runs.emit()

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
            self._tell_run()

    def _tell_run(self) -> None:
        # What is shown follows even if a listener to the run fails.
        try:
            self.events.run.emit(self._run)
        finally:
            self._show_current()

    def add_run(self, run: StudyRun) -> None:
        """Add a run and make it the current one; a name that is taken gets a number.

        Named sets of time that it brings join those of :attr:`selection`.
        """
        run.name = self._free_name(run.name)
        # The state first, then what is told of it.
        self._run = run
        try:
            self.runs.append(run)
            self._selection.adopt(run.sets)
        finally:
            self._tell_run()

    def compare_runs(self, *names: str) -> RunComparison:
        """List in which parameters, sessions and training runs differ: all runs, or those that are named.

        Raises
        ------
        WorkspaceError
            If there is no run of a name.
        """
        known = {run.name: run for run in self.runs}
        strangers = [name for name in names if name not in known]
        if strangers:
            listed = ", ".join(known) or "none yet"
            raise WorkspaceError(f"there is no run {strangers[0]!r}; the runs are {listed}")
        return compare_runs([known[name] for name in names or known])

    def _free_name(self, name: str) -> str:
        taken, number, free = {run.name for run in self.runs}, 1, name
        while free in taken:
            number += 1
            free = f"{name} ({number})"
        return free

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
            Fields of :class:`DisplaySettings`: ``kind``, ``latents``, ``colour``, ``palette``, ``sessions``,
            ``point_size``, ``opacity``, ``grid``, ``max_points``, ``trail``, ``flow``, ``flow_step``,
            ``latent``, ``traces``, ``raster``. A colour, latents or sessions that were chosen before and that
            the embedding does not have become ``"best"``, and all sessions.

        Raises
        ------
        pydantic.ValidationError
            If a name is unknown or a value out of range; nothing is changed then.
        WorkspaceError
            If the embedding has not the colour, latents or sessions that are asked for; nothing is changed
            then.
        """
        settings = DisplaySettings.model_validate(self._display.model_dump() | changes)
        embedding = None if self._run is None else self._run.embedding(settings.kind)
        if embedding is not None and self._run is not None:
            asked = {"colour", "latents", "latent", "sessions", "traces"} & changes.keys()
            modes = modes_of(self._run, embedding)
            complaint = settings.complaint(embedding, modes) if asked else None
            if complaint is not None:
                raise WorkspaceError(complaint)
            settings = settings.adapted_to(embedding, modes)
        before, self._display = self._display, settings
        if embedding is None and self._run is not None:
            # First of all: whoever is told the settings finds the job that they wait for.
            self._show_current()
        if settings != before:
            self.events.display.emit(settings)
        if embedding is not None and settings.kind != before.kind:
            self._show_current()

    def choose_latent(self, latent: int | None) -> None:
        """Look at one latent: it is marked in Decode, drawn in Traces, and the first axis of the picture.

        Parameters
        ----------
        latent : int or None
            Counted from 0; None chooses none. The axes that were there before move up by one, unless the
            latent is one of them.

        Raises
        ------
        WorkspaceError
            If no embedding is shown, or it has no such latent; nothing is changed then.
        """
        embedding = self.embedding
        if latent is None:
            self.show(latent=None)
            return
        if embedding is None or self._run is None:
            raise WorkspaceError("there is no embedding to choose a latent of: train an encoder first")
        axes = self._display.latents
        if isinstance(axes, str):
            axes = self._run.best_latents(embedding.kind)
        if latent in axes or not 0 <= latent < embedding.n_latents:
            self.show(latent=latent)
        else:
            self.show(latent=latent, latents=(latent, *axes[: min(3, embedding.n_latents) - 1]))

    def _show_current(self) -> None:
        if self.embedding is None and self._run is not None:
            self.embed(align=self._display.kind == "aligned")
        else:
            self._tell_embedding()

    def _tell_embedding(self) -> None:
        """Tell what is shown now, after the settings have been adapted to it."""
        embedding = self.embedding
        if embedding is not None and self._run is not None:
            modes = modes_of(self._run, embedding)
            before, self._display = self._display, self._display.adapted_to(embedding, modes)
            if self._display != before:
                self.events.display.emit(self._display)
        self.events.embedding.emit(embedding)

    # -- time ------------------------------------------------------------------------------------------

    @property
    def recording_names(self) -> list[str]:
        """The names of the open sessions, then of those that only runs hold."""
        return names_known(self.sessions, self._runs_by_interest())

    def parts_of(self, name: str) -> list[Session]:
        """Return the recording of a name: the open session, or what a run learned and held out of it."""
        return parts_named(name, self.sessions, self._runs_by_interest())

    def _runs_by_interest(self) -> list[StudyRun]:
        """Return all runs, the current one first."""
        return sorted(self.runs, key=lambda run: run is not self._run)

    @property
    def cursor(self) -> tuple[str, float] | None:
        """A session's name and a time in it (s)."""
        return self._cursor

    @cursor.setter
    def cursor(self, cursor: tuple[str, float] | None) -> None:
        if cursor is not None:
            name, time = str(cursor[0]), float(cursor[1])
            if not np.isfinite(time):
                raise WorkspaceError(f"{time} is no time: give the cursor a session's name and seconds in it")
            if not self.parts_of(name):
                known = ", ".join(self.recording_names) or "none yet"
                raise WorkspaceError(f"there is no session {name!r}; the sessions are {known}")
            cursor = (name, time)
        if cursor != self._cursor:
            self._cursor = cursor
            self.events.cursor.emit(cursor)

    def step_cursor(self, bins: int, session: str | None = None) -> None:
        """Move the cursor by whole time bins, over gaps, and not beyond the ends of its session.

        Parameters
        ----------
        bins : int
            How many; negative ones go back.
        session : str, optional
            The session to step in: a cursor that is elsewhere, or none, comes to its first bin.

        Raises
        ------
        WorkspaceError
            If there is no such session.
        """
        name = session if session is not None else None if self._cursor is None else self._cursor[0]
        if name is None:
            name = next(iter(self.recording_names), None)
        if name is None:
            raise WorkspaceError("there are no sessions yet: open recordings or a sample first")
        parts = self.parts_of(name)
        if self._cursor is None or self._cursor[0] != name or not parts:
            self.cursor = (name, float(parts[0].time[0]) if parts else 0.0)
            return
        times = bin_times(parts)
        # A cursor at the very beginning of a bin is in it, whatever the rounding.
        now = int(np.searchsorted(times, self._cursor[1] + 0.01 * parts[0].bin_width, side="right")) - 1
        self.cursor = (name, float(times[np.clip(now + bins, 0, len(times) - 1)]))

    @property
    def selection(self) -> Selection:
        """Which time bins are selected, and the named sets of them."""
        return self._selection

    @selection.setter
    def selection(self, selection: TimeSet | Mapping[str, Any]) -> None:
        """Select a set of time, or booleans (T,) by session name."""
        if not isinstance(selection, Mapping):
            self._selection.choose(selection)
            return
        chosen = TimeSet()
        for name, marked in selection.items():
            chosen = chosen | TimeSet.of_bins(self._session_of_length(name, len(marked)), marked)
        self._selection.choose(chosen)

    def _session_of_length(self, name: str, n_bins: int) -> Session:
        """Return the session that marks belong to: that of the shown embedding, or a recording."""
        embedded = [] if self.embedding is None else list(self.embedding.sessions)
        candidates = [session for session in embedded if session.name == name] + self.parts_of(name)
        if not candidates:
            known = ", ".join(self.recording_names) or "none yet"
            raise WorkspaceError(f"there is no session {name!r}; the sessions are {known}")
        fitting = [session for session in candidates if session.n_bins == n_bins]
        return (fitting or candidates)[0]
