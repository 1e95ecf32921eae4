"""What a running training tells, and how it is paused and stopped."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import NoReturn, Self

from tqdm import tqdm


@dataclass(frozen=True)
class Progress:
    """State of a training, sent at most ten times a second and once at its end.

    Attributes
    ----------
    iteration, total : int
        Training steps done, and asked for.
    loss : float
        InfoNCE loss of the last step (nats).
    goodness_of_fit : float
        Goodness of fit of the last step (bits).
    iterations_per_second : float
        Speed since the training began, pauses left out (1/s).
    seconds_left : float
        Expected time to the end at that speed (s).
    """

    iteration: int
    total: int
    loss: float
    goodness_of_fit: float
    iterations_per_second: float
    seconds_left: float


ProgressCallback = Callable[[Progress], None]


class TrainingControl:
    """Pause, resume or stop one training from any thread; it takes effect after the step that is running.

    A control serves one training: once it has stopped one, another training refuses it.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._paused = False
        self._stopped = False

    def pause(self) -> None:
        """Hold the training after its current step; does nothing after a stop."""
        with self._changed:
            self._become(paused=not self._stopped)

    def resume(self) -> None:
        """Go on after a pause."""
        self._become(paused=False)

    def stop(self) -> None:
        """End the training after its current step; the encoder stays usable."""
        with self._changed:
            self._stopped = True
            self._become(paused=False)

    @property
    def is_paused(self) -> bool:
        """Whether the training is held."""
        return self._paused

    @property
    def is_stopped(self) -> bool:
        """Whether the training was told to end."""
        return self._stopped

    def wait_while_paused(self) -> None:
        """Block the calling thread while the training is held."""
        with self._changed:
            self._changed.wait_for(lambda: not self._paused)

    def _become(self, *, paused: bool) -> None:
        with self._changed:
            self._paused = paused
            self._changed.notify_all()


class ProgressBar:
    """A progress bar for scripts and terminals; call it with :class:`Progress`, use it as a context.

    Parameters
    ----------
    already_done : int
        Steps that were done before.
    device : str
        Where the training computes, as a person calls it.
    """

    def __init__(self, already_done: int = 0, device: str = "") -> None:
        self._bar: tqdm[NoReturn] | None = None
        self._already_done = already_done
        self._title = f"training on {device}" if device else "training"

    def __call__(self, progress: Progress) -> None:
        """Show the progress."""
        bar = self._bar
        if bar is None:
            bar = self._bar = tqdm(
                total=progress.total,
                initial=self._already_done,
                desc=self._title,
                unit="iteration",
                # a log file keeps every update, a terminal shows the last one
                mininterval=0.2 if sys.stderr.isatty() else 10,
            )
        bar.set_postfix_str(
            f"loss {progress.loss:.3f}, fit {progress.goodness_of_fit:.2f} bits", refresh=False
        )
        bar.update(progress.iteration - bar.n)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
