"""A session as ``.parquet``: a table with everything else of the session in its metadata."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy import sparse

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.session import Session
from napari_unison.sessions.whole_files import whole_file
from napari_unison.sessions.writing.session_facts import Facts, as_json, dtype_of, facts_of, from_json
from napari_unison.sessions.writing.session_tables import (
    FIRST_COLUMNS,
    column_names,
    column_types,
    label_columns,
    row_blocks,
    session_of_columns,
)

#: The key of the facts in the metadata of the table.
_KEY: Final = b"napari-unison session"


def write_session_parquet(path: str | os.PathLike[str], session: Session) -> None:
    """Write a session as a table; kinds, units, weights, bin width and neurons stand in its metadata.

    Parameters
    ----------
    path : path
        ``NAME.parquet``.
    session : Session
        What is written, a block of rows after the other.

    Raises
    ------
    SessionError
        If pyarrow is not installed, or the session holds what a table cannot carry.
    """
    arrow, parquet = _pyarrow()
    facts = facts_of(session)
    fields = [
        arrow.field(name, arrow.string() if dtype.kind == "U" else arrow.from_numpy_dtype(dtype))
        for name, dtype in zip(column_names(session), column_types(facts), strict=True)
    ]
    schema = arrow.schema(fields, metadata={_KEY: as_json(facts)})
    with (
        whole_file(Path(path)) as fresh,
        parquet.ParquetWriter(fresh, schema, write_page_checksum=True) as table,
    ):
        for _, columns in row_blocks(session):
            arrays = [
                arrow.array(column.tolist() if column.dtype.kind == "U" else column, type=field.type)
                for column, field in zip(columns, fields, strict=True)
            ]
            table.write_table(arrow.Table.from_arrays(arrays, schema=schema))


def holds_parquet_session(path: str | os.PathLike[str]) -> bool:
    """Return whether a table is one of :func:`write_session_parquet`."""
    try:
        with Path(path).open("rb") as stream:
            # the metadata stand in the footer, whose length stands before the last four letters
            stream.seek(-8, os.SEEK_END)
            end = stream.read(8)
            length = int.from_bytes(end[:4], "little")
            stream.seek(0, os.SEEK_END)
            if end[4:] != b"PAR1" or length + 8 > stream.tell():
                return False
            stream.seek(-8 - length, os.SEEK_END)
            return _KEY in stream.read(length)
    except OSError:
        return False


def read_session_parquet(path: str | os.PathLike[str]) -> Session:
    """Read what :func:`write_session_parquet` wrote.

    Raises
    ------
    SessionError
        If pyarrow is not installed, or the file is damaged.
    """
    arrow, parquet = _pyarrow()
    place = os.fspath(path)
    try:
        with parquet.ParquetFile(path, page_checksum_verification=True) as table:
            facts = from_json(table.schema_arrow.metadata[_KEY])
            return _read(table, facts)
    except SessionError as error:
        raise SessionError(f"{place}: {error}") from error
    except (OSError, LookupError, TypeError, ValueError, OverflowError, AttributeError, MemoryError) as error:
        raise SessionError(f"{place} is damaged ({error}); copy it again") from error
    except arrow.ArrowException as error:
        raise SessionError(f"{place} is damaged ({error}); copy it again") from error


def _read(table: Any, facts: Facts) -> Session:
    names = table.schema_arrow.names
    n_first = len(FIRST_COLUMNS) + label_columns(facts)
    if len(names) != n_first + facts["shape"][1]:
        raise SessionError(f"has {len(names)} columns instead of {n_first + facts['shape'][1]}")
    types = column_types(facts)
    first = table.read(columns=names[1:n_first]).columns
    columns = [
        np.array(column.to_pylist(), dtype=dtype) if dtype.kind == "U" else column.to_numpy()
        for column, dtype in zip(first, types[1:n_first], strict=True)
    ]
    return session_of_columns(facts, columns, _neural(table, names[n_first:], facts))


def _neural(table: Any, names: list[str], facts: Facts) -> Any:
    """Return the columns of neurons, read in groups of rows; a sparse table is never dense as a whole."""
    dtype, is_sparse = dtype_of(facts["neural"]["dtype"]), facts["neural"]["is_sparse"]
    rows = [table.metadata.row_group(number).num_rows for number in range(table.num_row_groups)]
    whole = np.empty((max(rows) if is_sparse else sum(rows), len(names)), dtype=dtype)
    parts: list[Any] = []
    first = 0
    for number, n_rows in enumerate(rows):
        group = table.read_row_group(number, columns=names)
        part = whole[:n_rows] if is_sparse else whole[first : first + n_rows]
        for place, column in enumerate(group.columns):
            part[:, place] = column.to_numpy()
        parts.append(sparse.csr_array(part) if is_sparse else part)
        first += n_rows
    return sparse.vstack(parts, format="csr") if is_sparse else whole


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise SessionError('.parquet needs pyarrow: pip install "napari-unison[table]"') from error
    return pyarrow, pyarrow.parquet
