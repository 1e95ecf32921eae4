"""Tables that people hand in, as columns of plain arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.errors import SessionError

Array: TypeAlias = npt.NDArray[Any]


def native_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type in this machine's byte order, written as numpy writes its own.

    A type with the same order spelt out, as in pickles, is equal to it, but shows as "<f8" instead of
    "float64"; sessions that are equal would then differ by their types' names.
    """
    return np.dtype(dtype.newbyteorder("=").str)


def read_only(values: Array) -> Array:
    """Return ``values`` as an array that nobody can write to; copies unless that already holds."""
    native = native_type(values.dtype)
    untouchable = not values.flags.writeable and values.base is None and values.flags.c_contiguous
    if untouchable and repr(values.dtype) == repr(native) and type(values) is np.ndarray:
        return values
    # An array made from another one keeps the spelling of an equal type, so it is filled instead.
    copy = np.empty(values.shape, dtype=native)
    copy[...] = values
    copy.flags.writeable = False
    return copy


def columns_of(table: Any, what: str, session_name: str) -> dict[str, Any]:
    """Return the columns of a mapping, a structured array or a data frame by name.

    Parameters
    ----------
    table : mapping, structured ndarray or DataFrame
        The table.
    what : str
        What the table is, for messages: "labels" or "neurons".
    session_name : str
        For messages.

    Raises
    ------
    SessionError
        If it is none of these, or a column's name is not a text.
    """
    if isinstance(table, Mapping):
        columns = dict(table)
    elif isinstance(table, np.ndarray) and table.dtype.names:
        columns = {name: table[name] for name in table.dtype.names}
    elif hasattr(table, "columns"):
        columns = {name: table[name] for name in table.columns}
    else:
        raise SessionError(
            f"session {session_name!r}: {what} is a {type(table).__name__}; give a dictionary from name to "
            f"array, or a data frame"
        )
    for name in columns:
        if not isinstance(name, str) or not name.strip():
            raise SessionError(
                f"session {session_name!r}: the name {name!r} in {what} is not a text; give it one"
            )
    return columns


def told_apart(names: Iterable[str]) -> list[str]:
    """Return names of columns in their order, with a number behind those that are taken already.

    Halves of letters (lone surrogates), which no file can hold, become question marks.
    """
    fresh: dict[str, None] = {}
    for name in names:
        plain = unused = name.encode("utf-8", "replace").decode()
        number = 1
        while unused in fresh:
            number += 1
            unused = f"{plain} ({number})"
        fresh[unused] = None
    return list(fresh)


def masked_places(values: Any) -> npt.NDArray[np.bool_] | None:
    """Return where a masked array hides its values, in the array's shape; None if nothing is hidden."""
    if not isinstance(values, np.ma.MaskedArray):
        return None
    mask: npt.NDArray[np.bool_] = np.ma.getmaskarray(values)
    return mask if mask.any() else None


def refuse_masked(values: Any, place: str, advice: str) -> None:
    """Refuse a masked array that hides values: read as a plain array, it would show what it hides.

    Parameters
    ----------
    values : array_like
        What was handed in.
    place : str
        Where the values stand, for messages.
    advice : str
        What to do instead, for messages.

    Raises
    ------
    SessionError
        If values are masked; the message names the first row.
    """
    mask = masked_places(values)
    if mask is None:
        return
    first = int(np.argwhere(mask)[0][0])
    raise SessionError(f"{place} is masked in {mask.sum()} place(s), the first in row {first}; {advice}")


def as_text_if_objects(values: Any, place: str) -> Array:
    """Return an array without Python objects: objects that are all texts become a text array.

    Parameters
    ----------
    values : array_like
        The values of a column.
    place : str
        Where they stand, for messages.

    Raises
    ------
    SessionError
        If something is missing, or is not a text.
    """
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise SessionError(f"{place} is not an array: {error}") from error
    if array.dtype.kind == "S":
        return np.char.decode(array, "utf-8")
    if array.dtype.kind == "T":
        array = array.astype(np.object_)
    if array.dtype.kind != "O":
        return array
    flat = array.ravel().tolist()
    missing = [index for index, value in enumerate(flat) if _is_missing(value)]
    if missing:
        raise SessionError(
            f"{place} has {len(missing)} missing value(s), the first in row {missing[0]}; leave those rows "
            "out (session[mask] keeps time) or give them a name of their own"
        )
    if all(isinstance(value, str) for value in flat):
        return array.astype(np.str_)
    if all(isinstance(value, bool | np.bool_) for value in flat):
        return array.astype(np.bool_)
    if all(isinstance(value, int | float | np.integer | np.floating) for value in flat):
        return np.array(flat).reshape(array.shape)
    found = sorted({type(value).__name__ for value in flat})
    raise SessionError(f"{place} mixes Python objects ({', '.join(found)}); give texts, booleans or numbers")


def _is_missing(value: Any) -> bool:
    if isinstance(value, float | np.floating):
        return bool(np.isnan(value))
    # pandas' own mark is known by name, so that pandas need not be imported
    return value is None or type(value).__name__ == "NAType"
