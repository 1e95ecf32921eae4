"""Whether sessions have the labels in common that aligning them takes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.session import Session


def validate_same_labels(sessions: Sequence[Session]) -> None:
    """Check that sessions can be aligned: same labels, of the same kinds, and names of their own.

    Parameters
    ----------
    sessions : sequence of Session
        At least one.

    Raises
    ------
    SessionError
        If there is no session, two have one name, or the label names, kinds, numbers of columns, weights or
        types of categories differ; the message names both sessions and the label.
    """
    if not sessions:
        raise SessionError("there are no sessions; give at least one")
    names = [session.name for session in sessions]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SessionError(
            f"{', '.join(repr(name) for name in twice)} names more than one session; give each a name of its "
            "own (session.replace(name=...))"
        )
    first = sessions[0]
    for other in sessions[1:]:
        _check_same_labels(first, other)


def _check_same_labels(first: Session, other: Session) -> None:
    pair = f"session {other.name!r} differs from {first.name!r}"
    missing = [name for name in first.labels if name not in other.labels]
    extra = [name for name in other.labels if name not in first.labels]
    if missing or extra:
        parts = [f"lacks {', '.join(missing)}"] if missing else []
        parts += [f"has also {', '.join(extra)}"] if extra else []
        raise SessionError(
            f"{pair}: it {' and '.join(parts)}; all sessions need the same labels. "
            f"{_way_out(first, other, missing, extra)}"
        )
    for name, values in first.labels.items():
        theirs = other.labels[name]
        if first.kinds[name] != other.kinds[name]:
            raise SessionError(
                f"{pair}: label {name!r} is {other.kinds[name]}, not {first.kinds[name]}; give both the same "
                "kind"
            )
        if values.shape[1:] != theirs.shape[1:]:
            raise SessionError(
                f"{pair}: label {name!r} has shape {theirs.shape}, not (T{_columns(values)}); "
                f"give both the same columns"
            )
        if first.units[name] and other.units[name] and first.units[name] != other.units[name]:
            raise SessionError(
                f"{pair}: label {name!r} is in {other.units[name]}, not {first.units[name]}; convert one of "
                "them"
            )
        if first.weights[name] != other.weights[name]:
            raise SessionError(
                f"{pair}: the weight of label {name!r} is {other.weights[name]:g}, not "
                f"{first.weights[name]:g}; give both the same weight"
            )
        if first.kinds[name] == "discrete" and _category_type(values) != _category_type(theirs):
            raise SessionError(
                f"{pair}: the categories of label {name!r} are {_category_type(theirs)}, not "
                f"{_category_type(values)}; name the categories alike in both"
            )


def _way_out(first: Session, other: Session, missing: list[str], extra: list[str]) -> str:
    """Say how sessions with labels of other names come to have the same."""
    alike = [
        (wanted, given)
        for wanted in missing
        for given in extra
        if first.kinds[wanted] == other.kinds[given]
        and first.labels[wanted].shape[1:] == other.labels[given].shape[1:]
    ]
    if alike:
        wanted, given = alike[0]
        return (
            f"If {given!r} of {other.name!r} is what {first.name!r} calls {wanted!r}, give both one name: "
            f"open the file of {other.name!r} by a mapping with [labels.{_as_key(wanted)}] in place of "
            f"[labels.{_as_key(given)}] (labels = {{{_as_key(wanted)} = …}})"
        )
    whose = [(first.name, missing), (other.name, extra)]
    left_out = " and ".join(f"{', '.join(names)} of {name!r}" for name, names in whose if names)
    return f"Leave {left_out} out: open the file by a mapping without [labels.…] of that name"


def _as_key(name: str) -> str:
    """Return a name as toml writes it before "="."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"'


def _columns(values: npt.NDArray[Any]) -> str:
    return f", {values.shape[1]}" if values.ndim == 2 else ","


def _category_type(values: npt.NDArray[Any]) -> str:
    return {"U": "texts", "b": "booleans"}.get(values.dtype.kind, "integers")
