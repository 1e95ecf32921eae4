"""Segments: stretches of continuous time, as one integer a bin that changes at every border."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.errors import SessionError

if TYPE_CHECKING:
    from napari_unison.sessions.session import Session

# Bin widths between the starts of two bins of one segment.
_LONGEST_STEP = 1.5


def border_bins(segment: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return the first bins of all stretches but the first.

    Parameters
    ----------
    segment : ndarray, shape (T,)
        Any value a bin; a border lies where it changes.

    Returns
    -------
    ndarray of int64, shape (number of borders,)
        Bin indices in increasing order.
    """
    return np.flatnonzero(segment[1:] != segment[:-1]).astype(np.int64) + 1


def stretches(segment: npt.NDArray[Any]) -> list[slice]:
    """Return the stretches of equal value, in time order; together they cover all bins.

    Parameters
    ----------
    segment : ndarray, shape (T,)
        Any value a bin.
    """
    edges = [0, *border_bins(segment).tolist(), len(segment)]
    return [slice(first, after) for first, after in pairwise(edges)]


def numbered_from_borders(is_border: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return segment numbers 0, 1, … from where the borders lie.

    Parameters
    ----------
    is_border : ndarray of bool, shape (T - 1,)
        Whether a border lies between bin ``i`` and bin ``i + 1``.

    Returns
    -------
    ndarray of int64, shape (T,)
    """
    return np.concatenate(([0], np.cumsum(is_border, dtype=np.int64))).astype(np.int64)


def segment_of_times(
    segment: npt.NDArray[np.int64], time: npt.NDArray[np.float64], bin_width: float
) -> npt.NDArray[np.int64]:
    """Return the segments with a border wherever time jumps.

    Where every jump has its border already, the segments stay as they are; otherwise they are numbered anew
    from 0.

    Parameters
    ----------
    segment : ndarray of int64, shape (T,)
        The segments before.
    time : ndarray of float64, shape (T,)
        Start of each bin, s, increasing.
    bin_width : float
        Width of a bin, s. More than 1.5 of it between two bins is a jump: slightly uneven times are none, and
        a single bin that was left out is one.

    Returns
    -------
    ndarray of int64, shape (T,)
    """
    is_jump = np.diff(time) > _LONGEST_STEP * bin_width
    is_border = segment[1:] != segment[:-1]
    if not (is_jump & ~is_border).any():
        return segment
    return numbered_from_borders(is_jump | is_border)


def segment_of_kept_bins(
    segment: npt.NDArray[np.int64], kept: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return the segments of the kept bins; whatever was left out becomes a border.

    One unbroken stretch keeps its segment numbers; otherwise segments are numbered anew from 0.

    Parameters
    ----------
    segment : ndarray of int64, shape (T,)
        The segments before.
    kept : ndarray of int64, shape (K,)
        Increasing indices of the bins that stay, at least one.

    Returns
    -------
    ndarray of int64, shape (K,)
    """
    jumps = np.diff(kept) != 1
    if not jumps.any():
        return segment[kept]
    # A number may stand for several stretches (0, 1, 0), so stretches are counted before bins are taken out.
    stretch = numbered_from_borders(segment[1:] != segment[:-1])[kept]
    return numbered_from_borders(jumps | (np.diff(stretch) != 0))


def segment_laps(session: Session, label: str = "direction") -> Session:
    """Make a segment of every lap: borders where a discrete label changes, and where they already are.

    Parameters
    ----------
    session : Session
        A session with the discrete label ``label``.
    label : str
        The label whose changes end a lap.

    Returns
    -------
    Session
        The same recording with segments 0, 1, … in time order.

    Raises
    ------
    SessionError
        If there is no such label, or it is not discrete.
    """
    if label not in session.labels:
        raise SessionError(
            f"session {session.name!r} has no label {label!r} to make laps from; "
            f"its labels are {', '.join(session.labels)}"
        )
    if session.kinds[label] != "discrete":
        raise SessionError(
            f"session {session.name!r}, label {label!r} is {session.kinds[label]}: laps end where a discrete "
            f"label changes, such as the running direction"
        )
    values = session.labels[label]
    is_border = (values[1:] != values[:-1]) | (session.segment[1:] != session.segment[:-1])
    return session.replace(segment=numbered_from_borders(is_border))


def segment_stretches(session: Session, seconds: float = 60.0) -> Session:
    """Divide continuous time into segments of equal length, where there are no laps to do it by.

    Borders that are there already stay, and each of the segments is divided for itself. A rest of less than
    half the length goes with the stretch before it, so that no segment is too short to be of use.

    Parameters
    ----------
    session : Session
        The recording.
    seconds : float
        Length of a segment, s; it is rounded to whole bins.

    Returns
    -------
    Session
        The same recording with segments 0, 1, … in time order.

    Raises
    ------
    SessionError
        If the length is not a number of seconds of at least a bin.
    """
    if not math.isfinite(seconds) or seconds < session.bin_width:
        raise SessionError(
            f"session {session.name!r}: segments of {seconds:g} s cannot be made of bins of "
            f"{session.bin_width:g} s; give a longer time"
        )
    n_bins = round(seconds / session.bin_width)
    return session.replace(segment=segment_of_pieces(session.segment, n_bins))


def segment_of_pieces(segment: npt.NDArray[np.int64], n_bins: int) -> npt.NDArray[np.int64]:
    """Return the segments after each of them was divided into pieces, see :func:`segment_stretches`.

    Parameters
    ----------
    segment : ndarray of int64, shape (T,)
        The segments before.
    n_bins : int
        Length of a piece, at least 1; the last one of each segment has from half to one and a half of it.

    Returns
    -------
    ndarray of int64, shape (T,)
    """
    is_border = segment[1:] != segment[:-1]
    for part in stretches(segment):
        n_pieces = max(1, (2 * (part.stop - part.start) + n_bins) // (2 * n_bins))
        is_border[part.start + n_bins * np.arange(1, n_pieces) - 1] = True
    return numbered_from_borders(is_border)
