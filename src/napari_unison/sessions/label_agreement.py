"""Whether labels of the same name mean the same in all sessions: categories, and the way a direction runs.

Sessions are matched by the values of their labels alone. Where one calls its runs "left" and another "L", no
run finds its like; where "right" runs up the track in one and down in another, runs are matched with those
that go the other way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from napari_unison.sessions.session import Session

#: Below this share of bins whose category another session knows, the two hardly share categories.
_ENOUGH: Final = 0.9
#: A category goes with rising values if at least this share of the way goes upwards, with falling ones if at
#: least this share goes downwards.
_RISES: Final = 0.8
#: Fewer steps in which a label moves tell no way.
_FEWEST_STEPS: Final = 20
#: Names in a message before the rest is counted.
_MOST_NAMED: Final = 6


@dataclass(frozen=True)
class CategoryGap:
    """Categories of a discrete label that some sessions lack.

    Attributes
    ----------
    label : str
        The label.
    sessions_of : dict of str to tuple of str
        Each category that is not in all sessions, as text, with the sessions that have it.
    in_common : bool
        Whether any category is in all sessions.
    """

    label: str
    sessions_of: Mapping[str, tuple[str, ...]]
    in_common: bool

    def __str__(self) -> str:
        by_sessions: dict[tuple[str, ...], list[str]] = {}
        for category, sessions in self.sessions_of.items():
            by_sessions.setdefault(sessions, []).append(category)
        parts = [
            f"{_named([repr(category) for category in categories])} only in {_named(list(sessions))}"
            for sessions, categories in by_sessions.items()
        ]
        lead = "categories that not all sessions have" if self.in_common else "no category in common"
        return f"label {self.label!r} has {lead}: {_named(parts, '; ')}"


@dataclass(frozen=True)
class MirroredCategory:
    """A category that goes with rising values of a label in some sessions, with falling ones in others.

    Attributes
    ----------
    label, category : str
        The discrete label, such as "direction", and its category, such as "right".
    along : str
        The label that rises or falls, such as "position".
    rising : dict of str to float
        For each session that tells, the share of the way moved in this category that went upwards, 0 to 1.
    """

    label: str
    category: str
    along: str
    rising: Mapping[str, float]

    @property
    def upwards(self) -> dict[str, float]:
        """The sessions in which it rises."""
        return {name: share for name, share in self.rising.items() if share >= _RISES}

    @property
    def downwards(self) -> dict[str, float]:
        """The sessions in which it falls."""
        return {name: share for name, share in self.rising.items() if share <= 1 - _RISES}

    def __str__(self) -> str:
        up, down = self.upwards, self.downwards
        least = f"{'at least ' * (len(up) > 1)}{min(up.values()):.0%}"
        most = f"{'at most ' * (len(down) > 1)}{max(down.values()):.0%}"
        return (
            f"{self.category!r} goes with rising {self.along} in {_named(list(up))} ({least} of the way), "
            f"but with falling in {_named(list(down))} ({most})"
        )


def category_gaps(sessions: Sequence[Session]) -> list[CategoryGap]:
    """Find discrete labels of which a session has too many bins that another one has no category for.

    Parameters
    ----------
    sessions : sequence of Session
        Sessions with the same labels.

    Returns
    -------
    list of CategoryGap
        One a label, where for some pair of sessions more than a tenth of the bins of one have a category that
        the other lacks.
    """
    gaps = []
    for label, kind in sessions[0].kinds.items():
        if kind != "discrete":
            continue
        counts = [dict(zip(*_counted(session.labels[label]), strict=True)) for session in sessions]
        if not any(_is_gap(own, other) for own in counts for other in counts):
            continue
        known = sorted(set().union(*counts))
        of = {c: tuple(s.name for s, own in zip(sessions, counts, strict=True) if c in own) for c in known}
        missing = {str(category): names for category, names in of.items() if len(names) < len(sessions)}
        gaps.append(CategoryGap(label, missing, in_common=len(missing) < len(known)))
    return gaps


def mirrored_categories(sessions: Sequence[Session]) -> list[MirroredCategory]:
    """Find categories that go with rising values of a label in one session and with falling ones in another.

    Steps from bin to bin within a segment and a category are added up; a session tells a way if at least four
    fifths of the way it moved go there.

    Parameters
    ----------
    sessions : sequence of Session
        Sessions with the same labels.

    Returns
    -------
    list of MirroredCategory
        One for each category and each continuous or circular label of one column.
    """
    first = sessions[0]
    discrete = [label for label, kind in first.kinds.items() if kind == "discrete"]
    moving = [label for label in first.labels if label not in discrete and first.labels[label].ndim == 1]
    found = []
    for label in discrete:
        categories = sorted(set().union(*(np.unique(session.labels[label]).tolist() for session in sessions)))
        for along in moving:
            for category in categories:
                shares = {session.name: _rising(session, label, category, along) for session in sessions}
                told = {name: share for name, share in shares.items() if share is not None}
                one = MirroredCategory(label, str(category), along, told)
                if one.upwards and one.downwards:
                    found.append(one)
    return found


def _counted(values: npt.NDArray[Any]) -> tuple[list[Any], list[int]]:
    categories, counts = np.unique(values, return_counts=True)
    return categories.tolist(), counts.tolist()


def _is_gap(own: Mapping[Any, int], other: Mapping[Any, int]) -> bool:
    shared = sum(count for category, count in own.items() if category in other)
    return shared < _ENOUGH * sum(own.values())


def _rising(session: Session, label: str, category: Any, along: str) -> float | None:
    """Return the share of the way in a category that goes upwards; None where it hardly moves."""
    inside = np.asarray(session.labels[label] == category)
    same_stretch = inside[1:] & inside[:-1] & (session.segment[1:] == session.segment[:-1])
    steps = np.diff(np.asarray(session.labels[along], dtype=np.float64))[same_stretch]
    if session.kinds[along] == "circular":
        steps = np.angle(np.exp(1j * steps))
    steps = steps[np.isfinite(steps) & (steps != 0)]
    if len(steps) < _FEWEST_STEPS:
        return None
    return float(steps[steps > 0].sum() / np.abs(steps).sum())


def _named(names: Sequence[str], separator: str = ", ") -> str:
    """Join names; of many the first ones, and how many more."""
    shown = separator.join(names[:_MOST_NAMED])
    more = len(names) - _MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown
