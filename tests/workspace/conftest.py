"""A workspace without a window, and what its signals emit."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from napari_unison import Session
from napari_unison.workspace import Workspace


@pytest.fixture
def workspace(small_sessions: list[Session]) -> Iterator[Workspace]:
    """A workspace without a window, set up for a short training."""
    workspace = Workspace(small_sessions)
    workspace.configure(**SHORT)
    yield workspace
    workspace.close()


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


@pytest.fixture(autouse=True)
def readers_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave alone who reads which folder in the settings of whoever runs the tests."""
    monkeypatch.setattr("napari_unison._compat.open_folders_ourselves", lambda endings: None)
