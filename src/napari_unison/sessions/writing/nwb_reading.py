"""NWB files that this package wrote of a session: read again, exactly."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.session import Session
from napari_unison.sessions.writing.nwb_parts import MODULE
from napari_unison.sessions.writing.nwb_sessions import ACTIVITY, NEURONS, NOTE, SEGMENTS
from napari_unison.sessions.writing.session_facts import Facts, dtype_of, from_json, session_of

Array = npt.NDArray[Any]

_PLACE: Final = f"processing/{MODULE}"
_BYTES_AT_ONCE: Final = 16_000_000
#: What may go wrong in a file that was damaged.
_DAMAGE: Final = (KeyError, TypeError, ValueError, IndexError, OverflowError, AttributeError, RuntimeError)


def holds_nwb_session(path: str | os.PathLike[str]) -> bool:
    """Return whether an NWB file is one of :func:`write_session_nwb`; only its marks are read."""
    import h5py

    if not Path(path).is_file():
        return False
    try:
        with h5py.File(path, "r") as file:
            return f"scratch/{NOTE}" in file
    except (OSError, *_DAMAGE):
        return False


def named_session(path: str | os.PathLike[str]) -> tuple[str, int] | None:
    """Return name and number of neurons of the session that a file was written of; None for other files."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            facts = from_json(file[f"scratch/{NOTE}"].asstr()[()])
            return str(facts["name"]), int(facts["shape"][1])
    except (OSError, *_DAMAGE):
        return None


def read_session_nwb(path: str | os.PathLike[str]) -> Session:
    """Read what :func:`write_session_nwb` wrote.

    Raises
    ------
    SessionError
        If the file is damaged or was written by a newer version.
    """
    import h5py

    place = os.fspath(path)
    try:
        with h5py.File(path, "r") as file:
            return _read(file, from_json(file[f"scratch/{NOTE}"].asstr()[()]))
    except SessionError as error:
        raise SessionError(f"{place}: {error}") from error
    except OSError as error:
        raise SessionError(f"{place} cannot be read ({error}); copy it again") from error
    except (*_DAMAGE, MemoryError) as error:
        raise SessionError(f"{place} is damaged ({error}); write or copy it again") from error


def _read(file: Any, facts: Facts) -> Session:
    n_bins, n_neurons = facts["shape"]
    series = file[f"{_PLACE}/{ACTIVITY}"]
    _refuse_other_shape(series["data"], (n_bins, n_neurons), ACTIVITY)
    if facts["is_regular"]:
        time = facts["start"] + np.arange(n_bins) * facts["bin_width"]
    else:
        _refuse_other_shape(series["timestamps"], (n_bins,), "timestamps")
        time = series["timestamps"][:]
    labels = []
    for entry in facts["labels"]:
        shape = (n_bins,) if entry["columns"] is None else (n_bins, entry["columns"])
        _refuse_other_shape(file[entry["path"]], shape, entry["path"])
        values = file[entry["path"]][...]
        if "categories" in entry:
            values = np.array(entry["categories"], dtype=dtype_of(entry["dtype"]))[values]
        labels.append(values)
    for entry in facts["neurons"]:
        entry["values"] = _column(file[f"{_PLACE}/{NEURONS}"], entry, n_neurons)
    return session_of(facts, _neural(series["data"], facts), labels, time, _segment(file, n_bins))


def _neural(data: Any, facts: Facts) -> Any:
    """Return the activity; a sparse one is never dense as a whole."""
    if not facts["neural"]["is_sparse"]:
        return data[...]
    rows = max(1, _BYTES_AT_ONCE // (data.shape[1] * data.dtype.itemsize))
    parts = [sparse.csr_array(data[first : first + rows]) for first in range(0, data.shape[0], rows)]
    return sparse.vstack(parts, format="csr")


def _segment(file: Any, n_bins: int) -> Array:
    table = file[f"intervals/{SEGMENTS}"]
    lengths = table["n_bins"][:]
    if (lengths < 1).any() or lengths.sum() != n_bins:
        raise SessionError(f"intervals/{SEGMENTS} does not cover the {n_bins} bins; copy the file again")
    return np.repeat(table["segment"][:], lengths)


def _column(table: Any, entry: Facts, n_neurons: int) -> Any:
    if 0 in entry["shape"]:
        return []
    data = table[entry["column"]]
    _refuse_other_shape(data, tuple(entry["shape"]), f"column {entry['column']!r} of neurons")
    if entry["shape"][0] != n_neurons:
        raise SessionError(f"the table of neurons has no {n_neurons} rows; copy the file again")
    return data.asstr()[...] if dtype_of(entry["dtype"]).kind == "U" else data[...]


def _refuse_other_shape(data: Any, shape: tuple[int, ...], place: str) -> None:
    """Refuse a table of another size before anything of it is read."""
    if data.shape != shape:
        raise SessionError(f"{place} has shape {data.shape} instead of {shape}; write or copy the file again")
