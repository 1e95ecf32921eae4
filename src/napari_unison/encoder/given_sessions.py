"""What sessions have to be like that are handed to an encoder."""

from __future__ import annotations

import math
from collections.abc import Sequence

from napari_unison.sessions import Session, SessionError, validate_same_labels


def checked_sessions(sessions: Sequence[Session] | Session) -> list[Session]:
    """Return sessions as a list.

    Raises
    ------
    TypeError
        If something else than sessions is given.
    SessionError
        If there is none, or they differ in labels or bin width.
    """
    given = [sessions] if isinstance(sessions, Session) else list(sessions)
    for session in given:
        if not isinstance(session, Session):
            raise TypeError(
                f"sessions are napari_unison.Session objects, not {type(session).__name__}: make one with "
                f"Session(name, neural, labels, bin_width)"
            )
    if not given:
        raise SessionError("no session was given: give at least one")
    validate_same_labels(given)
    for session in given[1:]:
        _check_bin_width(session, given[0])
    return given


def _check_bin_width(session: Session, other: Session) -> None:
    """Refuse sessions whose windows would span different times."""
    if not math.isclose(session.bin_width, other.bin_width, rel_tol=1e-6):
        raise SessionError(
            f"session {session.name!r} has bins of {session.bin_width:g} s, but {other.name!r} of "
            f"{other.bin_width:g} s: windows are counted in bins, so bin all sessions alike"
        )


def number_in_training(session: Session, known: Sequence[Session]) -> int:
    """Return which of the training sessions a session is by name.

    Raises
    ------
    SessionError
        If the name is none of theirs, or the session has other neurons or bins than that one.
    """
    names = [other.name for other in known]
    if session.name not in names:
        raise SessionError(
            f"no training session is called {session.name!r}; the encoder knows "
            f"{', '.join(map(repr, names))}. Rename the session (session.replace(name=...)) or train with it"
        )
    number = names.index(session.name)
    _check_bin_width(session, known[number])
    expected = known[number].n_neurons
    if session.n_neurons != expected:
        raise SessionError(
            f"session {session.name!r} has {session.n_neurons} neurons, but had {expected} in training: "
            f"give the same neurons in the same order"
        )
    return number
