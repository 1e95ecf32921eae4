"""What was chosen for trainings comes back when napari is started again."""

from __future__ import annotations

import json

import pytest
from npe2 import PluginManifest

from napari_unison import _compat
from napari_unison.widgets.preferences import Preferences
from napari_unison.workspace import Workspace


def started(qtbot, workspace: Workspace) -> Preferences:
    preferences = Preferences(workspace)
    qtbot.addWidget(preferences)
    return preferences


def test_parameters_come_back_at_the_next_start(qtbot, settings_of_their_own):
    workspace = Workspace()
    _kept = started(qtbot, workspace)
    workspace.configure(batch_size=512, temperature=0.2, masks={"SessionMask": True})
    workspace.validation_share = 0.3
    workspace.follows_training = False
    qtbot.waitUntil(lambda: settings_of_their_own.held_out == 30)
    written = json.loads(settings_of_their_own.parameters)
    assert sorted(written) == ["batch_size", "masks", "temperature"]
    again = Workspace()
    started(qtbot, again)
    assert again.config == workspace.config
    assert again.validation_share == pytest.approx(0.3)
    assert not again.follows_training


def test_a_workspace_that_was_changed_keeps_what_it_has(qtbot, settings_of_their_own):
    settings_of_their_own.parameters = '{"batch_size": 64}'
    workspace = Workspace()
    workspace.configure(temperature=0.5)
    started(qtbot, workspace)
    assert (workspace.config.batch_size, workspace.config.temperature) == (2048, 0.5)


@pytest.mark.parametrize("parameters", ["no json", '{"batchsize": 3}', "[1]", '{"batch_size": -1}'])
def test_settings_that_cannot_be_read_are_told_and_passed_over(qtbot, settings_of_their_own, parameters):
    settings_of_their_own.parameters = parameters
    workspace, told = Workspace(), []
    workspace.events.warned.connect(told.append)
    started(qtbot, workspace)
    assert workspace.config.batch_size == 2048
    assert "could not be read from napari's settings" in told[0]


def test_napari_keeps_them_in_a_file(qtbot, monkeypatch, plugin_settings, npe2pm, tmp_path):
    monkeypatch.undo()
    npe2pm.register(PluginManifest.from_distribution("napari-unison"))
    import napari.settings

    napari.settings._clear_plugin_settings_cache()
    monkeypatch.setattr(napari.settings, "_CFG_PATH", str(tmp_path / "settings.yaml"))
    stored = _compat.training_settings()
    assert (stored.held_out, stored.follow, stored.parameters) == (20, True, "")
    workspace = Workspace()
    preferences = started(qtbot, workspace)
    workspace.configure(batch_size=512)
    preferences.keep()
    assert "batch_size" in (tmp_path / "napari-unison.yaml").read_text()
