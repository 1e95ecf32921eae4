"""Warnings of a job's thread, handed to the job.

Python keeps one filter and one hook for the warnings of all threads. ``warnings.catch_warnings`` in a thread
would change them for everybody, and two that overlap leave the process with the hook of the one that ended
first. Here one hook asks which thread warns, and the last job to end puts the former hook back.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

Listener = Callable[[str], None]


class _Hook:
    """Takes the place of ``warnings.showwarning`` while jobs run; passes on what is not theirs."""

    def __init__(self, former: Callable[..., None]) -> None:
        self.former = former
        self.listeners: dict[int, tuple[Listener, bool]] = {}

    def __call__(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        listener, passes_on = self.listeners.get(threading.get_ident(), (None, True))
        if listener is not None:
            listener(str(message))
        if passes_on:
            self.former(message, category, filename, lineno, file, line)


_LOCK = threading.Lock()


@contextmanager
def warnings_told_to(listener: Listener, *, passes_on: bool) -> Iterator[None]:
    """Tell the warnings of this thread to a listener.

    Parameters
    ----------
    listener : callable
        Called in this thread with the text of each warning.
    passes_on : bool
        Whether the warnings also go where they went before: a script's standard error.
    """
    thread = threading.get_ident()
    with _LOCK:
        shown = warnings.showwarning
        hook = shown if isinstance(shown, _Hook) else _Hook(shown)
        hook.listeners[thread] = (listener, passes_on)
        warnings.showwarning = hook
    try:
        yield
    finally:
        with _LOCK:
            hook.listeners.pop(thread, None)
            if not hook.listeners and warnings.showwarning is hook:
                warnings.showwarning = hook.former
