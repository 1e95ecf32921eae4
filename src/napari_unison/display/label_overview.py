"""The labels of a session over its time, pooled into the columns of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from napari_unison.sessions import LabelKind, Session

Floats = npt.NDArray[np.float64]

#: Columns of a label that are drawn; more would be a thicket.
MOST_CURVES = 3


@dataclass(frozen=True, eq=False)
class LabelOverview:
    """A label over time, pooled into ``C`` columns.

    Attributes
    ----------
    name, unit : str
        The label, and its unit.
    kind : {"continuous", "circular", "discrete"}
        Its kind.
    edges : ndarray (C + 1,)
        Where columns begin and the last one ends (s).
    lowest, highest : tuple of ndarray (C,)
        Of each column of the label; NaN where it is not known. Of a discrete label, the number of its
        category.
    categories : tuple of str
        Of a discrete label.
    """

    name: str
    unit: str
    kind: LabelKind
    edges: Floats
    lowest: tuple[Floats, ...]
    highest: tuple[Floats, ...]
    categories: tuple[str, ...] = ()


def label_overview(
    session: Session, name: str, columns: int, start: float = -np.inf, stop: float = np.inf
) -> LabelOverview:
    """Pool a label from ``start`` to ``stop`` (s) into columns.

    Parameters
    ----------
    session : Session
        ``T`` bins.
    name : str
        One of its labels.
    columns : int
        At most this many columns ``C``.
    start, stop : float
        Part of its time (s); the nearest bin where there is none in it.
    """
    time, slack = session.time, 1e-6 * session.bin_width
    first = min(int(np.searchsorted(time, start - slack)), session.n_bins - 1)
    last = max(int(np.searchsorted(time, stop - slack)), first + 1)
    n_bins = last - first
    begins = np.unique(np.linspace(0, n_bins, min(columns, n_bins), endpoint=False).astype(np.intp))
    values, categories = session.labels[name], tuple[str, ...]()
    if session.kinds[name] == "discrete":
        known, numbers = np.unique(values, return_inverse=True)
        values, categories = numbers.reshape(values.shape), tuple(str(value) for value in known.tolist())
    part = np.asarray(values[first:last], dtype=np.float64).reshape(n_bins, -1)[:, :MOST_CURVES]
    return LabelOverview(
        name,
        session.units.get(name, ""),
        session.kinds[name],
        np.append(time[first:last][begins], time[last - 1] + session.bin_width),
        # fmin and fmax pass over what is not known
        tuple(np.fmin.reduceat(part, begins, axis=0).T),
        tuple(np.fmax.reduceat(part, begins, axis=0).T),
        categories,
    )
