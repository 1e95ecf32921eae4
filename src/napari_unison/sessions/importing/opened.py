"""A file and its companions, open together, with what stands in braces filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from types import TracebackType

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.importing.contents import Contents, Entry, OnProgress, Values, ignore_progress
from napari_unison.sessions.importing.formats import open_contents
from napari_unison.sessions.importing.mapping import FileMapping


@dataclass
class OpenedFiles:
    """The entries that a mapping can name; a context that closes the companions, not the file itself.

    Parameters
    ----------
    contents : Contents
        The file, which is open.
    beside : mapping of str to (str, str)
        Companion files: a name, and which piece of the file's name is replaced by what.
    filled : mapping of str to str
        What stands for names in braces.
    companions : dict of str to Contents
        Those that were opened so far, which are closed in the end.
    lent : mapping of str to Contents
        Companions that somebody else has open, and closes.
    """

    contents: Contents
    beside: Mapping[str, tuple[str, str]]
    filled: Mapping[str, str] = field(default_factory=dict)
    companions: dict[str, Contents] = field(default_factory=dict)
    lent: Mapping[str, Contents] = field(default_factory=dict)

    def __enter__(self) -> OpenedFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for companion in self.companions.values():
            companion.close()
        self.companions.clear()

    def with_filled(self, filled: Mapping[str, object]) -> OpenedFiles:
        """Return the same open files with more names in braces filled in."""
        return replace(self, filled={**self.filled, **{key: str(value) for key, value in filled.items()}})

    def fill(self, path: str) -> str:
        """Return a path or name with what stands in braces replaced."""
        for name, value in self.filled.items():
            path = path.replace("{" + name + "}", value)
        return path

    def entry(self, path: str) -> Entry:
        """Return the entry at a path, which may begin with the name of a companion and a colon.

        Raises
        ------
        SessionError
            If there is none.
        """
        contents, inside = self._where(self.fill(path))
        return contents.entry(inside)

    def entries(self, paths: tuple[str, ...]) -> list[Entry]:
        """Return the entries at paths, in which "*" stands for any text, in the order of the file.

        Raises
        ------
        SessionError
            If a path names nothing.
        """
        found: list[Entry] = []
        for path in paths:
            contents, pattern = self._where(self.fill(path))
            if "*" not in pattern:
                found.append(contents.entry(pattern))
                continue
            # brackets are part of a path (cells of MATLAB), not of the pattern
            escaped = pattern.replace("[", "[[]")
            matching = [entry for name, entry in contents.entries.items() if fnmatchcase(name, escaped)]
            if not matching:
                raise SessionError(
                    f"{contents.place} holds nothing like {pattern!r}; it holds\n{contents.listed()}"
                )
            found += matching
        return found

    def read(self, entry: Entry, on_progress: OnProgress | None = None) -> Values:
        """Read an entry."""
        return entry.read(on_progress or ignore_progress)

    def companion(self, name: str) -> Contents:
        """Return a companion, which is opened when it is first asked for.

        Raises
        ------
        SessionError
            If it is missing or cannot be opened.
        """
        if name in self.lent:
            return self.lent[name]
        if name not in self.companions:
            file = companion_file(Path(self.contents.place), name, self.beside[name])
            self.companions[name] = open_contents(file)
        return self.companions[name]

    def _where(self, path: str) -> tuple[Contents, str]:
        name, colon, inside = path.partition(":")
        if not colon or name not in self.beside:
            return self.contents, path
        return self.companion(name), inside


def companion_file(file: Path, name: str, pieces: tuple[str, str]) -> Path:
    """Return where the companion of a file lies: beside it.

    Parameters
    ----------
    file : Path
        The file.
    name : str
        What the mapping calls the companion.
    pieces : (str, str)
        Which piece of the file's name is replaced by what.

    Raises
    ------
    SessionError
        If it is missing, or the file's name has no such piece.
    """
    piece, other = pieces
    if piece not in file.name:
        raise SessionError(
            f"{file}: its companion {name!r} has the file's name with {piece!r} replaced by {other!r}, but "
            f"{piece!r} is not in {file.name!r}"
        )
    replaced = file.name.replace(piece, other)
    if Path(replaced).name != replaced:
        raise SessionError(
            f"{file}: its companion {name!r} would be called {replaced!r}, which is no name of a file; "
            "companions lie in the same folder"
        )
    companion = file.with_name(replaced)
    if not companion.exists():
        raise SessionError(f"{file}: its companion {name!r} is missing; {companion} does not exist")
    return companion


def opened(
    contents: Contents, mapping: FileMapping, lent: Mapping[str, Contents] | None = None
) -> OpenedFiles:
    """Return a file with the companions that a mapping names; those that are lent stay open."""
    folder = Path(contents.place).absolute().parent.name
    filled = {"stem": contents.stem, "folder": folder}
    return OpenedFiles(contents, mapping.beside, filled, lent=lent or {})
