"""MATLAB files of all versions: arrays, cells and fields by their paths.

A path goes into structs by "/" and into cell arrays by indices from 0: ``session/trials[4]/position`` is
MATLAB's ``session.trials{5}.position``. A cell array of one row or column takes one index, others take one
for each axis: ``spike_train[0,2,1]``. A struct array is a struct of cell arrays: ``units/times[3]`` is
``units(4).times``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.formats.hdf5_arrays import DAMAGED, open_hdf5
from napari_unison.sessions.formats.matlab4_files import matlab4_variables
from napari_unison.sessions.formats.matlab5_files import matlab5_variables
from napari_unison.sessions.formats.matlab73_files import matlab73_variables
from napari_unison.sessions.formats.matlab_bytes import FileBytes
from napari_unison.sessions.formats.matlab_values import Array, MatlabValue
from napari_unison.sessions.importing.contents import (
    Contents,
    Entry,
    OnProgress,
    Samples,
    SparseSamples,
    Spikes,
    Values,
    ignore_progress,
    other_entry,
)
from napari_unison.sessions.importing.memory import refuse_too_large
from napari_unison.sessions.unpacking import DamagedError

#: Cell arrays with more cells are one line in the list of what a file holds; each cell can be named.
MOST_CELLS: Final = 2000
#: When so many entries are listed, what follows of cell arrays is not, and can be named.
MOST_LISTED: Final = 5_000
#: Cells that are read to see whether a cell array holds spike times.
_CELLS_TRIED: Final = 3
#: A sparse table of at most so many rows or columns is a label rather than activity, and is filled up.
_NARROW: Final = 3

_STEP: Final = re.compile(r"(?P<name>[^/\[\]]+)|\[(?P<index>\d+(?:,\d+)*)\]|/")


def open_contents(path: Path) -> Contents:
    """Say what a MATLAB file holds; cells and fields are found without reading their numbers.

    Parameters
    ----------
    path : Path
        A file of any version.

    Raises
    ------
    SessionError
        If it is damaged, or no MATLAB file.
    """
    place = os.fspath(path)
    variables, close = _opened(path, place)
    listing = _Listing(place)
    try:
        with _damage_told(place):
            for name, value in variables.items():
                listing.add(name, value)
    except BaseException:
        close()
        raise
    return Contents(place, listing.entries, close=close, find=lambda wanted: _found(variables, wanted, place))


def _opened(path: Path, place: str) -> tuple[dict[str, MatlabValue], Callable[[], None]]:
    if _is_hdf5(path):
        file = open_hdf5(path)
        try:
            return matlab73_variables(file, place), file.close
        except BaseException:
            file.close()
            raise
    try:
        raw = path.open("rb")
    except OSError as error:
        raise SessionError(f"{place} cannot be read ({error.strerror})") from error
    try:
        with _damage_told(place):
            held = FileBytes(raw)
            if held.size == 0:
                raise SessionError(f"{place} is empty; copy or download it again")
            # the text at the head of later versions has no zero among its first four bytes
            is_old = 0 in held.read(0, 4)
            variables = matlab4_variables(held, place) if is_old else matlab5_variables(held, place)
    except BaseException:
        raw.close()
        raise
    return variables, raw.close


def _is_hdf5(path: Path) -> bool:
    try:
        return bool(h5py.is_hdf5(path))
    except DAMAGED:
        return False


@contextmanager
def _damage_told(place: str, path: str = "") -> Iterator[None]:
    try:
        yield
    except DamagedError as damaged:
        where = f"{place}: {path}" if path else place
        raise SessionError(
            f"{where} is damaged or cut off: {damaged}; copy it again, or save it again in MATLAB"
        ) from None
    except OSError as error:
        raise SessionError(f"{place} cannot be read ({error.strerror})") from error


class _Listing:
    """The entries of a file, in its order."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.entries: list[Entry] = []

    def add(self, path: str, value: MatlabValue) -> None:
        """List a value and what it holds."""
        if value.kind == "struct" and value.fields:
            for name, member in value.fields.items():
                self.add(f"{path}/{name}", member)
        elif value.kind != "cell":
            self.entries.append(_entry(path, value, self.place))
        elif value.size > MOST_CELLS or len(self.entries) > MOST_LISTED:
            self.entries.append(_cell_array(path, value, self.place))
        else:
            whole = _whole_cell_array(path, value, self.place)
            if whole is not None:
                self.entries.append(whole)
            if whole is None or whole.kind == "spikes":
                self._add_cells(path, value)

    def _add_cells(self, path: str, value: MatlabValue) -> None:
        for number, cell in enumerate(_cells(value)):
            self.add(f"{path}[{_index(value, number)}]", cell)


def _cells(value: MatlabValue) -> Sequence[MatlabValue]:
    return value.cells() if value.cells is not None else ()


def _index(value: MatlabValue, number: int) -> str:
    """Return the index of a cell: one number in a row or column, else one for each axis."""
    if value.is_vector:
        return str(number)
    return ",".join(str(int(i)) for i in np.unravel_index(number, value.shape, order="F"))


def _entry(path: str, value: MatlabValue, place: str) -> Entry:
    """Describe a value that is no cell array."""
    if value.kind == "struct":
        return other_entry(path, place, f"a struct of shape {value.shape} without values")
    if value.kind == "other":
        return other_entry(path, place, value.reason)
    dtype = "str" if value.kind == "text" else value.dtype

    def read(on_progress: OnProgress) -> Values:
        content = _read(path, value, place, on_progress)
        if value.kind != "sparse":
            return Samples(content)
        if min(value.shape) > _NARROW:
            return SparseSamples(content)
        refuse_too_large(place, path, value.size * content.dtype.itemsize)
        return Samples(content.toarray())

    def read_turned(on_progress: OnProgress) -> Values:
        return Samples(_read(path, value, place, on_progress, turned=True))

    return Entry(
        path,
        "array",
        value.shape,
        dtype,
        read,
        description="sparse" if value.kind == "sparse" else "",
        read_turned=None if value.read_turned is None or len(value.shape) != 2 else read_turned,
    )


def _read(path: str, value: MatlabValue, place: str, on_progress: OnProgress, *, turned: bool = False) -> Any:
    read = value.read_turned if turned else value.read
    if read is None:
        raise SessionError(f"{place}: {path} is a {value.kind}, which has no numbers of its own")
    with _damage_told(place, path):
        return read(lambda share, _: on_progress(share, f"reading {path}"))


def _whole_cell_array(path: str, value: MatlabValue, place: str) -> Entry | None:
    """Describe a cell array that is one thing: texts, numbers, or the spike times of neurons."""
    cells = _cells(value)
    if not cells:
        return _cell_array(path, value, place)
    if all(cell.kind == "text" and cell.shape == (1,) for cell in cells):
        return Entry(path, "array", value.shape, "str", lambda _: Samples(_joined(path, value, place)))
    if all(cell.kind == "numbers" and cell.size == 1 and cell.dtype != "complex128" for cell in cells):
        dtype = str(np.result_type(*{cell.dtype for cell in cells}))
        return Entry(path, "array", value.shape, dtype, lambda _: Samples(_joined(path, value, place)))
    if _are_spike_times(path, cells, place):
        return Entry(
            path,
            "spikes",
            (len(cells),),
            "float64",
            lambda on_progress: Spikes(_spike_times(path, cells, place, on_progress)),
        )
    return None


def _joined(path: str, value: MatlabValue, place: str) -> Array:
    """Return an array of what stands alone in each cell."""
    refuse_too_large(place, path, value.size * 64)
    content = [_read(path, cell, place, ignore_progress).ravel()[0] for cell in _cells(value)]
    return np.ascontiguousarray(np.array(content).reshape(value.shape, order="F"))


def _are_spike_times(path: str, cells: Sequence[MatlabValue], place: str) -> bool:
    """Return whether cells are lists of different lengths that rise, and not in equal steps as times do."""
    lists = all(
        cell.kind == "numbers"
        and cell.dtype not in ("bool", "complex128")
        and (cell.size == 0 or cell.is_vector)
        for cell in cells
    )
    filled = [cell for cell in cells if cell.size > 2]
    if not lists or len(filled) < 2 or len({cell.size for cell in filled}) == 1:
        return False
    for cell in filled[:_CELLS_TRIED]:
        times = _read(path, cell, place, ignore_progress).ravel().astype(np.float64)
        steps = np.diff(times)
        if not (np.isfinite(times).all() and (steps >= 0).all()):
            return False
        if np.allclose(steps, steps[0], rtol=1e-3, atol=0):
            return False
    return True


def _spike_times(
    path: str, cells: Sequence[MatlabValue], place: str, on_progress: OnProgress
) -> tuple[Any, ...]:
    refuse_too_large(place, path, 8 * sum(cell.size for cell in cells))
    times = []
    for number, cell in enumerate(cells):
        content = _read(f"{path}[{number}]", cell, place, ignore_progress).ravel().astype(np.float64)
        if not np.isfinite(content).all():
            raise SessionError(f"{place}: {path}[{number}] holds a spike time that is not a number")
        times.append(content)
        on_progress((number + 1) / len(cells), f"reading {path}")
    return tuple(times)


def _cell_array(path: str, value: MatlabValue, place: str) -> Entry:
    """Describe a cell array whose cells are not listed."""
    shape = " × ".join(map(str, value.shape))
    if value.size == 0:
        return other_entry(path, place, f"an empty cell array ({shape})")
    first, last = _index(value, 0), _index(value, value.size - 1)
    return other_entry(
        path, place, f"a cell array ({shape}); name one of its cells, {path}[{first}] to {path}[{last}]"
    )


def _found(variables: dict[str, MatlabValue], path: str, place: str) -> Entry | None:
    """Return what stands at a path that is not listed, or None."""
    steps = list(_STEP.finditer(path))
    if "".join(step.group() for step in steps) != path or not steps or steps[0]["name"] not in variables:
        return None
    value = variables[steps[0]["name"]]
    with _damage_told(place, path):
        for step in steps[1:]:
            if step["index"]:
                value = _at_index(value, [int(i) for i in step["index"].split(",")], path, place)
            elif step["name"]:
                if step["name"] not in value.fields:
                    return None
                value = value.fields[step["name"]]
        if value.kind == "cell":
            return _whole_cell_array(path, value, place) or _cell_array(path, value, place)
    if value.kind == "struct" and value.fields:
        return other_entry(path, place, f"a struct; name one of its fields: {', '.join(value.fields)}")
    return _entry(path, value, place)


def _at_index(value: MatlabValue, index: list[int], path: str, place: str) -> MatlabValue:
    shape = " × ".join(map(str, value.shape))
    if value.kind == "struct" and value.fields:
        fields = {name: _at_index(member, index, path, place) for name, member in value.fields.items()}
        return MatlabValue("struct", (1, 1), fields=fields)
    if value.kind != "cell":
        raise SessionError(f"{place}: {path} has an index, and there is no cell array")
    axes = (value.size,) if value.is_vector and len(index) == 1 else value.shape
    if len(index) != len(axes) or any(i >= length for i, length in zip(index, axes, strict=True)):
        raise SessionError(
            f"{place}: {path} does not exist; the cell array is {shape}, and its cells are numbered from 0: "
            f"[{_index(value, 0)}] to [{_index(value, value.size - 1)}]"
            if value.size
            else f"{place}: {path} does not exist; the cell array is empty ({shape})"
        )
    return _cells(value)[int(np.ravel_multi_index(tuple(index), axes, order="F"))]
