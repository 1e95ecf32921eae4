"""Tables as text: which sign stands between columns, that every row is whole, and the columns."""

from __future__ import annotations

import csv
import os
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.formats.table_columns import Column, texts_array
from napari_unison.sessions.formats.told_streams import told_stream
from napari_unison.sessions.formats.tracking_tables import is_tracking, tracking_names
from napari_unison.sessions.importing.contents import OnProgress
from napari_unison.sessions.importing.memory import available_memory, refuse_too_large

Array: TypeAlias = npt.NDArray[Any]

#: Texts that stand for a missing value.
MISSING: Final = ("", "NaN", "nan", "NAN", "NA", "N/A", "n/a", "#N/A", "null", "NULL")

_NUMBER: Final = re.compile(r"\s*[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?\s*$")
_LONGEST_LINE: Final = 32 * 1024**2
#: Whether numbers have a decimal comma is told from so many rows.
_ROWS_LOOKED_AT: Final = 1000


@dataclass(frozen=True)
class _Layout:
    """How a table is written.

    Parameters
    ----------
    names : list of str
        Of the columns.
    n_header : int
        How many lines hold them: none, one, or the three or four of tracked body parts.
    skipped : int
        Empty lines before.
    separator : str
        What stands between columns.
    decimal : str
        What stands before the decimals.
    n_rows : int
        Without the header.
    """

    names: list[str]
    n_header: int
    skipped: int
    separator: str
    decimal: str
    n_rows: int


def text_columns(path: Path, on_progress: OnProgress) -> list[Column]:
    """Read a table of text whole, since only its last row tells the types of its columns.

    Parameters
    ----------
    path : path
        ``.csv``, ``.csv.gz`` or ``.tsv`` in UTF-8. Commas, semicolons or tabs stand between columns; with
        semicolons, numbers may have a decimal comma. The first line names the columns, unless it holds
        numbers only: then they are "column 1" and so on. The header of several lines that DeepLabCut
        writes gives "frame", "nose/x", "nose/y", "nose/likelihood".
    on_progress : callable
        Told the share that is done. What it raises ends the reading.

    Returns
    -------
    list of Column
        Of integers, floats (NaN where nothing stands), booleans, or texts ("" where nothing stands).

    Raises
    ------
    SessionError
        If it is empty, not UTF-8, does not fit into memory, names a column twice, or a row has more or
        fewer columns than the first line; the message names the line.
    """
    place = os.fspath(path)
    with _told_as_error(place):
        layout = _layout(path, place, lambda share, words: on_progress(0.5 * share, words))
        refuse_too_large(place, "the table", 2 * 8 * layout.n_rows * len(layout.names))
        return _columns(path, layout, place, lambda share, words: on_progress(0.5 + 0.5 * share, words))


@contextmanager
def _told_as_error(place: str) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        raise SessionError(
            f"{place} cannot be read, or is damaged ({error}); write or copy it again"
        ) from error


def _lines(path: Path, place: str, on_progress: OnProgress) -> Iterator[str]:
    """Yield the lines; one without an end is refused before it fills the memory."""
    left = available_memory()
    with told_stream(path, on_progress, f"looking through {path.name}") as stream:
        number = 0
        while line := stream.readline(_LONGEST_LINE):
            number += 1
            left -= len(line)
            if left < 0:
                raise SessionError(
                    f"{place} is longer than the memory that is free; save fewer columns or a shorter part"
                )
            if len(line) == _LONGEST_LINE or b"\0" in line:
                raise SessionError(f"{place} is no table of text (line {number}); save it as csv in UTF-8")
            if b"\r" in line.rstrip(b"\r\n"):
                raise SessionError(
                    f"{place}: line {number} has a carriage return inside; save it with one line end a row"
                )
            try:
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise SessionError(
                    f"{place} is not UTF-8 (line {number}, byte {error.start}); save it in UTF-8"
                ) from error


def _layout(path: Path, place: str, on_progress: OnProgress) -> _Layout:
    lines = _lines(path, place, on_progress)
    before, first = next(((i, line) for i, line in enumerate(lines, 1) if line.strip()), (0, ""))
    if not first:
        raise SessionError(f"{place} is empty")
    separator = _separator(first)
    try:
        header = next(csv.reader([first], delimiter=separator, skipinitialspace=True))
    except csv.Error as error:
        raise SessionError(f"{place}: line {before} cannot be read ({error}); mend the line") from error
    # how numpy.savetxt writes a header
    header[0] = header[0].lstrip("# ")
    n_header = 1 if _are_names(header) else 0
    if is_tracking(header):
        header, n_header = tracking_names(lines, separator, place)
    n_rows, sample = (0, []) if n_header else (1, [header])
    for row in _whole_rows(lines, separator, len(header), before + max(n_header, 1) - 1, place):
        n_rows += 1
        if n_rows <= _ROWS_LOOKED_AT:
            sample.append(row)
    if not n_rows:
        raise SessionError(f"{place} has names of columns, but no rows")
    n_words = len(header[0].split())
    if len(header) == 1 and n_words > 1 and all(_count_numbers(row[0]) == n_words for row in sample):
        raise SessionError(
            f"{place}: spaces stand between its numbers; save it with commas, semicolons or tabs in between"
        )
    names = _names(header, place) if n_header else [f"column {1 + i}" for i in range(len(header))]
    return _Layout(names, n_header, before - 1, separator, _decimal_sign(sample, separator), n_rows)


def _whole_rows(
    lines: Iterator[str], separator: str, n_columns: int, before: int, place: str
) -> Iterator[list[str]]:
    """Yield the rows after the first line.

    Raises
    ------
    SessionError
        If one has more or fewer columns; pandas would fill up short rows in silence.
    """
    for number, line in enumerate(lines, before + 1):
        if '"' in line:
            # from here on a row may take several lines
            yield from _quoted_rows(chain([line], lines), separator, n_columns, number - 1, place)
            return
        if not line.strip(" \r\n"):
            continue
        row = line.split(separator)
        if len(row) != n_columns:
            raise SessionError(_other_length(place, number, len(row), n_columns, separator))
        yield row


def _quoted_rows(
    lines: Iterator[str], separator: str, n_columns: int, before: int, place: str
) -> Iterator[list[str]]:
    rows = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    try:
        for row in rows:
            if row and len(row) != n_columns:
                number = rows.line_num + before
                raise SessionError(_other_length(place, number, len(row), n_columns, separator))
            if row:
                yield row
    except csv.Error as error:
        raise SessionError(
            f"{place}: line {rows.line_num + before} cannot be read ({error}); look for a quote that is not "
            "closed"
        ) from error


def _other_length(place: str, number: int, length: int, n_columns: int, separator: str) -> str:
    return (
        f"{place}: line {number} has {length} columns, and the first has {n_columns}; mend the line, or put "
        f"texts that hold {separator!r} into quotes"
    )


def _count_numbers(text: str) -> int:
    """Return how many numbers a text is, with spaces between them; 0 if there is anything else."""
    words = text.split()
    return len(words) if all(_NUMBER.match(word) for word in words) else 0


def _are_names(fields: list[str]) -> bool:
    """Whether the first line names the columns; numbers do if they only count them."""
    counted = [[str(first + number) for number in range(len(fields))] for first in (0, 1)]
    counts = len(fields) > 1 and [field.strip() for field in fields] in counted
    return counts or not all(_NUMBER.match(field) for field in fields)


def _decimal_sign(sample: list[list[str]], separator: str) -> str:
    if separator == ",":
        return "."
    numbers = [field for row in sample for field in row if _NUMBER.match(field)]
    has_comma = any("," in number for number in numbers)
    return "," if has_comma and not any("." in number for number in numbers) else "."


def _separator(line: str) -> str:
    """Return which sign stands between columns: the most frequent one outside of quotes."""
    outside = re.sub(r'"[^"]*"', "", line)
    found = {sign: outside.count(sign) for sign in ("\t", ";", ",")}
    return max(found, key=lambda sign: found[sign]) if any(found.values()) else ","


def _names(header: list[str], place: str) -> list[str]:
    # tables of pandas and R begin with a column of row names, which itself has none
    names = [name.strip() or f"column {1 + number}" for number, name in enumerate(header)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise SessionError(
            f"{place} has {len(twice)} name(s) on more than one column: "
            f"{', '.join(map(repr, twice[:5]))}; give each column a name of its own"
        )
    return names


def _columns(path: Path, layout: _Layout, place: str, on_progress: OnProgress) -> list[Column]:
    import pandas as pd

    with told_stream(path, on_progress, f"reading {path.name}") as stream:
        try:
            table = pd.read_csv(
                stream,
                sep=layout.separator,
                decimal=layout.decimal,
                names=layout.names,
                header=0 if layout.n_header == 1 else None,
                skiprows=layout.skipped + layout.n_header if layout.n_header > 1 else None,
                index_col=False,
                encoding="utf-8-sig",
                skipinitialspace=True,
                keep_default_na=False,
                na_values=list(MISSING),
                low_memory=False,
            )
        except ValueError as error:
            raise SessionError(f"{place} cannot be read as a table ({error})") from error
    if len(table) != layout.n_rows:
        raise SessionError(
            f"{place} has {layout.n_rows} rows, of which {len(table)} can be told apart; look for quotes "
            "that are not closed"
        )
    columns = []
    for name in layout.names:
        column = table[name]
        if re.fullmatch(r"column \d+", name) and layout.n_header and column.isna().all():
            # a separator at the end of every line
            continue
        columns.append(_in_memory(name, _plain(column, place, name)))
    return columns


def _in_memory(name: str, values: Array) -> Column:
    type_name = "str" if values.dtype.kind == "U" else values.dtype.name
    # a copy, which is its reader's own: the table stays as it is
    return Column(name, len(values), type_name, lambda _: np.array(values))


def _plain(column: Any, place: str, name: str) -> Array:
    """Return a pandas column as numbers, booleans or texts; numbers are those of the table, not copied."""
    values: Array = column.to_numpy()
    if values.dtype.kind in "biuf":
        return values
    missing = column.isna().to_numpy()
    texts = ["" if gone else str(value) for value, gone in zip(values, missing, strict=True)]
    return texts_array(texts, place, name)
