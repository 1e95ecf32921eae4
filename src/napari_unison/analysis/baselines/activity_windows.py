"""A session's own activity in a window around every bin: what decoders without an encoder see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

if TYPE_CHECKING:
    from napari_unison.sessions import Session

Sums: TypeAlias = "npt.NDArray[np.float64] | sparse.csr_array[Any, tuple[int, int]]"


def window_of(window_s: float, bin_width: float) -> tuple[int, int]:
    """Return a window in bins, placed as the encoder places its own.

    Parameters
    ----------
    window_s : float
        Length of the window (s).
    bin_width : float
        Width of a bin (s).

    Returns
    -------
    left, right : int
        The window of bin ``t`` is ``t - left … t + right - 1``: 10 bins are (5, 5), 5 bins (2, 3). At least
        the bin itself.

    Raises
    ------
    ValueError
        If the window is not a positive number.
    """
    if not window_s > 0 or not np.isfinite(window_s):
        raise ValueError(f"the window is {window_s} s long: give a positive number of seconds, such as 0.25")
    n_bins = max(1, round(window_s / bin_width))
    return n_bins // 2, n_bins - n_bins // 2


def window_sums(session: Session, left: int, right: int) -> tuple[Sums, npt.NDArray[np.float64]]:
    """Add up the activity in the window of every bin; windows end where their segment ends.

    Parameters
    ----------
    session : Session
        Gives activity and segments.
    left, right : int
        The window of bin ``t`` is ``t - left … t + right - 1``.

    Returns
    -------
    sums : ndarray or csr_array of float64, (T, N)
        Sparse where the session's activity is.
    n_bins : ndarray of float64, (T,)
        Bins in each window; fewer at the edges of segments.
    """
    first = np.empty(session.n_bins, dtype=np.int64)
    after = np.empty(session.n_bins, dtype=np.int64)
    for stretch in session.segment_slices():
        inside = np.arange(stretch.start, stretch.stop)
        first[stretch] = np.maximum(inside - left, stretch.start)
        after[stretch] = np.minimum(inside + right, stretch.stop)
    lengths = after - first
    ends = np.cumsum(lengths)
    bins = np.arange(ends[-1]) + np.repeat(first - (ends - lengths), lengths)
    # A product with a band of ones, not differences of running sums: silence stays exactly 0.
    shape = (session.n_bins, session.n_bins)
    band = sparse.csr_array((np.ones(len(bins)), bins, np.concatenate([[0], ends])), shape=shape)
    return band @ session.neural.astype(np.float64), lengths.astype(np.float64)


def smoothed_activity(session: Session, window_s: float) -> npt.NDArray[np.float64]:
    """Average a session's activity over the window of every bin.

    Parameters
    ----------
    session : Session
        Gives activity and segments.
    window_s : float
        Length of the window (s).

    Returns
    -------
    ndarray of float64, (T, N)
        Mean activity in a bin of the window.
    """
    sums, n_bins = window_sums(session, *window_of(window_s, session.bin_width))
    return np.asarray(dense(sums) / n_bins[:, np.newaxis])


def dense(table: Any) -> npt.NDArray[np.float64]:
    """Return a dense or sparse table as a dense one."""
    whole = table.toarray() if isinstance(table, sparse.csr_array) else table
    return np.asarray(whole, dtype=np.float64)


def has_negative_activity(session: Session) -> bool:
    """Whether some activity is below zero, as in ΔF/F, so that it is no count."""
    neural = session.neural
    values = neural.data if isinstance(neural, sparse.csr_array) else neural
    return bool((values < 0).any())
