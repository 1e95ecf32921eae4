"""Recordings whose labels are not those of the rats go the same way, by the same clicks."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_unison import Session

pytestmark = pytest.mark.gui

SPEED = np.abs(np.sin(np.arange(300) / 11.0))
ODOUR = np.repeat(["rose", "mint", "pine"], 100)


def sessions_with(**labels: np.ndarray) -> list[Session]:
    draw = np.random.default_rng(0)
    return [Session(name, draw.poisson(0.5, (300, 6)), labels, 0.025) for name in ("first", "second")]


@pytest.mark.parametrize(
    ("labels", "legend", "traces"),
    [
        ({"speed": SPEED}, "speed", ["speed", "latent"]),
        ({"odour": ODOUR}, "odour", ["latent"]),
        ({"speed": SPEED, "odour": ODOUR}, "speed and odour", ["speed", "latent", "latent"]),
        ({"place": np.stack([SPEED, SPEED[::-1]], axis=1)}, "place", ["place", "latent"]),
    ],
)
def test_points_traces_and_legend_name_the_labels_there_are(unison, viewer, qtbot, labels, legend, traces):
    workspace = unison.workspace
    workspace.sessions.extend(sessions_with(**labels))
    assert unison.sessions.laps_button.isEnabled() == ("odour" in labels)
    workspace.configure(
        max_iterations=3, batch_size=64, output_dimension=4, num_hidden_units=8, random_state=0, device="cpu"
    )
    qtbot.mouseClick(unison.train.start_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(viewer.layers) == 1, timeout=60_000)
    assert unison.train.message.text() == ""
    shown = unison.canvas_legend.legend
    assert legend in {shown.title, *(bar.label for bar in shown.bars)}
    # the picture is there while it forms, the choices once it is trained
    qtbot.waitUntil(lambda: unison.explore.colours.mode.currentText() == legend, timeout=60_000)
    assert [title.split()[0].rstrip(",") for title in unison.traces.plots.titles] == traces
    assert unison.traces.colours.text().startswith("odour") == ("odour" in labels)
