"""Whether what a file says to hold fits into memory, asked before any of it is taken."""

from __future__ import annotations

from typing import Final

import psutil

from napari_unison.sessions.errors import SessionError

#: Nothing that is worth reading shrinks more than so many times by being compressed.
MOST_EXPANSION: Final = 2000
#: What is smaller is read, whatever its file holds of it (bytes).
SMALL: Final = 64 * 2**20


def available_memory() -> int:
    """Return how much memory can be taken without pushing other programs out (bytes)."""
    return int(psutil.virtual_memory().available)


def refuse_too_large(place: str, path: str, n_bytes: int) -> None:
    """Refuse to read what does not fit into memory; a damaged or hostile file can name any size.

    Parameters
    ----------
    place : str
        The file, for messages.
    path : str
        The entry.
    n_bytes : int
        What it takes in memory, bytes.

    Raises
    ------
    SessionError
        If that is more than what is available.
    """
    available = available_memory()
    if n_bytes > available:
        raise SessionError(
            f"{place}: {path} would take {_said(n_bytes)} of memory, and {_said(available)} are free; close "
            "other programs, or save a shorter part or fewer columns of it. If it is not that large, the "
            "file is damaged"
        )


def refuse_empty_claim(place: str, path: str, n_bytes: int, n_stored: int) -> None:
    """Refuse to read an array of which the file holds next to nothing.

    Parameters
    ----------
    place : str
        The file, for messages.
    path : str
        The entry.
    n_bytes : int
        What it takes in memory, bytes.
    n_stored : int
        What the file holds of it, bytes.

    Raises
    ------
    SessionError
        If it is large, and more than :data:`MOST_EXPANSION` times what the file holds.
    """
    if n_bytes > max(SMALL, MOST_EXPANSION * n_stored):
        raise SessionError(
            f"{place}: {path} says to be {_said(n_bytes)} large, and the file holds {_said(n_stored)} of it; "
            "the file is damaged, or was never filled"
        )


def _said(n_bytes: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= size:
            return f"{n_bytes / size:,.1f} {unit}"
    return f"{n_bytes:,} bytes"
