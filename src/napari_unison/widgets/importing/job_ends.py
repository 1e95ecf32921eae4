"""What is done when a job has ended, however it did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari_unison.workspace.jobs import Job


def when_done(
    job: Job,
    act: Callable[[Any], object],
    fail: Callable[[BaseException], object],
    otherwise: Callable[[], object] = lambda: None,
) -> None:
    """Call ``act`` with the result of a job; ``fail`` with its error; ``otherwise`` where it gave none."""

    def end() -> None:
        if job.state == "finished":
            act(job.result)
            return
        if job.error is not None:
            fail(job.error)
        otherwise()

    if job.is_running:
        job.events.finished.connect(end)
    else:
        end()
