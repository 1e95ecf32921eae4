"""Labels as points in one Euclidean space, shared by all sessions.

Continuous labels stand as they are (centred in float64, scaled where asked), circular ones as cosine and
sine, discrete ones as one-hot; each is multiplied by its weight. Distances in this space decide which bins
of different sessions belong together (Benquet et al., the unified encoder; see ``docs/science``).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from napari_unison.encoder.repeated_warnings import is_first
from napari_unison.sessions import Session, SessionError, validate_same_labels

Array = np.ndarray[Any, np.dtype[Any]]
LabelScaling = Literal["none", "range", "standard"]

_OUTWEIGHS = 10.0


@dataclass(frozen=True)
class _LabelColumns:
    """One label's place in the label space."""

    name: str
    kind: str
    columns: slice
    weight: float
    centre: Array  # (k,) of a continuous label, else empty
    scale: Array  # (k,)
    categories: Array  # of a discrete label, sorted, else empty


class LabelSpace:
    """The space in which labels of all sessions are compared; built from the training sessions.

    Parameters
    ----------
    sessions : sequence of Session
        Sessions that carry the same labels.
    scaling : {"none", "range", "standard"}
        Divide continuous labels by their range or standard deviation, pooled over the sessions.

    Attributes
    ----------
    names : tuple of str
        Labels, in the order of their columns.
    n_columns : int
        Dimension ``d`` of the space.
    unit : str
        Unit of the distance between bins that differ in continuous labels alone, such as "m"; empty where
        there is none: labels that are scaled, weighted, of several units or of none, and angles. Bins of
        different categories of a discrete label are √2 times its weight apart, whatever the unit.
    spread : dict of str to float
        How far each label moves bins apart: root of the summed variance of its columns.
    tie_tolerance : float
        Distances that differ by no more than this are equal: rounding alone tells them apart.

    Raises
    ------
    SessionError
        If the sessions do not carry the same labels.
    """

    def __init__(self, sessions: Sequence[Session], scaling: LabelScaling = "none") -> None:
        validate_same_labels(sessions)
        self.scaling = scaling
        self.labels: list[_LabelColumns] = []
        begin = 0
        for name in sessions[0].labels:
            label = _place_label(name, list(sessions), scaling, begin)
            self.labels.append(label)
            begin = label.columns.stop
        self.n_columns = begin
        self.names = tuple(label.name for label in self.labels)
        self.unit = _distance_unit(sessions, scaling)
        points = np.concatenate([self.encode(session) for session in sessions])
        self.tie_tolerance = 1e-9 * (float(np.nanmax(np.abs(points), initial=0.0)) or 1.0)
        self.spread = {label.name: _spread(points[:, label.columns]) for label in self.labels}

    def encode(self, session: Session) -> Array:
        """Place a session's labels in the space.

        Parameters
        ----------
        session : Session
            Carries the labels of this space; a discrete label may hold known categories only.

        Returns
        -------
        array (T, d) of float64
            A row is NaN where any of its labels is missing.

        Raises
        ------
        SessionError
            If a label is missing, has another number of columns, or holds an unknown category.
        """
        points = np.empty((session.n_bins, self.n_columns))
        for label in self.labels:
            points[:, label.columns] = _encode_label(label, session)
        points[np.isnan(points).any(axis=1)] = np.nan
        return points

    def changes(self, points: Array, first: Array, second: Array) -> Array:
        """Return the label changes between pairs of bins, for :meth:`shift`.

        Parameters
        ----------
        points : array (T, d)
            A session's labels in this space.
        first, second : arrays (M,) of int
            Bins before and after the change.

        Returns
        -------
        array (M, d)
            Differences; in the two columns of a circular label the cosine and sine of the change of angle.
        """
        before, after = points[first], points[second]
        changes = np.asarray(after - before)
        for label in self.labels:
            if label.kind == "circular":
                unit = label.weight**2
                (c0, s0), (c1, s1) = before[:, label.columns].T, after[:, label.columns].T
                changes[:, label.columns] = np.stack([c1 * c0 + s1 * s0, s1 * c0 - c1 * s0], axis=1) / unit
        return changes

    def shift(self, points: Array, changes: Array) -> Array:
        """Add label changes to labels; circular labels turn by the change of angle.

        Parameters
        ----------
        points : array (Q, d)
            Labels in this space.
        changes : array (Q, d)
            Changes as :meth:`changes` returns them.

        Returns
        -------
        array (Q, d)
            Where the labels would be after the change.
        """
        shifted = np.asarray(points + changes)
        for label in self.labels:
            if label.kind == "circular":
                (c, s), (dc, ds) = points[:, label.columns].T, changes[:, label.columns].T
                shifted[:, label.columns] = np.stack([c * dc - s * ds, s * dc + c * ds], axis=1)
        return shifted

    def warn_if_one_label_outweighs(self) -> None:
        """Warn where the spread of one label is more than ten times that of another.

        The nearest bin is then decided by the first label alone, as happens with a position in centimetres
        beside a direction.
        """
        spread: Mapping[str, float] = {name: value for name, value in self.spread.items() if value > 0}
        if self.scaling != "none" or len(spread) < 2:
            return
        strong, weak = max(spread, key=spread.__getitem__), min(spread, key=spread.__getitem__)
        ratio = spread[strong] / spread[weak]
        if ratio > _OUTWEIGHS and is_first(("outweighs", strong, weak)):
            warnings.warn(
                f"label {strong!r} outweighs {weak!r} by a factor of {ratio:.0f} when bins are matched, so "
                f"{weak!r} hardly counts: change its unit, give weights to the sessions, or set "
                f"label_scaling='range'",
                UserWarning,
                stacklevel=3,
            )


def _distance_unit(sessions: Sequence[Session], scaling: LabelScaling) -> str:
    """Return the one unit of all labels that are no categories, if distances have it."""
    first = sessions[0]
    measured = [name for name, kind in first.kinds.items() if kind != "discrete"]
    units = {session.units[name] for name in measured for session in sessions if session.units[name]}
    named = all(any(session.units[name] for session in sessions) for name in measured)
    as_they_are = scaling == "none" and all(
        first.kinds[name] == "continuous" and first.weights[name] == 1 for name in measured
    )
    return units.pop() if as_they_are and named and len(units) == 1 else ""


def _columns(session: Session, name: str) -> Array:
    """Return a label as (T, k)."""
    values = np.asarray(session.labels[name])
    return values[:, None] if values.ndim == 1 else values


def _place_label(name: str, sessions: Sequence[Session], scaling: LabelScaling, begin: int) -> _LabelColumns:
    kind = sessions[0].kinds[name]
    nothing = np.empty(0)
    centre = scale = categories = nothing
    if kind == "discrete":
        categories = np.unique(np.concatenate([session.labels[name] for session in sessions]))
        width = len(categories)
    elif kind == "circular":
        width = 2
    else:
        pooled = np.concatenate([_columns(session, name).astype(np.float64) for session in sessions])
        width = pooled.shape[1]
        centre = np.nanmean(pooled, axis=0)
        scale = np.ones(width)
        if scaling == "range":
            scale = np.nanmax(pooled, axis=0) - np.nanmin(pooled, axis=0)
        elif scaling == "standard":
            scale = np.nanstd(pooled, axis=0)
        scale = np.where(scale > 0, scale, 1.0)
    weight = float(sessions[0].weights[name])
    return _LabelColumns(name, kind, slice(begin, begin + width), weight, centre, scale, categories)


def _encode_label(label: _LabelColumns, session: Session) -> Array:
    if label.name not in session.labels:
        raise SessionError(
            f"session {session.name!r} has no label {label.name!r}, which the encoder was trained with; its "
            f"labels are {', '.join(map(repr, session.labels))}"
        )
    if session.kinds[label.name] != label.kind or session.weights[label.name] != label.weight:
        raise SessionError(
            f"session {session.name!r}, label {label.name!r} is {session.kinds[label.name]} with weight "
            f"{session.weights[label.name]:g}, but was {label.kind} with weight {label.weight:g} in "
            f"training: give it the same kind and weight"
        )
    values = session.labels[label.name]
    if label.kind == "discrete":
        return label.weight * _one_hot(label, session, np.asarray(values))
    if label.kind == "circular":
        angle = np.asarray(values, dtype=np.float64)
        return label.weight * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    columns = _columns(session, label.name).astype(np.float64)
    if columns.shape[1] != len(label.centre):
        raise SessionError(
            f"session {session.name!r}, label {label.name!r}: {columns.shape[1]} columns, but the encoder "
            f"was trained with {len(label.centre)}"
        )
    return np.asarray(label.weight * (columns - label.centre) / label.scale)


def _one_hot(label: _LabelColumns, session: Session, values: Array) -> Array:
    categories = label.categories
    index = np.clip(np.searchsorted(categories, values), 0, len(categories) - 1)
    unknown = categories[index] != values
    if unknown.any():
        raise SessionError(
            f"session {session.name!r}, label {label.name!r}: {values[unknown][0]!r} did not occur in the "
            f"training sessions, which know {', '.join(map(str, categories.tolist()))}"
        )
    return np.asarray(np.eye(len(categories))[index])


def _spread(points: Array) -> float:
    """Root of the summed variance of a label's columns: how much it moves points apart."""
    return float(np.sqrt(np.nansum(np.nanvar(points, axis=0))))
