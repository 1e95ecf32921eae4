"""What an NWB file holds as pynwb finds it: groups, datasets and links, without making objects of them.

pynwb's objects refuse a whole file for one series without time stamps; its builders show all that is there.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import h5py
import numpy as np
import numpy.typing as npt

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.formats.hdf5_arrays import blocks, outside
from napari_unison.sessions.formats.nwb_zarr import is_pickled
from napari_unison.sessions.importing.contents import OnProgress, ignore_progress
from napari_unison.sessions.importing.memory import refuse_empty_claim, refuse_too_large

Array: TypeAlias = npt.NDArray[Any]

#: What the libraries below raise for files that are cut off, damaged, or not what they say to be.
DAMAGE: Final = (
    OSError,
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    MemoryError,
    zlib.error,
)


@contextmanager
def damage_named(place: str, path: str) -> Iterator[None]:
    """Turn what libraries raise for a damaged file into an error that names file and entry."""
    try:
        yield
    except SessionError:
        raise
    except DAMAGE as error:
        told = str(error).strip().split("\n")[0] or type(error).__name__
        raise SessionError(
            f"{place}: {path} cannot be read ({told}); the file is damaged or cut off, or something that it "
            "links to is not there: copy or download it again"
        ) from error


@dataclass(frozen=True)
class NwbFile:
    """An open NWB file.

    Parameters
    ----------
    place : str
        The file, for messages.
    catalog : object
        hdmf's catalogue of types, with those of the extensions that the file brings along.
    broken : frozenset of str
        Paths of links that lead nowhere.
    """

    place: str
    catalog: Any = field(repr=False)
    broken: frozenset[str] = frozenset()

    def types(self, builder: Any) -> tuple[str, ...]:
        """Return the type of a builder and all that it is a kind of, nearest first; () without a type."""
        name = builder.attributes.get("neurodata_type")
        if not name:
            return ()
        try:
            return tuple(self.catalog.get_hierarchy(builder.attributes.get("namespace", "core"), str(name)))
        except (LookupError, ValueError, TypeError):
            # an extension that the file does not bring along
            return (str(name),)


def child(group: Any, name: str) -> Any:
    """Return the dataset or group of a name, also where a link leads to it; None where there is none."""
    for kind in (group.datasets, group.groups):
        if kind.get(name) is not None:
            return kind[name]
    return next((link.builder for link in group.links.values() if link.name == name), None)


def stored_array(builder: Any) -> Any:
    """Return the array of a dataset, to be read by slices; None if it is a single value, or of references."""
    from hdmf.query import HDMFDataset

    data = None if builder is None else getattr(builder, "data", None)
    if data is None or isinstance(data, HDMFDataset) or not getattr(data, "shape", ()):
        return None
    if is_pickled(data):
        return None
    return data if np.dtype(data.dtype).kind in "biufOSU" else None


def single_value(value: Any, default: Any = None) -> Any:
    """Return the one value of an attribute or dataset; HDF5 and Zarr wrap them differently."""
    values = np.asarray(getattr(value, "data", value) if hasattr(value, "attributes") else value).ravel()
    if value is None or values.size == 0:
        return default
    one = values[0].item() if isinstance(values[0], np.generic) else values[0]
    return one.decode("utf-8", "replace") if isinstance(one, bytes) else one


def single_number(value: Any, default: float) -> float:
    """Return the one number of an attribute; the default where there is none.

    Raises
    ------
    ValueError, TypeError
        If it is no number.
    """
    return float(single_value(value, default))


def texts(values: Array) -> Array:
    """Return texts as a unicode array of the same shape."""
    said = [
        value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        for value in values.ravel().tolist()
    ]
    return np.array(said, dtype=np.str_).reshape(values.shape)


def read_stored(
    place: str,
    path: str,
    stored: Any,
    on_progress: OnProgress = ignore_progress,
    *,
    scale: float = 1.0,
    offset: float = 0.0,
    turned: bool = False,
) -> Array:
    """Read an array, in blocks into its place, so that no more than a block is in memory twice.

    Parameters
    ----------
    place, path : str
        The file and the entry, for messages.
    stored : h5py.Dataset or zarr.Array
        The array.
    on_progress : callable
        Told after each block; what it raises ends the reading.
    scale, offset : float
        Numbers become ``value * scale + offset``, float32 as float32, others as float64; they keep their
        type where that changes nothing.
    turned : bool
        Whether the array is to be the transpose of one in C order, for those who will transpose it.

    Raises
    ------
    SessionError
        If it is damaged, too large, or neither of numbers nor of texts.
    """
    with damage_named(place, path):
        shape, kind = tuple(map(int, stored.shape)), np.dtype(stored.dtype)
        absent = _absent(stored)
    if absent:
        raise SessionError(f"{place}: {path} is {absent}")
    is_text, is_same = kind.kind in "OSU", scale == 1 and offset == 0
    made = read_dtype(kind, scale, offset)
    n_bytes = int(np.prod(shape, dtype=object)) * made.itemsize
    with damage_named(place, path):
        refuse_empty_claim(place, path, n_bytes, _stored_bytes(stored, n_bytes))
    refuse_too_large(place, path, n_bytes)
    values = np.empty(shape[::-1], made).T if turned else np.empty(shape, made)
    done = 0
    for block in blocks(shape, getattr(stored, "chunks", None), made.itemsize) if values.size else ():
        with damage_named(place, path):
            values[block] = stored[block]
        part = values[block]
        if not is_text and not is_same:
            part *= scale
            part += offset
        done += part.size
        on_progress(done / values.size, f"reading {path}")
    return texts(values) if is_text else values


def read_dtype(kind: np.dtype[Any], scale: float = 1.0, offset: float = 0.0) -> np.dtype[Any]:
    """Return the type of an array as :func:`read_stored` returns it; object for texts."""
    if kind.kind in "OSU":
        return np.dtype(object)
    if (scale == 1 and offset == 0) or kind == np.float32:
        return kind.newbyteorder("=")
    return np.dtype(np.float64)


def _absent(stored: Any) -> str:
    """Return why values are not here: in other files, or pieces of a folder that are gone; "" if they are."""
    dataset = getattr(stored, "dset", stored)
    if isinstance(dataset, h5py.Dataset):
        return outside(dataset)
    here, all_pieces = getattr(stored, "nchunks_initialized", 1), getattr(stored, "nchunks", 1)
    if here < all_pieces:
        return f"incomplete: {all_pieces - here} of its {all_pieces} pieces are gone; copy the folder again"
    return ""


def _stored_bytes(stored: Any, n_bytes: int) -> int:
    """Return what an HDF5 file holds of an array before it is unpacked (bytes); a Zarr folder is whole."""
    dataset = getattr(stored, "dset", stored)
    return int(dataset.id.get_storage_size()) if isinstance(dataset, h5py.Dataset) else n_bytes
