"""The sessions that a saved run brings along when it is opened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from napari_unison.sessions import SessionError
from napari_unison.workspace.decoding import whole_sessions

if TYPE_CHECKING:
    from napari_unison.sessions import Session
    from napari_unison.workspace.runs import StudyRun
    from napari_unison.workspace.session_list import SessionList


def sessions_of(run: StudyRun) -> list[Session]:
    """Return a run's sessions with what its training held out; only the former where they do not join."""
    try:
        return whole_sessions(run)
    except SessionError:
        return list(run.encoder.training_sessions_)


def add_brought(sessions: SessionList, brought: Sequence[Session], run_name: str) -> str:
    """Add the sessions that are not open yet, by name.

    Returns
    -------
    str
        What could not be added and why; empty if nothing.
    """
    open_now = {session.name: session for session in sessions}
    new = [session for session in brought if session.name not in open_now]
    others = [
        session.name
        for session in brought
        if session.name in open_now and open_now[session.name].n_neurons != session.n_neurons
    ]
    problems = []
    if others:
        problems.append(
            f"{', '.join(others)} of {run_name} has another number of neurons than the session of that name "
            f"which is open: rename the open one to have both"
        )
    try:
        sessions.extend(new)
    except SessionError as error:
        problems.append(f"the sessions of {run_name} were not added to the open ones. {error}")
    return "; ".join(problems)
