"""What a decoder sees of the time around a bin: averages over a stretch, there and some way off.

One latent says where the animal is about now. What says it better is the stretch of the trajectory around
it, and only that says in which direction it runs. All of it is label-free: the same session's own activity,
a little earlier and later. As every centred window, it looks ahead in time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from napari_unison.sessions import Session


@dataclass(frozen=True)
class TimeContext:
    """Averages over ``average_s`` at a bin itself, and at all ``offsets_s`` before and after it.

    Parameters
    ----------
    average_s : float, default 0.5
        Length of the moving average (s); 0 for none.
    offsets_s : tuple of float, default (0.5, 1.0)
        How far before and after the bin further averages are taken (s), in rising order; none for the bin
        alone.

    Raises
    ------
    ValueError
        If a time is not finite, below 0, or the offsets do not rise from above 0.
    """

    average_s: float = 0.5
    offsets_s: tuple[float, ...] = (0.5, 1.0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "offsets_s", checked_offsets(self.offsets_s))
        if not np.isfinite(self.average_s) or self.average_s < 0:
            raise ValueError(f"average_s is {self.average_s}: give 0 or more seconds, such as 0.5")

    @property
    def words(self) -> str:
        """How far it reaches, for tables and figures: ``"±1.25 s"``."""
        return reach_in_words(self.average_s, self.offsets_s)

    def width(self, bin_width: float) -> int:
        """Return the bins from the first to the last that a bin's features are made from."""
        offsets = offset_bins(self.offsets_s, bin_width)
        return max(1, round(self.average_s / bin_width)) + 2 * max(offsets, default=0)

    def features(self, session: Session, values: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return what the decoder sees of each bin.

        Parameters
        ----------
        session : Session
            Gives bin width and segments; nothing reaches from one segment into another.
        values : array-like, (T, D)
            Latents (or anything else) of its bins.

        Returns
        -------
        ndarray of float32, (T, D * (1 + 2 * number of offsets))
            Earliest first. Where a segment ends, averages are over fewer bins, and what would lie beyond it
            is that of its last bin.
        """
        averaged = _moving_average(session, np.asarray(values), round(self.average_s / session.bin_width))
        return beside(session, averaged, offset_bins(self.offsets_s, session.bin_width)).astype(np.float32)


def checked_offsets(offsets_s: Sequence[float]) -> tuple[float, ...]:
    """Return offsets (s) as a tuple.

    Raises
    ------
    ValueError
        If they are not finite or do not rise from above 0.
    """
    offsets = tuple(map(float, offsets_s))
    if not all(np.isfinite(offsets)) or any(a >= b for a, b in zip((0.0, *offsets), offsets, strict=False)):
        raise ValueError(
            f"offsets_s is {offsets_s}: give seconds above 0 in rising order, such as (0.5, 1.0), or ()"
        )
    return offsets


def offset_bins(offsets_s: Sequence[float], bin_width: float) -> tuple[int, ...]:
    """Return offsets in bins, without those that are shorter than half a bin."""
    return tuple(sorted({bins for offset in offsets_s if (bins := round(offset / bin_width))}))


def reach_in_words(average_s: float, offsets_s: Sequence[float]) -> str:
    """Write how far averages and their offsets reach: ``"±1.25 s"``."""
    return f"±{average_s / 2 + max(offsets_s, default=0.0):g} s"


def beside(session: Session, values: npt.NDArray[Any], offsets: Sequence[int]) -> npt.NDArray[Any]:
    """Set the rows of earlier and later bins beside those of each bin, within segments.

    Parameters
    ----------
    session : Session
        Gives segments.
    values : ndarray, (T, D)
        One row a bin.
    offsets : sequence of int
        Bins before and after.

    Returns
    -------
    ndarray, (T, D * (1 + 2 * number of offsets))
        Earliest first; beyond the end of a segment stands its last bin.
    """
    if not offsets:
        return values
    steps = np.array([*(-bins for bins in reversed(offsets)), 0, *offsets])
    rows = np.empty((len(values), len(steps)), dtype=np.intp)
    for stretch in session.segment_slices():
        inside = np.arange(stretch.start, stretch.stop)[:, np.newaxis]
        rows[stretch] = np.clip(inside + steps, stretch.start, stretch.stop - 1)
    return np.asarray(values[rows].reshape(len(values), -1))


def _moving_average(session: Session, values: npt.NDArray[Any], window: int) -> npt.NDArray[Any]:
    """Average over windows that are placed as the encoder places its own, within segments."""
    if window <= 1:
        return values
    left, right = window // 2, window - window // 2
    averaged = np.empty(values.shape, dtype=np.float64)
    for stretch in session.segment_slices():
        n_bins = stretch.stop - stretch.start
        sums = np.zeros((n_bins + 1, values.shape[1]))
        np.cumsum(values[stretch], axis=0, dtype=np.float64, out=sums[1:])
        first = np.maximum(np.arange(n_bins) - left, 0)
        after = np.minimum(np.arange(n_bins) + right, n_bins)
        averaged[stretch] = (sums[after] - sums[first]) / (after - first)[:, np.newaxis]
    return averaged


DEFAULT_CONTEXT: Final = TimeContext()
"""Chosen on inner laps of the published rats and of one mouse, see docs/science/label-free.md."""
