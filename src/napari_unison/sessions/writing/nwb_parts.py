"""Parts of NWB files: names that HDF5 takes, series on a clock of bins, tables of keys and values."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.labels import LabelKind

Array = npt.NDArray[Any]

#: The processing module with what this package adds to a file.
MODULE: Final = "unison"
#: Unit of what has none: arbitrary units.
ARBITRARY: Final = "a.u."
#: What NWB calls the units of a position.
_LENGTHS: Final = {
    "m": "meters",
    "meters": "meters",
    "metres": "meters",
    "cm": "centimeters",
    "mm": "millimeters",
    "um": "micrometers",
    "µm": "micrometers",
    "pixels": "pixels",
    "px": "pixels",
}
#: Bytes of activity that are turned dense at once.
_BYTES_AT_ONCE: Final = 16_000_000
#: Arrays of fewer bytes are not worth the time of packing.
_WORTH_PACKING: Final = 4_000
#: Categories that a description lists.
_MOST_TOLD: Final = 50


def need_pynwb() -> Any:
    """Return pynwb.

    Raises
    ------
    SessionError
        If it is not installed; the message says how it is.
    """
    try:
        import pynwb
    except ImportError as error:
        raise SessionError('NWB needs pynwb: pip install "napari-unison[nwb]"') from error
    return pynwb


def object_name(name: str, taken: Collection[str] = ()) -> str:
    """Return a name that can stand in an HDF5 file: no "/", ":" or control characters, none twice.

    Parameters
    ----------
    name : str
        Any text.
    taken : collection of str
        Names that stand beside it.
    """
    plain = re.sub(r"[/:\\\x00-\x1f\x7f]", "-", name.encode("utf-8", "replace").decode()).strip()
    plain = plain if plain.strip(".") else "unnamed"
    unused, number = plain, 1
    while unused in taken:
        number += 1
        unused = f"{plain} ({number})"
    return unused


@dataclass(frozen=True)
class Clock:
    """When the rows of a series begin.

    Parameters
    ----------
    fields : mapping of str to object
        What pynwb's series take: ``starting_time`` (s) and ``rate`` (Hz), or ``timestamps``: an array (s), or
        the series that has it.
    """

    fields: Mapping[str, Any]

    @classmethod
    def of_bins(cls, time: npt.NDArray[np.float64], bin_width: float, *, is_regular: bool) -> Clock:
        """Return the clock of bins that begin at ``time`` (s)."""
        if is_regular:
            return cls({"starting_time": float(time[0]), "rate": 1 / bin_width})
        return cls({"timestamps": packed(time)})

    def shared(self, series: Any) -> Clock:
        """Return the clock that takes the times of a series, so that they stand in the file once."""
        return self if "rate" in self.fields else Clock({"timestamps": series})


def packed(values: Array) -> Any:
    """Return an array as it is written: compressed, if it is large enough."""
    from hdmf.backends.hdf5.h5_utils import H5DataIO

    if values.nbytes < _WORTH_PACKING:
        return values
    return H5DataIO(values, compression="gzip", compression_opts=4, shuffle=True)


def packed_sparse(table: sparse.csr_array[Any, tuple[int, int]]) -> Any:
    """Return a sparse table as it is written: dense and compressed, a block of rows after the other."""
    from hdmf.backends.hdf5.h5_utils import H5DataIO
    from hdmf.data_utils import DataChunkIterator

    n_bins, n_neurons = table.shape
    if n_bins * n_neurons * table.dtype.itemsize < _WORTH_PACKING:
        return table.toarray()
    rows = max(1, min(n_bins, _BYTES_AT_ONCE // (n_neurons * table.dtype.itemsize)))
    chunk = (max(1, min(n_bins, 64_000 // n_neurons)), n_neurons)
    blocks = (row for first in range(0, n_bins, rows) for row in table[first : first + rows].toarray())
    data = DataChunkIterator(
        data=blocks, maxshape=table.shape, dtype=table.dtype, buffer_size=rows, iter_axis=0
    )
    return H5DataIO(data, compression="gzip", compression_opts=4, shuffle=True, chunks=chunk)


@dataclass(frozen=True)
class Quantity:
    """What was measured: its name in the file, kind, unit, and the words about it.

    Parameters
    ----------
    name : str
        Of the series, as :func:`object_name` returns it.
    kind : {"continuous", "circular", "discrete"}
        Kind of the label.
    unit : str
        Its unit; empty where it is not known.
    description : str
        A sentence.
    comments : str
        What else there is to say.
    """

    name: str
    kind: LabelKind
    unit: str
    description: str
    comments: str = "no comments"


def label_series(values: Array, quantity: Quantity, clock: Clock) -> Any:
    """Return a label as NWB has it: a position or an angle as SpatialSeries, all else as TimeSeries.

    Texts become numbers of their categories, which the description lists.

    Parameters
    ----------
    values : ndarray, shape (T,) or (T, k)
        The label.
    quantity : Quantity
        What it is.
    clock : Clock
        When its bins begin.
    """
    pynwb = need_pynwb()
    fields: dict[str, Any] = {"name": quantity.name, "comments": quantity.comments, **clock.fields}
    if quantity.kind == "circular":
        return pynwb.behavior.SpatialSeries(
            data=packed(values),
            unit="radians",
            reference_frame="not known",
            description=quantity.description,
            **fields,
        )
    description = quantity.description
    if values.dtype.kind == "U":
        categories, values = coded(values)
        description = f"{description} Codes: {in_words(categories)}"
    if is_position(values, quantity):
        return pynwb.behavior.SpatialSeries(
            data=packed(values),
            unit=_LENGTHS[quantity.unit],
            reference_frame="not known",
            description=description,
            **fields,
        )
    return pynwb.TimeSeries(
        data=packed(values), unit=quantity.unit or ARBITRARY, description=description, **fields
    )


def is_position(values: Array, quantity: Quantity) -> bool:
    """Return whether NWB would call a label a position: one to three lengths."""
    columns = values.shape[1] if values.ndim == 2 else 1
    return quantity.kind == "continuous" and quantity.unit in _LENGTHS and columns <= 3


def coded(texts: Array) -> tuple[list[str], Array]:
    """Return the categories of texts in order, and the number of each text's category."""
    categories, codes = np.unique(texts, return_inverse=True)
    smallest = np.min_scalar_type(max(len(categories) - 1, 0))
    return categories.tolist(), codes.reshape(texts.shape).astype(smallest)


def in_words(categories: list[str]) -> str:
    """Return which number stands for which category."""
    told = ", ".join(f"{number} = {text!r}" for number, text in enumerate(categories[:_MOST_TOLD]))
    left = len(categories) - _MOST_TOLD
    return (f"{told}, and {left} more." if left > 0 else f"{told}.").encode("utf-8", "replace").decode()


def table_of(name: str, description: str, rows: Mapping[str, str]) -> Any:
    """Return a table of keys and values."""
    from hdmf.common import DynamicTable, VectorData

    return DynamicTable(
        name=name,
        description=description,
        columns=[
            VectorData(name="key", description="What is told.", data=list(rows)),
            VectorData(name="value", description="It, as text.", data=list(rows.values())),
        ],
    )


def module_of(nwb: Any, name: str, description: str) -> Any:
    """Return a processing module of an NWB file, made if it is not there."""
    if name in nwb.processing:
        return nwb.processing[name]
    return nwb.create_processing_module(name=name, description=description)
