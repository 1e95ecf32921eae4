"""Names of columns in tables of tracked body parts, as DeepLabCut writes them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from napari_unison.sessions.errors import SessionError

#: What the lines of the header begin with; that of the individuals is there where there are several.
_SCORER: Final = "scorer"
_INDIVIDUALS: Final = "individuals"
_BODY_PARTS: Final = "bodyparts"
_COORDINATES: Final = "coords"
#: Of the first column, which counts the frames of the video.
FRAME: Final = "frame"


def is_tracking(header: Sequence[str]) -> bool:
    """Return whether the first line of a table is the one with the scorer of all columns."""
    return len(header) > 2 and header[0].strip() == _SCORER and len(set(header[1:])) == 1


def tracking_names(lines: Iterator[str], separator: str, place: str) -> tuple[list[str], int]:
    """Return the names of all columns, from the lines after the one with the scorer.

    Parameters
    ----------
    lines : iterator of str
        What follows; as many are taken as belong to the header.
    separator : str
        What stands between columns.
    place : str
        The file, for messages.

    Returns
    -------
    list of str
        "frame", then body part and coordinate of each column, "nose/x"; with several individuals
        "mouse1/nose/x".
    int
        How many lines the header has.

    Raises
    ------
    SessionError
        If it has other lines than those.
    """
    parts = _header_line(lines, separator)
    levels = []
    if parts[:1] == [_INDIVIDUALS]:
        levels.append(parts)
        parts = _header_line(lines, separator)
    coordinates = _header_line(lines, separator)
    levels += [parts, coordinates]
    if parts[:1] != [_BODY_PARTS] or coordinates[:1] != [_COORDINATES] or len({*map(len, levels)}) > 1:
        raise SessionError(
            f"{place} begins with a line {_SCORER!r} as tables of tracked body parts do, but no lines "
            f"{_BODY_PARTS!r} and {_COORDINATES!r} of the same columns follow; write it again, or give it "
            "one line of names"
        )
    return [FRAME, *("/".join(names) for names in zip(*(level[1:] for level in levels), strict=True))], (
        1 + len(levels)
    )


def _header_line(lines: Iterator[str], separator: str) -> list[str]:
    rows = csv.reader(islice(lines, 1), delimiter=separator, skipinitialspace=True)
    return [name.strip() for name in next(rows, [])]
