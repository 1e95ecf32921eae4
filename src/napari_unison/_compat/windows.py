"""The viewer's window: what it consists of, when it closes, and which others are open."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import napari
    from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

#: How often to look whether the dialog that asks before closing is answered (ms).
DIALOG_CHECK = 50


def unwrapped(viewer: Any) -> napari.Viewer:
    """Return the viewer itself: plugins and the console are handed a proxy that hides its privates."""
    return getattr(viewer, "__wrapped__", viewer)


def main_window(viewer: Any) -> QMainWindow:
    """Return the viewer's Qt window."""
    return unwrapped(viewer).window._qt_window


def main_canvas(viewer: Any) -> QWidget:
    """Return the Qt widget in which vispy draws the viewer's layers."""
    return unwrapped(viewer).window._qt_viewer.canvas.native


def napari_left_docks(viewer: Any) -> list[QDockWidget]:
    """Return napari's own docks on the left: layer controls and layer list."""
    qt_viewer = unwrapped(viewer).window._qt_viewer
    return [qt_viewer.dockLayerControls, qt_viewer.dockLayerList]


def push_to_console(viewer: Any, **variables: Any) -> None:
    """Make names known in napari's console, now or when it opens."""
    unwrapped(viewer).update_console(variables)


def on_viewer_closed(viewer: Any, callback: Callable[[], None]) -> None:
    """Call ``callback`` when the viewer's window closes, by click or by code."""
    from qtpy.QtCore import QEvent, QObject, QThread, QTimer

    window = main_window(viewer)

    def loop_level() -> int:
        thread = QThread.currentThread()
        return 0 if thread is None else thread.loopLevel()

    class CloseWatcher(QObject):
        is_closing = False
        level = 0

        def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802, ARG002 - Qt's name
            # A dialog may decline a close, so the close event alone proves nothing: a window that was closed
            # hides. One that is not on the screen has nobody who could decline.
            kind = event.type()
            if kind == QEvent.Type.Close:
                if not window.isVisible():
                    callback()
                    return False
                self.is_closing = True
                self.level = loop_level()
                # Without a loop it is code that closes, and nobody is asked.
                if self.level:
                    QTimer.singleShot(0, self.forget_declined)
            elif kind == QEvent.Type.Hide and self.is_closing and not event.spontaneous():
                self.is_closing = False
                callback()
            return False

        def forget_declined(self) -> None:
            """Forget a close that was declined; a dialog that still asks runs a loop of its own."""
            if self.is_closing and loop_level() > self.level:
                QTimer.singleShot(DIALOG_CHECK, self.forget_declined)
            else:
                self.is_closing = False

    window.installEventFilter(CloseWatcher(window))


def other_viewers(viewer: Any) -> list[Any]:
    """Return the viewers that are open beside one, the oldest first."""
    import napari

    own = unwrapped(viewer)
    # A closed viewer stays in napari's list until nobody holds it: its window is gone.
    known = [other for other in napari.Viewer._instances if other is not own and _has_window(other)]
    return sorted(known, key=lambda other: str(other.title))


def _has_window(viewer: Any) -> bool:
    try:
        return bool(viewer.window._qt_window.isVisible())
    except (AttributeError, RuntimeError):
        return False
