"""napari's list of workers."""

from __future__ import annotations

from typing import Any


def forget_worker(worker: Any) -> None:
    """Let napari take a worker that has ended off its list; called by the worker in its thread."""
    worker.signals._finished.emit(worker)
