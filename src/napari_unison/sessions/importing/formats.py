"""Which kinds of files can be opened, and by what."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final, cast

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.importing.contents import Contents, OnProgress
from napari_unison.sessions.importing.sorted_folders import file_of_folder


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Parameters
    ----------
    name : str
        As people call it.
    suffixes : tuple of str
        How its files end, in lower case.
    module : str
        The module of :mod:`napari_unison.sessions.formats` whose ``open_contents(path)`` opens it.
    is_folder : bool
        Whether a folder can be such a "file".
    may_be_hdf5 : bool
        Whether such files are, or can be, HDF5.
    is_read_when_opened : bool
        Whether opening takes long: ``open_contents(path, on_progress)`` tells how far it is.
    """

    name: str
    suffixes: tuple[str, ...]
    module: str
    is_folder: bool = False
    may_be_hdf5: bool = False
    is_read_when_opened: bool = False


FORMATS: Final = (
    Format("NWB", (".nwb",), "nwb_files", may_be_hdf5=True),
    Format("NWB in Zarr", (".nwb.zarr", ".zarr"), "nwb_files", is_folder=True),
    Format("NumPy", (".npz", ".npy"), "numpy_files"),
    Format("MATLAB", (".mat",), "matlab_files", may_be_hdf5=True),
    Format("HDF5", (".h5", ".hdf5"), "hdf5_files", may_be_hdf5=True),
    Format("table", (".csv", ".csv.gz", ".tsv", ".parquet"), "table_files", is_read_when_opened=True),
    Format("joblib", (".jl", ".jl.gz", ".joblib"), "joblib_files"),
)


#: Files of a folder in a message before the rest is counted.
_MOST_NAMED: Final = 8


#: Files that are not read, of kinds that people often have.
_SHEETS: Final = (".xlsx", ".xls", ".ods")
_TEXTS: Final = (".txt", ".dat")
_PICKLES: Final = (".pkl", ".pickle")
_WITHOUT_PICKLE: Final = "by numpy.savez or as csv: a pickle can run anything, and is never read"


def format_of(path: str | os.PathLike[str]) -> Format | None:
    """Return the format of a file by its name; the file is not opened."""
    name = Path(path).name.lower()
    return next((kind for kind in FORMATS if name.endswith(kind.suffixes)), None)


def suffixes() -> tuple[str, ...]:
    """Return how files end that can be opened."""
    return tuple(suffix for kind in FORMATS for suffix in kind.suffixes)


def require_format(path: str | os.PathLike[str]) -> Format:
    """Return the format of a file by its name, which is not opened.

    Raises
    ------
    SessionError
        If it is a folder, with what in it can be opened; or of no known kind.
    """
    kind = format_of(path)
    if Path(path).is_dir() and (kind is None or not kind.is_folder):
        raise SessionError(_said_of_folder(Path(path)))
    if kind is None:
        raise SessionError(
            f"{os.fspath(path)}: no reader knows this kind of file; there are readers for "
            f"{', '.join(suffixes())}{_way_out(Path(path))}"
        )
    return kind


def _way_out(path: Path) -> str:
    """Say what to do with files of a kind that people often have."""
    ways = {_SHEETS: "as csv", _TEXTS: "as csv, with commas between columns", _PICKLES: _WITHOUT_PICKLE}
    way = next((way for endings, way in ways.items() if path.name.lower().endswith(endings)), "")
    return f". Save it {way}" if way else ""


def _said_of_folder(folder: Path) -> str:
    """Say which files of a folder can be opened."""
    try:
        names = sorted(item.name for item in folder.iterdir() if _is_readable(item))
    except OSError as error:
        return f"{folder} is a folder, and what is in it cannot be listed ({error.strerror}); give a file"
    if not names:
        return (
            f"{folder} is a folder; give a file. Nothing in it can be opened; there are readers for "
            f"{', '.join(suffixes())}"
        )
    left = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{folder} is a folder; give a file of it: {', '.join(names[:_MOST_NAMED])}{left}"


def _is_readable(item: Path) -> bool:
    kind = format_of(item)
    return kind is not None and item.is_dir() == kind.is_folder


def require_sound(path: str | os.PathLike[str]) -> None:
    """Refuse a file of which a library is known to break down; other files are not looked at.

    Raises
    ------
    SessionError
        If it is an HDF5 file that cannot be walked through.
    """
    kind = format_of(path)
    if kind is not None and kind.may_be_hdf5:
        from napari_unison.sessions.formats.hdf5_soundness import require_sound_hdf5

        require_sound_hdf5(path)


def open_contents(path: str | os.PathLike[str], on_progress: OnProgress | None = None) -> Contents:
    """Open a file and say what it holds; values are read when they are asked for.

    Parameters
    ----------
    path : path
        A file of one of :data:`FORMATS`, or a folder of Kilosort or phy.
    on_progress : callable, optional
        Told the share that is done, where a file of its kind is read already when it is opened. What it
        raises ends the opening.

    Returns
    -------
    Contents
        A context that closes the file.

    Raises
    ------
    SessionError
        If the file is missing, damaged, or of no known kind.
    """
    path = file_of_folder(Path(path))
    kind = require_format(path)
    if not path.exists():
        raise SessionError(f"{os.fspath(path)} does not exist")
    require_sound(path)
    module = import_module(f"napari_unison.sessions.formats.{kind.module}")
    opener = cast("Callable[..., Contents]", module.open_contents)
    if on_progress is not None and kind.is_read_when_opened:
        return opener(path, on_progress)
    return opener(path)
