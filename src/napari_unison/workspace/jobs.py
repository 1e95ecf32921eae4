"""Long work with progress, pause, stop and a result; it knows neither napari nor Qt.

A job runs in a background thread. How it gets there, and how its result comes back, is a :class:`Runner`'s
business: :class:`ThreadRunner` here for scripts, ``workers.NapariRunner`` where there is a window.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, Protocol

from psygnal import Signal, SignalGroup

from napari_unison.encoder import Progress, TrainingControl

JobState = Literal[
    "waiting", "running", "paused", "stopping", "finished", "stopped", "failed", "dropped", "cancelled"
]
#: Calls a function where the workspace may be changed.
Relay = Callable[[Callable[[], None]], None]
ENDED: frozenset[str] = frozenset({"finished", "stopped", "failed", "dropped", "cancelled"})


class JobCancelledError(RuntimeError):
    """The workspace was closed before the job had a result."""


#: What a delivery returns for a result that a newer request has overtaken.
DROPPED: object = object()


def _call_here(function: Callable[[], None]) -> None:
    function()


class JobEvents(SignalGroup):
    """What a job tells: that it moved on, changed its state or phase, or ended."""

    progress = Signal(object)
    changed = Signal()
    finished = Signal()


class Job:
    """One piece of long work.

    Parameters
    ----------
    kind : str
        What is done: ``"training"``, ``"embedding"``, ``"opening"`` or ``"scores"``.
    title : str
        The same in words, with what it is done to.
    work : callable
        Called with this job in the background thread; returns the result.
    deliver : callable
        Called with it where the workspace may be changed: the main thread when there is a window, the
        background thread of a script otherwise. Returns the job's result, or ``DROPPED``.
    runner : Runner
        Brings the work into its thread.
    """

    def __init__(
        self,
        kind: str,
        title: str,
        work: Callable[[Job], Any],
        deliver: Callable[[Any], Any],
        runner: Runner,
    ) -> None:
        self.kind = kind
        self.title = title
        self.phase = title
        self.control = TrainingControl()
        self.progress: Progress | None = None
        self.result: Any = None
        self.error: BaseException | None = None
        self.warnings: list[str] = []
        self.events = JobEvents()
        self._state: JobState = "waiting"
        self._work: Callable[[Job], Any] | None = work
        self._deliver: Callable[[Any], Any] | None = deliver
        self._runner = runner
        self._relay: Relay = _call_here
        self._ended = threading.Event()

    def __repr__(self) -> str:
        return f"<Job {self.title}: {self.state}>"

    @property
    def state(self) -> JobState:
        """What the job is doing; ``"stopped"`` has a result, ``"dropped"`` was overtaken by a newer one."""
        return self._state

    @property
    def is_running(self) -> bool:
        """Whether the job has not ended yet (a paused one has not)."""
        return self._state not in ENDED

    @property
    def is_paused(self) -> bool:
        """Whether the job waits for :meth:`resume`."""
        return self._state == "paused"

    @property
    def is_cancelled(self) -> bool:
        """Whether nobody waits for the result any more."""
        return self._state == "cancelled"

    def pause(self) -> None:
        """Let the work wait after its current step."""
        if self._state == "running":
            self.control.pause()
            self._become("paused")

    def resume(self) -> None:
        """Go on after :meth:`pause`."""
        if self._state == "paused":
            self.control.resume()
            self._become("running")

    def stop(self) -> None:
        """End the work after its current step; what was reached so far becomes the result."""
        if self.is_running:
            self.control.stop()
            self._become("stopping")

    def cancel(self) -> None:
        """End the work and throw its result away: the workspace is being closed."""
        if self.is_running:
            self.control.stop()
            self._end("cancelled")

    def wait(self, timeout: float | None = None) -> Any:
        """Wait until the result is in the workspace, keeping a window alive meanwhile.

        Parameters
        ----------
        timeout : float, optional
            Longest time to wait (s).

        Returns
        -------
        object
            The result: the run of a training, the embedding of an embedding; None where a newer request
            overtook this one.

        Raises
        ------
        TimeoutError
            If the job has not ended in time; it goes on.
        JobCancelledError
            If the workspace was closed.
        Exception
            What the work itself raised.
        """
        if self.is_running:
            self._runner.wait(self, timeout)
        if self.is_running:
            raise TimeoutError(f"{self.title} has not ended within {timeout} s; it goes on in the background")
        if self.error is not None:
            raise self.error
        if self.is_cancelled:
            raise JobCancelledError(f"{self.title} was given up because the workspace was closed")
        return self.result

    # -- for runners and the work itself ---------------------------------------------------------------

    def start(self) -> None:
        """Hand the job to its runner."""
        self._become("running")
        self._runner.start(self)

    def perform(self, relay: Relay) -> None:
        """Do the work; called in the background thread, and never raises.

        Parameters
        ----------
        relay : callable
            Calls a function where the workspace may be changed: all that the job tells goes through it.
        """
        work, self._relay = self._work, relay
        if work is None:
            return
        try:
            result = work(self)
        except BaseException as error:  # noqa: BLE001 - kept in the job; wait() raises it again
            relay(partial(self.fail, error))
        else:
            relay(partial(self.complete, result))

    def tell_progress(self, progress: Progress) -> None:
        """Tell how far the work is; for the work itself, in its thread."""
        self._relay(partial(self._report, progress))

    def tell_phase(self, phase: str) -> None:
        """Tell which part of the work begins; for the work itself, in its thread."""
        self._relay(partial(self._enter, phase))

    def _report(self, progress: Progress) -> None:
        if self.is_running:
            self.progress = progress
            self.events.progress.emit(progress)

    def _enter(self, phase: str) -> None:
        if self.is_running:
            self.phase = phase
            self.events.changed.emit()

    def complete(self, result: Any) -> None:
        """Bring the result into the workspace and end the job."""
        if not self.is_running or self._deliver is None:
            return
        try:
            kept = self._deliver(result)
        except Exception as error:  # noqa: BLE001 - kept for wait(), and told through the workspace
            self.fail(error)
            return
        if kept is DROPPED:
            self._end("dropped")
            return
        self.result = kept
        self._end("stopped" if self.control.is_stopped else "finished")

    def fail(self, error: BaseException) -> None:
        """End the job with an error, which :meth:`wait` raises again."""
        if self.is_running:
            self.error = error
            self._end("failed")

    def wait_for_end(self, timeout: float | None) -> None:
        """Block this thread until the job has ended; not for a thread that runs an event loop."""
        self._ended.wait(timeout)

    def _become(self, state: JobState) -> None:
        self._state = state
        self.events.changed.emit()

    def _end(self, state: JobState) -> None:
        # The closures hold sessions and the encoder: let go of them, or they live as long as the job.
        self._work = self._deliver = None
        self._state = state
        self._ended.set()
        self.events.changed.emit()
        self.events.finished.emit()


class Runner(Protocol):
    """Brings jobs into a background thread and their results back."""

    def start(self, job: Job) -> None:
        """Begin the job; returns at once."""

    def wait(self, job: Job, timeout: float | None) -> None:
        """Return when the job has ended, or after ``timeout`` (s)."""

    def close(self) -> None:
        """Cancel what runs and let its threads end."""


class ThreadRunner:
    """Runs jobs in plain threads, for workspaces without a window."""

    def __init__(self) -> None:
        self._threads: dict[Job, threading.Thread] = {}

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
            job.perform(_call_here)
        finally:
            self._threads.pop(job, None)
