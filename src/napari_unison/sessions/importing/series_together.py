"""Which series of a recording make one label: the axes of a position, and the angle that is the heading."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.importing.contents import Contents, Entry, Intervals, Samples
from napari_unison.sessions.importing.label_values import missing_values
from napari_unison.sessions.importing.time_names import name_and_unit

Array: TypeAlias = npt.NDArray[Any]

#: An axis of a position that varies less than this share of the widest one is left out, such as height.
STILL_AXIS: Final = 0.25
#: Angles are counted in so many sectors to tell how much of the circle they cover.
SECTORS: Final = 36
#: Series with more values than this are not read to guess what they are.
MOST_VALUES_READ: Final = 5_000_000
#: Epochs of more different values than this tell nothing of what an animal did.
MOST_EPOCHS: Final = 20

#: What labels of these containers are called.
_CONTAINERS: Final = {"position": "position", "compassdirection": "head direction"}
_AXIS: Final = re.compile(r"(^|[_ ])[xyz](_(m|cm|mm|px))?$", re.I)
_EPOCHS: Final = re.compile(r"epochs?$|states?$|brain_?states?$", re.I)
_RESTING: Final = re.compile(r"sleep|rest|\bn?rem\b|home|quiet|baseline", re.I)


@dataclass(frozen=True)
class Together:
    """Series that make one label.

    Parameters
    ----------
    entries : tuple of Entry
        One, or the axes of a position.
    name : str
        What the label is called; empty where its entry's own name is good.
    """

    entries: tuple[Entry, ...]
    name: str = ""


def series_together(contents: Contents, candidates: Sequence[Entry]) -> list[Together]:
    """Return candidates for labels in their order, with those that belong together as one.

    Parameters
    ----------
    contents : Contents
        The open file. The axes and angles are read to tell which of them vary.
    candidates : sequence of Entry
        Series and arrays that may be labels.

    Returns
    -------
    list of Together
        Axes of one length in one container (x, y, z) become one label, without those that hardly vary; of
        several angles in one container, only the one that goes around the whole circle most evenly stays.
    """
    made: list[Together] = []
    done: set[str] = set()
    for entry in candidates:
        if entry.path in done:
            continue
        parent = _parent(entry)
        beside = [
            other
            for other in candidates
            if _parent(other) == parent and other.shape == entry.shape and _is_one_series(other)
        ]
        axes = [
            other for other in beside if _AXIS.search(name_and_unit(other.name)[0]) and not other.is_circular
        ]
        angles = [other for other in beside if other.is_circular]
        if len(axes) > 1 and entry in axes:
            made.append(Together(tuple(_moving_axes(contents, axes)), _name_of(parent, "position")))
            done.update(other.path for other in axes)
        elif len(angles) > 1 and entry in angles:
            made.append(Together((_heading(contents, angles),), _name_of(parent, "head direction")))
            done.update(other.path for other in angles)
        else:
            alone = sum(_parent(other) == parent for other in candidates) == 1
            made.append(Together((entry,), _CONTAINERS.get(_said(parent), "") if alone else ""))
    return made


def _parent(entry: Entry) -> str:
    return entry.path.rpartition("/")[0]


def _is_one_series(entry: Entry) -> bool:
    return (
        entry.kind == "series" and _is_one_column(entry) and entry.dtype.startswith(("float", "int", "uint"))
    )


def _is_one_column(entry: Entry) -> bool:
    n_values = int(np.prod(entry.shape, dtype=object))
    return max(entry.shape, default=0) == n_values <= MOST_VALUES_READ and entry.dtype.startswith(
        ("float", "int", "uint", "str", "bool")
    )


def _name_of(parent: str, usual: str) -> str:
    return _CONTAINERS.get(_said(parent)) or parent.rpartition("/")[2] or usual


def _said(parent: str) -> str:
    return parent.rpartition("/")[2].lower().replace("_", "")


def is_constant(contents: Contents, entry: Entry) -> bool:
    """Return whether a series or array of one column has one value all the time, and so tells nothing."""
    if not _is_one_column(entry):
        return False
    try:
        samples = contents.read(entry.path)
    except SessionError:
        # what is damaged is told when a session is made of it
        return False
    if not isinstance(samples, Samples):
        return False
    values = samples.values.ravel()
    known = values[~missing_values(values)]
    return len(known) == 0 or bool((known == known[0]).all())


def _values(contents: Contents, entry: Entry) -> Array:
    values = contents.read(entry.path)
    numbers = values.values if isinstance(values, Samples) else np.empty(0)
    numbers = numbers.astype(np.float64).ravel()
    return numbers[np.isfinite(numbers)]


def _moving_axes(contents: Contents, axes: Sequence[Entry]) -> list[Entry]:
    ranges = []
    for axis in axes:
        values = _values(contents, axis)
        ranges.append(float(np.subtract(*np.percentile(values, [99, 1]))) if len(values) else 0.0)
    return [axis for axis, width in zip(axes, ranges, strict=True) if width >= STILL_AXIS * max(ranges)]


def _heading(contents: Contents, angles: Sequence[Entry]) -> Entry:
    """Return the angle that covers the circle most evenly: an animal turns, and hardly rolls or pitches."""
    return max(angles, key=lambda angle: _evenness(_values(contents, angle), angle.unit))


def _evenness(angles: Array, unit: str) -> float:
    """Return the entropy of angles over sectors of the circle (bits)."""
    turn = 360.0 if unit.lower().startswith(("deg", "°")) else 2 * np.pi
    if not len(angles):
        return 0.0
    sectors = np.bincount((np.mod(angles / turn, 1) * SECTORS).astype(int).clip(0, SECTORS - 1))
    share = sectors[sectors > 0] / len(angles)
    return float(-(share * np.log2(share)).sum())


def epoch_of_behaviour(
    contents: Contents, entries: Sequence[Entry], label: Entry
) -> tuple[str, dict[str, str]] | None:
    """Return the epochs in which a label was recorded, where others were sleep or something else.

    Parameters
    ----------
    contents : Contents
        The open file.
    entries : sequence of Entry
        What it holds; epochs are intervals that are called so and have a column of texts.
    label : Entry
        A series.

    Returns
    -------
    (str, dict of str to str) or None
        Path of the intervals, and the value of their column. None where epochs do not say it: there are none,
        or the label was recorded in epochs of several values that are no rest.
    """
    told = [entry for entry in entries if entry.kind == "intervals" and _EPOCHS.search(entry.name)]
    if not told or label.kind != "series" or int(np.prod(label.shape, dtype=object)) > MOST_VALUES_READ:
        return None
    samples = contents.read(label.path)
    if not isinstance(samples, Samples) or samples.time is None:
        return None
    for entry in told:
        epochs = contents.read(entry.path)
        if isinstance(epochs, Intervals):
            for column, values in epochs.columns.items():
                value = _awake_value(epochs, np.asarray(values), samples.time)
                if value:
                    return entry.path, {column: value}
    return None


def _awake_value(epochs: Intervals, values: Array, time: npt.NDArray[np.float64]) -> str:
    """Return the one text of a column in whose epochs samples lie and that does not say rest, or ""."""
    if values.dtype.kind not in "UT":
        return ""
    different = sorted(set(values[~missing_values(values)].tolist()))
    if not 2 <= len(different) <= MOST_EPOCHS:
        return ""
    first, last = np.searchsorted(np.sort(time), [epochs.start, epochs.stop])
    with_samples = [value for value in different if (first[values == value] < last[values == value]).any()]
    awake = [value for value in with_samples if not _RESTING.search(value)]
    return awake[0] if len(awake) == 1 else ""
