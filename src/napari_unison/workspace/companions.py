"""Files that lie beside another and go with it, such as behaviour beside activity."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_PIECE: Final = re.compile(r"[_\-. ]+")


def companion_pieces(file: Path) -> tuple[str, str] | None:
    """Return the piece of a file's name that differs in the one file that goes with it, and what it is there.

    ``mouse3_spikes.mat`` and ``mouse3_position.mat`` go together: they have an ending in common and begin
    alike.

    Parameters
    ----------
    file : Path
        A recording.

    Returns
    -------
    (str, str) or None
        As :attr:`FileMapping.beside` has them; None where there is no such file, or more than one.
    """
    try:
        others = [other for other in file.parent.iterdir() if other.suffix == file.suffix and other != file]
    except OSError:
        return None
    found = [pieces for other in others if (pieces := _pieces(file.stem, other.stem)) is not None]
    return found[0] if len(found) == 1 else None


def _pieces(stem: str, other: str) -> tuple[str, str] | None:
    """Return where two names differ after a beginning of whole words that they have in common."""
    shared = 0
    for separator in _PIECE.finditer(stem):
        if other.startswith(stem[: separator.end()]):
            shared = separator.end()
    piece, instead = stem[shared:], other[shared:]
    if not shared or not piece or not instead or piece.isdigit() or instead.isdigit():
        return None
    return (piece, instead) if stem.count(piece) == 1 else None
