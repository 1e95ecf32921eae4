"""Whether the window grows: a hundred times load, train, embed and clear, with what is left after each tenth.

Opens napari with the Unison workspace and, again and again, opens recordings from files, trains a little by
the button Start, shows the aligned and the label-free embedding, draws the window, and takes everything away.
Every tenth cycle also shows grid, trail, raster and a selection, floats the dock Decode and turns the theme.
After each tenth cycle: memory of the process, before and after the C library gave back what nobody uses,
threads, timers, callbacks, and what the graphics driver keeps.
Where there is no display, it starts itself again under ``xvfb-run``. Prints one line of JSON and writes it
under ``benchmarks/results``.

    python benchmarks/cycles.py [--cycles 100]
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

#: More than this a cycle counts as growth (MB).
TARGET = 0.1
SHORT = {
    "batch_size": 64,
    "max_iterations": 5,
    "output_dimension": 4,
    "num_hidden_units": 8,
    "random_state": 0,
    "device": "cpu",
}


def recordings(folder: Path) -> list[Path]:
    """Write two simulated rats of 20 s as files."""
    from napari_unison import sample_sessions
    from napari_unison.sessions import write_sessions

    sessions = [session[:800] for session in sample_sessions("linear-track")[:2]]
    paths = [folder / f"{session.name}.npz" for session in sessions]
    for session, path in zip(sessions, paths, strict=True):
        write_sessions(path, [session])
    return paths


def cycle(window: Window, paths: list[Path], *, looks_closely: bool) -> None:
    """Load, train, embed, look, clear."""
    workspace, unison = window.workspace, window.unison
    workspace.open(paths)
    unison.tabs.setCurrentWidget(unison.train)
    window.click(unison.train.start_button)
    job = workspace.job
    job.wait()
    workspace.embed(align=False).wait()
    workspace.show(kind="label-free")
    draw(window)
    if looks_closely:
        look_closely(window)
    workspace.runs.clear()
    workspace.remove([session.name for session in workspace.sessions])
    dismiss_notifications(window)


def dismiss_notifications(window: Window) -> None:
    """Close what napari tells, as a person does: in a window that is not in front it stays until then."""
    from qtpy.QtWidgets import QApplication, QPushButton

    for widget in QApplication.allWidgets():
        if isinstance(widget, QPushButton) and widget.objectName() == "close_button" and widget.isVisible():
            window.click(widget)
    window.live(0.02)


def draw(window: Window) -> None:
    """Have the window drawn as it is."""
    window.live(0.02)
    window.viewer.screenshot(canvas_only=False, flash=False)


def look_closely(window: Window) -> None:
    """Show what Explore and Traces can show, select, turn the theme over, float a dock, and put all back."""
    from napari_unison._compat import dock_of

    workspace, viewer, dock = window.workspace, window.viewer, dock_of(window.unison.decode)
    window.unison.tabs.setCurrentWidget(window.unison.explore)
    session = workspace.recording_names[0]
    workspace.selection.select(session, 1.0, 2.0)
    workspace.cursor = (session, 3.0)
    for shown in ({"grid": True, "colour": "session"}, {"grid": False, "trail": 2.0, "raster": True}):
        workspace.show(**shown)
        draw(window)
    for theme, floats in (("light", True), ("dark", False)):
        viewer.theme = theme
        dock.setFloating(floats)
        draw(window)
    workspace.show(trail=0.0, raster=False, colour="position and direction")
    workspace.selection.clear()
    window.unison.tabs.setCurrentWidget(window.unison.sessions)


def measure(n_cycles: int, target: str | Path) -> None:
    """Run the cycles, and write after each tenth what is left."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NAPARI_CONFIG"] = str(Path(folder) / "settings.yaml")
        paths = recordings(Path(folder))
        window = Window()
        window.viewer.window.resize(1000, 700)
        from leftovers import counts, threads_of_the_system

        window.workspace.configure(**SHORT)
        rows: list[dict[str, Any]] = []
        begin = time.perf_counter()
        for number in range(1, n_cycles + 1):
            cycle(window, paths, looks_closely=number % 10 == 0)
            if number % 10 == 0:
                held = counts(window.viewer) | {"threads of the system": threads_of_the_system()}
                rows.append({"cycle": number, **memory(), **held})
                # what is there is kept, should somebody end it
                write_result(summary(rows, time.perf_counter() - begin), target)
        window.viewer.close()


def memory() -> dict[str, float]:
    """Return the process' memory (MB): all, and without what the C library keeps though nobody uses it."""
    from leftovers import give_back_free_memory, resident_bytes

    resident = {"resident_mb": round(resident_bytes() / 1e6, 1)}
    give_back_free_memory()
    return resident | {"held_mb": round(resident_bytes() / 1e6, 1)}


def summary(rows: list[dict[str, Any]], seconds: float) -> dict[str, Any]:
    """Tell what grew from the first look to the last, and the memory held a cycle by a straight line."""
    first, last = rows[0], rows[-1]
    grown = {
        name: last[name] - first[name]
        for name in first
        if name not in ("cycle", "resident_mb", "held_mb") and last[name] != first[name]
    }
    later = rows[len(rows) // 2 :]
    slope = np.nan
    if len(later) > 1:
        slope = np.polyfit([row["cycle"] for row in later], [row["held_mb"] for row in later], 1)[0]
    return {
        "about": "What is left after load, train, embed, look and clear in the real window.",
        "after": rows,
        "grown_from_first_to_last": grown,
        "grown_mb_a_cycle_in_the_second_half": round(float(slope), 3),
        "target_mb_a_cycle": TARGET,
        "reached": not any(change > 0 for change in grown.values()) and bool(slope < TARGET),
        "seconds_a_cycle": round(seconds / rows[-1]["cycle"], 2),
        "machine": describe_machine("napari", "vispy", "PyQt6", "numba"),
    }


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cycles", type=int, default=100)
    parser.add_argument("--to", type=Path)
    options = parser.parse_args()
    with_display()
    measure(options.cycles, options.to or "cycles")


if __name__ == "__main__":
    main()
