"""What brings jobs into a background thread, and their results back."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol
from weakref import WeakSet

if TYPE_CHECKING:
    from napari_unison.workspace.jobs import Job

#: Calls a function where the workspace may be changed.
Relay = Callable[[Callable[[], None]], None]


def call_here(function: Callable[[], None]) -> None:
    """Call a function at once: the relay where no other thread owns the workspace."""
    function()


class Runner(Protocol):
    """Brings jobs into a background thread and their results back."""

    def start(self, job: Job) -> None:
        """Begin the job; returns at once."""

    def wait(self, job: Job, timeout: float | None) -> None:
        """Return when the job has ended, or after ``timeout`` (s)."""

    def close(self) -> None:
        """Cancel what runs and let its threads end."""


class ThreadRunner:
    """Runs jobs in plain threads, for workspaces without a window; they end with the process."""

    def __init__(self) -> None:
        self._threads: dict[Job, threading.Thread] = {}
        _OPEN.add(self)

    def start(self, job: Job) -> None:
        """Begin the job in a thread of its own."""
        thread = threading.Thread(target=self._run, args=(job,), name=job.title, daemon=True)
        self._threads[job] = thread
        thread.start()

    def wait(self, job: Job, timeout: float | None) -> None:
        """Return when the job has ended, or after ``timeout`` (s)."""
        job.wait_for_end(timeout)
        thread = self._threads.get(job)
        if thread is not None and not job.is_running:
            thread.join(timeout)

    def close(self) -> None:
        """Cancel what runs and wait until its threads have ended."""
        for job, thread in list(self._threads.items()):
            job.cancel()
            thread.join()

    def _run(self, job: Job) -> None:
        try:
            job.perform(call_here, passes_warnings_on=True)
        finally:
            self._threads.pop(job, None)


#: All runners of plain threads.
_OPEN: WeakSet[ThreadRunner] = WeakSet()


@atexit.register
def _close_all() -> None:
    """End what runs when a script ends: compiled code that is cut off in a thread would abort the process."""
    for runner in list(_OPEN):
        runner.close()
