"""A turning movie of what is shown, made in the background."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_unison.workspace.events import WorkspaceError
from napari_unison.workspace.jobs import MOVIE, STOPPED, JobCancelledError
from napari_unison.workspace.script import call

if TYPE_CHECKING:
    from napari_unison.workspace.jobs import Job
    from napari_unison.workspace.keeping import Keeping

#: Frames of the longest movie: seven minutes at 25 frames a second.
MOST_FRAMES = 10_000


class _StoppedError(Exception):
    """The movie is not wanted any more."""


def start_movie(
    workspace: Keeping, file: Path, *, seconds: float, frames_per_second: float, turns: float
) -> Job:
    """Start to make the movie; see :meth:`Workspace.save_movie`."""
    from napari_unison.workspace.pages import page_of

    if not (1 <= frames_per_second <= 60):
        raise WorkspaceError(f"{frames_per_second:g} frames a second are not possible: give 1 to 60")
    n_frames = round(seconds * frames_per_second) if math.isfinite(seconds) else 0
    if not 2 <= n_frames <= MOST_FRAMES:
        raise WorkspaceError(
            f"a movie of {seconds:g} s has {n_frames} frames: give a length of 2 to {MOST_FRAMES} frames"
        )
    run, settings, view = workspace._need_run(), workspace.display, workspace.view
    embedding = workspace._embedding_of(settings.kind)
    cursor = workspace.cursor
    selected = [workspace.selection.bins(session) for session in embedding.sessions]
    words = {"seconds": seconds, "frames_per_second": frames_per_second, "turns": turns, "overwrite": True}
    line = f"{call('ws.save_movie', str(file.absolute()), **words)}.wait()"
    note = workspace.journal.output_step(line, shows=True)

    def work(job: Job) -> Path | None:
        from napari_unison.display.movies import turning_frames, write_movie

        def watched() -> Iterator[Any]:
            page = page_of(run, embedding, settings, cursor=cursor, selected=selected)
            frames = turning_frames(
                page.layers, view, page.title, n_frames=n_frames, turns=turns, marks=page.marks
            )
            for number, frame in enumerate(frames, 1):
                if job.is_cancelled:
                    raise JobCancelledError(f"{job.title} was given up because the workspace was closed")
                if job.control.is_stopped:
                    raise _StoppedError
                yield frame
                job.tell_share(number / n_frames, f"frame {number} of {n_frames}")

        try:
            return write_movie(file, watched(), frames_per_second)
        except _StoppedError:
            return None

    def deliver(written: Path | None) -> Any:
        if written is None:
            return STOPPED
        workspace.journal.add(note)
        return written

    return workspace._start(MOVIE, f"Movie {file.name}", work, deliver)
