"""Folds of laps: what is decoded is taken out of encoder and decoder alike, with a guard around it.

Laps are the unit, since neighbouring bins are no independent evidence. They are segments: stretches of
continuous time. Inner folds, in which settings are chosen, are the folds of a fold's training part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt

from napari_unison.sessions import segment_laps

if TYPE_CHECKING:
    from napari_unison.encoder import EncoderConfig
    from napari_unison.sessions import Session


TestSegments = Literal["hidden", "known"]
"""Whether a method is shown where the laps of a test part begin and end.

Borders of laps come from labels (changes of direction), and a window that ends at one tells that the animal
is at an end of its track. Whoever decodes does not know that.
"""


@dataclass(frozen=True)
class Fold:
    """One division of sessions into what is fitted on and what is decoded.

    Attributes
    ----------
    number : int
        Which of the folds, from 0.
    train : tuple of Session
        Training part of each session; borders of segments stand where bins were taken out.
    test : tuple of Session
        Test part of the same sessions, in the same order: contiguous laps.
    """

    number: int
    train: tuple[Session, ...]
    test: tuple[Session, ...]


def with_laps(sessions: Sequence[Session], label: str | None = None) -> tuple[Session, ...]:
    """Give laps to sessions that are one single segment; others stay as they are.

    Parameters
    ----------
    sessions : sequence of Session
        Recordings.
    label : str, optional
        Discrete label whose changes end a lap; by default "direction", else the only discrete one.

    Returns
    -------
    tuple of Session
        The sessions with at least two segments each.

    Raises
    ------
    ValueError
        If a session in one piece has no such label, or its label never changes.
    """
    return tuple(
        session if len(session.segment_slices()) > 1 else _laps_of(session, label) for session in sessions
    )


def _laps_of(session: Session, label: str | None) -> Session:
    name = label or _direction_like(session)
    divided = segment_laps(session, name)
    if len(divided.segment_slices()) < 2:
        raise ValueError(
            f"session {session.name!r} is one segment, and its label {name!r} never changes: there are no "
            f"laps to divide it by; give it segments with segment_stretches(session) (in the window: "
            f"Segments…)"
        )
    return divided


def _direction_like(session: Session) -> str:
    """Return the label whose changes are most likely the ends of laps."""
    discrete = [name for name, kind in session.kinds.items() if kind == "discrete"]
    if "direction" in discrete:
        return "direction"
    if len(discrete) == 1:
        return discrete[0]
    problem = "none of its labels is discrete"
    remedy = (
        "give it segments with segment_stretches(session) (in the window: Segments…), or with "
        "session.replace(segment=...), one number a lap or trial"
    )
    if discrete:
        problem = f"several of its labels are discrete ({', '.join(discrete)})"
        remedy = f"say which one ends a lap, such as with_laps(sessions, {discrete[0]!r})"
    raise ValueError(f"session {session.name!r} is one segment, and {problem}: {remedy}")


def guard_bins(config: EncoderConfig, smoothing: int = 0, *, context: int = 0) -> int:
    """Return how many bins to leave out on either side of test bins.

    Parameters
    ----------
    config : EncoderConfig
        Its window and the time over which it takes label changes reach into neighbouring bins.
    smoothing : int, default 0
        Width of the widest smoothing window of any method, in bins.
    context : int, default 0
        Width of what a decoder sees of the latents around a bin, in bins: it comes to the encoder's window.

    Returns
    -------
    int
        The largest of window with context, ``time_offsets`` and smoothing, in bins.
    """
    # Networks load torch, which folds themselves do not need.
    from napari_unison.encoder.networks import architecture_of

    window = architecture_of(config.model_architecture).window
    return max(window + context, config.time_offsets, smoothing)


def lap_folds(
    sessions: Sequence[Session], n_folds: int = 5, *, guard: int, test_segments: TestSegments = "known"
) -> tuple[Fold, ...]:
    """Divide the laps of every session into contiguous folds of about equally many bins.

    Fold ``k`` tests the ``k``-th group of laps of every session and trains on the other laps, without the
    bins that are less than ``guard`` bins away from the test laps in time.

    Parameters
    ----------
    sessions : sequence of Session
        Sessions with laps, see :func:`with_laps`.
    n_folds : int, default 5
        Folds; every session needs at least as many laps.
    guard : int
        Bins left out of training on either side of the test laps, see :func:`guard_bins`.
    test_segments : {"known", "hidden"}
        Whether test parts keep their segments, or are one piece through which windows run. Gaps in time stay
        borders: the clock tells them. Training parts keep their segments.

    Returns
    -------
    tuple of Fold
        In time order; every bin is tested exactly once.

    Raises
    ------
    ValueError
        If a session has too few laps or no training bin is left; the message names it. If a parameter is
        out of range.
    """
    _require_test_segments(test_segments)
    if n_folds < 2:
        raise ValueError(f"n_folds is {n_folds}: it takes at least two folds to train on what is not tested")
    if guard < 0:
        raise ValueError(f"guard is {guard}: give 0 or more bins")
    if not sessions:
        raise ValueError("there are no sessions to divide into folds")
    blocks = [_blocks(session, n_folds) for session in sessions]
    shown = [in_one_piece(session) for session in sessions] if test_segments == "hidden" else sessions
    folds = []
    for number in range(n_folds):
        train, test = [], []
        for session, tested, of_session in zip(sessions, shown, blocks, strict=True):
            block = of_session[number]
            kept = _outside(session, block, guard)
            if not kept.any():
                raise ValueError(
                    f"session {session.name!r}: nothing is left to train on in fold {number + 1} of "
                    f"{n_folds}, since its {block.stop - block.start} test bins and {guard} bins on either "
                    f"side cover all {session.n_bins}; take more folds, a smaller guard or longer sessions"
                )
            train.append(session[kept])
            test.append(tested[block])
        folds.append(Fold(number, tuple(train), tuple(test)))
    return tuple(folds)


def _require_test_segments(test_segments: str) -> None:
    if test_segments not in get_args(TestSegments):
        raise ValueError(
            f"test_segments is {test_segments!r}: give 'hidden', so that windows run through the borders of "
            f"the laps to decode, or 'known', so that they end there"
        )


def in_one_piece(session: Session) -> Session:
    """Return a session with no borders of segments but gaps in time."""
    return session.replace(segment=np.zeros(session.n_bins, dtype=np.int64))


def _blocks(session: Session, n_folds: int) -> list[slice]:
    """Divide a session at borders of laps, as near as they come to equal parts; at least a lap each."""
    laps = session.segment_slices()
    if len(laps) < n_folds:
        raise ValueError(
            f"session {session.name!r} has {len(laps)} lap{'s' if len(laps) != 1 else ''}, too few for "
            f"{n_folds} folds; take fewer folds, or make laps of its segments with with_laps"
        )
    borders = np.array([0, *(lap.stop for lap in laps)])
    edges = [0]
    for number in range(1, n_folds):
        first, after = edges[-1] + 1, len(laps) - (n_folds - number) + 1
        wanted = session.n_bins * number / n_folds
        edges.append(first + int(np.argmin(np.abs(borders[first:after] - wanted))))
    edges.append(len(laps))
    return [slice(int(borders[edges[number]]), int(borders[edges[number + 1]])) for number in range(n_folds)]


def _outside(session: Session, block: slice, guard: int) -> npt.NDArray[np.bool_]:
    """Return which bins lie more than ``guard`` bins of time before or after a block, (T,)."""
    # Time, not the number of bins, since a gap in time separates laps as well as bins between them do.
    # Half a bin decides between neighbours whose times are slightly uneven.
    distance = (guard + 0.5) * session.bin_width
    first, last = session.time[block.start], session.time[block.stop - 1]
    kept = (session.time < first - distance) | (session.time > last + distance)
    return np.asarray(kept & ~_within(session.n_bins, block))


def _within(n_bins: int, block: slice) -> npt.NDArray[np.bool_]:
    inside = np.zeros(n_bins, dtype=bool)
    inside[block] = True
    return inside
