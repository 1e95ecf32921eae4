"""A session as ``.csv``, and beside it a small ``.csv.json`` with what a table of texts cannot say."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.session import Session
from napari_unison.sessions.whole_files import whole_file
from napari_unison.sessions.writing.session_facts import Facts, as_json, facts_of, from_json
from napari_unison.sessions.writing.session_tables import (
    FIRST_COLUMNS,
    column_names,
    column_types,
    label_columns,
    row_blocks,
    session_of_columns,
)

Array = npt.NDArray[Any]

_KIND: Final = "napari-unison session"
_ROWS_AT_ONCE: Final = 2000
#: What may go wrong in a file that was damaged.
_DAMAGE: Final = (KeyError, TypeError, ValueError, IndexError, OverflowError, AttributeError, csv.Error)


def beside(path: str | os.PathLike[str]) -> Path:
    """Return the file beside a table, such as ``rat.csv.json`` of ``rat.csv``."""
    table = Path(path)
    return table.with_name(f"{table.name}.json")


def write_session_csv(path: str | os.PathLike[str], session: Session) -> None:
    """Write a session as a table of texts that gives the same numbers again, and its facts beside it.

    Parameters
    ----------
    path : path
        ``NAME.csv``; ``NAME.csv.json`` beside it holds kinds, units, types, weights, the bin width and the
        table of neurons.
    session : Session
        What is written.

    Raises
    ------
    SessionError
        If the session holds what a table cannot carry.
    """
    target, facts = Path(path), facts_of(session)
    with whole_file(target) as fresh, whole_file(beside(target)) as fresh_facts:
        with fresh.open("x", encoding="utf-8", newline="") as stream:
            # RFC 4180; a text with either half of the line end is quoted, too
            table = csv.writer(stream, lineterminator="\r\n")
            table.writerow(column_names(session))
            for _, columns in row_blocks(session):
                table.writerows(zip(*map(_texts, columns), strict=True))
        told = {"kind": _KIND, "table_sha256": _checksum(fresh), "session": facts}
        fresh_facts.write_text(as_json(told), encoding="ascii")


def _texts(values: Array) -> list[str]:
    """Return each value as the shortest text that gives it again in its type."""
    if values.dtype.kind == "b":
        return ["true" if value else "false" for value in values.tolist()]
    texts: list[str] = values.astype(np.str_).tolist()
    return texts


def holds_csv_session(path: str | os.PathLike[str]) -> bool:
    """Return whether a table has facts of :func:`write_session_csv` beside it."""
    place = beside(path)
    try:
        with place.open("rb") as stream:
            return stream.read(200).lstrip().startswith(b'{"kind": "' + _KIND.encode() + b'"')
    except OSError:
        return False


def read_session_csv(path: str | os.PathLike[str]) -> Session:
    """Read what :func:`write_session_csv` wrote.

    Raises
    ------
    SessionError
        If one of the two files is missing, damaged, or the table was changed since.
    """
    place = os.fspath(path)
    try:
        told = json.loads(beside(path).read_text(encoding="ascii"))
        facts = from_json(json.dumps(told["session"]))
        if _checksum(Path(path)) != told["table_sha256"]:
            raise SessionError(
                f"is not the table that {beside(path).name} was written for; take that file away to load "
                "the table as one of anybody's"
            )
        with Path(path).open(encoding="utf-8", newline="") as stream:
            return _read_rows(csv.reader(stream), facts)
    except SessionError as error:
        raise SessionError(f"{place}: {error}") from error
    except OSError as error:
        raise SessionError(f"{place} cannot be read: {error}") from error
    except _DAMAGE as error:
        raise SessionError(f"{place} or {beside(path).name} is damaged ({error}); copy both again") from error


def _read_rows(rows: Iterator[list[str]], facts: Facts) -> Session:
    next(rows)
    types = column_types(facts)
    n_first = len(FIRST_COLUMNS) + label_columns(facts)
    first_parts: list[list[Array]] = []
    neural_parts: list[Any] = []
    while block := list(islice(rows, _ROWS_AT_ONCE)):
        columns = list(zip(*block, strict=True))
        if len(columns) != len(types):
            raise SessionError(f"has {len(columns)} columns instead of {len(types)}")
        first_parts.append([_values(c, t) for c, t in zip(columns[1:n_first], types[1:n_first], strict=True)])
        dense = np.stack([_values(column, types[-1]) for column in columns[n_first:]], axis=1)
        neural_parts.append(sparse.csr_array(dense) if facts["neural"]["is_sparse"] else dense)
    stacked = [np.concatenate(parts) for parts in zip(*first_parts, strict=True)]
    is_sparse = facts["neural"]["is_sparse"]
    neural = sparse.vstack(neural_parts, format="csr") if is_sparse else np.concatenate(neural_parts)
    return session_of_columns(facts, stacked, neural)


def _values(texts: tuple[str, ...], dtype: np.dtype[Any]) -> Array:
    if dtype.kind == "b":
        return np.array([{"true": True, "false": False}[text] for text in texts])
    if dtype.kind in "iu":
        return np.array([int(text) for text in texts], dtype=dtype)
    return np.array(texts, dtype=dtype)


def _checksum(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
