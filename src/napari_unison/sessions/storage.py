"""Sessions in one ``.npz`` file: exact, sparse tables kept sparse, no pickle."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.session import Session
from napari_unison.sessions.whole_files import whole_file

_CONTENTS = "napari-unison sessions"
_VERSION = 1
_EXTRA = "extra/"
_SPARSE_PARTS = ("data", "indices", "indptr")


def write_sessions(
    path: str | os.PathLike[str],
    sessions: Sequence[Session],
    *,
    extra: Mapping[str, npt.NDArray[Any]] | None = None,
) -> None:
    """Write sessions into one file, which appears complete or not at all.

    Parameters
    ----------
    path : path
        The file; ``.npz`` by custom.
    sessions : sequence of Session
        At least one.
    extra : mapping of str to array, optional
        Arrays that belong to the sessions and are kept beside them, such as an embedding.

    Raises
    ------
    SessionError
        If there is no session to write.
    """
    if not sessions:
        raise SessionError(f"{os.fspath(path)}: there are no sessions to write")
    arrays = {f"{_EXTRA}{name}": values for name, values in (extra or {}).items()}
    contents = {"version": _VERSION, "sessions": [_put(s, f"{i}", arrays) for i, s in enumerate(sessions)]}
    # json in bytes, so that names of any alphabet survive without pickle
    arrays[_CONTENTS] = np.frombuffer(json.dumps(contents).encode(), dtype=np.uint8)
    target = Path(path)
    with whole_file(target) as fresh, fresh.open("xb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def holds_sessions(path: str | os.PathLike[str]) -> bool:
    """Return whether a file is one that :func:`write_sessions` wrote; nothing of it is read but its list."""
    try:
        with zipfile.ZipFile(path) as file:
            return f"{_CONTENTS}.npy" in file.namelist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def read_sessions(path: str | os.PathLike[str]) -> list[Session]:
    """Read the sessions that :func:`write_sessions` wrote.

    Raises
    ------
    SessionError
        If the file is missing, damaged, or was written by something else; the message names it.
    """
    return read_sessions_with_extra(path)[0]


def read_sessions_with_extra(
    path: str | os.PathLike[str],
) -> tuple[list[Session], dict[str, npt.NDArray[Any]]]:
    """Read sessions and the arrays that were kept beside them.

    Raises
    ------
    SessionError
        If the file is missing, damaged, or was written by something else; the message names it.
    """
    place = os.fspath(path)
    try:
        with Path(path).open("rb") as stream:
            return _read(np.load(stream, allow_pickle=False), place)
    except FileNotFoundError as error:
        raise SessionError(f"{place} does not exist") from error
    except IsADirectoryError as error:
        raise SessionError(f"{place} is a folder, not a file of sessions") from error
    except SessionError as error:
        raise error if place in str(error) else SessionError(f"{place}: {error}") from error
    except (
        OSError,
        EOFError,
        KeyError,
        TypeError,
        ValueError,
        NotImplementedError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise SessionError(
            f"{place} is damaged or no file of sessions ({error}); write or copy it again"
        ) from error


def _read(file: Any, place: str) -> tuple[list[Session], dict[str, npt.NDArray[Any]]]:
    if not isinstance(file, np.lib.npyio.NpzFile) or _CONTENTS not in file:
        raise SessionError(
            f"{place} holds no sessions of napari-unison; give a file that write_sessions wrote, or make a "
            f"Session from its arrays"
        )
    contents = json.loads(file[_CONTENTS].tobytes().decode())
    if contents["version"] > _VERSION:
        raise SessionError(
            f"{place} was written by a newer napari-unison (format {contents['version']}); update the package"
        )
    sessions = [_take(entry, file.__getitem__) for entry in contents["sessions"]]
    extra = {name.removeprefix(_EXTRA): file[name] for name in file if name.startswith(_EXTRA)}
    return sessions, extra


def _put(session: Session, key: str, arrays: dict[str, npt.NDArray[Any]]) -> dict[str, Any]:
    """Add a session's arrays under ``key`` and return what else there is to know about it."""
    if isinstance(session.neural, sparse.csr_array):
        for part in _SPARSE_PARTS:
            arrays[f"{key}/neural.{part}"] = getattr(session.neural, part)
    else:
        arrays[f"{key}/neural"] = session.neural
    arrays[f"{key}/time"] = session.time
    arrays[f"{key}/segment"] = session.segment
    for table in ("labels", "neurons"):
        for index, values in enumerate(getattr(session, table).values()):
            arrays[f"{key}/{table}/{index}"] = values
    return {
        "key": key,
        "name": session.name,
        "bin_width": session.bin_width,
        "start": session.start,
        "sparse_shape": list(session.neural.shape) if sparse.issparse(session.neural) else None,
        "labels": list(session.labels),
        "kinds": dict(session.kinds),
        "weights": dict(session.weights),
        "units": dict(session.units),
        "neurons": list(session.neurons),
    }


def _take(entry: dict[str, Any], array: Callable[[str], npt.NDArray[Any]]) -> Session:
    key = entry["key"]
    neural: Any
    if entry["sparse_shape"] is None:
        neural = array(f"{key}/neural")
    else:
        parts = tuple(array(f"{key}/neural.{part}") for part in _SPARSE_PARTS)
        neural = sparse.csr_array(parts, shape=tuple(entry["sparse_shape"]))
        neural.check_format(full_check=True)
    session = Session(
        entry["name"],
        neural,
        {name: array(f"{key}/labels/{index}") for index, name in enumerate(entry["labels"])},
        entry["bin_width"],
        start=entry["start"],
        kinds=entry["kinds"],
        weights=entry["weights"],
        units=entry["units"],
        segment=array(f"{key}/segment"),
        neurons={name: array(f"{key}/neurons/{index}") for index, name in enumerate(entry["neurons"])},
    )
    return session.with_time(array(f"{key}/time"))
