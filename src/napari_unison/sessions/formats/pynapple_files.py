"""What pynapple saves as ``.npz``, recognised by its keys; pynapple itself is not needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.formats.npy_arrays import StoredArray
from napari_unison.sessions.importing.contents import (
    Entry,
    Events,
    Intervals,
    OnProgress,
    Samples,
    Spikes,
    ignore_progress,
    rate_of,
)

Array: TypeAlias = npt.NDArray[Any]

#: The keys that each kind of object has at least.
KEYS: Final[Mapping[str, frozenset[str]]] = {
    "TsGroup": frozenset({"t", "index", "start", "end"}),
    "TsdFrame": frozenset({"t", "d", "columns", "start", "end"}),
    "TsdTensor": frozenset({"t", "d", "start", "end"}),
    "Tsd": frozenset({"t", "d", "start", "end"}),
    "Ts": frozenset({"t", "start", "end"}),
    "IntervalSet": frozenset({"start", "end"}),
}
_KNOWN: Final = frozenset({"t", "d", "index", "keys", "columns", "start", "end", "type", "_metadata"})
#: What the stretches are called in which an object was observed.
TIME_SUPPORT: Final = "time support"


def pynapple_entries(arrays: Mapping[str, StoredArray]) -> list[Entry] | None:
    """Return the entries of an object that pynapple saved; None if it did not.

    Parameters
    ----------
    arrays : mapping of str to StoredArray
        The arrays of a file by name.

    Returns
    -------
    list of Entry
        "spikes" of a TsGroup, "events" of a Ts, "values" of a Tsd, TsdFrame or TsdTensor, "intervals" of an
        IntervalSet; and "time support", the stretches in which it was observed. Metadata that pynapple keeps
        as a pickle are not read.

    Raises
    ------
    SessionError
        If its arrays do not go together.
    """
    kind = _kind(arrays)
    if kind is None:
        return None
    note = f"{kind} of pynapple"
    if "_metadata" in arrays and arrays["_metadata"].dtype.hasobject:
        note += "; its metadata are a pickle, which is not read"
    if kind == "IntervalSet":
        return [_intervals(arrays, "intervals", note)]
    support = _intervals({key: arrays[key] for key in ("start", "end")}, TIME_SUPPORT, "")
    if kind == "TsGroup":
        return [_spikes(arrays, note), support]
    if kind == "Ts":
        n_events = arrays["t"].shape
        return [Entry("events", "events", n_events, "float64", _events(arrays), description=note), support]
    return [_series(arrays, note), support]


def _kind(arrays: Mapping[str, StoredArray]) -> str | None:
    names = frozenset(arrays)
    said = arrays.get("type")
    if said is not None and said.dtype.kind == "U" and said.shape == (1,):
        kind = str(said.read(ignore_progress)[0])
        return kind if kind in KEYS and KEYS[kind] <= names else None
    # before it wrote the kind; exactly these keys, lest a foreign file with a "start" be taken for one
    if not names <= _KNOWN:
        return None
    return next((kind for kind, keys in KEYS.items() if keys <= names), None)


def _numbers(array: StoredArray) -> npt.NDArray[np.float64]:
    if array.dtype.kind not in "iuf" or len(array.shape) != 1:
        raise SessionError(
            f"{array.place}: {array.path} has shape {array.shape} and holds {array.type_name}; pynapple "
            "keeps a list of seconds there"
        )
    return array.read(ignore_progress).astype(np.float64, copy=False)


def _refuse_other_length(array: StoredArray, length: int, other: str) -> None:
    if not array.shape or array.shape[0] != length:
        raise SessionError(
            f"{array.place}: {array.path} has shape {array.shape}, and {other} has {length} values; the file "
            "is damaged"
        )


def _intervals(arrays: Mapping[str, StoredArray], path: str, note: str) -> Entry:
    start, end = arrays["start"], arrays["end"]
    n_rows = start.shape[0] if start.shape else 0
    _refuse_other_length(end, n_rows, "start")
    columns = {name: array for name, array in arrays.items() if _is_column(name, array, n_rows)}

    def read(_: OnProgress) -> Intervals:
        values = {name: array.read(ignore_progress) for name, array in columns.items()}
        return Intervals(_numbers(start), _numbers(end), values)

    return Entry(path, "intervals", (n_rows,), "", read, fields=tuple(columns), unit="s", description=note)


def _is_column(name: str, array: StoredArray, n_rows: int) -> bool:
    """Whether an array says something of each row, as older versions kept metadata."""
    return name not in _KNOWN and array.shape == (n_rows,) and array.dtype.kind in "biufU"


def _events(arrays: Mapping[str, StoredArray]) -> Callable[[OnProgress], Events]:
    return lambda _: Events(_numbers(arrays["t"]))


def _series(arrays: Mapping[str, StoredArray], note: str) -> Entry:
    time, values = _numbers(arrays["t"]), arrays["d"]
    _refuse_other_length(values, len(time), "t")
    names = arrays.get("columns")
    if names is not None and names.dtype.kind == "U" and names.shape == values.shape[1:]:
        note += f"; its columns are {', '.join(names.read(ignore_progress).tolist())}"
    return Entry(
        "values",
        "series",
        values.shape,
        values.type_name,
        lambda on_progress: Samples(values.read(on_progress), time),
        rate=rate_of(time),
        time_axis=0,
        description=note,
    )


def _spikes(arrays: Mapping[str, StoredArray], note: str) -> Entry:
    time, index = arrays["t"], arrays["index"]
    _refuse_other_length(index, time.shape[0] if time.shape else 0, "t")
    ids = arrays["keys"].read(ignore_progress) if "keys" in arrays else _different(index)
    if ids.ndim != 1 or ids.dtype.kind not in "iuf" or index.dtype.kind not in "iuf":
        raise SessionError(f"{index.place}: the neurons (index, keys) are no numbers; the file is damaged")
    columns = {name: array for name, array in arrays.items() if _is_column(name, array, len(ids))}

    def read(_: OnProgress) -> Spikes:
        moments, which = _numbers(time), index.read(ignore_progress)
        order = np.argsort(which, kind="stable")
        moments, which = moments[order], which[order]
        first, last = (np.searchsorted(which, ids, side=side) for side in ("left", "right"))
        spikes = tuple(moments[begin:end] for begin, end in zip(first, last, strict=True))
        neurons = {"id": ids} | {name: array.read(ignore_progress) for name, array in columns.items()}
        observed = np.column_stack([_numbers(arrays["start"]), _numbers(arrays["end"])])
        return Spikes(spikes, neurons, observed)

    return Entry("spikes", "spikes", (len(ids),), "float64", read, unit="s", role="neural", description=note)


def _different(index: StoredArray) -> Array:
    return np.unique(index.read(ignore_progress))
