"""A session as a table: one row a time bin, with time, segment, labels and a column for each neuron."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from napari_unison.sessions.columns import told_apart
from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.session import Session
from napari_unison.sessions.writing.session_facts import Facts, dtype_of, session_of

Array: TypeAlias = npt.NDArray[Any]

#: Columns before the labels: name of the session, start of the bin (s), number of the segment.
FIRST_COLUMNS: Final = ("session", "time_s", "segment")
#: Values of activity that are held as numbers or texts of a table at once.
_VALUES_AT_ONCE: Final = 1_000_000


def column_names(session: Session) -> list[str]:
    """Return the names of all columns, with units; none stands twice.

    Labels of several columns are numbered from 1 (``xy_1_m``); neurons are called by their id.
    """
    wanted = list(FIRST_COLUMNS)
    for name, values in session.labels.items():
        unit = f"_{session.units[name]}" if session.units[name] else ""
        numbers = [""] if values.ndim == 1 else [f"_{number + 1}" for number in range(values.shape[1])]
        wanted += [f"{name}{number}{unit}" for number in numbers]
    wanted += [f"neuron_{value}" for value in session.neurons["id"].tolist()]
    return told_apart(wanted)


def row_blocks(session: Session) -> Iterator[tuple[slice, list[Array]]]:
    """Yield the table in blocks of rows: which bins, and one array a column.

    Raises
    ------
    SessionError
        If a text holds what no file of texts can.
    """
    _refuse_half_letters(session)
    rows = max(1, _VALUES_AT_ONCE // (session.n_neurons + 8))
    for first in range(0, session.n_bins, rows):
        part = slice(first, min(first + rows, session.n_bins))
        neural = session.neural[part]
        dense: Array = neural.toarray() if isinstance(neural, sparse.csr_array) else neural
        columns = [np.full(len(dense), session.name), session.time[part], session.segment[part]]
        for values in session.labels.values():
            columns += [values[part]] if values.ndim == 1 else list(values[part].T)
        yield part, columns + list(dense.T)


def column_types(facts: Facts) -> list[np.dtype[Any]]:
    """Return the type of every column of the table."""
    types = [np.dtype(np.str_), np.dtype(np.float64), np.dtype(np.int64)]
    for entry in facts["labels"]:
        types += [dtype_of(entry["dtype"])] * (entry["columns"] or 1)
    return types + [dtype_of(facts["neural"]["dtype"])] * facts["shape"][1]


def session_of_columns(facts: Facts, columns: Sequence[Array], neural: Any) -> Session:
    """Return the session of a table.

    Parameters
    ----------
    facts : dict
        What was written beside the table.
    columns : sequence of array (T,)
        The columns before those of neurons, without ``session``.
    neural : array or sparse (T, N)
        The columns of neurons.

    Raises
    ------
    SessionError
        If they do not fit together.
    """
    time, segment, *rest = columns
    labels: list[Array] = []
    for entry in facts["labels"]:
        if entry["columns"] is None:
            labels.append(rest.pop(0))
        else:
            labels.append(np.stack(rest[: entry["columns"]], axis=1))
            del rest[: entry["columns"]]
    return session_of(facts, neural, labels, time, segment)


def label_columns(facts: Facts) -> int:
    """Return how many columns the labels take."""
    return sum(entry["columns"] or 1 for entry in facts["labels"])


def _refuse_half_letters(session: Session) -> None:
    texts = {f"label {name!r}": values for name, values in session.labels.items() if values.dtype.kind == "U"}
    for place, values in {"the name": np.array([session.name]), **texts}.items():
        for text in np.unique(values).tolist():
            try:
                text.encode("utf-8")
            except UnicodeEncodeError as error:
                raise SessionError(
                    f"session {session.name!r}, {place} holds {text!r}, which is no text that a table can "
                    "carry; give it another name, or write .npz"
                ) from error
