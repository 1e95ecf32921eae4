"""Arrays out of HDF5 files: block by block, of this file alone, and never larger than what it holds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

import h5py
import numpy as np
import numpy.typing as npt

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.importing.contents import OnProgress
from napari_unison.sessions.importing.memory import refuse_empty_claim, refuse_too_large

Array: TypeAlias = npt.NDArray[Any]

#: Bytes that are read at once.
BLOCK: Final = 16 * 2**20

#: What h5py raises for a file that is damaged.
DAMAGED: Final = (OSError, RuntimeError, ValueError, KeyError, TypeError, UnicodeError, OverflowError)


def open_hdf5(path: Path) -> h5py.File:
    """Open an HDF5 file for reading.

    Raises
    ------
    SessionError
        If it cannot be opened.
    """
    try:
        return h5py.File(path, "r")
    except BlockingIOError as error:
        raise SessionError(f"{path} is open for writing in another program; close it there") from error
    except DAMAGED as error:
        raise SessionError(f"{path} is no HDF5 file, or is damaged: {error}") from error


@contextmanager
def damage_told(place: str, path: str) -> Iterator[None]:
    """Say of which entry h5py's errors are."""
    try:
        yield
    except SessionError:
        raise
    except DAMAGED as error:
        raise SessionError(f"{place}: {path} is damaged or cannot be read: {error}") from error


def child(group: Any, name: str) -> Any:
    """Return what a group holds by a name, or a sentence why it is not opened.

    Links to other files are not followed: nothing outside of a file is opened because the file says so.
    """
    link = group.get(name, getlink=True)
    if isinstance(link, h5py.ExternalLink):
        return f"a link into another file ({link.filename}), which is not opened; copy the data into this one"
    try:
        return group[name]
    except DAMAGED:
        return "a link to something that is not in the file"


def outside(dataset: Any) -> str:
    """Return why a dataset is not read because its values lie in other files; empty where they do not."""
    if dataset.external:
        return (
            f"kept in another file ({dataset.external[0][0]}), which is not opened; copy the data into this"
        )
    if dataset.is_virtual and any(source.file_name != "." for source in dataset.virtual_sources()):
        return "put together from other files, which are not opened; copy the data into this one"
    return ""


def stored_bytes(dataset: Any, place: str, path: str) -> int:
    """Return how much of a dataset the file holds (bytes)."""
    with damage_told(place, path):
        return int(dataset.id.get_storage_size())


def read_dataset(
    dataset: Any,
    place: str,
    path: str,
    on_progress: OnProgress,
    *,
    dtype: npt.DTypeLike | None = None,
    reverse_axes: bool = False,
) -> Array:
    """Read a dataset of numbers, block by block into one array in C order.

    Parameters
    ----------
    dataset : h5py.Dataset
        It is open.
    place, path : str
        The file and the entry, for messages.
    on_progress : callable
        Told after every block; what it raises ends the reading.
    dtype : numpy type, optional
        Of the array; that of the dataset, in this machine's order of bytes, unless given.
    reverse_axes : bool
        Whether the first axis shall be the last one, as for MATLAB, which stores columns first.

    Raises
    ------
    SessionError
        If it does not fit into memory, is much larger than what the file holds of it, or is damaged.
    """
    shape = dataset.shape[::-1] if reverse_axes else dataset.shape
    kind = np.dtype(dataset.dtype if dtype is None else dtype).newbyteorder("=")
    n_bytes = math.prod(shape) * kind.itemsize
    refuse_empty_claim(place, path, n_bytes, stored_bytes(dataset, place, path))
    refuse_too_large(place, path, n_bytes)
    values = np.empty(shape, kind)
    if values.size == 0:
        return values
    if values.ndim == 0:
        with damage_told(place, path):
            values[()] = dataset[()]
        return values
    target = values.T if reverse_axes else values
    done = 0
    for block in blocks(dataset.shape, dataset.chunks, dataset.dtype.itemsize):
        with damage_told(place, path):
            # only a block in the order of the file can be filled in place
            if reverse_axes:
                target[block] = dataset[block]
            else:
                dataset.read_direct(values, block, block)
        done += target[block].size
        on_progress(done / values.size, f"reading {path}")
    return values


def blocks(
    shape: tuple[int, ...], chunks: tuple[int, ...] | None, itemsize: int
) -> Iterator[tuple[slice, ...]]:
    """Yield slices that cover an array, each of about :data:`BLOCK` bytes and of whole chunks.

    Parameters
    ----------
    shape : tuple of int
        Of the array, one axis or more.
    chunks : tuple of int, optional
        Of what is compressed together.
    itemsize : int
        Bytes of a number.
    """
    chunk = chunks or (1,) * len(shape)
    steps = list(shape)
    for axis, length in enumerate(chunk):
        others = math.prod(steps[:axis] + steps[axis + 1 :]) * itemsize
        fitting = BLOCK // max(1, others)
        steps[axis] = min(shape[axis], max(length, fitting // length * length))
        if fitting > length:
            break
    corners = [range(0, length, max(1, step)) for length, step in zip(shape, steps, strict=True)]
    yield from _slices(corners, steps, shape)


def _slices(corners: list[range], steps: list[int], shape: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    if not corners:
        yield ()
        return
    for begin in corners[0]:
        here = slice(begin, min(begin + steps[0], shape[0]))
        for rest in _slices(corners[1:], steps[1:], shape[1:]):
            yield (here, *rest)
