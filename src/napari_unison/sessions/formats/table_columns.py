"""A column of a table, whatever the table is written as."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.importing.contents import OnProgress
from napari_unison.sessions.importing.memory import refuse_too_large

Array: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True)
class Column:
    """A column that has not been read, or is in memory already.

    Parameters
    ----------
    name : str
        As the table has it.
    n_rows : int
        Its length.
    type_name : str
        Name of the numpy type, "str" for texts, "datetime64" for dates.
    read : callable
        Called with an ``on_progress``; returns (n_rows,) numbers, booleans, texts or dates.
    unreadable : str
        Why it is not read, and what to do; empty where it is.
    """

    name: str
    n_rows: int
    type_name: str
    read: Callable[[OnProgress], Array]
    unreadable: str = ""


def texts_array(texts: Sequence[str], place: str, name: str) -> Array:
    """Return texts as an array, unless one long text among many would make it too large.

    Parameters
    ----------
    texts : sequence of str
        "" for a missing one.
    place, name : str
        Table and column, for messages.

    Raises
    ------
    SessionError
        If it does not fit into memory.
    """
    refuse_too_large(place, name, 4 * len(texts) * max(map(len, texts), default=0))
    return np.array(texts, dtype=np.str_)
