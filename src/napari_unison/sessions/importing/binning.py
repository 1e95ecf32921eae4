"""Spike times, activity and behaviour of other rates, brought onto common time bins."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import ndimage, sparse

from napari_unison.sessions.counts import are_counts
from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.labels import LabelKind

Array: TypeAlias = npt.NDArray[Any]
Seconds: TypeAlias = npt.NDArray[np.float64]

#: A label is unknown between two known samples farther apart than this many of the usual steps.
LARGEST_GAP: Final = 5.0
#: More bins than this are refused: a time stamp that is far off would ask for terabytes.
MOST_BINS: Final = 100_000_000


def bin_edges(start: float, stop: float, bin_width: float) -> Seconds:
    """Return the edges of all whole bins between two times.

    Parameters
    ----------
    start, stop : float
        First and last moment, s.
    bin_width : float
        Width of a bin, s.

    Returns
    -------
    ndarray (T + 1,)
        Edges, s; each computed from ``start``, so that long recordings do not drift.

    Raises
    ------
    SessionError
        If the width is not positive, not even one bin fits, or there would be absurdly many.
    """
    if not (math.isfinite(bin_width) and bin_width > 0):
        raise SessionError(f"bin_width is {bin_width} s: give a positive number of seconds, such as 0.025")
    if not (math.isfinite(start) and math.isfinite(stop)):
        raise SessionError(f"time runs from {start} to {stop} s: both ends must be known")
    # what is short of a whole bin by rounding alone is whole
    n_bins = math.floor(min((stop - start) / bin_width, 1e18) + 1e-6)
    if n_bins < 1:
        raise SessionError(
            f"between {start:g} and {stop:g} s there is no whole bin of {bin_width:g} s: give a smaller "
            "bin_width, and look whether the times are in seconds and of one clock"
        )
    if n_bins > MOST_BINS:
        raise SessionError(
            f"from {start:g} to {stop:g} s there would be {n_bins:,} bins of {bin_width:g} s: look whether "
            "the times are in seconds (sampling_rate says how many units of spike times are in one: 1e6 for "
            "microseconds), or give a larger bin_width"
        )
    return np.asarray(start + bin_width * np.arange(n_bins + 1), dtype=np.float64)


def count_spikes(times: Iterable[npt.ArrayLike], edges: Seconds) -> sparse.csr_array[Any, tuple[int, int]]:
    """Count spikes in bins.

    Parameters
    ----------
    times : iterable of array_like
        Spike times of each neuron, s, in any order.
    edges : ndarray (T + 1,)
        Equally spaced edges, s. A spike on an edge belongs to the later bin.

    Returns
    -------
    csr_array (T, N), int32
        Counts; spikes before the first and from the last edge on are left out.

    Raises
    ------
    SessionError
        If a neuron's times are not a list of finite numbers.
    """
    n_bins = len(edges) - 1
    rows, counts = [np.empty(0, np.int32)], [np.empty(0, np.int32)]
    ends = [0]
    for neuron, given in enumerate(times):
        spikes = np.asarray(given, dtype=np.float64)
        if spikes.ndim != 1 or not np.isfinite(spikes).all():
            raise SessionError(
                f"the spike times of neuron {neuron} (counted from 0) are not one list of finite seconds "
                f"(shape {spikes.shape}, {int((~np.isfinite(spikes)).sum())} not finite); mend or leave it "
                "out"
            )
        # against the edges themselves: dividing by the width would move spikes that lie on one
        bins = np.searchsorted(edges, spikes, side="right") - 1
        active, number = np.unique(bins[(bins >= 0) & (bins < n_bins)], return_counts=True)
        rows.append(active.astype(np.int32))
        counts.append(number.astype(np.int32))
        ends.append(ends[-1] + len(active))
    by_neuron = sparse.csc_array(
        (np.concatenate(counts), np.concatenate(rows), np.array(ends)), shape=(n_bins, len(ends) - 1)
    )
    return sparse.csr_array(by_neuron)


def bin_samples(time: Seconds, values: Any, edges: Seconds) -> tuple[Any, npt.NDArray[np.bool_]]:
    """Bring activity of a higher rate onto bins: counts are added up, other values averaged.

    Parameters
    ----------
    time : ndarray (n,)
        When the activity was sampled, s, rising.
    values : ndarray or csr_array (n, N)
        The activity.
    edges : ndarray (T + 1,)
        Edges of the bins, s.

    Returns
    -------
    binned : ndarray or csr_array (T, N)
        Sums of counts (whole numbers from 0 on), means of other values, in their type (int64 of integers);
        0 in bins without a sample.
    known : ndarray of bool (T,)
        Whether there is a sample in the bin.
    """
    bins = np.searchsorted(edges, time, side="right") - 1
    inside = (bins >= 0) & (bins < len(edges) - 1)
    bins = bins[inside]
    samples = np.bincount(bins, minlength=len(edges) - 1)
    is_counted = are_counts(values)
    ones = np.ones(len(bins), dtype=np.int64 if values.dtype.kind in "iub" else values.dtype)
    which = sparse.csr_array((ones, (bins, np.flatnonzero(inside))), shape=(len(edges) - 1, len(time)))
    sums: Any = which @ values
    if is_counted:
        return sums, samples > 0
    if isinstance(sums, sparse.csr_array):
        return sparse.csr_array(sparse.diags_array(1 / np.maximum(samples, 1)) @ sums), samples > 0
    sums /= np.maximum(samples, 1)[:, None]
    return sums.astype(values.dtype, copy=False), samples > 0


def smooth_over_time(neural: Array, segments: Sequence[slice], deviation_bins: float) -> Array:
    """Smooth activity with a Gaussian that does not reach over borders.

    Parameters
    ----------
    neural : ndarray (T, N)
        Activity.
    segments : sequence of slice
        Stretches of continuous time.
    deviation_bins : float
        Standard deviation, bins.

    Returns
    -------
    ndarray of float32 (T, N)
        At the ends of a stretch the activity is taken as mirrored.
    """
    smoothed = np.empty(neural.shape, dtype=np.float32)
    for part in segments:
        smoothed[part] = ndimage.gaussian_filter1d(
            neural[part].astype(np.float32, copy=False), deviation_bins, axis=0, mode="reflect"
        )
    return smoothed


def resample(
    time: Seconds, values: Array, kind: LabelKind, at: Seconds
) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Bring a label of another rate onto bins.

    Continuous labels are interpolated linearly, circular ones along the shorter way around (as unit vectors),
    discrete ones take the value of the sample that is nearest in time.

    Parameters
    ----------
    time : ndarray (n,)
        When the label was sampled, s, rising.
    values : ndarray (n,) or (n, k)
        The label; (n,) where it is circular (rad) or discrete. NaN where it is not known.
    kind : {"continuous", "circular", "discrete"}
        How it is brought onto bins.
    at : ndarray (T,)
        Moments of the bins, s.

    Returns
    -------
    values : ndarray (T,) or (T, k)
        NaN in continuous and circular labels where the label is not known.
    known : ndarray of bool (T,)
        False in gaps (more than :data:`LARGEST_GAP` steps between two known samples) and farther than half of
        a gap before the first and after the last known sample.

    Raises
    ------
    SessionError
        If times do not rise, do not fit the values, or no sample is known.
    """
    time = np.asarray(time, dtype=np.float64)
    if time.ndim != 1 or len(time) != len(values):
        raise SessionError(
            f"{len(values)} values have times of shape {time.shape}: one time for each is needed"
        )
    if not np.isfinite(time).all() or (np.diff(time) < 0).any():
        raise SessionError("times of samples must be finite and rise: sort the samples by time")
    present = _present(values)
    if not present.any():
        raise SessionError("no sample has a value: leave this label out")
    steps = np.diff(time)
    gap = LARGEST_GAP * float(np.median(steps)) if len(steps) else math.inf
    time, values = time[present], values[present]
    known = _between_neighbours(time, at, gap)
    if kind == "discrete":
        return np.asarray(values)[_nearest(time, at)], known
    numbers = np.asarray(values, dtype=np.float64)
    if kind == "circular":
        cosine, sine = (np.interp(at, time, part) for part in (np.cos(numbers), np.sin(numbers)))
        resampled = np.mod(np.arctan2(sine, cosine), 2 * np.pi)
    elif numbers.ndim == 1:
        resampled = np.interp(at, time, numbers)
    else:
        resampled = np.column_stack([np.interp(at, time, column) for column in numbers.T])
    resampled[~known] = np.nan
    return resampled, known


def _present(values: Array) -> npt.NDArray[np.bool_]:
    if values.dtype.kind != "f":
        return np.ones(len(values), dtype=np.bool_)
    return np.asarray(np.isfinite(values.reshape(len(values), -1)).all(axis=1))


def _nearest(time: Seconds, at: Seconds) -> npt.NDArray[np.int64]:
    after = np.searchsorted(time, at).clip(0, len(time) - 1)
    before = (after - 1).clip(0)
    nearest = np.where(np.abs(at - time[before]) <= np.abs(time[after] - at), before, after)
    return nearest.astype(np.int64)


def _between_neighbours(time: Seconds, at: Seconds, gap: float) -> npt.NDArray[np.bool_]:
    """Return whether each moment lies on a sample, between two that are near each other, or near an end."""
    after = np.searchsorted(time, at)
    before = (after - 1).clip(0)
    after = after.clip(0, len(time) - 1)
    apart = np.where(
        (at < time[0]) | (at > time[-1]), 2 * np.abs(at - time[before]), time[after] - time[before]
    )
    close: npt.NDArray[np.bool_] = (apart <= gap * (1 + 1e-9)) | (at == time[after]) | (at == time[before])
    return close
