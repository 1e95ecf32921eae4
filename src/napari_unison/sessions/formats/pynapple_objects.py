"""Sessions from objects of pynapple that are in memory; pynapple itself is not imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.columns import as_text_if_objects
from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.importing.assembling import sessions_from
from napari_unison.sessions.importing.contents import (
    Contents,
    Entry,
    Events,
    Intervals,
    Spikes,
    array_entry,
)
from napari_unison.sessions.importing.mapping import Made, checked_mapping
from napari_unison.sessions.session import Session

Array: TypeAlias = npt.NDArray[Any]

#: Bins of spike times unless a person says otherwise (s).
SPIKE_BIN: Final = 0.025
_KINDS: Final = ("TsGroup", "TsdFrame", "TsdTensor", "Tsd", "Ts", "IntervalSet")
_NEURAL: Final = "neural"
_OBSERVED: Final = "time support"


def session_from_pynapple(
    name: str,
    neural: Any,
    labels: Mapping[str, Any],
    *,
    bin_width: float | None = None,
    during: Any = None,
    kinds: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    **fields: Any,
) -> Session:
    """Make a session of pynapple's objects.

    Parameters
    ----------
    name : str
        Name of the session.
    neural : TsGroup, TsdFrame or Tsd
        Spike times, or activity with a column a neuron. Metadata become columns of the table of neurons.
    labels : mapping of str to object
        The labels by name: a Tsd or TsdFrame; a Ts, which gives the time since the last event; an IntervalSet
        with one column of metadata, whose value each bin inside gets; ``(intervals, "choice")`` for one of
        several columns, or for what is made of intervals: "time since", "phase", "number"; or a mapping such
        as ``{"made": "speed", "of": "position"}`` for a label made from another one.
    bin_width : float, optional
        s; 0.025 for spikes, and the activity's own rate, unless given.
    during : IntervalSet, optional
        Bins outside are left out, as are those outside the time support of ``neural`` and of labels that are
        Tsd or TsdFrame.
    kinds, units : mapping of str to str, optional
        Of labels, where they cannot be told by the values.
    **fields
        Other fields of a :class:`~napari_unison.sessions.importing.FileMapping`, such as ``smoothing``.

    Returns
    -------
    Session
        Labels are interpolated to the middle of bins: linearly, along the circle, or from the nearest sample.

    Raises
    ------
    SessionError
        If something is no object of pynapple that can stand there, or they share no time.

    Examples
    --------
    ::

        labels = {"heading": data["ry"]}
        session_from_pynapple("mouse 1", data["units"], labels, kinds={"heading": "circular"})
    """
    place = f"session {name!r}"
    activity = _neural_entry(neural, place)
    made: dict[str, dict[str, Any]] = {}
    entries = [activity]
    supports = [_support(neural)]
    for label, given in labels.items():
        entry, made[label] = _label(label, given, place)
        if entry is not None:
            entries.append(entry)
        if _kind(given) in ("Tsd", "TsdFrame"):
            supports.append(_support(given))
    _describe(made, "kind", kinds, place)
    _describe(made, "unit", units, place)
    if during is not None:
        supports.append(_interval_rows(during, f"{place}: during"))
    entries.append(_interval_entry(_OBSERVED, _shared(supports, place)))
    if bin_width is None and activity.kind == "spikes":
        bin_width = SPIKE_BIN
    mapping = checked_mapping(
        {
            **fields,
            "neural": _NEURAL,
            "bin_width": bin_width,
            "labels": made,
            "during": _OBSERVED,
            "name": name,
        },
        place,
    )
    with Contents(place, entries) as contents:
        return _with_neurons(sessions_from(contents, mapping)[0], neural)


def _kind(given: Any) -> str:
    """Return which of pynapple's classes an object is of; empty for others."""
    classes = [kind.__name__ for kind in type(given).__mro__]
    return next((kind for kind in _KINDS if kind in classes), "")


def _neural_entry(neural: Any, place: str) -> Entry:
    kind = _kind(neural)
    if kind == "TsGroup":
        return _group_entry(neural)
    if kind in ("Tsd", "TsdFrame"):
        return _series_entry(_NEURAL, neural)
    raise SessionError(
        f"{place}: neural is a {type(neural).__name__}; give a TsGroup (spike times), or a TsdFrame or Tsd "
        "(activity)"
    )


def _group_entry(group: Any) -> Entry:
    ids = list(group.keys())
    times = tuple(np.asarray(group[key].index.values, dtype=np.float64) for key in ids)
    neurons = {"id": np.array(ids), **_metadata(group, len(ids))}
    spikes = Spikes(times, neurons)
    return Entry(_NEURAL, "spikes", (len(ids),), "float64", lambda _: spikes, unit="s", role="neural")


def _series_entry(path: str, series: Any) -> Entry:
    time = np.asarray(series.index.values, dtype=np.float64)
    return array_entry(path, np.asarray(series.values), time=time)


def _label(name: str, given: Any, place: str) -> tuple[Entry | None, dict[str, Any]]:
    """Return the entry of a label and the fields of its mapping."""
    where = f"{place}: label {name!r}"
    if isinstance(given, Mapping) and not _kind(given):
        return None, dict(given)
    wanted = ""
    if isinstance(given, tuple) and len(given) == 2:
        given, wanted = given
    path, kind = f"labels/{name}", _kind(given)
    if kind in ("Tsd", "TsdFrame") and not wanted:
        return _series_entry(path, given), {"source": path}
    if kind == "Ts" and wanted in ("", "time since"):
        time = np.asarray(given.index.values, dtype=np.float64)
        events = Events(time)
        entry = Entry(path, "events", time.shape, "float64", lambda _: events, unit="s")
        return entry, {"source": path, "made": "time since"}
    if kind == "IntervalSet":
        columns = _metadata(given, len(given))
        entry = _interval_entry(path, _interval_rows(given, where), columns)
        return entry, {"source": path, **_of_intervals(list(columns), str(wanted), where)}
    with_what = f" with {wanted!r}" if wanted else ""
    raise SessionError(
        f"{where} is a {type(given).__name__}{with_what}; give a Tsd, a TsdFrame, "
        "a Ts (time since its events), an IntervalSet, or (intervals, name of a column)"
    )


def _of_intervals(columns: list[str], wanted: str, where: str) -> dict[str, Any]:
    if wanted in columns:
        return {"field": wanted}
    if wanted and wanted in get_args(Made):
        return {"made": wanted}
    if not wanted and len(columns) == 1:
        return {"field": columns[0]}
    raise SessionError(
        f"{where}: its intervals have {f'no column {wanted!r}' if wanted else 'not one column'}; give "
        f"(intervals, name) with one of {', '.join(map(repr, columns)) or 'no columns'}, or with "
        '"time since", "phase" or "number"'
    )


def _interval_rows(intervals: Any, where: str) -> Array:
    if _kind(intervals) != "IntervalSet":
        raise SessionError(f"{where} is a {type(intervals).__name__}; give an IntervalSet")
    return np.asarray(intervals.values, dtype=np.float64).reshape(-1, 2)


def _support(timed: Any) -> Array:
    return np.asarray(timed.time_support.values, dtype=np.float64).reshape(-1, 2)


def _shared(supports: list[Array], place: str) -> Array:
    """Return the stretches (k, 2) that lie in all of several sets of stretches."""
    shared = supports[0]
    for other in supports[1:]:
        starts = np.maximum(shared[:, None, 0], other[None, :, 0])
        stops = np.minimum(shared[:, None, 1], other[None, :, 1])
        overlaps = starts <= stops
        shared = np.column_stack([starts[overlaps], stops[overlaps]])
    if not len(shared):
        raise SessionError(
            f"{place}: neural, labels and during share no stretch of time; look whether they have one clock"
        )
    # pynapple's stretches hold their end, an interval of a mapping does not
    return np.column_stack([shared[:, 0], np.nextafter(shared[:, 1], np.inf)])


def _interval_entry(path: str, rows: Array, columns: Mapping[str, Array] | None = None) -> Entry:
    intervals = Intervals(rows[:, 0], rows[:, 1], columns or {})
    fields = tuple(intervals.columns)
    return Entry(path, "intervals", (len(rows),), "", lambda _: intervals, unit="s", fields=fields)


def _metadata(tagged: Any, n_rows: int) -> dict[str, Array]:
    """Return the metadata of a group, a frame or intervals that are one number, text or truth a row."""
    found: dict[str, Array] = {}
    for column in getattr(tagged, "metadata_columns", ()):
        try:
            values = as_text_if_objects(np.asarray(tagged.get_info(column)), str(column))
        except SessionError:
            # such as a shape for each neuron, in pieces of other lengths
            continue
        if len(values) == n_rows and values.dtype.kind in "biufU":
            found[str(column)] = values
    return found


def _describe(
    made: Mapping[str, dict[str, Any]], field: str, given: Mapping[str, str] | None, place: str
) -> None:
    for label, value in (given or {}).items():
        if label not in made:
            raise SessionError(
                f"{place}: {field}s names {label!r}, which is no label; labels are {', '.join(made)}"
            )
        made[label][field] = value


def _with_neurons(session: Session, neural: Any) -> Session:
    """Return the session with names and metadata of a frame's columns."""
    if _kind(neural) != "TsdFrame":
        return session
    columns = as_text_if_objects(np.asarray(neural.columns), "the columns of neural")
    table = {"id": columns, **_metadata(neural, len(columns))}
    kept = session.neurons["id"]
    return session.replace(neurons={name: values[kept] for name, values in table.items()})
