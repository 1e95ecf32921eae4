"""The published run of CEBRA's demo notebook on four rats: fetched once, and taken out of its archive."""

from __future__ import annotations

import math
import time
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from napari_unison.encoder.cebra_checkpoint.torch_files import CheckpointError
from napari_unison.sessions.downloads import ResumingDownloader, in_words
from napari_unison.sessions.transfers import Patience, TransferError
from napari_unison.sessions.whole_files import whole_file

ADDRESS: Final = "https://figshare.com/ndownloader/articles/29275358?private_link=ae8099185f5e2f5e8185"
NAME: Final = "250609-unified-reference-run.pt"
#: The rats that it was trained on, in that order, with their neurons; the first 80 % of each.
RATS: Final = MappingProxyType({"achilles": 120, "buddy": 48, "cicero": 55, "gatsby": 66})
TRAINED_SHARE: Final = 0.8

_LARGEST: Final = 256 * 2**20  # bytes; it has some 50 000 weights
_ADVICE: Final = (
    f"download the archive elsewhere (a browser does) from {ADDRESS} and give it, or {NAME} from inside it, "
    f"with --checkpoint FILE"
)
OnProgress = Callable[[float, str], None]


def reference_checkpoint(on_progress: OnProgress | None = None) -> Path:
    """Return the checkpoint of the published run from the user's cache, downloaded if it is not there.

    Parameters
    ----------
    on_progress : callable, optional
        Called several times a second with the share that is done and what is being done.

    Raises
    ------
    CheckpointError
        If it cannot be downloaded, or the archive is not the published one.
    """
    import pooch  # type: ignore[import-untyped]

    place = Path(pooch.os_cache("napari-unison")) / "reference_run"
    file = place / NAME
    if file.is_file():
        return file
    archive = place / "reference-run.zip"
    downloader = ResumingDownloader(
        place / "reference-run.zip.part", _problem, _Watcher(on_progress), Patience()
    )
    try:
        place.mkdir(parents=True, exist_ok=True)
        files = pooch.create(
            path=place, base_url="", registry={archive.name: None}, urls={archive.name: ADDRESS}
        )
        files.fetch(archive.name, downloader=downloader)
        unpack_reference(archive, file)
        archive.unlink()
    except TransferError as error:
        raise CheckpointError(
            f"{NAME} could not be downloaded from {ADDRESS}: {error}. Or {_ADVICE}"
        ) from error
    except OSError as error:
        raise CheckpointError(
            f"{NAME} cannot be kept in {place} ({error.strerror or error}): see to that folder, or {_ADVICE}"
        ) from error
    return file


def is_reference_archive(file: Path) -> bool:
    """Tell whether a file is an archive with the published checkpoint in it, as it is downloaded."""
    try:
        with zipfile.ZipFile(file) as archive:
            return NAME in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return False


def unpack_reference(archive: Path, target: Path) -> None:
    """Take the checkpoint out of the archive; nothing else of it is touched.

    Raises
    ------
    CheckpointError
        If it is not in there, is damaged, or is larger than it can be.
    """
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(NAME) as stream:
            content = stream.read(_LARGEST + 1)
    except KeyError as error:
        raise CheckpointError(f"{archive} holds no {NAME}; {_ADVICE}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, ValueError) as error:
        raise CheckpointError(f"{archive} is damaged ({error}); remove it and try again") from error
    if len(content) > _LARGEST:
        raise CheckpointError(
            f"{NAME} in {archive} is larger than {in_words(_LARGEST)}, which that run is not: it was not "
            f"unpacked"
        )
    with whole_file(target) as fresh:
        fresh.write_bytes(content)


def _problem(archive: Path) -> str:
    """Say why what was downloaded is not the archive; empty if it is."""
    if is_reference_archive(archive):
        return ""
    return f"what came is no archive with {NAME} (some servers send a page first); it was removed"


@dataclass
class _Watcher:
    """Tells how far the download is, ten times a second at most."""

    on_progress: OnProgress | None
    is_stopped: bool = False
    told_at: float = -math.inf

    def tell_bytes(self, received: int, size: int | None) -> None:
        now = time.monotonic()
        if self.on_progress is None or (now - self.told_at < 0.1 and received != size):
            return
        self.told_at = now
        of = f" of {in_words(size)}" if size else ""
        self.on_progress(received / size if size else 0.0, f"downloading the run: {in_words(received)}{of}")
