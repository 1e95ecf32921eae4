"""Load, train, embed and clear again and again: nothing grows.

``benchmarks/cycles.py`` does the same a hundred times.
"""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import QCoreApplication, QEvent
from vispy.scene import ViewBox

from leftovers import alive, counts, graphics_objects, resident_bytes
from napari_unison._compat import main_canvas
from napari_unison.widgets.unison import UnisonWidget
from napari_unison.workspace.planning import load_encoder

pytestmark = pytest.mark.gui

PATIENCE = 300
SHORT = {
    "batch_size": 32,
    "max_iterations": 3,
    "output_dimension": 4,
    "num_hidden_units": 8,
    "random_state": 0,
    "device": "cpu",
}
#: Six cycles of two sessions of 15 s; what is kept of one cycle would be more than a megabyte.
MOST_GROWTH = 30e6


def _live() -> None:
    for _ in range(3):
        QCoreApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def _cycle(unison: UnisonWidget) -> None:
    workspace = unison.workspace
    workspace.open_sample("linear-track")
    workspace.train(**SHORT).wait(PATIENCE)
    workspace.embed(align=False).wait(PATIENCE)
    workspace.show(kind="label-free")
    workspace.selection.select("rat 1", 1.0, 2.0)
    workspace.cursor = ("rat 1", 3.0)
    _live()


def _clear(unison: UnisonWidget) -> None:
    unison.workspace.selection.clear()
    unison.workspace.runs.clear()
    unison.workspace.remove([session.name for session in unison.workspace.sessions])
    _live()


def test_cycles_of_load_train_embed_clear_leave_nothing_behind(viewer: Any, unison: UnisonWidget) -> None:
    # what is loaded in the background has sessions and an encoder of its own
    load_encoder().join(PATIENCE)
    for _ in range(3):  # what is made once and kept
        _cycle(unison)
        _clear(unison)
    before, memory = counts(viewer), resident_bytes()
    for _ in range(6):
        _cycle(unison)
        _clear(unison)
    after = counts(viewer)
    assert {name: (before[name], n) for name, n in after.items() if n > before[name]} == {}
    assert resident_bytes() - memory < MOST_GROWTH


def test_what_was_drawn_is_freed_in_the_graphics(shown: None, viewer: Any, unison: UnisonWidget) -> None:
    found = []
    for _ in range(4):
        _cycle(unison)
        viewer.screenshot(flash=False)
        _clear(unison)
        viewer.screenshot(flash=False)
        found.append(graphics_objects(main_canvas(viewer)))
    assert found[-1]["buffers"] > 0
    assert found[-1] == found[-2]


def test_cells_of_the_grid_go_when_it_is_switched_off(viewer: Any, unison: UnisonWidget) -> None:
    _cycle(unison)
    found = []
    for _ in range(3):
        for grid in (True, False):
            unison.workspace.show(grid=grid)
            _live()
        found.append(alive(ViewBox))
    # napari keeps the cells that it made last
    assert found[-1] <= found[0]
