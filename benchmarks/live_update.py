"""What the embedding so far costs a training: steps a second in napari with and without it, and memory.

Opens napari with the Unison workspace and the four simulated rats and trains by the button Start (preset
notebook), in turns without and with the embedding so far, so that what else the machine does falls on both.
Tells, too, which share of the training's own thread the looks took, and how the process grew over them. Where
there is no display, it starts itself again under ``xvfb-run``. Prints one line of JSON and writes it under
``benchmarks/results``.

    python benchmarks/live_update.py [--seconds 60] [--turns 3]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from heartbeat import Window, with_display
from machine import describe_machine, write_result

#: Slower with the embedding so far than without it, at most (share).
TARGET = 0.10


def resident_bytes() -> int:
    """Return the memory of this process that is in use."""
    with Path("/proc/self/statm").open() as told:
        return int(told.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def train_for(window: Window, seconds: float, *, follow: bool) -> dict[str, Any]:
    """Train by the button for some time; return speed, looks and growth."""
    workspace, tab = window.workspace, window.unison.train
    tab.follow.setChecked(follow)
    looks: list[tuple[float, int]] = []

    def count(look: Any) -> None:
        if look is not None and look.embedding is not None:
            looks.append((time.perf_counter(), resident_bytes()))

    workspace.events.so_far.connect(count)
    window.click(tab.start_button)
    job = workspace.job
    window.wait_until(lambda: job.progress is not None or not job.is_running)
    begin = time.perf_counter()
    window.live(seconds)
    trained = time.perf_counter() - begin
    window.click(tab.stop_button)
    window.wait_until(lambda: not job.is_running)
    workspace.events.so_far.disconnect(count)
    ends = job.wait().encoder.history_["seconds"]
    ends = ends[ends <= ends[0] + trained]
    told = {
        "iterations_per_second": round((len(ends) - 1) / float(ends[-1] - ends[0]), 3),
        "median_step_ms": round(1000 * float(np.median(np.diff(ends))), 1),
        "looks": len(looks),
    }
    if len(looks) > 1:
        times = np.array([at for at, _ in looks])
        told["shortest_between_looks_s"] = round(float(np.diff(times).min()), 2)
        told["grown_mb"] = round((looks[-1][1] - looks[0][1]) / 1e6, 1)
    return told


def measure(seconds: float, turns: int) -> dict[str, Any]:
    """Train in turns; return the comparison."""
    spent: list[float] = []
    watch_looks(spent)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NAPARI_CONFIG"] = str(Path(folder) / "settings.yaml")
        window = Window()
        window.set_up()
        runs: dict[str, list[dict[str, Any]]] = {"without": [], "with": []}
        shares = []
        for _ in range(turns):
            runs["without"].append(train_for(window, seconds, follow=False))
            spent.clear()
            runs["with"].append(train_for(window, seconds, follow=True))
            shares.append(sum(spent) / seconds)
        window.viewer.close()
    speed = {name: [one["iterations_per_second"] for one in found] for name, found in runs.items()}
    slower = 1 - float(np.mean(speed["with"])) / float(np.mean(speed["without"]))
    noise = (max(speed["without"]) - min(speed["without"])) / float(np.mean(speed["without"]))
    return {
        "about": f"Training in napari with and without the embedding so far; preset notebook, four simulated "
        f"rats, {turns} times {seconds:g} s each, in turns.",
        "runs": runs,
        "slower": round(slower, 3),
        "noise": round(noise, 3),
        "share_of_the_training_in_looks": round(float(np.mean(shares)), 3),
        "target": TARGET,
        "reached": slower < TARGET,
        "load": [round(one, 1) for one in os.getloadavg()],
        "machine": describe_machine("napari", "PyQt6", "numba"),
    }


def watch_looks(spent: list[float]) -> None:
    """Write down how long each embedding and each fit of a look takes (s)."""
    from napari_unison.encoder import looks

    def timed(method: Any) -> Any:
        def call(self: Any, *given: Any) -> Any:
            begin = time.perf_counter()
            try:
                return method(self, *given)
            finally:
                spent.append(time.perf_counter() - begin)

        return call

    looks._Embedder.embed = timed(looks._Embedder.embed)  # type: ignore[method-assign]
    looks._HeldOutFit.bits = timed(looks._HeldOutFit.bits)  # type: ignore[method-assign]


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60, help="how long each training is")
    parser.add_argument("--turns", type=int, default=3, help="trainings with and without")
    parser.add_argument("--to", type=Path)
    options = parser.parse_args()
    with_display()
    write_result(measure(options.seconds, options.turns), options.to or "live_update")


if __name__ == "__main__":
    main()
