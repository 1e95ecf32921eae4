"""Files that have come in part, with what tells whether the rest still belongs to them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True)
class FileVersion:
    """Which version of a file a server has.

    Parameters
    ----------
    address : str
        Where it was asked for.
    etag, last_modified : str
        What the server says of the version; empty where it says nothing.
    size : int or None
        Bytes of the whole file, where known.
    """

    address: str
    etag: str = ""
    last_modified: str = ""
    size: int | None = None

    @property
    def condition(self) -> str:
        """What ``If-Range`` asks with; a weak etag does not promise the same bytes (RFC 9110, 13.1.5)."""
        return self.last_modified if self.etag.startswith("W/") else self.etag or self.last_modified

    def is_same(self, other: FileVersion) -> bool:
        """Whether nothing speaks against both being the same bytes."""
        pairs = (
            (self.etag, other.etag),
            (self.last_modified, other.last_modified),
            (self.size, other.size),
        )
        return all(mine == others for mine, others in pairs if mine and others)


class PartialFile:
    """What has come of a file so far, beside a note of the version that it belongs to.

    Parameters
    ----------
    path : Path
        Of the part; its note has ``.json`` appended.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._note = path.with_name(f"{path.name}.json")

    @property
    def size(self) -> int:
        """Bytes that are there."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def version(self, address: str) -> FileVersion | None:
        """Return which version the part belongs to; None where it cannot be continued."""
        try:
            version = FileVersion(**json.loads(self._note.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):  # no note, or one that was damaged with the part
            return None
        is_ours = version.address == address and bool(version.condition) and self.size > 0
        return version if is_ours else None

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """Open the part to write at its end; one in which nothing has come is removed."""
        try:
            with self.path.open("ab") as file:
                yield file
        finally:
            if self.size == 0:
                self.discard()

    def begin(self, file: IO[bytes], version: FileVersion) -> None:
        """Empty the opened part, and note which version comes into it."""
        file.truncate(0)
        self._note.write_text(json.dumps(asdict(version)), encoding="utf-8")

    def discard(self) -> None:
        """Remove part and note."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def finish(self, target: Path) -> None:
        """Put the complete part in the place of a file, at once."""
        self.path.replace(target)
        self._note.unlink(missing_ok=True)
