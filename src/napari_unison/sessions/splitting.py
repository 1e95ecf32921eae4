"""Splitting sessions in time."""

from __future__ import annotations

import math
from collections.abc import Sequence

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.session import Session


def split_sessions(sessions: Sequence[Session], share: float = 0.8) -> tuple[list[Session], list[Session]]:
    """Split every session in time: the first ``floor(share * T)`` bins, and the rest.

    Parameters
    ----------
    sessions : sequence of Session
        What to split.
    share : float
        Share of the bins in the first part, in (0, 1).

    Returns
    -------
    first, rest : list of Session
        Same names, neurons and labels; times are kept.

    Raises
    ------
    SessionError
        If ``share`` is not in (0, 1), or a part of a session would be empty.
    """
    if not 0 < share < 1:
        raise SessionError(f"share is {share!r}; give a number between 0 and 1, such as 0.8")
    if isinstance(sessions, Session):
        sessions = [sessions]
    first: list[Session] = []
    rest: list[Session] = []
    for session in sessions:
        border = math.floor(share * session.n_bins)
        if border == 0:
            raise SessionError(
                f"session {session.name!r} has {session.n_bins} bin(s), too few to split at share {share:g}"
            )
        first.append(session[:border])
        rest.append(session[border:])
    return first, rest
