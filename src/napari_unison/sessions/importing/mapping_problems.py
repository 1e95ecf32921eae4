"""What is wrong with a mapping, in words, and what was probably meant."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError

#: A name counts as mistyped if it shares so much with a known one (from 0 to 1).
_ALIKE: Final = 0.6

_LINE: Final = re.compile(r"at line (\d+)")
_ASSIGNED: Final = re.compile(r"(?P<name>[^=]+?)\s*=\s*(?P<value>[^\"'#]+?)\s*(#.*)?$")
_BARE: Final = re.compile(r"[^\s,\[\]]+(?:[ ]+[^\s,\[\]]+)*")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return what was probably meant, to be put behind a name in a message; "" where nothing is alike.

    Parameters
    ----------
    name : str
        What was given.
    known : iterable of str
        What there is. Of paths, the last part counts as well.

    Examples
    --------
    >>> did_you_mean("bin_widht", ["bin_width", "neural"])
    " (did you mean 'bin_width'?)"
    >>> did_you_mean("dff", ["processing/ophys/dff", "pos"])
    " (did you mean 'processing/ophys/dff'?)"
    """
    names = list(known)
    whole = {text.lower(): text for text in reversed(names)}
    last = {text.rpartition("/")[2].lower(): text for text in reversed(names)}
    for candidates in (whole, last):
        alike = difflib.get_close_matches(name.lower(), list(candidates), n=1, cutoff=_ALIKE)
        if alike:
            return f" (did you mean {candidates[alike[0]]!r}?)"
    return ""


def problems_in_words(error: ValidationError, models: Mapping[str, type[BaseModel]]) -> str:
    """Return what is wrong with the fields of a mapping, a line each.

    Parameters
    ----------
    error : ValidationError
        Of a mapping.
    models : mapping of str to model
        The models of its tables by the field that holds them; that of the mapping itself as "".
    """
    lines = []
    for problem in error.errors():
        place = [str(part) for part in problem["loc"]]
        # a field that is not known has a place too, whose first part is the table that it stands in
        model = models[""] if len(place) < 2 else models.get(place[0], models[""])
        known = model.model_fields
        lines.append(f"  {'.'.join(place) or 'mapping'}: {_in_words(problem, known)}")
    return "\n".join(lines)


def _in_words(problem: Any, known: Iterable[str]) -> str:
    if problem["type"] == "extra_forbidden":
        return f"there is no such setting{did_you_mean(str(problem['loc'][-1]), known)}"
    if problem["type"] == "missing":
        return "is needed"
    message: str = problem["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    if problem["type"] == "literal_error" and isinstance(problem["input"], str):
        message += did_you_mean(problem["input"], re.findall(r"'([^']+)'", problem["ctx"]["expected"]))
    return message


def toml_in_words(error: tomllib.TOMLDecodeError, text: str) -> str:
    """Return what is wrong with a toml file, with the line that it is about where quotes are missing.

    Parameters
    ----------
    error : TOMLDecodeError
        What the parser said.
    text : str
        The file.
    """
    found = _LINE.search(str(error))
    lines = text.splitlines()
    number = int(found[1]) if found else 0
    line = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    assigned = _ASSIGNED.match(line)
    if assigned is None or not re.search(r"[^\W\d_]", assigned["value"]):
        return str(error)
    quoted = _BARE.sub(lambda bare: f'"{bare[0]}"', assigned["value"])
    return f"{error}. Texts need quotes: {assigned['name']} = {quoted}"
