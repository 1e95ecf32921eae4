"""Long work with progress, pause, stop and a result; it knows neither napari nor Qt.

A job runs in a background thread. How it gets there, and how its result comes back, is a :class:`Runner`'s
business: ``runners.ThreadRunner`` for scripts, ``workers.NapariRunner`` where there is a window.
"""

from __future__ import annotations

import math
import threading
import traceback
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from psygnal import EmitLoopError, Signal, SignalGroup, SignalInstance

from napari_unison.encoder import Progress, TrainingControl
from napari_unison.workspace.runners import Relay, call_here
from napari_unison.workspace.thread_warnings import warnings_told_to
from napari_unison.workspace.working_time import WorkingTime

if TYPE_CHECKING:
    from napari_unison.workspace.runners import Runner

JobState = Literal[
    "waiting", "running", "paused", "stopping", "finished", "stopped", "failed", "dropped", "cancelled"
]
ENDED: frozenset[str] = frozenset({"finished", "stopped", "failed", "dropped", "cancelled"})
#: The phase that can be paused and stopped between two steps.
TRAINING = "training"
#: The kind of work that can be paused and stopped in all its phases; a stop leaves no result.
DECODING = "decoding"
#: A movie that is made frame by frame; it cannot be paused, and a stop leaves nothing.
MOVIE = "movie"


class JobCancelledError(RuntimeError):
    """The workspace was closed before the job had a result."""


#: What a delivery returns for a result that nobody waits for any more.
DROPPED: object = object()
#: What a delivery returns for work that was stopped and has no result.
STOPPED: object = object()


def listener_error(error: EmitLoopError) -> BaseException:
    """Return what a listener raised, from under the errors that the signals wrapped around it."""
    cause: BaseException = error
    while isinstance(cause, EmitLoopError) and cause.__cause__ is not None:
        cause = cause.__cause__
    return cause


class JobEvents(SignalGroup):
    """What a job tells: that it moved on, warned, changed its state or phase, or ended."""

    progress = Signal(object)
    warned = Signal(str)
    changed = Signal()
    finished = Signal()


class Job:
    """One piece of long work.

    Parameters
    ----------
    kind : str
        What is done: ``"training"``, ``"embedding"``, ``"opening"``, ``"importing"``, ``"saving"``,
        ``"scores"``, ``"decoding"``, ``"comparison"``, ``"report"`` or ``"movie"``.
    title : str
        The same in words, with what it is done to.
    work : callable
        Called with this job in the background thread; returns the result.
    deliver : callable
        Called with it where the workspace may be changed: the main thread when there is a window, the
        background thread of a script otherwise. Returns the job's result, or ``DROPPED``.
    runner : Runner
        Brings the work into its thread.
    report : callable
        Called with the error of a listener, which neither ends the work nor becomes its error.
    stops : bool
        Whether the work looks at ``job.control`` all the time, so that it can be stopped in all its phases.
    """

    def __init__(
        self,
        kind: str,
        title: str,
        work: Callable[[Job], Any],
        deliver: Callable[[Any], Any],
        runner: Runner,
        report: Callable[[Job, BaseException], None],
        *,
        stops: bool = False,
    ) -> None:
        self.kind = kind
        self.title = title
        self.phase = title
        self.control = TrainingControl()
        self.progress: Progress | None = None
        self.share = math.nan
        self.seconds_left = math.nan
        self.result: Any = None
        self.error: BaseException | None = None
        self.warnings: list[str] = []
        self.events = JobEvents()
        self._state: JobState = "waiting"
        self._work: Callable[[Job], Any] | None = work
        self._deliver: Callable[[Any], Any] | None = deliver
        self._runner = runner
        self._report = report
        self._relay: Relay = call_here
        self._ended = threading.Event()
        # The thread of the work ends the job while another one pauses or stops it.
        self._lock = threading.RLock()
        self._is_between_steps = kind in (TRAINING, DECODING)
        self._stops = stops or kind == MOVIE
        self._has_begun = False
        self._is_overtaken = False
        self._clock = WorkingTime()
        self._reported: set[str] = set()

    def __repr__(self) -> str:
        return f"<Job {self.title}: {self.state}>"

    @property
    def state(self) -> JobState:
        """What the job is doing.

        ``"stopped"`` has what was reached as its result, where there is any; ``"dropped"`` was overtaken by a
        newer request.
        """
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

    @property
    def can_pause(self) -> bool:
        """Whether :meth:`pause` has an effect now: training can be paused, and a decoding study."""
        return self._state == "running" and self._is_between_steps

    @property
    def can_stop(self) -> bool:
        """Whether :meth:`stop` has an effect now: not all work can be ended before its end."""
        can_end = self._is_between_steps or self._stops
        return self._state in ("waiting", "running", "paused") and can_end

    def pause(self) -> None:
        """Let the work wait after its current step; does nothing unless :attr:`can_pause`."""
        with self._lock:
            if not self.can_pause:
                return
            self.control.pause()
            self._clock.hold()
            self._state = "paused"
        self._tell(self.events.changed)

    def resume(self) -> None:
        """Go on after :meth:`pause`."""
        with self._lock:
            if self._state != "paused":
                return
            self.control.resume()
            self._clock.go_on()
            self._state = "running"
        self._tell(self.events.changed)

    def stop(self) -> None:
        """End the work after its current step.

        What a training has reached so far becomes the result; a decoding study and a download have none then,
        and can go on later. Does nothing unless :attr:`can_stop`.
        """
        with self._lock:
            if not self.can_stop:
                return
            # A training refuses a control that was stopped before its first step: the step will see to it.
            if self._has_begun or self._stops or self.kind == DECODING:
                self.control.stop()
            else:
                self.control.resume()
            self._state = "stopping"
        self._tell(self.events.changed)

    def overtake(self) -> None:
        """End the work after its current step and drop its result: there is a newer request."""
        with self._lock:
            if not self.is_running:
                return
            self._is_overtaken = True
            self.control.stop()
            self._state = "stopping"
        self._tell(self.events.changed)

    def cancel(self) -> None:
        """End the work and throw its result away: the workspace is being closed."""
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
            overtook this one, or a stop left nothing.

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
        """Hand the job to its runner; one that cannot begin has failed."""
        self._state = "running"
        self._tell(self.events.changed)
        try:
            self._runner.start(self)
        except Exception as error:  # noqa: BLE001 - kept in the job; wait() raises it again
            self.fail(error)

    def perform(self, relay: Relay, *, passes_warnings_on: bool = False) -> None:
        """Do the work; called in the background thread, and never raises.

        Parameters
        ----------
        relay : callable
            Calls a function where the workspace may be changed: all that the job tells goes through it.
        passes_warnings_on : bool
            Whether Python shows the warnings of the work too, beside the job that tells them.
        """
        work, self._relay = self._work, relay
        self._clock.start()
        if work is None:
            return
        try:
            with warnings_told_to(self.tell_warning, passes_on=passes_warnings_on):
                result = work(self)
        except BaseException as error:  # noqa: BLE001 - kept in the job; wait() raises it again
            relay(partial(self.fail, error))
        else:
            relay(partial(self.complete, result))

    def tell_progress(self, progress: Progress) -> None:
        """Tell how far the work is; for the work itself, in its thread."""
        with self._lock:
            self._has_begun = True
            if self._state == "stopping":
                self.control.stop()
        self._relay(partial(self._show_progress, progress))

    def tell(self, function: Callable[[], None]) -> None:
        """Have a function called where the workspace may be changed; for the work itself, in its thread."""
        self._relay(function)

    def tell_warning(self, text: str) -> None:
        """Tell a warning; for the work itself, in its thread."""
        self._relay(partial(self._show_warning, text))

    def tell_phase(self, phase: str) -> None:
        """Tell which part of the work begins; for the work itself, in its thread."""
        with self._lock:
            # At once: a pause or stop from now on would come too late for the part that has ended.
            self._is_between_steps = phase == TRAINING
            if not self._is_between_steps and self._state in ("paused", "stopping"):
                self._state = "running"
        self._relay(partial(self._enter, phase))

    def tell_share(self, share: float, what: str, *, found: float = 0.0) -> None:
        """Tell which share of the work is done and what comes next; for the work itself, in its thread.

        What was ``found`` done already says nothing about the time that the rest takes.
        """
        seconds, done = self._clock.seconds(), share - found
        left = seconds * (1 - share) / done if done > 0 else math.nan
        self._relay(partial(self._show_share, share, left, what))

    def _show_share(self, share: float, seconds_left: float, what: str) -> None:
        if self.is_running:
            self.share, self.seconds_left = share, seconds_left
            self._enter(what)

    def _show_progress(self, progress: Progress) -> None:
        if self.is_running:
            self.progress = progress
            self._tell(self.events.progress, progress)

    def _show_warning(self, text: str) -> None:
        if self.is_running and text not in self.warnings:
            self.warnings.append(text)
            self._tell(self.events.warned, text)

    def _enter(self, phase: str) -> None:
        if self.is_running:
            self.phase = phase
            self._tell(self.events.changed)

    def complete(self, result: Any) -> None:
        """Bring the result into the workspace and end the job."""
        deliver = self._deliver
        if not self.is_running or deliver is None:
            return
        if self._is_overtaken:
            self._end("dropped")
            return
        try:
            kept = deliver(result)
        except Exception as error:  # noqa: BLE001 - kept for wait(), and told through the workspace
            self.fail(error)
            return
        if kept is DROPPED or kept is STOPPED:
            self._end("dropped" if kept is DROPPED else "stopped")
            return
        self._end("stopped" if getattr(kept, "was_stopped", False) else "finished", result=kept)

    def fail(self, error: BaseException) -> None:
        """End the job with an error, which :meth:`wait` raises again."""
        # The frames of the work hold sessions and tensors.
        traceback.clear_frames(error.__traceback__)
        if self._is_overtaken:
            self._end("dropped")
        else:
            self._end("failed", error=error)

    def wait_for_end(self, timeout: float | None) -> None:
        """Block this thread until the job has ended; not for a thread that runs an event loop."""
        self._ended.wait(timeout)

    def _end(self, state: JobState, *, result: Any = None, error: BaseException | None = None) -> None:
        with self._lock:
            if not self.is_running:
                return
            # The closures hold sessions and the encoder: let go of them, or they live as long as the job.
            self._work = self._deliver = None
            self.result, self.error = result, error
            self._state = state
        self._ended.set()
        self._tell(self.events.changed)
        self._tell(self.events.finished)

    def _tell(self, signal: SignalInstance, *arguments: Any) -> None:
        """Emit a signal; a listener's error is reported and stops nothing."""
        try:
            signal.emit(*arguments)
        except EmitLoopError as error:
            cause = listener_error(error)
            if repr(cause) not in self._reported:
                self._reported.add(repr(cause))
                self._report(self, cause)
