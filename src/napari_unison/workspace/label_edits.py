"""The kind of a label changed after a session was opened: continuous, circular or discrete."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from napari_unison.sessions import LabelKind, Session
from napari_unison.workspace.events import WorkspaceError

TURN = 2 * math.pi
_DEGREES = {"deg", "degree", "degrees", "°"}


def with_label_kind(session: Session, label: str, kind: LabelKind, period: float | None = None) -> Session:
    """Return a session in which a label is of another kind.

    Parameters
    ----------
    session : Session
        Has the label.
    label : str
        Its name.
    kind : {"continuous", "circular", "discrete"}
        What it becomes.
    period : float, optional
        For a circular label, how much is one turn, in the label's present unit: its values become radians.
        Without it they are radians already.

    Raises
    ------
    WorkspaceError
        If a circular label is in another unit than radians and no period is given, or the period is not
        positive.
    SessionError
        If the values cannot be of this kind.
    """
    before, values, unit = session.kinds[label], session.labels[label], session.units[label]
    if kind == before and period is None:
        return session
    if period is not None:
        if kind != "circular":
            raise WorkspaceError(f"a period is for circular labels; {label!r} is to be {kind}")
        if not (math.isfinite(period) and period > 0):
            raise WorkspaceError(f"one turn of {label!r} is {period}: give a positive number")
        if values.dtype.kind not in "iuf":
            raise WorkspaceError(f"label {label!r} of session {session.name!r} is no number: it has no turns")
        values = np.mod(values * (TURN / period), TURN)
    elif kind == "circular" and unit not in ("", "rad"):
        raise WorkspaceError(
            f"label {label!r} is in {unit}, and a circular one is in radians: say how many {unit} are one "
            f"turn, such as period={proposed_period([session], label):g}"
        )
    units = {name: known for name, known in session.units.items() if name != label}
    if kind == "continuous" and unit:
        units[label] = unit
    return session.replace(
        labels={**session.labels, label: values}, kinds={**session.kinds, label: kind}, units=units
    )


def with_swapped_categories(session: Session, label: str) -> Session:
    """Return a session in which the two categories of a label have changed places.

    Parameters
    ----------
    session : Session
        Has the label.
    label : str
        A discrete label, such as "direction".

    Raises
    ------
    WorkspaceError
        If the label has not two categories.
    """
    values = session.labels[label]
    categories = np.unique(values)
    if session.kinds[label] != "discrete" or len(categories) != 2:
        raise WorkspaceError(
            f"label {label!r} of session {session.name!r} has not two categories that could be swapped"
        )
    swapped = np.where(values == categories[0], categories[1], categories[0]).astype(values.dtype)
    return session.replace(labels={**session.labels, label: swapped})


def proposed_period(sessions: Sequence[Session], label: str) -> float:
    """Propose how much is one turn of a label: 360 or 2π where the values look so, else their range."""
    unit = sessions[0].units[label]
    if unit in _DEGREES:
        return 360.0
    if unit == "rad":
        return TURN
    values = [np.asarray(session.labels[label], dtype=np.float64) for session in sessions]
    lowest, highest = min(map(np.nanmin, values)), max(map(np.nanmax, values))
    span = float(highest - lowest)
    if not unit and 0.8 * TURN <= span <= 1.001 * TURN:
        return TURN
    if not unit and 300 <= span <= 361:
        return 360.0
    return float(f"{span:.3g}") if span > 0 else 1.0
