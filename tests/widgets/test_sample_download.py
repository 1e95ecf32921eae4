"""A sample that is downloaded shows how far it is in the Sessions tab, and can be stopped there."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt

from napari_unison import get_workspace
from napari_unison.sessions.samples import sample_sessions
from served_files import RATS, stall_after, status

pytestmark = pytest.mark.gui


@pytest.fixture
def open_workspace(viewer):
    """The workspace of the Plugins menu, with the samples of everybody."""
    _, widget = viewer.window.add_plugin_dock_widget("napari-unison", "Unison workspace")
    return widget


def is_downloading(tab) -> bool:
    return not tab.opening.isHidden()


def test_the_tab_shows_how_far_a_download_is_and_stops_it(open_workspace, rat_server, qtbot):
    tab = open_workspace.sessions
    assert not is_downloading(tab)
    rat_server.answers.append(stall_after(1000))
    tab.open_sample("rat-hippocampus")
    qtbot.waitUntil(lambda: "downloading achilles (1 of 4): 1 kB of" in tab.message.text())
    assert is_downloading(tab)
    assert 0 < tab.opening.progress.value() < 250
    qtbot.mouseClick(tab.opening.stop_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not is_downloading(tab))
    assert tab.message.text().startswith(
        "The download of achilles was stopped. The 1 kB that have come are kept in"
    )
    assert tab.message.styleSheet() == ""
    assert tab.table.rowCount() == 0


def test_a_download_that_has_ended_takes_no_room(open_workspace, rat_server, qtbot):
    tab = open_workspace.sessions
    tab.open_sample("rat-hippocampus")
    qtbot.waitUntil(lambda: tab.table.rowCount() == 4)
    qtbot.waitUntil(lambda: not is_downloading(tab))
    assert tab.message.isHidden()


def test_a_download_that_fails_says_what_to_do(open_workspace, rat_server, qtbot):
    tab = open_workspace.sessions
    rat_server.answers.append(status(500))
    tab.open_sample("rat-hippocampus")
    qtbot.waitUntil(lambda: "could not be downloaded" in tab.message.text())
    assert "set the environment variable NAPARI_UNISON_DATA" in tab.message.text()
    assert "border-left" in tab.message.styleSheet()
    assert not is_downloading(tab)


def test_napari_s_own_door_opens_the_workspace_and_shows_rasters_once_they_are_there(
    viewer, rat_server, qtbot
):
    viewer.open_sample("napari-unison", "rat-hippocampus")
    assert [layer.name for layer in viewer.layers] == ["rat-hippocampus · downloading"]
    assert any("Unison workspace" in name for name in viewer.window.dock_widgets)
    qtbot.waitUntil(lambda: len(viewer.layers) == 4)
    assert [layer.name for layer in viewer.layers] == [f"{name} · 12 neurons" for name in RATS]
    assert [session.name for session in get_workspace(viewer).sessions] == list(RATS)


def test_a_sample_that_is_asked_for_twice_comes_once(viewer, rat_server, qtbot):
    rat_server.answers.append(stall_after(1000))
    viewer.open_sample("napari-unison", "rat-hippocampus")
    viewer.open_sample("napari-unison", "rat-hippocampus")
    rat_server.is_over.set()
    qtbot.waitUntil(lambda: len(get_workspace(viewer).sessions) == 4)
    qtbot.waitUntil(lambda: not get_workspace(viewer).jobs)
    assert [layer.name for layer in viewer.layers] == [f"{name} · 12 neurons" for name in RATS]


def test_napari_s_own_door_takes_the_stand_in_away_from_what_did_not_come(viewer, rat_server, qtbot):
    rat_server.answers.append(status(404))
    viewer.open_sample("napari-unison", "rat-hippocampus")
    qtbot.waitUntil(lambda: len(viewer.layers) == 0)
    assert len(get_workspace(viewer).sessions) == 0


def test_a_window_that_closes_ends_its_download(viewer, rat_server, qtbot):
    rat_server.answers.append(stall_after(1000))
    viewer.open_sample("napari-unison", "rat-hippocampus")
    (job,) = get_workspace(viewer).jobs
    qtbot.waitUntil(lambda: "1 kB of" in job.phase)
    viewer.close()
    assert job.is_cancelled


def test_a_sample_that_was_downloaded_before_comes_at_once(viewer, rat_server):
    sample_sessions("rat-hippocampus")
    viewer.open_sample("napari-unison", "rat-hippocampus")
    assert [layer.name for layer in viewer.layers] == [f"{name} · 12 neurons" for name in RATS]
    assert len(viewer.window.dock_widgets) == 0
