"""Sets of time in files: text that a saved run keeps, and tables for other programs."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_unison.sessions.whole_files import whole_file
from napari_unison.workspace.events import WorkspaceError
from napari_unison.workspace.time_sets import TimeSet

if TYPE_CHECKING:
    from napari_unison.sessions import Session

FILE = "selections.json"
#: Where a file that could not be read is kept when its run is saved again.
UNREADABLE_FILE = "selections.unreadable.json"
FORMAT_VERSION = 1


def sets_as_text(sets: Mapping[str, TimeSet]) -> str:
    """Write named sets as json: stretches of seconds by session."""
    facts = {
        "format_version": FORMAT_VERSION,
        "sets": [
            {"name": name, "ranges_s": {session: pairs.tolist() for session, pairs in held.ranges.items()}}
            for name, held in sets.items()
        ],
    }
    return json.dumps(facts, indent=1, ensure_ascii=False)


def sets_of_text(text: str) -> dict[str, TimeSet]:
    """Read what :func:`sets_as_text` wrote.

    Raises
    ------
    WorkspaceError
        If it is something else, or of a newer version.
    """
    try:
        facts = json.loads(text)
        version = facts["format_version"]
        if version > FORMAT_VERSION:
            raise WorkspaceError(
                f"its format is {version}, this version reads up to {FORMAT_VERSION}: update napari-unison"
            )
        return {str(entry["name"]): TimeSet(entry["ranges_s"]) for entry in facts["sets"]}
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise WorkspaceError(f"it does not hold sets of time ({type(error).__name__}: {error})") from error


def write_sets(folder: Path, sets: Mapping[str, TimeSet]) -> None:
    """Write named sets into the folder of a run; without sets there is no file."""
    if sets:
        (folder / FILE).write_text(sets_as_text(sets), encoding="utf-8")


def read_sets(folder: Path) -> dict[str, TimeSet]:
    """Read the named sets in the folder of a run; runs of older versions have none.

    Raises
    ------
    WorkspaceError
        If the file is damaged or of a newer version; the message names it.
    """
    file = folder / FILE
    if not file.is_file():
        return {}
    try:
        return sets_of_text(file.read_text(encoding="utf-8"))
    except (WorkspaceError, UnicodeDecodeError, OSError) as error:
        raise WorkspaceError(f"{file} cannot be read: {error}") from error


def write_table(
    path: str | os.PathLike[str], sets: Mapping[str, TimeSet], parts_of: Callable[[str], list[Session]]
) -> Path:
    """Write sets as a table with one row a bin: ``session``, ``time_s``, ``set``.

    Parameters
    ----------
    path : path
        Ends in ``.csv`` or ``.npz``; the npz file holds the three columns, and no pickle.
    sets : mapping
        What is written.
    parts_of : callable
        Returns the sessions of a name, or raises WorkspaceError.

    Returns
    -------
    Path
        The file; it appears complete or not at all.
    """
    target = Path(path)
    if target.suffix not in (".csv", ".npz"):
        raise WorkspaceError(f"{target.name} is no table: give a name that ends in .csv or .npz")
    columns = table_of(sets, parts_of)
    with whole_file(target) as fresh:
        _write_columns(fresh, columns)
    return target


def table_of(
    sets: Mapping[str, TimeSet], parts_of: Callable[[str], list[Session]]
) -> dict[str, np.ndarray[Any, Any]]:
    """Return the columns ``session``, ``time_s`` and ``set`` of all bins in some sets, set by set."""
    names, times, labels = [], [], []
    for label, held in sets.items():
        for name in held.session_names:
            for part in parts_of(name):
                found = part.time[held.bins(part)]
                times.append(found)
                names.append(np.full(len(found), name))
                labels.append(np.full(len(found), label))
    return {
        "session": np.concatenate(names) if names else np.empty(0, dtype="U1"),
        "time_s": np.concatenate(times) if times else np.empty(0),
        "set": np.concatenate(labels) if labels else np.empty(0, dtype="U1"),
    }


def _write_columns(file: Path, columns: Mapping[str, np.ndarray[Any, Any]]) -> None:
    if file.suffix == ".npz":
        np.savez_compressed(file, **dict(columns))  # type: ignore[arg-type]
        return
    with open(file, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        sessions, times, labels = columns["session"], columns["time_s"], columns["set"]
        writer.writerows(
            (session, round(float(time), 6), label)
            for session, time, label in zip(sessions, times, labels, strict=True)
        )
