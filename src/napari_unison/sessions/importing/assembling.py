"""From what a file holds, and a mapping, to sessions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.importing.binning import Seconds, smooth_over_time
from napari_unison.sessions.importing.clocks import labels_range, range_of, require_one_clock, shared_range
from napari_unison.sessions.importing.contents import (
    Contents,
    Intervals,
    OnProgress,
    Samples,
    ignore_progress,
)
from napari_unison.sessions.importing.interval_times import interval_of
from napari_unison.sessions.importing.joined_parts import put_parts_together
from napari_unison.sessions.importing.label_values import LabelValues, Source, label_in_bins
from napari_unison.sessions.importing.made_labels import lap_number, running_direction, speed
from napari_unison.sessions.importing.mapping import FileMapping, LabelMapping
from napari_unison.sessions.importing.named_times import read_times
from napari_unison.sessions.importing.neural_values import (
    Activity,
    NeuralBins,
    bin_activity,
    read_activity,
    sample_times,
)
from napari_unison.sessions.importing.opened import OpenedFiles, opened
from napari_unison.sessions.importing.segment_borders import segments_in_bins
from napari_unison.sessions.segments import segment_of_times, stretches
from napari_unison.sessions.session import Session

Bools: TypeAlias = npt.NDArray[np.bool_]


def sessions_from(
    contents: Contents,
    mapping: FileMapping,
    *,
    on_progress: OnProgress | None = None,
    companions: Mapping[str, Contents] | None = None,
) -> list[Session]:
    """Make the sessions of a file.

    Parameters
    ----------
    contents : Contents
        The open file.
    mapping : FileMapping
        What of it is neural activity, and what a label.
    on_progress : callable, optional
        Told the share that is done, and what is read. What it raises ends the reading.
    companions : mapping of str to Contents, optional
        Files of ``mapping.beside`` that are open already, and stay so; the others are opened and closed.

    Returns
    -------
    list of Session
        One, or one for each combination of ``mapping.each``.

    Raises
    ------
    SessionError
        If something does not fit; the message names the file and the entry.
    """
    tell = on_progress or ignore_progress
    choices = _choices(mapping)
    made: list[Session] = []
    with opened(contents, mapping, companions) as files:
        for number, (said, stand_for) in enumerate(choices):
            scaled = _part_of(tell, number, len(choices))
            try:
                name = files.with_filled(said).fill(mapping.name)
                made.append(_session(files.with_filled(stand_for), mapping, name, scaled))
            except SessionError as error:
                told = str(error)
                raise (
                    error if contents.place in told else SessionError(f"{contents.place}: {told}")
                ) from error
    tell(1.0, "done")
    names = [session.name for session in made]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SessionError(
            f"{contents.place}: the mapping names several sessions {twice[0]!r}; put what tells them apart "
            "into "
            f"name, in braces: {', '.join('{' + key + '}' for key in mapping.each)}"
        )
    return made


def _choices(mapping: FileMapping) -> list[tuple[dict[str, object], dict[str, object]]]:
    """Return what stands in braces in the name, and what in the paths, of each session."""
    values = [
        list(given.items()) if isinstance(given, Mapping) else [(value, value) for value in given]
        for given in mapping.each.values()
    ]
    return [
        (
            {key: name for key, (name, _) in zip(mapping.each, chosen, strict=True)},
            {key: path for key, (_, path) in zip(mapping.each, chosen, strict=True)},
        )
        for chosen in product(*values)
    ]


def _part_of(tell: OnProgress, number: int, of: int) -> OnProgress:
    return lambda share, words: tell((number + share) / of, words)


def _session(files: OpenedFiles, mapping: FileMapping, name: str, on_progress: OnProgress) -> Session:
    if mapping.parts is None:
        return _one_part(files, mapping, name, on_progress)
    values = mapping.parts.values
    parts = [
        _one_part(
            files.with_filled({mapping.parts.label: stands}),
            mapping,
            f"{name}, {mapping.parts.label} {value}",
            _part_of(on_progress, number, len(values)),
        )
        for number, (value, stands) in enumerate(values.items())
    ]
    return put_parts_together(
        name, parts, mapping.parts.label, list(values), interleave=mapping.parts.interleave
    )


def _one_part(files: OpenedFiles, mapping: FileMapping, name: str, on_progress: OnProgress) -> Session:
    place = files.contents.place
    read = {label: _read_sources(files, given) for label, given in mapping.labels.items() if given.source}
    lengths = [length for label, sources in read.items() for length in _lengths(sources)]
    activity = read_activity(files, mapping, lengths, on_progress)
    on_progress(1.0, "making the session")
    own_times = sample_times(activity, mapping, place)
    timed = {label: [_with_times(label, s, own_times) for s in sources] for label, sources in read.items()}
    during = _during(files, mapping)
    span = _span(files, mapping, timed, during, activity)
    bins = bin_activity(activity, mapping, span, place)
    labels = _labels(mapping, timed, bins)
    kept = bins.known & np.logical_and.reduce([label.known for label in labels.values()])
    if during is not None:
        kept &= interval_of(during, bins.at) >= 0
    segment = segments_in_bins(files, mapping, labels, bins)
    kept &= _moving(mapping, labels, bins, name)
    if not kept.any():
        raise SessionError(
            f"{place}: no time bin is left in which activity and every discrete label are known"
            + (f" during {mapping.during}" if mapping.during else "")
            + (f" at {mapping.min_speed:g} or faster" if mapping.min_speed else "")
        )
    return _made(mapping, name, bins, labels, segment, kept)


def _read_sources(files: OpenedFiles, label: LabelMapping) -> list[Source]:
    sources = []
    for entry in files.entries(label.source):
        values = files.read(entry)
        time = read_times(files, label.time) if label.time else getattr(values, "time", None)
        sources.append(Source(entry, values, time))
    return sources


def _lengths(sources: list[Source]) -> list[int]:
    """Return the numbers of values of sources without times."""
    return [
        max(source.values.values.shape)
        for source in sources
        if isinstance(source.values, Samples) and source.time is None and source.values.values.ndim
    ]


def _with_times(label: str, source: Source, own_times: Seconds | None) -> Source:
    """Give a source without times those of the neural samples."""
    if not isinstance(source.values, Samples) or source.time is not None:
        return source
    if own_times is None or len(own_times) not in source.values.values.shape:
        n_samples = "spike times" if own_times is None else f"{len(own_times)} samples of activity"
        raise SessionError(
            f"label {label!r}: {source.entry.path} has shape {source.values.values.shape} and no times, "
            "beside "
            f"{n_samples}; name the entry with its times (s): labels.{label}.time"
        )
    return Source(source.entry, source.values, own_times)


def _during(files: OpenedFiles, mapping: FileMapping) -> Intervals | None:
    if not mapping.during:
        return None
    entry = files.entry(mapping.during)
    intervals = files.read(entry)
    if not isinstance(intervals, Intervals):
        raise SessionError(f"during needs intervals; {entry.said()}")
    chosen = np.ones(len(intervals.start), np.bool_)
    for column, wanted in mapping.during_values.items():
        if column not in intervals.columns:
            raise SessionError(
                f"{mapping.during} has no column {column!r}; its columns are "
                f"{', '.join(intervals.columns) or 'none'}"
            )
        values = [str(value) for value in np.asarray(intervals.columns[column]).tolist()]
        chosen &= np.array([value == wanted for value in values], dtype=np.bool_)
        if not chosen.any():
            raise SessionError(
                f"{mapping.during} has no row with {column} = {wanted!r}; there are "
                f"{', '.join(map(repr, sorted(set(values))[:10]))}"
            )
    return Intervals(intervals.start[chosen], intervals.stop[chosen])


def _span(
    files: OpenedFiles,
    mapping: FileMapping,
    timed: dict[str, list[Source]],
    during: Intervals | None,
    activity: Activity,
) -> tuple[float, float] | None:
    """Return from when to when there is something to bin spikes for."""
    if activity.spikes is None:
        return None
    of_labels = labels_range(source for sources in timed.values() for source in sources)
    if of_labels is not None:
        require_one_clock(
            activity.spikes,
            of_labels,
            files.contents.place,
            sampling_rate=mapping.sampling_rate,
            part_is_chosen=during is not None,
        )
    chosen = range_of(during) if during is not None and len(during.start) else None
    return shared_range([of_labels, chosen])


def _labels(mapping: FileMapping, timed: dict[str, list[Source]], bins: NeuralBins) -> dict[str, LabelValues]:
    """Return all labels in the order of the mapping, those that are made from others last to be made."""
    found = {
        name: label_in_bins(name, mapping.labels[name], sources, bins.at) for name, sources in timed.items()
    }
    parts = stretches(segment_of_times(np.zeros(len(bins.time), np.int64), bins.time, bins.bin_width))
    waiting = {name: label for name, label in mapping.labels.items() if name not in found}
    while waiting:
        ready = {name: label for name, label in waiting.items() if label.of in found}
        if not ready:
            raise SessionError(f"the labels {', '.join(waiting)} are made from each other in a circle")
        for name, label in ready.items():
            found[name] = _made_label(name, label, found[label.of], parts, bins.bin_width)
            del waiting[name]
    return {name: found[name] for name in mapping.labels}


def _made_label(
    name: str, label: LabelMapping, of: LabelValues, parts: list[slice], bin_width: float
) -> LabelValues:
    if label.made == "lap":
        if of.kind != "discrete":
            raise SessionError(
                f"label {name!r}: laps end where a discrete label changes; {label.of} is {of.kind}"
            )
        return LabelValues(lap_number(of, parts), "discrete", of.known)
    if of.kind == "discrete":
        raise SessionError(f"label {name!r}: {label.made} needs a position; {label.of} is discrete")
    if label.made == "running direction":
        return running_direction(name, of, parts, bin_width)
    unit = f"{label.unit or of.unit}/s" if of.unit and not label.unit else label.unit
    return LabelValues(speed(of, parts, bin_width), "continuous", np.ones(len(of.values), np.bool_), unit)


def _moving(mapping: FileMapping, labels: dict[str, LabelValues], bins: NeuralBins, name: str) -> Bools:
    if not mapping.min_speed:
        return np.ones(len(bins.time), np.bool_)
    positions = [label for label, values in labels.items() if values.kind != "discrete"]
    chosen = mapping.speed_of or (positions[0] if len(positions) == 1 else "")
    if not chosen:
        raise SessionError(
            f"session {name!r}: min_speed needs to know whose speed; name the position label in speed_of "
            f"({', '.join(positions) or 'there is none'})"
        )
    parts = stretches(segment_of_times(np.zeros(len(bins.time), np.int64), bins.time, bins.bin_width))
    fast: Bools = np.nan_to_num(speed(labels[chosen], parts, bins.bin_width)) >= mapping.min_speed
    return fast


@dataclass(frozen=True)
class _Neurons:
    """The neurons that are kept."""

    neural: Any
    table: dict[str, Any]


def _made(
    mapping: FileMapping,
    name: str,
    bins: NeuralBins,
    labels: dict[str, LabelValues],
    segment: npt.NDArray[np.int64],
    kept: Bools,
) -> Session:
    neurons = _active_neurons(mapping, bins, kept, name)
    neural = neurons.neural
    parts = stretches(segment_of_times(segment, bins.time, bins.bin_width))
    if mapping.smoothing:
        dense = neural.toarray() if isinstance(neural, sparse.csr_array) else neural
        neural = smooth_over_time(dense, parts, mapping.smoothing / bins.bin_width)
    session = Session(
        name,
        neural,
        {label: values.values for label, values in labels.items()},
        bins.bin_width,
        start=float(bins.time[0]),
        kinds={label: values.kind for label, values in labels.items()},
        units={label: values.unit for label, values in labels.items() if values.kind == "continuous"},
        segment=segment,
        neurons=neurons.table or None,
    )
    if not np.allclose(session.time, bins.time, rtol=0, atol=1e-9):
        session = session.with_time(bins.time)
    return session if kept.all() else session[kept]


def _active_neurons(mapping: FileMapping, bins: NeuralBins, kept: Bools, name: str) -> _Neurons:
    if not mapping.min_rate:
        return _Neurons(bins.neural, dict(bins.neurons))
    activity = np.asarray(bins.neural[kept].sum(axis=0, dtype=np.float64)).ravel()
    rate = activity / (kept.sum() * bins.bin_width)
    active = np.flatnonzero(rate >= mapping.min_rate)
    if len(active) == 0:
        raise SessionError(
            f"session {name!r}: no neuron has {mapping.min_rate:g} /s or more (the most active has "
            f"{rate.max():.3g}); give a smaller min_rate"
        )
    table = {column: np.asarray(values)[active] for column, values in bins.neurons.items()}
    if "id" not in table:
        table = {"id": active, **table}
    return _Neurons(bins.neural[:, active], table)
