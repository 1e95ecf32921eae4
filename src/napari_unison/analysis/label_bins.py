"""Bins of labels, the same for all sessions, and laps taken in turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.segments import numbered_from_borders, stretches

if TYPE_CHECKING:
    from napari_unison.sessions import Session

Integers = npt.NDArray[np.intp]

#: A category with fewer stretches of time is cut into parts, so that its halves hold more than one each.
_FEWEST_STRETCHES: Final = 4
_PARTS: Final = 8


class LabelBins:
    """A grid over the values of one label, for each category of the discrete labels.

    A continuous label is cut into equal bins between the lowest and the highest value of all sessions, column
    by column; a circular one into equal bins of the circle; categories of a discrete one are bins themselves.

    Parameters
    ----------
    sessions : sequence of Session
        All sessions that are binned.
    label : str
        The label.
    categories : sequence of str
        Discrete labels whose categories have bins of their own.
    n_bins : int
        Bins along each column of the label.

    Attributes
    ----------
    n_cells : int
        Cells of the grid.
    categories : dict of str to ndarray
        Categories of each discrete label that divides, sorted; those of the last label change fastest from
        cell to cell, apart from the bins.
    edges : list of ndarray of float64, (n_bins + 1,)
        Borders of the bins along each column of the label; none for a discrete label.

    Raises
    ------
    KeyError
        If there is no such label; the message lists those that there are.
    ValueError
        If a label of ``categories`` is not discrete, or there are fewer than two bins.
    """

    def __init__(
        self, sessions: Sequence[Session], label: str, categories: Sequence[str], n_bins: int
    ) -> None:
        first = sessions[0]
        for name in (label, *categories):
            if name not in first.labels:
                raise KeyError(
                    f"no label is called {name!r}; the labels are {', '.join(map(repr, first.labels))}"
                )
        wrong = [name for name in categories if first.kinds[name] != "discrete"]
        if wrong:
            raise ValueError(
                f"the label {wrong[0]!r} is {first.kinds[wrong[0]]}: only discrete labels divide"
            )
        if n_bins < 2:
            raise ValueError(f"n_bins is {n_bins}: a label needs at least two bins")
        self.label, self.n_bins = label, n_bins
        discrete = [label] if first.kinds[label] == "discrete" else []
        self.category_labels = tuple(dict.fromkeys([*categories, *discrete]))
        self.categories = {
            name: np.unique(np.concatenate([session.labels[name] for session in sessions]))
            for name in self.category_labels
        }
        self.edges = [] if discrete else _edges(sessions, label, n_bins)
        n_categories = int(np.prod([len(known) for known in self.categories.values()], dtype=int))
        self.n_cells = n_categories * n_bins ** len(self.edges)

    def cell(self, session: Session) -> Integers:
        """Return each bin's cell, (T,); -1 where the label is not known."""
        index = np.zeros(session.n_bins, dtype=np.intp)
        for name, categories in self.categories.items():
            index = index * len(categories) + np.searchsorted(categories, session.labels[name])
        if not self.edges:
            return index
        columns = np.asarray(session.labels[self.label], dtype=np.float64).reshape(session.n_bins, -1)
        known = np.isfinite(columns).all(axis=1)
        if session.kinds[self.label] == "circular":
            columns = np.mod(columns, 2 * np.pi)
        for values, edges in zip(columns[known].T, self.edges, strict=True):
            along = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, self.n_bins - 1)
            index[known] = index[known] * self.n_bins + along
        index[~known] = -1
        return index


def _edges(sessions: Sequence[Session], label: str, n_bins: int) -> list[npt.NDArray[np.float64]]:
    """Return the borders of the bins (n_bins + 1,) along each column of a label."""
    if sessions[0].kinds[label] == "circular":
        return [np.linspace(0, 2 * np.pi, n_bins + 1)]
    columns = np.concatenate([session.labels[label].reshape(session.n_bins, -1) for session in sessions])
    known = columns[np.isfinite(columns).all(axis=1)].astype(np.float64)
    if len(known) == 0:
        raise ValueError(f"the label {label!r} is not known in any bin")
    return [np.linspace(low, high, n_bins + 1) for low, high in zip(known.min(0), known.max(0), strict=True)]


def alternate_halves(session: Session) -> Integers:
    """Put laps in turn into one of two halves, (T,) of 0 and 1.

    A lap is a stretch of time without a border of segments or a change of a discrete label. Laps take turns
    within their category: where an animal runs to and fro, every second lap would be one direction only. A
    category with fewer than four laps is cut into eight parts a lap, since a recording may have no borders.

    Parameters
    ----------
    session : Session
        Gives segments and discrete labels.
    """
    category = np.zeros(session.n_bins, dtype=np.intp)
    for name, kind in session.kinds.items():
        if kind == "discrete":
            known, index = np.unique(session.labels[name], return_inverse=True)
            category = category * len(known) + index
    is_border = (np.diff(category) != 0) | (np.diff(session.segment) != 0)
    laps = stretches(numbered_from_borders(is_border))
    half = np.empty(session.n_bins, dtype=np.intp)
    for one in np.unique(category):
        own = [lap for lap in laps if category[lap.start] == one]
        parts = [np.arange(lap.start, lap.stop) for lap in own]
        if len(own) < _FEWEST_STRETCHES:
            parts = [part for lap in parts for part in np.array_split(lap, _PARTS)]
        for number, part in enumerate(parts):
            half[part] = number % 2
    return half
