"""How pictures look comes back when napari is started again."""

from __future__ import annotations

import pytest
from npe2 import PluginManifest

from napari_unison import _compat
from napari_unison.widgets.explore import ExploreWidget
from napari_unison.workspace import Workspace


def started(qtbot, workspace: Workspace) -> ExploreWidget:
    explore = ExploreWidget(workspace)
    qtbot.addWidget(explore)
    return explore


def test_the_palette_is_chosen_once(qtbot, looks_of_their_own):
    explore = started(qtbot, Workspace())
    combo = explore.colours.palette_choice
    combo.setCurrentText("colour-blind safe")
    combo.activated.emit(1)
    explore.points.size_field.setValue(2.5)
    qtbot.waitUntil(lambda: looks_of_their_own.palette == "colour-blind safe")
    assert looks_of_their_own.point_size == 2.5
    again = started(qtbot, Workspace())
    assert again.colours.palette_choice.currentText() == "colour-blind safe"
    assert again.workspace.display.point_size == 2.5


def test_a_display_that_was_changed_already_stays(qtbot, looks_of_their_own):
    looks_of_their_own.opacity = 0.3
    workspace = Workspace()
    workspace.show(point_size=4.0)
    started(qtbot, workspace)
    assert (workspace.display.point_size, workspace.display.opacity) == (4.0, 0.8)


@pytest.mark.parametrize("palette", ["rainbow", None])
def test_looks_that_cannot_be_read_are_told(qtbot, looks_of_their_own, palette):
    looks_of_their_own.palette = palette
    workspace, told = Workspace(), []
    workspace.events.warned.connect(told.append)
    started(qtbot, workspace)
    assert workspace.display.palette == "paper"
    assert "usual looks" in told[0]


def test_napari_keeps_them_in_a_file(qtbot, monkeypatch, plugin_settings, npe2pm, tmp_path):
    monkeypatch.undo()
    npe2pm.register(PluginManifest.from_distribution("napari-unison"))
    import napari.settings

    napari.settings._clear_plugin_settings_cache()
    monkeypatch.setattr(napari.settings, "_CFG_PATH", str(tmp_path / "settings.yaml"))
    stored = _compat.explore_settings()
    assert (stored.palette, stored.max_points, stored.trail) == ("paper", 100_000, 2.0)
    with pytest.raises(ValueError, match="rainbow"):
        stored.palette = "rainbow"
    explore = started(qtbot, Workspace())
    explore.workspace.show(palette="colour-blind safe")
    explore.preferences.keep()
    assert "colour-blind safe" in (tmp_path / "napari-unison.yaml").read_text()
