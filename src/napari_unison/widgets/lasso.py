"""The lasso: a line drawn around points of the embedding selects their time bins."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QColor, QPainter, QPen, QPolygonF
from qtpy.QtWidgets import QWidget

from napari_unison._compat import main_canvas
from napari_unison.widgets.picking import nearest_point, time_inside
from napari_unison.widgets.time_mouse import qt_mode_of
from napari_unison.workspace.time_sets import SelectionMode, TimeSet
from napari_unison.workspace.viewers import layers_of

HINT = "Lasso: draw around points · Shift adds · Alt or Ctrl takes out · right drag zooms · Esc ends"
LINE = "#ffb000"
#: Between two corners of the line, and for a click that draws nothing (pixels).
STEP = 3.0
#: Left free for the legend in the lower right corner.
LEGEND_WIDTH = 220


class Lasso(QWidget):
    """Lies over the canvas while points are lassoed; other buttons and the wheel reach the canvas.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose canvas.
    """

    active_changed = Signal(bool)
    """Emitted when lassoing begins or ends."""

    def __init__(self, viewer: Any) -> None:
        canvas = main_canvas(viewer)
        super().__init__(canvas)
        self._viewer = viewer
        self._path: list[tuple[float, float]] = []
        self._owners = 0
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("lasso")
        # The theme's background would cover the picture.
        self.setStyleSheet("background: transparent;")
        canvas.installEventFilter(self)
        self.hide()

    @classmethod
    def on(cls, viewer: Any, owner: QWidget) -> Lasso:
        """Return the one lasso of a viewer's canvas, for as long as one of its owners lives."""
        lasso = main_canvas(viewer).findChild(cls) or cls(viewer)
        lasso._owners += 1
        owner.destroyed.connect(lasso._lose_owner)
        return lasso

    def _lose_owner(self) -> None:
        self._owners -= 1
        if not self._owners:
            self.hide()
            self.deleteLater()

    @property
    def is_active(self) -> bool:
        """Whether the mouse draws a lasso."""
        return not self.isHidden()

    def set_active(self, active: bool) -> None:
        """Begin or end lassoing."""
        if active == self.is_active:
            return
        self._path = []
        if active:
            self._cover()
            self.show()
            self.raise_()
            self.setFocus()
        else:
            self.hide()
            main_canvas(self._viewer).setFocus()
        self.active_changed.emit(active)

    def _cover(self) -> None:
        self.setGeometry(main_canvas(self._viewer).rect())

    def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802, ARG002 - Qt's name
        """Cover the canvas when it changes its size; begin when L is pressed on it."""
        if event.type() == QEvent.Type.Resize and self.is_active:
            self._cover()
        elif event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_L and not event.modifiers():
            if not event.isAutoRepeat():
                self.set_active(not self.is_active)
            return True
        return False

    # -- drawing ---------------------------------------------------------------------------------------

    def mousePressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Begin the line; other buttons turn and zoom the picture below."""
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        self._path = [_place(event)]
        self.update()

    def mouseMoveEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Draw on."""
        if not self._path:
            event.ignore()
            return
        place = _place(event)
        if np.hypot(place[0] - self._path[-1][0], place[1] - self._path[-1][1]) >= STEP:
            self._path.append(place)
            self.update()

    def mouseReleaseEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Select what the line goes around; without a line, the point under the mouse."""
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        path, self._path = self._path, []
        self.update()
        mode = qt_mode_of(event.modifiers())
        if len(path) >= 3:
            self.select_inside(np.asarray(path), mode)
        elif path:
            self._select_nearest(path[-1], mode)

    def select_inside(self, polygon: Any, mode: SelectionMode = "replace") -> None:
        """Select the drawn points inside a polygon (k, 2) in pixels of the canvas."""
        layers = layers_of(self._viewer)
        layers.workspace.selection.choose(time_inside(self._viewer, layers, polygon), mode=mode)

    def _select_nearest(self, place: tuple[float, float], mode: SelectionMode) -> None:
        layers = layers_of(self._viewer)
        found = nearest_point(self._viewer, layers, place)
        if found is None:
            layers.workspace.selection.choose(TimeSet(), mode=mode)
        else:
            layers.workspace.selection.select(found[0], found[1], found[1], mode=mode)
            layers.workspace.cursor = found

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Escape gives the line up, or ends lassoing; Ctrl+Z takes the last selection back."""
        selection = layers_of(self._viewer).workspace.selection
        controlled = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.key() == Qt.Key.Key_Escape and self._path:
            self._path = []
            self.update()
        elif event.key() == Qt.Key.Key_Escape or (event.key() == Qt.Key.Key_L and not event.isAutoRepeat()):
            self.set_active(False)
        elif event.key() == Qt.Key.Key_Z and controlled:
            shifted = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            (selection.redo if shifted else selection.undo)()
        else:
            event.ignore()

    def paintEvent(self, event: Any) -> None:  # noqa: N802, ARG002 - Qt's name
        """Paint the line, and what the mouse does."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_hint(painter)
        if len(self._path) < 2:
            return
        fill = QColor(LINE)
        fill.setAlpha(40)
        painter.setPen(QPen(QColor(LINE), 1.5))
        painter.setBrush(fill)
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in self._path]))

    def _paint_hint(self, painter: QPainter) -> None:
        font = painter.font()
        font.setPointSizeF(9.0)
        painter.setFont(font)
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        room = QRectF(16, 0, max(self.width() - 32 - LEGEND_WIDTH, 200), self.height())
        text = painter.boundingRect(room, flags, HINT)
        text.moveTop(self.height() - text.height() - 14.0)
        text.moveLeft(16)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(38, 41, 48, 200))
        painter.drawRoundedRect(text.adjusted(-6, -4, 6, 4), 5, 5)
        painter.setPen(QColor("#f0f1f2"))
        painter.drawText(text, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, HINT)


def _place(event: Any) -> tuple[float, float]:
    return float(event.position().x()), float(event.position().y())
