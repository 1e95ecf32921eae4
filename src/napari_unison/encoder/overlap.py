"""Overlap of label coverage: whether the bins of one session find partners in another, before training.

Alignment takes the nearest label there is, however far. A rat that never ran to the end of the track is then
paired with another place; this tells so beforehand.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_unison.encoder.alignment import LabelIndex
from napari_unison.encoder.label_space import LabelScaling, LabelSpace
from napari_unison.encoder.repeated_warnings import is_first
from napari_unison.sessions import Session, category_gaps, mirrored_categories

Array = np.ndarray[Any, np.dtype[Any]]

#: A partner is near if its label distance is at most this share of the labels' overall spread.
NEAR: float = 0.1
#: Below this share of bins with a near partner, two sessions hardly share behaviour.
ENOUGH: float = 0.9
#: In sessions with more distinct labels than this, so many bins stand for all.
ASKED: int = 2000


@dataclass(frozen=True)
class LabelOverlap:
    """How much of each session's behaviour occurs in every other session.

    Attributes
    ----------
    names : tuple of str
        The ``S`` sessions.
    share : array (S, S)
        Share of the row session's bins that have a near partner in the column session, 0 to 1; in a session
        with more than :data:`ASKED` distinct labels, of so many bins, spread evenly over its labels.
    distance : array (S, S)
        Median label distance of the nearest partner, in the units of the scaled labels.
    tolerance : float
        What counts as near, in the same units.
    """

    names: tuple[str, ...]
    share: Array
    distance: Array
    tolerance: float

    def gaps(self) -> list[str]:
        """Return a sentence for each pair in which fewer than nine of ten bins have a near partner."""
        return list(self.gaps_by_pair().values())

    def gaps_by_pair(self) -> dict[tuple[str, str], str]:
        """Return the same sentences by the names of row and column session."""
        pairs = np.argwhere(self.share < ENOUGH)
        named = [(self.names[i], self.names[j], self.share[i, j]) for i, j in pairs]
        return {
            (own, other): f"{1 - share:.0%} of {own!r} has no near partner in {other!r}"
            for own, other, share in named
        }

    def __str__(self) -> str:
        width = max(map(len, self.names))
        lines = [f"bins with a partner nearer than {self.tolerance:.3g}, row session in column session"]
        lines.append(" " * width + "  " + "  ".join(f"{name:>8}" for name in self.names))
        for name, row in zip(self.names, self.share, strict=True):
            lines.append(f"{name:>{width}}  " + "  ".join(f"{value:>8.0%}" for value in row))
        return "\n".join(lines)


def label_overlap(
    sessions: Sequence[Session], scaling: LabelScaling = "none", *, tolerance: float | None = None
) -> LabelOverlap:
    """Compare the label coverage of sessions.

    Parameters
    ----------
    sessions : sequence of Session
        Sessions with the same labels.
    scaling : {"none", "range", "standard"}
        As ``label_scaling`` of the encoder.
    tolerance : float, optional
        Label distance up to which a partner is near, such as the encoder's ``max_label_distance``; a tenth of
        the labels' overall spread unless given.

    Returns
    -------
    LabelOverlap
        One row and column a session.

    Raises
    ------
    SessionError
        If the sessions do not carry the same labels.
    """
    space = LabelSpace(sessions, scaling)
    points = [space.encode(session) for session in sessions]
    return overlap_in(space, points, [session.name for session in sessions], tolerance)


def overlap_in(
    space: LabelSpace, points: Sequence[Array], names: Sequence[str], tolerance: float | None = None
) -> LabelOverlap:
    """Compare label coverage where labels ``(T_s, d)``, or some of their columns, are in a space already."""
    if tolerance is None:
        tolerance = NEAR * float(np.sqrt(sum(spread**2 for spread in space.spread.values())))
    indices = [LabelIndex(labels, space.tie_tolerance) for labels in points]
    share = np.eye(len(points))
    distance = np.zeros((len(points), len(points)))
    for i, source in enumerate(indices):
        asked, weight = _asked(source)
        for j, target in enumerate(indices):
            if i == j:
                continue
            if len(source.bins) == 0 or len(target.bins) == 0:
                distance[i, j] = np.nan
                continue
            residual = target.match(source.rows[asked]).distance
            share[i, j] = weight[residual <= tolerance].sum() / weight.sum()
            distance[i, j] = np.median(np.repeat(residual, weight))
    return LabelOverlap(tuple(names), share, distance, tolerance)


def _asked(source: LabelIndex) -> tuple[Array, Array]:
    """Return the rows of a session that partners are looked for, and how many bins each stands for."""
    row = source.row_of_bin[source.bins_by_row]
    if len(source.rows) > ASKED:
        # rows that are near in label stand side by side, so that every n-th bin covers all labels
        row = row[np.linspace(0, len(row) - 1, ASKED).astype(np.intp)]
    asked, weight = np.unique(row, return_counts=True)
    return asked, weight


def warn_of_gaps(overlap: LabelOverlap) -> None:
    """Warn where sessions cover different labels, with what can be done."""
    gaps = [gap for pair, gap in overlap.gaps_by_pair().items() if is_first(("gap", pair))]
    if gaps:
        warnings.warn(
            f"the sessions do not cover the same labels: {'; '.join(gaps[:4])}"
            f"{'; …' if len(gaps) > 4 else ''}. Such bins are paired with another behaviour: set "
            f"max_label_distance to leave these partners out, or leave out the sessions",
            UserWarning,
            stacklevel=3,
        )


def take_gaps_as_known(session: str, others: Sequence[str], labels: Sequence[str]) -> None:
    """Do not warn, in this context, of what the others have done and one session has not: it is meant.

    Parameters
    ----------
    session, others
        Names of the session that is incomplete on purpose, and of all others.
    labels : sequence of str
        Their labels.
    """
    for other in others:
        is_first(("gap", (other, session)))
    for label in labels:
        is_first(("categories", label))


def warn_of_other_meanings(sessions: Sequence[Session], about: str | None = None) -> None:
    """Warn where labels of the same name mean other things in other sessions, with what can be done.

    Parameters
    ----------
    sessions : sequence of Session
        Sessions with the same labels.
    about : str, optional
        Name of the session that joins the others: only what concerns it is told.
    """
    for gap in category_gaps(sessions):
        concerned = {name for names in gap.sessions_of.values() for name in names}
        if (about is None or about in concerned) and is_first(("categories", gap.label)):
            warnings.warn(
                f"{gap}. Bins without their own category elsewhere are paired with another one: name what is "
                f"the same alike in all sessions (session.replace(labels=...)), or set max_label_distance "
                f"below the weight of the label to leave these partners out",
                UserWarning,
                stacklevel=3,
            )
    mirrored: dict[tuple[str, str], list[str]] = {}
    for one in mirrored_categories(sessions):
        if about is None or about in {**one.upwards, **one.downwards}:
            mirrored.setdefault((one.label, one.along), []).append(str(one))
    for (label, along), sentences in mirrored.items():
        if is_first(("mirrored", label, along)):
            warnings.warn(
                f"label {label!r} does not mean the same in all sessions: {'; '.join(sentences[:2])}. Runs "
                f"are paired with runs the other way: if the sessions' tracks are the same, swap the "
                f"categories or turn {along!r} round in one of them (session.replace(labels=...))",
                UserWarning,
                stacklevel=3,
            )
