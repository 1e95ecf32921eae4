"""Files that were published for everybody: a copy in the user's cache, downloaded once and checked."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from napari_unison.sessions.downloads import DownloadStoppedError, ResumingDownloader, in_words
from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.progress import Control, OnProgress
from napari_unison.sessions.transfers import HEARTBEAT, BrokenTransferError, Patience, TransferError
from napari_unison.sessions.unpacking import unpacked_bytes


@dataclass(frozen=True)
class PublishedFiles:
    """Where the files of a sample are published, and how they are known.

    Parameters
    ----------
    address : str
        Of the folder; ends in ``/``.
    ending : str
        Of the files' names, after the name of the session.
    checksums : mapping of str to str
        For each session, the md5 of its file after unpacking.
    cache : str
        Name of the folder that keeps them.
    root : Path, optional
        Where that folder is; ``napari-unison`` in the user's cache unless given.
    patience : Patience
        How long the server is waited for.
    """

    address: str
    ending: str
    checksums: Mapping[str, str]
    cache: str
    root: Path | None = None
    patience: Patience = field(default_factory=Patience)

    @property
    def folder(self) -> Path:
        """Where the files are kept once they have been downloaded."""
        import pooch  # type: ignore[import-untyped]

        root: Path = self.root or pooch.os_cache("napari-unison")
        return root / self.cache

    def place(self, name: str) -> Path:
        """Return where the file of a session is kept, whether or not it is there."""
        return self.folder / f"{name}{self.ending}"

    def are_here(self, names: Sequence[str]) -> bool:
        """Whether all of these have been downloaded before."""
        return all(self.place(name).is_file() for name in names)

    def fetch(
        self,
        names: Sequence[str],
        advice: str,
        on_progress: OnProgress | None = None,
        control: Control | None = None,
    ) -> list[Path]:
        """Return the files of some sessions, downloading what is not here.

        Parameters
        ----------
        names : sequence of str
            The sessions.
        advice : str
            What a person without a connection can do, as the end of a sentence.
        on_progress : callable, optional
            Called with the share that is done and what is being downloaded.
        control : Control, optional
            May stop the download.

        Raises
        ------
        DownloadStoppedError
            If it was stopped; files that were complete stay.
        SessionError
            If a file cannot be had, or is not the published one.
        """
        files = []
        for number, name in enumerate(names):
            watcher = _Watcher(name, number, len(names), on_progress, control)
            files.append(self._fetch_one(name, advice, watcher))
        return files

    def _fetch_one(self, name: str, advice: str, watcher: _Watcher) -> Path:
        file = self.place(name)
        if file.is_file() and not self._problem(name, file):
            return file
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with _claimed(file, watcher):
                # Another process may have brought it meanwhile.
                if not file.is_file() or self._problem(name, file):
                    file.unlink(missing_ok=True)
                    self._download(name, file, advice, watcher)
        except OSError as error:
            raise SessionError(
                f"{name} cannot be kept in {file.parent} ({error.strerror or error}): see to that folder, or "
                f"{advice}"
            ) from error
        return file

    def _download(self, name: str, file: Path, advice: str, watcher: _Watcher) -> None:
        import pooch

        files = pooch.create(path=file.parent, base_url=self.address, registry={file.name: None})
        downloader = ResumingDownloader(
            file.with_name(f"{file.name}.part"),
            lambda path: self._problem(name, path),
            watcher,
            self.patience,
        )
        address = files.get_url(file.name)
        try:
            files.fetch(file.name, downloader=downloader)
        except DownloadStoppedError:
            kept = downloader.kept(address) or "Nothing of it is kept"
            raise DownloadStoppedError(f"the download of {name} was stopped. {kept}.") from None
        except TransferError as error:
            kept = downloader.kept(address)
            may_go_on = isinstance(error, BrokenTransferError)
            way = "Connect to the internet and try again, or" if may_go_on else "With a copy from elsewhere,"
            raise SessionError(
                f"{name} could not be downloaded from {address}: {error}. {kept + '. ' if kept else ''}"
                f"{way} {advice}"
            ) from error

    def _problem(self, name: str, path: Path) -> str:
        """Say why a file is not the published one; empty for the published one."""
        try:
            checksum = hashlib.md5(unpacked_bytes(path), usedforsecurity=False).hexdigest()
        except SessionError:
            return "what came is damaged, or another file than the published one; it was removed"
        if checksum == self.checksums[name]:
            return ""
        return (
            f"what came is not the published file (md5 {checksum}, not {self.checksums[name]}; networks that "
            f"ask for a login send a page of their own); it was removed"
        )


class _Watcher:
    """Tells how far the download of one of several files is."""

    def __init__(
        self, name: str, number: int, n_files: int, on_progress: OnProgress | None, control: Control | None
    ) -> None:
        self._title = name if n_files == 1 else f"{name} ({number + 1} of {n_files})"
        self._number, self._n_files = number, n_files
        self._on_progress, self._control = on_progress, control
        self._told_at = -math.inf

    @property
    def is_stopped(self) -> bool:
        return self._control is not None and self._control.is_stopped

    def tell_bytes(self, received: int, size: int | None) -> None:
        now = time.monotonic()
        if now - self._told_at < HEARTBEAT and received != size:
            return
        self._told_at = now
        done = 0.0 if not size else min(received / size, 1.0)
        amount = in_words(received) if size is None else f"{in_words(received)} of {in_words(size)}"
        self.tell(done, f"downloading {self._title}: {amount}" if received else f"asking for {self._title}")

    def tell(self, done: float, words: str) -> None:
        if self._on_progress is not None:
            self._on_progress((self._number + done) / self._n_files, words)

    def tell_waiting(self) -> None:
        self.tell(0.0, f"{self._title} is being downloaded by another window or program: waiting for it")


@contextmanager
def _claimed(file: Path, watcher: _Watcher) -> Iterator[None]:
    """Keep other processes from downloading the same file; wait where one does."""
    from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

    place = file.with_name(f"{file.name}.lock")
    lock: BaseFileLock = FileLock(place)
    while True:
        try:
            lock.acquire(timeout=HEARTBEAT, poll_interval=HEARTBEAT / 2)
        except NotImplementedError:  # a file system without locks, as on some clusters
            lock = SoftFileLock(place)
            continue
        except Timeout:
            if watcher.is_stopped:
                raise DownloadStoppedError(
                    f"waiting for another program that downloads {file.name} was stopped; while it does, it "
                    f"holds {place}"
                ) from None
            watcher.tell_waiting()
            continue
        break
    try:
        yield
    finally:
        lock.release()
