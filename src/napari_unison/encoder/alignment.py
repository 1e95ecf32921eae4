"""Which bins of a session are nearest in label: one tree a session, partner tables between sessions.

Bins with equal labels are one row of the tree, and rows at equal distance are kept as ties, so that among
tied bins the choice is uniform. Bins with a missing label are neither queries nor answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_unison.encoder.label_tree import LabelTree

Array = np.ndarray[Any, np.dtype[Any]]

NO_BIN = -1


@dataclass(frozen=True)
class Matches:
    """Nearest bins of a session for ``Q`` queries: for query ``q``, ``count[q]`` bins from ``first[q]`` on.

    Attributes
    ----------
    bins : array (M,) of int32
        Candidates; queries may share them.
    first, count : arrays (Q,) of int32
        Where the candidates of a query begin, and how many there are: all bins that are equally near.
    distance : array (Q,)
        Their distance.
    """

    bins: Array
    first: Array
    count: Array
    distance: Array

    def draw(self, uniform: Array) -> Array:
        """Draw one bin for each query, uniformly among its candidates.

        Parameters
        ----------
        uniform : array (Q,)
            Random numbers, at least 0 and below 1.

        Returns
        -------
        array (Q,) of int32
            Bins of the session.
        """
        return np.asarray(self.bins.take(self.first + (uniform * self.count).astype(np.int32)))


class LabelIndex:
    """Nearest-label search in one session.

    Parameters
    ----------
    points : array (T, d)
        The session's labels in the label space; rows with NaN are left out.
    tolerance : float
        Rows whose distances differ by no more than this are tied.

    Attributes
    ----------
    bins : array (V,) of int
        Bins that have all their labels.
    bins_by_row : array (V,) of int32
        The same bins, those of one row after those of another.
    rows : array (R, d)
        Their distinct labels; labels that are near one another stand near one another.
    row_of_bin : array (T,) of int32
        Row of each bin, or :data:`NO_BIN`.
    """

    def __init__(self, points: Array, tolerance: float = 1e-9) -> None:
        self.tolerance = tolerance
        self.bins = np.flatnonzero(~np.isnan(points).any(axis=1))
        self.bins_by_row = np.empty(0, dtype=np.int32)
        self.rows = np.empty((0, points.shape[1]))
        self.row_of_bin = np.full(len(points), NO_BIN, dtype=np.int32)
        if len(self.bins) == 0:
            return
        distinct, row_of_bin = _distinct(points[self.bins])
        self._tree = LabelTree(distinct)
        self.rows = self._tree.rows
        place = np.empty(len(distinct), dtype=np.int32)
        place[self._tree.order] = np.arange(len(distinct))
        row_of_bin = place[row_of_bin]
        self.row_of_bin[self.bins] = row_of_bin
        self.bins_by_row = self.bins[np.argsort(row_of_bin, kind="stable")].astype(np.int32)
        self._count = np.bincount(row_of_bin).astype(np.int32)
        self._first = (np.cumsum(self._count) - self._count).astype(np.int32)

    def match(self, queries: Array) -> Matches:
        """Find the nearest bins of queries.

        Parameters
        ----------
        queries : array (Q, d)
            Labels in the label space, without NaN.

        Returns
        -------
        Matches
            Their bins are ``bins_by_row``, after which come the bins of ties between rows.
        """
        if len(self.rows) == 0:
            raise ValueError("this session has no bin with all its labels")
        row, distance, tied = self._tree.nearest(queries, self.tolerance)
        first, count = self._first[row], self._count[row]
        which = np.flatnonzero(tied)
        if len(which) == 0:
            return Matches(self.bins_by_row, first, count, distance)
        # equal queries, as discrete labels give them, share their candidates
        asked, answer = _distinct(queries[which])
        radius = np.empty(len(asked))
        radius[answer] = distance[which] + self.tolerance
        bins, begins, counts = self._bins_within(asked, radius)
        first[which] = len(self.bins_by_row) + begins[answer]
        count[which] = counts[answer]
        return Matches(np.concatenate([self.bins_by_row, bins]), first, count, distance)

    def _bins_within(self, queries: Array, radius: Array) -> tuple[Array, Array, Array]:
        """Collect all bins near queries: bins, where those of each query begin, and how many there are."""
        rows, row_ends = self._tree.within(queries, radius)
        sizes = self._count[rows]
        ends = np.cumsum(sizes)
        place = np.arange(ends[-1]) + np.repeat(self._first[rows] - (ends - sizes), sizes)
        query_ends = ends[row_ends - 1]
        counts = np.diff(query_ends, prepend=0)
        return self.bins_by_row[place], query_ends - counts, counts


class Alignment:
    """Partners between sessions: for a bin of one, the bins of another that are nearest in label.

    Partners are searched when a label row of a session is first asked for, and kept: 8 bytes for each row of
    each session in each other session, and the bins that are tied. Threads may ask at the same time for
    partners in different target sessions.

    Parameters
    ----------
    points : list of array (T_s, d)
        Labels of the ``S`` sessions in one label space.
    tie_tolerance : float
        Rows whose distances differ by no more than this are tied.
    max_distance : float, optional
        A partner farther than this is given up: its bin is :data:`NO_BIN`.
    """

    def __init__(self, points: list[Array], tie_tolerance: float, max_distance: float | None = None) -> None:
        self.points = points
        self.max_distance = np.inf if max_distance is None else max_distance
        self.indices = [LabelIndex(labels, tie_tolerance) for labels in points]
        self._candidates = [_Candidates(index.bins_by_row) for index in self.indices]
        self._tables: dict[tuple[int, int], Array] = {}

    @property
    def n_sessions(self) -> int:
        """Number of sessions ``S``."""
        return len(self.points)

    @property
    def n_bytes(self) -> int:
        """Memory of the partner tables and their ties, in bytes."""
        candidates = sum(found.bins.nbytes for found in self._candidates)
        return candidates + sum(table.nbytes for table in self._tables.values())

    def partners(self, source: int, bins: Array, target: int, uniform: Array) -> Array:
        """Draw the partner in ``target`` of each of ``source``'s bins.

        Parameters
        ----------
        source : int
            Session that the bins belong to.
        bins : array (B,) of int
            Its bins, all with all their labels.
        target : int
            Session to find partners in; if it is the same, a bin is its own partner.
        uniform : array (B,)
            Random numbers, at least 0 and below 1, that decide between ties.

        Returns
        -------
        array (B,) of int
            Bins of ``target``, or :data:`NO_BIN`.
        """
        if source == target:
            return bins
        if len(self.indices[target].bins) == 0:
            return np.full(len(bins), NO_BIN)
        first, count = self._look_up(source, bins, target)
        partner = self._candidates[target].bins.take(first + (uniform * np.abs(count)).astype(np.int32))
        if self.max_distance < np.inf:
            partner[count < 0] = NO_BIN
        return np.asarray(partner)

    def distances(self, source: int, bins: Array, target: int) -> Array:
        """Return how far the nearest bin of ``target`` is, whether it is given up or not.

        Parameters
        ----------
        source, bins, target
            As in :meth:`partners`.

        Returns
        -------
        array (B,)
            Label distances; 0 if the sessions are the same, NaN where the target has no labels.
        """
        if source == target:
            return np.zeros(len(bins))
        if len(self.indices[target].bins) == 0:
            return np.full(len(bins), np.nan)
        first, _ = self._look_up(source, bins, target)
        nearest = self.points[target][self._candidates[target].bins[first]]
        return np.asarray(np.linalg.norm(nearest - self.points[source][bins], axis=1))

    def _look_up(self, source: int, bins: Array, target: int) -> tuple[Array, Array]:
        """Return where the candidates of bins begin and their number, negative where they are given up."""
        key = (source, target)
        if key not in self._tables:
            # a count of 0 says that the row has not been asked for; the pages of zeros are not touched yet
            self._tables[key] = np.zeros((len(self.indices[source].rows), 2), dtype=np.int32)
        table = self._tables[key]
        rows = self.indices[source].row_of_bin.take(bins)
        found = _take_pairs(table, rows)
        new = found[:, 1] == 0
        if new.any():
            is_asked = np.zeros(len(table), dtype=bool)
            is_asked[rows[new]] = True
            asked = np.flatnonzero(is_asked)
            matches = self.indices[target].match(self.indices[source].rows[asked])
            given_up = matches.distance > self.max_distance
            table[asked, 0] = self._candidates[target].place(matches)
            table[asked, 1] = np.where(given_up, -matches.count, matches.count)
            found = _take_pairs(table, rows)
        return found[:, 0], found[:, 1]


class _Candidates:
    """Bins of a session that tables point into: its bins by row, then the ties that were found so far."""

    def __init__(self, bins_by_row: Array) -> None:
        self.bins = bins_by_row
        self._used = self._own = len(bins_by_row)

    def place(self, matches: Matches) -> Array:
        """Keep the ties of matches; return where the candidates of each match begin, (Q,) of int32."""
        n_new = len(matches.bins) - self._own
        if n_new == 0:
            return matches.first
        begin, self._used = self._used, self._used + n_new
        if self._used > len(self.bins):
            # doubled, so that adding little by little does not copy the whole each time
            grown = np.empty(max(self._used, 2 * len(self.bins)), dtype=np.int32)
            grown[:begin] = self.bins[:begin]
            self.bins = grown
        self.bins[begin : self._used] = matches.bins[self._own :]
        return np.where(matches.first < self._own, matches.first, matches.first + (begin - self._own))


def _take_pairs(table: Array, rows: Array) -> Array:
    """Return rows of a table (R, 2) of int32; moved as one number each, they take a quarter of the time."""
    return np.asarray(table.view(np.int64)[:, 0].take(rows).view(np.int32).reshape(-1, 2))


def _distinct(points: Array) -> tuple[Array, Array]:
    """Return the distinct rows of points (Q, d) and, for each point, which of them it is."""
    order = np.lexsort(points.T)
    ordered = points[order]
    is_new = np.ones(len(points), dtype=bool)
    is_new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    which = np.empty(len(points), dtype=np.intp)
    which[order] = np.cumsum(is_new) - 1
    return ordered[is_new], which
