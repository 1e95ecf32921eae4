"""Files of other makes: which need a mapping, how two of them differ, what their intervals can be told by."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from napari_unison.sessions.importing import Contents, Intervals, format_of, open_contents
from napari_unison.sessions.importing.sorted_folders import file_of_folder
from napari_unison.sessions.storage import holds_sessions

#: Values of a column of intervals that are told apart in a list.
MOST_CHOICES: Final = 200


def needs_mapping(file: Path) -> bool:
    """Return whether a file is neither one that the package wrote nor one that it knows by its names."""
    file = file_of_folder(file)
    kind = format_of(file)
    if kind is None or file.is_dir() != kind.is_folder or holds_sessions(file):
        return False
    if kind.name != "joblib":
        return True
    with open_contents(file) as contents:
        return not {"spikes", "position"} & set(contents.entries)


def may_need_mapping(file: Path) -> bool:
    """Return whether a file, or a folder of sorted spikes, could need a mapping, by its name alone."""
    return format_of(file_of_folder(file)) is not None


def difference_of(first: Contents, other: Contents) -> str:
    """Say what of another file is laid out otherwise; empty if nothing is."""
    if first.layout == other.layout:
        return ""
    for path, entry in first.entries.items():
        if path not in other.entries:
            return f"it holds no {path}"
        found = other.entries[path]
        if (found.kind, len(found.shape)) != (entry.kind, len(entry.shape)):
            return f"its {path} is {found.kind} {found.shape} instead of {entry.kind} {entry.shape}"
    new = next(path for path in other.entries if path not in first.entries)
    return f"it also holds {new}"


def interval_choices(intervals: Intervals) -> dict[str, list[str]]:
    """Return the values of each column of intervals, as texts; columns of too many are left out."""
    found: dict[str, list[str]] = {}
    for name, column in intervals.columns.items():
        values = np.asarray(column)
        if values.ndim == 1:
            choices = sorted({str(value) for value in values.tolist()})
            if len(choices) <= MOST_CHOICES:
                found[name] = choices
    return found
