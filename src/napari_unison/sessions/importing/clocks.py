"""Whether spikes, labels and bins are told in one clock, and in seconds.

A file rarely says in which unit its times are. Times in samples or milliseconds go through every step without
an error and leave sessions in which hardly any neuron is ever active; here they are found out.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

import numpy as np

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.importing.contents import Intervals, Samples, Spikes
from napari_unison.sessions.importing.label_values import Source
from napari_unison.sessions.importing.time_names import name_and_unit

Range: TypeAlias = tuple[float, float]

#: Spikes that go on for this many times as long as the labels, or the other way round, need a reason.
MUCH_LONGER: Final = 10.0
#: Labels that go on for this many times as long as the spikes are told in another unit, whatever the rate.
NO_PART: Final = 500.0
#: Neurons that are less active than this on average (/s) are a sign of times in a smaller unit.
SILENT: Final = 0.01
#: With fewer spikes nothing is said of their clock.
FEWEST_SPIKES: Final = 20
#: Wider bins (s) are taken for milliseconds, unless the activity itself was sampled so slowly.
WIDEST_BIN: Final = 5.0
#: Bins of more than a second of which there are fewer than this are taken for milliseconds, too.
FEWEST_WIDE_BINS: Final = 20


def labels_range(sources: Iterable[Source]) -> Range | None:
    """Return from when to when all labels were recorded, s; None if none of them says it.

    Parameters
    ----------
    sources : iterable of Source
        What labels are made from. Events say nothing: they go on without being told.

    Raises
    ------
    SessionError
        If they share no stretch of time.
    """
    ranges: list[Range] = []
    for source in sources:
        if isinstance(source.values, Samples) and source.time is not None and len(source.time):
            ranges.append((float(source.time[0]), float(source.time[-1])))
        elif isinstance(source.values, Intervals) and len(source.values.start):
            ranges.append(range_of(source.values))
    return shared_range(ranges)


def range_of(intervals: Intervals) -> Range:
    """Return the first start and the last stop of intervals, s."""
    return float(intervals.start.min()), float(intervals.stop.max())


def shared_range(ranges: Iterable[Range | None]) -> Range | None:
    """Return what several ranges of time share, s; None if there are none.

    Raises
    ------
    SessionError
        If they share nothing.
    """
    known = [each for each in ranges if each is not None]
    if not known:
        return None
    start, stop = max(start for start, _ in known), min(stop for _, stop in known)
    if stop <= start:
        raise SessionError(
            "labels and intervals share no stretch of time; look whether they have one clock (s)"
        )
    return start, stop


def require_one_clock(
    spikes: Spikes, labels: Range, place: str, *, sampling_rate: float, part_is_chosen: bool
) -> None:
    """Refuse spike times that are not told in seconds of the labels' clock.

    A recording of which the behaviour is a part is one that people have: it is warned of what is left out.

    Parameters
    ----------
    spikes : Spikes
        Of all neurons, s, after they were divided by the sampling rate.
    labels : (float, float)
        From when to when labels were recorded, s.
    place : str
        The file, for messages.
    sampling_rate : float
        What the times were divided by (Hz).
    part_is_chosen : bool
        Whether the mapping says itself which part of the recording is taken; nothing is warned of then.

    Raises
    ------
    SessionError
        If no spike is within the labels' time; if spikes are whole numbers and most of them outside, or go on
        for :data:`MUCH_LONGER`; if they do and neurons would be :data:`SILENT`; if, divided by a sampling
        rate, they are over in a small part of the labels' time; if they are without one, too, and neurons
        would be :data:`SILENT` over the labels' time.
    """
    present = [times[np.isfinite(times)] for times in spikes.times]
    present = [times for times in present if len(times)]
    n_spikes = sum(map(len, present))
    if n_spikes == 0:
        return
    first, last = min(float(t.min()) for t in present), max(float(t.max()) for t in present)
    inside = sum(int(((times >= labels[0]) & (times <= labels[1])).sum()) for times in present)
    divided = f" (divided by sampling_rate {sampling_rate:g})" if sampling_rate != 1 else ""
    told = (
        f"{place}: the spike times run from {_said(first)} to {_said(last)} s{divided} and the labels from "
        f"{_said(labels[0])} to {_said(labels[1])} s; {inside:,} of {n_spikes:,} spikes lie within"
    )
    is_longer = last - first > MUCH_LONGER * (labels[1] - labels[0])
    mostly_outside = inside < 0.5 * n_spikes
    if n_spikes >= FEWEST_SPIKES:
        whole = all(bool((times == np.floor(times)).all()) for times in present)
        if whole and (is_longer or mostly_outside):
            raise SessionError(
                f"{told}. Spike times that are whole numbers are counted in samples: give sampling_rate, the "
                "samples a second (Hz), such as 30000"
            )
        rate = n_spikes / len(spikes.times) / max(last - first, 1e-9)
        if is_longer and rate < SILENT:
            raise SessionError(
                f"{told}, and a neuron would have {rate:.2g} spikes a second. Give sampling_rate, how many "
                "units of the spike times are in a second: 1000 for milliseconds"
            )
        _refuse_early_end(told, (first, last), labels, n_spikes / len(spikes.times), sampling_rate)
    if inside == 0:
        raise SessionError(
            f"{told}. Both must be in seconds of one clock: give sampling_rate if spikes are counted in "
            "samples, and look whether the labels begin at the same moment"
        )
    if n_spikes >= FEWEST_SPIKES and mostly_outside and not part_is_chosen:
        warnings.warn(f"{told}, and the others are left out", UserWarning, stacklevel=2)


def _refuse_early_end(
    told: str, spikes: Range, labels: Range, spikes_a_neuron: float, sampling_rate: float
) -> None:
    """Refuse spikes that are over in so small a part of the labels' time that the units differ."""
    labels_last = labels[1] - labels[0]
    times_as_long = labels_last / max(spikes[1] - spikes[0], 1e-9)
    if sampling_rate != 1 and times_as_long > MUCH_LONGER:
        raise SessionError(
            f"{told}. If the spike times are in seconds already, leave sampling_rate out; else look how many "
            f"of their units are in a second. If the labels' times are in another unit, {said_with_unit()}"
        )
    is_silent = spikes_a_neuron / labels_last < SILENT
    if times_as_long > NO_PART or (times_as_long > MUCH_LONGER and is_silent):
        raise SessionError(
            f"{told}, and are over long before the labels end. Look whether the labels' times are in "
            f"milliseconds: {said_with_unit()}"
        )


def said_with_unit(times: str = "") -> str:
    """Tell how a person says in which unit times are.

    Parameters
    ----------
    times : str
        The entry that a mapping names for them, if it names one.
    """
    bare = name_and_unit(times)[0] or "timestamps"
    named = f'name them with their unit, as in time = "{bare} (ms)" or "{bare} (us)"'
    return named if times else f'{named}; in a table, the column itself can be called "time_ms"'


def require_sampled_in_seconds(step: float, place: str, times: str) -> None:
    """Refuse times of the activity that go on so slowly that they are hardly seconds.

    Parameters
    ----------
    step : float
        Between two samples as their times say, where no bin width was given, s.
    place : str
        The file, for messages.
    times : str
        The entry that a mapping names for them, if it names one.

    Raises
    ------
    SessionError
        If it is :data:`WIDEST_BIN` or more.
    """
    if step >= WIDEST_BIN:
        raise SessionError(
            f"{place}: by its times, the activity was sampled every {step:g} s. If they are in another unit: "
            f"{said_with_unit(times)}. If they are seconds, say so with bin_width = {step:g}"
        )


def refuse_columns_of_spike_times(table: Any, place: str) -> None:
    """Refuse spike times, a column a neuron, that were taken for activity in bins.

    Parameters
    ----------
    table : ndarray (T, N) or sparse array
        Activity without times of its own; shorter columns may end in NaN. A sparse one is none.
    place : str
        The file, for messages.

    Raises
    ------
    SessionError
        If there are :data:`FEWEST_SPIKES` rows or more, and the numbers of every neuron rise all
        along, in uneven steps.
    """
    if (
        not isinstance(table, np.ndarray)
        or len(table) < FEWEST_SPIKES
        or table.dtype.kind not in "iuf"
        or table.shape[1] == 0
    ):
        return
    for column in table.T:
        steps = np.diff(column[np.isfinite(column)])
        # most activity falls within the first neuron, and no more is looked at; even steps are a counter
        if len(steps) and ((steps < 0).any() or np.allclose(steps, steps[0])):
            return
    raise SessionError(
        f"{place}: the numbers of every neuron rise from the first row to the last. Those are spike times, "
        "and no activity in time bins: save one list with all of them, and another with the neuron of each"
    )


def _said(seconds: float) -> str:
    return f"{seconds:,.3f}".rstrip("0").rstrip(".")


def require_seconds(bin_width: float, sample_step: float | None, n_bins: int, place: str) -> None:
    """Refuse a bin width that was meant in milliseconds.

    Parameters
    ----------
    bin_width : float
        As given, s.
    sample_step : float, optional
        Between two samples of the activity as its own times say, s.
    n_bins : int
        How many bins there are.
    place : str
        The file, for messages.

    Raises
    ------
    SessionError
        If bins are wider than :data:`WIDEST_BIN`, or than a second and too few, and the activity was not
        sampled so slowly.
    """
    is_wide = bin_width >= WIDEST_BIN or (bin_width > 1 and n_bins < FEWEST_WIDE_BINS)
    if is_wide and (sample_step is None or bin_width > 2 * sample_step):
        times = "" if n_bins == 1 else "s"
        raise SessionError(
            f"{place}: bin_width is {bin_width:g} s, which makes {n_bins:,} bin{times}. It is given in "
            f"seconds: {bin_width:g} ms are {bin_width / 1000:g}"
        )
