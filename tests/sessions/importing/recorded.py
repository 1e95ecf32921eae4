"""Made-up recordings as contents in memory, for the tests of this folder."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_unison.sessions.importing import (
    Contents,
    Entry,
    Events,
    Intervals,
    Spikes,
    array_entry,
)


def spikes(path: str, times: list[Any], **neurons: Any) -> Entry:
    """Spike times as an entry."""
    arrays = tuple(np.asarray(t, dtype=np.float64) for t in times)
    return Entry(path, "spikes", (len(times),), "float64", lambda _: Spikes(arrays, neurons))


def intervals(path: str, start: Any, stop: Any, **columns: Any) -> Entry:
    """Stretches of time as an entry."""
    values = Intervals(
        np.asarray(start, dtype=np.float64),
        np.asarray(stop, dtype=np.float64),
        {name: np.asarray(column) for name, column in columns.items()},
    )
    return Entry(path, "intervals", values.start.shape, "", lambda _: values, fields=tuple(columns))


def events(path: str, time: Any) -> Entry:
    """Moments as an entry."""
    moments = np.asarray(time, dtype=np.float64)
    return Entry(path, "events", moments.shape, "float64", lambda _: Events(moments))


def track(n_neurons: int = 4, seconds: float = 20.0) -> Contents:
    """Neurons beside an animal that runs up and down a track of 1 m in 4 s, and turns its head."""
    time = np.arange(0, seconds, 0.02)
    position = 0.5 - 0.5 * np.cos(2 * np.pi * time / 4)
    draw = np.random.default_rng(0)
    return Contents(
        "day.lab",
        [
            spikes("units", [np.sort(draw.uniform(0, seconds, 200)) for _ in range(n_neurons)]),
            array_entry("position", position, time=time, unit="m"),
            array_entry("heading", np.degrees(np.mod(time, 2 * np.pi)), time=time, unit="deg"),
            intervals(
                "trials", np.arange(0, seconds, 4.0), np.arange(3, seconds + 3, 4.0), kind=list("abab" + "a")
            ),
            events("rewards", [2.0, 6.0, 14.0]),
        ],
    )
