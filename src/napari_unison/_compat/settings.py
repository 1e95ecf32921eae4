"""What napari's settings keep of this plugin."""

from __future__ import annotations

from typing import Any


def training_settings() -> Any:
    """Return what napari's settings keep of trainings; None where it does not know the plugin."""
    return getattr(_plugin_settings(), "training", None)


def explore_settings() -> Any:
    """Return what napari's settings keep of how pictures look; None where it does not know the plugin."""
    return getattr(_plugin_settings(), "explore", None)


def _plugin_settings() -> Any:
    from napari.settings import get_plugin_settings

    try:
        return get_plugin_settings("napari-unison")
    except KeyError:
        return None
