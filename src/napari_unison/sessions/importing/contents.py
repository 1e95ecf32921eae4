"""What a file holds, before anybody has said what of it is neural activity and what a label."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.importing.mapping_problems import did_you_mean

Array: TypeAlias = npt.NDArray[Any]

#: Told while a file is read: the share that is done, and what is read. It may raise, which ends the reading.
OnProgress: TypeAlias = Callable[[float, str], None]

_PARTS: Final = re.compile(r"/(?![^(]*\))")

EntryKind = Literal["array", "series", "spikes", "intervals", "events", "other"]


@dataclass(frozen=True)
class Samples:
    """Values of an array or of a series.

    Parameters
    ----------
    values : ndarray
        As the file has them, in any order of axes; texts as a unicode array.
    time : ndarray of float64 (n,), optional
        When each was sampled, s, along :attr:`Entry.time_axis`; None for an array.
    neurons : mapping of str to ndarray
        Table with one row a neuron, where the file has one for the columns of activity.
    """

    values: Array
    time: npt.NDArray[np.float64] | None = None
    neurons: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class SparseSamples:
    """A table of which only what is not zero is kept.

    Parameters
    ----------
    values : csr_array
        As the file has it, in either orientation.
    """

    values: sparse.csr_array[Any, tuple[int, int]]


@dataclass(frozen=True)
class Spikes:
    """Spike times of sorted units.

    Parameters
    ----------
    times : tuple of ndarray of float64
        Of each neuron, s, in any order.
    neurons : mapping of str to ndarray
        Table with one row a neuron.
    observed : ndarray of float64 (k, 2), optional
        From when to when the units were observed, s.
    """

    times: tuple[npt.NDArray[np.float64], ...]
    neurons: Mapping[str, Array] = field(default_factory=dict)
    observed: npt.NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Intervals:
    """Stretches of time, such as trials and epochs.

    Parameters
    ----------
    start, stop : ndarray of float64 (k,)
        s, in any order.
    columns : mapping of str to ndarray (k, …)
        What else is known of each.
    """

    start: npt.NDArray[np.float64]
    stop: npt.NDArray[np.float64]
    columns: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Events:
    """Moments, such as rewards.

    Parameters
    ----------
    time : ndarray of float64 (k,)
        s, in any order.
    """

    time: npt.NDArray[np.float64]


Values: TypeAlias = Samples | SparseSamples | Spikes | Intervals | Events


@dataclass(frozen=True)
class Entry:
    """One thing in a file, described without having been read.

    Parameters
    ----------
    path : str
        Where it stands, with "/" between levels, such as "processing/behavior/Position/x"; what a mapping
        calls it.
    kind : {"array", "series", "spikes", "intervals", "events", "other"}
        A series has times, an array has none. What is "other" cannot be used; the description says why.
    shape : tuple of int
        Of arrays and series as the file has them; (number of neurons,) of spikes, (rows,) of intervals and
        events.
    dtype : str
        Name of the numpy type; "str" for texts.
    read : callable
        Called with an :data:`OnProgress`; returns the values.
    unit : str
        As the file says it.
    rate : float, optional
        Samples a second of a series.
    time_axis : int, optional
        The axis of time; None where it is not known from the file.
    fields : tuple of str
        Columns of intervals.
    role : {"neural", "behaviour", ""}
        What the format says it is; empty where it says nothing.
    is_circular : bool
        Whether the format says that values are angles.
    description : str
        In the words of the file.
    read_turned : callable, optional
        Reads an array or series of two axes with its axes exchanged and in C order: one whose axis of time is
        the second need not be copied then.
    """

    path: str
    kind: EntryKind
    shape: tuple[int, ...]
    dtype: str
    read: Callable[[OnProgress], Values] = field(repr=False, compare=False)
    unit: str = ""
    rate: float | None = None
    time_axis: int | None = None
    fields: tuple[str, ...] = ()
    role: Literal["neural", "behaviour", ""] = ""
    is_circular: bool = False
    description: str = ""
    read_turned: Callable[[OnProgress], Values] | None = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        """The last part of the path; a stroke in brackets, as in "speed (m/s)", parts nothing."""
        return _PARTS.split(self.path)[-1]

    def said(self) -> str:
        """Return the entry in one line: kind, shape, unit and rate."""
        what = {"spikes": f"spike times of {self.shape[0]} neurons" if self.shape else "spike times"}.get(
            self.kind, f"{self.kind} {self.shape} {self.dtype}"
        )
        if self.kind == "other":
            return f"{self.path}: {self.description}"
        if self.kind in ("intervals", "events"):
            columns = f" with {', '.join(self.fields)}" if self.fields else ""
            what = f"{self.shape[0]} {self.kind}{columns}"
        unit = f", {self.unit}" if self.unit else ""
        rate = f", {self.rate:.4g} Hz" if self.rate else ""
        return f"{self.path}: {what}{unit}{rate}"


class Contents:
    """What an open file holds; a context that closes it.

    Parameters
    ----------
    place : str
        The file, for messages.
    entries : iterable of Entry
        In the order in which people shall see them.
    close : callable, optional
        Closes the file.
    start : str
        When the recording began (ISO 8601), where the file says so.
    find : callable, optional
        Returns the entry at a path that is not listed, or None: a file may hold more than people want to see.
    """

    def __init__(
        self,
        place: str,
        entries: Iterable[Entry],
        *,
        close: Callable[[], None] | None = None,
        start: str = "",
        find: Callable[[str], Entry | None] | None = None,
    ) -> None:
        self.place = place
        self.start = start
        self.find = find
        self.entries: dict[str, Entry] = {}
        self._close = close
        self._is_closed = False
        for entry in entries:
            if entry.path in self.entries:
                raise SessionError(f"{place} holds {entry.path!r} twice; rename one of them")
            self.entries[entry.path] = self._while_open(entry)

    def __enter__(self) -> Contents:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _while_open(self, entry: Entry) -> Entry:
        """Return an entry that says so when it is read after the file was closed."""
        if self._close is None:
            # what is in memory, or is opened anew for each reading, stays readable
            return entry

        def guarded(read: Callable[[OnProgress], Values]) -> Callable[[OnProgress], Values]:
            def read_while_open(on_progress: OnProgress) -> Values:
                if self._is_closed:
                    raise SessionError(
                        f"{self.place} is closed, so that {entry.path} can no longer be read; open it again "
                        "(open_contents), and read before it is closed"
                    )
                return read(on_progress)

            return read_while_open

        turned = None if entry.read_turned is None else guarded(entry.read_turned)
        return replace(entry, read=guarded(entry.read), read_turned=turned)

    def close(self) -> None:
        """Close the file; entries can no longer be read."""
        self._is_closed = True
        if self._close is not None:
            self._close()
            self._close = None

    @property
    def stem(self) -> str:
        """The file's name without its suffixes."""
        return Path(self.place).name.split(".")[0]

    @property
    def layout(self) -> str:
        """A fingerprint that files of the same make share: paths, kinds and numbers of axes, not lengths."""
        lines = sorted(f"{entry.path} {entry.kind} {len(entry.shape)}" for entry in self.entries.values())
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]

    def entry(self, path: str) -> Entry:
        """Return the entry at a path.

        Raises
        ------
        SessionError
            If there is none; the message lists what there is.
        """
        entry = self.entries.get(path)
        if entry is None and self.find is not None and not self._is_closed:
            found = self.find(path)
            entry = None if found is None else self._while_open(found)
        if entry is None:
            meant = did_you_mean(path, self.entries)
            raise SessionError(f"{self.place} holds no {path!r}{meant}; it holds\n{self.listed()}")
        return entry

    def read(self, path: str, on_progress: OnProgress | None = None) -> Values:
        """Read an entry.

        Raises
        ------
        SessionError
            If there is none, or it is damaged.
        """
        return self.entry(path).read(on_progress or ignore_progress)

    def listed(self, most: int = 30) -> str:
        """Return what the file holds, a line an entry."""
        lines = [f"  {entry.said()}" for entry in self.entries.values()]
        left = len(lines) - most
        return "\n".join([*lines[:most], *([f"  … and {left} more"] if left > 0 else [])]) or "  nothing"


def ignore_progress(share: float, words: str) -> None:
    """Do nothing with what is told."""


def other_entry(path: str, place: str, why: str) -> Entry:
    """Describe what is there and cannot be used.

    Parameters
    ----------
    path : str
        Where it stands.
    place : str
        The file, for messages.
    why : str
        What it is, and what to do; it is the message of the error when it is read.
    """

    def refuse(_: OnProgress) -> Values:
        raise SessionError(f"{place}: {path} is {why}")

    return Entry(path, "other", (), "", refuse, description=why)


def array_entry(
    path: str,
    values: Array,
    *,
    time: npt.NDArray[np.float64] | None = None,
    time_axis: int | None = None,
    **described: Any,
) -> Entry:
    """Describe an array that is in memory already.

    Parameters
    ----------
    path : str
        What it shall be called.
    values : ndarray
        Numbers, booleans or texts.
    time : ndarray of float64 (n,), optional
        Makes it a series, s.
    time_axis : int, optional
        The axis of time; 0 for a series unless given.
    **described
        Other fields of :class:`Entry`.
    """
    if time is not None:
        described |= {"rate": rate_of(time), "time_axis": 0 if time_axis is None else time_axis}
    elif time_axis is not None:
        described["time_axis"] = time_axis
    return Entry(
        path,
        "array" if time is None else "series",
        values.shape,
        "str" if values.dtype.kind in "UT" else str(values.dtype),
        lambda _: Samples(values, time),
        **described,
    )


def rate_of(time: npt.NDArray[np.float64]) -> float | None:
    """Return the samples a second, by the median distance of samples; None where it cannot be told.

    Parameters
    ----------
    time : ndarray of float64 (n,)
        s.
    """
    steps = np.diff(time)
    step = float(np.median(steps)) if len(steps) else np.nan
    return 1 / step if np.isfinite(step) and step > 0 else None
