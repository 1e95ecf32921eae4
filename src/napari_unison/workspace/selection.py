"""The selection: which time is marked now, and the named sets of it that are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from napari_unison.workspace.events import WorkspaceError
from napari_unison.workspace.selection_state import SelectionState
from napari_unison.workspace.time_sets import SelectionMode, TimeSet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_unison.sessions import Session
    from napari_unison.workspace.events import WorkspaceEvents

#: As many steps can be taken back.
MOST_STEPS = 100


class Recordings(Protocol):
    """Where a session's bins are looked up."""

    def parts_of(self, name: str) -> list[Session]:
        """Return the recording, or its parts, of a name."""
        ...

    @property
    def recording_names(self) -> list[str]:
        """The sessions that are known."""
        ...


class Selection:
    """Which time bins are selected in which sessions, and the sets that were given a name.

    Every change can be taken back with :meth:`undo`. Sets belong to the study: they stay when another run is
    looked at, and are saved with every run.

    Parameters
    ----------
    recordings : Recordings
        Knows the sessions.
    events : WorkspaceEvents
        ``selection`` is emitted when the selected time changes, ``sets`` when the named sets do.

    Examples
    --------
    >>> workspace.selection.select("rat 1", 12.0, 14.5)  # doctest: +SKIP
    >>> workspace.selection.keep("replay 3")  # doctest: +SKIP
    >>> workspace.selection.export("selections.csv")  # doctest: +SKIP
    """

    def __init__(self, recordings: Recordings, events: WorkspaceEvents) -> None:
        self._recordings = recordings
        self._events = events
        self._state = SelectionState()
        self._past: list[SelectionState] = []
        self._future: list[SelectionState] = []

    def __repr__(self) -> str:
        return f"<Selection: {self.description}; sets: {', '.join(self.sets) or 'none'}>"

    # -- what is selected ------------------------------------------------------------------------------

    @property
    def current(self) -> TimeSet:
        """The selected time."""
        return self._state.current

    @property
    def sets(self) -> Mapping[str, TimeSet]:
        """The named sets, oldest first."""
        return MappingProxyType(dict(self._state.sets))

    @property
    def name(self) -> str | None:
        """The name of the set that is selected just as it was kept, or None."""
        return self._state.name

    @property
    def description(self) -> str:
        """Name, seconds and sessions of the selected time, in words."""
        current = self.current
        if not len(current):
            return "nothing selected"
        sessions = current.session_names
        where = sessions[0] if len(sessions) == 1 else f"{len(sessions)} sessions"
        return " · ".join(filter(None, [self.name, seconds_text(current.duration), where]))

    def bins(self, session: Session | str) -> npt.NDArray[np.bool_]:
        """Return which bins (T,) of a session are selected; of a name, those of its whole recording."""
        if isinstance(session, str):
            return np.concatenate([self.current.bins(part) for part in self._parts(session)])
        return self.current.bins(session)

    # -- selecting -------------------------------------------------------------------------------------

    def select(self, session: str, start: float, stop: float, *, mode: SelectionMode = "replace") -> None:
        """Select the bins of a session that overlap with the time from start to stop (s).

        Parameters
        ----------
        session : str
            Its name.
        start, stop : float
            Seconds, in either order.
        mode : {"replace", "add", "remove"}
            What becomes of the time that is selected already.

        Raises
        ------
        WorkspaceError
            If there is no such session, or it has no bin there; nothing is changed then.
        """
        first, last = min(start, stop), max(start, stop)
        found = TimeSet()
        for part in self._parts(session):
            rounding = 1e-6 * part.bin_width
            overlap = (part.time + part.bin_width > first + rounding) & (part.time < last - rounding)
            if first == last:
                overlap = (part.time <= first) & (part.time + part.bin_width > first)
            found = found | TimeSet.of_bins(part, overlap)
        if not len(found):
            begin, end = self._extent(session)
            raise WorkspaceError(
                f"{session} has no bin from {first:g} s to {last:g} s: it was recorded "
                f"from {begin:g} s to {end:g} s"
            )
        self.choose(found, mode=mode)

    def select_bins(
        self, session: Session, marked: npt.ArrayLike, *, mode: SelectionMode = "replace"
    ) -> None:
        """Select bins of a session by booleans (T,) or numbers.

        Raises
        ------
        WorkspaceError
            If the marks do not fit the session; nothing is changed then.
        """
        self.choose(TimeSet.of_bins(session, marked), mode=mode)

    def select_lap(self, session: str, time: float, *, mode: SelectionMode = "replace") -> None:
        """Select the lap, or the segment, of a session in which a time (s) lies.

        Laps are runs in one direction; a session without laps has its segments.

        Raises
        ------
        WorkspaceError
            If there is no such session, or the time lies outside of it.
        """
        from napari_unison.workspace.recordings import lap_at

        for part in self._parts(session):
            marked = lap_at(part, time)
            if marked is not None:
                self.select_bins(part, marked, mode=mode)
                return
        begin, end = self._extent(session)
        raise WorkspaceError(f"{session} was recorded from {begin:g} s to {end:g} s, not at {time:g} s")

    def select_set(self, name: str, *, mode: SelectionMode = "replace") -> None:
        """Select a named set.

        Raises
        ------
        WorkspaceError
            If there is no such set.
        """
        self._select(self._state.set_named(name), mode)

    def choose(
        self, wanted: TimeSet | Mapping[str, Iterable[Any]], *, mode: SelectionMode = "replace"
    ) -> None:
        """Select a set of time, such as ``{"rat 1": [(0, 2.5), (10, 12)]}`` (s).

        Raises
        ------
        WorkspaceError
            If a session is not known or a stretch makes no sense; nothing is changed then.
        """
        chosen = wanted if isinstance(wanted, TimeSet) else TimeSet(wanted)
        for name in chosen.session_names:
            self._parts(name)
        self._select(chosen, mode)

    def clear(self) -> None:
        """Select nothing; named sets stay."""
        self._change(self._state.selecting(TimeSet()))

    # -- named sets ------------------------------------------------------------------------------------

    def keep(self, name: str, wanted: TimeSet | None = None) -> str:
        """Keep the selected time, or another set, under a name.

        Returns
        -------
        str
            The name.

        Raises
        ------
        WorkspaceError
            If nothing is selected, or the name is empty or taken; nothing is changed then.
        """
        self._change(self._state.keeping(name, self.current if wanted is None else wanted))
        return name.strip()

    def rename(self, name: str, new_name: str) -> None:
        """Give a set another name; it keeps its place.

        Raises
        ------
        WorkspaceError
            If there is no such set, or the new name is empty or taken.
        """
        self._change(self._state.renaming(name, new_name))

    def remove(self, name: str) -> None:
        """Forget a set; :meth:`undo` brings it back.

        Raises
        ------
        WorkspaceError
            If there is no such set.
        """
        self._change(self._state.removing(name))

    def suggested_name(self) -> str:
        """Return a name that is free: "set 1", or the next number after the last set's, "replay 4"."""
        return self._state.suggested_name()

    def adopt(self, sets: Mapping[str, TimeSet]) -> None:
        """Take over the sets of a saved run; another set of a name that is taken gets a number.

        A step back does not take them away again.
        """
        self._past = [state.adopting(sets) for state in self._past]
        self._future = [state.adopting(sets) for state in self._future]
        self._show(self._state.adopting(sets))

    def change_all(self, change: Callable[[TimeSet], TimeSet]) -> None:
        """Change what is selected, all sets and all steps back alike, as where a session was renamed."""
        self._past = [state.changed(change) for state in self._past]
        self._future = [state.changed(change) for state in self._future]
        self._show(self._state.changed(change))

    # -- steps back ------------------------------------------------------------------------------------

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether there is a change that was taken back."""
        return bool(self._future)

    def undo(self) -> None:
        """Take the last change of selection or sets back; nothing happens where there is none."""
        if self._past:
            self._future.append(self._state)
            self._show(self._past.pop())

    def redo(self) -> None:
        """Do again what was taken back."""
        if self._future:
            self._past.append(self._state)
            self._show(self._future.pop())

    # -- files -----------------------------------------------------------------------------------------

    def export(self, path: str | Path, names: Iterable[str] | None = None) -> Path:
        """Write named sets, or what is selected, as a table with one row a bin: session, time, set.

        Parameters
        ----------
        path : path
            Ends in ``.csv`` or ``.npz``.
        names : iterable of str, optional
            Which sets; all of them unless given. What is selected is the set "selection" where it is not
            one of them.

        Returns
        -------
        Path
            The file; it appears complete or not at all.

        Raises
        ------
        WorkspaceError
            If there is nothing to write, a set is not known, a session of one is not open, or the ending is
            another one.
        """
        from napari_unison.workspace.selection_files import write_table

        chosen = {name: self._state.set_named(name) for name in names or self._state.sets}
        if names is None and len(self.current) and self.name is None:
            chosen["selection"] = self.current
        if not chosen:
            raise WorkspaceError("there is nothing to export: select time or points first")
        return write_table(path, chosen, self._parts)

    # -- inside ----------------------------------------------------------------------------------------

    def _select(self, chosen: TimeSet, mode: SelectionMode) -> None:
        self._change(self._state.selecting(self.current.changed_by(chosen, mode)))

    def _change(self, state: SelectionState) -> None:
        if state.current == self._state.current and state.sets == self._state.sets:
            return
        self._past = [*self._past[1 - MOST_STEPS :], self._state]
        self._future = []
        self._show(state)

    def _show(self, state: SelectionState) -> None:
        before, self._state = self._state, state
        tell: list[Callable[[Any], Any]] = []
        if list(state.sets.items()) != list(before.sets.items()):
            tell.append(self._events.sets.emit)
        if state.current != before.current:
            tell.append(self._events.selection.emit)
        for emit in tell:
            emit(self)

    def _parts(self, name: str) -> list[Session]:
        parts = self._recordings.parts_of(name)
        if not parts:
            known = ", ".join(self._recordings.recording_names)
            raise WorkspaceError(f"there is no session {name!r}; the sessions are {known or 'none yet'}")
        return parts

    def _extent(self, name: str) -> tuple[float, float]:
        parts = self._parts(name)
        return (
            min(float(part.time[0]) for part in parts),
            max(float(part.time[-1] + part.bin_width) for part in parts),
        )


def seconds_text(seconds: float) -> str:
    """Write a duration: "0.025 s", "12.4 s", "3 min 5 s"."""
    if seconds >= 100:
        return f"{int(seconds // 60)} min {seconds % 60:.0f} s"
    return f"{seconds:.3g} s"
