"""Arrays in numpy's own format: what their header says, and their values, read in blocks and never run."""

from __future__ import annotations

import io
import math
import struct
import tokenize
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import IO, Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.importing.contents import OnProgress
from napari_unison.sessions.importing.memory import refuse_too_large

Array: TypeAlias = npt.NDArray[Any]

#: Longer headers are refused; a table of a thousand named columns takes a third of it.
LONGEST_HEADER: Final = 100_000
#: Values are read in blocks of so many bytes.
BLOCK: Final = 16 * 1024**2

_BAD_HEADER: Final = (
    ValueError,
    SyntaxError,
    TypeError,
    KeyError,
    OverflowError,
    MemoryError,
    RecursionError,
    tokenize.TokenError,
)


@dataclass(frozen=True)
class StoredArray:
    """An array in a file, of which the header has been read.

    Parameters
    ----------
    place : str
        The file, for messages.
    path : str
        What the array is called.
    shape : tuple of int
        Its shape.
    dtype : dtype
        Its type in the file.
    is_fortran : bool
        Whether the first axis runs fastest.
    begin : int
        Where its values begin, bytes.
    opened : callable
        Opens the stream that begins with its header.
    """

    place: str
    path: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    is_fortran: bool
    begin: int
    opened: Callable[[], AbstractContextManager[IO[bytes]]]

    @property
    def n_bytes(self) -> int:
        """How long the values are, bytes."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def type_name(self) -> str:
        """The name of the type of what :meth:`read` returns."""
        if self.dtype.kind in "US":
            return "str"
        return "float64" if self.dtype.kind == "m" else self.dtype.name

    @property
    def unreadable(self) -> str:
        """Why the values are not read, and what to do; empty where they are."""
        if self.dtype.hasobject:
            return (
                "a pickle of Python objects, which could run anything; save plain arrays of numbers or texts"
            )
        if self.dtype.kind == "M":
            return "an array of dates; save times as seconds"
        if self.dtype.kind not in "biufmUSV" or (self.dtype.kind == "V" and not self.dtype.names):
            return f"an array of {self.dtype.name}; save real numbers, booleans or texts"
        return ""

    def read(self, on_progress: OnProgress) -> Array:
        """Read the values, in this machine's byte order.

        The longer axis of a table runs slowest in memory: it is the one of time, and a session of bins ×
        neurons takes over such memory without a copy, whichever way the file has its axes.

        Parameters
        ----------
        on_progress : callable
            Told the share that is read after each block.

        Raises
        ------
        SessionError
            If they are no numbers or texts, do not fit into memory, or are cut off.
        """
        where = f"{self.place}: {self.path}"
        if self.unreadable:
            raise SessionError(f"{where} is {self.unreadable}")
        refuse_too_large(self.place, self.path, self.n_bytes)
        is_turned = len(self.shape) == 2 and self.shape[1] > self.shape[0]
        try:
            memory = np.empty(self.shape[::-1] if is_turned else self.shape, self.dtype.newbyteorder("="))
        except (ValueError, MemoryError) as error:
            raise SessionError(f"{where} of shape {self.shape} cannot be read ({error})") from error
        with self.opened() as stream:
            _skip(stream, self.begin, where)
            if self.is_fortran == is_turned or memory.size <= max(self.shape, default=1):
                self._read_straight(stream, memory.reshape(-1), on_progress, where)
            else:
                self._read_turned(stream, memory.T, on_progress, where)
        return _plain(memory.T if is_turned else memory, where)

    def _read_straight(self, stream: IO[bytes], values: Array, on_progress: OnProgress, where: str) -> None:
        step = max(1, BLOCK // max(1, self.dtype.itemsize))
        for begin in range(0, len(values), step):
            block = values[begin : begin + step]
            _fill(stream, block, self.dtype, where)
            on_progress(min(1.0, (begin + step) / len(values)), f"reading {self.path}")

    def _read_turned(self, stream: IO[bytes], values: Array, on_progress: OnProgress, where: str) -> None:
        """Read into memory in which another axis runs slowest than in the file.

        Parameters
        ----------
        stream : stream
            At the first value.
        values : ndarray (slowest, …)
            The memory, with the axis first that runs slowest in the file.
        on_progress : callable
            Told the share that is read.
        where : str
            File and array, for messages.
        """
        rest = math.prod(values.shape[1:])
        rows = max(1, BLOCK // max(1, rest * self.dtype.itemsize))
        # a row of millions is read in pieces as well
        piece = max(1, min(rest, BLOCK // self.dtype.itemsize)) if values.ndim == 2 else rest
        for begin in range(0, len(values), rows):
            part = values[begin : begin + rows]
            for first in range(0, rest, piece):
                target = part[:, first : first + piece] if values.ndim == 2 else part
                block = np.empty(target.shape, dtype=values.dtype)
                _fill(stream, block.reshape(-1), self.dtype, where)
                target[...] = block
                done = (begin * rest + len(part) * min(rest, first + piece)) / values.size
                on_progress(min(1.0, done), f"reading {self.path}")


def stored_array(
    place: str, path: str, size: int, opened: Callable[[], AbstractContextManager[IO[bytes]]]
) -> StoredArray:
    """Read the header of an array.

    Parameters
    ----------
    place, path : str
        The file and what the array is called, for messages.
    size : int
        How long the stream is, bytes.
    opened : callable
        Opens the stream.

    Raises
    ------
    SessionError
        If it is no numpy array, or is longer or shorter than its header says.
    """
    where = f"{place}: {path}"
    with opened() as stream:
        shape, is_fortran, dtype, begin = _header(stream, where)
    array = StoredArray(place, path, shape, dtype, is_fortran, begin, opened)
    if dtype.itemsize == 0 and 0 not in shape:
        raise SessionError(f"{where} holds values without a size ({dtype}); save numbers or texts")
    said = begin + array.n_bytes
    if not dtype.hasobject and said != size:
        raise SessionError(
            f"{where} says that it holds {shape} values of {dtype.name}, {said:,} bytes, but there are "
            f"{size:,}; the file is damaged or cut off: write or copy it again, with one array a file"
        )
    return array


def _header(stream: IO[bytes], where: str) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Return shape, whether the first axis runs fastest, type, and the length of the header."""
    try:
        version = np.lib.format.read_magic(stream)
    except ValueError as error:
        raise SessionError(f"{where} is no numpy array ({error})") from error
    if version not in ((1, 0), (2, 0), (3, 0)):
        raise SessionError(f"{where} has version {version} of numpy's format; versions 1 to 3 are known")
    n_length = 2 if version == (1, 0) else 4
    length_bytes = stream.read(n_length)
    length = int.from_bytes(length_bytes, "little")
    # before numpy reads it, since it would take as much as is said
    if len(length_bytes) < n_length or length > LONGEST_HEADER:
        raise SessionError(
            f"{where} has a header of {length:,} bytes, which is too long; the file is damaged"
        )
    text = stream.read(length)
    head = io.BytesIO(struct.pack("<I", length) + text)
    try:
        # version 1 differs by the length alone, version 3 by the letters of names
        shape, is_fortran, dtype = np.lib.format.read_array_header_2_0(head, max_header_size=LONGEST_HEADER)
        if version == (3, 0) and dtype.names:
            dtype.names = tuple(name.encode("latin-1").decode("utf-8") for name in dtype.names)
    except _BAD_HEADER as error:
        raise SessionError(f"{where} has a damaged header ({error}); write or copy the file again") from error
    if any(length < 0 for length in shape) or dtype.subdtype is not None:
        raise SessionError(f"{where} has a damaged header (shape {shape}); write or copy the file again")
    return shape, bool(is_fortran), dtype, 8 + n_length + length


def _skip(stream: IO[bytes], n_bytes: int, where: str) -> None:
    if len(stream.read(n_bytes)) < n_bytes:
        raise SessionError(f"{where} is cut off; write or copy the file again")


def _fill(stream: IO[bytes], values: Array, dtype: np.dtype[Any], where: str) -> None:
    """Fill a list of values (n,) with what comes next, which is of a type in the file's byte order."""
    same_order = dtype == values.dtype
    raw = values if same_order else np.empty(values.shape, dtype=dtype)
    raw_bytes: Any = raw.view(np.uint8).reshape(-1)
    left = memoryview(raw_bytes)
    while len(left):
        piece = stream.read(len(left))
        if not piece:
            raise SessionError(f"{where} is cut off; write or copy the file again")
        left[: len(piece)] = piece
        left = left[len(piece) :]
    if not same_order:
        values[...] = raw


def _plain(values: Array, where: str) -> Array:
    """Return numbers, booleans and texts as everybody expects them."""
    kind = values.dtype.kind
    if kind == "b":
        # any byte can stand in a file, and only 0 and 1 are booleans
        np.not_equal(values.view(np.uint8), 0, out=values)
    elif kind == "m":
        return np.asarray(values / np.timedelta64(1, "s"), dtype=np.float64)
    elif kind == "S":
        try:
            return np.char.decode(values, "utf-8")
        except UnicodeDecodeError as error:
            raise SessionError(f"{where} holds texts that are no UTF-8 ({error})") from error
    elif kind == "U" and values.size:
        letters = np.ascontiguousarray(values).view(np.uint32)
        if ((letters > 0x10FFFF) | ((letters >= 0xD800) & (letters < 0xE000))).any():
            raise SessionError(f"{where} holds texts with letters that do not exist; the file is damaged")
    return values
