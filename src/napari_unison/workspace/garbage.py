"""Times without the collector of garbage, whose look through a large program holds up the window.

Loading torch and preparing a training make hundreds of thousands of objects that stay. Python then looks
through every object of the process for garbage, and no other thread runs meanwhile: a quarter of a second and
more in a process with napari and torch.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Pause:
    """How many ask for quiet, and whether the collector ran before the first of them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.askers = 0
        self.was_enabled = False

    def begin(self) -> None:
        with self.lock:
            if self.askers == 0:
                self.was_enabled = gc.isenabled()
                gc.disable()
            self.askers += 1

    def end(self) -> None:
        with self.lock:
            self.askers -= 1
            if self.askers > 0:
                return
            # What was made meanwhile is old at once, or the look through everything would only come later.
            if gc.get_freeze_count() == 0:
                gc.freeze()
                gc.unfreeze()
            if self.was_enabled:
                gc.enable()


_PAUSE = _Pause()


@contextmanager
def without_collections() -> Iterator[None]:
    """Let no garbage be collected; what was made meanwhile is looked at when all old objects are again."""
    _PAUSE.begin()
    try:
        yield
    finally:
        _PAUSE.end()
