"""A training in a terminal: what it shows there, and how Ctrl-C stops it."""

from __future__ import annotations

import signal
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_unison.encoder import Progress, TrainingControl


@contextmanager
def interruptible() -> Iterator[TrainingControl]:
    """Let the first Ctrl-C stop the training cleanly; a second one ends the program."""
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


@contextmanager
def progress_bar(visible: bool = True) -> Iterator[Callable[[Progress], None]]:
    """Show a training's progress: loss, goodness of fit (bits) and time left (s)."""
    from tqdm import tqdm

    layout = "{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}{postfix}"
    # A log file gets a line now and then, a terminal a bar that moves.
    interval = 0.1 if sys.stderr.isatty() else 10.0
    with tqdm(
        disable=not visible, bar_format=layout, mininterval=interval, miniters=1, dynamic_ncols=True
    ) as bar:

        def show(progress: Progress) -> None:
            bar.total = progress.total
            bar.set_postfix_str(
                f"loss {progress.loss:.3f}, goodness of fit {progress.goodness_of_fit:.3f} bits, "
                f"{progress.iterations_per_second:.1f} it/s, {progress.seconds_left:.0f} s left",
                refresh=False,
            )
            bar.update(progress.iteration - bar.n)

        yield show
