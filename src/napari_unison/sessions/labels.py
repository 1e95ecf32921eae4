"""Labels: what was measured beside the neurons, and of which kind each of them is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.columns import (
    as_text_if_objects,
    columns_of,
    masked_places,
    read_only,
    refuse_masked,
)
from napari_unison.sessions.errors import SessionError

LabelKind = Literal["continuous", "circular", "discrete"]
Array: TypeAlias = npt.NDArray[Any]

_KINDS: tuple[str, ...] = get_args(LabelKind)
# Radians that wind more than twice around are far more likely to be degrees.
_LARGEST_ANGLE = 4 * math.pi


def checked_labels(
    labels: Any, kinds: Mapping[str, LabelKind] | None, *, neural_shape: tuple[int, int], session_name: str
) -> tuple[dict[str, Array], dict[str, LabelKind]]:
    """Return the labels as read-only arrays, and their kinds.

    Parameters
    ----------
    labels : mapping of str to array_like, or DataFrame
        Each of shape (T,) or (T, k).
    kinds : mapping of str to LabelKind, or None
        Kinds of labels; those not named are found from the values.
    neural_shape : tuple of int
        ``(T, N)``.
    session_name : str
        For messages.

    Raises
    ------
    SessionError
        If a label cannot be used; the message names it.
    """
    columns = columns_of(labels, "labels", session_name)
    if not columns:
        raise SessionError(
            f"session {session_name!r} has no labels; give at least one, such as "
            f"labels={{'position': array of one value a bin}}"
        )
    kinds = _checked_kinds(kinds, columns, session_name)
    values: dict[str, Array] = {}
    found: dict[str, LabelKind] = {}
    for name, column in columns.items():
        place = f"session {session_name!r}, label {name!r}"
        array = as_text_if_objects(column, place)
        _check_shape(array, place, neural_shape)
        found[name] = kinds.get(name) or _kind_of(array, name, place)
        if masked_places(column) is not None:
            array = _with_masked_unknown(column, array, found[name], place)
        values[name] = read_only(_checked_values(array, found[name], place))
    return values, found


def checked_weights(
    weights: Mapping[str, float] | None, names: Sequence[str], session_name: str
) -> dict[str, float]:
    """Return one weight a label, 1.0 where none is given.

    Raises
    ------
    SessionError
        If a weight belongs to no label or is not a positive number.
    """
    weights = {} if weights is None else weights
    if not isinstance(weights, Mapping):
        raise SessionError(f"session {session_name!r}: weights is a dictionary from label to number")
    _refuse_unknown(weights, "weights", names, session_name)
    checked = dict.fromkeys(names, 1.0)
    for name, weight in weights.items():
        try:
            number = float(weight)
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number) or number <= 0:
            raise SessionError(
                f"session {session_name!r}: the weight of label {name!r} is {weight!r}; "
                f"give a positive number (leave the label out to ignore it)"
            )
        checked[name] = number
    return checked


def checked_units(
    units: Mapping[str, str] | None, kinds: Mapping[str, LabelKind], session_name: str
) -> dict[str, str]:
    """Return the unit of each label: as given, "rad" for circular ones, else empty (not known).

    Raises
    ------
    SessionError
        If a unit belongs to no label, is no text, or is given to a label that can have none.
    """
    units = {} if units is None else units
    if not isinstance(units, Mapping):
        raise SessionError(f"session {session_name!r}: units is a dictionary from label to text such as 'm'")
    _refuse_unknown(units, "units", list(kinds), session_name)
    checked = {name: "rad" if kind == "circular" else "" for name, kind in kinds.items()}
    for name, unit in units.items():
        if not isinstance(unit, str):
            raise SessionError(
                f"session {session_name!r}: the unit of label {name!r} is {unit!r}; give a text such as 'm'"
            )
        if kinds[name] != "continuous" and unit not in ("", checked[name]):
            raise SessionError(
                f"session {session_name!r}: label {name!r} is {kinds[name]}, so its unit is "
                f"{checked[name]!r}, not {unit!r}; leave it out"
            )
        checked[name] = unit or checked[name]
    return checked


def _checked_kinds(
    kinds: Mapping[str, LabelKind] | None, columns: Mapping[str, Any], session_name: str
) -> dict[str, LabelKind]:
    if kinds is None:
        return {}
    if not isinstance(kinds, Mapping):
        raise SessionError(f"session {session_name!r}: kinds is a dictionary from label to kind")
    _refuse_unknown(kinds, "kinds", list(columns), session_name)
    for name, kind in kinds.items():
        if kind not in _KINDS:
            raise SessionError(
                f"session {session_name!r}, label {name!r}: there is no kind {kind!r}; "
                f"the kinds are {', '.join(_KINDS)}"
            )
    return dict(kinds)


def _refuse_unknown(given: Mapping[str, Any], what: str, names: Sequence[str], session_name: str) -> None:
    unknown = [repr(name) for name in given if name not in names]
    if unknown:
        raise SessionError(
            f"session {session_name!r}: {what} names {', '.join(unknown)}, but the labels are "
            f"{', '.join(names)}"
        )


def _check_shape(array: Array, place: str, neural_shape: tuple[int, int]) -> None:
    n_bins, n_neurons = neural_shape
    if array.ndim not in (1, 2):
        raise SessionError(f"{place} has shape {array.shape}; give (T,) or (T, k) with T = {n_bins}")
    if array.shape[0] != n_bins:
        hint = "give one value a time bin"
        if array.shape[0] == n_neurons:
            hint = (
                f"neural has shape {neural_shape}, so it looks transposed: it is (time bins, neurons); "
                f"give neural.T"
            )
        elif array.ndim == 2 and array.shape[1] == n_bins:
            hint = "it looks transposed: give (T, k)"
        raise SessionError(f"{place} has {array.shape[0]} values, but neural has {n_bins} time bins; {hint}")
    if array.ndim == 2 and array.shape[1] == 0:
        raise SessionError(f"{place} has shape {array.shape}, no column; give (T,) or (T, k) with k ≥ 1")


def _kind_of(array: Array, name: str, place: str) -> LabelKind:
    if array.dtype.kind in "Ub":
        return "discrete"
    if array.dtype.kind == "f":
        return "continuous"
    if array.dtype.kind in "iu":
        raise SessionError(
            f"{place} holds integers: say whether they are continuous or discrete, with "
            f"kinds={{{name!r}: 'continuous'}} or kinds={{{name!r}: 'discrete'}}"
        )
    raise SessionError(f"{place} holds {array.dtype}; give real numbers, texts or booleans")


def _with_masked_unknown(column: Any, array: Array, kind: LabelKind, place: str) -> Array:
    """Return a label with NaN where it was masked."""
    if kind == "discrete":
        advice = (
            "leave such bins out (session[mask] keeps time) or give them a category of their own (filled)"
        )
        refuse_masked(column, f"{place} is discrete and", advice)
    if array.dtype.kind not in "biuf":
        return array
    values = array.astype(array.dtype if array.dtype.kind == "f" else np.float64, copy=True)
    values[masked_places(column)] = np.nan
    return values


def _checked_values(array: Array, kind: LabelKind, place: str) -> Array:
    if array.dtype.kind not in "biufU":
        raise SessionError(f"{place} holds {array.dtype}; give real numbers, texts or booleans")
    if kind == "discrete":
        return _checked_discrete(array, place)
    if array.dtype.kind == "U":
        raise SessionError(
            f"{place} holds texts, which cannot be {kind}; give numbers, or the kind 'discrete'"
        )
    values = array if array.dtype.kind == "f" else array.astype(np.float64)
    if kind == "circular" and values.ndim != 1:
        raise SessionError(f"{place} is circular and has shape {values.shape}; give one label (T,) an angle")
    infinite = np.isinf(values).reshape(len(values), -1).any(axis=1)
    if infinite.any():
        raise SessionError(
            f"{place} is infinite in {infinite.sum()} bin(s), the first is bin {infinite.argmax()}; "
            f"give NaN where it is unknown"
        )
    unknown = np.isnan(values).reshape(len(values), -1).all(axis=0)
    if unknown.any():
        column = f", column {unknown.argmax()}," if values.ndim == 2 else ""
        raise SessionError(f"{place}{column} is NaN in every bin; leave it out or give its values")
    if kind == "circular" and np.nanmax(np.abs(values)) > _LARGEST_ANGLE:
        raise SessionError(
            f"{place} is circular and reaches {np.nanmax(np.abs(values)):g}, which looks like degrees; "
            f"give radians (numpy.deg2rad)"
        )
    return values


def _checked_discrete(array: Array, place: str) -> Array:
    if array.ndim != 1:
        raise SessionError(
            f"{place} is discrete and has shape {array.shape}; give one category a bin (T,), "
            f"such as values.argmax(axis=1) of a one-hot table"
        )
    if array.dtype.kind != "f":
        return array
    if not np.isfinite(array).all():
        first = int(np.flatnonzero(~np.isfinite(array))[0])
        raise SessionError(
            f"{place} is discrete and not a number in bin {first}; leave such bins out "
            f"(session[mask] keeps time) or give them a category of their own"
        )
    whole = array.astype(np.int64)
    if (whole != array).any():
        first = int(np.flatnonzero(whole != array)[0])
        raise SessionError(
            f"{place} is discrete, but holds {array[first]:g} in bin {first}; give texts, booleans or "
            "integers, or the kind 'continuous'"
        )
    return whole
