"""The long work of a workspace: what runs now, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from psygnal import EmitLoopError

from napari_unison.workspace.jobs import Job, listener_error
from napari_unison.workspace.runners import Runner

if TYPE_CHECKING:
    from napari_unison.workspace.events import WorkspaceEvents


class JobList:
    """Starts jobs, knows those that run, and tells the workspace's listeners about them.

    Parameters
    ----------
    runner : Runner
        Brings the work into the background.
    events : WorkspaceEvents
        Where states, progress and failures are told.
    """

    def __init__(self, runner: Runner, events: WorkspaceEvents) -> None:
        self.runner = runner
        self._events = events
        self._running: dict[Job, Hashable] = {}

    @property
    def running(self) -> list[Job]:
        """The jobs that have not ended, oldest first."""
        return [job for job in list(self._running) if job.is_running]

    def find(self, subject: Hashable) -> Job | None:
        """Return the job that works on a subject now, or None."""
        return next((job for job in self.running if self._running.get(job) == subject), None)

    def make(
        self,
        kind: str,
        title: str,
        work: Callable[[Job], Any],
        deliver: Callable[[Any], Any],
        subject: Hashable,
        *,
        stops: bool = False,
    ) -> Job:
        """Return a new job whose events are told; it is not started yet."""
        job = Job(kind, title, work, deliver, self.runner, self._report, stops=stops)
        self._running[job] = subject
        job.events.changed.connect(lambda: self._events.job.emit(job))
        job.events.progress.connect(lambda progress: self._events.progress.emit(progress))
        job.events.warned.connect(lambda text: self._events.warned.emit(text))
        job.events.finished.connect(lambda: self._after(job))
        return job

    @contextmanager
    def apart(self, title: str) -> Iterator[None]:
        """Tell a listener's error by itself: it is not that of the work whose result is being told."""
        try:
            yield
        except EmitLoopError as error:
            self._tell_report(title, listener_error(error))

    def close(self) -> None:
        """Stop what runs and wait for its threads to end."""
        self.runner.close()
        self._running.clear()

    def _after(self, job: Job) -> None:
        # Ended jobs would keep their results, and those are large.
        self._running.pop(job, None)
        if job.error is not None:
            self._events.failed.emit(f"{job.title} failed. {job.error or type(job.error).__name__}")

    def _report(self, job: Job, error: BaseException) -> None:
        self._tell_report(job.title, error)

    def _tell_report(self, title: str, error: BaseException) -> None:
        self._events.failed.emit(f"{title}: showing what changed failed. {type(error).__name__}: {error}")
