"""Bytes out of files that may be compressed, with errors that name the file."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import zlib
from pathlib import Path
from typing import Any, Final

from napari_unison.sessions.errors import SessionError

_LARGEST_CONTENT: Final = 4 * 2**30  # bytes after unpacking
_CHUNK: Final = 2**20


class DamagedError(Exception):
    """What a file holds does not hold together; its reader says so and names the file."""


def unpacked_bytes(path: str | os.PathLike[str]) -> bytes:
    """Return the bytes of a file, unpacked if it is compressed.

    Raises
    ------
    SessionError
        If the file is missing, a folder, cut off, or unreasonably large when unpacked.
    """
    place = os.fspath(path)
    try:
        packed = Path(path).read_bytes()
    except FileNotFoundError as error:
        raise SessionError(f"{place} does not exist; check the path") from error
    except IsADirectoryError as error:
        raise SessionError(f"{place} is a folder; give a file") from error
    except OSError as error:
        raise SessionError(f"{place} cannot be read: {error.strerror or error}") from error
    if not packed:
        raise SessionError(f"{place} is empty; copy or download it again")
    if packed[:2] != b"\x1f\x8b" and place.lower().endswith(".gz"):
        raise SessionError(
            f"{place} ends in .gz but is not compressed with gzip; download it again or rename it"
        )
    try:
        return _unpack(packed)
    except DamagedError as damaged:
        raise SessionError(f"{place} cannot be unpacked: {damaged}; copy or download it again") from None
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise SessionError(f"{place} is cut off or damaged ({error}); copy or download it again") from error


def _unpack(packed: bytes) -> bytes:
    if packed[:2] == b"\x1f\x8b":
        return _read_all(gzip.GzipFile(fileobj=io.BytesIO(packed)))
    if packed[:3] == b"BZh":
        return _read_all(bz2.BZ2File(io.BytesIO(packed)))
    if packed[:6] == b"\xfd7zXZ\x00":
        return _read_all(lzma.LZMAFile(io.BytesIO(packed)))
    if packed[0] == 0x78:
        machine = zlib.decompressobj()
        content = machine.decompress(packed, _LARGEST_CONTENT)
        if not machine.eof:
            raise DamagedError("the compressed content does not end")
        return content
    return packed


def _read_all(stream: Any) -> bytes:
    content = bytearray()
    while chunk := stream.read(_CHUNK):
        content += chunk
        if len(content) > _LARGEST_CONTENT:
            raise DamagedError(f"it unpacks to more than {_LARGEST_CONTENT // 2**30} GiB")
    return bytes(content)
