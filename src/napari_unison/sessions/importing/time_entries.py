"""Which entries hold the times of others."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from napari_unison.sessions.importing.contents import Entry
from napari_unison.sessions.importing.time_names import are_times


def times_of_length(entries: Sequence[Entry], lengths: Collection[int]) -> list[Entry]:
    """Return what is called as times are and has one of some numbers of values.

    Parameters
    ----------
    entries : sequence of Entry
        What a file holds.
    lengths : collection of int
        Numbers of samples.
    """
    return [
        entry
        for entry in entries
        if are_times(entry.path) and entry.kind in ("array", "events") and length_of(entry) in lengths
    ]


def own_times(entry: Entry, entries: Sequence[Entry], neural: Entry | None) -> Entry | None:
    """Return the times of an array that was sampled by another clock than the activity.

    Parameters
    ----------
    entry : Entry
        The array.
    entries : sequence of Entry
        What its file holds.
    neural : Entry, optional
        The activity. Unless it has times, or is spikes, nothing can be brought onto its bins.

    Returns
    -------
    Entry or None
        Times of as many values that are called alike ("pos_t" of "pos_x"), else in the same group, else the
        only ones. None of an array that has one value a bin.
    """
    if neural is None or entry.kind != "array" or not entry.shape:
        return None
    if neural.kind != "spikes" and max(entry.shape) in neural.shape:
        return None
    if neural.kind == "array" and not times_of_length(entries, neural.shape):
        return None
    fitting = times_of_length(entries, [max(entry.shape)])
    group, start = entry.path.rpartition("/")[0], entry.name.split("_")[0]
    for near in (
        [times for times in fitting if times.name.split("_")[0] == start],
        [times for times in fitting if group and times.path.rpartition("/")[0] == group],
        fitting,
    ):
        if len(near) == 1:
            return near[0]
    return None


def length_of(entry: Entry) -> int:
    """Return the number of values of an array of one column; -1 of others."""
    longer = [length for length in entry.shape if length != 1]
    return longer[0] if len(longer) == 1 else -1
