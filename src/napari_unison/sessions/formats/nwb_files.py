"""NWB files, in HDF5 or Zarr: units, activity of regions of interest, behaviour, trials and epochs."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext, suppress
from pathlib import Path
from typing import Any, Final

import h5py

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.formats.nwb_builders import (
    DAMAGE,
    NwbFile,
    child,
    damage_named,
    single_value,
)
from napari_unison.sessions.formats.nwb_series import series_entry
from napari_unison.sessions.formats.nwb_tables import (
    events_entry,
    intervals_entry,
    labelled_events,
    units_entry,
)
from napari_unison.sessions.formats.nwb_zarr import without_pickles
from napari_unison.sessions.importing.contents import Contents, Entry, other_entry

#: Parts of a file in which something is looked for, in the order in which people shall see them.
_PARTS: Final = (
    "units",
    "processing",
    "acquisition",
    "stimulus",
    "events",
    "intervals",
    "analysis",
    "scratch",
)


def open_contents(path: Path) -> Contents:
    """Say what an NWB file holds: units, series, events and intervals.

    Parameters
    ----------
    path : Path
        An HDF5 file (``.nwb``) or a Zarr folder (``.nwb.zarr``).

    Raises
    ------
    SessionError
        If pynwb (hdmf-zarr for Zarr) is missing, or the file is damaged or no NWB file.
    """
    place = os.fspath(path)
    with ExitStack() as unless_kept:
        io, root, broken = _opened(path, place, unless_kept)
        file = NwbFile(place, io.manager.type_map.namespace_catalog, frozenset(broken))
        _require_version(file, root)
        with damage_named(place, "the list of what it holds"):
            entries = list(_entries(file, root))
            start = str(single_value(child(root, "session_start_time"), ""))
        if not entries:
            raise SessionError(f"{place} holds no units, series, events or intervals")
        contents = Contents(place, entries, close=io.close, start=start)
        unless_kept.pop_all()
    return contents


def _require_version(file: NwbFile, root: Any) -> None:
    # the first version of NWB kept its number as a dataset
    said = root.attributes.get("nwb_version", child(root, "nwb_version"))
    version = str(single_value(said, "")).removeprefix("NWB-")
    if "NWBFile" not in file.types(root) and not version:
        raise SessionError(
            f"{file.place} is an HDF5 or Zarr file, but no NWB file: it names no version of NWB"
        )
    if version.startswith(("0.", "1.")):
        raise SessionError(
            f"{file.place} is of NWB {version}, out of use; convert it to NWB 2, or export arrays"
        )


def _opened(path: Path, place: str, closing: ExitStack) -> tuple[Any, Any, list[str]]:
    """Return pynwb's open file, the builder of its root, and the paths of links that lead nowhere."""
    make = _io_class(path, place)
    guarded = without_pickles() if path.is_dir() else nullcontext()
    try:
        with guarded, warnings.catch_warnings(record=True) as told:
            # what is said of cached namespaces concerns writers; links that lead nowhere are listed below
            warnings.simplefilter("always")
            io = make(place, mode="r", load_namespaces=True)
            closing.callback(io.close)
            root = io.read_builder()
    except DAMAGE as error:
        raise SessionError(
            f"{place} cannot be read as NWB ({_reason(path, error)}); it is no NWB file, damaged, or cut "
            "off: copy or download it again"
        ) from error
    broken = [str(warning.message) for warning in told if "altered/broken at" in str(warning.message)]
    return io, root, [message.rsplit(" at /", 1)[-1] for message in broken]


def _reason(path: Path, error: BaseException) -> str:
    """Return why a file cannot be read; the library does not say which reference leads nowhere."""
    lost: list[str] = []

    def look(name: str, found: Any) -> None:
        for attribute, value in found.attrs.items():
            if isinstance(value, h5py.Reference) and not lost and found.file[value].name is None:
                lost.append(f"{name} refers to something that is gone, by its {attribute}")

    if path.is_file():
        with suppress(*DAMAGE), h5py.File(path, "r") as file:
            file.visititems(look)
    return lost[0] if lost else str(error).strip().split("\n")[0] or type(error).__name__


def _io_class(path: Path, place: str) -> Any:
    try:
        if path.is_dir():
            from hdmf_zarr.nwb import NWBZarrIO

            return NWBZarrIO
        from pynwb import NWBHDF5IO
    except ImportError as error:
        raise SessionError(
            f'{place}: NWB files are read by pynwb, which is not installed: pip install "napari-unison[nwb]"'
        ) from error
    return NWBHDF5IO


def _entries(file: NwbFile, root: Any) -> Iterator[Entry]:
    """Yield what there is, each thing once: where it stands, or where a link to another file stands."""
    found: dict[int, str] = {}
    listed: list[str] = []
    for part in _PARTS:
        builder = child(root, part)
        if builder is not None and hasattr(builder, "groups"):
            for entry in _within(file, part, builder, (), found):
                listed.append(entry.path)
                yield entry
    for path in sorted(file.broken):
        if path.startswith(_PARTS) and not path.startswith(tuple(f"{known}/" for known in listed)):
            yield other_entry(path, file.place, "a link that leads nowhere")


def _within(
    file: NwbFile, path: str, group: Any, containers: tuple[str, ...], found: dict[int, str]
) -> Iterator[Entry]:
    """Yield the entries of a group and of what is in it."""
    if id(group) in found:
        return
    found[id(group)] = path
    types = file.types(group)
    entries = _of_types(file, path, group, types, containers)
    if entries is not None:
        yield from entries
        return
    inside = (*containers, *types)
    for name, part in group.groups.items():
        yield from _within(file, f"{path}/{name}", part, inside, found)
    for link in group.links.values():
        if hasattr(link.builder, "groups") and link.builder.source != group.source:
            yield from _within(file, f"{path}/{link.name}", link.builder, inside, found)


def _of_types(
    file: NwbFile, path: str, group: Any, types: tuple[str, ...], containers: tuple[str, ...]
) -> list[Entry] | None:
    """Return the entries that a group of some type makes; None for a group of other groups."""
    try:
        if "ImageSeries" in types or "SpikeEventSeries" in types:
            return []
        if "TimeSeries" in types:
            return [series_entry(file, path, group, containers)]
        if "Units" in types:
            return [units_entry(file, path, group)]
        if "TimeIntervals" in types:
            return [intervals_entry(file, path, group)]
        if "EventsTable" in types:
            return [events_entry(file, path, child(group, "timestamp"))]
        if {"LabeledEvents", "TTLs"}.intersection(types):
            return labelled_events(file, path, group)
        if "Events" in types:
            return [events_entry(file, path, child(group, "timestamps"))]
        return [] if "DynamicTable" in types else None
    except SessionError as error:
        return [other_entry(path, file.place, f"damaged: {str(error).removeprefix(f'{file.place}: ')}")]
    except DAMAGE as error:
        return [other_entry(path, file.place, f"damaged ({error})")]
