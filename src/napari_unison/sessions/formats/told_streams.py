"""Streams of files that tell how far they were read."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from napari_unison.sessions.importing.contents import OnProgress

#: So much is read between two reports (bytes).
BLOCK = 1_000_000


@contextmanager
def told_stream(path: Path, on_progress: OnProgress, words: str) -> Iterator[IO[bytes]]:
    """Open a file, packed by gzip or not, as a stream that tells how far it was read.

    Parameters
    ----------
    path : path
        ``.gz`` is unpacked.
    on_progress : callable
        Told the share of the file that was read, after each block. What it raises comes out of the reading.
    words : str
        What it is told beside.
    """
    with ExitStack() as closing:
        file = closing.enter_context(path.open("rb"))
        is_packed = path.suffix.lower() == ".gz"
        stream: Any = closing.enter_context(gzip.open(file)) if is_packed else file
        told: Any = io.BufferedReader(_Told(stream, file, on_progress, words), BLOCK)
        yield closing.enter_context(told)


class _Told(io.RawIOBase):
    """What is read of a stream, with the place in its file."""

    def __init__(self, stream: IO[bytes], file: IO[bytes], on_progress: OnProgress, words: str) -> None:
        self._stream, self._file = stream, file
        self._size = max(1, os.fstat(file.fileno()).st_size)
        self._tell, self._words = on_progress, words

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, target: Any) -> int:
        """Read what comes next."""
        piece = self._stream.read(len(target))
        target[: len(piece)] = piece
        self._tell(min(1.0, self._file.tell() / self._size), self._words)
        return len(piece)
