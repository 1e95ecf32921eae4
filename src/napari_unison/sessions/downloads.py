"""A downloader for pooch that goes on with broken downloads, tells its progress, and can be stopped."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Protocol

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.partial_files import FileVersion, PartialFile
from napari_unison.sessions.transfers import (
    Answer,
    BrokenTransferError,
    Patience,
    TransferError,
    transfer,
)

_LARGEST: Final = 4 * 2**30  # bytes
#: Answers to the wish for a part: another part, or none that the server has.
_OF_PARTS: Final = (HTTPStatus.PARTIAL_CONTENT, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)


class DownloadStoppedError(SessionError):
    """A download was stopped by whoever waited for it; what has come is kept."""


class Watcher(Protocol):
    """Whoever waits for a download."""

    @property
    def is_stopped(self) -> bool:
        """Whether the download is to end."""

    def tell_bytes(self, received: int, size: int | None) -> None:
        """Hear how many bytes are there, of how many."""


class ResumingDownloader:
    """Brings a file whole and checked, or says why not; called by pooch.

    What has come of a file stays beside the place where it belongs until the file is complete. The next
    download goes on there, if the server has still the same version and sends parts of it.

    Parameters
    ----------
    part : Path
        Where to keep what has come.
    problem : callable
        Called with the path of the complete file; says what is wrong with it, or nothing.
    watcher : Watcher
        Hears of the progress, several times a second, and may end it.
    patience : Patience
        How long to wait for the server.
    """

    def __init__(
        self, part: Path, problem: Callable[[Path], str], watcher: Watcher, patience: Patience
    ) -> None:
        self._part = PartialFile(part)
        self._problem = problem
        self._watcher = watcher
        self._patience = patience
        self._is_pieced = False

    def __call__(self, url: str, output_file: str | Path, pooch: Any = None) -> None:  # noqa: ARG002
        """Download a file.

        Raises
        ------
        DownloadStoppedError
            If it was stopped.
        TransferError
            If it cannot be had, or is not what it should be.
        """
        for is_last in (False, True):
            self._is_pieced = False
            self._complete(url)
            problem = self._problem(self._part.path)
            if not problem:
                self._part.finish(Path(output_file))
                return
            self._part.discard()
            # Pieces of two versions that the server gave one name: the whole file may be sound.
            if is_last or not self._is_pieced:
                raise TransferError(problem)

    def kept(self, address: str) -> str:
        """Say what is there for the next download to go on with; empty where that is nothing."""
        if self._part.version(address) is None:
            self._part.discard()
            return ""
        size, path = in_words(self._part.size), self._part.path
        return f"The {size} that have come are kept in {path}, and the next download goes on there"

    def _complete(self, address: str) -> None:
        """Receive until the part is the whole file; a connection that breaks is made again where it helps."""
        furthest = 0
        while True:
            version = self._part.version(address)
            if version is None:
                self._part.discard()
            elif version.size == self._part.size:
                self._is_pieced = True
                return
            furthest = max(furthest, self._part.size)
            try:
                if self._receive(address, version):
                    return
            except BrokenTransferError:
                if self._part.size <= furthest:
                    raise

    def _receive(self, address: str, kept: FileVersion | None) -> bool:
        """Receive the file, or the rest of it; return False where it has to be begun anew."""
        first_byte = self._part.size if kept else 0
        events = transfer(
            address,
            first_byte=first_byte,
            condition=kept.condition if kept else "",
            patience=self._patience,
        )
        received, size = first_byte, kept.size if kept else None
        with closing(events), self._part.opened() as file:
            for event in events:
                self._check_stopped()
                if isinstance(event, Answer):
                    if not _goes_on(event, first_byte, kept):
                        if first_byte == 0 or event.status not in _OF_PARTS:
                            raise TransferError(_refusal(event.status))
                        break
                    size = event.version.size
                    if event.first_byte == 0:
                        received = 0
                        self._part.begin(file, event.version)
                    else:
                        self._is_pieced = True
                elif event is not None:
                    received += len(event)
                    if received > _LARGEST:
                        raise TransferError(f"it is larger than {in_words(_LARGEST)}, which no sample is")
                    file.write(event)
                    file.flush()
                self._watcher.tell_bytes(received, size)
            else:
                if size is not None and received != size:
                    raise BrokenTransferError("the connection ended early")
                return True
        self._part.discard()
        return False

    def _check_stopped(self) -> None:
        if self._watcher.is_stopped:
            raise DownloadStoppedError("the download was stopped")


def _goes_on(answer: Answer, first_byte: int, kept: FileVersion | None) -> bool:
    """Whether an answer brings the whole file, or the very rest that was asked for."""
    if answer.status == HTTPStatus.OK:
        return True
    is_rest = answer.status == HTTPStatus.PARTIAL_CONTENT and answer.first_byte == first_byte > 0
    return is_rest and kept is not None and kept.is_same(answer.version)


def _refusal(status: int) -> str:
    """Say in plain words what a status means."""
    try:
        number = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        number = str(status)
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return f"it is no longer at this address ({number})"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"the server has a problem of its own ({number}): try again later"
    return f"the server does not give it out ({number})"


def in_words(size: int) -> str:
    """Write a number of bytes as a person does."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size / 1e3:.0f} kB" if size >= 1000 else f"{size} bytes"
