"""Folders that Kilosort and phy write: spike times in one file, the unit of each spike in another.

Their ``params.py`` is read as text, and never run.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from napari_unison.sessions.importing.clock_scalars import SPIKE_RATES
from napari_unison.sessions.importing.contents import Contents

_TIMES: Final = "spike_times"
_CLUSTERS: Final = "spike_clusters"
_SAMPLE_RATE: Final = re.compile(r"^[ \t]*sample_rate[ \t]*=[ \t]*([0-9.eE+]+)[ \t]*(?:#.*)?$", re.M)
#: Tables of phy, which are about units and not about behaviour, begin so.
_ABOUT_UNITS: Final = "cluster_"
#: Longer texts are not what phy writes (bytes).
_LONGEST_TEXT: Final = 1_000_000
#: Tables of one folder that are looked into for behaviour.
_MOST_TABLES: Final = 5


@dataclass(frozen=True)
class SortedFolder:
    """What a folder of sorted spikes says of a mapping.

    Parameters
    ----------
    fields : dict
        Fields of a mapping: spikes, their units, the companion file, and samples a second.
    tables : tuple of str
        Names of tables in the folder that may hold behaviour.
    missing : tuple of str
        What is missing, as sentences.
    notes : tuple of str
        What a person should know.
    of_units : tuple of str
        The same of units that were not called good, since all of them become neurons.
    """

    fields: dict[str, Any]
    tables: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    of_units: tuple[str, ...] = ()


def file_of_folder(path: Path) -> Path:
    """Return the spike times of a folder that Kilosort or phy has written; other paths as they are."""
    is_sorted = path.is_dir() and all((path / f"{name}.npy").is_file() for name in (_TIMES, _CLUSTERS))
    return path / f"{_TIMES}.npy" if is_sorted else path


def sorted_folder(contents: Contents) -> SortedFolder | None:
    """Return what is known of the folder of an open file; None where it is none of Kilosort or phy.

    Parameters
    ----------
    contents : Contents
        The open file: ``spike_times.npy`` or ``spike_clusters.npy``.
    """
    file = Path(contents.place).absolute()
    times = file.with_name(f"{_TIMES}.npy")
    if file.suffix != ".npy" or file.stem not in (_TIMES, _CLUSTERS) or file_of_folder(file.parent) != times:
        return None
    here, other = (_TIMES, _CLUSTERS) if file == times else (_CLUSTERS, _TIMES)
    beside = f"{other.removeprefix('spike_')}:{other}"
    fields: dict[str, Any] = {
        "neural": here if here == _TIMES else beside,
        "spike_ids": beside if here == _TIMES else here,
        "beside": {other.removeprefix("spike_"): (here, other)},
        "name": "{folder}",
    }
    notes: list[str] = []
    missing: list[str] = []
    rate = _sample_rate(file.with_name("params.py"))
    if rate is not None:
        fields["sampling_rate"] = rate
        notes.append(f"spike times are taken to be counted in samples, {rate:g} a second, as params.py says")
    elif not _are_seconds(contents):
        missing.append(
            "its spike times are counted in samples, and there is no params.py that says how many there are "
            "in a second: give sampling_rate (Hz)"
        )
    of_units = tuple(_said_of_units(file.parent))
    tables = sorted(
        item.name
        for item in file.parent.iterdir()
        if item.name.endswith((".csv", ".tsv", ".parquet")) and not item.name.startswith(_ABOUT_UNITS)
    )
    return SortedFolder(fields, tuple(tables[:_MOST_TABLES]), tuple(missing), tuple(notes), of_units)


def _are_seconds(contents: Contents) -> bool:
    times = contents.entries.get(_TIMES)
    return times is not None and times.dtype.startswith("float")


def _sample_rate(params: Path) -> float | None:
    found = _SAMPLE_RATE.search(_text_of(params))
    try:
        rate = float(found[1]) if found else math.nan
    except ValueError:
        return None
    return rate if SPIKE_RATES[0] <= rate <= SPIKE_RATES[1] else None


def _said_of_units(folder: Path) -> list[str]:
    """Say how many units were called good, since all of them become neurons."""
    for name in ("cluster_group.tsv", "cluster_KSLabel.tsv"):
        rows = [line.split("\t") for line in _text_of(folder / name).splitlines() if line.strip()]
        called = [row[1].strip() for row in rows[1:] if len(row) == 2]
        n_good = called.count("good")
        if 0 < n_good < len(called):
            return [
                f"{name} calls {n_good} of {len(called)} units good, and all of them are read: leave out the "
                "others in phy, or choose neurons of the session afterwards"
            ]
    return []


def _text_of(file: Path) -> str:
    """Return a small text; "" where there is none."""
    try:
        return "" if file.stat().st_size > _LONGEST_TEXT else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
