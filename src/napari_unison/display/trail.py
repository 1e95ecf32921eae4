"""Where the time cursor is in an embedding, and the way that led there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from napari_unison.display.points import SCALE

if TYPE_CHECKING:
    from napari_unison.display.points import EmbeddingAxes
    from napari_unison.encoder.embedding import Embedding
    from napari_unison.sessions import Session

#: A trail of minutes is drawn with longer steps.
MOST_STEPS: Final = 2000
#: How much of the oldest step is left.
OLDEST_ALPHA: Final = 0.12


@dataclass(frozen=True, eq=False)
class Trail:
    """The way to the time cursor.

    Attributes
    ----------
    steps : ndarray of float32, (n, 2, 3)
        Start and change of each step, oldest first, as napari's vectors; none across a segment's border.
    alphas : ndarray of float32, (n,)
        How opaque each step is: the older, the fainter.
    here : ndarray of float32, (1, 3) or (0, 3)
        Where the cursor is; nothing where the embedding does not hold its time.
    """

    steps: npt.NDArray[np.float32]
    alphas: npt.NDArray[np.float32]
    here: npt.NDArray[np.float32]


NO_TRAIL: Final = Trail(
    np.empty((0, 2, 3), dtype=np.float32), np.empty(0, dtype=np.float32), np.empty((0, 3), dtype=np.float32)
)


def cursor_trail(
    embedding: Embedding, axes: EmbeddingAxes, cursor: tuple[str, float] | None, seconds: float
) -> Trail:
    """Follow the embedding of a session up to a time.

    Parameters
    ----------
    embedding : Embedding
        What is drawn.
    axes : EmbeddingAxes
        Its three axes.
    cursor : tuple of str and float, or None
        Name of the session, and time in it (s).
    seconds : float
        Length of the trail (s); 0 for none.
    """
    if cursor is None or cursor[0] not in embedding.session_names:
        return NO_TRAIL
    number = embedding.session_names.index(cursor[0])
    session = embedding.sessions[number]
    last = bin_at(session, cursor[1])
    if last is None:
        return NO_TRAIL
    first = int(np.searchsorted(session.time, session.time[last] - seconds - 0.01 * session.bin_width))
    bins = np.arange(first, last + 1)
    if len(bins) > MOST_STEPS:
        bins = np.unique(np.linspace(first, last, MOST_STEPS).round().astype(np.intp))
    places = axes.project(embedding.values[number][bins]) * np.float32(SCALE)
    inside = session.segment[bins[1:]] == session.segment[bins[:-1]]
    # The segment's number alone may come again after another one.
    inside &= np.diff(session.time[bins]) < 1.5 * session.bin_width * np.diff(bins)
    steps = np.stack([places[:-1], np.diff(places, axis=0)], axis=1)[inside]
    age = (session.time[last] - session.time[bins[1:]])[inside] / max(seconds, session.bin_width)
    alphas = (1 - (1 - OLDEST_ALPHA) * np.clip(age, 0, 1)).astype(np.float32)
    return Trail(steps.astype(np.float32), alphas, places[-1:].astype(np.float32))


def bin_at(session: Session, time: float) -> int | None:
    """Return the time bin that holds a time (s); None in a gap, before the first and after the last one."""
    # A time at the very beginning of a bin is in it, whatever the rounding.
    found = int(np.searchsorted(session.time, time + 0.01 * session.bin_width, side="right")) - 1
    if found < 0 or time >= session.time[found] + 1.01 * session.bin_width:
        return None
    return found
