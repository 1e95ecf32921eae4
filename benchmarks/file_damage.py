"""Ways to damage a file, and files that would do harm if anything in them were run."""

from __future__ import annotations

import gzip
import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import joblib
import numpy as np


def _cut(content: bytes, draw: np.random.Generator) -> bytes:
    return content[: draw.integers(0, max(1, len(content)))]


def _cut_start(content: bytes, draw: np.random.Generator) -> bytes:
    return content[draw.integers(0, max(1, len(content))) :]


def _flip(content: bytes, draw: np.random.Generator) -> bytes:
    changed = bytearray(content)
    for _ in range(int(draw.integers(1, 20))):
        if changed:
            changed[draw.integers(len(changed))] ^= 1 << int(draw.integers(8))
    return bytes(changed)


def _flip_head(content: bytes, draw: np.random.Generator) -> bytes:
    head = min(len(content), 512)
    return _flip(content[:head], draw) + content[head:]


def _overwrite(content: bytes, draw: np.random.Generator) -> bytes:
    if not content:
        return content
    start = int(draw.integers(len(content)))
    length = int(draw.integers(1, max(2, len(content) // 4)))
    filler = draw.choice(["zeros", "ones", "random"])
    piece = {"zeros": bytes(length), "ones": b"\xff" * length, "random": draw.bytes(length)}[str(filler)]
    return (content[:start] + piece + content[start + length :])[: len(content)]


def _insert(content: bytes, draw: np.random.Generator) -> bytes:
    start = int(draw.integers(len(content) + 1))
    return content[:start] + draw.bytes(int(draw.integers(1, 200))) + content[start:]


def _remove(content: bytes, draw: np.random.Generator) -> bytes:
    start = int(draw.integers(len(content) + 1))
    return content[:start] + content[start + int(draw.integers(1, 400)) :]


def _large_numbers(content: bytes, draw: np.random.Generator) -> bytes:
    """Put large integers where lengths, shapes and offsets may stand."""
    changed = bytearray(content)
    for _ in range(4):
        if len(changed) > 16:
            start = int(draw.integers(min(len(changed), 4096) - 8))
            number = int(draw.choice([2**31 - 1, 2**40, 2**62, 2**63 - 1]))
            changed[start : start + 8] = number.to_bytes(8, "little")
    return bytes(changed)


def _digits(content: bytes, draw: np.random.Generator) -> bytes:
    """Change digits, as in a header that is text."""
    changed = bytearray(content)
    places = [i for i, byte in enumerate(changed[:4096]) if chr(byte).isdigit()]
    for place in draw.permutation(places)[:3].astype(int).tolist():
        changed[place] = ord(str(draw.integers(10)))
    return bytes(changed)


def _doubled(content: bytes, draw: np.random.Generator) -> bytes:
    return content + content[: draw.integers(len(content) + 1)]


def _empty(_content: bytes, _draw: np.random.Generator) -> bytes:
    return b""


def _noise(_content: bytes, draw: np.random.Generator) -> bytes:
    return draw.bytes(int(draw.integers(1, 5000)))


DAMAGES: Final[dict[str, Callable[[bytes, np.random.Generator], bytes]]] = {
    "cut off": _cut,
    "start missing": _cut_start,
    "bits turned": _flip,
    "bits of the head turned": _flip_head,
    "overwritten": _overwrite,
    "bytes put in": _insert,
    "bytes taken out": _remove,
    "large numbers in the head": _large_numbers,
    "digits changed": _digits,
    "doubled": _doubled,
    "empty": _empty,
    "noise": _noise,
}
"""By name; each makes other bytes from those of a valid file."""


class _RunsSomething:
    """Leaves a mark when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return (_leave_mark, (str(self.marker),))


def _leave_mark(marker: str) -> None:
    Path(marker).write_text("run")


def hostile_files(draw: np.random.Generator, like: Path, marker: Path) -> tuple[bytes, str]:
    """Return the bytes of a file that would write ``marker`` if it were unpickled, and how it is made.

    Parameters
    ----------
    draw : Generator
        Which of several ways.
    like : Path
        Its name decides the container.
    marker : Path
        File that is written when something is run.
    """
    harm = _RunsSomething(marker)
    way = str(draw.choice(["pickle", "joblib", "object array", "bomb"]))
    if way == "pickle":
        return pickle.dumps({"spikes": harm, "position": harm}), "hostile pickle"
    if way == "joblib":
        buffer = io.BytesIO()
        joblib.dump({"spikes": np.ones((5, 2)), "position": harm}, buffer)
        content = buffer.getvalue()
        return (gzip.compress(content) if like.name.endswith(".gz") else content), "hostile joblib"
    if way == "object array":
        buffer = io.BytesIO()
        objects = np.array([harm, None], dtype=object)
        if like.suffix == ".npy":
            np.save(buffer, objects, allow_pickle=True)
        else:
            np.savez(buffer, spikes=objects, position=np.arange(5.0))
        return buffer.getvalue(), "hostile object array"
    return _bomb(like), "bomb"


def _bomb(like: Path) -> bytes:
    """Return a few kilobytes that unpack to a gigabyte of zeros, or announce a terabyte."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**5)}
    )
    if like.name.endswith(".gz"):
        return gzip.compress(bytes(2**28))
    if like.suffix == ".npy":
        return header.getvalue() + bytes(64)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("spikes.npy", header.getvalue() + bytes(2**24))
        file.writestr("position.npy", header.getvalue() + bytes(64))
    return buffer.getvalue()
