"""How a command shows how far it is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

SHORT = "{desc:<24} {percentage:3.0f}%|{bar}|"
# what is running may be long: it stands at the end, where a narrow terminal cuts it
LONG = "{percentage:3.0f}%|{bar:20}| {elapsed} {desc}"


@contextmanager
def progress_bar(layout: str = SHORT) -> Iterator[Callable[[float, str], None]]:
    """Show a bar; what is yielded takes the share that is done and what comes next.

    Parameters
    ----------
    layout : str
        ``SHORT`` for seconds, ``LONG`` for what takes minutes.
    """
    is_terminal = sys.stderr.isatty()
    # a log file keeps every update, a terminal shows the last one
    with tqdm(bar_format=layout, total=1, mininterval=0.1 if is_terminal else 10) as bar:

        def show(share: float, what: str) -> None:
            bar.set_description_str(what, refresh=False)
            bar.update(share - bar.n)
            if is_terminal:
                bar.refresh()

        yield show
