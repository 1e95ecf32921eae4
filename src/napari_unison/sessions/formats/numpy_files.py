"""NumPy's files: one array (``.npy``) or several (``.npz``), of which no pickle is ever read."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any, Final, TypeAlias

import numpy as np

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.formats.npy_arrays import StoredArray, stored_array
from napari_unison.sessions.formats.pynapple_files import pynapple_entries
from napari_unison.sessions.importing.contents import Contents, Entry, OnProgress, Samples, other_entry

Opener: TypeAlias = Callable[[], AbstractContextManager[IO[bytes]]]

#: Deflate cannot make a byte of more than so many; what says so is no file of this kind.
MOST_DEFLATED: Final = 1032

#: What zipfile raises for damaged archives.
_DAMAGED: Final = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
)


def open_contents(path: Path) -> Contents:
    """Say which arrays a NumPy file holds.

    Parameters
    ----------
    path : path
        ``.npy``, whose array is called as the file without its suffix, or ``.npz``. What pynapple saved is
        recognised and listed as spikes, events, intervals or a series. Columns of a structured array are
        entries of their own, "array/column".

    Raises
    ------
    SessionError
        If the file is damaged.
    """
    if path.suffix.lower() == ".npy":
        return Contents(os.fspath(path), _entries(_array_of_file(path)))
    return _archive_contents(path)


def _array_of_file(path: Path) -> StoredArray:
    place = os.fspath(path)
    where = f"{place}: {path.stem}"
    with _told_as_damage(where):
        size = path.stat().st_size
    return stored_array(place, path.stem, size, _opener(lambda: path.open("rb"), where))


def _archive_contents(path: Path) -> Contents:
    place = os.fspath(path)
    try:
        archive = zipfile.ZipFile(path)
    except _DAMAGED as error:
        raise SessionError(f"{place} is damaged or no .npz file ({error}); write or copy it again") from error
    try:
        members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
        arrays = [_array_of_member(archive, info, place) for info in members]
        if not arrays:
            raise SessionError(f"{place} holds no array; save arrays with numpy.savez")
        entries = pynapple_entries({array.path: array for array in arrays})
        if entries is None:
            entries = [entry for array in arrays for entry in _entries(array)]
        return Contents(place, entries, close=archive.close)
    except SessionError:
        archive.close()
        raise


def _array_of_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, place: str) -> StoredArray:
    path = info.filename.removesuffix(".npy")
    if info.flag_bits & 1:
        raise SessionError(f"{place}: {path} is encrypted; save it without a password")
    # other methods unpack as much as they like at once, and numpy never writes them
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise SessionError(f"{place}: {path} is compressed in a way that numpy does not use; save it again")
    if info.file_size > MOST_DEFLATED * (info.compress_size + 1):
        raise SessionError(
            f"{place}: {path} says that {info.compress_size:,} bytes unpack to {info.file_size:,}, which "
            "they cannot; the file is damaged"
        )
    opener = _opener(lambda: archive.open(info), f"{place}: {path}")
    return stored_array(place, path, info.file_size, opener)


def _opener(open_stream: Callable[[], IO[bytes]], where: str) -> Opener:
    """Return what opens a stream, of which damage is told as a SessionError."""

    @contextmanager
    def opened() -> Iterator[IO[bytes]]:
        with _told_as_damage(where):
            stream = open_stream()
        with stream:
            yield _CheckedStream(stream, where)  # type: ignore[misc]

    return opened


@contextmanager
def _told_as_damage(where: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise SessionError(
            f"{where} cannot be read, or is damaged ({error}); write or copy the file again"
        ) from error


class _CheckedStream:
    """A stream whose damage is told as such; errors of those who read it are left alone."""

    def __init__(self, stream: IO[bytes], where: str) -> None:
        self._stream, self._where = stream, where

    def read(self, n_bytes: int = -1) -> bytes:
        with _told_as_damage(self._where):
            return self._stream.read(n_bytes)


def _entries(array: StoredArray) -> list[Entry]:
    """Return the entry of an array, or one for each column of a structured one."""
    if array.unreadable:
        return [other_entry(array.path, array.place, array.unreadable)]
    if not array.dtype.names:
        return [Entry(array.path, "array", array.shape, array.type_name, _reader(array))]
    return [_column_entry(array, name) for name in array.dtype.names]


def _column_entry(array: StoredArray, name: str) -> Entry:
    column: np.dtype[Any] = array.dtype[name]
    base, shape = column.subdtype or (column, ())
    path = f"{array.path}/{name}"
    if base.kind not in "biufU":
        return other_entry(
            path, array.place, f"a column of {base.name}; save real numbers, booleans or texts"
        )
    type_name = "str" if base.kind == "U" else base.name

    def read(on_progress: OnProgress) -> Samples:
        return Samples(np.ascontiguousarray(array.read(on_progress)[name]))

    return Entry(path, "array", array.shape + shape, type_name, read)


def _reader(array: StoredArray) -> Callable[[OnProgress], Samples]:
    return lambda on_progress: Samples(array.read(on_progress))
