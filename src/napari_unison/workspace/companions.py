"""Files that lie beside another and go with it, such as behaviour beside activity."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from napari_unison.sessions import SessionError
from napari_unison.sessions.importing.sorted_folders import file_of_folder

#: What stands between names of companions, paths and names in braces, or for any text.
KEPT_SIGNS: Final = ":;{}*"
#: Longest name that is proposed for a companion, in letters.
LONGEST_NAME: Final = 24

_SEPARATORS: Final = "_-. "
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


def pieces_beside(files: Sequence[Path], chosen: Path) -> tuple[str, str]:
    """Return how the name of a file that somebody chose is made of a recording's name.

    Of several ways the one is taken by which most recordings have a companion: ``m3.mat`` and
    ``m3_position.mat`` differ by ``.mat`` and ``_position.mat``, as ``m4.mat`` and ``m4_position.mat`` do.

    Parameters
    ----------
    files : sequence of Path
        Recordings of one make; the file belongs to the first.
    chosen : Path
        The file beside it.

    Returns
    -------
    (str, str)
        As :attr:`FileMapping.beside` has them: which piece is replaced, and by what.

    Raises
    ------
    SessionError
        If it lies in another folder, or is the recording itself.
    """
    recordings = [file_of_folder(file) for file in files]
    first = recordings[0]
    if chosen.parent.resolve() != first.parent.resolve():
        raise SessionError(
            f"{chosen.name} lies in {chosen.parent}, and a file beside {first.name} is looked for in its own "
            f"folder: move or copy it to {first.parent}, and add it there"
        )
    if chosen.name == first.name:
        raise SessionError(f"{chosen.name} is the recording itself: choose the file that goes with it")
    ways = [way for way in _ways(first.name, chosen.name) if first.name.replace(*way) == chosen.name]
    return min(ways, key=lambda way: sum(not _has_companion(file, way) for file in recordings))


def _ways(name: str, other: str) -> list[tuple[str, str]]:
    """Return which pieces of two names differ, the shortest first, the whole names last."""
    start = max(k for k in range(min(len(name), len(other)) + 1) if _shares_start(name, other, k))
    most = min(len(name), len(other)) - start
    end = max(k for k in range(most + 1) if _shares_start(name[::-1], other[::-1], k))
    ways = [
        (name[start : len(name) - end], other[start : len(other) - end]),
        (name[start:], other[start:]),
        (name[: len(name) - end], other[: len(other) - end]),
        (name, other),
    ]
    return [(piece, instead) for piece, instead in ways if piece]


def _shares_start(name: str, other: str, length: int) -> bool:
    """Return whether two names begin with the same whole words of a length together."""
    return name[:length] == other[:length] and all(
        length in (0, len(one)) or one[length - 1] in _SEPARATORS or one[length] in _SEPARATORS
        for one in (name, other)
    )


def _has_companion(file: Path, way: tuple[str, str]) -> bool:
    return way[0] in file.name and file.with_name(file.name.replace(*way)).exists()


def name_beside(pieces: tuple[str, str], chosen: Path, taken: Collection[str]) -> str:
    """Return a short name for a companion: what its file's name has that the recording's has not.

    Parameters
    ----------
    pieces : (str, str)
        Which piece of the recording's name is replaced by what.
    chosen : Path
        The companion.
    taken : collection of str
        Names of other companions.
    """
    ending = "".join(chosen.suffixes)
    told = pieces[1].removesuffix(ending).strip(_SEPARATORS) or chosen.name.split(".")[0]
    name = "".join("_" if sign in KEPT_SIGNS else sign for sign in told)[:LONGEST_NAME].strip(_SEPARATORS)
    name, number = name or "beside", 2
    free = name
    while free in taken:
        free, number = f"{name} {number}", number + 1
    return free
