"""The part of each session's time that the next training uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING

from napari_unison.workspace.events import WorkspaceError

if TYPE_CHECKING:
    from psygnal import SignalInstance

    from napari_unison.sessions import Session
    from napari_unison.workspace.session_list import SessionList

TimeRange = tuple[float, float]


def recorded_range(session: Session) -> TimeRange:
    """Return when a session begins and ends (s)."""
    return float(session.time[0]), float(session.time[-1] + session.bin_width)


class TimeRanges(MutableMapping[str, TimeRange]):
    """Start and stop (s) of the sessions of which only a part is used, by name; others are used whole.

    Sessions themselves stay as they are: ``del ranges["rat 3"]`` uses all of it again, ``ranges.clear()`` all
    of every session.

    Parameters
    ----------
    sessions : SessionList
        The sessions of the workspace.
    changed : SignalInstance
        Emitted after every change.

    Examples
    --------
    >>> workspace.time_ranges["rat 3"] = 0, 25  # its first 25 s  # doctest: +SKIP
    """

    def __init__(self, sessions: SessionList, changed: SignalInstance) -> None:
        self._sessions = sessions
        self._changed = changed
        self._ranges: dict[str, TimeRange] = {}

    def __getitem__(self, name: str) -> TimeRange:
        """Return start and stop of a session that is used in part."""
        return self._ranges[name]

    def __setitem__(self, name: str, time_range: TimeRange) -> None:
        """Use a session from ``start`` to before ``stop`` (s) only.

        Raises
        ------
        WorkspaceError
            If there is no such session.
        SessionError
            If the times make no sense, or no bin lies in between; nothing is changed then.
        """
        session = self._session(name)
        start, stop = time_range
        whole = session.between(start, stop).n_bins == session.n_bins
        if whole:
            if name in self._ranges:
                del self[name]
        elif self._ranges.get(name) != (start, stop):
            self._ranges[name] = float(start), float(stop)
            self._changed.emit()

    def __delitem__(self, name: str) -> None:
        """Use all of a session again."""
        del self._ranges[name]
        self._changed.emit()

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of sessions that are used in part."""
        return iter(self._ranges)

    def __len__(self) -> int:
        return len(self._ranges)

    def __repr__(self) -> str:
        return f"TimeRanges({self._ranges})"

    def replace(self, ranges: Mapping[str, TimeRange]) -> None:
        """Take other ranges instead of all of these, as they were before; told once."""
        if dict(ranges) != self._ranges:
            self._ranges = dict(ranges)
            self._changed.emit()

    def used(self) -> list[Session]:
        """Return the sessions, each in the part that is used."""
        return [
            session.between(*self._ranges[session.name]) if session.name in self._ranges else session
            for session in self._sessions
        ]

    def follow_sessions(self) -> None:
        """Forget ranges of sessions that are gone, or that were replaced by one without bins in the range."""
        known = {session.name: recorded_range(session) for session in self._sessions}
        lost = [
            name
            for name, (start, stop) in self._ranges.items()
            if name not in known or start >= known[name][1] or stop <= known[name][0]
        ]
        for name in lost:
            del self[name]

    def _session(self, name: str) -> Session:
        for session in self._sessions:
            if session.name == name:
                return session
        names = ", ".join(repr(session.name) for session in self._sessions)
        raise WorkspaceError(f"there is no session {name!r}; the sessions are {names or 'none yet'}")
