"""Files to sessions: one reader a format, found by the file's suffix."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.rat_files import read_rat_file
from napari_unison.sessions.session import Session
from napari_unison.sessions.storage import read_sessions

Reader = Callable[..., list[Session]]

# A reader takes the path and options of its own as keywords; it raises SessionError and names the file.
READERS: Final[dict[str, Reader]] = {
    ".jl": read_rat_file,
    ".jl.gz": read_rat_file,
    ".npz": read_sessions,
}


def readable(path: str | os.PathLike[str]) -> bool:
    """Return whether there is a reader for files of this name (the file is not opened)."""
    return _reader_of(path) is not None and not Path(path).is_dir()


def load_session(path: str | os.PathLike[str], *, name: str | None = None, **options: Any) -> Session:
    """Load the one session in a file.

    Parameters
    ----------
    path : path
        ``.jl``, ``.jl.gz`` (published rat files) or ``.npz`` (:func:`write_sessions`).
    name : str, optional
        A name instead of the one that the file gives.
    **options
        Options of the format's reader, such as ``bin_width`` for rat files.

    Raises
    ------
    SessionError
        If the file cannot be read, or holds more than one session.
    TypeError
        If the reader has no such option.
    """
    sessions = _read(path, options)
    if len(sessions) != 1:
        names = ", ".join(repr(session.name) for session in sessions)
        raise SessionError(f"{os.fspath(path)} holds {len(sessions)} sessions ({names}); use load_sessions")
    return sessions[0] if name is None else sessions[0].replace(name=name)


def load_sessions(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], **options: Any
) -> list[Session]:
    """Load all sessions of one or more files, or none: an error in one file is an error.

    Parameters
    ----------
    paths : path or iterable of paths
        The files, in the order in which the sessions shall come.
    **options
        Options of the format's reader, for every file. ``name`` where there is one file with one session.

    Raises
    ------
    SessionError
        If a file cannot be read, or two sessions have the same name.
    TypeError
        If a reader has no such option.
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
        return [load_session(files[0], **options)]
    loaded = [(file, session) for file in files for session in _read(file, options)]
    _refuse_same_names(loaded)
    return [session for _, session in loaded]


def _read(path: str | os.PathLike[str], options: dict[str, Any]) -> list[Session]:
    reader = _reader_of(path)
    place = os.fspath(path)
    if Path(path).is_dir():
        raise SessionError(f"{place} is a folder; give a file")
    if reader is None:
        raise SessionError(
            f"{place}: no reader knows this kind of file; there are readers for {', '.join(READERS)}"
        )
    known = [name for name in inspect.signature(reader).parameters if name not in ("path", "name")]
    unknown = [name for name in options if name not in known]
    if unknown:
        raise TypeError(
            f"{place}: the reader has no option {', '.join(unknown)}; its options are "
            f"{', '.join(known) or 'none'}"
        )
    return reader(path, **options)


def _reader_of(path: str | os.PathLike[str]) -> Reader | None:
    name = Path(path).name.lower()
    return next((reader for suffix, reader in READERS.items() if name.endswith(suffix)), None)


def _refuse_same_names(loaded: list[tuple[str | os.PathLike[str], Session]]) -> None:
    first: dict[str, str] = {}
    for file, session in loaded:
        if session.name in first:
            raise SessionError(
                f"{first[session.name]} and {os.fspath(file)} both give a session {session.name!r}; rename a "
                "file, or load them one by one with load_session(path, name=…)"
            )
        first[session.name] = os.fspath(file)
