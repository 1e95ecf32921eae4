"""A first guess of what in a file is neural activity and what a label."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.importing.clock_scalars import said_bin_width
from napari_unison.sessions.importing.contents import Contents, Entry
from napari_unison.sessions.importing.imaging_folders import said_of_cells
from napari_unison.sessions.importing.label_proposals import (
    is_label,
    labels_of_file,
    left_out_by_length,
    unlike,
    with_guessed_kinds,
)
from napari_unison.sessions.importing.mapping import FileMapping, LabelMapping, checked_mapping
from napari_unison.sessions.importing.neuron_columns import (
    behaviour_beside,
    neuron_columns,
    pattern_of,
    spike_list,
)
from napari_unison.sessions.importing.opened import OpenedFiles
from napari_unison.sessions.importing.series_together import epoch_of_behaviour
from napari_unison.sessions.importing.sorted_folders import SortedFolder, sorted_folder
from napari_unison.sessions.importing.time_entries import times_of_length

#: Bins of spike times unless a person says otherwise (s).
SPIKE_BIN: Final = 0.025

_NEURAL: Final = re.compile(
    r"spike|spk|unit|neural|activity|fluor|dff|df_f|df/f|deconv|event|roiresponse|calcium|firing|counts|rates?$",
    re.I,
)
_VOLTAGE: Final = re.compile(r"lfp|electrical|voltage|ephys|\braw|emg|eeg|ecog", re.I)
_NO_LABEL: Final = (
    "nothing in it is clearly a label, such as a position: name one (labels), here or in a file beside it "
    "(beside)"
)


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
    notes : tuple of str
        What a person should know of the guess, each as a sentence: what was left out and why, and what
        numbers of the file were taken for.
    left_out : tuple of str
        Those of the notes that scripts are warned of: labels which the file seems to hold and the guess does
        not use, and units or regions that were called no cells, which it does.
    """

    mapping: FileMapping | None
    missing: tuple[str, ...]
    fields: dict[str, Any]
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


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
    folder = None if {"neural", "spike_ids"} & set(given) else sorted_folder(contents)
    if folder is not None:
        return _of_sorted_folder(contents, folder, given)
    entries = list(contents.entries.values())
    fields: dict[str, Any] = dict(given)
    missing: list[str] = []
    notes: list[str] = []
    left_out: list[str] = []
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
    _complete_times(contents, fields, missing, notes, neural)
    if "labels" in given:
        fields["labels"] = with_guessed_kinds(contents, given["labels"])
        _keep_to_epochs(contents, fields, entries)
    else:
        of_file = behaviour_beside(contents, columns) if columns else entries
        left_out = left_out_by_length(of_file, neural) if neural is not None else []
        labels = {} if spikes else labels_of_file(contents, of_file, neural)
        labels = labels or _labels_of_companions(contents, given, neural)
        if labels:
            fields["labels"] = labels
            _keep_to_trials(fields, entries)
            _keep_to_epochs(contents, fields, entries)
        else:
            missing.append(_NO_LABEL)
    if "neural" not in given:
        left_out = [*left_out, *said_of_cells(contents)]
    mapping = None if missing else FileMapping.model_validate(fields)
    return Proposal(mapping, tuple(missing), fields, (*notes, *left_out), tuple(left_out))


def _of_sorted_folder(contents: Contents, folder: SortedFolder, given: dict[str, Any]) -> Proposal:
    """Guess what is in a folder of Kilosort or phy: spikes there, behaviour in a table beside them."""
    fields: dict[str, Any] = {"bin_width": SPIKE_BIN} | folder.fields | given
    fields["beside"] = {**folder.fields["beside"], **given.get("beside", {})}
    missing = [] if "sampling_rate" in given else list(folder.missing)
    if "labels" in given:
        fields["labels"] = with_guessed_kinds(contents, given["labels"])
    elif given.get("beside"):
        fields["labels"] = _labels_of_companions(contents, given, None)
    else:
        fields["labels"], tracking = _labels_of_tables(contents, folder.tables)
        fields["beside"] |= tracking
    if not fields["labels"]:
        del fields["labels"]
        missing.append(_NO_LABEL)
    mapping = None if missing else FileMapping.model_validate(fields)
    return Proposal(mapping, tuple(missing), fields, (*folder.notes, *folder.of_units), folder.of_units)


def _labels_of_tables(
    contents: Contents, tables: Sequence[str]
) -> tuple[dict[str, LabelMapping], dict[str, tuple[str, str]]]:
    """Return labels of the first table that has some, and the companion that it is."""
    for table in tables:
        tracking = {"tracking": (Path(contents.place).name, table)}
        try:
            labels = _labels_of_companions(contents, {"beside": tracking}, None)
        except SessionError:
            # a table that cannot be read is none of behaviour, and a person may still name it
            continue
        if labels:
            return labels, tracking
    return {}, {}


def _complete_times(
    contents: Contents, fields: dict[str, Any], missing: list[str], notes: list[str], neural: Entry | None
) -> None:
    """Name the times of a neural array, or the width of its bins, or the bins of spikes."""
    if fields.get("spike_ids") or (neural is not None and neural.kind == "spikes"):
        fields.setdefault("bin_width", SPIKE_BIN)
    elif neural is not None and neural.kind == "array" and "time" not in fields:
        times = times_of_length(list(contents.entries.values()), neural.shape)
        if times:
            fields["time"] = times[0].path
        elif fields.get("bin_width") is None:
            _complete_bin_width(contents, fields, missing, notes, neural)


def _complete_bin_width(
    contents: Contents, fields: dict[str, Any], missing: list[str], notes: list[str], neural: Entry
) -> None:
    said = said_bin_width(contents, neural)
    if said is not None and said.is_sure:
        fields["bin_width"] = said.width
        notes.append(
            f"bins are taken to be {1000 * said.width:.6g} ms wide, since {said}; if that is something else, "
            "give bin_width (s)"
        )
        return
    hint = "" if said is None else f"; if {said}, that is {said.width:g}"
    missing.append(f"its neural array has no times: give the width of its bins (bin_width, in s){hint}")


def _columns_of_neurons(entries: Sequence[Entry], given: dict[str, Any]) -> list[Entry]:
    """Return the columns that are one neuron each, as a person named them or by their names."""
    named = given.get("neural")
    if named is None:
        return neuron_columns(entries, is_label)
    patterns = [named] if isinstance(named, str) else list(named)
    return [
        entry
        for entry in entries
        if any(fnmatchcase(entry.path, pattern.replace("[", "[[]")) for pattern in patterns)
    ]


def _labels_of_companions(
    contents: Contents, given: dict[str, Any], neural: Entry | None
) -> dict[str, LabelMapping]:
    """Return labels from the files that a person has named as companions."""
    found: dict[str, LabelMapping] = {}
    with OpenedFiles(contents, given.get("beside", {})) as files:
        for name in files.beside:
            for label, mapped in labels_of_companion(name, files.companion(name), neural).items():
                found[unlike(label, found)] = mapped
    return found


def labels_of_companion(name: str, companion: Contents, neural: Entry | None) -> dict[str, LabelMapping]:
    """Return the labels that a companion file seems to hold.

    Parameters
    ----------
    name : str
        What the mapping calls the file.
    companion : Contents
        The file, which is open.
    neural : Entry, optional
        The activity of the other file. Arrays without times that have another length go last: they are labels
        only where there is nothing else.
    """
    entries = behaviour_beside(companion)
    fitting = [entry for entry in entries if not _is_of_other_length(entry, entries, neural)]
    # only of spikes it is known that what is sampled needs times, which the companion may hold as well
    spikes = neural if neural is not None and neural.kind == "spikes" else None
    labels = labels_of_file(companion, fitting, spikes) or labels_of_file(companion, entries, spikes)
    return {
        label: mapped.model_copy(
            update={
                "source": tuple(f"{name}:{path}" for path in mapped.source),
                "time": f"{name}:{mapped.time}" if mapped.time else "",
            }
        )
        for label, mapped in labels.items()
    }


def _is_of_other_length(entry: Entry, entries: Sequence[Entry], neural: Entry | None) -> bool:
    """Return whether an array has neither one value a bin of the activity nor times of its own."""
    if neural is None or neural.kind == "spikes" or entry.kind != "array" or not entry.shape:
        return False
    return max(entry.shape) not in neural.shape and not times_of_length(entries, [max(entry.shape)])


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

    Warns
    -----
    UserWarning
        If the file seems to hold a label that the guess had to leave out, or units that are not good.
    """
    if given:
        # what a person gave wrongly is told before what could not be guessed
        checked_mapping({"neural": "?", "labels": {"?": {"source": "?"}}, **given}, contents.place)
    proposal = propose_mapping(contents, **given)
    if proposal.mapping is None:
        told = "; ".join([*proposal.missing, *proposal.notes])
        raise SessionError(
            f"{contents.place}: {told}. Give a mapping (load_session(path, "
            'mapping="lab.toml")), or open the file by the import dialog. It holds\n'
            f"{contents.listed()}"
        )
    for note in proposal.left_out:
        warnings.warn(f"{contents.place}: {note}", UserWarning, stacklevel=2)
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
    by_name = [entry for entry in wide if _NEURAL.search(entry.path) and not is_label(entry.name)]
    if by_name:
        return max(by_name, key=lambda entry: entry.shape[0] * entry.shape[1])
    others = [entry for entry in wide if not is_label(entry.name) and not _VOLTAGE.search(entry.path)]
    return others[0] if len(others) == 1 else None


def _neural_rank(entry: Entry) -> int:
    """Prefer events over ΔF/F over raw fluorescence, which bleaches, over what lies between the cells."""
    text = entry.path.lower()
    if "neuropil" in text:
        return -1
    words = ("fluor", "dff", "df_f", "df/f", "dfoverf", "deconv", "event", "spike")
    return max((rank for rank, word in enumerate(words) if word in text), default=0)


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
    # a person may have given labels in any of the forms of a mapping
    labels = checked_mapping({"neural": "?", "labels": fields["labels"]}, contents.place).labels
    paths = [path for label in labels.values() for path in label.source]
    sources = [contents.entries[path] for path in paths if path in contents.entries]
    if fields.get("during") or not sources or sources[0].kind != "series":
        return
    epoch = epoch_of_behaviour(contents, entries, sources[0])
    if epoch is not None:
        fields["during"], fields["during_values"] = epoch
