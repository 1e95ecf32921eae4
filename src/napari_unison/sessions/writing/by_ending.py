"""Sessions to files and back, by how the file is called."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.session import Session
from napari_unison.sessions.storage import holds_sessions, read_sessions
from napari_unison.sessions.storage import write_sessions as write_npz
from napari_unison.sessions.writing.csv_sessions import (
    holds_csv_session,
    read_session_csv,
    write_session_csv,
)
from napari_unison.sessions.writing.nwb_reading import holds_nwb_session, read_session_nwb
from napari_unison.sessions.writing.nwb_sessions import write_session_nwb
from napari_unison.sessions.writing.parquet_sessions import (
    holds_parquet_session,
    read_session_parquet,
    write_session_parquet,
)

#: Endings of files that hold one session; every other file is an ``.npz``, which holds any number.
_ONE_SESSION: Final[Mapping[str, Callable[[Path, Session], None]]] = {
    ".nwb": write_session_nwb,
    ".csv": write_session_csv,
    ".parquet": write_session_parquet,
}
SESSION_ENDINGS: Final = (".npz", *_ONE_SESSION)


def write_sessions(
    path: str | os.PathLike[str],
    sessions: Sequence[Session],
    *,
    extra: Mapping[str, npt.NDArray[np.generic]] | None = None,
) -> None:
    """Write sessions so that :func:`load_sessions` gives the same again, exactly.

    The file appears complete or not at all; what stands there is replaced.

    Parameters
    ----------
    path : path
        ``.npz`` holds any number of sessions; ``.nwb``, ``.csv`` (with ``NAME.csv.json`` beside it) and
        ``.parquet`` one. A file with another ending is written as ``.npz``.
    sessions : sequence of Session
        At least one.
    extra : mapping of str to array, optional
        Arrays that belong to the sessions and are kept beside them, in ``.npz`` only.

    Raises
    ------
    SessionError
        If there is no session, there are several for a file that holds one, the session holds what such a
        file cannot carry, or what writes it is not installed.
    """
    ending = Path(path).suffix.lower()
    if ending not in _ONE_SESSION:
        write_npz(path, sessions, extra=extra)
        return
    if extra:
        raise SessionError(f"{os.fspath(path)}: further arrays can be kept in an .npz only")
    if len(sessions) != 1:
        raise SessionError(
            f"{os.fspath(path)}: {ending} holds one session, and these are {len(sessions)}; write a file "
            "each, or one .npz"
        )
    _ONE_SESSION[ending](Path(path), sessions[0])


def own_reader(path: str | os.PathLike[str]) -> Callable[..., list[Session]] | None:
    """Return what reads a file that :func:`write_sessions` wrote, None for a file of anybody else."""
    ending = Path(path).suffix.lower()
    if ending == ".nwb" and holds_nwb_session(path):
        return lambda path: [read_session_nwb(path)]
    if ending == ".csv" and holds_csv_session(path):
        return lambda path: [read_session_csv(path)]
    if ending == ".parquet" and holds_parquet_session(path):
        return lambda path: [read_session_parquet(path)]
    return read_sessions if holds_sessions(path) else None
