"""Sample sessions: simulated rats that are always there, and the published ones."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.progress import Control, OnProgress
from napari_unison.sessions.published import PublishedFiles
from napari_unison.sessions.rat_files import read_rat_file
from napari_unison.sessions.session import Session
from napari_unison.sessions.simulator import RAT_NAMES, simulate_linear_track

SAMPLE_NAMES: Final = ("linear-track", "rat-hippocampus")
DATA_FOLDER_VARIABLE: Final = "NAPARI_UNISON_DATA"
ADVICE: Final = f"put the files into a folder and set the environment variable {DATA_FOLDER_VARIABLE} to it"

_RATS: Final = PublishedFiles(
    "https://cebra.fra1.digitaloceanspaces.com/data/rat_hippocampus/",
    ".jl.gz",
    {
        "achilles": "c52f9b55cbc23c66d57f3842214058b8",
        "buddy": "36341322907708c466871bf04bc133c2",
        "cicero": "a83b02dbdc884fdd7e53df362499d42f",
        "gatsby": "2b889da48178b3155011c12555342813",
    },
    cache="rat_hippocampus",
)


def sample_sessions(
    name: str = "linear-track",
    *,
    seed: int = 0,
    names: Sequence[str] | None = None,
    on_progress: OnProgress | None = None,
    control: Control | None = None,
) -> list[Session]:
    """Return sample sessions with the labels ``position`` (m) and ``direction`` ("right", "left").

    Parameters
    ----------
    name : {"linear-track", "rat-hippocampus"}
        Four simulated rats (offline), or the four published rats (Grosmark & Buzsáki 2016): read from the
        folder ``$NAPARI_UNISON_DATA`` where it is set, else downloaded once and checked.
    seed : int
        Seed of the simulation.
    names : sequence of str, optional
        A choice of the sample's sessions, such as ``("achilles", "buddy")``; all unless given.
    on_progress : callable, optional
        Called several times a second while something is downloaded, with the share that is done (0 to 1) and
        with what comes, in words.
    control : Control, optional
        A ``TrainingControl``, or anything else with ``is_stopped``: ends a download within moments. What
        has come is kept, and the next call goes on there.

    Raises
    ------
    DownloadStoppedError
        If the download was stopped; it is a SessionError.
    SessionError
        If there is no such sample, or its files are missing and cannot be downloaded.
    """
    if name == "linear-track":
        if not isinstance(seed, int | np.integer) or seed < 0:
            raise SessionError(f"the seed of the simulation is {seed!r}; give an integer of 0 or more")
        return simulate_linear_track(seed, _chosen(names, list(RAT_NAMES), name))
    if name == "rat-hippocampus":
        chosen = _chosen(names, list(_RATS.checksums), name)
        folder = _local_folder()
        files = _files_in(folder, chosen) if folder else _RATS.fetch(chosen, ADVICE, on_progress, control)
        return [read_rat_file(file, name=rat)[0] for rat, file in zip(chosen, files, strict=True)]
    raise SessionError(f"there is no sample {name!r}; the samples are {', '.join(SAMPLE_NAMES)}")


def needs_download(name: str) -> bool:
    """Whether a sample, or a part of it, has to come from the internet first."""
    return name == "rat-hippocampus" and not _local_folder() and not _RATS.are_here(list(_RATS.checksums))


def _local_folder() -> Path | None:
    folder = os.environ.get(DATA_FOLDER_VARIABLE)
    return Path(folder).expanduser() if folder else None


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


def _files_in(folder: Path, names: list[str]) -> list[Path]:
    found = {name: [folder / f"{name}{suffix}" for suffix in (".jl", ".jl.gz")] for name in names}
    there = {name: next((file for file in files if file.is_file()), None) for name, files in found.items()}
    missing = [name for name, file in there.items() if file is None]
    if missing:
        present = [name for name, file in there.items() if file is not None]
        some = f"open those that are there as files (in Python: names={tuple(present)!r}), "
        advice = some if present else ""
        raise SessionError(
            f"the folder {folder} (${DATA_FOLDER_VARIABLE}) lacks {', '.join(missing)} (.jl or .jl.gz); put "
            f"the files there, {advice}or unset {DATA_FOLDER_VARIABLE} to download them"
        )
    return [file for file in there.values() if file is not None]
