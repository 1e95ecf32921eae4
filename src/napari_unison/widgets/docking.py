"""What happens when the person closes a dock: napari takes the widget out of it and forgets it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtWidgets import QWidget


class UndockingWatcher(QObject):
    """Calls back once a widget lies in no dock any more; lives as long as the widget.

    Parameters
    ----------
    widget : QWidget
        The widget in the dock.
    callback : callable
        Called when napari has thrown the dock away; not when the dock is hidden, moved or floats.
    """

    def __init__(self, widget: QWidget, callback: Callable[[], None]) -> None:
        super().__init__(widget)
        self._widget, self._callback = widget, callback
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._look)
        widget.installEventFilter(self)

    def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802, ARG002 - Qt's name
        """Look again when the change of parents is over: a widget may be on its way into another dock."""
        if event.type() == QEvent.Type.ParentChange:
            self._later.start(0)
        return False

    def _look(self) -> None:
        if self._widget.parentWidget() is None:
            self._callback()
