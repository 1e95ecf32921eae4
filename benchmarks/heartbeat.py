"""How the window feels while an encoder trains: gaps between the beats of a 10 ms timer in Qt's event loop.

Opens napari with the Unison workspace and the four simulated rats, clicks Start in the Train tab (preset
notebook), listens to the heartbeat, clicks Stop and listens until the result is drawn. Before and after that,
the same training runs without a window in a process of its own: how much slower the window makes it, and how
far these two differ from each other. Where there is no display, it starts itself again under ``xvfb-run``.
Prints one line of JSON and writes it under ``benchmarks/results``.

    python benchmarks/heartbeat.py [--seconds 30]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from machine import describe_machine, write_result
from napari_unison import sample_sessions, split_sessions
from napari_unison.encoder import PRESETS, TrainingControl

#: Between two beats (ms).
NOMINAL = 10
#: What the window should reach (ms beyond the nominal; times slower than without a window).
TARGET = {"95 %": 50.0, "worst": 250.0, "slower": 1.3}
#: The end of each session that the Train tab holds out, unless told otherwise.
HELD_OUT = 0.2
PATIENCE = 300.0


def train_without_window(seconds: float) -> np.ndarray:
    """Train for some time after the first step; return when each step ended (s)."""
    from napari_unison import UnifiedEncoder  # brings torch: a person's window begins without it

    control = TrainingControl()
    begin: list[float] = []

    def stop_in_time(progress: Any) -> None:  # noqa: ARG001 - every report, whatever it says
        begin.append(time.perf_counter())
        if begin[-1] - begin[0] > seconds + 1:
            control.stop()

    train, _ = split_sessions(sample_sessions("linear-track"), 1 - HELD_OUT)
    encoder = UnifiedEncoder.from_config(PRESETS["notebook"].model_copy(update={"random_state": 0}))
    encoder.fit(train, on_progress=stop_in_time, control=control)
    return encoder.history_["seconds"]


def speed(ends: np.ndarray, seconds: float) -> dict[str, float]:
    """Return steps a second, median and 95th percentile of a step (ms), after the first step."""
    ends = ends[ends <= ends[0] + seconds]
    steps = np.diff(ends)
    return {
        "iterations_per_second": round(len(steps) / float(ends[-1] - ends[0]), 2),
        "median_step_ms": round(1000 * float(np.median(steps)), 1),
        "95 %_step_ms": round(1000 * float(np.quantile(steps, 0.95)), 1),
    }


class Window:
    """napari with the workspace and the sample open, and a heartbeat."""

    def __init__(self) -> None:
        import napari
        from qtpy.QtCore import Qt, QTimer

        self.viewer = napari.Viewer()
        _, self.unison = self.viewer.window.add_plugin_dock_widget("napari-unison", "Unison workspace")
        self.workspace = self.unison.workspace
        self.beats: list[float] = []
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(NOMINAL)
        self._timer.timeout.connect(lambda: self.beats.append(time.perf_counter()))

    def set_up(self) -> None:
        """Open the sample, show the Train tab, and begin to listen."""
        self.workspace.configure(random_state=0)
        self.unison.sessions.open_sample("linear-track")
        self.wait_until(lambda: len(self.workspace.sessions) == 4)
        self.unison.tabs.setCurrentWidget(self.unison.train)
        self.live(3)
        self._timer.start()

    def click(self, button: Any) -> float:
        """Click a button; return the time before."""
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        now = time.perf_counter()
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        return now

    def live(self, seconds: float) -> float:
        """Run the event loop for some time; return when it ended."""
        from qtpy.QtCore import QEventLoop, QTimer

        loop = QEventLoop()
        QTimer.singleShot(round(1000 * seconds), loop.quit)
        loop.exec()
        return time.perf_counter()

    def wait_until(self, is_so: Callable[[], bool]) -> float:
        """Run the event loop until something is so; return when it was."""
        begin = time.perf_counter()
        while not is_so():
            if time.perf_counter() - begin > PATIENCE:
                raise TimeoutError(f"nothing happened in {PATIENCE:.0f} s")
            self.live(0.05)
        return time.perf_counter()

    def describe(self, begin: float, end: float) -> dict[str, float]:
        """Describe how much later than the nominal the beats came (ms).

        A gap belongs to the stretch of time in which it ends.
        """
        beats = np.array(self.beats)
        first = max(int(np.searchsorted(beats, begin)) - 1, 0)
        beats = beats[first : int(np.searchsorted(beats, end))]
        gaps = np.maximum(1000 * np.diff(beats) - NOMINAL, 0)
        if len(gaps) == 0:
            return {"beats": 0}
        quantiles = dict(zip(("median", "95 %", "99 %"), np.quantile(gaps, (0.5, 0.95, 0.99)), strict=True))
        numbers = {name: round(float(value), 1) for name, value in quantiles.items()}
        worst = int(gaps.argmax())
        return {
            **numbers,
            "worst": round(float(gaps[worst]), 1),
            "worst_after_s": round(float(beats[worst] - begin), 1),
            "beats": len(gaps),
        }


def train_in_window(seconds: float, picture: Path | None = None) -> tuple[dict[str, Any], np.ndarray]:
    """Train by clicks; return the gaps by phase (ms), and when each step ended (s)."""
    window = Window()
    window.set_up()
    told: list[float] = []
    window.workspace.events.run.connect(lambda _: told.append(time.perf_counter()))
    idle_begin = time.perf_counter()
    idle_end = window.live(5)
    train = window.unison.train
    clicked = window.click(train.start_button)
    job = window.workspace.job
    trains = window.wait_until(lambda: job.progress is not None or not job.is_running)
    if not job.is_running:
        job.wait()
    busy = time.thread_time()
    until = window.live(seconds)
    busy = time.thread_time() - busy
    window.live(0.2)
    if picture is not None:
        window.viewer.screenshot(str(picture), canvas_only=False, flash=False)
    window.live(1)
    stopped = window.click(train.stop_button)
    window.wait_until(lambda: not job.is_running)
    end = window.live(3)
    run = job.wait()
    phases = {
        "idle": (idle_begin, idle_end),
        "start-up": (clicked, trains),
        "training": (trains, until),
        "stopping": (stopped, told[0]),
        "drawing": (told[0], end),
    }
    report = {name: window.describe(*stretch) for name, stretch in phases.items()}
    report["training"]["share_of_a_core"] = round(busy / (until - trains), 3)
    report["start-up"]["seconds"] = round(trains - clicked, 2)
    report["stopping"]["seconds"] = round(told[0] - stopped, 2)
    ends = run.encoder.history_["seconds"]
    window.viewer.close()
    return report, ends


def without_window_elsewhere(seconds: float) -> dict[str, float]:
    """Train without a window in a process of its own; return its speed."""
    command = [sys.executable, __file__, "--without-window", "--seconds", str(seconds)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def measure(seconds: float, picture: Path | None) -> dict[str, Any]:
    """Train in a window here, before and after it without one; return the comparison.

    The two without a window tell how much else was going on in the machine.
    """
    load = os.getloadavg()[0]
    before = without_window_elsewhere(seconds)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NAPARI_CONFIG"] = str(Path(folder) / "settings.yaml")
        gaps, ends = train_in_window(seconds, picture)
    after = without_window_elsewhere(seconds)
    shown = speed(ends, seconds)
    rates = [one["iterations_per_second"] for one in (before, after)]
    slower = sum(rates) / 2 / shown["iterations_per_second"]
    return {
        "about": f"Milliseconds beyond the nominal {NOMINAL} ms between two beats of a timer in Qt's event "
        f"loop, while an encoder trains in napari; preset notebook, four simulated rats, {seconds:g} s.",
        "gaps_ms": gaps,
        "training": {
            "in the window": shown,
            "without a window": {"before": before, "after": after},
            "slower": round(slower, 2),
            "slower_by_median_step": round(
                2 * shown["median_step_ms"] / (before["median_step_ms"] + after["median_step_ms"]), 2
            ),
            "noise": round(max(rates) / min(rates), 2),
        },
        "target": TARGET,
        "reached": {
            "95 %": gaps["training"]["95 %"] < TARGET["95 %"],
            "worst": gaps["training"]["worst"] < TARGET["worst"],
            "slower": slower <= TARGET["slower"],
        },
        "load_before": round(load, 2),
        "machine": describe_machine("napari", "PyQt6", "numba"),
    }


def with_display() -> None:
    """Start again on a virtual display where there is none."""
    if not sys.platform.startswith("linux") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return
    xvfb = shutil.which("xvfb-run")
    if xvfb is None:
        raise SystemExit(
            "there is no display, and no xvfb-run to make one: see scripts/install-system-packages.sh"
        )
    screen = "-screen 0 1400x1000x24 +extension GLX"
    os.execv(xvfb, [xvfb, "-a", "-s", screen, sys.executable, *sys.argv])


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30, help="how long to listen while it trains")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="what the window shows at the end")
    parser.add_argument("--to", type=Path)
    parser.add_argument("--without-window", action="store_true", help="only train, without a window")
    options = parser.parse_args()
    if options.without_window:
        print(json.dumps(speed(train_without_window(options.seconds), options.seconds)))
        return
    with_display()
    write_result(measure(options.seconds, options.picture), options.to or "heartbeat")


if __name__ == "__main__":
    main()
