"""Whether what a file says to hold fits into memory, asked before any of it is taken."""

from __future__ import annotations

import psutil

from napari_unison.sessions.errors import SessionError


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


def _said(n_bytes: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= size:
            return f"{n_bytes / size:,.1f} {unit}"
    return f"{n_bytes:,} bytes"
