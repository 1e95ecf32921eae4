"""Reading files in the thread of a job: it tells how far it is, and can be stopped."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from napari_unison.sessions.importing import OnProgress
    from napari_unison.workspace.jobs import Job

#: Between two tellings of the same phase (s).
PAUSE: Final = 0.1


class ReadingStoppedError(Exception):
    """Nobody waits for what is being read any more."""


def telling(job: Job) -> OnProgress:
    """Return what a reader calls: it tells the job how far it is, and raises once the job is to stop.

    Raises
    ------
    ReadingStoppedError
        By what is returned, in the midst of the reading.
    """
    told = ("", 0.0)

    def tell(share: float, words: str) -> None:
        nonlocal told
        if job.control.is_stopped:
            raise ReadingStoppedError(job.title)
        now = time.monotonic()
        if words != told[0] or now - told[1] >= PAUSE:
            told = (words, now)
            job.tell_share(share, words)

    return tell
