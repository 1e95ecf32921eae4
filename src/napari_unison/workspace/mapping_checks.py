"""Whether a mapping of a file makes sessions, which, and if not, what is wrong in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from napari_unison.sessions import Session, SessionError, validate_same_labels
from napari_unison.sessions.importing import Contents, Entry, FileMapping, checked_mapping, sessions_from
from napari_unison.workspace.import_problems import concerned_fields, problem_in_words
from napari_unison.workspace.open_companions import OpenCompanions
from napari_unison.workspace.taken_names import TakenNames, taken_names

#: Activity of more bytes is read when a person asks for it, not at every change of the mapping.
LARGE: Final = 256 * 1024**2


@dataclass(frozen=True)
class Checked:
    """What a mapping gives.

    Attributes
    ----------
    mapping : FileMapping or None
        None where it is not complete, or a field is wrong.
    sessions : tuple of Session
        Of the first file; empty where something is wrong, or where the file is too large to be read at once.
    problem : str
        What is wrong, in words; empty where nothing is.
    fields : tuple of str
        The fields that it is about.
    words : tuple of str
        What each session is, as ``str(session)`` says it: of a long recording that takes a while.
    taken : TakenNames or None
        Where sessions of its names are open already: names that are free.
    """

    mapping: FileMapping | None
    sessions: tuple[Session, ...] = ()
    problem: str = ""
    fields: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    taken: TakenNames | None = None

    @property
    def is_valid(self) -> bool:
        """Whether nothing is known to be wrong."""
        return self.mapping is not None and not self.problem


def try_mapping(
    fields: dict[str, Any],
    contents: Contents,
    companions: OpenCompanions,
    *,
    files: Sequence[Path],
    open_already: Sequence[Session],
    read_large: bool,
    on_progress: Callable[[float, str], None],
) -> Checked:
    """Make the sessions of a mapping, or say what is wrong with it.

    Parameters
    ----------
    fields : dict
        Fields of a :class:`FileMapping`, which need not be complete.
    contents : Contents
        The open file.
    companions : OpenCompanions
        Files beside it that are open.
    files : sequence of path
        All files that the mapping is meant for.
    open_already : sequence of Session
        Sessions with which those of the file have to go.
    read_large : bool
        Make the sessions even where there is more than :data:`LARGE` to be read.
    on_progress : callable
        Told the share that is read; what it raises ends the reading.
    """
    mapping: FileMapping | None = None
    try:
        mapping = checked_mapping(fields)
        taken = taken_names(mapping, files, [session.name for session in open_already])
        if taken is not None:
            return Checked(mapping, (), taken.problem, ("name",), taken=taken)
        if not read_large and is_large(mapping, companions.entries_beside(contents)):
            return Checked(mapping)
        lent = companions.lent_to(mapping)
        sessions = tuple(sessions_from(contents, mapping, on_progress=on_progress, companions=lent))
        words = tuple(map(str, sessions))
    except SessionError as error:
        return Checked(mapping, (), problem_in_words(error, contents.place), concerned_fields(error, fields))
    try:
        validate_same_labels([*open_already, *sessions])
    except SessionError as error:
        problem = problem_in_words(error, contents.place)
        return Checked(mapping, sessions, problem, concerned_fields(error, fields), words)
    return Checked(mapping, sessions, words=words)


def is_large(mapping: FileMapping, entries: Mapping[str, Entry]) -> bool:
    """Return whether a mapping's activity has more than :data:`LARGE` bytes."""
    named = [entries[path] for path in mapping.neural if path in entries]
    arrays = [entry for entry in named if entry.kind in ("array", "series") and entry.dtype != "str"]
    return sum(math.prod(entry.shape) * np.dtype(entry.dtype).itemsize for entry in arrays) > LARGE
