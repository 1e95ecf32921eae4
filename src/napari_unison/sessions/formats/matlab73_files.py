"""MATLAB files of version 7.3, which are HDF5 files: what they hold, found without reading it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import h5py
import numpy as np

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.formats.hdf5_arrays import child, damage_told, outside, read_dataset, stored_bytes
from napari_unison.sessions.formats.matlab5_files import cells_of, rows_of_text, table_of_columns
from napari_unison.sessions.formats.matlab_values import MOST_LEVELS, Array, MatlabValue, not_readable
from napari_unison.sessions.importing.contents import OnProgress
from napari_unison.sessions.importing.memory import refuse_empty_claim

#: Values of structs inside of each other beyond so many are not looked at: groups can hold themselves.
_MOST_FIELDS: Final = 5_000

_NUMBERS: Final = {
    "double": "f8",
    "single": "f4",
    "logical": "?",
    **{f"int{8 * size}": f"i{size}" for size in (1, 2, 4, 8)},
    **{f"uint{8 * size}": f"u{size}" for size in (1, 2, 4, 8)},
}


def matlab73_variables(file: h5py.File, place: str) -> dict[str, MatlabValue]:
    """Return the variables of a file of version 7.3.

    Parameters
    ----------
    file : h5py.File
        It is open, and stays so while values are read.
    place : str
        The file, for messages.

    Raises
    ------
    SessionError
        If the file is damaged.
    """
    with damage_told(place, "the file"):
        names = [name for name in file if not name.startswith("#")]
    return {name: _value(child(file, name), file, place, name, MOST_LEVELS, [_MOST_FIELDS]) for name in names}


def _value(
    item: Any, file: h5py.File, place: str, path: str, levels: int, fields_left: list[int]
) -> MatlabValue:
    if isinstance(item, str):
        return MatlabValue("other", (), reason=item)
    fields_left[0] -= 1
    if levels == 0 or fields_left[0] < 0:
        return MatlabValue("other", (), reason="nested too deeply to be read")
    with damage_told(place, path):
        matlab_class = _text_attribute(item, "MATLAB_class")
        if "MATLAB_object_decode" in item.attrs or matlab_class in ("function_handle", "table", "timetable"):
            return not_readable(matlab_class or "unknown class")
        if "MATLAB_sparse" in item.attrs:
            return _sparse(item, place, path)
        if isinstance(item, h5py.Group):
            return _struct(item, file, place, path, levels, fields_left)
        if isinstance(item, h5py.Dataset):
            return _dataset(item, matlab_class, file, place, path, levels)
    return MatlabValue("other", (), reason="neither numbers nor a struct")


def _text_attribute(item: Any, name: str) -> str:
    value = item.attrs.get(name, b"")
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)


def _dataset(
    item: Any, matlab_class: str, file: h5py.File, place: str, path: str, levels: int
) -> MatlabValue:
    if item.shape is None or item.dtype.names == ():
        return MatlabValue("other", (), reason="empty")
    why = outside(item)
    if why:
        return MatlabValue("other", (), reason=why)
    if item.attrs.get("MATLAB_empty", 0):
        return _empty(item, matlab_class, place, path)
    shape = item.shape[::-1]
    if len(shape) < 2:
        shape = (*shape, 1, 1)[:2]
    if matlab_class == "cell" or h5py.check_ref_dtype(item.dtype) is h5py.Reference:
        return MatlabValue("cell", shape, cells=_cells(item, file, place, path, levels))
    if matlab_class == "char":
        return MatlabValue("text", (shape[0],), "str", _text(item, shape, place, path))
    if item.dtype.names == ("real", "imag"):
        read = _numbers(item, shape, place, path, np.dtype("c16"))
        return MatlabValue("numbers", shape, "complex128", read)
    if item.dtype.kind not in "biuf":
        return not_readable(matlab_class or str(item.dtype), shape)
    dtype = np.dtype(_NUMBERS.get(matlab_class, item.dtype)).newbyteorder("=")
    return MatlabValue(
        "numbers",
        shape,
        str(dtype),
        _numbers(item, shape, place, path, dtype),
        lambda tell: read_dataset(item, place, path, tell, dtype=dtype),
    )


def _empty(item: Any, matlab_class: str, place: str, path: str) -> MatlabValue:
    """Return an empty value, of which the file holds the lengths of its axes."""
    if item.size > 32 or item.dtype.kind not in "ui":
        raise SessionError(f"{place}: {path} is said to be empty and is not; the file is damaged")
    shape = tuple(int(length) for length in item[()].ravel())
    if math.prod(shape):
        raise SessionError(f"{place}: {path} is said to be empty and has the shape {shape}")
    if matlab_class == "char":
        return MatlabValue("text", (1,), "str", lambda _: np.array([""]))
    if matlab_class == "cell":
        return cells_of((), shape)
    if matlab_class == "struct":
        return MatlabValue("struct", shape)
    dtype = np.dtype(_NUMBERS.get(matlab_class, "f8"))
    return MatlabValue("numbers", shape, str(dtype), lambda _: np.empty(shape, dtype))


def _numbers(item: Any, shape: tuple[int, ...], place: str, path: str, dtype: np.dtype[Any]) -> Any:
    def read(tell: OnProgress) -> Array:
        if dtype.kind == "c":
            parts = read_dataset(item, place, path, tell, reverse_axes=True)
            return (parts["real"] + 1j * parts["imag"]).reshape(shape)
        values = read_dataset(item, place, path, tell, dtype=dtype, reverse_axes=True)
        # a reshaped array is a view, which a session would have to copy
        return values if values.shape == shape else values.reshape(shape)

    return read


def _text(item: Any, shape: tuple[int, ...], place: str, path: str) -> Any:
    def read(tell: OnProgress) -> Array:
        codes = read_dataset(item, place, path, tell)
        if codes.dtype.kind not in "ui":
            raise SessionError(f"{place}: {path} is a text of {codes.dtype}; the file is damaged")
        raw = codes.astype("<u2").tobytes()
        return rows_of_text(raw.decode("utf-16-le", "replace"), shape)

    return read


def _cells(item: Any, file: h5py.File, place: str, path: str, levels: int) -> Any:
    kept: list[MatlabValue] = []

    def cells() -> Sequence[MatlabValue]:
        if not kept:
            # the file's last axis is MATLAB's first, so that its order is MATLAB's, too
            refuse_empty_claim(place, path, item.size * 64, stored_bytes(item, place, path))
            with damage_told(place, path):
                references = item[()].ravel()
            kept.extend(_referred(reference, file, place, path, levels - 1) for reference in references)
        return kept

    return cells


def _referred(reference: Any, file: h5py.File, place: str, path: str, levels: int) -> MatlabValue:
    if not isinstance(reference, h5py.Reference) or not reference:
        return MatlabValue("other", (), reason="a cell that refers to nothing")
    with damage_told(place, f"a cell of {path}"):
        item = file[reference]
    return _value(item, file, place, path, levels, [_MOST_FIELDS])


def _struct(
    group: Any, file: h5py.File, place: str, path: str, levels: int, fields_left: list[int]
) -> MatlabValue:
    members: dict[str, Any] = {}
    fields: dict[str, MatlabValue] = {}
    for name in group:
        if fields_left[0] <= 0:
            break
        members[name] = child(group, name)
        fields[name] = _value(members[name], file, place, f"{path}/{name}", levels - 1, fields_left)
    columns = [
        member
        for member in members.values()
        if isinstance(member, h5py.Dataset)
        and h5py.check_ref_dtype(member.dtype) is h5py.Reference
        and "MATLAB_class" not in member.attrs
    ]
    # fields of a struct array hold references without saying that they are cell arrays
    shape = columns[0].shape[::-1] if columns and len(columns) == len(fields) else (1, 1)
    return MatlabValue("struct", shape, fields=fields)


def _sparse(group: Any, place: str, path: str) -> MatlabValue:
    n_rows = int(group.attrs["MATLAB_sparse"])
    borders = child(group, "jc")
    if not isinstance(borders, h5py.Dataset) or borders.ndim != 1 or n_rows < 0:
        raise SessionError(f"{place}: {path} is sparse and has no columns; the file is damaged")
    shape = (n_rows, max(0, borders.shape[0] - 1))
    dtype = np.dtype("?") if _text_attribute(group, "MATLAB_class") == "logical" else np.dtype("f8")

    def read(tell: OnProgress) -> Any:
        parts = []
        for name, kind in (("data", dtype), ("ir", np.dtype("i8")), ("jc", np.dtype("i8"))):
            item = child(group, name)
            if not isinstance(item, h5py.Dataset):
                # a table of zeros has neither values nor rows
                parts.append(np.empty(0, kind))
                continue
            if outside(item) or item.dtype.kind not in "biuf" or item.ndim != 1:
                raise SessionError(f"{place}: {path} holds no real numbers in {name}")
            parts.append(read_dataset(item, place, path, tell, dtype=kind))
        refuse_empty_claim(place, path, 8 * sum(shape), 12 * len(parts[1]))
        return table_of_columns(parts[0], parts[1], parts[2], shape)

    return MatlabValue("sparse", shape, str(dtype), read)
