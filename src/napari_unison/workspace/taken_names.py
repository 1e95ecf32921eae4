"""Names that sessions of files would have, where sessions of these names are open already."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

from napari_unison.sessions.importing import FileMapping

#: What is put behind a name that is taken.
_NUMBER: Final = re.compile(r" \(\d+\)$")
#: Names in a message before the rest is counted.
_MOST_NAMED: Final = 3


@dataclass(frozen=True)
class TakenNames:
    """Sessions cannot be opened under their names.

    Attributes
    ----------
    problem : str
        What is wrong, and what to do.
    free_name : str
        A ``name`` of the mapping with which they can be; empty where none would do.
    example : str
        What the first of them would be called then.
    """

    problem: str
    free_name: str = ""
    example: str = ""


def taken_names(mapping: FileMapping, files: Sequence[Path], taken: Collection[str]) -> TakenNames | None:
    """Say which sessions that a mapping makes of files would have the name of another; None if none has.

    Nothing is read: the mapping and the files' names tell.

    Parameters
    ----------
    mapping : FileMapping
        What is made of each file.
    files : sequence of path
        The files.
    taken : collection of str
        Names of the sessions that are open.
    """
    names = [name for file in files for name in _names_of(mapping, mapping.name, file)]
    if len(files) > 1 and len(set(names)) < len(names):
        return _twins(mapping, files, taken, next(name for name in names if names.count(name) > 1))
    here = [name for name in names if name in taken]
    if not here:
        return None
    free = _free_name(mapping, files, taken)
    renamed = [name for file in files for name in _names_of(mapping, free, file)]
    example = renamed[names.index(here[0])]
    if len(here) == 1:
        said = (
            f"A session named {here[0]!r} is open already. Give this one another name, such as {example!r},"
        )
    else:
        said = (
            f"Sessions named {_listed(here)} are open already. Give these other names, such as {example!r},"
        )
    return TakenNames(f"{said} or remove the open one{'s' * (len(here) > 1)} first.", free, example)


def without_number(mapping: FileMapping) -> FileMapping:
    """Return a mapping without the number that sets its sessions apart from those that were open."""
    name = _NUMBER.sub("", mapping.name)
    return mapping if name == mapping.name else mapping.model_copy(update={"name": name})


def _twins(mapping: FileMapping, files: Sequence[Path], taken: Collection[str], name: str) -> TakenNames:
    """Say that two files make a session of one name; their folders' names tell them apart, if they differ."""
    problem = f"Two of these files would make a session named {name!r}"
    with_folder = f"{{folder}} {mapping.name}"
    names = [one for file in files for one in _names_of(mapping, with_folder, file)]
    if len(set(names)) < len(names) or set(names) & set(taken):
        return TakenNames(f"{problem}: import them one after the other, and change the name each time.")
    return TakenNames(f"{problem}: put their folder before it.", with_folder, names[0])


def _free_name(mapping: FileMapping, files: Sequence[Path], taken: Collection[str]) -> str:
    base, number = _NUMBER.sub("", mapping.name), 2
    while any(name in taken for file in files for name in _names_of(mapping, f"{base} ({number})", file)):
        number += 1
    return f"{base} ({number})"


def _names_of(mapping: FileMapping, name: str, file: Path) -> list[str]:
    """Return the names of the sessions of a file."""
    given = [list(map(str, values)) for values in mapping.each.values()]
    names = []
    for chosen in product(*given):
        filled = name.replace("{stem}", file.name.split(".")[0])
        filled = filled.replace("{folder}", file.absolute().parent.name)
        for key, value in zip(mapping.each, chosen, strict=True):
            filled = filled.replace("{" + key + "}", value)
        names.append(filled)
    return names


def _listed(names: Sequence[str]) -> str:
    named = ", ".join(map(repr, names[:_MOST_NAMED]))
    more = len(names) - _MOST_NAMED
    return f"{named} and {more} more" if more > 0 else named
