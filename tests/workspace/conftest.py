"""A workspace without a window, and what its signals emit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from napari_unison import Session, get_workspace
from napari_unison.workspace import Workspace


@pytest.fixture
def workspace(small_sessions: list[Session]) -> Iterator[Workspace]:
    """A workspace without a window, set up for a short training."""
    workspace = Workspace(small_sessions)
    workspace.configure(**SHORT)
    yield workspace
    workspace.close()


@pytest.fixture
def viewer(make_napari_viewer: Callable[..., Any]) -> Any:
    """A viewer that is not on the screen."""
    return make_napari_viewer()


@pytest.fixture
def trained(viewer: Any, small_sessions: list[Session]) -> Workspace:
    """The workspace of a viewer that shows a run."""
    workspace = get_workspace(viewer)
    workspace.sessions.extend(small_sessions)
    workspace.train(**SHORTEST).wait(60)
    return workspace


@pytest.fixture
def recorded() -> Callable[..., list[tuple[object, ...]]]:
    """Return a list that fills with what a signal emits."""

    def record(signal: object) -> list[tuple[object, ...]]:
        emitted: list[tuple[object, ...]] = []
        signal.connect(lambda *arguments: emitted.append(arguments))
        return emitted

    return record


SHORT = {
    "batch_size": 64,
    "max_iterations": 4,
    "output_dimension": 4,
    "num_hidden_units": 8,
    "random_state": 0,
    "device": "cpu",
}
SHORTEST = SHORT | {"batch_size": 32, "max_iterations": 2}


@pytest.fixture(autouse=True)
def readers_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave alone who reads which folder in the settings of whoever runs the tests."""
    monkeypatch.setattr("napari_unison._compat.open_folders_ourselves", lambda endings: None)
