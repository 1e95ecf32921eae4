"""Whether an HDF5 file can be walked through at all, found out in a process that may be lost.

In a file with a few wrong bytes the HDF5 library can run in circles or end the process, and neither can be
caught where a window stands open. So a file is first walked through by a process of its own: names,
attributes, texts, and the ends of each dataset.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Final

import h5py

from napari_unison.sessions.errors import SessionError

#: A walk that takes longer than this (s) does not come to an end: nothing large is read.
PATIENCE: Final = 20.0

_WALK: Final = """
import signal, sys
if hasattr(signal, "alarm"):
    # ends even where the library runs in circles, should nobody be left who waits
    signal.alarm(int(sys.argv[2]))
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, resource.getrlimit(resource.RLIMIT_AS)[1]))
except (ImportError, ValueError, OSError):
    pass
import h5py

def look(name, item):
    for key in item.attrs:
        try:
            item.attrs[key]
        except Exception:
            pass
    if isinstance(item, h5py.Dataset) and item.size and item.shape is not None:
        try:
            if item.shape == () or (item.size <= 100_000 and item.dtype.itemsize <= 1000):
                item[()]
            else:
                item[:1], item[-1:]
        except Exception:
            pass

with h5py.File(sys.argv[1], "r") as file:
    look("/", file)
    file.visititems(look)
"""


def require_sound_hdf5(path: str | os.PathLike[str]) -> None:
    """Walk through an HDF5 file in a process of its own; any other file is let through.

    What that process can report, such as a dataset that cannot be read, is left to the reader, which says it
    in words. A file that was walked through is not walked through again while it stays as it is.

    Parameters
    ----------
    path : path
        The file.

    Raises
    ------
    SessionError
        If the walk does not end within :data:`PATIENCE`, or the library ends the process.
    """
    file = Path(path)
    if not file.is_file() or not h5py.is_hdf5(file):
        return
    state = file.stat()
    problem = _problem(os.fspath(path), state.st_size, state.st_mtime_ns)
    if problem:
        raise SessionError(f"{os.fspath(path)} is damaged: {problem}; copy or download it again")


@lru_cache(maxsize=256)
def _problem(path: str, _size: int, _changed: int) -> str:
    """Return what happened to the process that walked through a file; empty if nothing did."""
    if not sys.executable or not Path(sys.executable).is_file():
        # Python inside of another program: there is nothing to start a process with
        return ""
    # no black window on Windows, where there is this flag
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    try:
        ended = subprocess.run(  # noqa: S603 - this Python, the text above, and a path as one argument
            [sys.executable, "-I", "-c", _WALK, path, str(math.ceil(PATIENCE) + 1)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=PATIENCE, check=False, creationflags=flags,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"the HDF5 library does not come to an end with it in {PATIENCE:g} s"
    except OSError:
        return ""
    return "the HDF5 library breaks down over it" if ended.returncode < 0 else ""
