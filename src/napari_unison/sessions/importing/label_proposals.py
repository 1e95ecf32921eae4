"""A first guess of what in a file is a label, of which kind, and what it is called."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import numpy as np

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.importing.contents import Contents, Entry, Intervals
from napari_unison.sessions.importing.label_kinds import (
    MOST_CATEGORIES,
    is_angle,
    is_position,
    kind_and_unit,
    said_unit,
)
from napari_unison.sessions.importing.label_values import missing_values
from napari_unison.sessions.importing.mapping import LabelMapping
from napari_unison.sessions.importing.series_together import is_constant, series_together
from napari_unison.sessions.importing.time_entries import own_times
from napari_unison.sessions.importing.time_names import are_times, name_and_unit
from napari_unison.sessions.labels import LabelKind

#: Labels beyond so many are left for the person to add.
MOST_LABELS: Final = 4
#: A label has at least this share of the bins' number of values; shorter ones are lists of trials and such.
FEWEST_VALUES: Final = 0.05

_LABEL: Final = re.compile(
    r"pos|loc|direction|angle|heading|head|speed|vel|trial|stim|reward|choice|behav|label|target|track|lap|phase|"
    r"orient|theta|yaw|azimuth|compass|pupil|lick|wheel|(^|[/_])[xyz](_(m|cm|mm|px))?$|(^|[/_])hd($|_)|"
    r"[_(](rad|deg)\)?$",
    re.I,
)
_TRIALS: Final = re.compile(r"trial", re.I)


def is_label(name: str) -> bool:
    """Return whether a name is one that labels have, such as "pos_x"."""
    return bool(_LABEL.search(name))


def labels_of_file(
    contents: Contents, entries: Sequence[Entry], neural: Entry | None
) -> dict[str, LabelMapping]:
    """Return the labels that a file seems to hold, positions first.

    Parameters
    ----------
    contents : Contents
        The open file.
    entries : sequence of Entry
        Those that may be labels.
    neural : Entry, optional
        The activity, whose number of bins an array without times shares.

    Returns
    -------
    dict of str to LabelMapping
        At most :data:`MOST_LABELS`; from columns of trials where there is nothing else.
    """
    found: dict[str, LabelMapping] = {}
    samples = [
        entry
        for entry in entries
        if _is_called_label(entry, neural) and (_fits(entry, neural) or own_times(entry, entries, neural))
    ]
    for together in series_together(contents, sorted(samples, key=_label_rank)):
        if len(found) == MOST_LABELS:
            break
        entry = together.entries[0]
        label = _label_of(contents, entry)
        if label is not None and not is_constant(contents, entry):
            name = unlike(together.name, found) if together.name else _free_name(entry, found)
            source = tuple(part.path for part in together.entries)
            times = own_times(entry, entries, neural)
            more = {} if times is None else {"time": times.path}
            found[name] = label.model_copy(update={"source": source, **more})
    if not found:
        found = _trial_labels(contents, entries)
    return found


def _label_rank(entry: Entry) -> tuple[bool, bool]:
    return (not is_position(entry.path), not (entry.is_circular or is_angle(entry.path)))


def _is_called_label(entry: Entry, neural: Entry | None) -> bool:
    """Return whether an entry is called as labels are, and has few columns."""
    if entry is neural or entry.kind not in ("array", "series") or entry.role == "neural":
        return False
    if are_times(entry.path) or not (entry.role == "behaviour" or is_label(entry.name)):
        return False
    if entry.kind == "series":
        return 1 <= len(entry.shape) <= 2 and _columns(entry) <= 3
    return len(entry.shape) == 1 or (len(entry.shape) == 2 and min(entry.shape) <= 3)


def _fits(entry: Entry, neural: Entry | None) -> bool:
    """Return whether an entry has times of its own, or as many values as there are bins."""
    if entry.kind == "series" or neural is None or neural.kind == "spikes":
        return True
    return max(entry.shape) in neural.shape


def left_out_by_length(entries: Sequence[Entry], neural: Entry) -> list[str]:
    """Say which labels of a file are no labels only since they are longer or shorter than the activity.

    Parameters
    ----------
    entries : sequence of Entry
        Those that may be labels.
    neural : Entry
        The activity.

    Returns
    -------
    list of str
        One sentence, or none: lists of few values, such as trials, are not meant for every bin.
    """
    longest = max(neural.shape, default=0)
    misfits = [
        entry
        for entry in entries
        if _is_called_label(entry, neural)
        and not _fits(entry, neural)
        and own_times(entry, entries, neural) is None
        and max(entry.shape) >= FEWEST_VALUES * longest
    ]
    if not misfits:
        return []
    named = ", ".join(f"{entry.path} ({max(entry.shape)} values)" for entry in misfits[:MOST_LABELS])
    named += f" and {len(misfits) - MOST_LABELS} more" if len(misfits) > MOST_LABELS else ""
    was, them, its = ("was", "it", "its") if len(misfits) == 1 else ("were", "them", "their")
    return [
        f"{named} {was} left out: {neural.path} has {' × '.join(map(str, neural.shape))} values, and every "
        f"bin needs one. Cut {them} to the same bins, or save {its} own times (s) in the file and name them "
        f"(labels.{misfits[0].name}.time)"
    ]


def _columns(entry: Entry) -> int:
    """Return how many values an entry has for each moment; 1 where its axis of time is not known."""
    if len(entry.shape) != 2 or entry.time_axis is None:
        return 1
    return entry.shape[1 - entry.time_axis]


def _free_name(entry: Entry, taken: dict[str, LabelMapping]) -> str:
    name = name_and_unit(entry.name)[0].split("[")[0] or entry.path
    parts = entry.path.split("/")
    if len(parts) > 1 and (name in taken or len(name) == 1 or re.fullmatch(r"r[xyz]", name)):
        name = " ".join(parts[-2:])
    return unlike(name, taken)


def _label_of(contents: Contents, entry: Entry) -> LabelMapping | None:
    found = kind_and_unit(contents, entry)
    return None if found is None else LabelMapping(source=(entry.path,), kind=found[0], unit=found[1])


def _trial_labels(contents: Contents, entries: Sequence[Entry]) -> dict[str, LabelMapping]:
    """Return labels from columns of trials: those that tell trials apart into a few groups, and the phase."""
    trials = next((e for e in entries if e.kind == "intervals" and _TRIALS.search(e.path)), None)
    if trials is None or not trials.shape[0]:
        return {}
    values = contents.read(trials.path)
    if not isinstance(values, Intervals):
        return {}
    found: dict[str, LabelMapping] = {"time in trial": LabelMapping(source=(trials.path,), made="time since")}
    for name, column in values.columns.items():
        column = np.asarray(column)
        if column.ndim != 1 or column.dtype.kind not in "UTbiuf" or len(found) == MOST_LABELS:
            continue
        present = column[~missing_values(column)]
        categories = len(np.unique(present))
        if 2 <= categories <= min(MOST_CATEGORIES, max(2, len(column) // 2)):
            found[name] = LabelMapping(source=(trials.path,), field=name, kind="discrete")
    return found


def propose_label(
    contents: Contents, paths: Sequence[str], *, field: str = "", taken: Collection[str] = ()
) -> tuple[str, LabelMapping]:
    """Guess name, kind and unit of a label that a person wants of some entries.

    Parameters
    ----------
    contents : Contents
        The open file. Of integers and of intervals, the values are read.
    paths : sequence of str
        One entry, or several that become the columns of one label.
    field : str
        A column of intervals; without one, the label is the time since an interval began.
    taken : collection of str
        Names of labels that there are already.

    Returns
    -------
    str
        A name that is not taken.
    LabelMapping
        Where it comes from.

    Raises
    ------
    SessionError
        If an entry is missing, or has no value for each moment, as spike times.
    """
    entries = [contents.entry(path) for path in paths]
    refused = [entry for entry in entries if entry.kind == "spikes"]
    if refused:
        raise SessionError(f"{refused[0].path} holds spike times, which are activity and no label")
    first, names = entries[0], dict.fromkeys(taken, LabelMapping(source=("?",)))
    if len(entries) > 1:
        parent = first.path.rsplit("/", 2)[-2] if "/" in first.path else " ".join(e.name for e in entries)
        label = LabelMapping(source=tuple(paths), kind="continuous", unit=said_unit(first))
        return unlike(parent, names), label
    if first.kind == "events" or (first.kind == "intervals" and not field):
        return unlike(f"time since {first.name}", names), LabelMapping(
            source=(first.path,), made="time since"
        )
    if first.kind == "intervals":
        kind = _kind_of_column(contents, first, field)
        return unlike(field, names), LabelMapping(source=(first.path,), field=field, kind=kind)
    label = _label_of(contents, first) or LabelMapping(source=(first.path,), kind="discrete")
    return _free_name(first, names), label


def with_guessed_kinds(contents: Contents, labels: Any) -> Any:
    """Return labels as a person gave them; those that name an entry alone with the kind that is guessed.

    Parameters
    ----------
    contents : Contents
        The open file.
    labels : dict
        Labels of a mapping, such as ``{"position": "x_cm"}``. What is no dictionary is left as it is.
    """
    if not isinstance(labels, Mapping):
        return labels
    return {
        name: propose_label(contents, [label])[1]
        if isinstance(label, str) and label in contents.entries
        else label
        for name, label in labels.items()
    }


def _kind_of_column(contents: Contents, entry: Entry, field: str) -> LabelKind | None:
    values = contents.read(entry.path)
    if not isinstance(values, Intervals) or field not in values.columns:
        raise SessionError(f"{entry.path} has no column {field!r}; its columns are {', '.join(entry.fields)}")
    column = np.asarray(values.columns[field])
    if column.dtype.kind not in "iuf":
        return "discrete"
    present = column[~missing_values(column)]
    return "discrete" if len(np.unique(present)) <= MOST_CATEGORIES else "continuous"


def unlike(name: str, taken: Mapping[str, Any]) -> str:
    """Return a name that is not taken."""
    while name in taken:
        name += "'"
    return name
