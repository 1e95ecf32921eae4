"""The recordings that a workspace knows: its open sessions, and those of its runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_unison.sessions import Session, segment_laps

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari_unison.workspace.runs import StudyRun


def parts_named(name: str, sessions: Iterable[Session], runs: Sequence[StudyRun]) -> list[Session]:
    """Return the open session of a name; else, of the first run that has it, what it learned and held out."""
    found = [session for session in sessions if session.name == name]
    for run in runs:
        if found:
            break
        found = [part for part in (*run.encoder.training_sessions_, *run.held_out) if part.name == name]
    return found


def names_known(sessions: Iterable[Session], runs: Iterable[StudyRun]) -> list[str]:
    """Return the names of open sessions, then of those that only runs hold."""
    names = [session.name for session in sessions]
    for run in runs:
        names += [part.name for part in run.encoder.training_sessions_]
    return list(dict.fromkeys(names))


def bin_times(parts: Sequence[Session]) -> npt.NDArray[np.float64]:
    """Return when the bins of a recording begin (s), in order."""
    return np.unique(np.concatenate([part.time for part in parts]))


def direction_label(session: Session) -> str | None:
    """Return the discrete label whose changes end laps: "direction", or the only discrete one."""
    discrete = [name for name, kind in session.kinds.items() if kind == "discrete"]
    if "direction" in discrete:
        return "direction"
    return discrete[0] if len(discrete) == 1 else None


def lap_at(session: Session, time: float) -> npt.NDArray[np.intp] | None:
    """Return the bins of the lap, or segment, in which a time (s) lies; None where there is none."""
    bin_number = int(np.searchsorted(session.time, time, side="right")) - 1
    if bin_number < 0 or time >= session.time[bin_number] + session.bin_width:
        return None
    label = direction_label(session)
    segment = (session if label is None else segment_laps(session, label)).segment
    borders = np.flatnonzero(np.diff(segment)) + 1
    number = int(np.searchsorted(borders, bin_number, side="right"))
    edges = np.concatenate([[0], borders, [session.n_bins]])
    return np.arange(edges[number], edges[number + 1], dtype=np.intp)
