"""Activity over time as a picture: neurons by pixel columns, for any stretch of a recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from napari_unison.sessions import Session

#: As wide as a graphics card holds a picture.
MOST_COLUMNS = 4096
#: Bins of a sparse recording that are made dense at once.
PORTION = 65_536


@dataclass(frozen=True, eq=False)
class Raster:
    """A picture of activity.

    Attributes
    ----------
    values : ndarray of float32, (N, columns)
        The largest activity of each neuron in each column; zero where nothing was recorded.
    start, stop : float
        Seconds at the left edge of the first column and the right edge of the last.
    bins_per_column : float
        How fine it is; 1 where every bin has its own column.
    """

    values: npt.NDArray[np.float32]
    start: float
    stop: float
    bins_per_column: float

    def serves(self, start: float, stop: float, bin_width: float, columns: int) -> bool:
        """Tell whether a stretch of time (s) can be shown with it: it is covered, and fine enough for it."""
        covers = self.start <= start + bin_width / 2 and stop - bin_width / 2 <= self.stop
        # A column of the picture may be two pixels wide.
        return covers and self.bins_per_column <= max(1.0, 2 * (stop - start) / bin_width / columns)


def pooled_raster(
    session: Session, start: float | None = None, stop: float | None = None, *, columns: int = MOST_COLUMNS
) -> Raster:
    """Return the activity of a stretch of time; neighbouring bins that share a column give their largest.

    Parameters
    ----------
    session : Session
        Whose activity.
    start, stop : float, optional
        Seconds; the whole session unless given.
    columns : int
        At most this many columns.
    """
    width = session.bin_width
    first = 0 if start is None else int(np.searchsorted(session.time, start - width, side="right"))
    end = session.n_bins if stop is None else int(np.searchsorted(session.time, stop, side="left"))
    first, end = min(first, session.n_bins - 1), max(end, first + 1)
    time = session.time[first:end]
    begin, finish = float(time[0]), float(time[-1] + width)
    # Times, not bins, are spread over the columns: where nothing was recorded, nothing is drawn.
    n_columns = min(columns, max(1, round((finish - begin) / width)))
    column = ((time - begin + width / 2) / (finish - begin) * n_columns).astype(np.intp)
    values = np.zeros((session.n_neurons, n_columns), dtype=np.float32)
    for low in range(0, len(time), PORTION):
        part = column[low : low + PORTION]
        starts = np.flatnonzero(np.diff(part, prepend=-1))
        pooled = np.maximum.reduceat(
            _dense(session.neural, first + low, first + low + len(part)), starts, axis=0
        )
        filled = part[starts]
        # A column may go on in the next portion.
        values[:, filled] = np.maximum(values[:, filled], pooled.T)
    return Raster(values, begin, finish, (finish - begin) / width / n_columns)


def _dense(neural: Any, first: int, end: int) -> npt.NDArray[Any]:
    part = neural[first:end]
    return np.asarray(part if isinstance(part, np.ndarray) else part.toarray())
