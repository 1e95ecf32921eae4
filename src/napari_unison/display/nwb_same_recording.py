"""Whether an NWB file is the recording that a session was made of.

A session does not know its file. But a recording has a time, a number of neurons and an activity, and those
of a session that was made of it go along with them, whatever was left out, binned or smoothed on the way.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_unison.display.export import ExportError
from napari_unison.sessions import Session
from napari_unison.sessions.writing.nwb_parts import MODULE
from napari_unison.sessions.writing.nwb_reading import named_session
from napari_unison.sessions.writing.nwb_sessions import ACTIVITY

Array: TypeAlias = npt.NDArray[Any]

#: Stretches of a session over which activity is summed before it is compared: smoothing hardly matters then.
_STRETCHES: Final = 40
#: Shorter stretches (s) would feel smoothing.
_SHORTEST: Final = 2.0
#: Fewer stretches with activity in them tell nothing of a neuron.
_FEWEST_STRETCHES: Final = 10
#: The same activity correlates at least so much (median over neurons), whatever the bins.
_SAME: Final = 0.8
#: Of activity as samples, so many are compared at most: the largest files must not be read whole.
_MOST_SAMPLES: Final = 2_000_000
#: A session may end this much later than what its file holds (s).
_MARGIN: Final = 1.0


def refuse_other_session(origin: Path, recording: Session) -> None:
    """Refuse a file that was written of another session; one that was renamed since has the same neurons.

    Raises
    ------
    ExportError
        If it names another session with another number of neurons.
    """
    known = named_session(origin)
    if known is not None and known[0] != recording.name and known[1] != recording.n_neurons:
        raise ExportError(
            f"{origin} is the recording of session {known[0]!r} with {known[1]} neurons, not of "
            f"{recording.name!r} with {recording.n_neurons}"
        )


def refuse_other_recording(pynwb: Any, nwb: Any, origin: Path, recording: Session) -> None:
    """Refuse a file that the session cannot have been made of.

    Parameters
    ----------
    pynwb : module
        The library.
    nwb : pynwb.NWBFile
        What the file holds.
    origin : Path
        The file, for messages.
    recording : Session
        The session.

    Raises
    ------
    ExportError
        If the session lies at another time, has more neurons than the file, or another activity. A file
        without neurons is asked for its time alone: activity may stand in a companion of it.
    """
    _refuse_other_time(pynwb, nwb, origin, recording)
    widths, compared = [], []
    for width, sums in _activities(pynwb, nwb, recording):
        widths.append(width)
        if sums is not None:
            compared.append(_likeness(sums, _summed(recording.neural, recording)))
    if widths and max(widths) < recording.n_neurons:
        raise ExportError(
            f"{origin} holds {max(widths)} neurons, session {recording.name!r} has {recording.n_neurons}: "
            "give the file that the session came from"
        )
    told = [likeness for likeness in compared if likeness is not None]
    if told and max(told) < _SAME:
        raise ExportError(
            f"{origin} holds another activity than session {recording.name!r} (their correlation over time "
            f"is {max(told):.2f}, that of one recording 1): give the file that the session came from"
        )


def _refuse_other_time(pynwb: Any, nwb: Any, origin: Path, recording: Session) -> None:
    series = [part for part in nwb.objects.values() if isinstance(part, pynwb.TimeSeries)]
    spans = [span for span in map(_span, series) if span is not None]
    for table in nwb.objects.values():
        if isinstance(table, pynwb.epoch.TimeIntervals) and len(table):
            spans.append((float(np.min(table["start_time"][:])), float(np.max(table["stop_time"][:]))))
    if not spans:
        return
    first, last = min(start for start, _ in spans), max(stop for _, stop in spans)
    if units := _spike_times(nwb):
        flat = np.concatenate(units)
        if flat.size:
            first, last = min(first, float(flat.min())), max(last, float(flat.max()))
    margin = max(_MARGIN, recording.bin_width)
    if recording.time[0] < first - margin or recording.time[-1] > last + margin:
        raise ExportError(
            f"{origin} was recorded from {first:g} to {last:g} s, session {recording.name!r} from "
            f"{recording.time[0]:g} to {recording.time[-1]:g} s: give the file that the session came from"
        )


def _span(series: Any) -> tuple[float, float] | None:
    """Return from when to when a series was recorded (s); None where it holds nothing."""
    length = max(np.shape(series.data), default=0)
    if not length:
        return None
    if series.timestamps is not None:
        return float(series.timestamps[0]), float(series.timestamps[-1])
    if not series.rate:
        return None
    # the longest axis, since some files have their series lying on the side
    first = float(series.starting_time)
    return first, first + length / float(series.rate)


def _activities(pynwb: Any, nwb: Any, recording: Session) -> Iterator[tuple[int, Array | None]]:
    """Give the number of neurons of each activity in the file, and what they do in stretches of the session.

    The sums (stretches, N) are None where it is not known which neuron is which, or where there is too much
    to read.
    """
    ids = [int(number) for number in nwb.units.id[:]] if nwb.units is not None else []
    times = _spike_times(nwb)
    if times:
        rows = _rows_of(recording, ids)
        yield len(times), None if rows is None else _counted([times[row] for row in rows], recording)
    for part in nwb.objects.values():
        is_roi = isinstance(part, pynwb.ophys.RoiResponseSeries)
        is_ours = part.name == ACTIVITY and getattr(part.parent, "name", "") == MODULE
        if not (is_roi or is_ours):
            continue
        shape = np.shape(part.data)
        if len(shape) != 2:
            continue
        axis = int(is_roi and shape[0] < shape[1] and shape[0] == len(part.rois.data))
        rows = _rows_of(recording, list(range(shape[1 - axis])))
        is_large = shape[0] * shape[1] > _MOST_SAMPLES
        yield shape[1 - axis], None if rows is None or is_large else _sampled(part, axis, rows, recording)


def _spike_times(nwb: Any) -> list[Array]:
    if nwb.units is None or "spike_times" not in nwb.units.colnames:
        return []
    return [np.asarray(nwb.units["spike_times"][row]) for row in range(len(nwb.units))]


def _rows_of(recording: Session, ids: list[int]) -> list[int] | None:
    """Return which rows of a file's table the neurons of the session are; None where it cannot be told."""
    if recording.n_neurons == len(ids):
        return list(range(len(ids)))
    ours = np.asarray(recording.neurons["id"])
    if ours.dtype.kind not in "iu" or not set(ours.tolist()) <= set(ids):
        return None
    return [ids.index(number) for number in ours.tolist()]


def _counted(times: list[Array], recording: Session) -> Array:
    """Return the spikes in stretches of the session's bins."""
    counts = np.zeros((recording.n_bins, len(times)))
    for neuron, spikes in enumerate(times):
        # a little later than its edge, since a bin's time is rounded
        bins = np.searchsorted(recording.time, spikes + 1e-9, side="right") - 1
        inside = (bins >= 0) & (spikes < recording.time[bins.clip(0)] + recording.bin_width)
        counts[:, neuron] = np.bincount(bins[inside], minlength=recording.n_bins)
    return _summed(counts, recording)


def _sampled(part: Any, axis: int, rows: list[int], recording: Session) -> Array:
    """Return the mean of samples in stretches of the session's bins."""
    values = np.asarray(part.data[:]) if axis == 0 else np.asarray(part.data[:]).T
    if part.timestamps is not None:
        time = np.asarray(part.timestamps[:])
    else:
        time = float(part.starting_time) + np.arange(len(values)) / float(part.rate)
    cumulated = np.concatenate([np.zeros((1, len(rows))), np.cumsum(values[:, rows], axis=0, dtype=float)])
    half = recording.bin_width / 1e3
    first = np.searchsorted(time, recording.time - half)
    last = np.searchsorted(time, recording.time + recording.bin_width - half)
    means = (cumulated[last] - cumulated[first]) / np.maximum(last - first, 1)[:, None]
    return _summed(means, recording)


def _summed(neural: Any, recording: Session) -> Array:
    """Return activity (T, N) summed over stretches of the session's bins."""
    n_stretches = min(recording.n_bins, _STRETCHES, int(recording.duration // _SHORTEST) + 1)
    edges = np.linspace(0, recording.n_bins, n_stretches + 1).astype(np.int64)
    rows = [
        np.asarray(neural[start:stop].sum(axis=0, dtype=np.float64)).ravel()
        for start, stop in pairwise(edges)
    ]
    return np.array(rows)


def _likeness(theirs: Array, ours: Array) -> float | None:
    """Return how alike the course of activity is, the median correlation over neurons; None if untold."""
    if len(ours) < _FEWEST_STRETCHES or theirs.shape != ours.shape:
        return None
    if not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        return None
    ours, theirs = ours - ours.mean(axis=0), theirs - theirs.mean(axis=0)
    size = np.linalg.norm(ours, axis=0) * np.linalg.norm(theirs, axis=0)
    active = np.linalg.norm(ours, axis=0) > 0
    if not active.any():
        return None
    alike = (ours * theirs).sum(axis=0)[active] / np.where(size[active] > 0, size[active], np.inf)
    return float(np.median(alike))
