"""A file of which what was read once is kept, for those who make sessions of it again and again."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np

from napari_unison.sessions.importing.contents import (
    Contents,
    Entry,
    Events,
    Intervals,
    OnProgress,
    Samples,
    SparseSamples,
    Values,
)

#: What is kept of a file at most (bytes); what would go beyond is read anew each time.
MOST_KEPT: Final = 512 * 1024**2


def keeping_reads(contents: Contents, most: int = MOST_KEPT) -> Contents:
    """Return the same file, of which values that were read once are kept until it is closed.

    Parameters
    ----------
    contents : Contents
        The open file; it is closed with the one that is returned.
    most : int
        Bytes that are kept at most.
    """
    kept = _Kept(most)

    def close() -> None:
        kept.values.clear()
        contents.close()

    entries = [kept.keeping(entry) for entry in contents.entries.values()]
    return Contents(contents.place, entries, close=close, start=contents.start, find=contents.find)


class _Kept:
    """What was read of a file."""

    def __init__(self, most: int) -> None:
        self.values: dict[str, Values] = {}
        self._most = self._left = most

    def keeping(self, entry: Entry) -> Entry:
        read = entry.read

        def read_once(on_progress: OnProgress) -> Values:
            if entry.path in self.values:
                return self.values[entry.path]
            values = read(on_progress)
            size = size_of(values)
            if size <= self._left:
                self._left -= size
                self.values[entry.path] = values
            return values

        # what is too large to be kept is best read as it is needed
        is_large = math.prod(entry.shape) * 8 > self._most
        return replace(entry, read=read_once, read_turned=entry.read_turned if is_large else None)


def size_of(values: Values) -> int:
    """Return how much memory values take (bytes)."""
    if isinstance(values, Samples):
        arrays = [values.values, *([] if values.time is None else [values.time])]
    elif isinstance(values, SparseSamples):
        arrays = [values.values.data, values.values.indices, values.values.indptr]
    elif isinstance(values, Intervals):
        arrays = [values.start, values.stop, *values.columns.values()]
    elif isinstance(values, Events):
        arrays = [values.time]
    else:
        arrays = [*values.times, *values.neurons.values()]
    return sum(int(np.asarray(array).nbytes) for array in arrays)
