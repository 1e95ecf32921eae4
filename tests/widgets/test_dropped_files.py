"""Recordings, samples and runs that come through napari's own doors."""

from __future__ import annotations

import pytest

from napari_unison import Session, get_workspace
from napari_unison.contributions import raster_layer, read_layers

pytestmark = pytest.mark.gui


def add(viewer, layer_data) -> None:
    viewer.add_image(layer_data[0], **layer_data[1])


def test_a_dropped_recording_is_adopted_and_its_raster_leaves_once_an_embedding_is_shown(
    viewer, small_sessions
):
    add(viewer, raster_layer(small_sessions[0]))
    workspace = get_workspace(viewer)
    assert [session.name for session in workspace.sessions] == ["rat 1"]
    add(viewer, raster_layer(small_sessions[1]))
    assert [session.name for session in workspace.sessions] == ["rat 1", "rat 2"]
    assert len(viewer.layers) == 2
    workspace.train(max_iterations=2, batch_size=32, output_dimension=4, num_hidden_units=8).wait(60)
    assert [layer.name for layer in viewer.layers] == ["all sessions · aligned"]


def test_a_recording_that_does_not_fit_stays_a_layer_and_says_why(viewer, small_sessions):
    workspace = get_workspace(viewer)
    told = []
    workspace.events.failed.connect(told.append)
    workspace.sessions.append(small_sessions[0])
    add(
        viewer,
        raster_layer(Session("stranger", small_sessions[0].neural, {"speed": small_sessions[0].time}, 0.025)),
    )
    assert [session.name for session in workspace.sessions] == ["rat 1"]
    assert len(viewer.layers) == 1
    assert told[0].startswith("stranger is shown, but was not added.")


def test_a_dropped_run_is_shown(viewer, small_sessions, tmp_path):
    workspace = get_workspace(viewer)
    workspace.sessions.extend(small_sessions)
    workspace.train(max_iterations=2, batch_size=32, output_dimension=4, num_hidden_units=8).wait(60)
    folder = workspace.save(tmp_path / "mine")
    ((data, attributes, _),) = read_layers(str(folder))
    viewer.add_points(data, **attributes)
    assert workspace.run.name == "mine"
    assert "mine" in viewer.canvas.overlays.text.text
    assert len(workspace.runs) == 2
