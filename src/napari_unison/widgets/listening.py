"""Widgets that repaint on a workspace's events, and stop listening when Qt deletes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psygnal import SignalInstance
from qtpy.QtCore import Qt, QTimer
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


class _ScrollSoon(QTimer):
    """Brings a widget into view a moment later, when the layout is made; ends with the widget.

    A method is called, not a lambda: a timer may end once after Python has let go of what it belongs to, and
    the call of a lambda that was collected ends the process.
    """

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self.setSingleShot(True)
        self.timeout.connect(self._scroll)

    def _scroll(self) -> None:
        area = _area_around(self._widget)
        if area is not None:
            area.ensureWidgetVisible(self._widget)
        self.deleteLater()


def _area_around(widget: QWidget) -> QScrollArea | None:
    """Return the area that scrolls a widget, if there is one."""
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QScrollArea):
        parent = parent.parentWidget()
    return parent


def scroll_to(widget: QWidget) -> None:
    """Bring a widget that was just shown into view in the area that scrolls it, if there is one."""
    if _area_around(widget) is not None:
        _ScrollSoon(widget).start(50)


def scrolled(widget: QWidget) -> QScrollArea:
    """Put a widget into an area that scrolls up and down, so that it fits a low window."""
    area = QScrollArea()
    area.setWidget(widget)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setMinimumHeight(120)
    return area
