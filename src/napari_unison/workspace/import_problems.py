"""What is wrong with a mapping of a file, for a form: the sentence, and the fields that it is about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from napari_unison.workspace.companions import companion_pieces

#: Settings that messages call by their names.
_SETTINGS: Final = (
    "bin_width",
    "smoothing",
    "min_rate",
    "min_speed",
    "speed_of",
    "during",
    "segments",
    "orientation",
    "spike_ids",
    "sampling_rate",
)
#: Settings that hold the path of an entry.
_PATHS: Final = ("neural", "time", "spike_ids", "during")


def problem_in_words(error: Exception, place: str) -> str:
    """Return the sentence of an error without what a form shows anyway: the file, and all that it holds.

    Parameters
    ----------
    error : Exception
        Of checking a mapping, or of making sessions with it.
    place : str
        The file.
    """
    text = str(error).removeprefix(f"{place}: ").replace(f"{place} ", "the file ")
    text = _without_listing(text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].endswith("does not fit:"):
        lines = [_field_in_words(line, place) for line in lines[1:]]
    text = _settings_in_words("\n".join(lines) or type(error).__name__)
    return text[:1].upper() + text[1:]


def note_in_words(note: str) -> str:
    """Return what a person should know of a guess as a sentence for a form.

    It may begin with the path of an entry, which stays as it is.
    """
    return _settings_in_words(note).rstrip(".") + "."


def _settings_in_words(text: str) -> str:
    for name in _SETTINGS:
        text = re.sub(rf"\b{name}\b", name.replace("_", " "), text)
    return text


def _without_listing(text: str) -> str:
    return re.split(r"[;.]? it holds\n", text, maxsplit=1, flags=re.IGNORECASE)[0]


def _field_in_words(line: str, place: str) -> str:
    if line == "neural: is needed":
        return "Say what is neural activity: choose one of the entries."
    if line.startswith(("labels: is needed", "labels: dictionary should have")):
        return "Add a label, such as a position: drag an entry into the table of labels." + _beside(place)
    field, colon, rest = line.partition(":")
    return field.replace("_", " ") + colon + rest


def _beside(place: str) -> str:
    """Say which file may hold labels, where one goes with the file; nothing where there is none."""
    file = Path(place)
    pieces = companion_pieces(file)
    if pieces is None:
        return ""
    return f" If labels are in {file.name.replace(*pieces)}: press Add a file beside…"


def concerned_fields(error: Exception, fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the fields of a mapping that an error is about, such as ``"labels.position"``; as far as known.

    Parameters
    ----------
    error : Exception
        Of checking a mapping, or of making sessions with it.
    fields : dict
        The mapping.
    """
    text, given = _without_listing(str(error)), fields.get("labels")
    labels = given if isinstance(given, Mapping) else {}
    found = [f"labels.{name}" for name in labels if f"label {name!r}" in text]
    cause = error.__cause__
    if isinstance(cause, ValidationError):
        found += [".".join(map(str, problem["loc"][:2])) for problem in cause.errors() if problem["loc"]]
        found += [where.split(".")[0] for where in re.findall(r"([\w.]+) = '", text)]
    if "more than one session" in text:
        found.append("name")
    if not found:
        found = [name for name in _SETTINGS if re.search(rf"\b{name}\b", text)]
        found += ["time"] if "with time" in text else []
    if not found:
        found = [name for name in _PATHS if _is_named(fields.get(name), text)]
        sources = {n: label.get("source") for n, label in labels.items() if isinstance(label, Mapping)}
        found += [f"labels.{name}" for name, source in sources.items() if _is_named(source, text)]
    return tuple(dict.fromkeys(found))


def _is_named(value: Any, text: str) -> bool:
    paths = value if isinstance(value, list | tuple) else [value]
    return any(path and re.search(rf"(?<![\w/]){re.escape(str(path))}(?![\w/])", text) for path in paths)
