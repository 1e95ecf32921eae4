"""Tables of NWB files: sorted units, trials and epochs, events, and what is known of each neuron."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.formats.nwb_builders import (
    NwbFile,
    child,
    damage_named,
    read_stored,
    single_value,
    stored_array,
    texts,
)
from napari_unison.sessions.importing.contents import (
    Entry,
    Events,
    Intervals,
    OnProgress,
    Spikes,
    ignore_progress,
    other_entry,
)

Array: TypeAlias = npt.NDArray[Any]

#: Columns of units that are read in their own way.
_OF_UNITS: Final = ("spike_times", "obs_intervals", "electrodes", "waveforms")
#: Types of columns that point elsewhere.
_POINTING: Final = frozenset({"DynamicTableRegion", "TimeSeriesReferenceVectorData", "VectorIndex"})


def column_names(file: NwbFile, table: Any) -> list[str]:
    """Return the columns of a table that are numbers or texts, one value or one list of values a row."""
    said = table.attributes.get("colnames")
    names = list(table.datasets) if said is None else texts(np.asarray(said, dtype=object)).tolist()
    return [name for name in names if _is_readable(file, table, name)]


def _is_readable(file: NwbFile, table: Any, name: str) -> bool:
    column = child(table, name)
    stored = stored_array(column)
    if stored is None or _POINTING.intersection(file.types(column)):
        return False
    return len(stored.shape) == 1 and child(table, f"{name}_index_index") is None


def read_column(file: NwbFile, path: str, table: Any, name: str) -> Array:
    """Read one column of a table; several values of one row become one text, joined by ", ".

    Raises
    ------
    SessionError
        If it is damaged.
    """
    column = child(table, name)
    values = _read(file, f"{path}/{name}", column)
    elements = column.attributes.get("elements")
    if elements is not None and values.dtype.kind in "iu":
        names = _read(file, f"{path}/{name}", elements)
        with damage_named(file.place, f"{path}/{name}"):
            values = names[values]
    index = child(table, f"{name}_index")
    if index is None:
        return values
    rows = _rows(file, f"{path}/{name}", index, len(values))
    joined = [", ".join(_said(value) for value in values[row].tolist()) for row in rows]
    return np.array(joined, dtype=np.str_)


def _read(file: NwbFile, path: str, builder: Any, on_progress: OnProgress = ignore_progress) -> Array:
    stored = stored_array(builder)
    if stored is None:
        raise SessionError(f"{file.place}: {path} is missing, or holds neither numbers nor texts")
    return read_stored(file.place, path, stored, on_progress)


def _said(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _rows(file: NwbFile, path: str, index: Any, length: int) -> list[slice]:
    """Return which values belong to each row, by where each row ends."""
    ends = _read(file, f"{path}_index", index)
    if ends.ndim != 1 or ends.dtype.kind not in "iu":
        raise SessionError(f"{file.place}: {path}_index does not say where each row ends")
    ends = ends.astype(np.int64)
    borders = np.concatenate([[0], ends])
    if (np.diff(borders) < 0).any() or borders[-1] > length:
        raise SessionError(
            f"{file.place}: {path}_index does not rise, or goes beyond the {length} values of {path}; the "
            "file is damaged"
        )
    return [slice(int(a), int(b)) for a, b in pairwise(borders)]


def n_rows(table: Any) -> int | None:
    """Return the number of rows of a table; None where nothing says it."""
    for name in ("id", "spike_times_index", "start_time", "timestamp"):
        stored = stored_array(child(table, name))
        if stored is not None:
            return int(stored.shape[0])
    return None


def neuron_table(
    file: NwbFile, path: str, table: Any, rows: Array | None = None, without: tuple[str, ...] = ()
) -> dict[str, Array]:
    """Return what a table says of neurons, "id" first.

    Parameters
    ----------
    file : NwbFile
        The file.
    path : str
        The table's, for messages.
    table : GroupBuilder
        Units, or regions of interest.
    rows : ndarray of int (N,), optional
        The neurons' rows; all unless given.
    without : tuple of str
        Columns that are left out.

    Raises
    ------
    SessionError
        If a column is damaged, or does not have as many rows as the table.
    """
    length = n_rows(table)
    names = [name for name in column_names(file, table) if name not in (*without, "id")]
    found: dict[str, Array] = {}
    for name in ["id", *names] if stored_array(child(table, "id")) is not None else names:
        values = read_column(file, path, table, name)
        if length is not None and len(values) != length:
            raise SessionError(f"{file.place}: {path}/{name} has {len(values)} values for {length} rows")
        with damage_named(file.place, f"{path}/{name}"):
            found[name] = values if rows is None else values[rows]
    ids = found.get("id")
    if ids is not None and len(np.unique(ids)) != len(ids):
        # of several probes, put into one table: a session numbers its neurons itself
        found["id in file"] = found.pop("id")
    return found


def units_entry(file: NwbFile, path: str, table: Any) -> Entry:
    """Describe sorted units."""
    count = n_rows(table)
    times = stored_array(child(table, "spike_times"))
    if not count:
        return other_entry(path, file.place, "a table of units without a row")
    if times is None or len(times.shape) != 1 or np.dtype(times.dtype).kind not in "iuf":
        return other_entry(path, file.place, "a table of units without spike times")
    if child(table, "spike_times_index") is None and count != 1:
        return other_entry(path, file.place, "a table of units that does not say whose spike times are whose")
    said = str(single_value(table.attributes.get("description"), ""))
    return Entry(
        path,
        "spikes",
        (count,),
        "float64",
        lambda tell: _read_units(file, path, table, count, tell),
        role="neural",
        description=said,
    )


def _read_units(file: NwbFile, path: str, table: Any, count: int, on_progress: OnProgress) -> Spikes:
    neurons = neuron_table(file, path, table, without=_OF_UNITS)
    place = f"{path}/spike_times"
    times = _read(file, place, child(table, "spike_times"), on_progress).astype(np.float64, copy=False)
    index = child(table, "spike_times_index")
    rows = [slice(0, len(times))] if index is None else _rows(file, place, index, len(times))
    if len(rows) != count:
        raise SessionError(f"{file.place}: {path} has {count} units, and spike times of {len(rows)}")
    region = _regions(file, path, table, count)
    if region is not None and "region" not in neurons:
        neurons["region"] = region
    return Spikes(tuple(times[row] for row in rows), neurons, _observed(file, path, table))


def _regions(file: NwbFile, path: str, units: Any, count: int) -> Array | None:
    """Return where the electrodes of each unit are, as the electrodes' table says it."""
    column = child(units, "electrodes")
    electrodes = None if column is None else column.attributes.get("table")
    if electrodes is None or stored_array(column) is None or child(electrodes, "location") is None:
        return None
    where = _read(file, f"{path}/electrodes/location", child(electrodes, "location"))
    which = _read(file, f"{path}/electrodes", column)
    index = child(units, "electrodes_index")
    rows = (
        [slice(row, row + 1) for row in range(len(which))]
        if index is None
        else _rows(file, f"{path}/electrodes", index, len(which))
    )
    if where.dtype.kind != "U" or len(rows) != count:
        return None
    with damage_named(file.place, f"{path}/electrodes"):
        said = [", ".join(dict.fromkeys(where[which[row]].tolist())) for row in rows]
    return np.array(said, dtype=np.str_)


def _observed(file: NwbFile, path: str, units: Any) -> npt.NDArray[np.float64] | None:
    """Return when the units were observed (k, 2), where all were at the same times; else None."""
    column, index = child(units, "obs_intervals"), child(units, "obs_intervals_index")
    if stored_array(column) is None or index is None:
        return None
    values = _read(file, f"{path}/obs_intervals", column)
    rows = _rows(file, f"{path}/obs_intervals", index, len(values))
    if values.ndim != 2 or values.shape[1] != 2 or values.dtype.kind not in "iuf" or not rows:
        return None
    first = values[rows[0]]
    if not len(first) or not all(np.array_equal(values[row], first) for row in rows):
        return None
    return first.astype(np.float64)


def intervals_entry(file: NwbFile, path: str, table: Any) -> Entry:
    """Describe trials, epochs and other stretches of time."""
    ends = [stored_array(child(table, name)) for name in ("start_time", "stop_time")]
    if any(end is None for end in ends):
        return other_entry(path, file.place, "a table of intervals without start_time and stop_time")
    fields = tuple(
        name for name in column_names(file, table) if name not in ("id", "start_time", "stop_time")
    )
    return Entry(
        path,
        "intervals",
        (int(ends[0].shape[0]),),
        "float64",
        lambda tell: _read_intervals(file, path, table, fields, tell),
        fields=fields,
        description=str(single_value(table.attributes.get("description"), "")),
    )


def _read_intervals(
    file: NwbFile, path: str, table: Any, fields: tuple[str, ...], on_progress: OnProgress
) -> Intervals:
    start, stop = (
        _numbers(file, f"{path}/{name}", child(table, name)) for name in ("start_time", "stop_time")
    )
    columns = {}
    for number, name in enumerate(fields):
        columns[name] = read_column(file, path, table, name)
        on_progress((number + 1) / len(fields), f"reading {path}")
    wrong = [name for name, values in columns.items() if len(values) != len(start)]
    if len(stop) != len(start) or wrong:
        raise SessionError(
            f"{file.place}: {path} has {len(start)} start times, and another number of "
            f"{wrong[0] if wrong else 'stop times'}"
        )
    return Intervals(start, stop, columns)


def _numbers(file: NwbFile, path: str, builder: Any) -> npt.NDArray[np.float64]:
    values = _read(file, path, builder)
    if values.ndim != 1 or values.dtype.kind not in "iuf":
        raise SessionError(f"{file.place}: {path} is no list of times")
    return values.astype(np.float64, copy=False)


def events_entry(file: NwbFile, path: str, times: Any, description: str = "") -> Entry:
    """Describe moments, of which a dataset holds the times."""
    stored = stored_array(times)
    if stored is None or len(stored.shape) != 1:
        return other_entry(path, file.place, "events without times")
    return Entry(
        path,
        "events",
        (int(stored.shape[0]),),
        "float64",
        lambda _: Events(_numbers(file, path, times)),
        description=description,
    )


def labelled_events(file: NwbFile, path: str, group: Any) -> list[Entry]:
    """Describe moments of several kinds: an entry a kind."""
    times, data = child(group, "timestamps"), child(group, "data")
    names = None if data is None else data.attributes.get("labels")
    if names is None or stored_array(times) is None or stored_array(data) is None:
        return [events_entry(file, path, times)]
    names = texts(np.asarray(names, dtype=object).ravel()).tolist()
    kinds = _read(file, f"{path}/data", data)
    if kinds.dtype.kind not in "iu" or kinds.shape != tuple(stored_array(times).shape):
        return [other_entry(path, file.place, "events of which it is not said of which kind each is")]
    return [_events_of_kind(file, f"{path}/{name}", times, kinds == code) for code, name in enumerate(names)]


def _events_of_kind(file: NwbFile, path: str, times: Any, chosen: Array) -> Entry:
    return Entry(
        path,
        "events",
        (int(chosen.sum()),),
        "float64",
        lambda _: Events(_numbers(file, path, times)[chosen]),
    )
