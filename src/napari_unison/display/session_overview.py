"""A session at a glance: position and firing rate over its time, and its raster, as numbers for pictures.

Pictures have a few hundred columns, sessions up to millions of bins: everything is pooled into columns here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import scipy.sparse

from napari_unison.display.colours import first_column
from napari_unison.display.roles import label_roles

if TYPE_CHECKING:
    from napari_unison.sessions import Session

Floats = npt.NDArray[np.float64]

#: Bins of position that a place field is looked for in.
PLACES = 24


@dataclass(frozen=True, eq=False)
class Overview:
    """Position and mean firing rate of a session over its time, pooled into ``C`` columns.

    Attributes
    ----------
    edges : ndarray (C + 1,)
        Where columns begin and the last one ends (s).
    label, unit : str
        The label that is drawn, and its unit; empty without one that is continuous or circular.
    lowest, highest : ndarray (C,)
        Of the label in each column; NaN where it is not known.
    rate : ndarray (C,)
        Mean activity per neuron and second.
    """

    edges: Floats
    label: str
    unit: str
    lowest: Floats
    highest: Floats
    rate: Floats


def session_overview(
    session: Session, columns: int, start: float = -np.inf, stop: float = np.inf
) -> Overview:
    """Pool a session, or its part from ``start`` to ``stop`` (s), into columns of equal time.

    Parameters
    ----------
    session : Session
        ``T`` bins.
    columns : int
        At most this many columns ``C``; a column holds a bin at least.
    start, stop : float
        Part of its time (s).
    """
    first, last = _bins_between(session, start, stop)
    begins = _column_begins(last - first, columns)
    counts = np.diff(np.append(begins, last - first))
    activity = np.asarray(session.neural[first:last].sum(axis=1), dtype=np.float64).reshape(-1)
    rate = np.add.reduceat(activity, begins) / (counts * session.bin_width * session.n_neurons)
    label = label_roles(session).position or ""
    lowest = highest = np.full(len(begins), np.nan)
    if label:
        values = np.asarray(first_column(session.labels[label]), dtype=np.float64)[first:last]
        # fmin and fmax pass over what is not known
        lowest, highest = np.fmin.reduceat(values, begins), np.fmax.reduceat(values, begins)
    times = session.time[first:last]
    edges = np.append(times[begins], times[-1] + session.bin_width)
    return Overview(edges, label, session.units.get(label, ""), lowest, highest, rate)


@dataclass(frozen=True, eq=False)
class Raster:
    """Activity of a session's neurons over a part of its time.

    Attributes
    ----------
    edges : ndarray (C + 1,)
        Where columns begin and the last one ends (s).
    levels : ndarray of uint8 (N, C)
        Activity; 255 is the highest of the neuron in a column of this picture.
    neurons : ndarray of int (N,)
        Number of the neuron (counted from 0) in each row.
    """

    edges: Floats
    levels: npt.NDArray[np.uint8]
    neurons: npt.NDArray[np.intp]


def session_raster(
    session: Session,
    columns: int,
    start: float = -np.inf,
    stop: float = np.inf,
    order: npt.NDArray[np.intp] | None = None,
) -> Raster:
    """Pool activity from ``start`` to ``stop`` (s) into columns.

    Parameters
    ----------
    session : Session
        ``T`` bins, ``N`` neurons.
    columns : int
        At most this many columns ``C``.
    start, stop : float
        Part of its time (s).
    order : ndarray of int (N,), optional
        Neurons from top to bottom; as recorded unless given.
    """
    first, last = _bins_between(session, start, stop)
    begins = _column_begins(last - first, columns)
    counts = np.diff(np.append(begins, last - first))
    pooled = _sums_by_row_group(session.neural[first:last], np.repeat(np.arange(len(begins)), counts))
    mean = pooled / counts[:, None]
    highest = mean.max(axis=0)
    # ΔF/F lies below zero as well: that is as dark as silence
    levels = np.sqrt(np.clip(mean / np.where(highest > 0, highest, 1.0), 0.0, 1.0)) * 255
    order = np.arange(session.n_neurons) if order is None else order
    edges = np.append(session.time[first:last][begins], session.time[last - 1] + session.bin_width)
    return Raster(edges, np.ascontiguousarray(levels.T[order]).astype(np.uint8), order)


def place_field_order(session: Session) -> npt.NDArray[np.intp] | None:
    """Order neurons by where they fire most.

    Parameters
    ----------
    session : Session
        With a position, and maybe a direction.

    Returns
    -------
    ndarray of int (N,) or None
        Neurons that fire most in the first direction, along the position, then those of the other; neurons
        that never fire come last. None without a position.
    """
    roles = label_roles(session)
    if roles.position is None:
        return None
    values = np.asarray(first_column(session.labels[roles.position]), dtype=np.float64)
    known = np.isfinite(values)
    if not known.any():
        return None
    lowest, highest = values[known].min(), values[known].max()
    place = np.clip((values - lowest) / max(highest - lowest, 1e-12) * PLACES, 0, PLACES - 1)
    place = np.where(known, place, 0).astype(np.intp)
    n_directions = 1
    if roles.direction is not None:
        categories, direction = np.unique(first_column(session.labels[roles.direction]), return_inverse=True)
        n_directions = len(categories)
        place = direction.reshape(-1) * PLACES + place
    group = np.where(known, place, n_directions * PLACES)
    shape = (n_directions, PLACES)
    time = np.bincount(group, minlength=n_directions * PLACES + 1)[:-1].reshape(shape)
    spikes = _sums_by_row_group(session.neural, group, n_directions * PLACES + 1)[:-1].T.reshape(-1, *shape)
    field = _smooth(spikes) / np.maximum(_smooth(time[None]), 1e-9)
    # a place where nearly no time was spent says nothing
    field[:, time < 0.1 * time.mean()] = 0
    flat = field.reshape(session.n_neurons, -1)
    peak = np.where(flat.max(axis=1) > 0, flat.argmax(axis=1), flat.shape[1])
    return np.argsort(peak, kind="stable")


def _smooth(values: npt.NDArray[Any]) -> Floats:
    """Average over three neighbouring places; the ends have one neighbour less."""
    padded = np.pad(values.astype(np.float64), ((0, 0), (0, 0), (1, 1)), mode="edge")
    return np.asarray(padded[..., :-2] + padded[..., 1:-1] + padded[..., 2:])


def _bins_between(session: Session, start: float, stop: float) -> tuple[int, int]:
    """Return the first bin that begins at ``start`` or later, and the one after the last before ``stop``."""
    first = int(np.searchsorted(session.time, start - 1e-6 * session.bin_width))
    last = int(np.searchsorted(session.time, stop - 1e-6 * session.bin_width))
    first = min(first, session.n_bins - 1)
    return first, max(last, first + 1)


def _column_begins(n_bins: int, columns: int) -> npt.NDArray[np.intp]:
    return np.unique(np.linspace(0, n_bins, min(columns, n_bins), endpoint=False).astype(np.intp))


def _sums_by_row_group(
    neural: Any, group: npt.NDArray[np.intp], n_groups: int | None = None
) -> npt.NDArray[np.float64]:
    """Sum the rows of activity (T, N) that belong to a group; (G, N)."""
    n_groups = int(group.max()) + 1 if n_groups is None else n_groups
    ones = np.ones(len(group), dtype=np.float64)
    chooser = scipy.sparse.csr_array((ones, (group, np.arange(len(group)))), shape=(n_groups, len(group)))
    sums: Any = chooser @ neural
    dense = sums if isinstance(sums, np.ndarray) else sums.toarray()
    return np.asarray(dense, dtype=np.float64)
