"""MATLAB files of version 4: tables of numbers and texts, one after the other."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from scipy import sparse

from napari_unison.sessions.formats.matlab5_files import rows_of_text
from napari_unison.sessions.formats.matlab_bytes import FileBytes
from napari_unison.sessions.formats.matlab_values import Array, MatlabValue, in_c_order
from napari_unison.sessions.importing.contents import OnProgress
from napari_unison.sessions.importing.memory import refuse_empty_claim, refuse_too_large
from napari_unison.sessions.unpacking import DamagedError

_NUMBERS: Final = ("f8", "f4", "i4", "i2", "u2", "u1")
_FULL, _TEXT, _SPARSE = 0, 1, 2
_HEAD: Final = 20


def matlab4_variables(file: FileBytes, place: str) -> dict[str, MatlabValue]:
    """Return the variables of a file of version 4.

    Parameters
    ----------
    file : FileBytes
        It is open, and stays so while values are read.
    place : str
        The file, for messages.

    Raises
    ------
    DamagedError
        If the heads do not hold together.
    """
    found: dict[str, MatlabValue] = {}
    at = 0
    while at < file.size:
        head = file.read(at, _HEAD)
        order = "<" if 0 <= int.from_bytes(head[:4], "little", signed=True) < 1000 else ">"
        code, rows, columns, is_complex, name_length = np.frombuffer(head, f"{order}i4").tolist()
        machine, number, form = code // 1000, code // 10 % 10, code % 10
        if machine != (order == ">") or code // 100 % 10 or number >= len(_NUMBERS) or form > _SPARSE:
            raise DamagedError(f"the head at byte {at} is not that of a MATLAB variable")
        if min(rows, columns, name_length) < 0 or name_length > 4096:
            raise DamagedError(f"the variable at byte {at} has the shape ({rows}, {columns})")
        dtype = np.dtype(order + _NUMBERS[number])
        name = file.read(at + _HEAD, name_length).rstrip(b"\0").decode("latin-1")
        at += _HEAD + name_length
        n_bytes = rows * columns * dtype.itemsize * (2 if is_complex and form == _FULL else 1)
        if at + n_bytes > file.size:
            raise DamagedError(f"{name} of shape ({rows}, {columns}) needs more bytes than there are")
        found[name] = _value(file, place, name, at, (rows, columns), dtype, form, bool(is_complex))
        at += n_bytes
    return found


def _value(
    file: FileBytes,
    place: str,
    name: str,
    at: int,
    shape: tuple[int, int],
    dtype: np.dtype[Any],
    form: int,
    is_complex: bool,
) -> MatlabValue:
    native = dtype.newbyteorder("=")

    def numbers(tell: OnProgress, begin: int = at) -> Array:
        refuse_too_large(place, name, shape[0] * shape[1] * dtype.itemsize)

        def following(count: int) -> Array:
            nonlocal begin
            raw = file.read(begin, count * dtype.itemsize)
            begin += len(raw)
            return np.frombuffer(raw, dtype)

        return in_c_order(shape, native, following, lambda share: tell(share, f"reading {name}"))

    def text(tell: OnProgress) -> Array:
        codes = numbers(tell)
        if codes.size and not (codes.min() >= 0 and codes.max() < 0x110000):
            raise DamagedError(f"{name} is a text with characters that do not exist")
        return rows_of_text("".join(chr(int(code)) for code in codes.T.ravel()), shape)

    def imaginary(tell: OnProgress) -> Array:
        size = shape[0] * shape[1] * dtype.itemsize
        return numbers(tell) + 1j * numbers(tell, at + size)

    if form == _TEXT:
        return MatlabValue("text", (shape[0] if shape[0] * shape[1] else 1,), "str", text)
    if form == _SPARSE:
        if shape[0] == 0 or shape[1] != 3:
            reason = "a sparse table of complex numbers; save real numbers"
            return MatlabValue("other", shape, reason=reason)
        last_row = [
            float(
                np.frombuffer(
                    file.read(at + ((column + 1) * shape[0] - 1) * dtype.itemsize, dtype.itemsize), dtype
                )[0]
            )
            for column in range(2)
        ]
        return _sparse(numbers, place, name, last_row)
    if is_complex:
        return MatlabValue("numbers", shape, "complex128", imaginary)
    return MatlabValue("numbers", shape, str(native), numbers)


def _sparse(numbers: Any, place: str, name: str, last_row: list[float]) -> MatlabValue:
    """Return a table whose rows are row, column (from 1) and value; the last one has the shape."""
    if not all(1 <= length <= 2**40 and length == int(length) for length in last_row):
        raise DamagedError(f"{name} is a sparse table without a shape")
    shape = (int(last_row[0]), int(last_row[1]))

    def read(tell: OnProgress) -> Any:
        rows, columns, values = numbers(tell)[:-1].T
        refuse_empty_claim(place, name, 8 * sum(shape), 24 * len(rows))
        at = (rows.astype(np.int64) - 1, columns.astype(np.int64) - 1)
        if len(values) and (
            min(at[0].min(), at[1].min()) < 0 or at[0].max() >= shape[0] or at[1].max() >= shape[1]
        ):
            raise DamagedError("a sparse table whose rows and columns do not fit")
        return sparse.csr_array(sparse.coo_array((values, at), shape=shape))

    return MatlabValue("sparse", shape, "float64", read)
