"""How Ctrl-C ends a training in a terminal."""

from __future__ import annotations

import signal
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_unison.encoder import TrainingControl


@contextmanager
def interruptible() -> Iterator[TrainingControl]:
    """Let the first Ctrl-C stop the training after its current step; a second one ends the program."""
    from napari_unison.encoder import TrainingControl

    control = TrainingControl()

    def stop(_number: int, _frame: types.FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        control.stop()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield control
    finally:
        signal.signal(signal.SIGINT, before)
