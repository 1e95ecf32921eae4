"""Widgets that repaint on a workspace's events, and stop listening when Qt deletes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psygnal import SignalInstance
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QScrollArea, QWidget

from napari_unison.workspace.state import Workspace


class WorkspaceWidget(QWidget):
    """A widget of a workspace.

    Parameters
    ----------
    workspace : Workspace
        What it shows and changes.
    parent : QWidget, optional
        Qt's parent.
    """

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self._connections: list[tuple[SignalInstance, Callable[..., Any]]] = []
        connections = self._connections

        def forget() -> None:
            for signal, slot in connections:
                signal.disconnect(slot, missing_ok=True)
            connections.clear()

        self.destroyed.connect(forget)

    def listen(self, signal: SignalInstance, slot: Callable[..., Any]) -> None:
        """Call ``slot`` on a signal until the widget is deleted."""
        signal.connect(slot)
        self._connections.append((signal, slot))


def scrolled(widget: QWidget) -> QScrollArea:
    """Put a widget into an area that scrolls up and down, so that it fits a low window."""
    area = QScrollArea()
    area.setWidget(widget)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setMinimumHeight(120)
    return area
