"""What a file has to say of a session beside its arrays, as json: names, kinds, units, types, time base."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from napari_unison.sessions.columns import native_type
from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.session import Session

Array: TypeAlias = npt.NDArray[Any]
Facts: TypeAlias = dict[str, Any]

#: Version of the facts; a reader refuses newer ones.
VERSION: Final = 1


def facts_of(session: Session) -> Facts:
    """Return everything of a session but the values of activity, labels, segments and times.

    Values of the table of neurons stand in it. Numbers are exact: json writes floats by their shortest text
    that gives the same number.

    Raises
    ------
    SessionError
        If a column has a type that files other than ``.npz`` cannot carry.
    """
    for place, values in _all_arrays(session):
        _refuse_wide(values.dtype, f"session {session.name!r}, {place}")
    return {
        "version": VERSION,
        "name": session.name,
        "bin_width": session.bin_width,
        "start": session.start,
        "neural": {"dtype": session.neural.dtype.str, "is_sparse": sparse.issparse(session.neural)},
        "shape": list(session.neural.shape),
        "labels": [
            {
                "name": name,
                "kind": session.kinds[name],
                "unit": session.units[name],
                "weight": session.weights[name],
                "dtype": values.dtype.str,
                "columns": values.shape[1] if values.ndim == 2 else None,
            }
            for name, values in session.labels.items()
        ],
        "neurons": [
            {
                "name": name,
                "dtype": values.dtype.str,
                "shape": list(values.shape),
                "values": values.tolist(),
            }
            for name, values in session.neurons.items()
        ],
    }


def as_json(facts: Facts) -> str:
    """Return facts as text of ASCII letters, which every format carries."""
    return json.dumps(facts)


def from_json(text: str | bytes) -> Facts:
    """Read what :func:`as_json` wrote.

    Raises
    ------
    SessionError
        If a newer version wrote it.
    ValueError, KeyError, TypeError
        If it is damaged.
    """
    facts: Facts = json.loads(text)
    if facts["version"] > VERSION:
        raise SessionError(
            f"was written by a newer napari-unison (layout {facts['version']}); update the package"
        )
    return facts


def session_of(facts: Facts, neural: Any, labels: Sequence[Array], time: Array, segment: Array) -> Session:
    """Return the session that facts and arrays describe, checked again.

    Parameters
    ----------
    facts : dict
        As :func:`facts_of` returns them.
    neural : array or sparse, shape (T, N)
        Activity, which becomes sparse where the facts say so.
    labels : sequence of array
        Values of the labels, in their order.
    time, segment : array, shape (T,)
        Start of each bin (s) and its segment.

    Raises
    ------
    SessionError
        If they do not fit together.
    """
    if list(neural.shape) != facts["shape"]:
        raise SessionError(
            f"activity has shape {neural.shape} and not {tuple(facts['shape'])}: the file was changed or cut"
        )
    if neural.dtype.str != native_text(facts["neural"]["dtype"]):
        neural = neural.astype(dtype_of(facts["neural"]["dtype"]))
    if facts["neural"]["is_sparse"] and not sparse.issparse(neural):
        neural = sparse.csr_array(neural)
    elif isinstance(neural, np.ndarray) and neural.base is None:
        # a fresh array that nobody can write to is taken over and not copied
        neural.flags.writeable = False
    described = facts["labels"]
    values = {
        entry["name"]: column.astype(dtype_of(entry["dtype"]), copy=False)
        for entry, column in zip(described, labels, strict=True)
    }
    session = Session(
        facts["name"],
        neural,
        values,
        facts["bin_width"],
        start=facts["start"],
        kinds={entry["name"]: entry["kind"] for entry in described},
        units={entry["name"]: entry["unit"] for entry in described},
        weights={entry["name"]: entry["weight"] for entry in described},
        segment=segment,
        neurons={entry["name"]: _values(entry) for entry in facts["neurons"]},
    )
    return session.with_time(time)


def is_regular(session: Session) -> bool:
    """Return whether the bins follow each other without any gap, exactly."""
    expected = session.start + np.arange(session.n_bins) * session.bin_width
    return bool(np.array_equal(session.time, expected))


def dtype_of(text: str) -> np.dtype[Any]:
    """Return a type by its text, in this machine's byte order.

    Raises
    ------
    SessionError
        If it is none that a session can hold.
    """
    dtype = np.dtype(text)
    if dtype.kind not in "biufU":
        raise SessionError(f"there is no column of type {text!r} in a session: the file was changed")
    return native_type(dtype)


def native_text(text: str) -> str:
    """Return the text of a type in this machine's byte order."""
    return dtype_of(text).str


def _values(entry: Facts) -> Array:
    return np.array(entry["values"], dtype=dtype_of(entry["dtype"])).reshape(entry["shape"])


def _all_arrays(session: Session) -> list[tuple[str, Any]]:
    labels = [(f"label {name!r}", values) for name, values in session.labels.items()]
    neurons = [(f"column {name!r} of neurons", values) for name, values in session.neurons.items()]
    return [("neural", session.neural), *labels, *neurons]


def _refuse_wide(dtype: np.dtype[Any], place: str) -> None:
    if dtype.kind == "f" and dtype.itemsize > 8:
        raise SessionError(f"{place} holds {dtype}, which only .npz can carry; make it float64 first")
