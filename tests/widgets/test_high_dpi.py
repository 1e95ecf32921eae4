"""On a screen with two pixels to the point: the mouse, the lasso, the legend and the picture agree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.gui

SCRIPT = """
import json, napari, numpy as np
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from napari_unison import sample_sessions
from napari_unison._compat import main_canvas, points_on_canvas
from napari_unison.workspace.viewers import layers_of

LEFT, NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
viewer = napari.Viewer(show=True)
viewer.window.resize(1000, 700)
_, unison = viewer.window.add_plugin_dock_widget("napari-unison", "Unison workspace")
workspace = unison.workspace
workspace.sessions.extend(session[:600] for session in sample_sessions("linear-track")[:2])
workspace.train(
    max_iterations=3, batch_size=64, output_dimension=4, num_hidden_units=8, random_state=0, device="cpu"
).wait(200)
picture = viewer.screenshot(canvas_only=True, flash=False)
canvas = main_canvas(viewer)
(layer,) = layers_of(viewer).point_layers
numbers, pixels = points_on_canvas(viewer, layer)
places = pixels[:, :2]


def point(place):
    return QPoint(*np.round(place).astype(int).tolist())


def time_of(number):
    session = workspace.embedding.sessions[layer.metadata["session_index"][number]]
    return [session.name, float(session.time[layer.metadata["bins"][number]])]


told = {"ratio": canvas.devicePixelRatio(), "canvas": [canvas.width(), canvas.height()]}
told["picture"] = [picture.shape[1], picture.shape[0]]

outermost = int(np.argmax(places[:, 0]))
x, y = np.round(2 * places[outermost]).astype(int)
told["colour"] = picture[y, x, :3].tolist()
QTest.mouseClick(canvas, LEFT, NO_KEY, point(places[outermost]))
under_it = np.flatnonzero(np.hypot(*(places - places[outermost]).T) < 2)
told["clicked"] = list(workspace.cursor)
told["there"] = [time_of(number) for number in numbers[under_it]]

middle = np.median(places[:, 0])
is_left = places[:, 0] < middle - 1
(left, top), (_, bottom) = places.min(axis=0) - 5, places.max(axis=0) + 5
unison.lasso.set_active(True)
corners = [point(place) for place in ((left, top), (middle, top), (middle, bottom), (left, bottom))]
QTest.mousePress(unison.lasso, LEFT, NO_KEY, corners[0])
for corner in corners[1:]:
    QTest.mouseMove(unison.lasso, corner)
QTest.mouseRelease(unison.lasso, LEFT, NO_KEY, corners[-1])
chosen = [workspace.selection.bins(session).sum() for session in workspace.embedding.sessions]
told["lassoed"] = int(sum(chosen))
told["left half"] = int(is_left.sum())
unison.lasso.set_active(False)

legend = unison.canvas_legend.geometry()
told["legend"] = [legend.left(), legend.top(), legend.right(), legend.bottom()]

plots = unison.traces.plots
QTest.mouseClick(plots.native, LEFT, NO_KEY, QPoint(round(plots.pixel_of(7.0)), 30))
told["traces"] = workspace.cursor[1]
print("told:", json.dumps(told))
viewer.close()
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, qapp: Any) -> dict[str, Any]:
    """What happened in a window whose points are two pixels wide, in a process of its own."""
    folder: Path = tmp_path_factory.mktemp("high-dpi")
    environment = os.environ | {"QT_SCALE_FACTOR": "2", "NAPARI_CONFIG": str(folder / "settings.yaml")}
    environment.pop("QT_QPA_PLATFORM", None)
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", SCRIPT],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env=environment,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("told:")]
    found: dict[str, Any] = json.loads(line.removeprefix("told:"))
    assert found["ratio"] == 2
    return found


def test_a_click_finds_the_point_that_is_drawn_there(told: dict[str, Any]) -> None:
    assert told["picture"] == [2 * size for size in told["canvas"]]
    assert max(told["colour"]) > 40  # the canvas is black
    assert told["clicked"] in told["there"]


def test_the_lasso_takes_what_it_goes_around(told: dict[str, Any]) -> None:
    # all points of two sessions, of which a fifth is held out
    assert told["left half"] > 400
    assert told["lassoed"] == pytest.approx(told["left half"], rel=0.05)


def test_the_legend_lies_on_the_canvas(told: dict[str, Any]) -> None:
    left, top, right, bottom = told["legend"]
    assert 0 <= left < right <= told["canvas"][0]
    assert 0 <= top < bottom <= told["canvas"][1]


def test_a_click_in_traces_is_at_its_time(told: dict[str, Any]) -> None:
    assert told["traces"] == pytest.approx(7.0, abs=0.1)
