"""Sample sessions: simulated rats that are always there, and the published ones."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.rat_files import read_rat_file
from napari_unison.sessions.session import Session
from napari_unison.sessions.simulator import RAT_NAMES, simulate_linear_track
from napari_unison.sessions.unpacking import unpacked_bytes

SAMPLE_NAMES: Final = ("linear-track", "rat-hippocampus")
DATA_FOLDER_VARIABLE: Final = "NAPARI_UNISON_DATA"

_ADDRESS: Final = "https://cebra.fra1.digitaloceanspaces.com/data/rat_hippocampus/{name}.jl.gz"
# md5 of the published files after unpacking
_CHECKSUMS: Final = {
    "achilles": "c52f9b55cbc23c66d57f3842214058b8",
    "buddy": "36341322907708c466871bf04bc133c2",
    "cicero": "a83b02dbdc884fdd7e53df362499d42f",
    "gatsby": "2b889da48178b3155011c12555342813",
}


def sample_sessions(
    name: str = "linear-track", *, seed: int = 0, names: Sequence[str] | None = None
) -> list[Session]:
    """Return sample sessions with the labels ``position`` (m) and ``direction`` ("right", "left").

    Parameters
    ----------
    name : {"linear-track", "rat-hippocampus"}
        Four simulated rats (offline), or the four published rats (Grosmark & Buzsáki 2016): read from the
        folder ``$NAPARI_UNISON_DATA`` where it is set, else downloaded once.
    seed : int
        Seed of the simulation.
    names : sequence of str, optional
        A choice of the sample's sessions, such as ``("achilles", "buddy")``; all unless given.

    Raises
    ------
    SessionError
        If there is no such sample, or its files are missing and cannot be downloaded.
    """
    if name == "linear-track":
        if not isinstance(seed, int | np.integer) or seed < 0:
            raise SessionError(f"the seed of the simulation is {seed!r}; give an integer of 0 or more")
        return simulate_linear_track(seed, _chosen(names, list(RAT_NAMES), name))
    if name == "rat-hippocampus":
        return _published_rats(_chosen(names, list(_CHECKSUMS), name))
    raise SessionError(f"there is no sample {name!r}; the samples are {', '.join(SAMPLE_NAMES)}")


def _chosen(names: Sequence[str] | None, known: list[str], sample: str) -> list[str]:
    if names is None:
        return known
    chosen = [names] if isinstance(names, str) else list(names)
    unknown = [repr(name) for name in chosen if name not in known]
    if unknown or not chosen:
        raise SessionError(
            f"the sample {sample!r} has no session {', '.join(unknown) or '(no name given)'}; "
            f"its sessions are {', '.join(known)}"
        )
    return chosen


def _published_rats(names: list[str]) -> list[Session]:
    folder = os.environ.get(DATA_FOLDER_VARIABLE)
    files = _files_in(Path(folder), names) if folder else [_downloaded(name) for name in names]
    return [read_rat_file(file, name=name)[0] for name, file in zip(names, files, strict=True)]


def _files_in(folder: Path, names: list[str]) -> list[Path]:
    found = {name: [folder / f"{name}{suffix}" for suffix in (".jl", ".jl.gz")] for name in names}
    there = {name: next((file for file in files if file.is_file()), None) for name, files in found.items()}
    missing = [name for name, file in there.items() if file is None]
    if missing:
        present = [name for name, file in there.items() if file is not None]
        advice = f"choose those that are there with names={tuple(present)!r}, " if present else ""
        raise SessionError(
            f"the folder {folder} (${DATA_FOLDER_VARIABLE}) lacks {', '.join(missing)} (.jl or .jl.gz); put "
            f"the files there, {advice}or unset {DATA_FOLDER_VARIABLE} to download them"
        )
    return [file for file in there.values() if file is not None]


def _downloaded(name: str) -> Path:
    """Return the file of one rat from the cache, downloaded if need be and checked."""
    import pooch  # type: ignore[import-untyped]

    address = _ADDRESS.format(name=name)
    folder = Path(pooch.os_cache("napari-unison")) / "rat_hippocampus"
    try:
        file = Path(pooch.retrieve(address, known_hash=None, fname=f"{name}.jl.gz", path=folder))
    except OSError as error:  # what requests raises is an OSError, too
        raise SessionError(
            f"{name} could not be downloaded from {address} ({error}); connect to the internet, or put the "
            f"file into a folder and set {DATA_FOLDER_VARIABLE} to it"
        ) from error
    try:
        checksum = hashlib.md5(unpacked_bytes(file), usedforsecurity=False).hexdigest()
    except SessionError:
        file.unlink()  # so that the next call downloads it again
        raise
    if checksum != _CHECKSUMS[name]:
        file.unlink()
        raise SessionError(
            f"{name} as downloaded from {address} is not the published file (md5 {checksum}, not "
            f"{_CHECKSUMS[name]}); it was removed: try again"
        )
    return file
