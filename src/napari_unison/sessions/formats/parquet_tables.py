"""Parquet tables, of which a column is read when it is asked for."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.formats.table_columns import Column, texts_array
from napari_unison.sessions.importing.contents import OnProgress
from napari_unison.sessions.importing.memory import refuse_too_large

Array: TypeAlias = npt.NDArray[Any]


def parquet_columns(path: Path) -> tuple[list[Column], Callable[[], None]]:
    """Say which columns a parquet table has.

    Parameters
    ----------
    path : path
        The table. Its file stays open until the second of what is returned is called.

    Returns
    -------
    columns : list of Column
        Each read row group by row group.
    close : callable
        Closes the file.

    Raises
    ------
    SessionError
        If it is damaged, has no rows or a name twice, or pyarrow is not installed.
    """
    place = os.fspath(path)
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise SessionError(
            f'{place}: parquet tables need pyarrow: pip install "napari-unison[table]"'
        ) from error
    with _told_as_error(place):
        file = parquet.ParquetFile(path)
    try:
        with _told_as_error(place):
            schema, n_rows = file.schema_arrow, file.metadata.num_rows
        twice = [name for name, count in Counter(schema.names).items() if count > 1]
        if twice:
            raise SessionError(
                f"{place} has {len(twice)} name(s) on more than one column: "
                f"{', '.join(map(repr, twice[:5]))}; give each column a name of its own"
            )
        if not n_rows:
            raise SessionError(f"{place} has no rows")
        columns = [_column(file, field, n_rows, place) for field in schema]
    except SessionError:
        file.close()
        raise
    return columns, file.close


@contextmanager
def _told_as_error(place: str) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SessionError(
            f"{place} cannot be read, or is damaged ({error}); write or copy it again"
        ) from error


def _type_name(kind: Any) -> str:
    """Return the numpy name of what is read of an arrow type; arrow's own name where it cannot be read."""
    from pyarrow import types

    if types.is_dictionary(kind):
        return _type_name(kind.value_type)
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return "str"
    if types.is_timestamp(kind) or types.is_date(kind):
        return "datetime64"
    if types.is_null(kind) or types.is_decimal(kind) or types.is_duration(kind):
        return "float64"
    if types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind):
        return str(np.dtype(kind.to_pandas_dtype()))
    return f"arrow {kind}"


def _column(file: Any, field: Any, n_rows: int, place: str) -> Column:
    type_name = _type_name(field.type)
    unreadable = ""
    if not type_name.startswith(("bool", "int", "uint", "float", "str", "datetime64")):
        unreadable = (
            f"a column of {field.type}; one number, text or date a row can be read, so spread it over columns"
        )

    def read(on_progress: OnProgress) -> Array:
        groups = _groups(file, field.name, place, on_progress)
        if type_name == "str":
            return texts_array([text for group in groups for text in _texts(group, place)], place, field.name)
        refuse_too_large(place, field.name, 8 * n_rows)
        values = np.empty(n_rows, dtype="datetime64[ns]" if type_name == "datetime64" else type_name)
        done = 0
        for group in groups:
            part = _numbers(group, values.dtype, place)
            if done + len(part) > n_rows:
                raise SessionError(f"{place} has more rows than it says; write or copy it again")
            if part.dtype.kind == "f" and values.dtype.kind in "biu":
                # a number that is missing can only be told by floats
                values = values.astype(np.float64)
            values[done : done + len(part)] = part
            done += len(part)
        if done < n_rows:
            raise SessionError(f"{place} has fewer rows than it says; write or copy it again")
        return values

    return Column(field.name, n_rows, type_name, read, unreadable)


def _groups(file: Any, name: str, place: str, on_progress: OnProgress) -> Iterator[Any]:
    """Yield a column in pieces, without the dictionary that it may be written with."""
    n_groups = file.num_row_groups
    for number in range(n_groups):
        with _told_as_error(place):
            # a name is taken for the beginning of others, too
            group = file.read_row_group(number, columns=[name]).column(name)
            if hasattr(group.type, "value_type"):
                group = group.cast(group.type.value_type)
        yield group
        on_progress((number + 1) / n_groups, f"reading {name}")


def _texts(group: Any, place: str) -> list[str]:
    with _told_as_error(place):
        return [text or "" for text in group.to_pylist()]


def _numbers(group: Any, dtype: np.dtype[Any], place: str) -> Array:
    import pyarrow as pa

    with _told_as_error(place):
        if dtype.kind == "M":
            return np.asarray(group.cast(pa.timestamp("ns")).to_numpy())
        if pa.types.is_duration(group.type):
            seconds = group.to_numpy() / np.timedelta64(1, "s")
            return np.asarray(seconds, dtype=np.float64)
        if group.null_count or pa.types.is_null(group.type) or pa.types.is_decimal(group.type):
            group = group.cast(pa.float64()) if not pa.types.is_boolean(group.type) else group.cast(pa.int8())
            return np.asarray(group.to_numpy(), dtype=np.float64)
        return np.asarray(group.to_numpy())
