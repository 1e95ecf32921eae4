"""Bytes of a file by their place, whether they are compressed or not."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol

from napari_unison.sessions.unpacking import DamagedError

_PIECE: Final = 2**16
_WINDOW: Final = 2**20
_BETWEEN_MARKS: Final = 32 * 2**20


class Bytes(Protocol):
    """Bytes that can be read from any place."""

    def read(self, at: int, n_bytes: int) -> bytes:
        """Return bytes; raises DamagedError where there are fewer."""


class FileBytes:
    """The bytes of a file.

    Parameters
    ----------
    file : binary file
        It is open, and stays so.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, 2)

    def read(self, at: int, n_bytes: int) -> bytes:
        """Return bytes of the file."""
        if at + n_bytes > self.size:
            raise DamagedError(f"it ends after {self.size} bytes, and {at + n_bytes} were announced")
        self._file.seek(at)
        return self._file.read(n_bytes)


class Unpacker(Protocol):
    """What ``zlib.decompressobj`` makes."""

    @property
    def unconsumed_tail(self) -> bytes:
        """Packed bytes that were given and are not yet unpacked."""

    @property
    def eof(self) -> bool:
        """Whether the end of the packed bytes was met."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Unpack some more."""

    def copy(self) -> Unpacker:
        """Return one in the same state."""


@dataclass(frozen=True)
class _Mark:
    """Where unpacking can begin again: unpacked and packed place, packed bytes in between, the unpacker."""

    at: int
    packed_at: int
    waiting: bytes
    unpacker: Unpacker


class UnpackedBytes:
    """What a stretch of zlib-compressed bytes unpacks to; only a window of it is ever held.

    Parameters
    ----------
    source : FileBytes
        The file.
    at, n_bytes : int
        The compressed stretch.

    Attributes
    ----------
    content_end : int, optional
        Where its content ends; whoever reads up to there has the checksum of all of it compared.
    """

    def __init__(self, source: FileBytes, at: int, n_bytes: int) -> None:
        self._source = source
        self._end = at + n_bytes
        self.content_end: int | None = None
        self._marks = [_Mark(0, at, b"", zlib.decompressobj())]
        self._restart(self._marks[0])

    def read(self, at: int, n_bytes: int) -> bytes:
        """Return unpacked bytes; those that lie before are unpacked again from the mark before them."""
        if at < self._begin or at - self._begin > _BETWEEN_MARKS:
            mark = max((mark for mark in self._marks if mark.at <= at), key=lambda mark: mark.at)
            if at < self._begin or mark.at > self._begin:
                self._restart(mark)
        parts = []
        while n_bytes > 0:
            while at >= self._begin + len(self._window):
                self._next_window()
            part = self._window[at - self._begin : at - self._begin + n_bytes]
            parts.append(part)
            at += len(part)
            n_bytes -= len(part)
        # an element may be filled up to a multiple of 8 bytes
        if self.content_end is not None and at + 8 > self.content_end:
            self._check_end()
        return b"".join(parts)

    def _check_end(self) -> None:
        """Unpack what is left, whose last bytes are a checksum; the window stays where it is."""
        unpacker, waiting, packed_at = self._unpacker.copy(), self._waiting, self._packed_at
        left = self._begin + len(self._window)
        while not unpacker.eof:
            if not waiting:
                waiting = self._source.read(packed_at, min(_PIECE, self._end - packed_at))
                packed_at += len(waiting)
            if not waiting or (self.content_end is not None and left > self.content_end + _PIECE):
                raise DamagedError("its compressed part does not end where it should")
            left += len(_unpacked(unpacker, waiting, _PIECE))
            waiting = unpacker.unconsumed_tail

    def _restart(self, mark: _Mark) -> None:
        self._begin, self._packed_at, self._waiting = mark.at, mark.packed_at, mark.waiting
        self._unpacker = mark.unpacker.copy()
        self._window = b""

    def _next_window(self) -> None:
        self._begin += len(self._window)
        self._window = b""
        if self._begin - self._marks[-1].at >= _BETWEEN_MARKS:
            self._marks.append(_Mark(self._begin, self._packed_at, self._waiting, self._unpacker.copy()))
        while not self._window:
            if not self._waiting:
                length = min(_PIECE, self._end - self._packed_at)
                self._waiting = self._source.read(self._packed_at, length)
                self._packed_at += length
            was_last = not self._waiting or self._unpacker.eof
            self._window = _unpacked(self._unpacker, self._waiting, _WINDOW)
            if was_last and not self._window:
                raise DamagedError("its compressed part ends too early")
            self._waiting = self._unpacker.unconsumed_tail


def _unpacked(unpacker: Unpacker, packed: bytes, most: int) -> bytes:
    try:
        return unpacker.decompress(packed, most)
    except zlib.error as error:
        raise DamagedError(f"its compressed part cannot be unpacked ({error})") from None
