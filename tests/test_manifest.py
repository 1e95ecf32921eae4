"""The manifest: valid, one file, and modest about what it claims."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import yaml
from npe2 import PluginManifest

import napari_unison

PACKAGED = Path(napari_unison.__file__).parent / "napari.yaml"
REPOSITORY = Path(__file__).parent.parent / "napari.yaml"


def manifest() -> PluginManifest:
    return PluginManifest.from_file(PACKAGED)


def test_the_manifest_at_the_top_level_is_the_packaged_one():
    assert REPOSITORY.is_symlink()
    assert not Path(REPOSITORY.readlink()).is_absolute()
    assert REPOSITORY.resolve() == PACKAGED.resolve()


def test_every_command_can_be_imported():
    found = manifest()
    found.validate_imports()
    for command in found.contributions.commands:
        module, name = command.python_name.split(":")
        assert callable(getattr(import_module(module), name))


def test_npe2_finds_the_plugin_by_its_entry_point():
    assert PluginManifest.from_distribution("napari-unison").name == "napari-unison"


def test_the_plugins_menu_shows_the_workspace_first_and_what_can_be_opened_by_itself():
    names = [widget.display_name for widget in manifest().contributions.widgets]
    assert names == ["Unison workspace", "Decode"]


def test_only_files_that_are_ours_by_their_ending_are_claimed():
    (reader,) = yaml.safe_load(PACKAGED.read_text())["contributions"]["readers"]
    assert reader["filename_patterns"] == ["*.jl", "*.jl.gz", "*.nwb", "*.nwb.zarr"]
    assert reader["accepts_directories"]
