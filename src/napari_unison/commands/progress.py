"""How a command shows how far it is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

import click
from tqdm import tqdm

SHORT = "{desc:<24} {percentage:3.0f}%|{bar}|"
# what is running may be long: it stands at the end, where a narrow terminal cuts it
LONG = "{percentage:3.0f}%|{bar:20}| {elapsed} {desc}"

#: So often (s) something is written where nobody watches: a log is read afterwards.
SECONDS_BETWEEN_LINES: Final = 10.0

Show = Callable[[float, str], None]


@contextmanager
def progress_bar(layout: str = SHORT) -> Iterator[Show]:
    """Show a bar on a terminal, else a line every few seconds; what is yielded takes share and next step.

    Parameters
    ----------
    layout : str
        Of the bar: ``SHORT`` for seconds, ``LONG`` for what takes minutes.
    """
    if not sys.stderr.isatty():
        with _lines() as write:
            yield write
        return
    with tqdm(bar_format=layout, total=1, mininterval=0.1) as bar:

        def show(share: float, what: str) -> None:
            bar.set_description_str(what, refresh=False)
            bar.update(share - bar.n)
            bar.refresh()

        yield show


@contextmanager
def _lines() -> Iterator[Show]:
    """Write whole lines, not too many, and the last one that was told."""
    written = monotonic()
    left = ""

    def show(share: float, what: str) -> None:
        nonlocal written, left
        left = f"{share:4.0%} {what}".rstrip()
        now = monotonic()
        if now - written >= SECONDS_BETWEEN_LINES:
            click.echo(left, err=True)
            written, left = now, ""

    try:
        yield show
    finally:
        if left:
            click.echo(left, err=True)
