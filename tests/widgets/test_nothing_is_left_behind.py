"""Load, train, embed and clear again and again: nothing grows."""

from __future__ import annotations

import gc
import threading
from typing import Any

import pytest
from qtpy.QtCore import QCoreApplication, QEvent, QObject, QTimer

from napari_unison import Session
from napari_unison._compat import main_window
from napari_unison.widgets.unison import UnisonWidget

pytestmark = pytest.mark.gui

PATIENCE = 60
SHORT = {
    "batch_size": 32,
    "max_iterations": 3,
    "output_dimension": 4,
    "num_hidden_units": 8,
    "random_state": 0,
    "device": "cpu",
}


def _cycle(unison: UnisonWidget) -> None:
    workspace = unison.workspace
    workspace.open_sample("linear-track")
    workspace.train(**SHORT).wait(PATIENCE)
    workspace.embed(align=False).wait(PATIENCE)
    workspace.show(kind="label-free")
    workspace.runs.clear()
    workspace.remove([session.name for session in workspace.sessions])
    for _ in range(3):
        QCoreApplication.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()


def _counts(viewer: Any, unison: UnisonWidget) -> dict[str, int]:
    window = main_window(viewer)
    return {
        "threads": threading.active_count(),
        "timers": len(window.findChildren(QTimer)),
        "Qt objects": len(window.findChildren(QObject)),
        "layers": len(viewer.layers),
        "callbacks of layers": len(viewer.layers.events.inserted.callbacks)
        + len(viewer.layers.events.removed.callbacks),
        "slots of the workspace": sum(
            len(getattr(unison.workspace.events, name)) for name in unison.workspace.events.signals
        ),
        "sessions": sum(type(one) is Session for one in gc.get_objects()),
    }


def test_cycles_of_load_train_embed_clear_leave_nothing_behind(viewer, unison) -> None:
    for _ in range(2):  # what is made once and kept
        _cycle(unison)
    before = _counts(viewer, unison)
    for _ in range(6):
        _cycle(unison)
    assert _counts(viewer, unison) == before
