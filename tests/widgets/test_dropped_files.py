"""Recordings, samples and runs that come through napari's own doors."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from napari.plugins.utils import get_preferred_reader

from napari_unison import Session, encoder, get_workspace
from napari_unison._compat.settings import open_folders_ourselves
from napari_unison.contributions import raster_layer, read_layers

pytestmark = pytest.mark.gui


def test_napari_does_not_ask_who_reads_our_folders_and_keeps_what_was_chosen(monkeypatch, tmp_path):
    plugins = SimpleNamespace(extension2reader={"*.unison/": "somebody-else", "*.tif": "napari"})
    for module in ("napari.settings", "napari.plugins.utils"):
        monkeypatch.setattr(f"{module}.get_settings", lambda: SimpleNamespace(plugins=plugins))
    open_folders_ourselves((".unison", ".unison-workspace"))
    workspace, run = tmp_path / "rats.unison-workspace", tmp_path / "rats.unison"
    workspace.mkdir()
    run.mkdir()
    assert get_preferred_reader(str(workspace)) == "napari-unison"
    assert get_preferred_reader(str(run)) == "somebody-else"
    assert plugins.extension2reader["*.tif"] == "napari"


def test_a_recording_opened_without_the_workspace_tells_the_way_to_it(viewer, monkeypatch):
    told = []
    monkeypatch.setattr("napari.utils.notifications.show_info", told.append)
    read_layers([])
    assert told == ["To train, explore and decode: Plugins › napari-unison › Unison workspace."]
    viewer.window.add_plugin_dock_widget("napari-unison", "Unison workspace")
    read_layers([])
    assert len(told) == 1


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


def stranger(session: Session) -> Session:
    return Session("stranger", session.neural, {"speed": session.time}, 0.025)


def test_nothing_stays_of_a_dropped_recording_that_does_not_fit(viewer, small_sessions, qtbot):
    workspace = get_workspace(viewer)
    told = []
    workspace.events.failed.connect(told.append)
    workspace.sessions.append(small_sessions[0])
    add(viewer, raster_layer(stranger(small_sessions[0])))
    assert told[0].startswith("stranger was not added.")
    qtbot.waitUntil(lambda: len(viewer.layers) == 0)
    assert [session.name for session in workspace.sessions] == ["rat 1"]


def test_a_raster_that_was_there_before_the_workspace_stays_where_its_recording_does_not_fit(
    viewer, small_sessions, qtbot
):
    add(viewer, raster_layer(small_sessions[0]))
    add(viewer, raster_layer(stranger(small_sessions[0])))
    assert [session.name for session in get_workspace(viewer).sessions] == ["rat 1"]
    qtbot.wait(0)
    assert len(viewer.layers) == 2


def test_a_recording_whose_name_is_taken_says_that_it_was_not_added(viewer, small_sessions, qtbot):
    workspace = get_workspace(viewer)
    told = []
    workspace.events.failed.connect(told.append)
    add(viewer, raster_layer(small_sessions[0]))
    add(viewer, raster_layer(small_sessions[0]))
    assert told == []
    add(viewer, raster_layer(small_sessions[0][:300]))
    assert workspace.sessions[0] is small_sessions[0]
    assert len(workspace.sessions) == 1
    assert len(told) == 1
    assert told[0].startswith("rat 1 was not added.")
    qtbot.waitUntil(lambda: len(viewer.layers) == 2)


@pytest.fixture
def trained(viewer, small_sessions):
    """A workspace that shows a run."""
    workspace = get_workspace(viewer)
    workspace.sessions.extend(small_sessions)
    workspace.train(max_iterations=2, batch_size=32, output_dimension=4, num_hidden_units=8).wait(60)
    return workspace


def test_a_recording_dropped_beside_an_embedding_is_added_and_its_raster_leaves_at_once(
    viewer, trained, small_sessions, qtbot
):
    add(viewer, raster_layer(small_sessions[0].replace(name="rat 3")))
    qtbot.waitUntil(lambda: len(viewer.layers) == 1)
    assert viewer.layers[0].name == "all sessions · aligned"
    assert [session.name for session in trained.sessions] == ["rat 1", "rat 2", "rat 3"]


def drop(viewer, folder) -> None:
    ((data, attributes, _),) = read_layers(str(folder))
    viewer.add_points(data, **attributes)


def test_runs_that_are_dropped_take_the_layer_that_is_there(viewer, trained, tmp_path, qtbot):
    folder = trained.save(tmp_path / "mine")
    layer = viewer.layers[0]
    for count, name in ((2, "mine"), (3, "mine (2)")):
        drop(viewer, folder)
        qtbot.waitUntil(lambda count=count: len(trained.runs) == count, timeout=60_000)
        qtbot.waitUntil(lambda: len(viewer.layers) == 1)
        assert viewer.layers[0] is layer
        assert trained.run.name == name
        assert f"2 sessions · {name}" in viewer.canvas.overlays.text.text


def test_a_run_is_opened_in_the_background(viewer, trained, tmp_path, monkeypatch):
    folder = trained.save(tmp_path / "mine")
    threads = []
    load = encoder.load_run

    def noted(path):
        threads.append(threading.current_thread())
        return load(path)

    monkeypatch.setattr("napari_unison.encoder.load_run", noted)
    drop(viewer, folder)
    assert len(trained.runs) == 1
    trained.job.wait(60)
    assert trained.run.name == "mine"
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()


def test_a_run_dropped_into_an_empty_viewer_fills_the_layer_that_it_came_as(
    make_napari_viewer, trained, tmp_path, qtbot
):
    folder = trained.save(tmp_path / "mine")
    other = make_napari_viewer()
    drop(other, folder)
    layer = other.layers[0]
    qtbot.waitUntil(lambda: len(layer.data) > 0, timeout=60_000)
    assert list(other.layers) == [layer]
    assert layer.name == "all sessions · aligned"
    assert get_workspace(other).run.name == "mine"


def test_a_folder_that_is_no_run_leaves_no_empty_layer(viewer, trained, tmp_path, qtbot):
    folder = tmp_path / "broken.unison"
    folder.mkdir()
    told = []
    trained.events.failed.connect(told.append)
    drop(viewer, folder)
    qtbot.waitUntil(lambda: len(told) == 1, timeout=60_000)
    qtbot.waitUntil(lambda: [layer.name for layer in viewer.layers] == ["all sessions · aligned"])
    assert "broken.unison" in told[0]
