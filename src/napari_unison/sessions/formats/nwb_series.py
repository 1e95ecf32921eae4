"""Series of NWB files: activity of regions of interest, positions, angles, and other values over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.formats.nwb_builders import (
    NwbFile,
    child,
    damage_named,
    read_dtype,
    read_stored,
    single_number,
    single_value,
    stored_array,
)
from napari_unison.sessions.formats.nwb_tables import events_entry, neuron_table
from napari_unison.sessions.importing.contents import (
    Entry,
    Intervals,
    OnProgress,
    Samples,
    other_entry,
    rate_of,
)

Array: TypeAlias = npt.NDArray[Any]

#: So many time stamps are read to tell the rate of a series.
_STAMPS_FOR_RATE: Final = 1000
#: A table of at most so many rows, and of far more columns, has its time along the columns.
_MOST_DIMENSIONS: Final = 4
_FAR_MORE: Final = 50

_OF_BEHAVIOUR: Final = frozenset(
    {"Position", "CompassDirection", "EyeTracking", "PupilTracking", "BehavioralTimeSeries"}
)
_NO_BEHAVIOUR: Final = frozenset(
    {"ElectricalSeries", "PatchClampSeries", "DecompositionSeries", "OptogeneticSeries"}
)


@dataclass(frozen=True)
class Timing:
    """When the samples of a series were taken: time stamps, or a first time and a rate."""

    stamps: Any = None
    start: float = 0.0
    rate: float | None = None

    def times(self, place: str, path: str, n_samples: int) -> npt.NDArray[np.float64]:
        """Return the time of each sample, s."""
        if self.stamps is not None:
            return read_stored(place, f"{path}/timestamps", self.stamps).astype(np.float64, copy=False)
        return np.asarray(self.start + np.arange(n_samples) / (self.rate or 1.0), dtype=np.float64)


def series_entry(file: NwbFile, path: str, series: Any, containers: tuple[str, ...]) -> Entry:
    """Describe a series.

    Parameters
    ----------
    file : NwbFile
        The file.
    path : str
        Its path.
    series : GroupBuilder
        The series.
    containers : tuple of str
        Types of what it stands in, such as "CompassDirection".
    """
    data = stored_array(child(series, "data"))
    if data is None:
        return other_entry(path, file.place, "a series without values" + _broken(file, path, "data"))
    with damage_named(file.place, path):
        timing, problem = _timing(file, path, series, tuple(data.shape))
    if timing is None:
        return other_entry(path, file.place, problem)
    types = file.types(series)
    if "BehavioralEvents" in containers and timing.stamps is not None:
        return events_entry(file, path, child(series, "timestamps"))
    if "IntervalSeries" in types and timing.stamps is not None:
        return _interval_series(file, path, data, timing)
    return _sampled(file, path, series, timing, _role(types, containers, path), containers)


def _sampled(
    file: NwbFile,
    path: str,
    series: Any,
    timing: Timing,
    role: Literal["neural", "behaviour", ""],
    containers: tuple[str, ...],
) -> Entry:
    attributes = child(series, "data").attributes
    data = stored_array(child(series, "data"))
    shape = tuple(map(int, data.shape))
    rois = child(series, "rois") if role == "neural" else None
    axis = _time_axis(shape, timing, stored_array(rois))
    narrow = len(shape) == 1 or (len(shape) == 2 and shape[1 - axis] == 1)
    kind = np.dtype(data.dtype)
    with damage_named(file.place, path):
        scale = single_number(attributes.get("conversion"), 1.0)
        offset = single_number(attributes.get("offset"), 0.0)
        rate = timing.rate if timing.stamps is None else rate_of(timing.stamps[:_STAMPS_FOR_RATE])

    def read(on_progress: OnProgress) -> Samples:
        time = timing.times(file.place, path, shape[axis])
        values = read_stored(
            file.place, path, data, on_progress, scale=scale, offset=offset, turned=axis == 1
        )
        return Samples(values, time, _neurons_of(file, path, rois, shape, axis))

    return Entry(
        path,
        "series",
        shape,
        "str" if kind.kind in "OSU" else str(read_dtype(kind, scale, offset)),
        read,
        unit=_unit(attributes.get("unit")),
        rate=rate,
        time_axis=axis,
        role=role,
        is_circular="CompassDirection" in containers and narrow,
        description=str(single_value(series.attributes.get("description"), "")),
    )


def _timing(file: NwbFile, path: str, series: Any, shape: tuple[int, ...]) -> tuple[Timing | None, str]:
    """Return when samples were taken, or why that cannot be told."""
    if 0 in shape:
        return None, f"a series of shape {shape}, which is empty"
    builder = child(series, "timestamps")
    stamps = stored_array(builder)
    if stamps is not None:
        if len(stamps.shape) != 1 or stamps.shape[0] not in shape[:2] or stamps.dtype.kind not in "iuf":
            return None, f"a series of shape {shape} with time stamps of shape {tuple(stamps.shape)}"
        return Timing(stamps), ""
    starting = child(series, "starting_time")
    rate = 0.0 if starting is None else single_number(starting.attributes.get("rate"), 0.0)
    if not (np.isfinite(rate) and rate > 0):
        broken = _broken(file, path, "timestamps")
        return None, f"a series with neither time stamps nor a rate{broken}, so nobody knows its times"
    return Timing(start=single_number(starting, 0.0), rate=rate), ""


def _broken(file: NwbFile, path: str, name: str) -> str:
    return f" ({name} is a link that leads nowhere)" if f"{path}/{name}" in file.broken else ""


def _role(
    types: tuple[str, ...], containers: tuple[str, ...], path: str
) -> Literal["neural", "behaviour", ""]:
    """Return what the format says of a series; of what was merely acquired it says nothing."""
    if "RoiResponseSeries" in types:
        return "neural"
    if {"ElectricalSeries", "PatchClampSeries", "DecompositionSeries", "OptogeneticSeries"}.intersection(
        types
    ):
        return ""
    of_behaviour = {"Position", "CompassDirection", "EyeTracking", "PupilTracking", "BehavioralTimeSeries"}
    told = "SpatialSeries" in types or bool(of_behaviour.intersection(containers))
    return "behaviour" if told or path.startswith(("processing/behav", "stimulus")) else ""


def _time_axis(shape: tuple[int, ...], timing: Timing, rois: Any) -> int:
    """Return the axis of time: the first, as the format wants it, unless the file was written transposed."""
    if len(shape) != 2:
        return 0
    n_samples = None if timing.stamps is None else int(timing.stamps.shape[0])
    n_neurons = None if rois is None else int(rois.shape[0])
    first = n_samples in (None, shape[0]) and n_neurons in (None, shape[1])
    second = n_samples in (None, shape[1]) and n_neurons in (None, shape[0])
    if first != second:
        return 0 if first else 1
    if n_samples is not None:
        # the table of regions fits neither way, or both axes are as long
        return 0 if shape[0] == n_samples else 1
    few, many = shape
    return 1 if rois is None and few <= _MOST_DIMENSIONS and many > _FAR_MORE * few else 0


def _neurons_of(file: NwbFile, path: str, rois: Any, shape: tuple[int, ...], axis: int) -> dict[str, Array]:
    """Return what the table of regions of interest says of each column of activity."""
    table = None if rois is None else rois.attributes.get("table")
    if table is None or stored_array(rois) is None or len(shape) > 2:
        return {}
    rows = read_stored(file.place, f"{path}/rois", stored_array(rois))
    n_neurons = shape[1 - axis] if len(shape) == 2 else 1
    if rows.shape != (n_neurons,) or rows.dtype.kind not in "iu":
        raise SessionError(
            f"{file.place}: {path} has {n_neurons} columns of activity, and names {rows.size} regions of "
            "interest; one a column is needed"
        )
    return neuron_table(file, f"{path}/rois/{table.name}", table, rows)


def _interval_series(file: NwbFile, path: str, data: Any, timing: Timing) -> Entry:
    """Describe intervals that are stored as moments at which something begins (> 0) or ends (< 0)."""

    def read(on_progress: OnProgress) -> Intervals:
        changes = read_stored(file.place, path, data, on_progress)
        time = timing.times(file.place, path, len(changes))
        start, stop = time[changes > 0], time[changes < 0]
        if changes.ndim != 1 or len(start) != len(stop) or (stop < start).any():
            raise SessionError(f"{file.place}: {path} does not begin and end in turn")
        return Intervals(start, stop)

    return Entry(path, "intervals", (int(data.shape[0]) // 2,), "float64", read, role="behaviour")


def _unit(value: Any) -> str:
    unit = str(single_value(value, "")).strip()
    return "" if unit.lower() in ("unknown", "n/a", "na", "none", "no unit") else unit
