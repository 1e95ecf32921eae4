"""Docks of the window: where widgets lie, how large they are, and in which colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_unison._compat.windows import main_window, napari_left_docks, unwrapped

if TYPE_CHECKING:
    from qtpy.QtWidgets import QDockWidget, QWidget


def theme_colours() -> tuple[str, str]:
    """Return background and text colour of napari's theme, as ``#rrggbb``."""
    from napari.settings import get_settings
    from napari.utils.theme import get_theme

    theme = get_theme(get_settings().appearance.theme)
    return theme.background.as_hex(format="long"), theme.text.as_hex(format="long")


def bottom_dock(viewer: Any, widget: QWidget, name: str) -> QDockWidget:
    """Dock a widget below the canvas; where napari's console is opened there, it is another tab of it.

    Side by side, the console would be left the few pixels that a wide widget does not need.
    """
    window = unwrapped(viewer).window
    dock = window.add_dock_widget(widget, name=name, area="bottom")
    main_window(viewer).tabifyDockWidget(window._qt_viewer.dockConsole, dock)
    return dock


def dock_of(widget: QWidget) -> QDockWidget | None:
    """Return the dock that a widget lies in."""
    from qtpy.QtWidgets import QDockWidget

    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parentWidget()
    return parent


def set_dock_height(viewer: Any, widget: QWidget, height: int) -> None:
    """Give a widget's dock a height (pixels), as far as the others leave it."""
    from qtpy.QtCore import Qt

    dock = dock_of(widget)
    if dock is not None:
        main_window(viewer).resizeDocks([dock], [height], Qt.Orientation.Vertical)


def move_to_right(viewer: Any, widget: QWidget, width: int) -> None:
    """Put a widget's dock on the right, from the top of the window to its bottom."""
    from qtpy.QtCore import Qt

    dock = dock_of(widget)
    if dock is None:
        return
    window = main_window(viewer)
    window.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
    window.resizeDocks([dock], [width], Qt.Orientation.Horizontal)


def move_to_left(viewer: Any, widget: QWidget, width: int) -> None:
    """Move a widget's dock to the left, as a tab beside napari's layer list and controls, and raise it."""
    from qtpy.QtCore import Qt

    dock = dock_of(widget)
    if dock is None:
        return
    window = main_window(viewer)
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
    own = [other for other in napari_left_docks(viewer) if other.isVisible()]
    if own:
        if len(own) > 1:
            window.tabifyDockWidget(own[0], own[1])
        window.tabifyDockWidget(own[-1], dock)
    dock.show()
    dock.raise_()
    window.resizeDocks([dock], [width], Qt.Orientation.Horizontal)
