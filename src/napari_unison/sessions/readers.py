"""Files to sessions: what the package wrote itself is read as it is, everything else by a mapping."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.formats.joblib_files import contents_of_objects
from napari_unison.sessions.importing.assembling import sessions_from
from napari_unison.sessions.importing.contents import Contents, OnProgress
from napari_unison.sessions.importing.formats import (
    Format,
    format_of,
    open_contents,
    require_format,
    require_sound,
)
from napari_unison.sessions.importing.mapping import FileMapping, checked_mapping
from napari_unison.sessions.importing.mapping_problems import did_you_mean
from napari_unison.sessions.importing.proposing import require_mapping
from napari_unison.sessions.importing.sorted_folders import file_of_folder
from napari_unison.sessions.joblib_arrays import read_joblib
from napari_unison.sessions.rat_files import rat_sessions
from napari_unison.sessions.session import Session
from napari_unison.sessions.writing import own_reader

#: What options of load_session are, beside those of the rats' files: fields of a mapping.
_MAPPING_OPTIONS: Final = tuple(name for name in FileMapping.model_fields if name != "name")

#: Share of the work that is done when a file is open that is read by being opened.
_OPENING: Final = 0.9


def readable(path: str | os.PathLike[str]) -> bool:
    """Return whether there is a reader for files of this name (the file is not opened)."""
    path = file_of_folder(Path(path))
    kind = format_of(path)
    return kind is not None and path.is_dir() == kind.is_folder


def needs_mapping(path: str | os.PathLike[str]) -> bool:
    """Return whether a file is read by a mapping, given or guessed: all but own files and those of the rats.

    Raises
    ------
    SessionError
        If a joblib file is damaged.
    """
    kind = format_of(path)
    if kind is not None and kind.name == "joblib":
        return not _holds_rat(read_joblib(path))
    return own_reader(path) is None


def _holds_rat(content: Any) -> bool:
    return isinstance(content, dict) and "spikes" in content and "position" in content


def load_session(
    path: str | os.PathLike[str],
    *,
    name: str | None = None,
    mapping: Any = None,
    on_progress: OnProgress | None = None,
    **options: Any,
) -> Session:
    """Load the one session in a file.

    Parameters
    ----------
    path : path
        A recording: NWB, NumPy, MATLAB, HDF5, table or joblib file, or what :func:`write_sessions` wrote.
    name : str, optional
        A name instead of the one that the file gives.
    mapping : FileMapping, path of a toml file or dict, optional
        What of the file is neural activity and what a label. Unless it is given, it is guessed from what the
        file says and how things are called; a guess that does not go far enough is an error that lists what
        the file holds.
    on_progress : callable, optional
        Told the share that is done, and what is read; what it raises ends the loading.
    **options
        Fields of a mapping, such as ``bin_width=0.05``, that go before the guess.

    Raises
    ------
    SessionError
        If the file cannot be read, or holds more than one session.
    TypeError
        If there is no such option.
    """
    sessions = _read(path, mapping, on_progress, options)
    if len(sessions) != 1:
        names = ", ".join(repr(session.name) for session in sessions)
        raise SessionError(f"{os.fspath(path)} holds {len(sessions)} sessions ({names}); use load_sessions")
    return sessions[0] if name is None else sessions[0].replace(name=name)


def load_sessions(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    mapping: Any = None,
    on_progress: OnProgress | None = None,
    **options: Any,
) -> list[Session]:
    """Load all sessions of one or more files, or none: an error in one file is an error.

    Parameters
    ----------
    paths : path or iterable of paths
        The files, in the order in which the sessions shall come.
    mapping, on_progress, **options
        As for :func:`load_session`, for every file. ``name`` where there is one file with one session.

    Raises
    ------
    SessionError
        If a file cannot be read, or two sessions have the same name.
    TypeError
        If there is no such option.
    """
    files = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    if not files:
        raise SessionError("there are no files to load; give at least one path")
    if "name" in options:
        if len(files) != 1:
            raise SessionError(
                f"one name cannot be given to {len(files)} files; load them one by one with "
                "load_session(path, name=…)"
            )
        return [load_session(files[0], mapping=mapping, on_progress=on_progress, **options)]
    given = None if mapping is None else checked_mapping(mapping)
    loaded = [
        (file, session)
        for number, file in enumerate(files)
        for session in _read(file, given, _share_of(on_progress, number, len(files)), options)
    ]
    _refuse_same_names(loaded)
    return [session for _, session in loaded]


def _share_of(on_progress: OnProgress | None, number: int, of: int) -> OnProgress | None:
    if on_progress is None:
        return None
    return lambda share, words: on_progress((number + share) / of, words)


def _read(
    path: str | os.PathLike[str], mapping: Any, on_progress: OnProgress | None, options: dict[str, Any]
) -> list[Session]:
    path = file_of_folder(Path(path))
    place = os.fspath(path)
    kind = require_format(path)
    require_sound(path)
    if mapping is not None:
        if options:
            raise TypeError(
                f"{place}: {', '.join(options)} cannot be given beside a mapping; write it into the mapping"
            )
        given = checked_mapping(mapping)
        opening, making = _shares(on_progress, kind)
        with open_contents(path, opening) as contents:
            return sessions_from(contents, given, on_progress=making)
    own = own_reader(path)
    if own is not None:
        return _with_options(own, place, options)(path)
    if kind.name == "joblib":
        content = read_joblib(path)
        if _holds_rat(content):
            return _with_options(rat_sessions, place, options)(content, place)
        return _guessed(contents_of_objects(content, place), on_progress, options)
    opening, making = _shares(on_progress, kind)
    return _guessed(open_contents(path, opening), making, options)


def _shares(on_progress: OnProgress | None, kind: Format) -> tuple[OnProgress | None, OnProgress | None]:
    """Return what is told while a file is opened, and while sessions are made of it."""
    if on_progress is None or not kind.is_read_when_opened:
        return on_progress, on_progress
    return (
        lambda share, words: on_progress(_OPENING * share, words),
        lambda share, words: on_progress(_OPENING + (1 - _OPENING) * share, words),
    )


def _guessed(contents: Contents, on_progress: OnProgress | None, options: dict[str, Any]) -> list[Session]:
    with contents:
        _refuse_unknown(contents.place, options, _MAPPING_OPTIONS)
        return sessions_from(contents, require_mapping(contents, **options), on_progress=on_progress)


def _with_options(
    reader: Callable[..., list[Session]], place: str, options: dict[str, Any]
) -> Callable[..., list[Session]]:
    known = [
        name
        for name in inspect.signature(reader).parameters
        if name not in ("path", "content", "place", "name")
    ]
    _refuse_unknown(place, options, known)
    return lambda *arguments: reader(*arguments, **options)


def _refuse_unknown(place: str, options: dict[str, Any], known: Iterable[str]) -> None:
    known = list(known)
    unknown = [name for name in options if name not in known]
    if unknown:
        meant = did_you_mean(unknown[0], known)
        raise TypeError(
            f"{place}: the reader has no option {', '.join(unknown)}{meant}; its options are "
            f"{', '.join(known) or 'none'}"
        )


def _refuse_same_names(loaded: list[tuple[str | os.PathLike[str], Session]]) -> None:
    first: dict[str, str] = {}
    for file, session in loaded:
        if session.name in first:
            raise SessionError(
                f"{first[session.name]} and {os.fspath(file)} both give a session {session.name!r}; rename a "
                "file, or load them one by one with load_session(path, name=…)"
            )
        first[session.name] = os.fspath(file)
