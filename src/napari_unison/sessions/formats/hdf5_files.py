"""HDF5 files of any layout: datasets by their paths, columns of tables, lists of spike times.

Attributes that people give their datasets are taken as said: ``unit`` or ``units``; ``rate``,
``sampling_rate`` or ``fs`` (Hz), with ``starting_time`` or ``start_time`` (s), which make a series of a
dataset, with time along its longest axis. Nothing outside of the file is opened, and nothing is unpickled.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.formats.hdf5_arrays import (
    Array,
    child,
    damage_told,
    open_hdf5,
    outside,
    read_dataset,
    stored_bytes,
)
from napari_unison.sessions.importing.contents import (
    Contents,
    Entry,
    OnProgress,
    Samples,
    Spikes,
    Values,
    other_entry,
)
from napari_unison.sessions.importing.memory import refuse_empty_claim, refuse_too_large

#: What lies beyond so many entries, or so many groups inside of each other, is not listed.
MOST_LISTED: Final = 20_000
MOST_LEVELS: Final = 64

_UNIT: Final = ("unit", "units")
_RATE: Final = ("rate", "sampling_rate", "fs")
_START: Final = ("starting_time", "start_time")


def open_contents(path: Path) -> Contents:
    """Say what an HDF5 file holds.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    SessionError
        If it is damaged, or no HDF5 file.
    """
    place = os.fspath(path)
    file = open_hdf5(path)
    try:
        with damage_told(place, "the file"):
            entries = list(_walk(file, "", place, (), [MOST_LISTED]))
    except BaseException:
        file.close()
        raise
    return Contents(place, entries, close=file.close)


def _walk(group: Any, path: str, place: str, above: tuple[object, ...], left: list[int]) -> Iterator[Entry]:
    """Yield what a group holds; links back to a group that it lies in are not followed."""
    here = h5py.h5o.get_info(group.id).addr
    if here in above or len(above) >= MOST_LEVELS:
        return
    for name in group:
        if left[0] <= 0:
            return
        item = child(group, name)
        inside = f"{path}/{name}" if path else name
        if isinstance(item, h5py.Group):
            # groups count, too: links can make few of them look like endlessly many
            left[0] -= 1
            yield from _walk(item, inside, place, (*above, here), left)
            continue
        for entry in _entries(item, inside, place):
            left[0] -= 1
            yield entry


def _entries(item: Any, path: str, place: str) -> Iterator[Entry]:
    if isinstance(item, str):
        yield other_entry(path, place, item)
        return
    why = _why_not(item)
    if why:
        yield other_entry(path, place, why)
    elif item.dtype.names:
        for name in item.dtype.names:
            yield _column(item, name, f"{path}/{name}", place)
    elif h5py.check_string_dtype(item.dtype) is not None:
        yield Entry(path, "array", item.shape, "str", lambda _: Samples(_texts(item, place, path)))
    elif h5py.check_vlen_dtype(item.dtype) is not None:
        yield _lists(item, path, place)
    else:
        yield _numbers(item, path, place)


def _why_not(item: Any) -> str:
    """Return why a dataset is not read; empty where it is."""
    if not isinstance(item, h5py.Dataset):
        return "neither a group nor a dataset"
    if item.shape is None:
        return "empty"
    if outside(item):
        return outside(item)
    is_binary = item.dtype.kind == "V" and not item.dtype.names
    if is_binary or _text(_attribute(item, ("PSEUDOATOM",))) == "object":
        return (
            "pickled or binary objects, which could run code when read; save tables as csv, parquet or arrays"
        )
    if h5py.check_ref_dtype(item.dtype) is not None:
        return "references to other parts of the file; name those parts themselves"
    if item.dtype.names or h5py.check_string_dtype(item.dtype) is not None:
        return ""
    base = h5py.check_vlen_dtype(item.dtype)
    if base is not None:
        return (
            "" if np.dtype(base).kind in "iuf" and item.ndim == 1 else "lists of something that is no number"
        )
    return "" if item.dtype.kind in "biufc" else f"of a type ({item.dtype}) that is not read"


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value) if isinstance(value, str) else ""


def _attribute(item: Any, names: tuple[str, ...]) -> Any:
    """Return the first of several attributes that is there and can be read, or None."""
    for name in names:
        try:
            if name in item.attrs:
                return item.attrs[name]
        except (OSError, RuntimeError, ValueError, KeyError, TypeError):
            continue
    return None


def _number(value: Any) -> float | None:
    array = np.asarray(value) if isinstance(value, int | float | np.generic | np.ndarray) else np.empty(0)
    if array.size != 1 or array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        return None
    return float(array.ravel()[0])


def _numbers(item: Any, path: str, place: str) -> Entry:
    unit = _text(_attribute(item, _UNIT))
    rate = _number(_attribute(item, _RATE))
    if rate is None or rate <= 0 or not item.shape:

        def read(on_progress: OnProgress, turned: bool = False) -> Values:
            return Samples(read_dataset(item, place, path, on_progress, reverse_axes=turned))

        return Entry(
            path,
            "array",
            item.shape,
            str(item.dtype.newbyteorder("=")),
            read,
            unit=unit,
            read_turned=partial(read, turned=True),
        )
    start = _number(_attribute(item, _START)) or 0.0
    axis = int(np.argmax(item.shape))
    n_samples = item.shape[axis]

    def read_series(on_progress: OnProgress, turned: bool = False) -> Values:
        values = read_dataset(item, place, path, on_progress, reverse_axes=turned)
        return Samples(values, start + np.arange(n_samples) / rate)

    return Entry(
        path,
        "series",
        item.shape,
        str(item.dtype.newbyteorder("=")),
        read_series,
        unit=unit,
        rate=rate,
        time_axis=axis,
        read_turned=partial(read_series, turned=True),
    )


def _texts(item: Any, place: str, path: str) -> Array:
    refuse_empty_claim(place, path, item.size * 64, stored_bytes(item, place, path))
    refuse_too_large(place, path, item.size * max(64, item.dtype.itemsize))
    with damage_told(place, path):
        values = np.asarray(item.asstr(errors="replace")[()])
    return values.astype(np.str_)


def _column(item: Any, name: str, path: str, place: str) -> Entry:
    """Describe a column of a table, whose values may have axes of their own."""
    kind = item.dtype[name]
    base, inner = (kind.subdtype[0], kind.subdtype[1]) if kind.subdtype else (kind, ())
    shape = (*item.shape, *inner)
    is_text = base.kind == "S" or h5py.check_string_dtype(base) is not None
    if not is_text and base.kind not in "biufc":
        return other_entry(path, place, f"a column of a type ({base}) that is not read")

    def read(on_progress: OnProgress) -> Values:
        n_bytes = math.prod(shape) * max(1, base.itemsize)
        refuse_empty_claim(place, path, n_bytes, stored_bytes(item, place, path))
        refuse_too_large(place, path, n_bytes)
        with damage_told(place, path):
            values = np.asarray(item.fields(name)[()])
        on_progress(1.0, f"reading {path}")
        if is_text:
            return Samples(_decoded(values))
        return Samples(np.ascontiguousarray(values, base.newbyteorder("=")))

    return Entry(path, "array", shape, "str" if is_text else str(base.newbyteorder("=")), read)


def _decoded(values: Array) -> Array:
    texts = [_text(value) for value in values.ravel().tolist()]
    return np.array(texts, dtype=np.str_).reshape(values.shape)


def _lists(item: Any, path: str, place: str) -> Entry:
    """Describe lists of numbers, one a neuron, as spike times."""

    def read(on_progress: OnProgress) -> Values:
        refuse_empty_claim(place, path, item.size * 16, stored_bytes(item, place, path))
        times = []
        for number in range(item.shape[0]):
            with damage_told(place, path):
                times.append(np.asarray(item[number], dtype=np.float64).ravel())
            on_progress((number + 1) / item.shape[0], f"reading {path}")
        if not all(np.isfinite(one).all() for one in times):
            raise SessionError(f"{place}: {path} holds spike times that are not numbers")
        return Spikes(tuple(times))

    return Entry(path, "spikes", (item.shape[0],), "float64", read, unit=_text(_attribute(item, _UNIT)))
