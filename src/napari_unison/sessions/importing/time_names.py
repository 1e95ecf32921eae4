"""Which names stand for times, and in which unit they are."""

from __future__ import annotations

import re
from typing import Final

#: What a unit of time is in seconds.
_SECONDS: Final = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "µs", "μs", "usec", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nanosecond", "nanoseconds"), 1e-9),
    **dict.fromkeys(("min", "minute", "minutes"), 60.0),
}
_UNIT: Final = re.compile(
    rf"(?P<name>.*?)\s*(?:[ _]|[(\[]\s*)(?P<unit>{'|'.join(_SECONDS)})(?:\s*[)\]])?$", re.I
)
_TIME: Final = re.compile(r"(t|ts|times?|time[ _]?stamps?|seconds?|secs?|datetime|date)$", re.I)
_SPIKE_TIME: Final = re.compile(r"spike[ _]?(t|times?|time[ _]?stamps?)$", re.I)
_TIMES_AT_END: Final = re.compile(
    r"(^|[/_.])((t|ts|time|times|timestamps?)([ _]?\((s|ms|us|µs|ns)\)|[ _](s|ms|us|ns))?|seconds?)$", re.I
)
_IN_BRACKETS: Final = re.compile(r"(?P<name>.*\S)\s*\((?P<unit>[^()]+)\)$")


def seconds_in_name(name: str) -> float | None:
    """Return what one of a column's numbers is in seconds, by the column's name; None if it names no times.

    Examples
    --------
    >>> seconds_in_name("time (ms)"), seconds_in_name("Timestamp"), seconds_in_name("spike_time_us")
    (0.001, 1.0, 1e-06)
    >>> seconds_in_name("speed")
    """
    name, unit = _without_unit(name)
    return unit if _TIME.match(name) or _SPIKE_TIME.match(name) else None


def seconds_of_unit(unit: str) -> float | None:
    """Return what a unit of time is in seconds; None if it is none.

    Examples
    --------
    >>> seconds_of_unit("ms"), seconds_of_unit("Microseconds"), seconds_of_unit("m")
    (0.001, 1e-06, None)
    """
    return _SECONDS.get(unit.strip().lower())


def are_times(path: str) -> bool:
    """Return whether the last part of a path names times, as "behavior/timestamps" and "time_ms" do."""
    return bool(_TIMES_AT_END.search(path))


def is_spike_time(name: str) -> bool:
    """Return whether a column's name says that it holds spike times."""
    return bool(_SPIKE_TIME.match(_without_unit(name)[0]))


def name_and_unit(name: str) -> tuple[str, str]:
    """Return a column's name without the unit that it gives in round brackets, and that unit.

    Examples
    --------
    >>> name_and_unit("speed (m/s)")
    ('speed', 'm/s')
    >>> name_and_unit("position_cm")
    ('position_cm', '')
    """
    found = _IN_BRACKETS.match(name)
    return (found["name"], found["unit"].strip()) if found else (name, "")


def _without_unit(name: str) -> tuple[str, float]:
    name = name.strip()
    found = _UNIT.match(name)
    return (found["name"], _SECONDS[found["unit"].lower()]) if found and found["name"] else (name, 1.0)
