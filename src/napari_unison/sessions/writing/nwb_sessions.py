"""A session as an NWB file: activity, behaviour, segments and neurons, each where NWB looks for it."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.session import Session
from napari_unison.sessions.whole_files import whole_file
from napari_unison.sessions.writing.nwb_parts import (
    ARBITRARY,
    MODULE,
    Clock,
    Quantity,
    coded,
    is_position,
    label_series,
    module_of,
    need_pynwb,
    object_name,
    packed,
    packed_sparse,
)
from napari_unison.sessions.writing.session_facts import Facts, as_json, facts_of, is_regular

Array = npt.NDArray[Any]

#: The note in the file's scratch space that says how to read it as a session.
NOTE: Final = "napari-unison session"
#: Names of our parts in the processing module.
ACTIVITY, NEURONS, SEGMENTS = "activity", "neurons", "segments"
#: A recording's date that nobody told.
_NO_DATE: Final = datetime(1970, 1, 1, tzinfo=UTC)


def write_session_nwb(
    path: str | os.PathLike[str],
    session: Session,
    *,
    metadata: Mapping[str, Any] | None = None,
    subject: Mapping[str, Any] | None = None,
) -> None:
    """Write a session as an NWB file, which appears complete or not at all.

    Activity (T, N) is the series ``processing/unison/activity``; labels lie in ``processing/behavior``:
    lengths of one to three columns as Position, angles as CompassDirection, all else as BehavioralTimeSeries,
    categories as numbers with a list of what they mean. Segments are intervals, neurons a table.
    :func:`napari_unison.sessions.load_session` gives the same session again, exactly.

    Parameters
    ----------
    path : path
        ``NAME.nwb``. What stands there is replaced.
    session : Session
        What is written.
    metadata : mapping, optional
        Fields of ``pynwb.NWBFile``, such as ``session_start_time`` (with a time zone), ``experimenter`` or
        ``institution``. A session knows no date: without one, the file says 1970-01-01 and that it is not
        known.
    subject : mapping, optional
        Fields of ``pynwb.file.Subject``, such as ``subject_id``, ``species``, ``sex`` and ``age``. A
        session does not know its animal, and nothing is made up; archives ask for these.

    Raises
    ------
    SessionError
        If pynwb is not installed, or the session holds what NWB cannot carry.
    TypeError
        If there is no such field.
    """
    pynwb = need_pynwb()
    facts = facts_of(session)
    nwb = _new_file(pynwb, session, dict(metadata or {}), subject)
    clock = Clock.of_bins(session.time, session.bin_width, is_regular=is_regular(session))
    activity = _activity(pynwb, session, clock)
    module = module_of(nwb, MODULE, f"What napari-unison {version('napari-unison')} knows of this session.")
    module.add(activity)
    module.add(_neurons(session, facts))
    _add_labels(pynwb, nwb, session, facts, clock.shared(activity))
    nwb.add_time_intervals(_segments(pynwb, session))
    facts["is_regular"] = is_regular(session)
    for entry in facts["neurons"]:
        # they stand in the table of neurons; here only what tells how to read them
        del entry["values"]
    words = f"How this file is read as a session, exactly; by napari-unison {version('napari-unison')}."
    nwb.add_scratch(pynwb.core.ScratchData(name=NOTE, data=as_json(facts), description=words))
    with whole_file(Path(path)) as fresh, pynwb.NWBHDF5IO(fresh, "w") as file:
        file.write(nwb)


def _new_file(
    pynwb: Any, session: Session, metadata: dict[str, Any], subject: Mapping[str, Any] | None
) -> Any:
    told = "" if "session_start_time" in metadata else " The date of the recording is not known."
    plain_name = object_name(session.name)
    fields: dict[str, Any] = {
        "session_description": f"Session {plain_name!r}: activity and labels in bins of "
        f"{session.bin_width:g} s, written by napari-unison.{told}",
        "identifier": str(uuid.uuid4()),
        "session_start_time": _NO_DATE,
        "session_id": plain_name,
    } | metadata
    nwb = pynwb.NWBFile(**fields)
    if subject is not None:
        nwb.subject = pynwb.file.Subject(**subject)
    return nwb


def _activity(pynwb: Any, session: Session, clock: Clock) -> Any:
    neural = session.neural
    return pynwb.TimeSeries(
        name=ACTIVITY,
        data=packed_sparse(neural) if isinstance(neural, sparse.csr_array) else packed(neural),
        unit=ARBITRARY,
        description=f"Neural activity: time bins of {session.bin_width:.12g} s × neurons. Column i is row i "
        f"of the table {NEURONS!r}; each bin begins at its timestamp.",
        **clock.fields,
    )


def _add_labels(pynwb: Any, nwb: Any, session: Session, facts: Facts, clock: Clock) -> None:
    """Add the labels to the module of behaviour, and say in the facts where each stands."""
    module = module_of(nwb, "behavior", "Labels: what was measured beside the neurons, in the same bins.")
    taken: set[str] = set()
    for entry, (label, values) in zip(facts["labels"], session.labels.items(), strict=True):
        name = object_name(label, taken)
        taken.add(name)
        unit = entry["unit"]
        quantity = Quantity(name, entry["kind"], unit, f"{object_name(label)}: a {entry['kind']} label.")
        if entry["kind"] == "circular":
            container, kind = "CompassDirection", pynwb.behavior.CompassDirection
        elif is_position(values, quantity):
            container, kind = "Position", pynwb.behavior.Position
        else:
            container, kind = "BehavioralTimeSeries", pynwb.behavior.BehavioralTimeSeries
        if container not in module.data_interfaces:
            module.add(kind(name=container))
        series = label_series(values, quantity, clock)
        add = getattr(module[container], "add_timeseries", None) or module[container].add_spatial_series
        add(series)
        entry["path"] = f"processing/behavior/{container}/{name}/data"
        if values.dtype.kind == "U":
            entry["categories"] = coded(values)[0]


def _segments(pynwb: Any, session: Session) -> Any:
    table = pynwb.epoch.TimeIntervals(
        name=SEGMENTS, description="Stretches of continuous time, such as laps or trials."
    )
    table.add_column("segment", "Number of the segment, which may come again later.")
    table.add_column("n_bins", "Number of time bins.")
    for part in session.segment_slices():
        table.add_row(
            start_time=float(session.time[part.start]),
            stop_time=float(session.time[part.stop - 1] + session.bin_width),
            segment=int(session.segment[part.start]),
            n_bins=part.stop - part.start,
        )
    return table


def _neurons(session: Session, facts: Facts) -> Any:
    from hdmf.common import DynamicTable, VectorData

    # what a table calls its own parts cannot be a column
    taken = {"id", "name", "description", "colnames", "columns", "parent", "children", "modified", "fields"}
    columns = []
    for entry, (name, values) in zip(facts["neurons"], session.neurons.items(), strict=True):
        column = object_name("neuron_id" if name == "id" else name, taken | set(dir(DynamicTable)))
        taken.add(column)
        entry["column"] = column
        data = _texts(values, f"session {session.name!r}, column {name!r} of neurons")
        if not values.size:
            # HDF5 tables have no columns without values; facts say all that there is to say of them
            continue
        columns.append(VectorData(name=column, description=f"{column} of each neuron.", data=data))
    return DynamicTable(
        name=NEURONS,
        description=f"The neurons, in the order of the columns of {ACTIVITY!r}.",
        columns=columns,
    )


def _texts(values: Array, place: str) -> Any:
    """Return values as they are written; texts must be such that a file can hold."""
    if values.dtype.kind != "U":
        return values
    for text in np.unique(values).tolist():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            text = "\0"
        if "\0" in text:
            raise SessionError(f"{place} holds a text that NWB cannot carry; rename it, or write .npz")
    return values.tolist() if values.ndim == 1 else values.astype(object)
