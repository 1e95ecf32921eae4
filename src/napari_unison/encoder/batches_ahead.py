"""The next batch is drawn while the present one is computed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, Generic, TypeVar

import numpy as np

Batch = TypeVar("Batch")


class BatchesAhead(Generic[Batch]):
    """Draws batches in another thread, as if each were drawn only when it is asked for.

    Parameters
    ----------
    draw : callable
        Makes a batch from a generator.
    rng : numpy.random.Generator
        Stands, after a batch has been taken, where drawing that batch has left it: a batch drawn ahead and
        never taken leaves no trace.
    executor : Executor, optional
        Where to draw ahead; without it a batch is drawn when it is asked for.
    """

    def __init__(
        self,
        draw: Callable[[np.random.Generator], Batch],
        rng: np.random.Generator,
        executor: Executor | None = None,
    ) -> None:
        self._draw = draw
        self._rng = rng
        self._executor = executor
        self._ahead: Future[tuple[Batch, Any]] | None = None

    def take(self) -> Batch:
        """Return the next batch."""
        if self._executor is None:
            return self._draw(self._rng)
        ahead = self._ahead or self._start(self._executor)
        batch, self._rng.bit_generator.state = ahead.result()
        self._ahead = self._start(self._executor)
        return batch

    def _start(self, executor: Executor) -> Future[tuple[Batch, Any]]:
        bits = type(self._rng.bit_generator)()
        bits.state = self._rng.bit_generator.state
        return executor.submit(self._draw_with, np.random.Generator(bits))

    def _draw_with(self, rng: np.random.Generator) -> tuple[Batch, Any]:
        return self._draw(rng), rng.bit_generator.state
