"""Fields of a mapping in which paths of companion files stand: such files are renamed, or taken out again.

The fields need not be complete, and may be of other types than a mapping's: what is not understood stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Fields: TypeAlias = dict[str, Any]
#: What becomes of a path; None where it goes.
Change: TypeAlias = Callable[[str], str | None]


def beside_of(fields: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return the companions that fields of a mapping name, as far as they are understood."""
    given = fields.get("beside")
    if not isinstance(given, Mapping):
        return {}
    return {
        name: (pieces[0], pieces[1])
        for name, pieces in given.items()
        if isinstance(pieces, list | tuple)
        and len(pieces) == 2
        and all(isinstance(piece, str) for piece in pieces)
    }


def renamed_companion(fields: Mapping[str, Any], name: str, new: str) -> Fields:
    """Return the fields with another name of a companion, in all paths as well."""

    def change(path: str) -> str:
        key, colon, inside = path.partition(":")
        return f"{new}:{inside}" if colon and key == name else path

    changed = _with_paths(fields, change)
    beside = {new if key == name else key: pieces for key, pieces in beside_of(fields).items()}
    return changed | {"beside": beside}


def without_companion(fields: Mapping[str, Any], name: str) -> Fields:
    """Return the fields without a companion, and without all that came from it or was made of that."""

    def change(path: str) -> str | None:
        key, colon, _ = path.partition(":")
        return None if colon and key == name else path

    left = _without_lost_labels(_with_paths(fields, change))
    beside = {key: pieces for key, pieces in beside_of(fields).items() if key != name}
    left.pop("beside", None)
    return left | ({"beside": beside} if beside else {})


def _with_paths(fields: Mapping[str, Any], change: Change) -> Fields:
    """Return fields of which each path was changed; a field without a path any more is gone."""
    found: Fields = {}
    for name, value in fields.items():
        if name in ("neural", "spike_ids", "time", "during"):
            value = _changed(value, change)
        elif name == "segments" and isinstance(value, Mapping) and value.get("source"):
            value = _part_changed(value, change, ("source",))
        elif name == "labels" and isinstance(value, Mapping):
            value = {
                label: _part_changed(one, change, ("source", "time")) if isinstance(one, Mapping) else one
                for label, one in value.items()
            }
        if value is not None:
            found[name] = value
    if "during" not in found:
        found.pop("during_values", None)
    if found.get("segments") == {}:
        del found["segments"]
    return found


def _part_changed(part: Mapping[str, Any], change: Change, names: tuple[str, ...]) -> Fields:
    changed = {name: _changed(value, change) if name in names else value for name, value in part.items()}
    return {name: value for name, value in changed.items() if value is not None}


def _changed(value: Any, change: Change) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list | tuple):
        kept = [change(path) if isinstance(path, str) else path for path in value]
        return [path for path in kept if path is not None] or None
    return value


def _without_lost_labels(fields: Fields) -> Fields:
    """Return fields without labels that have no source any more, and all that is said of those."""
    labels = fields.get("labels")
    if not isinstance(labels, Mapping):
        return fields
    kept = {name: label for name, label in labels.items() if not _is_lost(label)}
    while lost := [
        name
        for name, label in kept.items()
        if isinstance(label, Mapping) and label.get("of") in labels and label["of"] not in kept
    ]:
        for name in lost:
            del kept[name]
    gone = set(labels) - set(kept)
    found = fields | {"labels": kept}
    if found.get("speed_of") in gone:
        del found["speed_of"]
    segments = found.get("segments")
    if isinstance(segments, Mapping) and gone & set(map(str, segments.values())):
        del found["segments"]
    return found


def _is_lost(label: Any) -> bool:
    return isinstance(label, Mapping) and not label.get("source") and not label.get("of")
