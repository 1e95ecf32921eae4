"""What happened in each training step, and when."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from napari_unison.encoder.loss import goodness_of_fit

_SECONDS_BETWEEN_REPORTS = 0.1


@dataclass
class History:
    """Loss (nats), goodness of fit (bits) and elapsed time (s, pauses left out) after each training step."""

    loss: list[float] = field(default_factory=list)
    goodness_of_fit: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def append(self, loss: float, bits: float, seconds: float) -> None:
        """Add a step."""
        self.loss.append(loss)
        self.goodness_of_fit.append(bits)
        self.seconds.append(seconds)

    def as_arrays(self) -> dict[str, np.ndarray[Any, np.dtype[Any]]]:
        """Return "loss", "goodness_of_fit" and "seconds", one entry an iteration."""
        return {name: np.array(column) for name, column in vars(self).items()}


class Clock:
    """Training time without pauses, and when the next report is due.

    Parameters
    ----------
    before : float
        Time that was trained before (s).
    steps_before : int
        Steps that were done before.
    """

    def __init__(self, before: float, steps_before: int) -> None:
        self._begin = time.perf_counter() - before
        self._before = before
        self._steps_before = steps_before
        self._last_report = -np.inf

    def seconds(self) -> float:
        """Return the time trained so far (s)."""
        return time.perf_counter() - self._begin

    def leave_out(self, wait: Callable[[], None]) -> None:
        """Run ``wait`` without counting its time."""
        begin = time.perf_counter()
        wait()
        self._begin += time.perf_counter() - begin

    def is_due(self) -> bool:
        """Return whether to report now, at most ten times a second."""
        now = time.perf_counter()
        if now - self._last_report < _SECONDS_BETWEEN_REPORTS:
            return False
        self._last_report = now
        return True

    def has_stepped(self, done: int) -> bool:
        """Return whether a step was done since this clock began."""
        return done > self._steps_before

    def steps_per_second(self, done: int) -> float:
        """Return the speed since this clock began (1/s)."""
        return (done - self._steps_before) / max(self.seconds() - self._before, 1e-9)


class LossReader:
    """Writes the losses of steps into a history.

    A loss that is on a device is not known yet when its step returns, and reading it would wait until the
    device has done all it was asked for. So such losses wait here until :meth:`read`, which waits once for
    all of them; the time since the reading before is shared evenly among their steps.

    Parameters
    ----------
    history : History
        Gets one entry a step.
    clock : Clock
        Tells the time of the training.
    batch_size : int
        Negatives ``B`` of each reference.
    """

    def __init__(self, history: History, clock: Clock, batch_size: int) -> None:
        self._history = history
        self._clock = clock
        self._batch_size = batch_size
        self._waiting: list[float | Tensor] = []

    @property
    def n_waiting(self) -> int:
        """Steps whose loss was not read yet."""
        return len(self._waiting)

    @property
    def are_known(self) -> bool:
        """Whether reading need not wait for a device."""
        return not any(isinstance(loss, Tensor) for loss in self._waiting[-1:])

    def add(self, loss: float | Tensor) -> None:
        """Take the loss of a step."""
        self._waiting.append(loss)

    def read(self) -> bool:
        """Write all waiting losses down, up to one that is no number.

        Returns
        -------
        bool
            Whether all losses are finite; if not, the last one that was written is the first that is not.
        """
        losses = _values(self._waiting)
        self._waiting = []
        before = self._history.seconds[-1] if self._history.seconds else 0.0
        elapsed = self._clock.seconds() - before
        for number, loss in enumerate(losses, start=1):
            bits = float(goodness_of_fit(loss, self._batch_size))
            self._history.append(loss, bits, before + elapsed * number / len(losses))
            if not np.isfinite(loss):
                return False
        return True


def _values(losses: list[float | Tensor]) -> list[float]:
    """Return losses as numbers; one copy from the device for all."""
    tensors = [loss for loss in losses if isinstance(loss, Tensor)]
    if not tensors:
        return [loss for loss in losses if not isinstance(loss, Tensor)]
    return [float(loss) for loss in torch.stack(tensors).tolist()]
