"""MATLAB files of the versions 5 to 7: what they hold, found from the heads of their values.

A file is a row of elements, each a type, a length and so many bytes; an array is an element that holds
elements: flags, axes, name, and then numbers, or the arrays that are its cells or fields (MAT-File Format,
MathWorks). Version 7 packs each variable with zlib.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from scipy import sparse

from napari_unison.sessions.formats.matlab_bytes import Bytes, FileBytes, UnpackedBytes
from napari_unison.sessions.formats.matlab_values import (
    MOST_LEVELS,
    Array,
    MatlabValue,
    in_c_order,
    not_readable,
)
from napari_unison.sessions.importing.contents import OnProgress
from napari_unison.sessions.importing.memory import refuse_empty_claim, refuse_too_large
from napari_unison.sessions.unpacking import DamagedError

_NUMBERS: Final = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_MATRIX: Final = 14
_COMPRESSED: Final = 15
_TEXTS: Final = {16: "utf-8", 17: "utf-16", 18: "utf-32", 4: "utf-16", 2: "latin-1", 1: "latin-1"}
_CLASSES: Final = dict(enumerate(("f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"), start=6))
_CELL, _STRUCT, _OBJECT, _CHAR, _SPARSE, _FUNCTION, _OPAQUE = 1, 2, 3, 4, 5, 16, 17
_IS_COMPLEX: Final = 0x0800
_IS_LOGICAL: Final = 0x0200
_HEADER: Final = 128
_MOST_AXES: Final = 32
#: More values in cells and structs are refused: few bytes can unpack to endlessly many.
_MOST_VALUES: Final = 2_000_000


@dataclass(frozen=True)
class _Source:
    """Bytes, their order in numbers, of which file and variable they are, and how many values may follow."""

    bytes: Bytes
    order: str
    place: str
    path: str
    packed: int
    left: list[int]


@dataclass(frozen=True)
class _Element:
    """A type, and where its bytes begin and end, and where the next element begins."""

    type: int
    at: int
    n_bytes: int
    next: int


def matlab5_variables(file: FileBytes, place: str) -> dict[str, MatlabValue]:
    """Return the variables of a file of version 5 to 7.

    Parameters
    ----------
    file : FileBytes
        It is open, and stays so while values are read.
    place : str
        The file, for messages.

    Raises
    ------
    DamagedError
        If elements do not hold together.
    """
    order = {b"IM": "<", b"MI": ">"}.get(file.read(126, 2))
    if order is None:
        raise DamagedError("it does not begin as a MATLAB file does")
    found: dict[str, MatlabValue] = {}
    at, left = _HEADER, [_MOST_VALUES]
    while at + 8 <= file.size:
        source = _Source(file, order, place, "a variable", file.size, left)
        element = _element(source, at, file.size)
        if element.type == _COMPRESSED:
            packed = UnpackedBytes(file, element.at, element.n_bytes)
            source = replace(source, bytes=packed, packed=element.n_bytes)
            inner = _element(source, 0, None)
            packed.content_end = inner.at + inner.n_bytes
        else:
            inner = element
        # compressed elements are not padded
        at = element.at + element.n_bytes if element.type == _COMPRESSED else element.next
        name, value = _matrix(source, inner, MOST_LEVELS)
        if name:
            found[name] = value
    return found


def _element(source: _Source, at: int, end: int | None) -> _Element:
    """Return the element at a place; `end` is where what holds it ends."""
    first, second = np.frombuffer(source.bytes.read(at, 8), f"{source.order}u4").tolist()
    if first >> 16:
        kind, n_bytes, begins, follows = first & 0xFFFF, first >> 16, at + 4, at + 8
        if n_bytes > 4:
            raise DamagedError(f"{source.path} has a small element of {n_bytes} bytes")
    else:
        kind, n_bytes, begins = first, second, at + 8
        follows = begins + n_bytes + (-n_bytes % 8)
    if end is not None and begins + n_bytes > end:
        raise DamagedError(f"{source.path} needs {begins + n_bytes - end} bytes more than there are")
    return _Element(kind, begins, n_bytes, follows)


def _numbers(source: _Source, element: _Element, most: int = 2**16) -> list[int]:
    """Return the few integers of a head."""
    if element.type not in _NUMBERS or element.n_bytes > most:
        raise DamagedError(f"{source.path} has a head that is not readable")
    kind = np.dtype(source.order + _NUMBERS[element.type])
    raw = source.bytes.read(element.at, element.n_bytes - element.n_bytes % kind.itemsize)
    return [int(value) for value in np.frombuffer(raw, kind).tolist()]


def _name(source: _Source, element: _Element) -> str:
    if element.n_bytes > 4096:
        raise DamagedError(f"{source.path} has a name of {element.n_bytes} bytes")
    return source.bytes.read(element.at, element.n_bytes).rstrip(b"\0").decode("utf-8", "replace")


def _matrix(source: _Source, element: _Element, levels: int) -> tuple[str, MatlabValue]:
    """Return the name of an array, and the array."""
    if element.type != _MATRIX:
        raise DamagedError(f"{source.path} is of a type ({element.type}) that is no array")
    source.left[0] -= 1
    if source.left[0] < 0:
        raise DamagedError(f"it holds more than {_MOST_VALUES:,} values in cells and structs")
    if element.n_bytes == 0:
        return "", MatlabValue("numbers", (0, 0), "float64", lambda _: np.empty((0, 0)))
    if levels == 0:
        return "", MatlabValue("other", (), reason="nested too deeply to be read")
    end = element.at + element.n_bytes
    at = _element(source, element.at, end)
    flags = _numbers(source, at)
    if not flags:
        raise DamagedError(f"{source.path} has no flags")
    matlab_class = flags[0] & 0xFF
    if matlab_class == _OPAQUE:
        return _opaque(source, at, end)
    at = _element(source, at.next, end)
    shape = tuple(_numbers(source, at))
    if not 2 <= len(shape) <= _MOST_AXES or min(shape) < 0:
        raise DamagedError(f"{source.path} has the shape {shape[:_MOST_AXES]}")
    at = _element(source, at.next, end)
    name = _name(source, at)
    source = replace(source, path=name or source.path)
    if matlab_class in _CLASSES:
        return name, _numeric(source, matlab_class, flags[0], shape, at.next, end)
    if matlab_class == _CHAR:
        return name, _text(source, shape, at.next, end)
    if matlab_class == _SPARSE:
        return name, _sparse(source, flags[0], shape, at.next, end)
    if matlab_class == _CELL:
        return name, _cell(source, shape, at.next, end, levels)
    if matlab_class == _STRUCT:
        return name, _struct(source, shape, at.next, end, levels)
    if matlab_class == _OBJECT:
        return name, not_readable(_name(source, _element(source, at.next, end)), shape)
    if matlab_class == _FUNCTION:
        return name, not_readable("function_handle", shape)
    raise DamagedError(f"{source.path} is of the class {matlab_class}, which MATLAB does not have")


def _opaque(source: _Source, at: _Element, end: int) -> tuple[str, MatlabValue]:
    """Name an object of a class; it has no axes, and its values stand elsewhere in the file."""
    names = []
    for _ in range(3):
        at = _element(source, at.next, end)
        names.append(_name(source, at))
    return names[0], not_readable(names[2])


def _numeric(
    source: _Source, matlab_class: int, flags: int, shape: tuple[int, ...], at: int, end: int
) -> MatlabValue:
    dtype = np.dtype("?") if flags & _IS_LOGICAL else np.dtype(_CLASSES[matlab_class])
    real = _element(source, at, end)
    _check_length(source, real, math.prod(shape))
    if not flags & _IS_COMPLEX:
        return MatlabValue(
            "numbers",
            shape,
            str(dtype),
            lambda tell: _read_numbers(source, real, shape, dtype, tell),
            lambda tell: _read_numbers(source, real, shape, dtype, tell, reverse_axes=True),
        )
    imaginary = _element(source, real.next, end)
    _check_length(source, imaginary, math.prod(shape))

    def read(tell: OnProgress) -> Array:
        values = _read_numbers(source, real, shape, np.dtype("c16"), tell)
        values.imag = _read_numbers(source, imaginary, shape, np.dtype("f8"), tell)
        return values

    return MatlabValue("numbers", shape, "complex128", read)


def _check_length(source: _Source, element: _Element, count: int) -> None:
    if element.type not in _NUMBERS:
        raise DamagedError(f"{source.path} holds numbers of a type ({element.type}) that does not exist")
    needed = count * np.dtype(_NUMBERS[element.type]).itemsize
    if element.n_bytes != needed:
        raise DamagedError(f"{source.path} needs {needed} bytes and has {element.n_bytes}")


def _read_numbers(
    source: _Source,
    element: _Element,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    tell: OnProgress,
    *,
    reverse_axes: bool = False,
) -> Array:
    """Read numbers, which MATLAB stores in the smallest type that holds them, in the type that they have."""
    stored = np.dtype(source.order + _NUMBERS[element.type])
    refuse_empty_claim(source.place, source.path, element.n_bytes, source.packed)
    refuse_too_large(source.place, source.path, math.prod(shape) * dtype.itemsize)
    at = element.at

    def following(count: int) -> Array:
        nonlocal at
        raw = source.bytes.read(at, count * stored.itemsize)
        at += len(raw)
        return np.frombuffer(raw, stored)

    words = f"reading {source.path}"
    return in_c_order(shape, dtype, following, lambda share: tell(share, words), reverse_axes=reverse_axes)


def _text(source: _Source, shape: tuple[int, ...], at: int, end: int) -> MatlabValue:
    element = _element(source, at, end)
    coding = _TEXTS.get(element.type)
    if coding is None or element.n_bytes > 4 * math.prod(shape):
        raise DamagedError(f"{source.path} holds a text that is not readable")
    if coding in ("utf-16", "utf-32"):
        coding += "-le" if source.order == "<" else "-be"

    def read(_: OnProgress) -> Array:
        refuse_too_large(source.place, source.path, 8 * element.n_bytes)
        text = source.bytes.read(element.at, element.n_bytes).decode(coding, "replace")
        return rows_of_text(text, shape)

    return MatlabValue("text", (shape[0] if math.prod(shape) else 1,), "str", read)


def rows_of_text(text: str, shape: tuple[int, ...]) -> Array:
    """Return the rows of a text that MATLAB stores column by column, without the spaces that fill them up.

    Raises
    ------
    DamagedError
        If the text has not as many characters as the shape says.
    """
    if math.prod(shape) == 0:
        return np.array([""])
    if shape[0] == 1:
        return np.array([text.rstrip("\0")])
    if len(text) != math.prod(shape):
        raise DamagedError(f"a text of shape {shape} has {len(text)} characters")
    return np.array([text[row :: shape[0]].rstrip(" \0") for row in range(shape[0])])


def _sparse(source: _Source, flags: int, shape: tuple[int, ...], at: int, end: int) -> MatlabValue:
    if len(shape) != 2:
        raise DamagedError(f"{source.path} is sparse and has {len(shape)} axes")
    rows = _element(source, at, end)
    columns = _element(source, rows.next, end)
    values = _element(source, columns.next, end)
    dtype = np.dtype("?") if flags & _IS_LOGICAL else np.dtype("f8")
    if flags & _IS_LOGICAL:
        # MATLAB says float64 of logical values in sparse tables, and writes a byte each
        values = replace(values, type=2)

    def read(tell: OnProgress) -> Any:
        parts = []
        for element, kind in ((rows, np.dtype("i4")), (columns, np.dtype("i4")), (values, dtype)):
            if element.type not in _NUMBERS:
                raise DamagedError(f"{source.path} holds numbers of a type that does not exist")
            count = element.n_bytes // np.dtype(_NUMBERS[element.type]).itemsize
            parts.append(_read_numbers(source, element, (count,), kind, tell))
        refuse_empty_claim(source.place, source.path, 8 * sum(shape), 12 * len(parts[0]))
        return table_of_columns(parts[2], parts[0], parts[1], (shape[0], shape[1]))

    if flags & _IS_COMPLEX:
        return MatlabValue("other", shape, reason="a sparse table of complex numbers; save real numbers")
    return MatlabValue("sparse", shape, str(dtype), read)


def table_of_columns(values: Array, rows: Array, borders: Array, shape: tuple[int, int]) -> Any:
    """Return a sparse table from the rows of each column's values.

    Parameters
    ----------
    values, rows : ndarray (n,)
        Values, and the row of each, column by column; more than are used may be given.
    borders : ndarray (columns + 1,)
        Where the values of each column begin, and the end.
    shape : (int, int)
        Of the table.

    Returns
    -------
    csr_array

    Raises
    ------
    DamagedError
        If rows or borders do not fit the shape.
    """
    fits = len(borders) == shape[1] + 1 and borders[0] == 0 and (np.diff(borders) >= 0).all()
    count = int(borders[-1]) if fits else 0
    if not fits or count > min(len(values), len(rows)):
        raise DamagedError("a sparse table whose columns do not fit")
    if count and not (rows[:count].min() >= 0 and rows[:count].max() < shape[0]):
        raise DamagedError("a sparse table whose rows do not fit")
    return sparse.csr_array(sparse.csc_array((values[:count], rows[:count], borders), shape=shape))


def _cell(source: _Source, shape: tuple[int, ...], at: int, end: int, levels: int) -> MatlabValue:
    _check_count(source, math.prod(shape), at, end)
    kept: list[MatlabValue] = []

    def cells() -> Sequence[MatlabValue]:
        if not kept:
            kept.extend(_row_of(source, math.prod(shape), at, end, levels - 1))
        return kept

    return MatlabValue("cell", shape, cells=cells)


def _check_count(source: _Source, count: int, at: int, end: int) -> None:
    if count > _MOST_VALUES:
        raise DamagedError(f"{source.path} says to have {count} elements")
    if count * 8 > end - at:
        raise DamagedError(f"{source.path} says to have {count} elements, and there are {end - at} bytes")


def _row_of(source: _Source, count: int, at: int, end: int, levels: int) -> list[MatlabValue]:
    found = []
    for _ in range(count):
        element = _element(source, at, end)
        found.append(_matrix(source, element, levels)[1])
        at = element.next
    return found


def _struct(source: _Source, shape: tuple[int, ...], at: int, end: int, levels: int) -> MatlabValue:
    length_element = _element(source, at, end)
    length = (_numbers(source, length_element) or [0])[0]
    element = _element(source, length_element.next, end)
    if length <= 0 or element.n_bytes % length or element.n_bytes > 2**20:
        raise DamagedError(f"{source.path} has field names that are not readable")
    raw = source.bytes.read(element.at, element.n_bytes)
    names = [
        raw[begin : begin + length].split(b"\0")[0].decode("utf-8", "replace")
        for begin in range(0, len(raw), length)
    ]
    count = math.prod(shape) * len(names)
    _check_count(source, count, element.next, end)
    values = _row_of(source, count, element.next, end, levels - 1)
    if math.prod(shape) == 1:
        return MatlabValue("struct", shape, fields=dict(zip(names, values, strict=True)))
    columns = {name: values[number :: len(names)] for number, name in enumerate(names)}
    return MatlabValue("struct", shape, fields={name: cells_of(v, shape) for name, v in columns.items()})


def cells_of(values: Sequence[MatlabValue], shape: tuple[int, ...]) -> MatlabValue:
    """Return a cell array of values that are known already, such as one field of a struct array."""
    return MatlabValue("cell", shape, cells=lambda: values)
