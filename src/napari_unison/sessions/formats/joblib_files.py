"""Joblib files: dictionaries of plain arrays, of which nothing is run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.importing.contents import Contents, Entry, array_entry
from napari_unison.sessions.joblib_arrays import read_joblib


def open_contents(path: Path) -> Contents:
    """Say which arrays a joblib file holds.

    Raises
    ------
    SessionError
        If the file is damaged or holds anything but arrays in dictionaries and lists.
    """
    return contents_of_objects(read_joblib(path), os.fspath(path))


def contents_of_objects(content: Any, place: str) -> Contents:
    """Say which arrays dictionaries, lists and tuples hold; a path joins keys and numbers by "/".

    Raises
    ------
    SessionError
        If there is no array.
    """
    entries = _entries(content, "")
    if not entries:
        raise SessionError(f"{place} holds no array; save a dictionary of arrays")
    return Contents(place, entries)


def _entries(content: Any, path: str) -> list[Entry]:
    if isinstance(content, np.ndarray):
        return [array_entry(path or "array", content)] if content.ndim else []
    if isinstance(content, dict):
        parts = list(content.items())
    elif isinstance(content, list | tuple):
        if content and all(isinstance(value, int | float | bool) for value in content):
            return [array_entry(path or "array", np.array(content))]
        parts = list(enumerate(content))
    else:
        return []
    return [entry for key, value in parts for entry in _entries(value, f"{path}/{key}" if path else str(key))]
