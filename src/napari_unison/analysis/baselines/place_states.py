"""Where an animal is and in which category, as a finite number of states that it visited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_unison.analysis.targets import LabelTarget


@dataclass(frozen=True)
class PlaceStates:
    """Bins of one label with a place (continuous or circular), times the categories of a discrete one.

    Attributes
    ----------
    place : LabelTarget or None
        The label with a place; None where there is only a discrete one.
    category : LabelTarget or None
        The discrete label; None where there is none.
    edges : ndarray of float64, (P + 1,)
        Borders of the place bins: over the range of the training part, or once around the circle.
    """

    place: LabelTarget | None
    category: LabelTarget | None
    edges: npt.NDArray[np.float64]

    @property
    def shape(self) -> tuple[int, int]:
        """Categories and place bins, (C, P)."""
        return (1 if self.category is None else len(self.category.categories), len(self.edges) - 1)

    @property
    def is_circular(self) -> bool:
        """Whether the last place bin lies beside the first."""
        return self.place is not None and self.place.kind == "circular"

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Rows of the targets that have a state, (n,)."""
        labels = [label for label in (self.place, self.category) if label is not None]
        return np.asarray(np.logical_and.reduce([label.known for label in labels]), dtype=bool)

    def index(self, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """Return the state of rows that have one, counted through categories × place bins."""
        n_places = self.shape[1]
        index = np.zeros(len(rows), dtype=np.intp)
        if self.category is not None:
            index += n_places * self.category.raw[rows, 0].astype(np.intp)
        if self.place is not None:
            value = self.place.raw[rows, 0]
            if self.is_circular:
                value = np.mod(value, 2 * np.pi)
            index += np.clip(np.searchsorted(self.edges, value, side="right") - 1, 0, n_places - 1)
        return index

    def visited(self, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
        """Return which states these rows (all with a state) are in, (C · P,)."""
        n_categories, n_places = self.shape
        return np.asarray(np.bincount(self.index(rows), minlength=n_categories * n_places) > 0)

    def columns(self) -> dict[str, npt.NDArray[np.float64]]:
        """Return what each state means in columns of the targets, (C · P, k) by label."""
        n_categories, n_places = self.shape
        columns: dict[str, npt.NDArray[np.float64]] = {}
        if self.place is not None:
            centres = np.tile((self.edges[1:] + self.edges[:-1]) / 2, n_categories)[:, np.newaxis]
            angles = [np.cos(centres), np.sin(centres)]
            columns[self.place.name] = np.concatenate(angles, axis=1) if self.is_circular else centres
        if self.category is not None:
            columns[self.category.name] = np.repeat(np.eye(n_categories), n_places, axis=0)
        return columns


def place_states(targets: Mapping[str, LabelTarget], position_bins: int) -> PlaceStates:
    """Divide labels into states.

    Parameters
    ----------
    targets : mapping of str to LabelTarget
        Labels of the training part, see :func:`decodable_by_place`.
    position_bins : int
        Bins of the label with a place.
    """
    place, category = decodable_by_place(targets)
    if place is None:
        return PlaceStates(None, category, np.array([0.0, 1.0]))
    low, high = 0.0, 2 * np.pi
    if place.kind != "circular":
        low, high = float(np.nanmin(place.raw)), float(np.nanmax(place.raw))
    return PlaceStates(place, category, np.linspace(low, high, position_bins + 1))


def decodable_by_place(
    targets: Mapping[str, LabelTarget], session: str = ""
) -> tuple[LabelTarget | None, LabelTarget | None]:
    """Return the label with a place and the discrete label.

    Parameters
    ----------
    targets : mapping of str to LabelTarget
        Labels of a session.
    session : str
        Its name, for the message.

    Returns
    -------
    place, category : LabelTarget or None
        At most one of each.

    Raises
    ------
    ValueError
        If there are more labels, or the one with a place has several columns or is known nowhere.
    """
    discrete = [target for target in targets.values() if target.kind == "discrete"]
    places = [target for target in targets.values() if target.kind != "discrete"]
    found = ", ".join(f"{target.name} ({target.kind})" for target in targets.values())
    if len(discrete) > 1 or len(places) > 1:
        raise ValueError(
            f"session {session!r} has the labels {found}: a decoder of places takes one label with a "
            f"place (continuous or circular) and at most one discrete label; leave the others out with "
            f"session.replace(labels=...)"
        )
    if places and places[0].raw.shape[1] > 1:
        raise ValueError(
            f"session {session!r}, label {places[0].name!r} has {places[0].raw.shape[1]} columns: a "
            f"decoder of places takes a place on a line or a circle; use SmoothedNeighbours or "
            f"PrincipalComponents, which take any number"
        )
    if places and not places[0].known.any():
        raise ValueError(
            f"session {session!r}, label {places[0].name!r} is unknown in all training bins, so there are no "
            f"place fields to find: leave the label out, or give a training part that has it"
        )
    return (places[0] if places else None, discrete[0] if discrete else None)
