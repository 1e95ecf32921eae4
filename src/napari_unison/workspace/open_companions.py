"""Companion files that stay open, beside a recording, while a mapping of it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from napari_unison.sessions.importing import (
    Contents,
    Entry,
    FileMapping,
    LabelMapping,
    OnProgress,
    keeping_reads,
    open_contents,
    propose_label,
)
from napari_unison.sessions.importing.opened import companion_file

Pieces = tuple[str, str]


class OpenCompanions:
    """The files of :attr:`FileMapping.beside` that are open.

    They are opened, read and closed by whoever reads the recording, one after the other; which of them a
    mapping has now is told by :meth:`keep`.

    Attributes
    ----------
    beside : dict of str to (str, str)
        Their names, and which piece of the recording's name is replaced by what.
    contents : dict of str to Contents
        What they hold, by the same names.
    """

    def __init__(self) -> None:
        self.beside: dict[str, Pieces] = {}
        self.contents: dict[str, Contents] = {}
        self._held: list[Contents] = []
        self._is_closed = False

    def open(self, recording: Contents, name: str, pieces: Pieces, on_progress: OnProgress) -> Contents:
        """Open a companion of a recording, or return it where it is open.

        Raises
        ------
        SessionError
            If it is missing or cannot be read.
        """
        known = [self.contents[key] for key, given in self.beside.items() if given == pieces]
        if known:
            return known[0]
        file = companion_file(Path(recording.place), name, pieces)
        contents = keeping_reads(open_contents(file, on_progress))
        self._held.append(contents)
        if self._is_closed:
            # it was given up while the file was being opened
            self.let_go(contents)
        return contents

    def let_go(self, contents: Contents) -> None:
        """Close a companion that nobody has been told of."""
        self._held = [one for one in self._held if one is not contents]
        contents.close()

    def close(self) -> list[Contents]:
        """Have none any more, nor those that are still being opened; return those that are to be closed."""
        self._is_closed = True
        return self.keep({}, {})

    def keep(self, beside: Mapping[str, Pieces], contents: Mapping[str, Contents]) -> list[Contents]:
        """Have these and no others; return those that are to be closed."""
        self.beside, self.contents = dict(beside), dict(contents)
        gone = [one for one in self._held if all(one is not kept for kept in contents.values())]
        self._held = [one for one in self._held if all(one is not other for other in gone)]
        return gone

    def lent_to(self, mapping: FileMapping) -> dict[str, Contents]:
        """Return those that a mapping names."""
        return {
            name: contents
            for name, contents in self.contents.items()
            if mapping.beside.get(name) == self.beside[name]
        }

    def entries_beside(self, contents: Contents) -> dict[str, Entry]:
        """Return the entries of a recording and of its companions, as a mapping calls them."""
        found = dict(contents.entries)
        for name, companion in self.contents.items():
            for path, entry in companion.entries.items():
                found[f"{name}:{path}"] = replace(entry, path=f"{name}:{path}")
        return found

    def where(self, recording: Contents, path: str) -> tuple[str, Contents, str]:
        """Return in which companion a path is ("" for the recording), what that holds, and the path there."""
        name, colon, inside = path.partition(":")
        if colon and name in self.contents:
            return name, self.contents[name], inside
        return "", recording, path

    def propose_label(
        self, recording: Contents, paths: Sequence[str], field: str, taken: Sequence[str]
    ) -> tuple[str, LabelMapping]:
        """Guess a label of some entries, which may stand in different files.

        Raises
        ------
        SessionError
            If an entry is missing, or has no value for each moment.
        """
        places = [self.where(recording, path) for path in paths]
        names = {name for name, _, _ in places}
        if len(names) == 1:
            name, contents, _ = places[0]
            insides = [inside for _, _, inside in places]
            said, label = propose_label(contents, insides, field=field, taken=taken)
            prefix = f"{name}:" if name else ""
            return said, label.model_copy(update={"source": tuple(prefix + path for path in label.source)})
        entries = self.entries_beside(recording).values()
        together = Contents(recording.place, entries)
        said, label = propose_label(together, paths, field=field, taken=taken)
        for name in names - {""}:
            said = said.replace(f"{name}:", "")
        return said, label
