"""Which bin of a session is nearest in label: one k-d tree a session, partner tables between sessions.

Bins with equal labels are one row of the tree, and rows at equal distance are kept as ties, so that among
tied bins the choice is uniform. Bins with a missing label are neither queries nor answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

Array = np.ndarray[Any, np.dtype[Any]]

NO_BIN = -1

_QUERIES_WORTH_THREADS = 20_000


@dataclass(frozen=True)
class Matches:
    """Nearest label rows of a session for ``Q`` queries, with their ties.

    Attributes
    ----------
    row : array (Q,) of int
        A nearest row.
    distance : array (Q,)
        Its distance.
    tie : array (Q,) of int
        Row of ``tied_rows`` for a query with several nearest rows, else -1.
    tied_rows : array (n_ties, k) of int
        All nearest rows of such a query, filled up with -1.
    cumulative : array (n_ties, k)
        Share of the bins that stand in the rows up to this one.
    """

    row: Array
    distance: Array
    tie: Array
    tied_rows: Array
    cumulative: Array


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
    """

    def __init__(self, points: Array, tolerance: float = 1e-9) -> None:
        self.tolerance = tolerance
        self.bins = np.flatnonzero(~np.isnan(points).any(axis=1))
        self.rows, row_of_bin = np.unique(points[self.bins], axis=0, return_inverse=True)
        row_of_bin = row_of_bin.reshape(-1)
        order = np.argsort(row_of_bin, kind="stable")
        self._bins_by_row = self.bins[order]
        self._count = np.bincount(row_of_bin, minlength=len(self.rows))
        self._first = np.concatenate([[0], np.cumsum(self._count)[:-1]])
        self.row_of_bin = np.full(len(points), NO_BIN)
        self.row_of_bin[self.bins] = row_of_bin
        self._tree = cKDTree(self.rows)

    def match(self, queries: Array) -> Matches:
        """Find the nearest rows of queries.

        Parameters
        ----------
        queries : array (Q, d)
            Labels in the label space, without NaN.

        Returns
        -------
        Matches
            Nearest rows with their ties.
        """
        if len(self.rows) == 0:
            raise ValueError("this session has no bin with all its labels")
        if len(self.rows) == 1:
            distance = np.linalg.norm(queries - self.rows[0], axis=1)
            return self._without_ties(np.zeros(len(queries), dtype=np.intp), distance)
        distances, rows = self._nearest(queries, 2)
        tied = np.flatnonzero(distances[:, 1] <= distances[:, 0] + self.tolerance)
        if len(tied) == 0:
            return self._without_ties(rows[:, 0], distances[:, 0])
        tied_rows = self._all_tied_rows(queries[tied])
        tie = np.full(len(queries), -1)
        tie[tied] = np.arange(len(tied))
        counts = np.where(tied_rows >= 0, self._count[tied_rows], 0)
        cumulative = np.cumsum(counts, axis=1) / counts.sum(axis=1, keepdims=True)
        return Matches(rows[:, 0], distances[:, 0], tie, tied_rows, cumulative)

    def draw(self, matches: Matches, which: Array, rng: np.random.Generator) -> Array:
        """Draw one bin for each match, uniformly among the bins that are tied.

        Parameters
        ----------
        matches : Matches
            Found by :meth:`match` of this index.
        which : array (B,) of int
            Matches to draw for.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        array (B,) of int
            Bins of this session.
        """
        row = matches.row[which]
        tie = matches.tie[which]
        tied = np.flatnonzero(tie >= 0)
        if len(tied):
            cumulative = matches.cumulative[tie[tied]]
            column = (rng.random((len(tied), 1)) >= cumulative).sum(axis=1)
            column = np.minimum(column, cumulative.shape[1] - 1)
            row = row.copy()
            row[tied] = matches.tied_rows[tie[tied], column]
        within = (rng.random(len(row)) * self._count[row]).astype(np.intp)
        return np.asarray(self._bins_by_row[self._first[row] + within])

    def _nearest(self, queries: Array, width: int) -> tuple[Array, Array]:
        """Return distances and rows of the ``width`` nearest rows, each (Q, width)."""
        # starting threads costs more than the few thousand queries of a training step
        workers = -1 if len(queries) > _QUERIES_WORTH_THREADS else 1
        distances, rows = self._tree.query(queries, k=width, workers=workers)
        return np.asarray(distances), np.asarray(rows)

    def _without_ties(self, row: Array, distance: Array) -> Matches:
        none = np.empty((0, 1))
        return Matches(row, distance, np.full(len(row), -1), none.astype(np.intp), none)

    def _all_tied_rows(self, queries: Array) -> Array:
        """Widen the search until the farthest row that it returns is no longer tied."""
        n_rows = len(self.rows)
        width = min(4, n_rows)
        while True:
            distances, rows = self._nearest(queries, width)
            is_tied = distances <= distances[:, :1] + self.tolerance
            if width == n_rows or not is_tied[:, -1].any():
                kept = int(is_tied.sum(axis=1).max())
                return np.where(is_tied, rows, -1)[:, :kept]
            width = min(4 * width, n_rows)


class Alignment:
    """Partners between sessions: for a bin of one, the bins of another that are nearest in label.

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
        self._tables: dict[tuple[int, int], Matches] = {}

    @property
    def n_sessions(self) -> int:
        """Number of sessions ``S``."""
        return len(self.points)

    def table(self, source: int, target: int) -> Matches:
        """Return the matches in ``target`` of every label row of ``source``, computed on first use."""
        key = (source, target)
        if key not in self._tables:
            self._tables[key] = self.indices[target].match(self.indices[source].rows)
        return self._tables[key]

    def partners(
        self, source: int, bins: Array, target: int, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        """Draw the partner in ``target`` of each of ``source``'s bins.

        Parameters
        ----------
        source : int
            Session that the bins belong to.
        bins : array (B,) of int
            Its bins, all with all their labels.
        target : int
            Session to find partners in; if it is the same, a bin is its own partner.
        rng : numpy.random.Generator
            Decides between ties.

        Returns
        -------
        partner : array (B,) of int
            Bins of ``target``, or :data:`NO_BIN`.
        residual : array (B,)
            Label distance of the nearest bin, whether it was given up or not.
        """
        if source == target:
            return bins, np.zeros(len(bins))
        if len(self.indices[target].bins) == 0:
            return np.full(len(bins), NO_BIN), np.full(len(bins), np.nan)
        matches = self.table(source, target)
        which = self.indices[source].row_of_bin[bins]
        residual = matches.distance[which]
        partner = self.indices[target].draw(matches, which, rng)
        return np.where(residual <= self.max_distance, partner, NO_BIN), residual
