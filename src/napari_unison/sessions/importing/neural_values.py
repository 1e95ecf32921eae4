"""Neural activity on time bins, from spike times, from a series, or from an array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.importing.binning import Seconds, bin_edges, bin_samples, count_spikes
from napari_unison.sessions.importing.clocks import (
    refuse_columns_of_spike_times,
    require_sampled_in_seconds,
    require_seconds,
    said_with_unit,
)
from napari_unison.sessions.importing.columns_side_by_side import read_side_by_side
from napari_unison.sessions.importing.contents import (
    Entry,
    Events,
    OnProgress,
    Samples,
    SparseSamples,
    Spikes,
)
from napari_unison.sessions.importing.mapping import FileMapping
from napari_unison.sessions.importing.named_times import (
    SAME_WIDTH,
    list_of_numbers,
    read_times,
    unnamed_times,
)
from napari_unison.sessions.importing.opened import OpenedFiles

Array: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True)
class NeuralBins:
    """Activity on time bins.

    Parameters
    ----------
    neural : ndarray or csr_array (T, N)
        Activity.
    time : ndarray (T,)
        Start of each bin, s.
    at : ndarray (T,)
        The moment whose label a bin gets: its middle, or when its sample was taken.
    bin_width : float
        s.
    known : ndarray of bool (T,)
        Bins with activity.
    neurons : mapping of str to ndarray
        Table with one row a neuron.
    """

    neural: Any
    time: Seconds
    at: Seconds
    bin_width: float
    known: npt.NDArray[np.bool_]
    neurons: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Activity:
    """Activity as recorded: spikes, or samples with their times."""

    spikes: Spikes | None = None
    values: Array | sparse.csr_array[Any, tuple[int, int]] | None = None
    sample_time: Seconds | None = None
    neurons: Mapping[str, Array] = field(default_factory=dict)


def read_activity(
    files: OpenedFiles, mapping: FileMapping, label_lengths: Sequence[int], on_progress: OnProgress
) -> Activity:
    """Read the neural activity of a file.

    Parameters
    ----------
    files : OpenedFiles
        The file and its companions.
    mapping : FileMapping
        Which entries are neural.
    label_lengths : sequence of int
        Numbers of samples of the labels that have no times: where the axis of time of an array is known from.
    on_progress : callable
        Told while it is read.

    Raises
    ------
    SessionError
        If entries do not go together, or the axis of time cannot be told.
    """
    entries = files.entries(mapping.neural)
    if len(entries) == 1:
        return _one(files, mapping, entries[0], label_lengths, on_progress)
    return _side_by_side(files, mapping, entries, on_progress)


def _one(
    files: OpenedFiles,
    mapping: FileMapping,
    entry: Entry,
    label_lengths: Sequence[int],
    on_progress: OnProgress,
) -> Activity:
    is_turned = (
        entry.read_turned is not None
        and len(entry.shape) == 2
        and _time_axis(files, mapping, entry, entry.shape, label_lengths) == 1
    )
    if is_turned and entry.read_turned is not None:
        values = entry.read_turned(on_progress)
    else:
        values = files.read(entry, on_progress)
    if isinstance(values, Spikes):
        return Activity(spikes=_in_seconds(values, mapping.sampling_rate), neurons=values.neurons)
    if mapping.spike_ids:
        moments = values.time if isinstance(values, Events) else list_of_numbers(entry, values)
        return _sorted_spikes(files, mapping, entry, moments)
    if not isinstance(values, Samples | SparseSamples):
        raise SessionError(
            f"{files.contents.place}: {entry.path} ({entry.kind}) is no neural activity; name an array, a "
            "series "
            "or spike times"
        )
    table: Any = values.values
    if table.dtype.kind not in "biuf":
        raise SessionError(
            f"{files.contents.place}: {entry.path} holds {table.dtype}; activity is real numbers"
        )
    if table.ndim == 1:
        table = table[:, None]
    if table.ndim != 2:
        raise SessionError(
            f"{files.contents.place}: {entry.path} has shape {table.shape}; neural activity has two axes, "
            "time "
            "and neurons"
        )
    time = getattr(values, "time", None) if not mapping.time else read_times(files, mapping.time)
    lengths = label_lengths if time is None else [len(time)]
    has_two = values.values.ndim == 2 and not is_turned
    if has_two and _time_axis(files, mapping, entry, table.shape, lengths) == 1:
        table = table.T
    if time is not None and len(time) != table.shape[0]:
        raise SessionError(
            f"{files.contents.place}: {entry.path} has {table.shape[0]} time bins (shape {table.shape}), but "
            "there are "
            f"{len(time)} times; give orientation, or the times that belong to it"
        )
    if time is None and mapping.bin_width is not None:
        time = unnamed_times(files.contents, entry.path, table.shape[0], mapping.bin_width)
    if time is None:
        refuse_columns_of_spike_times(table, f"{files.contents.place}: {entry.path}")
    if isinstance(values, Samples):
        table = _owned(table)
    return Activity(values=table, sample_time=time, neurons=getattr(values, "neurons", {}))


def _time_axis(
    files: OpenedFiles, mapping: FileMapping, entry: Entry, shape: tuple[int, ...], lengths: Sequence[int]
) -> int:
    """Return which of two axes is time; `lengths` are those of what has one value for each time bin."""
    if mapping.orientation != "auto":
        return 0 if mapping.orientation == "bins × neurons" else 1
    if entry.time_axis is not None:
        return entry.time_axis
    known = [len(read_times(files, mapping.time))] if mapping.time else lengths
    return _axis_of_time(f"{files.contents.place}: {entry.path}", shape, known)


def _in_seconds(spikes: Spikes, sampling_rate: float) -> Spikes:
    if sampling_rate == 1:
        return spikes
    observed = None if spikes.observed is None else spikes.observed / sampling_rate
    return Spikes(tuple(times / sampling_rate for times in spikes.times), spikes.neurons, observed)


def _owned(table: Array) -> Array:
    """Return the table so that a session need not copy it, where nobody else holds it."""
    whole = table.base
    turned_back = type(whole) is np.ndarray and (whole.shape, whole.strides) == (table.shape, table.strides)
    if isinstance(whole, np.ndarray) and turned_back and whole.dtype == table.dtype:
        # a table that was read turned, and is turned back here, is what was filled at first
        table = whole
    if table.base is None and table.flags.c_contiguous and table.flags.owndata:
        table.flags.writeable = False
    return table


def _axis_of_time(place: str, shape: tuple[int, ...], lengths: Sequence[int]) -> int:
    if not lengths:
        if shape[0] == shape[1]:
            raise SessionError(f"{place} has shape {shape}: say which axis is time with orientation")
        return 0 if shape[0] > shape[1] else 1
    fits = [axis for axis in (0, 1) if all(shape[axis] == length for length in lengths)]
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise SessionError(
            f"{place} is square ({shape[0]} × {shape[1]}), so its axis of time cannot be told: give "
            "orientation"
        )
    raise SessionError(
        f"{place} has shape {shape}, and the labels have {', '.join(map(str, sorted(set(lengths))))} "
        "values; one "
        "axis must have as many: choose labels of the same time bins, or name their times with time"
    )


def _side_by_side(
    files: OpenedFiles, mapping: FileMapping, entries: list[Entry], on_progress: OnProgress
) -> Activity:
    ids = [entry.name for entry in entries]
    names = {"id": np.array(ids)} if len(set(ids)) == len(ids) else {}
    if all(entry.kind == "events" for entry in entries):
        moments = [files.read(entry, on_progress) for entry in entries]
        times = tuple(values.time for values in moments if isinstance(values, Events))
        return Activity(spikes=Spikes(times, names), neurons=names)
    table, time = read_side_by_side(files.contents.place, entries, on_progress)
    if mapping.time:
        time = read_times(files, mapping.time)
    if time is None:
        refuse_columns_of_spike_times(table, files.contents.place)
    return Activity(values=_owned(table), sample_time=time, neurons=names)


def _sorted_spikes(files: OpenedFiles, mapping: FileMapping, entry: Entry, moments: Seconds) -> Activity:
    ids_entry = files.entry(mapping.spike_ids)
    ids = files.read(ids_entry)
    if not isinstance(ids, Samples) or ids.values.squeeze().shape != moments.shape:
        raise SessionError(
            f"{files.contents.place}: {ids_entry.path} has shape {ids_entry.shape}, and there are "
            f"{len(moments)} "
            f"spikes in {entry.path}; one neuron for each spike is needed"
        )
    known, which = np.unique(ids.values.squeeze(), return_inverse=True)
    order = np.argsort(which, kind="stable")
    borders = np.searchsorted(which[order], np.arange(1, len(known)))
    times = np.split((moments / mapping.sampling_rate)[order], borders)
    names = {"id": known}
    return Activity(spikes=Spikes(tuple(times), names), neurons=names)


def sample_times(activity: Activity, mapping: FileMapping, place: str) -> Seconds | None:
    """Return when the activity was sampled, s; None for spikes.

    Raises
    ------
    SessionError
        If an array has neither times nor a bin width.
    """
    if activity.values is None or activity.sample_time is not None:
        return activity.sample_time
    if mapping.bin_width is None:
        raise SessionError(
            f"{place}: the neural array has no times; give bin_width (s), or name the entry that holds its "
            "times "
            "with time"
        )
    return np.asarray(mapping.bin_width * np.arange(activity.values.shape[0]), dtype=np.float64)


def bin_activity(
    activity: Activity, mapping: FileMapping, span: tuple[float, float] | None, place: str
) -> NeuralBins:
    """Bring activity onto time bins.

    Parameters
    ----------
    activity : Activity
        As recorded.
    mapping : FileMapping
        With the bin width.
    span : (float, float), optional
        First and last moment of bins of spikes, s; from the first to the last spike unless given.
    place : str
        The file, for messages.

    Raises
    ------
    SessionError
        If there is no bin width for spikes, or no bin.
    """
    if activity.spikes is not None:
        return _binned_spikes(activity.spikes, mapping, span, place)
    time = sample_times(activity, mapping, place)
    if activity.values is None or time is None or len(time) == 0:
        raise SessionError(f"{place}: the neural activity has no time bin")
    steps = np.diff(time)
    step = float(np.median(steps)) if len(steps) else mapping.bin_width
    if not step or step <= 0:
        raise SessionError(f"{place}: the times of the neural activity do not rise; give bin_width (s)")
    if mapping.bin_width is None:
        require_sampled_in_seconds(step, place, mapping.time)
    width = mapping.bin_width or step
    if width < step * (1 - SAME_WIDTH):
        raise SessionError(
            f"{place}: the activity was sampled every {step:g} s, so bins of {width:g} s would mostly be "
            "empty: give a larger bin_width, or none. If its times are in another unit, "
            f"{said_with_unit(mapping.time)}"
        )
    if width > step * (1 + SAME_WIDTH):
        edges = bin_edges(time[0], time[-1] + step, width)
        require_seconds(width, step, len(edges) - 1, place)
        neural, known = bin_samples(time, activity.values, edges)
        middles = edges[:-1] + width / 2
        return NeuralBins(neural, edges[:-1], middles, width, known, activity.neurons)
    require_seconds(width, None if activity.sample_time is None else step, len(time), place)
    every = np.ones(len(time), np.bool_)
    return NeuralBins(activity.values, time, time, width, every, activity.neurons)


def _binned_spikes(
    spikes: Spikes, mapping: FileMapping, span: tuple[float, float] | None, place: str
) -> NeuralBins:
    if mapping.bin_width is None:
        raise SessionError(f"{place}: spike times need bin_width (s), such as 0.025")
    if not spikes.times:
        raise SessionError(f"{place}: there are no neurons")
    if span is None:
        present = [times for times in spikes.times if len(times)]
        if not present:
            raise SessionError(f"{place}: there is no spike")
        span = (min(float(t.min()) for t in present), max(float(t.max()) for t in present))
    try:
        edges = bin_edges(*span, mapping.bin_width)
        counts = count_spikes(spikes.times, edges)
    except SessionError as error:
        raise SessionError(f"{place}: {error}") from error
    require_seconds(mapping.bin_width, None, len(edges) - 1, place)
    time, middles = edges[:-1], edges[:-1] + mapping.bin_width / 2
    known = np.ones(len(time), np.bool_)
    if spikes.observed is not None and len(spikes.observed):
        known = np.zeros(len(time), np.bool_)
        for start, stop in spikes.observed:
            known |= (middles >= start) & (middles <= stop)
    return NeuralBins(counts, time, middles, mapping.bin_width, known, spikes.neurons)
