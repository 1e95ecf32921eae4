"""Columns of one neuron each, read into one table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.importing.contents import Entry, OnProgress, Samples
from napari_unison.sessions.importing.memory import refuse_too_large

Array: TypeAlias = npt.NDArray[Any]
Seconds: TypeAlias = npt.NDArray[np.float64]


def read_side_by_side(
    place: str, entries: Sequence[Entry], on_progress: OnProgress
) -> tuple[Array, Seconds | None]:
    """Read columns into one table, one after the other, so that they are in memory once.

    Parameters
    ----------
    place : str
        The file, for messages.
    entries : sequence of Entry
        Each with one number a time bin.
    on_progress : callable
        Told the share of all columns that is read.

    Returns
    -------
    table : ndarray (T, N)
        In the smallest type that holds all columns.
    time : ndarray (T,) or None
        Times of the first column that has some, s.

    Raises
    ------
    SessionError
        If an entry is no column of numbers, or they differ in length.
    """
    for entry in entries:
        if not _is_column(entry):
            raise SessionError(
                f"{place}: {entry.said()} cannot be one neuron; several neural entries are columns of "
                "numbers, one each"
            )
    lengths = {math.prod(entry.shape) for entry in entries}
    if len(lengths) != 1:
        raise SessionError(
            f"{place}: the neural columns have {', '.join(map(str, sorted(lengths)))} values; all need as "
            "many"
        )
    dtype = np.result_type(*{np.dtype(entry.dtype) for entry in entries})
    shape = (lengths.pop(), len(entries))
    refuse_too_large(place, f"{shape[1]} neural columns", math.prod(shape) * dtype.itemsize)
    table, time = np.empty(shape, dtype=dtype), None
    for number, entry in enumerate(entries):
        values = entry.read(_part_of(on_progress, number, len(entries)))
        if not isinstance(values, Samples) or values.values.size != shape[0]:
            raise SessionError(f"{place}: {entry.path} does not hold the {shape[0]} values that it says")
        column = values.values.reshape(-1)
        holding = np.promote_types(table.dtype, column.dtype)
        if holding != table.dtype:
            # integers with gaps turn out to be floats when they are read
            table = table.astype(holding)
        table[:, number] = column
        time = values.time if time is None else time
    return table, time


def _is_column(entry: Entry) -> bool:
    is_long = bool(entry.shape) and math.prod(entry.shape) == max(entry.shape)
    return entry.kind in ("array", "series") and is_long and _is_number(entry.dtype)


def _is_number(type_name: str) -> bool:
    try:
        return np.dtype(type_name).kind in "biuf"
    except TypeError:
        return False


def _part_of(tell: OnProgress, number: int, of: int) -> OnProgress:
    return lambda share, words: tell((number + share) / of, words)
