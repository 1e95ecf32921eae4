"""Single numbers of a file that say how fast activity was sampled, such as "fs" or "dt"."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from napari_unison.sessions.errors import SessionError
from napari_unison.sessions.importing.contents import Contents, Entry, Samples

#: Bins of activity are this wide (s); a rate of 30 kHz is that of a voltage, and not of a table of bins.
BIN_WIDTHS: Final = (0.0005, 10.0)
#: Spikes that are counted in samples were sampled so fast (Hz).
SPIKE_RATES: Final = (2_000.0, 200_000.0)
#: Two numbers that differ by less than this share say the same.
_SAME: Final = 0.01

_WHOSE: Final = r"(neural|neurons?|ca|calcium|imaging|dff|spikes?|ephys)?"
_RATE: Final = re.compile(
    _WHOSE + r"(fs|sr|fps|rate|(sampling|sample|frame|imaging|acquisition|scan|volume)(rate|freq|frequency))"
    r"(in)?(?P<unit>hz|khz)?"
)
_WIDTH: Final = re.compile(
    _WHOSE + r"(dt|deltat|tbin|(time)?(bin|step)(width|size|length|duration)|timebin|timestep|"
    r"(frame|sampling|sample)(time|period|interval|duration))(in)?(?P<unit>s|sec|seconds|ms|msec|us)?"
)
_FACTORS: Final = {
    **dict.fromkeys(("s", "sec", "seconds", "second", "hz"), 1.0),
    **dict.fromkeys(("ms", "msec"), 1e-3),
    "us": 1e-6,
    "khz": 1e3,
}


@dataclass(frozen=True)
class SaidClock:
    """What a single number of a file says.

    Parameters
    ----------
    path : str
        The entry.
    value : float
        As the file has it.
    width : float
        Time from one sample to the next (s).
    unit : str
        The unit that the value has, or is taken to have.
    is_sure : bool
        False of a width without a unit that is too large for seconds.
    """

    path: str
    value: float
    width: float
    unit: str
    is_sure: bool = True

    @property
    def is_rate(self) -> bool:
        """Whether the number is a rate, and no width."""
        return self.unit.lower().endswith("hz")

    def __str__(self) -> str:
        return f"{self.path} is {self.value:g} {self.unit}"


def said_bin_width(contents: Contents, neural: Entry) -> SaidClock | None:
    """Return what a file says of the width of the bins of activity that has no times.

    Parameters
    ----------
    contents : Contents
        The open file. Single numbers that are called like a rate ("fs", "frame_rate") or a width ("dt",
        "bin_width") are read: those in the group of the activity, else in the groups around it.
    neural : Entry
        The activity.

    Returns
    -------
    SaidClock or None
        None where nothing says it, or two numbers contradict each other.
    """
    return _one_of([said for said in _said_beside(contents, neural) if _is_within(said.width, BIN_WIDTHS)])


def said_spike_rate(contents: Contents, times: Entry) -> SaidClock | None:
    """Return what a file says of the samples a second in which spike times are counted.

    Parameters
    ----------
    contents : Contents
        The open file.
    times : Entry
        The spike times.
    """
    said = _said_beside(contents, times)
    return _one_of([one for one in said if one.is_rate and _is_within(1 / one.width, SPIKE_RATES)])


def _is_within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


def _one_of(said: Sequence[SaidClock]) -> SaidClock | None:
    """Return the one that is nearest, unless another one as near says something else."""
    nearest = [one for one in said if _depth(one.path) == max(_depth(other.path) for other in said)]
    sure = [one for one in nearest if one.is_sure] or nearest
    agree = all(math.isclose(one.width, sure[0].width, rel_tol=_SAME) for one in sure)
    return sure[0] if sure and agree else None


def _depth(path: str) -> int:
    return path.count("/")


def _said_beside(contents: Contents, entry: Entry) -> list[SaidClock]:
    found = [
        _said(contents, other)
        for other in contents.entries.values()
        if other.kind == "array"
        and int(np.prod(other.shape, dtype=object)) == 1
        and other.dtype.startswith(("float", "int", "uint"))
        and entry.path.startswith("".join(other.path.rpartition("/")[:2]))
    ]
    return [said for said in found if said is not None]


def _said(contents: Contents, entry: Entry) -> SaidClock | None:
    name = re.sub(r"[^a-z]", "", entry.name.lower())
    rate, width = _RATE.fullmatch(name), _WIDTH.fullmatch(name)
    found = rate or width
    if found is None:
        return None
    try:
        values = contents.read(entry.path)
    except SessionError:
        # what is damaged is told where it is used; it says nothing of the clock
        return None
    value = float(values.values.ravel()[0]) if isinstance(values, Samples) else math.nan
    if not (math.isfinite(value) and value > 0):
        return None
    unit = entry.unit.lower() or found["unit"] or ""
    factor = _FACTORS.get(unit, 1.0)
    if rate is not None:
        return SaidClock(entry.path, value, 1 / (value * factor), "kHz" if factor == 1e3 else "Hz")
    # nobody bins in whole seconds and says no unit: those are milliseconds, or nobody knows
    is_sure = unit in _FACTORS or value < 1
    unit = unit if unit in _FACTORS else "s" if is_sure else "ms"
    return SaidClock(entry.path, value, value * _FACTORS[unit], unit, is_sure)
