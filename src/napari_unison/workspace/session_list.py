"""The sessions of a workspace: an evented list that holds only sessions which go together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, SupportsIndex, overload

from psygnal.containers import EventedList

from napari_unison.sessions import Session, SessionError, validate_same_labels


class SessionList(EventedList[Session]):
    """Sessions with the same labels; a change that would mix labels is refused and changes nothing."""

    def __init__(self, sessions: Iterable[Session] = ()) -> None:
        super().__init__(sessions, child_events=False)

    def insert(self, index: int, value: Session) -> None:
        """Insert a session before ``index``."""
        candidate = list(self)
        candidate.insert(index, value)
        _validate(candidate)
        super().insert(index, value)

    def extend(self, values: Iterable[Session]) -> None:
        """Append sessions: all of them or, if one does not fit, none."""
        values = list(values)
        _validate([*self, *values])
        super().extend(values)

    @overload
    def __setitem__(self, key: SupportsIndex, value: Session) -> None: ...
    @overload
    def __setitem__(self, key: slice, value: Iterable[Session]) -> None: ...
    def __setitem__(self, key: Any, value: Any) -> None:
        """Replace a session, or a stretch of them."""
        candidate = list(self)
        if isinstance(key, slice):
            value = list(value)
        candidate[key] = value
        _validate(candidate)
        super().__setitem__(key, value)


def _validate(sessions: list[Session]) -> None:
    for session in sessions:
        if not isinstance(session, Session):
            raise TypeError(
                f"a workspace holds sessions, not {type(session).__name__}: make one with "
                f"napari_unison.Session, or open files with workspace.open(paths)"
            )
    names = [session.name for session in sessions]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SessionError(
            f"a session named {twice!r} is open already: rename that one (double-click on its name in the "
            f"table of sessions) or remove it first"
        )
    if sessions:
        validate_same_labels(sessions)
