"""The neural table of a session and the table of its neurons, checked and made read-only."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from napari_unison.sessions.columns import (
    as_text_if_objects,
    columns_of,
    masked_places,
    native_type,
    read_only,
    refuse_masked,
)
from napari_unison.sessions.errors import SessionError

Array: TypeAlias = npt.NDArray[Any]
#: So much is looked at together (bytes).
_BLOCK: Final = 1_000_000

Neural: TypeAlias = "Array | sparse.csr_array[Any, tuple[int, int]]"


def checked_neural(neural: Any, session_name: str) -> Neural:
    """Return the neural table (T, N) as a read-only array, or as a read-only ``csr_array`` if it is sparse.

    Raises
    ------
    SessionError
        If it is not a table of finite real numbers with at least one bin and one neuron, or parts of it are
        masked.
    """
    is_sparse = sparse.issparse(neural)
    if not is_sparse:
        _refuse_masked_neural(neural, session_name)
        try:
            neural = np.asarray(neural)
        except ValueError as error:
            raise SessionError(f"session {session_name!r}: neural is not a table: {error}") from error
    if neural.ndim != 2:
        raise SessionError(
            f"session {session_name!r}: neural has shape {neural.shape}; give (T, N): time bins × neurons"
        )
    if neural.shape[0] == 0:
        raise SessionError(f"session {session_name!r}: neural has no time bins (shape {neural.shape})")
    if neural.shape[1] == 0:
        raise SessionError(f"session {session_name!r}: neural has no neurons (shape {neural.shape})")
    if neural.dtype.kind not in "biuf":
        raise SessionError(
            f"session {session_name!r}: neural holds {neural.dtype}; give counts, rates or ΔF/F as real "
            "numbers"
        )
    checked: Neural = _checked_sparse(neural) if is_sparse else read_only(neural)
    _refuse_not_finite(checked, session_name)
    return checked


def freeze_sparse(table: sparse.csr_array[Any, tuple[int, int]]) -> sparse.csr_array[Any, tuple[int, int]]:
    """Make the arrays of a sparse table read-only, and return it."""
    # Both tests are kept by scipy once they were made; later ones would want to sort in place.
    table.has_sorted_indices  # noqa: B018
    table.has_canonical_format  # noqa: B018
    for part in (table.data, table.indices, table.indptr):
        part.flags.writeable = False
    return table


def _checked_sparse(neural: Any) -> sparse.csr_array[Any, tuple[int, int]]:
    table = sparse.csr_array(neural, dtype=native_type(neural.dtype), copy=True)
    table.sum_duplicates()
    table.data = read_only(table.data)
    return freeze_sparse(table)


def _refuse_masked_neural(neural: Any, session_name: str) -> None:
    mask = masked_places(neural)
    if mask is None or mask.ndim != 2:
        refuse_masked(neural, f"session {session_name!r}: neural", "give a table without a mask")
        return
    first_bin, neuron = (int(index) for index in np.argwhere(mask)[0])
    raise SessionError(
        f"session {session_name!r}: neural is masked in {mask.sum()} place(s), the first is neuron {neuron} "
        f"(counted from 0) in bin {first_bin}; leave such bins or neurons out, or fill them in "
        f"(neural.filled(0))"
    )


def _refuse_not_finite(neural: Neural, session_name: str) -> None:
    values = neural.data if isinstance(neural, sparse.csr_array) else neural
    if values.dtype.kind != "f" or _is_finite(values):
        return
    finite = np.isfinite(values)
    if isinstance(neural, sparse.csr_array):
        place = int(np.flatnonzero(~finite)[0])
        first_bin = int(np.searchsorted(neural.indptr, place, side="right")) - 1
        neuron = int(neural.indices[place])
        value = neural.data[place]
    else:
        first_bin, neuron = (int(index) for index in np.argwhere(~finite)[0])
        value = neural[first_bin, neuron]
    raise SessionError(
        f"session {session_name!r}: neural is {value} in {(~finite).sum()} place(s), the first is neuron "
        f"{neuron} (counted from 0) in bin {first_bin}; leave such bins or neurons out, or fill them in"
    )


def _is_finite(values: Array) -> bool:
    """Return whether all values are finite, in blocks: a mask of all of them would be slow to fill."""
    rows = max(1, _BLOCK // max(1, values[:1].nbytes))
    return all(bool(np.isfinite(values[begin : begin + rows]).all()) for begin in range(0, len(values), rows))


def checked_neurons(neurons: Any, n_neurons: int, session_name: str) -> dict[str, Array]:
    """Return the table of neurons as read-only columns; "id" comes first and is 0 … N-1 if not given.

    Parameters
    ----------
    neurons : mapping, structured array, DataFrame or None
        Columns with one row a neuron; each may have more axes.
    n_neurons : int
        N, the neurons of the neural table.
    session_name : str
        For messages.

    Raises
    ------
    SessionError
        If a column has not N rows, values of it are masked, or an id stands twice.
    """
    columns = {} if neurons is None else columns_of(neurons, "neurons", session_name)
    checked: dict[str, Array] = {}
    for name, column in ({"id": np.arange(n_neurons)} | columns).items():
        place = f"session {session_name!r}, column {name!r} of neurons"
        refuse_masked(
            column, place, "leave the column out, or fill it in (filled) with what stands for unknown"
        )
        values = as_text_if_objects(column, place)
        rows = values.shape[0] if values.ndim else 0
        if rows != n_neurons:
            raise SessionError(
                f"{place} has {rows} row(s), but neural has {n_neurons} neurons; give one row a neuron"
            )
        if values.dtype.kind not in "biufU":
            raise SessionError(f"{place} holds {values.dtype}; give real numbers, texts or booleans")
        checked[name] = read_only(values)
    if checked["id"].ndim != 1:
        raise SessionError(
            f"session {session_name!r}, column 'id' of neurons has shape {checked['id'].shape}; "
            f"give one id a neuron"
        )
    ids, counts = np.unique(checked["id"], return_counts=True)
    if (counts > 1).any():
        twice = ids[counts > 1]
        shown = ", ".join(repr(value) for value in twice[:5].tolist()) + (", …" if len(twice) > 5 else "")
        raise SessionError(
            f"session {session_name!r}: {len(twice)} neuron id(s) stand more than once ({shown}); "
            f"give every neuron an id of its own"
        )
    return checked
