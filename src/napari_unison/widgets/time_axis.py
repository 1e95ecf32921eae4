"""The time axis below the traces, painted by Qt: seconds, the cursor with its time; dragging it moves."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QFontMetricsF, QPainter
from qtpy.QtWidgets import QSizePolicy, QWidget

HEIGHT = 34
TICK = 4
#: Between two numbers (pixels).
APART = 70
TITLE = "time (s)"


class TimeAxis(QWidget):
    """Numbers in seconds below plots that share the axis.

    Parameters
    ----------
    frame : callable
        Returns where the plots begin and end (pixels, in this widget).
    on_range : callable
        Called with the stretch of time (s) that a drag asks for.
    """

    def __init__(
        self,
        frame: Callable[[], tuple[float, float]],
        on_range: Callable[[tuple[float, float]], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._frame, self._on_range = frame, on_range
        self._range = (0.0, 1.0)
        self._cursor: float | None = None
        self._drag: tuple[float, tuple[float, float]] | None = None
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.SizeHorCursor)
        self.setToolTip("Drag to move through time.")
        self.setAccessibleName(TITLE)

    def show_time(self, shown: tuple[float, float], cursor: float | None) -> None:
        """Show another stretch of time, and the cursor (s)."""
        self._range, self._cursor = shown, cursor
        self.update()

    def paintEvent(self, event: Any) -> None:  # noqa: N802, ARG002 - Qt's name
        """Paint line, ticks, numbers, title and the cursor's time."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self.palette().color(self.foregroundRole()))
        font = painter.font()
        font.setPointSizeF(8.0)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        left, right = self._frame()
        start, stop = self._range
        painter.drawLine(QPointF(left, 1), QPointF(right, 1))
        step = tick_step((stop - start) * APART / max(right - left, 1.0))
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        number = math.ceil(start / step - 1e-9)
        while number * step <= stop:
            place = left + (number * step - start) / (stop - start) * (right - left)
            painter.drawLine(QPointF(place, 1), QPointF(place, 1 + TICK))
            text = f"{number * step:,.{decimals}f}"
            width = metrics.horizontalAdvance(text)
            painter.drawText(QPointF(min(place - width / 2, self.width() - width), 17), text)
            number += 1
        width = metrics.horizontalAdvance(TITLE)
        painter.drawText(QPointF((left + right - width) / 2, 30), TITLE)
        self._paint_cursor(painter, metrics, left, right)

    def _paint_cursor(self, painter: QPainter, metrics: QFontMetricsF, left: float, right: float) -> None:
        start, stop = self._range
        if self._cursor is None or not start <= self._cursor <= stop:
            return
        text = cursor_text(self._cursor, stop - start)
        width = metrics.horizontalAdvance(text) + 8
        place = left + (self._cursor - start) / (stop - start) * (right - left)
        box = QRectF(min(max(place - width / 2, 0), self.width() - width), 3, width, 17)
        colour = self.palette().color(self.foregroundRole())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(box, 3, 3)
        painter.setPen(self.palette().color(self.backgroundRole()))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def mousePressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Begin to move."""
        self._drag = event.position().x(), self._range

    def mouseMoveEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Move through time."""
        if self._drag is None:
            return
        begin, (start, stop) = self._drag
        left, right = self._frame()
        shift = (begin - event.position().x()) / max(right - left, 1.0) * (stop - start)
        self._on_range((start + shift, stop + shift))

    def mouseReleaseEvent(self, event: Any) -> None:  # noqa: N802, ARG002 - Qt's name
        """End moving."""
        self._drag = None


def tick_step(smallest: float) -> float:
    """Return the next 1, 2 or 5 times a power of ten that is not smaller."""
    power = 10.0 ** math.floor(math.log10(smallest))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= smallest * (1 - 1e-9))


def cursor_text(time: float, span: float) -> str:
    """Write the cursor's time as exactly as the shown stretch (s) makes sense of."""
    return f"{time:,.{2 if span > 5 else 3}f}"
