"""Which trial a moment lies in, and how long ago something began."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.importing.binning import Seconds
from napari_unison.sessions.importing.contents import Intervals

#: Later in a trial than so many times the usual (median) length of trials, the time in it is unknown.
LONGEST_TRIAL: Final = 5.0
#: Of fewer trials or events it is not known what is usual.
FEWEST_TRIALS: Final = 5


def longest_usual(intervals: Intervals) -> float:
    """Return how long an interval can be before it holds something else, such as a pause of the recording, s.

    Tables of trials often let each trial end where the next one begins; before a pause, that is minutes
    later.

    Parameters
    ----------
    intervals : Intervals
        k stretches of time, s.

    Returns
    -------
    float
        :data:`LONGEST_TRIAL` times the median length, s; infinite for fewer than :data:`FEWEST_TRIALS`.
    """
    length = intervals.stop - intervals.start
    return LONGEST_TRIAL * float(np.median(length)) if len(length) >= FEWEST_TRIALS else np.inf


def interval_of(intervals: Intervals, at: Seconds) -> npt.NDArray[np.int64]:
    """Return which interval each moment lies in; of several, the one that began last; -1 in none.

    Parameters
    ----------
    intervals : Intervals
        k stretches of time, s. The stop does not belong to them.
    at : ndarray (T,)
        Rising moments, s.

    Returns
    -------
    ndarray of int64 (T,)
        Rows of the intervals.
    """
    which = np.full(len(at), -1, dtype=np.int64)
    for row in np.argsort(intervals.start, kind="stable").tolist():
        begin, end = np.searchsorted(at, [intervals.start[row], intervals.stop[row]])
        which[begin:end] = row
    return which


def time_since(events: Seconds, at: Seconds) -> Seconds:
    """Return the time since the last event; NaN before the first, and later after the last than it is usual.

    Of five or more events, that is the longest time between two.

    Parameters
    ----------
    events : ndarray (k,)
        Rising moments, s.
    at : ndarray (T,)
        Moments of the bins, s.
    """
    last = np.searchsorted(events, at, side="right") - 1
    if len(events) == 0:
        return np.full(len(at), np.nan)
    longest = float(np.diff(events).max()) if len(events) >= FEWEST_TRIALS else np.inf
    since = at - events[last.clip(0)]
    return np.where((last >= 0) & (since <= longest), since, np.nan)
