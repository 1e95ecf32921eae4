"""A value of MATLAB, described without having been read; files of all versions are told so."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.importing.contents import OnProgress

Array: TypeAlias = npt.NDArray[Any]

#: Numbers that are read at once.
BLOCK: Final = 2**21

#: Structs and cell arrays inside of each other beyond so many levels are not followed.
MOST_LEVELS: Final = 32

ValueKind = Literal["numbers", "text", "sparse", "cell", "struct", "other"]


@dataclass(frozen=True)
class MatlabValue:
    """One value: a variable, a field of a struct, or a cell.

    Parameters
    ----------
    kind : {"numbers", "text", "sparse", "cell", "struct", "other"}
        Logical values are numbers (bool). A struct array is a "struct" whose fields are cell arrays of its
        shape.
    shape : tuple of int
        As MATLAB says it: two axes or more.
    dtype : str
        Name of the numpy type of numbers.
    read : callable, optional
        Returns numbers in C order and of that shape, the rows of a text, or a ``csr_array``.
    read_turned : callable, optional
        Returns numbers of two axes in C order with the axes exchanged.
    cells : callable, optional
        Returns the cells of a cell array in MATLAB's order, in which the first index runs fastest.
    fields : mapping of str to MatlabValue
        Of a struct.
    reason : str
        Why an "other" value cannot be read, and what to do.
    """

    kind: ValueKind
    shape: tuple[int, ...]
    dtype: str = ""
    read: Callable[[OnProgress], Any] | None = field(default=None, repr=False)
    read_turned: Callable[[OnProgress], Array] | None = field(default=None, repr=False)
    cells: Callable[[], Sequence[MatlabValue]] | None = field(default=None, repr=False)
    fields: Mapping[str, MatlabValue] = field(default_factory=dict, repr=False)
    reason: str = ""

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def is_vector(self) -> bool:
        """Whether at most one axis is longer than one."""
        return sum(length != 1 for length in self.shape) <= 1


def in_c_order(
    shape: tuple[int, ...],
    dtype: npt.DTypeLike,
    next_values: Callable[[int], Array],
    tell: Callable[[float], None],
    *,
    reverse_axes: bool = False,
) -> Array:
    """Return an array from values that come in MATLAB's order, block by block, without a second copy.

    Parameters
    ----------
    shape : tuple of int
        Of the array, as MATLAB says it.
    dtype : numpy type
        Of the array.
    next_values : callable
        Returns as many of the values that follow as are asked for.
    tell : callable
        Told the share that is done after every block.
    reverse_axes : bool
        Whether the axes shall come in the reverse order, that of the file.
    """
    values = np.empty(shape[::-1] if reverse_axes else shape, dtype)
    done = 0

    def fill(target: Array) -> None:
        nonlocal done
        # axes are reversed here: the last one is that which follows each other in the file
        if target.ndim > 1 and math.prod(target.shape[1:]) > BLOCK:
            for part in target:
                fill(part)
            return
        slab = math.prod(target.shape[1:])
        step = max(1, BLOCK // max(1, slab))
        for begin in range(0, len(target), step):
            part = target[begin : begin + step]
            part[...] = next_values(part.size).reshape(part.shape)
            done += part.size
            tell(done / values.size)

    if values.size:
        fill(values.reshape(-1) if reverse_axes or _is_one_line(shape) else values.T)
    return values


def _is_one_line(shape: tuple[int, ...]) -> bool:
    return sum(length > 1 for length in shape) <= 1


def not_readable(matlab_class: str, shape: tuple[int, ...] = ()) -> MatlabValue:
    """Return what stands for a value that only MATLAB itself can read.

    Parameters
    ----------
    matlab_class : str
        Such as "table" or "function_handle".
    shape : tuple of int
        As MATLAB says it.
    """
    ways = {
        "table": "save its columns in MATLAB: s = table2struct(t, 'ToScalar', true)",
        "timetable": "save its columns in MATLAB: s = table2struct(timetable2table(t), 'ToScalar', true)",
        "string": "save it in MATLAB as cellstr(s)",
        "categorical": "save it in MATLAB as cellstr(c)",
        "datetime": "save it in MATLAB as posixtime(t)",
        "duration": "save it in MATLAB as seconds(d)",
        "containers.Map": "save its keys and values in MATLAB: m.keys and m.values",
        "function_handle": "functions are not read",
    }
    way = ways.get(matlab_class, "save what it holds as arrays, cell arrays or structs")
    kind = "a function" if matlab_class == "function_handle" else f"a MATLAB object ({matlab_class})"
    return MatlabValue("other", shape, reason=f"{kind}, which only MATLAB can read; {way}")
