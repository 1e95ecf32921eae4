"""Where the fits of a decoding study are kept, so that one that was stopped goes on where it was.

In the run's own folder, where the command ``napari-unison decode`` keeps them, too; of a run that was not
saved, in the user's cache, under a name made of recordings and parameters.
"""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from napari_unison.analysis.unfinished_studies import UnfinishedStudy
    from napari_unison.workspace.decoding import StudyDepth
    from napari_unison.workspace.runs import StudyRun

#: What nobody went on with is removed after this time (s).
LONGEST_KEPT: Final = 30 * 24 * 3600.0


def cache_folder() -> Path:
    """Return the folder of the user's cache in which runs that were not saved keep their fits."""
    import pooch  # type: ignore[import-untyped]

    return Path(pooch.os_cache("napari-unison")) / "studies"


def place_of_fits(run: StudyRun) -> Path:
    """Return where the fits of a run's studies belong: its own folder, if that can be written.

    Else a folder of the user's cache, for whose name all sessions are read.
    """
    from napari_unison.analysis.encoders.encoder_fits import fit_key
    from napari_unison.analysis.study_files import FITS
    from napari_unison.encoder import is_run
    from napari_unison.workspace.decoding import whole_sessions

    if run.folder is not None and is_run(run.folder) and os.access(run.folder, os.W_OK):
        return run.folder / FITS
    return cache_folder() / fit_key(run.encoder.config_, whole_sessions(run), 0)[:32]


def settle_fits(run: StudyRun) -> Path:
    """Return where the fits of a run belong, with all that are elsewhere brought there.

    Raises
    ------
    OSError
        If nothing can be written there.
    """
    place = place_of_fits(run)
    place.mkdir(parents=True, exist_ok=True)
    if place.parent == cache_folder():
        _remove_old(place)
    if run.fits is not None:
        bring_fits(run.fits, place)
    run.fits = place
    return place


def bring_fits(source: Path, target: Path) -> None:
    """Copy fits, and what tells of a study that was stopped, from one folder to another."""
    if not source.is_dir() or source.absolute() == target.absolute():
        return
    target.mkdir(parents=True, exist_ok=True)
    for file in source.iterdir():
        # what begins with a dot is being written
        if file.is_file() and not file.name.startswith(".") and not (target / file.name).exists():
            shutil.copy2(file, target / file.name)


def unfinished_studies(fits: Path) -> dict[StudyDepth, UnfinishedStudy]:
    """Return the studies that were begun with a folder of fits and did not come to their end."""
    from napari_unison.analysis.unfinished_studies import unfinished_study

    found: dict[StudyDepth, UnfinishedStudy] = {}
    for depth, quick in (("quick", True), ("full", False)):
        study = unfinished_study(fits, quick=quick)
        if study is not None:
            found[depth] = study  # type: ignore[index]
    return found


def remove_fits(fits: Path) -> None:
    """Remove a folder of the user's cache, unless a study can go on from there."""
    if fits.parent == cache_folder() and not unfinished_studies(fits):
        shutil.rmtree(fits, ignore_errors=True)


def _remove_old(used: Path) -> None:
    """Remove what was not used for long beside a folder of the user's cache."""
    used.touch()
    for folder in used.parent.glob("*"):
        # another window may remove it at the same time
        with suppress(FileNotFoundError):
            if time.time() - folder.stat().st_mtime > LONGEST_KEPT:
                shutil.rmtree(folder, ignore_errors=True)
