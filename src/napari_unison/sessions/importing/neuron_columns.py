"""Neurons that a table keeps in a column each, and tables with a row for each spike."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Final

import numpy as np

from napari_unison.sessions.importing.contents import Contents, Entry, Samples
from napari_unison.sessions.importing.time_names import is_spike_time, name_and_unit, seconds_in_name

#: Texts of more different values than this are notes, not a label.
MOST_TEXTS: Final = 20

_NUMBERED: Final = re.compile(r"(?P<stem>.*?)\d+$")
_NEURONS: Final = re.compile(
    r"(neuron|unit|cell|roi|cluster|clu|channel|ch|spike|count|rate|dff|df_f|n|u|c)s?([ _.#-]|id|nr)*$", re.I
)
_IDS: Final = re.compile(
    r"(spike[ _]?)?(unit|neuron|cell|cluster|clu)s?([ _]?(id|nr|number|index))?s?$", re.I
)
_COUNTERS: Final = re.compile(
    r"(frame|index|sample|row|bin|id|column)s?([ _]?(id|nr|number|index|\d+))?$", re.I
)


def neuron_columns(entries: Sequence[Entry], is_label: Callable[[str], bool]) -> list[Entry]:
    """Return the columns that are one neuron each: those that are called alike and numbered.

    Parameters
    ----------
    entries : sequence of Entry
        What a file holds.
    is_label : callable
        Whether a name is that of a label, such as "pos".

    Returns
    -------
    list of Entry
        Two columns or more that are called "neuron_1", "unit 1", "cell1" and so on; else three or more that
        are called anything but a label. Empty if there are none.
    """
    groups: dict[tuple[str, str, tuple[int, ...]], list[Entry]] = defaultdict(list)
    for entry in entries:
        found = _NUMBERED.match(name_and_unit(entry.path)[0])
        if found and _is_number_column(entry) and not _COUNTERS.match(entry.path):
            groups[found["stem"], entry.kind, entry.shape].append(entry)
    named = [group for (stem, _, _), group in groups.items() if _NEURONS.search(stem) and len(group) > 1]
    others = [group for (stem, _, _), group in groups.items() if not is_label(stem) and len(group) > 2]
    return max(named or others, key=len, default=[])


def pattern_of(columns: Sequence[Entry], entries: Sequence[Entry]) -> str | tuple[str, ...]:
    """Return what names exactly these columns in a mapping: a text with a star, or all their names."""
    stem = _NUMBERED.match(name_and_unit(columns[0].path)[0])
    pattern = f"{stem['stem'] if stem else ''}*"
    matching = [entry for entry in entries if fnmatchcase(entry.path, pattern.replace("[", "[[]"))]
    return pattern if matching == list(columns) else tuple(column.path for column in columns)


def spike_list(entries: Sequence[Entry]) -> tuple[Entry, Entry] | None:
    """Return spike times and the neuron of each spike, where a table has a row for each spike.

    Parameters
    ----------
    entries : sequence of Entry
        What a file holds.

    Returns
    -------
    (Entry, Entry) or None
        A column of times ("time", "spike_time") and one of neurons ("unit", "neuron_id", "cluster") that is
        as long.
    """
    times = [e for e in entries if _is_number_column(e) and seconds_in_name(e.path) is not None]
    ids = [e for e in entries if len(e.shape) == 1 and _IDS.match(e.path)]
    for time in sorted(times, key=lambda entry: not is_spike_time(entry.path)):
        for neuron in ids:
            if neuron.shape == time.shape:
                return time, neuron
    return None


def behaviour_beside(contents: Contents, columns: Sequence[Entry] = ()) -> list[Entry]:
    """Return what a file holds, with the columns beside those of the neurons said to be behaviour.

    Parameters
    ----------
    contents : Contents
        The open file. Columns of texts are read: of many different texts, they are no behaviour.
    columns : sequence of Entry
        The neurons, which are left out; none of a file that holds only behaviour.

    Returns
    -------
    list of Entry
        Times and counters, such as "frame", are left as they are.
    """
    neurons = {column.path for column in columns}
    length = columns[0].shape if columns else None
    return [
        replace(entry, role="behaviour") if _is_behaviour(contents, entry, length) else entry
        for entry in contents.entries.values()
        if entry.path not in neurons
    ]


def _is_behaviour(contents: Contents, entry: Entry, length: tuple[int, ...] | None) -> bool:
    if entry.role or (length is not None and entry.shape != length) or len(entry.shape) != 1:
        return False
    if seconds_in_name(entry.path) is not None or _COUNTERS.match(entry.path):
        return False
    if entry.dtype != "str":
        return _is_number_column(entry)
    values = contents.read(entry.path)
    return isinstance(values, Samples) and len(np.unique(values.values)) <= MOST_TEXTS


def _is_number_column(entry: Entry) -> bool:
    is_number = entry.dtype.startswith(("bool", "int", "uint", "float"))
    return entry.kind in ("array", "series") and len(entry.shape) == 1 and is_number
