"""Sets of time bins, kept as stretches of seconds, so that they hold for every part of a recording."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from napari_unison.workspace.events import WorkspaceError

if TYPE_CHECKING:
    from napari_unison.sessions import Session

#: What becomes of the time that is selected already.
SelectionMode = Literal["replace", "add", "remove"]
#: Times closer than this (s) are one: sums of bin widths differ by rounding.
CLOSE = 1e-6
#: Bin widths between the starts of two bins that belong together.
LONGEST_STEP = 1.5

Ranges = npt.NDArray[np.float64]
Where = npt.NDArray[np.bool_]


class TimeSet:
    """Stretches of time in one or more sessions; it never changes.

    Parameters
    ----------
    ranges : mapping
        Session name to pairs of start and stop (s). A bin belongs to the set if its middle lies in between.
        Stretches may overlap and come in any order; they are put in order and joined.

    Raises
    ------
    WorkspaceError
        If a stretch does not end after it begins, or a time is not a number.

    Examples
    --------
    >>> TimeSet({"rat 1": [(0.0, 2.5), (10.0, 12.0)]}).duration
    4.5
    """

    def __init__(self, ranges: Mapping[str, Iterable[Any]] | None = None) -> None:
        joined = {str(name): _ordered(name, pairs) for name, pairs in (ranges or {}).items()}
        self._ranges = {name: joined[name] for name in sorted(joined) if len(joined[name])}

    @classmethod
    def of_bins(cls, session: Session, marked: npt.ArrayLike) -> TimeSet:
        """Return the set of marked bins of a session.

        Parameters
        ----------
        session : Session
            Which session.
        marked : array-like
            Booleans (T,), or numbers of bins.

        Raises
        ------
        WorkspaceError
            If the booleans are not one a bin, or a number is none of a bin.
        """
        chosen = np.asarray(marked)
        where = np.zeros(session.n_bins, dtype=bool)
        if chosen.dtype == bool:
            if chosen.shape != where.shape:
                raise WorkspaceError(
                    f"{chosen.size} marks do not fit {session.name}, which has {session.n_bins} bins: "
                    f"give one boolean a bin"
                )
            where[:] = chosen
        else:
            numbers = chosen.astype(np.int64).ravel()
            if len(numbers) and (numbers.min() < 0 or numbers.max() >= session.n_bins):
                raise WorkspaceError(f"{session.name} has bins 0 to {session.n_bins - 1}: give those")
            where[numbers] = True
        return cls({session.name: _ranges_of(session.time, session.bin_width, where)})

    # -- what it holds ---------------------------------------------------------------------------------

    @property
    def ranges(self) -> Mapping[str, Ranges]:
        """Session name to stretches (n, 2) of start and stop in seconds, in order and apart."""
        return MappingProxyType(self._ranges)

    @property
    def session_names(self) -> tuple[str, ...]:
        """The sessions of which there is time in the set."""
        return tuple(self._ranges)

    @property
    def duration(self) -> float:
        """Seconds in all sessions."""
        return float(sum(np.sum(pairs[:, 1] - pairs[:, 0]) for pairs in self._ranges.values()))

    def __len__(self) -> int:
        """Count the stretches."""
        return sum(len(pairs) for pairs in self._ranges.values())

    def bins(self, session: Session) -> Where:
        """Return which bins of a session, or of a part of it, are in the set; (T,)."""
        pairs = self._ranges.get(session.name)
        if pairs is None:
            return np.zeros(session.n_bins, dtype=bool)
        return _inside(pairs, session.time + session.bin_width / 2)

    def within(self, name: str, start: float, stop: float) -> Ranges:
        """Return the stretches (n, 2) of a session that reach into a time from start to stop (s)."""
        pairs = self._ranges.get(name, np.empty((0, 2)))
        first = int(np.searchsorted(pairs[:, 1], start, side="right"))
        return pairs[first : int(np.searchsorted(pairs[:, 0], stop, side="left"))]

    def renamed(self, name: str, new_name: str, *, keeps_old: bool = False) -> TimeSet:
        """Return the set with the time of one session under another name, or under both names."""
        if name not in self._ranges:
            return self
        ranges = {known: pairs for known, pairs in self._ranges.items() if keeps_old or known != name}
        return TimeSet(ranges | {new_name: self._ranges[name]})

    # -- sets are compared and joined ------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TimeSet):
            return NotImplemented
        return self.session_names == other.session_names and all(
            pairs.shape == other._ranges[name].shape
            and np.allclose(pairs, other._ranges[name], rtol=0, atol=CLOSE)
            for name, pairs in self._ranges.items()
        )

    __hash__ = None  # type: ignore[assignment]

    def __or__(self, other: TimeSet) -> TimeSet:
        """Return the time that is in one or both."""
        return self._combined(other, lambda here, there: here | there)

    def __and__(self, other: TimeSet) -> TimeSet:
        """Return the time that is in both."""
        return self._combined(other, lambda here, there: here & there)

    def __sub__(self, other: TimeSet) -> TimeSet:
        """Return the time that is in this, but not in the other."""
        return self._combined(other, lambda here, there: here & ~there)

    def changed_by(self, other: TimeSet, mode: SelectionMode) -> TimeSet:
        """Return what is selected after another set replaced this one, was added to it, or taken out.

        Raises
        ------
        WorkspaceError
            If the mode is another word.
        """
        if mode not in get_args(SelectionMode):
            raise WorkspaceError(f"{mode!r} is no way to select: give 'replace', 'add' or 'remove'")
        if mode == "replace":
            return other
        return self | other if mode == "add" else self - other

    def _combined(self, other: TimeSet, keep: Callable[[Where, Where], Where]) -> TimeSet:
        empty = np.empty((0, 2))
        return TimeSet(
            {
                name: _combine(self._ranges.get(name, empty), other._ranges.get(name, empty), keep)
                for name in {*self._ranges, *other._ranges}
            }
        )

    def __repr__(self) -> str:
        shown = {
            name: [(round(float(start), 6), round(float(stop), 6)) for start, stop in pairs]
            for name, pairs in self._ranges.items()
        }
        return f"TimeSet({shown})"


def _ordered(name: str, pairs: Any) -> Ranges:
    """Put stretches in order, and join those that overlap or touch."""
    ranges = np.asarray(list(pairs) if not isinstance(pairs, np.ndarray) else pairs, dtype=np.float64)
    if ranges.size == 0:
        return np.empty((0, 2))
    if ranges.ndim != 2 or ranges.shape[1] != 2:
        raise WorkspaceError(f"{name}: give pairs of start and stop in seconds, such as [(0, 2.5), (10, 12)]")
    if not np.all(np.isfinite(ranges)) or not np.all(ranges[:, 1] > ranges[:, 0]):
        raise WorkspaceError(f"{name}: a stretch of time ends after it begins, and both are numbers (s)")
    ranges = ranges[np.argsort(ranges[:, 0], kind="stable")]
    reached = np.maximum.accumulate(ranges[:, 1])
    begins = np.flatnonzero(np.append(True, ranges[1:, 0] > reached[:-1] + CLOSE))
    ends = np.append(begins[1:], len(ranges)) - 1
    joined = np.column_stack([ranges[begins, 0], reached[ends]])
    joined.flags.writeable = False
    return joined


def _ranges_of(time: npt.NDArray[np.float64], bin_width: float, where: Where) -> Ranges:
    """Return the stretches of marked bins; a gap in time parts them."""
    marked = np.flatnonzero(where)
    if not len(marked):
        return np.empty((0, 2))
    is_next = (np.diff(marked) == 1) & (np.diff(time[marked]) <= LONGEST_STEP * bin_width)
    begins = np.flatnonzero(np.append(True, ~is_next))
    ends = np.append(begins[1:], len(marked)) - 1
    return np.column_stack([time[marked[begins]], time[marked[ends]] + bin_width])


def _inside(ranges: Ranges, times: npt.NDArray[np.float64]) -> Where:
    """Tell which times lie in one of the stretches."""
    number = np.searchsorted(ranges[:, 0], times, side="right") - 1
    stops = np.append(ranges[:, 1], -np.inf)
    return np.asarray((number >= 0) & (times < stops[number]), dtype=bool)


def _combine(first: Ranges, second: Ranges, keep: Callable[[Where, Where], Where]) -> Ranges:
    """Keep the pieces between all borders that lie as wanted in the two."""
    edges = np.unique(np.concatenate([first.ravel(), second.ravel()]))
    pieces = np.column_stack([edges[:-1], edges[1:]])
    # Borders that differ by rounding leave slivers between them.
    pieces = pieces[pieces[:, 1] - pieces[:, 0] > CLOSE]
    middle = pieces.mean(axis=1)
    kept: Ranges = pieces[keep(_inside(first, middle), _inside(second, middle))]
    return kept
