"""Memory that a training step frees stays at hand for the next one.

A step makes and drops temporary tensors of tens of megabytes. The C library of Linux maps each of them anew,
and touching fresh pages costs as much as computing on them.
"""

from __future__ import annotations

import contextlib
import ctypes
import platform
from collections.abc import Iterator
from typing import Final

# Numbers of mallopt's parameters in glibc's malloc.h.
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_KEPT: Final = 2**30  # bytes
# What glibc's own adjustment of the thresholds ends at on 64-bit systems.
_USUAL_MMAP: Final = 2**25
_USUAL_TRIM: Final = 2**26


@contextlib.contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Keep freed memory inside, give it back to the system at the end; does nothing without glibc."""
    if platform.libc_ver()[0] != "glibc":
        yield
        return
    libc = ctypes.CDLL(None)
    libc.mallopt(_MMAP_THRESHOLD, _KEPT)
    libc.mallopt(_TRIM_THRESHOLD, _KEPT)
    try:
        yield
    finally:
        libc.mallopt(_MMAP_THRESHOLD, _USUAL_MMAP)
        libc.mallopt(_TRIM_THRESHOLD, _USUAL_TRIM)
        libc.malloc_trim(0)
