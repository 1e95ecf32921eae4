"""Labels that are made from other labels: speed, running direction, laps."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.importing.label_values import LabelValues

Array: TypeAlias = npt.NDArray[Any]

#: Standard deviation of the Gaussian over a position before its speed is taken (s).
SPEED_SMOOTHING: Final = 0.25
#: Slower than this share of the fast speeds (95th percentile) is no running in either direction.
STANDING: Final = 0.1


def speed(position: LabelValues, stretches: list[slice], bin_width: float) -> Array:
    """Return how fast a position changes.

    Parameters
    ----------
    position : LabelValues
        Continuous (T,) or (T, k), or circular (T,).
    stretches : list of slice
        Of continuous time.
    bin_width : float
        s.

    Returns
    -------
    ndarray of float64 (T,)
        Of the position's unit a second; NaN where it is unknown.
    """
    return np.asarray(np.linalg.norm(velocity(position, stretches, bin_width), axis=1))


def velocity(position: LabelValues, stretches: list[slice], bin_width: float) -> Array:
    """Return the change of a position a second, after a Gaussian of :data:`SPEED_SMOOTHING`.

    Parameters
    ----------
    position : LabelValues
        Continuous (T,) or (T, k), or circular (T,), which is taken along the shorter way.
    stretches : list of slice
        Of continuous time.
    bin_width : float
        s.

    Returns
    -------
    ndarray of float64 (T, k)
        0 in a stretch of one bin, NaN where the position is unknown.
    """
    columns = np.asarray(position.values, dtype=np.float64).reshape(len(position.values), -1)
    change = np.zeros(columns.shape)
    for part in stretches:
        for column in range(columns.shape[1]):
            change[part, column] = _gradient(columns[part, column], position.kind == "circular", bin_width)
    return change


def _gradient(values: Array, is_circular: bool, bin_width: float) -> Array:
    known = np.isfinite(values)
    if known.sum() < 2:
        return np.where(known, 0.0, np.nan)
    bins = np.arange(len(values))
    path = np.unwrap(values[known]) if is_circular else values[known]
    path = np.interp(bins, bins[known], path)
    smooth = ndimage.gaussian_filter1d(path, SPEED_SMOOTHING / bin_width, mode="nearest")
    return np.where(known, np.gradient(smooth) / bin_width, np.nan)


def running_direction(
    name: str, position: LabelValues, stretches: list[slice], bin_width: float
) -> LabelValues:
    """Return the direction in which a position on a track changes: "right" (it grows) or "left".

    Parameters
    ----------
    name : str
        The label's name, for messages.
    position : LabelValues
        One column.
    stretches : list of slice
        Of continuous time.
    bin_width : float
        s.

    Returns
    -------
    LabelValues
        While the animal stands, the direction of the nearest running of the same stretch; unknown in a
        stretch without any.

    Raises
    ------
    SessionError
        If the position has several columns.
    """
    if position.values.ndim != 1:
        raise SessionError(
            f"label {name!r}: a running direction needs a position of one column, not of "
            f"{position.values.shape[1]}"
        )
    change = velocity(position, stretches, bin_width)[:, 0]
    fast = np.nanpercentile(np.abs(change), 95) if np.isfinite(change).any() else 0.0
    runs = np.nan_to_num(np.abs(change)) > STANDING * fast
    values, known = np.full(len(change), "right"), np.zeros(len(change), np.bool_)
    for part in stretches:
        running = np.flatnonzero(runs[part])
        if len(running) == 0:
            continue
        bins = np.arange(part.stop - part.start)
        after = np.searchsorted(running, bins).clip(0, len(running) - 1)
        before = (after - 1).clip(0)
        nearest = np.where(bins - running[before] <= running[after] - bins, running[before], running[after])
        nearest = np.where(runs[part], bins, nearest)
        values[part] = np.where(change[part][nearest] > 0, "right", "left")
        known[part] = True
    return LabelValues(values, "discrete", known)


def lap_number(values: LabelValues, stretches: list[slice]) -> Array:
    """Return the number of the lap, from 1: it grows where a discrete label or a stretch of time changes.

    Parameters
    ----------
    values : LabelValues
        Such as the running direction.
    stretches : list of slice
        Of continuous time.

    Returns
    -------
    ndarray of int64 (T,)
    """
    border = np.zeros(len(values.values), np.bool_)
    border[1:] = values.values[1:] != values.values[:-1]
    for part in stretches[1:]:
        border[part.start] = True
    return np.cumsum(border, dtype=np.int64) + 1
