"""How much of the behaviour sessions have in common, before anything is trained.

Partners are the bins that are nearest in label, however far. Where one session has been and another has not,
there is no near one: a table of pairs says how often, a map of the visited places says where.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from napari_unison.analysis.label_bins import LabelBins
from napari_unison.analysis.tables import data_frame, text_table
from napari_unison.encoder.label_space import LabelScaling, LabelSpace
from napari_unison.encoder.overlap import LabelOverlap, overlap_in
from napari_unison.sessions import category_gaps, mirrored_categories

if TYPE_CHECKING:
    import pandas as pd

    from napari_unison.sessions import Session

Floats = npt.NDArray[np.float64]

ALL_LABELS: Final = "all labels"


@dataclass(frozen=True, eq=False)
class Coverage:
    """Where each session has been: time in bins of one label, for each category of another.

    Attributes
    ----------
    label, unit : str
        The label that is binned, such as "position", and its unit.
    edges : ndarray of float64, (K + 1,)
        Borders of its bins.
    category_label : str
        The discrete label that divides, such as "direction"; empty where there is none.
    categories : tuple of str
        Its ``C`` categories; one, empty, without such a label.
    seconds : ndarray of float64, (S, C, K)
        Time that each session spent there (s).
    """

    label: str
    unit: str
    edges: Floats
    category_label: str
    categories: tuple[str, ...]
    seconds: Floats


@dataclass(frozen=True, eq=False)
class BehaviourOverlap:
    """How often the bins of a session find a partner in another, and where each session has been.

    Attributes
    ----------
    overlap : LabelOverlap
        Of all labels together, as partners are found: share of each row session's bins that have a near
        partner in each column session (S, S), and the median distance.
    by_label : mapping of str to LabelOverlap
        The same if a partner had to be near in that label alone: which label sessions do not share.
    unit : str
        Unit of distances between bins of the same categories; empty where there is none.
    coverage : Coverage or None
        Time at each place; None without a continuous or circular label of one column.
    disagreements : tuple of str
        Sentences: categories that sessions do not share, directions that run the other way.
    """

    overlap: LabelOverlap
    by_label: Mapping[str, LabelOverlap]
    unit: str
    coverage: Coverage | None
    disagreements: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The ``S`` sessions."""
        return self.overlap.names

    @property
    def near(self) -> str:
        """What counts as near, in words."""
        return f"{self.overlap.tolerance:.2g}{' ' if self.unit else ''}{self.unit}"

    @property
    def is_good(self) -> bool:
        """Whether in every pair nine of ten bins have a near partner, and labels mean the same."""
        return not self.overlap.gaps() and not self.disagreements

    @property
    def summary(self) -> str:
        """The result in a sentence or two: the worst pair, and what labels do not agree in."""
        if len(self.names) < 2:
            return "One session: there is nobody to be matched with."
        others = self.overlap.share[~np.eye(len(self.names), dtype=bool)]
        if not self.overlap.gaps():
            least = int(100 * others.min())
            share = "all" if least == 100 else f"at least {least}%"
            text = f"Sessions cover each other's behaviour: {share} of each has near partners"
        else:
            row, column = np.unravel_index(np.argmin(self.overlap.share), self.overlap.share.shape)
            worst = self.overlap.gaps_by_pair()[self.names[row], self.names[column]]
            n_more = len(self.overlap.gaps()) - 1
            more = f", and {n_more} more such pair{'s' * (n_more > 1)}" if n_more else ""
            text = f"{worst[0].upper()}{worst[1:]}{more}"
        return ". ".join([f"{text} (nearer than {self.near})", *self.disagreements]) + "."

    def to_frame(self) -> pd.DataFrame:
        """Return one row an ordered pair of sessions and label, and one for all labels together."""
        n = len(self.names)
        tables = {ALL_LABELS: self.overlap, **self.by_label}
        columns: dict[str, Any] = {
            "label": np.repeat(list(tables), n * n),
            "session": np.tile(np.repeat(self.names, n), len(tables)),
            "partner": np.tile(self.names, n * len(tables)),
            "share_with_near_partner": np.concatenate([table.share.ravel() for table in tables.values()]),
            "median_label_distance": np.concatenate([table.distance.ravel() for table in tables.values()]),
        }
        columns |= {"near": self.overlap.tolerance, "unit": self.unit}
        return data_frame(columns)

    def coverage_frame(self) -> pd.DataFrame:
        """Return one row a session, category and bin of the binned label, with the time spent there (s).

        Raises
        ------
        ValueError
            If there is no label to bin.
        """
        if self.coverage is None:
            raise ValueError("no label is continuous or circular with one column: there are no places")
        shape = self.coverage.seconds.shape
        session, category, place = (index.ravel() for index in np.indices(shape))
        columns: dict[str, Any] = {"session": np.asarray(self.names)[session]}
        if self.coverage.category_label:
            columns[self.coverage.category_label] = np.asarray(self.coverage.categories)[category]
        columns |= {
            f"{self.coverage.label}_from": self.coverage.edges[place],
            f"{self.coverage.label}_to": self.coverage.edges[place + 1],
            "unit": self.coverage.unit,
            "time_s": self.coverage.seconds.ravel(),
        }
        return data_frame(columns)

    def __str__(self) -> str:
        parts = [self.summary]
        for title, table in {ALL_LABELS: self.overlap, **self.by_label}.items():
            rows = [
                [name, *(f"{share:.0%}" for share in row)]
                for name, row in zip(self.names, table.share, strict=True)
            ]
            parts.append(
                f"{title}: bins of the row session with a partner nearer than {self.near} in the column "
                f"session\n{text_table(['', *self.names], rows)}"
            )
        return "\n\n".join(parts)


def behaviour_overlap(
    sessions: Sequence[Session],
    *,
    scaling: LabelScaling = "none",
    max_label_distance: float | None = None,
    label: str | None = None,
    n_bins: int = 32,
) -> BehaviourOverlap:
    """Compare the behaviour of sessions as their labels tell it.

    Parameters
    ----------
    sessions : sequence of Session
        Sessions with the same labels, such as those that will be trained on.
    scaling : {"none", "range", "standard"}
        As ``label_scaling`` of the encoder.
    max_label_distance : float, optional
        Distance up to which a partner counts, as in the encoder; a tenth of the labels' overall spread unless
        given.
    label : str, optional
        The label whose bins are visited; "position", else the first that is continuous or circular and has
        one column.
    n_bins : int, default 32
        Bins of that label.

    Returns
    -------
    BehaviourOverlap
        Numbers that print as tables, convert to data frames and are drawn by
        :func:`~napari_unison.display.figures.draw_overlap`.

    Raises
    ------
    SessionError
        If the sessions do not carry the same labels.
    KeyError
        If there is no such label.
    """
    space = LabelSpace(sessions, scaling)
    names = [session.name for session in sessions]
    points = [space.encode(session) for session in sessions]
    overlap = overlap_in(space, points, names, max_label_distance)
    by_label = {
        place.name: overlap_in(space, [rows[:, place.columns] for rows in points], names, overlap.tolerance)
        for place in space.labels
        if len(space.labels) > 1
    }
    # where one direction is mirrored, so is the other
    mirrored = {(one.label, one.along): one for one in reversed(mirrored_categories(sessions))}
    disagreements = [*category_gaps(sessions), *mirrored.values()]
    return BehaviourOverlap(
        overlap=overlap,
        by_label=by_label,
        unit=space.unit,
        coverage=_coverage(sessions, label, n_bins),
        disagreements=tuple(map(str, disagreements)),
    )


def _coverage(sessions: Sequence[Session], label: str | None, n_bins: int) -> Coverage | None:
    first = sessions[0]
    kinds = first.kinds
    binned = [name for name, kind in kinds.items() if kind != "discrete" and first.labels[name].ndim == 1]
    if label is None:
        if not binned:
            return None
        label = "position" if "position" in binned else binned[0]
    elif label in first.labels and label not in binned:
        raise ValueError(
            f"label {label!r} is {kinds[label]} with {first.labels[label].ndim} axes: only a continuous or "
            f"circular label of one column has places to visit, such as {', '.join(binned) or 'a position'}"
        )
    discrete = [name for name, kind in kinds.items() if kind == "discrete"]
    divides = ["direction"] if "direction" in discrete else discrete[:1]
    bins = LabelBins(sessions, label, divides, n_bins)
    categories = tuple(str(one) for name in divides for one in bins.categories[name]) or ("",)
    seconds = np.zeros((len(sessions), bins.n_cells))
    for row, session in zip(seconds, sessions, strict=True):
        cell = bins.cell(session)
        row += session.bin_width * np.bincount(cell[cell >= 0], minlength=bins.n_cells)
    return Coverage(
        label=label,
        unit=first.units[label],
        edges=bins.edges[0],
        category_label="".join(divides),
        categories=categories,
        seconds=seconds.reshape(len(sessions), len(categories), n_bins),
    )
