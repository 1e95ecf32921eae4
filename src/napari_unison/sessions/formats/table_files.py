"""Tables with a row for each moment (``.csv``, ``.csv.gz``, ``.tsv``, ``.parquet``), or for each spike."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.formats.parquet_tables import parquet_columns
from napari_unison.sessions.formats.table_columns import Column
from napari_unison.sessions.formats.text_tables import text_columns
from napari_unison.sessions.importing.contents import (
    Contents,
    Entry,
    OnProgress,
    Samples,
    ignore_progress,
    other_entry,
    rate_of,
)
from napari_unison.sessions.importing.time_names import is_spike_time, name_and_unit, seconds_in_name

Array: TypeAlias = npt.NDArray[Any]
Seconds: TypeAlias = npt.NDArray[np.float64]


def open_contents(path: Path, on_progress: OnProgress = ignore_progress) -> Contents:
    """Say which columns a table has, each an entry by its name.

    Parameters
    ----------
    path : path
        The table. The first column that is called "time", "t", "timestamp" or alike, and rises, gives the
        times of the others, which are series then. Times are read in seconds: the name may tell another unit
        ("time_ms", "time (ms)"), and dates become seconds since the first. A unit in round brackets, as in
        "position (cm)", is the unit of its column.
    on_progress : callable
        Told the share of a table of text that was read: it is read whole, here. What it raises ends the
        reading.

    Raises
    ------
    SessionError
        If the table is damaged, empty, has a name twice, or rows of different lengths.
    """
    place = os.fspath(path)
    if path.suffix.lower() == ".parquet":
        columns, close = parquet_columns(path)
    else:
        columns, close = text_columns(path, on_progress), None
    try:
        time = _time_of_rows(columns, place)
        entries = [_entry(column, time, place) for column in columns]
        return Contents(place, entries, close=close)
    except SessionError:
        if close is not None:
            close()
        raise


def _time_of_rows(columns: list[Column], place: str) -> tuple[str, Seconds] | None:
    """Return name and values (s) of the column with the times of all others."""
    for column in columns:
        if _are_times(column) and not is_spike_time(column.name):
            time = _seconds(column, place, ignore_progress)
            if time is not None and _rises(time):
                return column.name, time
    return None


def _are_times(column: Column) -> bool:
    if column.unreadable:
        return False
    return column.type_name == "datetime64" or seconds_in_name(column.name) is not None


def _rises(time: Seconds) -> bool:
    return bool(np.isfinite(time).all() and (np.diff(time) >= 0).all() and time[-1] > time[0])


def _entry(column: Column, time: tuple[str, Seconds] | None, place: str) -> Entry:
    shape, name = (column.n_rows,), column.name
    if column.unreadable:
        return other_entry(name, place, column.unreadable)
    if time is not None and name == time[0]:
        times = time[1]
        return Entry(name, "array", shape, "float64", lambda _: Samples(times), unit="s")
    read, type_name, unit = _reader(column, place), column.type_name, name_and_unit(name)[1]
    if read is not column.read:
        type_name, unit = "float64", "s"
    if time is None:
        return Entry(name, "array", shape, type_name, lambda tell: Samples(read(tell)), unit=unit)
    times = time[1]
    return Entry(
        name,
        "series",
        shape,
        type_name,
        lambda tell: Samples(read(tell), times),
        unit=unit,
        rate=rate_of(times),
        time_axis=0,
    )


def _reader(column: Column, place: str) -> Callable[[OnProgress], Array]:
    """Return what reads a column, dates and times of another unit in seconds."""
    in_other_unit = seconds_in_name(column.name) not in (None, 1.0) and column.type_name != "str"
    if column.type_name != "datetime64" and not in_other_unit:
        return column.read

    def read(on_progress: OnProgress) -> Array:
        seconds = _seconds(column, place, on_progress)
        return column.read(on_progress) if seconds is None else seconds

    return read


def _seconds(column: Column, place: str, on_progress: OnProgress) -> Seconds | None:
    """Return times in seconds; None where texts are no dates."""
    values = column.read(on_progress)
    if values.dtype.kind == "U":
        dates = _dates_of_texts(values)
        if dates is None:
            return None
        values = dates
    if values.dtype.kind == "M":
        present = values[~np.isnat(values)]
        if not len(present):
            raise SessionError(f"{place}: column {column.name} holds no date")
        return np.asarray((values - present[0]) / np.timedelta64(1, "s"), dtype=np.float64)
    if values.dtype.kind not in "iuf":
        return None
    unit = seconds_in_name(column.name)
    return values.astype(np.float64) * (1.0 if unit is None else unit)


def _dates_of_texts(texts: Array) -> Array | None:
    import pandas as pd

    try:
        dates = pd.to_datetime(pd.Series(texts), format="ISO8601", utc=True)
    except (ValueError, OverflowError):
        return None
    return np.asarray(dates.dt.tz_localize(None).to_numpy())
