"""What napari's settings keep of this plugin."""

from __future__ import annotations

from typing import Any


def training_settings() -> Any:
    """Return what napari's settings keep of trainings; None where it does not know the plugin."""
    return getattr(_plugin_settings(), "training", None)


def explore_settings() -> Any:
    """Return what napari's settings keep of how pictures look; None where it does not know the plugin."""
    return getattr(_plugin_settings(), "explore", None)


def open_folders_ourselves(endings: tuple[str, ...]) -> None:
    """Tell napari that folders of these endings are this plugin's, so that it does not ask who reads them.

    napari's own reader offers itself for every folder. What a person has chosen in the preferences stays.
    """
    from napari.settings import get_settings

    plugins = get_settings().plugins
    known = dict(plugins.extension2reader)
    missing = {f"*{ending}/": "napari-unison" for ending in endings if f"*{ending}/" not in known}
    if missing:
        plugins.extension2reader = known | missing


def _plugin_settings() -> Any:
    from napari.settings import get_plugin_settings

    try:
        return get_plugin_settings("napari-unison")
    except KeyError:
        return None
