"""Entries of a file that hold the times of others."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.importing.binning import Seconds
from napari_unison.sessions.importing.contents import Contents, Entry, Events, Samples, Values
from napari_unison.sessions.importing.opened import OpenedFiles
from napari_unison.sessions.importing.time_names import (
    are_times,
    name_and_unit,
    seconds_in_name,
    seconds_of_unit,
)

#: A bin width that differs from the distance of samples by less than this share is that distance.
SAME_WIDTH: Final = 0.01
#: Units of times beside seconds, s.
_UNITS: Final = (1.0, 1e-3, 1e-6, 1e-9)


def read_times(files: OpenedFiles, path: str) -> Seconds:
    """Read an entry that holds the times of others, s.

    Parameters
    ----------
    files : OpenedFiles
        What is open.
    path : str
        The entry. A unit of time in round brackets behind its path, as in "tracking/ts (us)", tells what its
        numbers are in; else the file does, or its name ("time_ms"); else they are seconds.

    Raises
    ------
    SessionError
        If it is no rising list of numbers.
    """
    entry, unit = _times_and_unit(files, path)
    values = files.read(entry)
    if isinstance(values, Events):
        time = values.time if unit is None else values.time * unit
    else:
        time = list_of_numbers(entry, values) * (unit or said_unit_of_times(entry))
    if not _rise(time):
        raise SessionError(f"{files.contents.place}: {path} shall be times, but its numbers do not all rise")
    return time


def said_unit_of_times(entry: Entry) -> float:
    """Return what one of an entry's times is in seconds, by its unit or its name; else 1."""
    by_unit = seconds_of_unit(entry.unit)
    by_name = seconds_in_name(entry.name.rpartition(".")[2])
    return by_unit or by_name or 1.0


def _times_and_unit(files: OpenedFiles, path: str) -> tuple[Entry, float | None]:
    """Return the entry with times, and the unit (s) that a person has put behind its path."""
    bare, told = name_and_unit(path)
    unit = seconds_of_unit(told)
    if unit is None:
        return files.entry(path), None
    try:
        # a column may itself be called "time (ms)", and is read in seconds then
        return files.entry(path), None
    except SessionError:
        return files.entry(bare), unit


def list_of_numbers(entry: Entry, values: Values) -> Seconds:
    """Return what was read of an entry as one list of numbers.

    Raises
    ------
    SessionError
        If it is none.
    """
    if isinstance(values, Samples) and values.values.dtype.kind in "iuf":
        moments = values.values.squeeze()
        if moments.ndim == 1:
            return moments.astype(np.float64)
    raise SessionError(f"{entry.said()} is no list of spike times")


def unnamed_times(contents: Contents, neural: str, n_samples: int, bin_width: float) -> Seconds | None:
    """Return the times of an array of which a mapping says the bin width alone, s.

    A file that has times knows of gaps and of when it began, which a bin width does not.

    Parameters
    ----------
    contents : Contents
        The file.
    neural : str
        What the array is called, for messages.
    n_samples : int
        Its number of samples.
    bin_width : float
        Of the mapping, s.

    Returns
    -------
    ndarray of float64 (n_samples,) or None
        The one entry that is called as times are and has as many rising numbers, in whichever unit they go on
        by the bin width. None where there is none, or it counts the samples.

    Raises
    ------
    SessionError
        If it goes on by another step.
    """
    candidates = [
        entry
        for entry in contents.entries.values()
        if are_times(entry.path) and entry.kind in ("array", "events") and math.prod(entry.shape) == n_samples
    ]
    if len(candidates) != 1 or n_samples < 2:
        return None
    values = contents.read(candidates[0].path)
    if isinstance(values, Samples) and values.values.dtype.kind not in "iuf":
        return None
    time = values.time if isinstance(values, Events) else list_of_numbers(candidates[0], values)
    if len(time) != n_samples or not _rise(time):
        return None
    steps = np.diff(time)
    step = float(np.median(steps))
    for unit in _UNITS:
        if abs(step * unit - bin_width) <= SAME_WIDTH * bin_width:
            return np.asarray(time * unit, dtype=np.float64)
    if (steps == 1).all():
        return None
    path = candidates[0].path
    raise SessionError(
        f"{contents.place}: bin_width is {bin_width:g} s, but {path} has a time for each sample of {neural}, "
        f"every {step:g} s. Name them (time = {path!r}), and samples are put together into bins of that "
        f"width; or give the bin_width that goes with the times"
    )


def _rise(time: Seconds) -> bool:
    return len(time) > 0 and bool(np.isfinite(time).all()) and not bool((np.diff(time) < 0).any())
