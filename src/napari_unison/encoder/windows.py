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
    return _windows_around(centre, first, last, left, right)


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
    first, last = _segment_edges(session)
    return _windows_around(np.arange(session.n_bins), first, last, left, right)


def _segment_edges(session: Session) -> tuple[Array, Array]:
    """Return the first and the last bin of each bin's segment, two arrays (T,)."""
    first = np.empty(session.n_bins, dtype=np.intp)
    last = np.empty(session.n_bins, dtype=np.intp)
    for stretch in session.segment_slices():
        first[stretch] = stretch.start
        last[stretch] = stretch.stop - 1
    return first, last


def _windows_around(centre: Array, first: Array, last: Array, left: int, right: int) -> Array:
    windows = centre[:, None] + np.arange(-left, right)
    return np.asarray(np.clip(windows, first[:, None], last[:, None]))
