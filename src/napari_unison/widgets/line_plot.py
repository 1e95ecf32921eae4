"""A small plot of one curve, painted by Qt: light enough to follow a training."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.ticker import MaxNLocator
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF
from qtpy.QtWidgets import QWidget

LEFT, RIGHT, TOP, BOTTOM = 46.0, 8.0, 20.0, 18.0
#: Two of them and the form above them fit a window of 800 pixels (pixels).
PLOT_HEIGHT = 76


#: The axis below.
ACROSS = "iteration"
#: Of the second curve, and what it is called beside the title.
SECOND_COLOUR, SECOND_NAME = "#43a047", "held out"


class LinePlot(QWidget):
    """One curve over training iterations, with a title, ticks and the last value; maybe a second one.

    Parameters
    ----------
    title : str
        What the curve is.
    unit : str
        Unit of its values.
    colour : str
        Colour of the curve.
    """

    def __init__(self, title: str, unit: str, colour: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title, self.unit = title, unit
        self._colour = QColor(colour)
        self._x: npt.NDArray[np.float64] = np.empty(0)
        self._y: npt.NDArray[np.float64] = np.empty(0)
        self._second: npt.NDArray[np.float64] = np.empty((0, 2))
        self.setFixedHeight(PLOT_HEIGHT)

    @property
    def values(self) -> npt.NDArray[np.float64]:
        """The values that are drawn."""
        return self._y

    def set_curve(self, x: npt.ArrayLike, y: npt.ArrayLike) -> None:
        """Draw other values; those that are not finite are left out."""
        x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        known = np.isfinite(y)
        self._x, self._y = x[known], y[known]
        self.update()

    @property
    def held_out(self) -> npt.NDArray[np.float64]:
        """The values of the second curve."""
        return self._second[:, 1]

    def set_held_out(self, points: npt.ArrayLike) -> None:
        """Draw a second curve, ``(n, 2)`` of iteration and value, for what is held out; empty for none."""
        self._second = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        self.update()

    def paintEvent(self, event: Any) -> None:  # noqa: N802, ARG002 - Qt's name
        """Paint title, axes and curve."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text = self.palette().color(self.foregroundRole())
        painter.setFont(small_font(painter.font()))
        painter.setPen(text)
        last = f": {self._y[-1]:.3f}" if len(self._y) else ""
        title = f"{self.title} ({self.unit}){last}"
        painter.drawText(QPointF(LEFT, 14.0), title)
        if len(self._second):
            painter.setPen(QColor(SECOND_COLOUR))
            left = LEFT + QFontMetricsF(painter.font()).horizontalAdvance(title) + 12
            painter.drawText(QPointF(left, 14.0), f"{SECOND_NAME}: {self._second[-1, 1]:.3f}")
        frame = QRectF(LEFT, TOP, self.width() - LEFT - RIGHT, self.height() - TOP - BOTTOM)
        axes = QColor(text)
        axes.setAlphaF(0.35)
        painter.setPen(QPen(axes, 1))
        painter.drawLine(frame.bottomLeft(), frame.bottomRight())
        painter.drawLine(frame.topLeft(), frame.bottomLeft())
        if len(self._y) > 1:
            self._paint_curve(painter, frame, text, axes)

    def _paint_curve(self, painter: QPainter, frame: QRectF, text: QColor, axes: QColor) -> None:
        x0, x1 = 0.0, float(self._x[-1])
        second = self._second[self._second[:, 0] <= x1]
        every = np.concatenate([self._y, second[:, 1]])
        y0, y1 = float(every.min()), float(every.max())
        margin = 0.05 * (y1 - y0) or 0.5
        y0, y1 = y0 - margin, y1 + margin
        width = QFontMetricsF(painter.font())

        def point(x: float, y: float) -> QPointF:
            return QPointF(
                frame.left() + (x - x0) / (x1 - x0) * frame.width(),
                frame.bottom() - (y - y0) / (y1 - y0) * frame.height(),
            )

        for tick in ticks(y0, y1, 3):
            place = point(x0, tick)
            painter.setPen(QPen(axes, 1, Qt.PenStyle.DotLine))
            painter.drawLine(place, QPointF(frame.right(), place.y()))
            painter.setPen(text)
            label = f"{tick:g}"
            painter.drawText(QPointF(LEFT - 6 - width.horizontalAdvance(label), place.y() + 4), label)
        title_left = frame.right() - width.horizontalAdvance(ACROSS)
        painter.setPen(text)
        painter.drawText(QPointF(title_left, frame.bottom() + 13), ACROSS)
        for tick in ticks(x0, x1, 4):
            label = f"{tick:g}"
            if point(tick, y0).x() + width.horizontalAdvance(label) / 2 + 6 > title_left:
                continue
            half = width.horizontalAdvance(label) / 2
            middle = min(max(point(tick, y0).x(), LEFT), frame.right() - half)
            painter.drawText(QPointF(middle - half, frame.bottom() + 13), label)
        painter.setPen(QPen(self._colour, 1.6))
        painter.drawPolyline(QPolygonF([point(x, y) for x, y in zip(self._x, self._y, strict=True)]))
        painter.setPen(QPen(QColor(SECOND_COLOUR), 1.6))
        painter.drawPolyline(QPolygonF([point(x, y) for x, y in second]))


def ticks(lower: float, upper: float, count: int) -> list[float]:
    """Return round values from ``lower`` to ``upper``, about ``count`` of them."""
    values = MaxNLocator(count).tick_values(lower, upper)
    return [float(value) for value in values if lower <= value <= upper]


def small_font(font: QFont) -> QFont:
    """Return a font for the numbers of a small plot."""
    smaller = QFont(font)
    smaller.setPointSizeF(max(font.pointSizeF() * 0.85, 7.0))
    return smaller
