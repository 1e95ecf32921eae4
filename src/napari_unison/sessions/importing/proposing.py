"""A first guess of what in a file is neural activity and what a label."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

import numpy as np

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.importing.contents import Contents, Entry, Intervals, Samples
from napari_unison.sessions.importing.label_values import missing_values
from napari_unison.sessions.importing.mapping import FileMapping, LabelMapping, checked_mapping
from napari_unison.sessions.importing.neuron_columns import (
    behaviour_beside,
    neuron_columns,
    pattern_of,
    spike_list,
)
from napari_unison.sessions.importing.opened import OpenedFiles
from napari_unison.sessions.importing.series_together import (
    MOST_VALUES_READ,
    epoch_of_behaviour,
    is_constant,
    series_together,
)
from napari_unison.sessions.importing.time_names import name_and_unit
from napari_unison.sessions.labels import LabelKind

#: Bins of spike times unless a person says otherwise (s).
SPIKE_BIN: Final = 0.025
#: Integers of at most so many different values are proposed as discrete.
MOST_CATEGORIES: Final = 20
#: Labels beyond so many are left for the person to add.
MOST_LABELS: Final = 4

_NEURAL: Final = re.compile(
    r"spike|unit|neural|activity|fluor|dff|df_f|df/f|deconv|event|roiresponse|calcium|firing|counts|rates?$",
    re.I,
)
_LABEL: Final = re.compile(
    r"pos|loc|direction|angle|heading|head|speed|veloc|trial|stim|reward|choice|behav|label|target|track|lap|phase|"
    r"orient|theta|pupil|lick|wheel|^[xyz]$|(^|[/_])[xyz]$",
    re.I,
)
_CIRCULAR: Final = re.compile(
    r"angle|heading|head_?dir|compass|theta|azimuth|(^|/)r[xyz]$|phase|orient", re.I
)
_POSITION: Final = re.compile(r"pos|loc|^[xyz]$|/[xyz]$|track", re.I)
_TIMES: Final = re.compile(r"(^|[/_.])(t|ts|time|times|timestamps?|time_s|seconds?)$", re.I)
_VOLTAGE: Final = re.compile(r"lfp|electrical|voltage|ephys|\braw|emg|eeg|ecog", re.I)
_UNITS: Final = {"meters": "m", "meter": "m", "metres": "m", "radian": "rad", "radians": "rad"}
_TRIALS: Final = re.compile(r"trial", re.I)


@dataclass(frozen=True)
class Proposal:
    """A guess, as far as it goes.

    Parameters
    ----------
    mapping : FileMapping, optional
        None where something that is needed could not be found.
    missing : tuple of str
        What is missing, each as a sentence that tells what to do.
    fields : dict
        Fields of a mapping as far as they are known.
    """

    mapping: FileMapping | None
    missing: tuple[str, ...]
    fields: dict[str, Any]


def propose_mapping(contents: Contents, **given: Any) -> Proposal:
    """Guess what of a file is neural activity and what a label.

    Parameters
    ----------
    contents : Contents
        The open file. Only small behaviour is read.
    **given
        Fields of :class:`FileMapping` that a person has given; they go before the guess.

    Returns
    -------
    Proposal
        Made from what the format says where it says something (NWB), else from names, shapes and values. The
        same file always gives the same proposal.
    """
    entries = list(contents.entries.values())
    fields: dict[str, Any] = dict(given)
    missing: list[str] = []
    columns: list[Entry] = []
    neural = _neural_entry(contents, entries, given)
    if neural is None:
        columns = _columns_of_neurons(entries, given)
        neural = columns[0] if columns else None
    spikes = spike_list(entries) if neural is None and "neural" not in given else None
    if spikes is not None:
        fields |= {"neural": spikes[0].path, "spike_ids": spikes[1].path}
    elif columns:
        fields.setdefault("neural", pattern_of(columns, entries))
    elif neural is not None:
        fields.setdefault("neural", neural.path)
    elif "neural" not in given:
        missing.append("nothing in it is clearly neural activity: name it (neural)")
    _complete_times(fields, missing, neural, entries)
    if "labels" not in given:
        of_file = behaviour_beside(contents, columns) if columns else entries
        labels = {} if spikes else _labels(contents, of_file, neural)
        labels = labels or _labels_of_companions(contents, given)
        if labels:
            fields["labels"] = labels
            _keep_to_trials(fields, entries)
            _keep_to_epochs(contents, fields, entries)
        else:
            missing.append(
                "nothing in it is clearly a label, such as a position: name one (labels), here or in a file "
                "beside it (beside)"
            )
    mapping = None if missing else FileMapping.model_validate(fields)
    return Proposal(mapping, tuple(missing), fields)


def _complete_times(
    fields: dict[str, Any], missing: list[str], neural: Entry | None, entries: Sequence[Entry]
) -> None:
    """Name the times of a neural array, or the bins of spikes."""
    if fields.get("spike_ids") or (neural is not None and neural.kind == "spikes"):
        fields.setdefault("bin_width", SPIKE_BIN)
    elif neural is not None and neural.kind == "array" and "time" not in fields:
        times = _times_of(neural, entries)
        if times is not None:
            fields["time"] = times.path
        elif fields.get("bin_width") is None:
            missing.append("its neural array has no times: give the width of its bins (bin_width, in s)")


def _columns_of_neurons(entries: Sequence[Entry], given: dict[str, Any]) -> list[Entry]:
    """Return the columns that are one neuron each, as a person named them or by their names."""
    named = given.get("neural")
    if named is None:
        return neuron_columns(entries, lambda name: bool(_LABEL.search(name)))
    patterns = [named] if isinstance(named, str) else list(named)
    return [
        entry
        for entry in entries
        if any(fnmatchcase(entry.path, pattern.replace("[", "[[]")) for pattern in patterns)
    ]


def _labels_of_companions(contents: Contents, given: dict[str, Any]) -> dict[str, LabelMapping]:
    """Return labels from the files that a person has named as companions."""
    found: dict[str, LabelMapping] = {}
    with OpenedFiles(contents, given.get("beside", {})) as files:
        for name in files.beside:
            companion = files.companion(name)
            labels = _labels(companion, behaviour_beside(companion), None)
            for label, mapped in labels.items():
                source = tuple(f"{name}:{path}" for path in mapped.source)
                found[_unlike(label, found)] = mapped.model_copy(update={"source": source})
    return found


def require_mapping(contents: Contents, **given: Any) -> FileMapping:
    """Return the proposed mapping, with what a person has given.

    Parameters
    ----------
    contents : Contents
        The open file.
    **given
        Fields of :class:`FileMapping`; they go before the guess.

    Raises
    ------
    SessionError
        If the guess does not go far enough, or a field does not fit; the message says what is missing and
        what the file holds.
    """
    if given:
        # what a person gave wrongly is told before what could not be guessed
        checked_mapping({"neural": "?", "labels": {"?": {"source": "?"}}, **given}, contents.place)
    proposal = propose_mapping(contents, **given)
    if proposal.mapping is None:
        raise SessionError(
            f"{contents.place}: {'; '.join(proposal.missing)}. Give a mapping (load_session(path, "
            'mapping="lab.toml")), or open the file by the import dialog. It holds\n'
            f"{contents.listed()}"
        )
    return proposal.mapping


def _neural_entry(contents: Contents, entries: Sequence[Entry], given: dict[str, Any]) -> Entry | None:
    named = given.get("neural")
    if named is not None:
        return contents.entries.get(named) if isinstance(named, str) else None
    spikes = [entry for entry in entries if entry.kind == "spikes"]
    if spikes:
        return spikes[0]
    wide = [
        entry
        for entry in entries
        if entry.kind in ("array", "series")
        and len(entry.shape) == 2
        and min(entry.shape) > 1
        and entry.dtype != "str"
        and entry.role != "behaviour"
    ]
    said = [entry for entry in wide if entry.role == "neural"]
    if said:
        return max(said, key=_neural_rank)
    by_name = [entry for entry in wide if _NEURAL.search(entry.path) and not _LABEL.search(entry.name)]
    if by_name:
        return max(by_name, key=lambda entry: entry.shape[0] * entry.shape[1])
    others = [entry for entry in wide if not _LABEL.search(entry.name) and not _VOLTAGE.search(entry.path)]
    return others[0] if len(others) == 1 else None


def _neural_rank(entry: Entry) -> int:
    """Prefer events over ΔF/F over raw fluorescence, which bleaches, over what lies between the cells."""
    text = entry.path.lower()
    if "neuropil" in text:
        return -1
    words = ("fluor", "dff", "df_f", "df/f", "dfoverf", "deconv", "event", "spike")
    return max((rank for rank, word in enumerate(words) if word in text), default=0)


def _times_of(neural: Entry, entries: Sequence[Entry]) -> Entry | None:
    fitting = [
        entry
        for entry in entries
        if _TIMES.search(entry.path) and entry.kind in ("array", "events") and _length(entry) in neural.shape
    ]
    return fitting[0] if fitting else None


def _length(entry: Entry) -> int:
    """Return the number of values of an array of one column; -1 of others."""
    longer = [length for length in entry.shape if length != 1]
    return longer[0] if len(longer) == 1 else -1


def _labels(contents: Contents, entries: Sequence[Entry], neural: Entry | None) -> dict[str, LabelMapping]:
    found: dict[str, LabelMapping] = {}
    samples = [
        entry
        for entry in entries
        if entry is not neural
        and entry.kind in ("array", "series")
        and entry.role != "neural"
        and not _TIMES.search(entry.path)
        and (entry.role == "behaviour" or _LABEL.search(entry.name))
        and _may_be_label(entry, neural)
    ]
    for together in series_together(contents, sorted(samples, key=_label_rank)):
        if len(found) == MOST_LABELS:
            break
        entry = together.entries[0]
        label = _label_of(contents, entry)
        if label is not None and not is_constant(contents, entry):
            name = _unlike(together.name, found) if together.name else _free_name(entry, found)
            source = tuple(part.path for part in together.entries)
            found[name] = label.model_copy(update={"source": source})
    if not found:
        found = _trial_labels(contents, entries)
    return found


def _label_rank(entry: Entry) -> tuple[bool, bool]:
    return (
        not _POSITION.search(name_and_unit(entry.path)[0]),
        not (entry.is_circular or _CIRCULAR.search(entry.path)),
    )


def _may_be_label(entry: Entry, neural: Entry | None) -> bool:
    if entry.kind == "series":
        return 1 <= len(entry.shape) <= 2 and _columns(entry) <= 3
    if len(entry.shape) > 2 or not entry.shape:
        return False
    narrow = len(entry.shape) == 1 or min(entry.shape) <= 3
    return narrow and (neural is None or neural.kind == "spikes" or max(entry.shape) in neural.shape)


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
    return _unlike(name, taken)


def _label_of(contents: Contents, entry: Entry) -> LabelMapping | None:
    circular = entry.is_circular or (
        bool(_CIRCULAR.search(entry.path))
        and entry.unit.lower() in ("rad", "radian", "radians", "deg", "degrees")
    )
    kind: LabelKind | None = "circular" if circular and _columns(entry) == 1 else None
    if kind is None and entry.dtype != "str" and not entry.dtype.startswith("float"):
        kind = _kind_of_integers(contents, entry)
        if kind is None:
            return None
    unit = _said_unit(entry)
    return LabelMapping(source=(entry.path,), kind=kind, unit=unit if kind != "discrete" else "")


def _said_unit(entry: Entry) -> str:
    unit = _UNITS.get(entry.unit.lower(), entry.unit)
    return "" if unit.lower() in ("unknown", "n/a", "na", "none", "no unit") else unit


def _kind_of_integers(contents: Contents, entry: Entry) -> LabelKind | None:
    if entry.dtype == "bool":
        return "discrete"
    if not entry.dtype.startswith(("int", "uint")) or int(np.prod(entry.shape)) > MOST_VALUES_READ:
        return None
    values = contents.read(entry.path)
    if not isinstance(values, Samples):
        return None
    # a position in whole bins is a position, whatever the number of bins
    if _POSITION.search(name_and_unit(entry.path)[0]):
        return "continuous"
    return "discrete" if len(np.unique(values.values)) <= MOST_CATEGORIES else "continuous"


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


def _keep_to_trials(fields: dict[str, Any], entries: Sequence[Entry]) -> None:
    """Where labels come from trials, keep to the trials, each a segment."""
    kinds = {entry.path: entry.kind for entry in entries}
    sources = {source for label in fields["labels"].values() for source in label.source}
    if len(sources) == 1 and kinds.get(next(iter(sources))) == "intervals":
        path = next(iter(sources))
        fields.setdefault("during", path)
        fields.setdefault("segments", {"source": path})


def _keep_to_epochs(contents: Contents, fields: dict[str, Any], entries: Sequence[Entry]) -> None:
    """Where epochs of rest are told from others, keep to those in which behaviour was recorded."""
    paths = [path for label in fields["labels"].values() for path in label.source]
    sources = [contents.entries[path] for path in paths if path in contents.entries]
    if fields.get("during") or not sources or sources[0].kind != "series":
        return
    epoch = epoch_of_behaviour(contents, entries, sources[0])
    if epoch is not None:
        fields["during"], fields["during_values"] = epoch


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
        label = LabelMapping(source=tuple(paths), kind="continuous", unit=_said_unit(first))
        return _unlike(parent, names), label
    if first.kind == "events" or (first.kind == "intervals" and not field):
        return _unlike(f"time since {first.name}", names), LabelMapping(
            source=(first.path,), made="time since"
        )
    if first.kind == "intervals":
        kind = _kind_of_column(contents, first, field)
        return _unlike(field, names), LabelMapping(source=(first.path,), field=field, kind=kind)
    label = _label_of(contents, first) or LabelMapping(source=(first.path,), kind="discrete")
    return _free_name(first, names), label


def _kind_of_column(contents: Contents, entry: Entry, field: str) -> LabelKind | None:
    values = contents.read(entry.path)
    if not isinstance(values, Intervals) or field not in values.columns:
        raise SessionError(f"{entry.path} has no column {field!r}; its columns are {', '.join(entry.fields)}")
    column = np.asarray(values.columns[field])
    if column.dtype.kind not in "iuf":
        return "discrete"
    present = column[~missing_values(column)]
    return "discrete" if len(np.unique(present)) <= MOST_CATEGORIES else "continuous"


def _unlike(name: str, taken: Mapping[str, Any]) -> str:
    while name in taken:
        name += "'"
    return name
