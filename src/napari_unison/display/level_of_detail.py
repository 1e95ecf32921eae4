"""What can be seen of a long curve: the lowest and highest point of every pixel column, found at once."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from napari_unison.display.traces import Trace

#: Bins of the smallest blocks whose extremes are kept.
SMALLEST = 4
#: Up to this many bins a pixel column, all of them are drawn.
MOST_A_COLUMN = 4

Bins = npt.NDArray[np.intp]


class Extremes:
    """Where a curve is lowest and highest in blocks of 4, 8, 16, … bins; a few bytes a bin.

    Parameters
    ----------
    values : ndarray of float64, (T,)
        The curve. Missing values count as the lowest, so that a gap inside a block stays a gap.
    """

    def __init__(self, values: npt.NDArray[np.float64]) -> None:
        low = np.nan_to_num(values, nan=-np.inf, posinf=np.inf, neginf=-np.inf)
        lowest = highest = np.arange(len(values), dtype=np.intp)
        self._levels: list[tuple[Bins, Bins]] = []
        block = 1
        while len(lowest) > 1:
            lowest, highest = _halved(low, lowest, is_lowest=True), _halved(low, highest, is_lowest=False)
            block *= 2
            if block >= SMALLEST:
                self._levels.append((lowest, highest))

    def between(self, first: int, end: int, block: int) -> Bins:
        """Return, in order, the extremes of the blocks of 4, 8, 16, … bins that hold bins first to end."""
        level = min(int(np.log2(block // SMALLEST)), len(self._levels) - 1)
        size = SMALLEST << level
        lowest, highest = self._levels[level]
        blocks = slice(first // size, -(-end // size))
        return np.unique(np.concatenate([lowest[blocks], highest[blocks]]))


def _halved(values: npt.NDArray[np.float64], bins: Bins, *, is_lowest: bool) -> Bins:
    """Return the better of every two neighbours; a last one without a neighbour stays."""
    left, right = bins[0::2], bins[1::2]
    paired = left[: len(right)]
    is_better = values[right] < values[paired] if is_lowest else values[right] > values[paired]
    chosen = left.copy()
    chosen[: len(right)][is_better] = right[is_better]
    return chosen


_EXTREMES: WeakKeyDictionary[Trace, Extremes] = WeakKeyDictionary()


def decimate(trace: Trace, start: float, stop: float, columns: int) -> Trace:
    """Keep what can be seen: the lowest and the highest point of blocks that are at most a pixel wide.

    The extremes are looked for when a curve is first drawn, and kept as long as it: after that the time this
    takes depends on the columns alone, not on the length of the curve.

    Parameters
    ----------
    trace : Trace
        The whole curve.
    start, stop : float
        Shown part of the time axis in seconds; one point beyond each end is kept, so that lines run out of
        the picture.
    columns : int
        Pixel columns of the picture.

    Returns
    -------
    Trace
        Every extreme at its own time; segments stay apart.

    Raises
    ------
    ValueError
        If the shown time is empty or there is no column.
    """
    if columns < 1 or stop <= start:
        raise ValueError(f"nothing can be drawn from {start} s to {stop} s in {columns} pixel columns")
    first = max(int(np.searchsorted(trace.time, start, side="left")) - 1, 0)
    end = min(int(np.searchsorted(trace.time, stop, side="right")) + 1, len(trace.time))
    kept: Bins = np.arange(first, end, dtype=np.intp)
    if len(kept) > MOST_A_COLUMN * columns:
        if trace not in _EXTREMES:
            _EXTREMES[trace] = Extremes(trace.values)
        block = 1 << int(np.log2(len(kept) / columns))
        kept = np.unique(np.append(_EXTREMES[trace].between(first, end, block), [first, end - 1]))
    segment = np.searchsorted(trace.breaks, kept, side="right")
    return type(trace)(
        trace.name,
        trace.unit,
        trace.time[kept],
        trace.values[kept],
        None if trace.colours is None else trace.colours[kept],
        np.flatnonzero(np.diff(segment)) + 1,
    )
