"""Stretches of time as pixel columns of a picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def covered_columns(
    ranges: npt.NDArray[np.float64], start: float, stop: float, columns: int
) -> npt.NDArray[np.bool_]:
    """Return which pixel columns of the time from start to stop (s) any stretch reaches into; (columns,).

    Parameters
    ----------
    ranges : ndarray of float64, (n, 2)
        Starts and stops (s), in order and apart. However short one is, it has a column.
    start, stop : float
        Shown time (s).
    columns : int
        Pixel columns.
    """
    shown = ranges[(ranges[:, 1] > start) & (ranges[:, 0] < stop)]
    pixels = (shown - start) / (stop - start) * columns
    # Edges that differ from a column's by rounding only do not reach into it.
    first = np.clip(np.floor(pixels[:, 0] + 1e-6).astype(np.intp), 0, columns - 1)
    last = np.clip(np.ceil(pixels[:, 1] - 1e-6).astype(np.intp), first + 1, columns)
    change = np.zeros(columns + 1, dtype=np.intp)
    np.add.at(change, first, 1)
    np.add.at(change, last, -1)
    covered: npt.NDArray[np.bool_] = np.cumsum(change[:-1]) > 0
    return covered
