"""A click on a point of the embedding sets the time cursor."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import QEvent, QObject, QPointF, Qt
from qtpy.QtWidgets import QWidget

from napari_unison._compat import main_canvas, unwrapped
from napari_unison.widgets.picking import nearest_point
from napari_unison.widgets.time_mouse import DRAG_THRESHOLD
from napari_unison.workspace.viewers import layers_of


class CanvasPicker(QObject):
    """Watches a viewer's canvas for clicks that drag nothing.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose canvas.
    owner : QWidget
        It ends with it.
    """

    def __init__(self, viewer: Any, owner: QWidget) -> None:
        super().__init__(owner)
        self._viewer = unwrapped(viewer)
        self._pressed: QPointF | None = None
        main_canvas(viewer).installEventFilter(self)

    def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802, ARG002 - Qt's name
        """Look at presses and releases, and leave them to napari."""
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress:
            is_plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
            is_left = event.button() == Qt.MouseButton.LeftButton
            self._pressed = event.position() if is_plain and is_left and self._may_pick() else None
        elif kind == QEvent.Type.MouseButtonRelease and self._pressed is not None:
            moved, place = event.position() - self._pressed, event.position()
            self._pressed = None
            if np.hypot(moved.x(), moved.y()) < DRAG_THRESHOLD:
                layers = layers_of(self._viewer)
                found = nearest_point(self._viewer, layers, (place.x(), place.y()))
                if found is not None:
                    layers.workspace.cursor = found
        return False

    def _may_pick(self) -> bool:
        """Tell whether clicks are free: napari's own modes add and select points by them."""
        active = self._viewer.layers.selection.active
        return active is None or str(active.mode) == "pan_zoom"
