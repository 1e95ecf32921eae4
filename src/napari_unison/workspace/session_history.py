"""Undo and redo of what was done to the sessions of a workspace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import scipy.sparse
from psygnal import Signal

from napari_unison.workspace.events import WorkspaceError

if TYPE_CHECKING:
    from napari_unison.sessions import Session
    from napari_unison.workspace.events import WorkspaceEvents
    from napari_unison.workspace.session_list import SessionList
    from napari_unison.workspace.time_ranges import TimeRange, TimeRanges

#: Changes that can be undone.
MOST_STEPS = 20
#: Of sessions that are kept for undo alone (bytes); the last change can always be undone.
MOST_KEPT = 1_000_000_000
MOST_NAMED = 3
TIME_RANGE = "time range of"


@dataclass(frozen=True)
class _State:
    """Sessions in order, and the parts of them that are used. Sessions never change, so this is cheap."""

    sessions: tuple[Session, ...]
    ranges: tuple[tuple[str, TimeRange], ...]


class SessionHistory:
    """What the sessions and their time ranges were before each change, and what has been undone.

    It listens to the workspace, so that changes which are made in the console can be undone, too.

    Parameters
    ----------
    sessions : SessionList
        The sessions of the workspace.
    time_ranges : TimeRanges
        Which parts of them are used.
    events : WorkspaceEvents
        Tells what changed.
    """

    changed = Signal()
    """Emitted after there is something else to undo or to redo."""

    def __init__(self, sessions: SessionList, time_ranges: TimeRanges, events: WorkspaceEvents) -> None:
        self._sessions, self._ranges = sessions, time_ranges
        self._done: list[tuple[_State, str]] = []
        self._undone: list[tuple[_State, str]] = []
        self._depth = 0
        self._now = self._state()
        events.sessions.connect(self._note)
        events.time_ranges.connect(self._note)

    @property
    def undo_text(self) -> str:
        """What would be undone, such as "remove rat 3"; empty if there is nothing."""
        return self._done[-1][1] if self._done else ""

    @property
    def redo_text(self) -> str:
        """What would be done again; empty if there is nothing."""
        return self._undone[-1][1] if self._undone else ""

    def undo(self) -> str:
        """Take the last change of sessions or time ranges back; return what it was.

        Raises
        ------
        WorkspaceError
            If there is nothing to undo.
        """
        if not self._done:
            raise WorkspaceError("there is no change of sessions to undo")
        return self._swap(self._done, self._undone)

    def redo(self) -> str:
        """Make the change that was undone last again; return what it was.

        Raises
        ------
        WorkspaceError
            If there is nothing to redo.
        """
        if not self._undone:
            raise WorkspaceError("there is no undone change of sessions to make again")
        return self._swap(self._undone, self._done)

    def clear(self) -> None:
        """Forget all changes; sessions that were removed are freed."""
        self._done, self._undone = [], []
        self._now = self._state()
        self.changed.emit()

    @contextmanager
    def step(self, title: str = "") -> Iterator[None]:
        """Take all changes inside as one.

        Parameters
        ----------
        title : str
            What is done; what changed in words unless given.
        """
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            self._note(title)

    def _swap(self, source: list[tuple[_State, str]], target: list[tuple[_State, str]]) -> str:
        wanted, title = source.pop()
        target.append((self._now, title))
        self._depth += 1
        try:
            self._sessions[:] = wanted.sessions
            self._ranges.replace(dict(wanted.ranges))
        finally:
            self._depth -= 1
            self._now = self._state()
        self.changed.emit()
        return title

    def _state(self) -> _State:
        return _State(tuple(self._sessions), tuple(self._ranges.items()))

    def _note(self, title: str = "") -> None:
        """Keep what was before, if something is different now."""
        now = self._state()
        if self._depth or now == self._now:
            return
        before, self._now = self._now, now
        title = title or change_in_words(before.sessions, now.sessions)
        if not title:
            title = f"{TIME_RANGE} {_named(_other_ranges(before, now))}"
        # a slider that is dragged is one change
        if not (title.startswith(TIME_RANGE) and title == self.undo_text and not self._undone):
            self._done.append((before, title))
        self._undone = []
        self._trim()
        self.changed.emit()

    def _trim(self) -> None:
        while len(self._done) > 1 and (len(self._done) > MOST_STEPS or self._kept_bytes() > MOST_KEPT):
            del self._done[0]

    def _kept_bytes(self) -> int:
        """Return the memory of activity that only this history holds."""
        open_now = {id(session.neural) for session in self._now.sessions}
        kept = {id(s.neural): s for state, _ in self._done for s in state.sessions}
        return sum(_size(session) for key, session in kept.items() if key not in open_now)


def _size(session: Session) -> int:
    neural = session.neural
    if scipy.sparse.issparse(neural):
        return int(neural.data.nbytes + neural.indices.nbytes + neural.indptr.nbytes)
    return int(neural.nbytes)


def _other_ranges(before: _State, now: _State) -> list[str]:
    return sorted({name for name, _ in set(before.ranges) ^ set(now.ranges)})


def _named(names: Sequence[str]) -> str:
    if len(names) > MOST_NAMED:
        return f"{len(names)} sessions"
    return ", ".join(names)


def change_in_words(before: Sequence[Session], now: Sequence[Session]) -> str:
    """Say what was done to sessions; empty if they are the same."""
    old, new = [session.name for session in before], [session.name for session in now]
    added = [name for name in new if name not in old]
    removed = [name for name in old if name not in new]
    if added and not removed:
        return f"add {_named(added)}"
    if removed and not added:
        return f"remove {_named(removed)}"
    if added:
        return f"replace {_named(removed)} by {_named(added)}"
    if old != new:
        return f"reorder {_named(new)}"
    other = [name for name, one, two in zip(new, before, now, strict=True) if one is not two]
    return f"change {_named(other)}" if other else ""
