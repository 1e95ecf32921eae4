"""Labels of other laps: for the null of a whole analysis, and as the wrong labels of a control.

The unit is the lap (segment). A lap takes over all labels of another lap of its session, in that lap's order;
laps differ in length, so the labels are read at the same share of the lap: bin ``i`` of ``n`` takes those of
bin ``floor((i + 1/2) m / n)`` of the ``m`` bins of the other lap. Every wrong label is thus one that was
measured, labels of one bin stay together, and laps, windows and label changes keep their borders.

Labels are not shifted in time: where laps take about equally long, a shift by whole laps brings the labels
back to where they were, and any other one is a fixed rule between true and shifted labels that a decoder
can learn. Whole laps in random order follow no rule, unless all laps are alike: where an animal always runs
the same way at the same pace, the labels of any lap are nearly those of any other, and
:func:`label_correlation` shows it. For such laps, labels can be turned within each lap as well, as if the lap
were a circle, by a share of it that is drawn anew for each. (Labels reversed in time would not do: where all
laps are alike, reversed ones follow a fixed rule, too.) That rests on a stronger assumption, see
:func:`lap_permuted`.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from napari_unison.encoder.label_space import LabelSpace

if TYPE_CHECKING:
    from napari_unison.sessions import Session

Floats = npt.NDArray[np.float64]

_PHASES: Final = 32
"""Places in each lap where labels of two laps are compared."""


LabelOrder = Literal["laps", "turned laps"]
"""How labels are permuted: whole laps, or whole laps whose labels are turned by a random share of the lap."""


def lap_permuted(
    sessions: Sequence[Session], seed: int | Sequence[int], order: LabelOrder = "laps"
) -> list[Session]:
    """Give every lap the labels of a randomly chosen lap of the same session, each used once.

    Parameters
    ----------
    sessions : sequence of Session
        Each of at least two laps (segments).
    seed : int or sequence of int
        Decides the order; a session's order depends on its name, not on the other sessions.
    order : {"laps", "turned laps"}
        Whether labels keep their place in the lap, or start anywhere in it and go on from its beginning after
        its end. The first asks whether activity tells more than the time since the lap began; it assumes that
        laps are exchangeable. The second also takes apart the time since the lap began, and so has power
        where all laps are alike; it assumes that without a relation to the labels, activity would be the same
        all along the lap. Whatever goes with the time in a lap (speed, arousal) is then above it, too.

    Returns
    -------
    list of Session
        The same activity, times and segments with permuted labels. A lap may keep its own labels, as one
        order of all possible ones does.

    Raises
    ------
    ValueError
        If a session has a single lap, or ``order`` is another word.
    """
    if order not in get_args(LabelOrder):
        raise ValueError(
            f"order is {order!r}: choose {' or '.join(map(repr, get_args(LabelOrder)))} for the labels"
        )
    permuted = []
    for session in sessions:
        _require_laps(session)
        random = np.random.default_rng([*np.atleast_1d(seed), zlib.crc32(session.name.encode())])
        n_laps = len(session.segment_slices())
        donors = random.permutation(n_laps)
        turns = random.random(n_laps) if order == "turned laps" else np.zeros(n_laps)
        permuted.append(_with_labels_of(session, donors, turns))
    return permuted


def wrong_labels(sessions: Sequence[Session]) -> list[Session]:
    """Give every lap the labels of another lap of the same session, as wrong as they can be.

    Laps are paired off, each used once, so that the summed distance between true and wrong labels is largest.
    A random other lap will not do: on a track, a lap the same way passes the same places at the same share of
    the lap, and its labels are hardly wrong.

    Parameters
    ----------
    sessions : sequence of Session
        Each of at least two laps (segments).

    Returns
    -------
    list of Session
        The same activity, times and segments with the labels of other laps; no lap keeps its own.

    Raises
    ------
    ValueError
        If a session has a single lap.
    """
    return [
        _with_labels_of(session, donors, np.zeros(len(donors)))
        for session, donors in ((session, _farthest_laps(session)) for session in sessions)
    ]


def label_correlation(session: Session, other: Session) -> float:
    """Return the correlation between two sets of labels of the same bins, over all columns of all labels.

    Continuous labels count by their range, circular ones as cosine and sine, discrete ones as one column a
    category.

    Parameters
    ----------
    session, other : Session
        The same bins with their true labels and with other ones.

    Returns
    -------
    float
        1 where they are the same, -1 where they are opposite, NaN where labels do not vary.
    """
    space = LabelSpace([session], "range")
    ours, others = space.encode(session), space.encode(other)
    known = ~(np.isnan(ours).any(axis=1) | np.isnan(others).any(axis=1))
    if not known.any():
        return float("nan")
    ours, others = ours[known] - ours[known].mean(axis=0), others[known] - others[known].mean(axis=0)
    scale = float(np.sqrt(np.sum(ours**2) * np.sum(others**2)))
    return float(np.sum(ours * others)) / scale if scale > 0 else float("nan")


def _require_laps(session: Session) -> None:
    if len(session.segment_slices()) < 2:
        raise ValueError(
            f"session {session.name!r} is one lap (segment): labels of another lap need at least two; make "
            f"laps with segment_laps(session), or give segment= one number a lap or trial"
        )


def _with_labels_of(session: Session, donors: npt.NDArray[np.intp], turns: Floats) -> Session:
    """Give lap ``k`` the labels of lap ``donors[k]``, turned by the share ``turns[k]`` of it."""
    laps = session.segment_slices()
    source = np.empty(session.n_bins, dtype=np.intp)
    for lap, donor, turn in zip(laps, (laps[number] for number in donors), turns, strict=True):
        n_donor = donor.stop - donor.start
        inside = _same_share(lap.stop - lap.start, n_donor)
        source[lap] = donor.start + (inside + int(turn * n_donor)) % n_donor
    return session.replace(labels={name: values[source] for name, values in session.labels.items()})


def _same_share(n_bins: int, n_donor: int) -> npt.NDArray[np.intp]:
    """Return for each of ``n_bins`` bins the bin that is as far into a lap of ``n_donor`` bins."""
    return np.asarray(((2 * np.arange(n_bins) + 1) * n_donor) // (2 * n_bins), dtype=np.intp)


def _farthest_laps(session: Session) -> npt.NDArray[np.intp]:
    """Return which lap's labels each lap gets, so that the summed distance of labels is largest."""
    _require_laps(session)
    # by their range, so that the choice does not depend on the units of labels
    points = LabelSpace([session], "range").encode(session)
    laps = session.segment_slices()
    paths: Any = np.stack([points[lap.start + _same_share(_PHASES, lap.stop - lap.start)] for lap in laps])
    distances = np.array([_mean_distance(path, paths) for path in paths])
    # worse than any pairing without it: no lap gets its own labels
    np.fill_diagonal(distances, -len(laps) * (1 + distances.max()))
    return np.asarray(linear_sum_assignment(distances, maximize=True)[1], dtype=np.intp)


def _mean_distance(path: Floats, paths: Floats) -> Floats:
    """Return the mean distance of one lap's labels (P, d) from those of all laps (L, P, d): (L,)."""
    distances = np.linalg.norm(paths - path, axis=2)
    known = ~np.isnan(distances)
    total = np.where(known, distances, 0).sum(axis=1)
    return np.asarray(total / np.maximum(known.sum(axis=1), 1))
