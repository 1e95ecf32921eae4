"""Warnings that are told once where trainings on the same recordings follow one another.

Python tells a warning again as soon as its text differs, and the numbers in ours differ from fold to fold.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# of the context, so that a job in another thread tells its own
_TOLD: ContextVar[set[Hashable] | None] = ContextVar("told", default=None)


@contextmanager
def each_warning_once() -> Iterator[None]:
    """Tell what is wrong with sessions and labels once, however often they are trained on in this context.

    Contexts in a context belong to the outermost one.
    """
    if _TOLD.get() is not None:
        yield
        return
    token = _TOLD.set(set())
    try:
        yield
    finally:
        _TOLD.reset(token)


def is_first(complaint: Hashable) -> bool:
    """Say whether a complaint comes for the first time in this context; outside of one it always does.

    Parameters
    ----------
    complaint : hashable
        What is complained about, without numbers that change from part to part of a recording.
    """
    told = _TOLD.get()
    if told is None:
        return True
    before = len(told)
    told.add(complaint)
    return len(told) > before
