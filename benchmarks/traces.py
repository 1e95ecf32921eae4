"""How fast the window answers: a pan over a million bins; selection, lasso and time step with 65 000 points.

Opens napari with the Unison workspace, without showing it, so that drawing by the graphics is left out, and
measures the time that the processor spends on each answer. Where there is no display, it starts itself again
under ``xvfb-run``. Prints one line of JSON and writes it under ``benchmarks/results``.

    python benchmarks/traces.py
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from machine import describe_machine, write_result
from napari_unison import Session, sample_sessions

MILLION = 1_000_000
#: What the answers should stay below (ms).
TARGET = {"pan": 30.0, "others": 100.0}
REPEATS = 30
PATIENCE = 600.0


def long_session() -> Session:
    """Return seven hours of a rat on a track, at 25 ms a bin, with ten neurons."""
    draw = np.random.default_rng(0)
    time_s = np.arange(MILLION) * 0.025
    position = 0.8 + 0.8 * np.sin(time_s / 3)
    direction = np.where(np.gradient(position) > 0, "right", "left")
    neural = draw.poisson(0.1, (MILLION, 10)).astype(np.float32)
    labels = {"position": position, "direction": direction, "speed": draw.normal(size=MILLION)}
    labels |= {f"trace {number}": draw.normal(size=MILLION).cumsum() for number in range(2)}
    return Session("long", neural, labels, 0.025)


def milliseconds(act: Callable[[int], Any]) -> dict[str, float]:
    """Return median and largest processor time of an answer (ms), after a first one."""
    act(0)
    taken = []
    for number in range(1, REPEATS + 1):
        begin = time.process_time()
        act(number)
        taken.append(1000 * (time.process_time() - begin))
    return {"median": round(float(np.median(taken)), 2), "largest": round(max(taken), 2)}


def pans(qt: Any) -> dict[str, Any]:
    """Measure pans over a million bins, at three widths: four curves and the raster."""
    from napari_unison.widgets.traces import TracesWidget
    from napari_unison.workspace import Workspace

    workspace = Workspace([long_session()])
    traces = TracesWidget(workspace)
    traces.resize(1280, 300)
    traces.show()
    qt.processEvents()
    workspace.show(traces=("position", "speed", "trace 0", "trace 1"))
    found: dict[str, Any] = {}
    for name, width in (("most of it", 20_000.0), ("an hour", 3600.0), ("a minute", 60.0)):

        def pan(number: int, width: float = width) -> None:
            traces.show_range((width / 100 * number, width / 100 * number + width))
            traces.plots.redraw()

        found[f"pan, {name}"] = milliseconds(pan)
    workspace.selection.choose({"long": np.arange(0, 20_000, 2)[:, None] + [0.0, 1.0]})
    found["pan with 10 000 marked stretches"] = milliseconds(
        lambda number: (traces.show_range((20.0 * number, 20.0 * number + 2000)), traces.plots.redraw())
    )
    traces.plots.close()
    traces.close()
    workspace.close()
    return found


def answers(qt: Any) -> dict[str, Any]:
    """Measure selection, lasso and time step with the four simulated rats: 65 000 points, four traces."""
    import napari

    from napari_unison._compat import points_on_canvas
    from napari_unison.workspace.viewers import layers_of

    viewer = napari.Viewer(show=False)
    _, unison = viewer.window.add_plugin_dock_widget("napari-unison", "Unison workspace")
    workspace = unison.workspace
    workspace.sessions.extend(sample_sessions("linear-track"))
    workspace.train(
        validation_share=0.2, max_iterations=20, batch_size=128, output_dimension=8, num_hidden_units=16
    ).wait(PATIENCE)
    # Not as many points as napari's settings remember, but all.
    workspace.show(traces=("position", "residual", 0, 1), max_points=100_000)
    qt.processEvents()
    (layer,) = layers_of(viewer).point_layers
    _, pixels = points_on_canvas(viewer, layer)
    centre, angle = pixels[:, :2].mean(axis=0), np.linspace(0, 2 * np.pi, 100)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    found = {
        "points": len(layer.data),
        "selection of time": milliseconds(lambda n: workspace.selection.select("rat 1", n, n + 10)),
        "lasso": milliseconds(lambda n: unison.lasso.select_inside(centre + (40 + 2 * n) * circle)),
        "time step": milliseconds(lambda n: workspace.step_cursor(1, "rat 1")),  # noqa: ARG005
    }
    viewer.close()
    return found


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", default=Path(__file__).parent / "results" / "traces.json", type=Path)
    options = parser.parse_args()
    if sys.platform.startswith("linux") and "DISPLAY" not in os.environ and shutil.which("xvfb-run"):
        command = ["xvfb-run", "-a", "-s", "-screen 0 1400x1000x24 +extension GLX", sys.executable, *sys.argv]
        os.execvp(command[0], command)
    from qtpy.QtWidgets import QApplication

    qt = QApplication.instance() or QApplication([])
    result = {"machine": describe_machine(), "target_ms": TARGET, **pans(qt), **answers(qt)}
    write_result(result, options.to)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
