"""A viewer with the workspace open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from napari_unison import Session
from napari_unison.widgets.unison import UnisonWidget


@pytest.fixture
def shown() -> None:
    """Ask for a window on the screen, which costs seconds where OpenGL is done in software."""


@pytest.fixture
def viewer(make_napari_viewer: Callable[..., Any], request: pytest.FixtureRequest) -> Any:
    """A napari viewer."""
    return make_napari_viewer(show="shown" in request.fixturenames)


@pytest.fixture
def unison(viewer: Any, monkeypatch: pytest.MonkeyPatch, small_sessions: list[Session]) -> UnisonWidget:
    """The widget of the Plugins menu, whose sample is a short one."""
    monkeypatch.setattr(
        "napari_unison.workspace.samples.sample_sessions", lambda name, **_: list(small_sessions)
    )
    _, widget = viewer.window.add_plugin_dock_widget("napari-unison", "Unison workspace")
    return widget


@pytest.fixture(autouse=True)
def readers_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave alone who reads which folder in the settings of whoever runs the tests."""
    monkeypatch.setattr("napari_unison._compat.open_folders_ourselves", lambda endings: None)
