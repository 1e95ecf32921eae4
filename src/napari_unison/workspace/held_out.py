"""The end of a session that a training did not learn from, or will not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_unison.workspace.time_ranges import TimeRange, recorded_range

if TYPE_CHECKING:
    from napari_unison.sessions import Session
    from napari_unison.workspace.runs import StudyRun
    from napari_unison.workspace.state import Workspace


def held_out_part(run: StudyRun, session: Session) -> Session | None:
    """Return what a run held out of a session that it embedded; None where that was nothing."""
    end = session.time[-1]
    return next((part for part in run.held_out if part.name == session.name and part.time[0] > end), None)


def will_be_held_out(workspace: Workspace, session: Session) -> TimeRange | None:
    """Return the time (s) of an open session that the next training will hold out; None where nothing."""
    share = workspace.validation_share
    if not share or not any(known.name == session.name for known in workspace.sessions):
        return None
    start, stop = workspace.time_ranges.get(session.name, recorded_range(session))
    return stop - share * (stop - start), stop
