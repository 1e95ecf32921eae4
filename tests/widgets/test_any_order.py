"""Whatever is done in whatever order: no traceback, no crash, and the window still works afterwards."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from typing import Any

import pytest
from qtpy.QtCore import QCoreApplication

from napari_unison._compat import dock_of
from napari_unison.sessions import SessionError
from napari_unison.widgets.unison import UnisonWidget
from napari_unison.workspace import WorkspaceError

pytestmark = pytest.mark.gui

PATIENCE = 60
SHORT = {
    "batch_size": 32,
    "output_dimension": 4,
    "num_hidden_units": 8,
    "random_state": 0,
    "device": "cpu",
}


def _dock(widget: Any) -> Any:
    return dock_of(widget)


def _close_dock(widget: Any) -> None:
    dock = _dock(widget)
    if dock is not None:
        dock.close()


def _next_latents(unison: UnisonWidget) -> None:
    embedding = unison.workspace.embedding
    if embedding is not None:
        n_latents = embedding.values[0].shape[1]
        unison.workspace.show(latents=tuple((first + 1) % n_latents for first in range(3)))


def _move_cursor(unison: UnisonWidget) -> None:
    names = unison.workspace.recording_names
    if names:
        unison.workspace.step_cursor(7, names[0])


def _remove_first(unison: UnisonWidget) -> None:
    if len(unison.workspace.sessions):
        unison.workspace.remove(unison.workspace.sessions[0].name)


def _stop(unison: UnisonWidget) -> None:
    for job in unison.workspace.jobs:
        job.stop()


def _other_theme(unison: UnisonWidget) -> None:
    viewer = unison._viewer
    viewer.theme = "light" if viewer.theme == "dark" else "dark"


ACTIONS: dict[str, Callable[[UnisonWidget], object]] = {
    "open the sample": lambda unison: unison.workspace.open_sample("linear-track"),
    "remove a session": _remove_first,
    "train": lambda unison: unison.workspace.train(max_iterations=3, **SHORT),
    "train for long": lambda unison: unison.workspace.train(max_iterations=100_000, **SHORT),
    "stop": _stop,
    "embed aligned": lambda unison: unison.workspace.embed(align=True),
    "embed label-free": lambda unison: unison.workspace.embed(align=False),
    "other latents": _next_latents,
    "move the cursor": _move_cursor,
    "forget runs": lambda unison: unison.workspace.runs.clear(),
    "tab Train": lambda unison: unison.tabs.setCurrentWidget(unison.train),
    "tab Explore": lambda unison: unison.tabs.setCurrentWidget(unison.explore),
    "close Traces": lambda unison: _close_dock(unison.traces),
    "open Traces": lambda unison: unison.open_traces(),
    "close Decode": lambda unison: _close_dock(unison.decode),
    "open Decode": lambda unison: unison.open_decode(),
    "clear the layers": lambda unison: unison._viewer.layers.clear(),
    "other theme": _other_theme,
    "2-D or 3-D": lambda unison: setattr(unison._viewer.dims, "ndisplay", 5 - unison._viewer.dims.ndisplay),
}
"""What a user can do at any moment; some of it is refused at some moments, with a sentence."""


@pytest.mark.parametrize("seed", range(4))
def test_any_order_of_actions_leaves_a_window_that_works(
    seed: int, viewer: Any, unison: UnisonWidget
) -> None:
    actions = random.Random(seed).choices(sorted(ACTIONS), k=16)
    workspace = unison.workspace
    for action in actions:
        # what is refused at this moment is refused with a sentence
        with contextlib.suppress(WorkspaceError, SessionError, ValueError):
            ACTIONS[action](unison)
        QCoreApplication.processEvents()
    running = list(workspace.jobs)
    _stop(unison)
    for job in running:
        with contextlib.suppress(WorkspaceError, SessionError, ValueError):
            job.wait(PATIENCE)
    if not len(workspace.sessions):
        workspace.open_sample("linear-track")
    workspace.train(max_iterations=2, **SHORT).wait(PATIENCE)
    assert workspace.embedding is not None
    assert any("unison" in layer.metadata or len(layer.data) for layer in viewer.layers)
    # in the middle of a training
    workspace.train(max_iterations=100_000, **SHORT)
    viewer.close()
