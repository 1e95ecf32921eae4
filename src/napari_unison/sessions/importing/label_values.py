"""The value of a label in every bin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.importing.binning import Seconds, resample
from napari_unison.sessions.importing.contents import Entry, Events, Intervals, Samples, Values
from napari_unison.sessions.importing.interval_times import interval_of, longest_usual, time_since
from napari_unison.sessions.importing.mapping import LabelMapping
from napari_unison.sessions.labels import LabelKind

Array: TypeAlias = npt.NDArray[Any]
Bools: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class LabelValues:
    """A label in every bin.

    Parameters
    ----------
    values : ndarray (T,) or (T, k)
        Where it is not known, NaN, or any value of a discrete label.
    kind : {"continuous", "circular", "discrete"}
        Its kind.
    known : ndarray of bool (T,)
        Bins in which a discrete label is known; all, of other kinds, whose NaN says the same.
    unit : str
        Of a continuous label.
    """

    values: Array
    kind: LabelKind
    known: Bools
    unit: str = ""


@dataclass(frozen=True)
class Source:
    """What a label is made from, as read.

    Parameters
    ----------
    entry : Entry
        Its description.
    values : Samples, Intervals, Events or Spikes
        What was read.
    time : ndarray (n,), optional
        Times of samples (s), from the entry or the one that was named for them.
    """

    entry: Entry
    values: Values
    time: Seconds | None


def label_in_bins(name: str, label: LabelMapping, sources: list[Source], at: Seconds) -> LabelValues:
    """Return a label that comes from the file, in every bin.

    Parameters
    ----------
    name : str
        The label's name, for messages.
    label : LabelMapping
        Where it comes from.
    sources : list of Source
        Its sources, read, with times.
    at : ndarray (T,)
        Moments of the bins, s.

    Raises
    ------
    SessionError
        If the sources do not go with the mapping.
    """
    first = sources[0].values
    if isinstance(first, Intervals) and len(sources) == 1:
        return _of_intervals(name, label, first, at)
    if isinstance(first, Events) and len(sources) == 1:
        if label.made != "time since":
            raise SessionError(f'label {name!r}: events give a label with made = "time since"')
        since = time_since(np.sort(first.time), at)
        return LabelValues(since, "continuous", np.ones(len(at), np.bool_), "s")
    if label.made or label.field:
        what = f'made = "{label.made}"' if label.made else "field"
        raise SessionError(
            f"label {name!r}: {what} needs intervals (or, for time since, events) as its one source; "
            f"{sources[0].entry.path} is {sources[0].entry.kind}"
        )
    parts = [_of_samples(name, label, source, at) for source in sources]
    if len(parts) == 1:
        return parts[0]
    if any(part.kind != "continuous" for part in parts):
        raise SessionError(
            f"label {name!r}: several sources make the columns of a continuous label; these are "
            f"{', '.join(part.kind for part in parts)}"
        )
    known = np.logical_and.reduce([part.known for part in parts])
    return LabelValues(np.column_stack([part.values for part in parts]), "continuous", known, parts[0].unit)


def _of_samples(name: str, label: LabelMapping, source: Source, at: Seconds) -> LabelValues:
    if not isinstance(source.values, Samples) or source.time is None:
        raise SessionError(
            f"label {name!r}: {source.entry.path} is {source.entry.kind} and has no value for each moment"
        )
    values = along_time(source.values.values, len(source.time), f"label {name!r}, {source.entry.path}")
    if values.ndim == 2 and label.columns:
        if max(label.columns) >= values.shape[1] or min(label.columns) < 0:
            raise SessionError(
                f"label {name!r}: {source.entry.path} has {values.shape[1]} columns, numbered from 0; "
                "there is "
                f"no column {max(label.columns)}"
            )
        values = values[:, list(label.columns)]
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim > 2:
        raise SessionError(
            f"label {name!r}: {source.entry.path} has {values.ndim} axes; one or two are needed"
        )
    return _sampled(name, label, source.entry, values, source.time, at)


def _sampled(
    name: str, label: LabelMapping, entry: Entry, values: Array, time: Seconds, at: Seconds
) -> LabelValues:
    kind = label.kind or kind_of(values, f"label {name!r} ({entry.path})")
    unit = label.unit or entry.unit
    if kind == "discrete" and values.ndim == 2:
        raise SessionError(
            f"label {name!r} is discrete and {entry.path} has {values.shape[1]} columns; choose one "
            "with "
            "columns"
        )
    values, unit = in_unit(name, label, kind, values, unit)
    try:
        resampled, known = resample(time, values, kind, at)
    except SessionError as error:
        raise SessionError(f"label {name!r}, {entry.path}: {error}") from error
    if kind == "discrete":
        return LabelValues(whole_numbers(resampled), kind, known)
    return LabelValues(resampled, kind, np.ones(len(at), np.bool_), unit)


def in_unit(name: str, label: LabelMapping, kind: LabelKind, values: Array, unit: str) -> tuple[Array, str]:
    """Return values in the unit of the label, and that unit.

    Continuous values are ``(value + offset) * scale``; degrees of circular labels become radians; values of
    discrete labels get the names that the mapping gives.

    Raises
    ------
    SessionError
        If texts are to be numbers, or a value has no name.
    """
    if kind == "discrete":
        return _named(name, label.values, values), ""
    if values.dtype.kind not in "biuf":
        raise SessionError(f"label {name!r} holds texts, which cannot be {kind}; its kind is discrete")
    numbers = (values.astype(np.float64) + label.offset) * label.scale
    if kind == "circular":
        return (np.radians(numbers) if unit.lower() in ("deg", "degree", "degrees", "°") else numbers), "rad"
    return numbers, unit


def kind_of(values: Array, place: str) -> LabelKind:
    """Return the kind of a label by its values: texts and booleans are discrete, real numbers continuous.

    Raises
    ------
    SessionError
        For integers, which can be either.
    """
    if values.dtype.kind in "UTb":
        return "discrete"
    if values.dtype.kind == "f":
        return "continuous"
    raise SessionError(f"{place} holds integers; say whether it is continuous or discrete with kind")


def along_time(values: Array, n_samples: int, place: str) -> Array:
    """Return values with time along the first axis, whichever axis has as many values as there are times.

    Raises
    ------
    SessionError
        If no axis fits.
    """
    if values.ndim and values.shape[0] == n_samples:
        return values
    if values.ndim == 2 and values.shape[1] == n_samples:
        return values.T
    raise SessionError(
        f"{place} has shape {values.shape}, but there are {n_samples} times; none of its axes fits"
    )


def _named(name: str, names: Mapping[str, str], values: Array) -> Array:
    if not names:
        return values
    texts = np.array([_as_text(value) for value in values.tolist()], dtype=np.str_)
    unknown = sorted(set(texts.tolist()) - set(names) - {""})
    if unknown:
        raise SessionError(
            f"label {name!r} has no name for {', '.join(map(repr, unknown[:5]))}; values names "
            f"{', '.join(map(repr, names))}"
        )
    return np.array([names.get(text, "") for text in texts.tolist()], dtype=np.str_)


def _as_text(value: Any) -> str:
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:g}"
    return str(value)


def _of_intervals(name: str, label: LabelMapping, intervals: Intervals, at: Seconds) -> LabelValues:
    which = interval_of(intervals, at)
    inside = which >= 0
    every = np.ones(len(at), np.bool_)
    if label.made == "number":
        order = np.argsort(np.argsort(intervals.start, kind="stable"), kind="stable") + 1
        return LabelValues(order[which.clip(0)], "discrete", inside)
    if label.made in ("time since", "phase"):
        since = np.where(inside, at - intervals.start[which.clip(0)], np.nan)
        usual = longest_usual(intervals)
        if label.made == "time since":
            return LabelValues(np.where(since <= usual, since, np.nan), "continuous", every, "s")
        length = (intervals.stop - intervals.start)[which.clip(0)]
        is_usual = (length > 0) & (length <= usual)
        return LabelValues(since / np.where(is_usual, length, np.nan), "continuous", every)
    if label.field not in intervals.columns:
        raise SessionError(
            f"label {name!r}: the intervals have no column {label.field!r}; name one in field "
            f"({', '.join(intervals.columns) or 'they have none'}), or say made"
        )
    column = np.asarray(intervals.columns[label.field])
    if column.ndim != 1:
        raise SessionError(f"label {name!r}: {label.field} has {column.ndim} axes; one value a row is needed")
    kind = label.kind or kind_of(column, f"label {name!r} ({label.field})")
    values, unit = in_unit(name, label, kind, column, label.unit)
    if kind == "discrete":
        missing = missing_values(values)
        if missing.all():
            raise SessionError(f"label {name!r}: {label.field} has no value in any of the {len(values)} rows")
        # what stands in bins that are left out must be a value, too
        values = whole_numbers(np.where(missing, values[~missing][0], values))
        return LabelValues(values[which.clip(0)], kind, inside & ~missing[which.clip(0)])
    return LabelValues(np.where(inside, values[which.clip(0)], np.nan), kind, every, unit)


def whole_numbers(values: Array) -> Array:
    """Return categories as integers where all are whole numbers: tables keep those with gaps as floats."""
    if values.dtype.kind == "f" and (values == np.round(values)).all():
        return values.astype(np.int64)
    return values


def missing_values(values: Array) -> Bools:
    """Return which values of a column (k,) say nothing: NaN, and empty texts."""
    if values.dtype.kind == "f":
        return np.isnan(values)
    if values.dtype.kind in "UT":
        return np.asarray(values == "")
    return np.zeros(len(values), np.bool_)
