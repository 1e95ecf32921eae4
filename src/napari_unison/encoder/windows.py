"""Windows of time bins that never leave their segment."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_unison.sessions import Session

Array = np.ndarray[Any, np.dtype[Any]]


def training_windows(session: Session, left: int, right: int) -> Array:
    """Return the window of every bin, shifted inward where it would stick out of its segment.

    Parameters
    ----------
    session : Session
        Gives length and segments.
    left, right : int
        The window of bin ``t`` is ``t - left … t + right - 1``.

    Returns
    -------
    array (T, left + right) of int
        Bins of each window. A segment shorter than a window repeats its edge bins.
    """
    first, last = _segment_edges(session)
    centre = np.minimum(np.maximum(np.arange(session.n_bins), first + left), last + 1 - right)
    windows = centre[:, None] + np.arange(-left, right)
    return np.asarray(np.clip(windows, first[:, None], last[:, None]))


def padded_bins(session: Session, left: int, right: int) -> tuple[Array, Array]:
    """Repeat the edge bins of every segment, so that every bin's window is a stretch of the result.

    Parameters
    ----------
    session : Session
        Gives length and segments.
    left, right : int
        The window of bin ``t`` is ``t - left … t + right - 1``.

    Returns
    -------
    bins : array (P,) of int
        Bins in order, each segment preceded and followed by copies of its edges.
    starts : array (T,) of int
        The window of bin ``t`` is ``bins[starts[t] : starts[t] + left + right]``.
    """
    bins, starts = [], []
    length = 0
    for stretch in session.segment_slices():
        inside = np.arange(stretch.start, stretch.stop)
        padded = np.pad(inside, (left, max(right - 1, 0)), mode="edge")
        bins.append(padded)
        starts.append(length + np.arange(len(inside)))
        length += len(padded)
    return np.concatenate(bins), np.concatenate(starts)


def embedding_windows(session: Session, left: int, right: int) -> Array:
    """Return the window of every bin, repeating the edge bin of its segment where it would stick out.

    Parameters
    ----------
    session : Session
        Gives length and segments.
    left, right : int
        The window of bin ``t`` is ``t - left … t + right - 1``.

    Returns
    -------
    array (T, left + right) of int
        Bins of each window.
    """
    bins, starts = padded_bins(session, left, right)
    return np.asarray(bins[starts[:, None] + np.arange(left + right)])


def _segment_edges(session: Session) -> tuple[Array, Array]:
    """Return the first and the last bin of each bin's segment, two arrays (T,)."""
    first = np.empty(session.n_bins, dtype=np.intp)
    last = np.empty(session.n_bins, dtype=np.intp)
    for stretch in session.segment_slices():
        first[stretch] = stretch.start
        last[stretch] = stretch.stop - 1
    return first, last
