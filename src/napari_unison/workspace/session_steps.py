"""How sessions came to be what they are, as lines of Python: what a script needs to change them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from napari_unison.sessions import LabelKind, Session, SessionError, segment_laps, segment_stretches
from napari_unison.sessions.segments import border_bins
from napari_unison.workspace.events import WorkspaceError
from napari_unison.workspace.label_edits import (
    TURN,
    proposed_period,
    with_label_kind,
    with_swapped_categories,
)

Line = str
KindChange = tuple[LabelKind, float | None]


@dataclass(frozen=True)
class SessionEdit:
    """What was changed of a session; :func:`explain_edit` finds it by comparison.

    Attributes
    ----------
    name : str or None
        Its new name.
    weights : dict of str to float
        Labels whose weight changed.
    kinds : dict
        Labels whose kind changed: the new kind and, for circular ones, how much was one turn.
    swaps : tuple of str
        Labels whose two categories changed places.
    laps : str or None
        The label whose runs became segments.
    seconds : float or None
        The length of stretches that became segments, s.
    fields : dict
        Other fields that changed.
    """

    name: str | None = None
    weights: dict[str, float] = field(default_factory=dict)
    kinds: dict[str, KindChange] = field(default_factory=dict)
    swaps: tuple[str, ...] = ()
    laps: str | None = None
    seconds: float | None = None
    fields: dict[str, Any] = field(default_factory=dict)

    def apply(self, session: Session) -> Session:
        """Return the session with this change."""
        for label, (kind, period) in self.kinds.items():
            session = with_label_kind(session, label, kind, period)
        for label in self.swaps:
            session = with_swapped_categories(session, label)
        if self.laps is not None:
            session = segment_laps(session, self.laps)
        if self.seconds is not None:
            session = segment_stretches(session, self.seconds)
        changes: dict[str, Any] = dict(self.fields)
        if self.name is not None:
            changes["name"] = self.name
        if self.weights:
            changes["weights"] = {**session.weights, **self.weights}
        return session.replace(**changes) if changes else session


def explain_edit(before: Session, after: Session) -> SessionEdit | None:
    """Find the change that makes one session of another; None if there is no simple one."""
    if (before.n_neurons, before.n_bins) != (after.n_neurons, after.n_bins):
        return None
    if list(before.labels) != list(after.labels):
        return None
    laps = seconds = None
    if not np.array_equal(before.segment, after.segment):
        laps = _laps_label(before, after)
        seconds = _stretch_length(before, after) if laps is None else None
    edit = SessionEdit(
        name=after.name if after.name != before.name else None,
        weights={k: weight for k, weight in after.weights.items() if weight != before.weights[k]},
        kinds={k: _kind_change(before, after, k) for k in after.kinds if _is_of_other_kind(before, after, k)},
        swaps=tuple(label for label in after.kinds if _is_swapped(before, after, label)),
        laps=laps,
        seconds=seconds,
        fields={
            name: getattr(after, name)
            for name in ("bin_width", "start")
            if getattr(before, name) != getattr(after, name)
        },
    )
    try:
        made = edit.apply(before)
        if dict(made.units) != dict(after.units):
            edit.fields["units"] = {name: unit for name, unit in after.units.items() if unit}
            made = edit.apply(before)
    except (SessionError, WorkspaceError):
        return None
    return edit if same_session(made, after) else None


def _is_of_other_kind(before: Session, after: Session, label: str) -> bool:
    if before.kinds[label] != after.kinds[label]:
        return True
    return after.kinds[label] == "circular" and not _equal(before.labels[label], after.labels[label])


def _is_swapped(before: Session, after: Session, label: str) -> bool:
    both_discrete = before.kinds[label] == after.kinds[label] == "discrete"
    return both_discrete and not _equal(before.labels[label], after.labels[label])


def _kind_change(before: Session, after: Session, label: str) -> KindChange:
    kind, old, new = after.kinds[label], before.labels[label], after.labels[label]
    if kind != "circular" or old.dtype.kind not in "iuf" or _equal(old, new):
        return kind, None
    slopes = np.diff(old.astype(np.float64)) / np.where(np.diff(new) == 0, np.nan, np.diff(new))
    estimate = float(np.nanmedian(slopes)) * TURN if np.isfinite(slopes).any() else TURN
    for period in (proposed_period([before], label), float(f"{estimate:.4g}"), estimate):
        angles = np.mod(old * (TURN / period), TURN) if period > 0 else old
        if np.allclose(angles, new, rtol=0, atol=1e-9, equal_nan=True):
            return kind, period
    return kind, None


def _laps_label(before: Session, after: Session) -> str | None:
    for label, kind in before.kinds.items():
        if kind == "discrete" and np.array_equal(segment_laps(before, label).segment, after.segment):
            return label
    return None


def _stretch_length(before: Session, after: Session) -> float | None:
    """Return how long the pieces are into which the longest segment was divided (s); None if it is whole."""
    longest = max(before.segment_slices(), key=lambda part: part.stop - part.start)
    borders = border_bins(after.segment[longest])
    return round(float(borders[0]) * before.bin_width, 9) if len(borders) else None


def same_session(first: Session, second: Session) -> bool:
    """Tell whether two sessions hold the same."""
    fields = ("name", "bin_width", "start")
    return (
        all(getattr(first, name) == getattr(second, name) for name in fields)
        and all(
            dict(getattr(first, name)) == dict(getattr(second, name))
            for name in ("kinds", "weights", "units")
        )
        and np.array_equal(first.segment, second.segment)
        and np.array_equal(first.time, second.time)
        and list(first.labels) == list(second.labels)
        and all(_equal(values, second.labels[name]) for name, values in first.labels.items())
        and _same_neural(first.neural, second.neural)
    )


def _equal(first: Any, second: Any) -> bool:
    return bool(np.array_equal(first, second, equal_nan=first.dtype.kind == "f" == second.dtype.kind))


def _same_neural(first: Any, second: Any) -> bool:
    if first is second:
        return True
    if isinstance(first, np.ndarray) or isinstance(second, np.ndarray):
        return type(first) is type(second) and _equal(first, second)
    return first.shape == second.shape and all(
        np.array_equal(getattr(first, part), getattr(second, part)) for part in ("data", "indices", "indptr")
    )


def edit_lines(before: Sequence[Session], after: Sequence[Session]) -> list[Line] | None:
    """Write the lines that make one list of sessions of another of the same length, place by place.

    Returns
    -------
    list of str or None
        None if a session is another one altogether.
    """
    edits: list[SessionEdit] = []
    for one, two in zip(before, after, strict=True):
        edit = SessionEdit() if one is two else explain_edit(one, two)
        if edit is None:
            return None
        edits.append(edit)
    lines: list[Line] = []
    for label, change in {label: edit.kinds[label] for edit in edits for label in edit.kinds}.items():
        if any(edit.kinds.get(label) != change for edit in edits):
            return None
        lines.append(_kind_line(label, *change))
    for label in dict.fromkeys(label for edit in edits for label in edit.swaps):
        names = [session.name for edit, session in zip(edits, before, strict=True) if label in edit.swaps]
        lines.append(f"ws.swap_categories({names!r}, {label!r})")
    lines += _segment_lines("segment_laps", [edit.laps for edit in edits])
    lines += _segment_lines("segment_stretches", [edit.seconds for edit in edits])
    lines += _weight_lines(edits, after)
    for i, (edit, session) in enumerate(zip(edits, before, strict=True)):
        if edit.fields:
            words = ", ".join(f"{name}={value!r}" for name, value in edit.fields.items())
            lines.append(f"ws.sessions[{i}] = ws.sessions[{i}].replace({words})")
        if edit.name is not None:
            lines.append(f"ws.rename_session({session.name!r}, {edit.name!r})")
    return lines


def _segment_lines(divide: str, by: Sequence[str | float | None]) -> list[Line]:
    """Write the lines that divide sessions by something each; None leaves a session as it is."""
    if len(set(by)) == 1 and None not in by:
        return [f"ws.{divide}({by[0]!r})"]
    return [
        f"ws.sessions[{i}] = {divide}(ws.sessions[{i}], {one!r})"
        for i, one in enumerate(by)
        if one is not None
    ]


def _kind_line(label: str, kind: LabelKind, period: float | None) -> Line:
    if period is None:
        return f"ws.set_label_kind({label!r}, {kind!r})"
    turn = "2 * math.pi" if period == TURN else repr(period)
    return f"ws.set_label_kind({label!r}, {kind!r}, period={turn})"


def _weight_lines(edits: Sequence[SessionEdit], after: Sequence[Session]) -> list[Line]:
    lines = []
    for label in dict.fromkeys(label for edit in edits for label in edit.weights):
        weights = {session.weights[label] for session in after}
        if len(weights) == 1:
            lines.append(f"ws.set_label_weight({label!r}, {weights.pop()!r})")
            continue
        lines += [
            f"ws.sessions[{i}] = ws.sessions[{i}].replace("
            f"weights={{**ws.sessions[{i}].weights, {label!r}: {edit.weights[label]!r}}})"
            for i, edit in enumerate(edits)
            if label in edit.weights
        ]
    return lines


def order_lines(before: Sequence[Session], after: Sequence[Session]) -> list[Line]:
    """Write the lines that put the same sessions into another order."""
    names, lines = [session.name for session in before], []
    for place, session in enumerate(after):
        if names[place] != session.name:
            names.remove(session.name)
            names.insert(place, session.name)
            lines.append(f"ws.move_session({session.name!r}, {place})")
    return lines
