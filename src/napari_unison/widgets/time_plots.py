"""Plots of a session over time in seconds, painted by Qt: its position with the used part, and its raster."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen, QPolygonF
from qtpy.QtWidgets import QWidget

from napari_unison.display.roles import with_unit
from napari_unison.display.session_overview import Overview, Raster
from napari_unison.widgets.line_plot import small_font, ticks

#: Of the axes (pixels): values on the left, seconds below.
LEFT, RIGHT, BOTTOM = 40.0, 10.0, 30.0
#: To be seen on a dark theme and on a light one.
POSITION_COLOUR, RATE_COLOUR, CURSOR_COLOUR = "#2f9fe0", "#f08a1c", "#e53935"
#: How strongly the parts that a training does not use cover the curve.
UNUSED, HELD_OUT = 0.72, 0.38

TimeRange = tuple[float, float]


class TimePlot(QWidget):
    """A frame over time: an axis in seconds below, a title above, and the cursor of the workspace."""

    clicked = Signal(float)
    """Emitted with the time (s) that was clicked."""

    def __init__(self, height: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.range: TimeRange = (0.0, 1.0)
        self.cursor_time: float | None = None
        self.title = ""
        self.setFixedHeight(height)

    def frame(self) -> QRectF:
        """Return the place of what is drawn (pixels)."""
        return QRectF(LEFT, 16.0, max(self.width() - LEFT - RIGHT, 1.0), self.height() - 16.0 - BOTTOM)

    def x_of(self, time: float) -> float:
        """Return where a time (s) is drawn (pixels)."""
        frame, (start, stop) = self.frame(), self.range
        return frame.left() + (time - start) / (stop - start) * frame.width()

    def time_at(self, x: float) -> float:
        """Return the time (s) of a place (pixels), within what is shown."""
        frame, (start, stop) = self.frame(), self.range
        share = min(max((x - frame.left()) / frame.width(), 0.0), 1.0)
        return start + share * (stop - start)

    def set_cursor_time(self, time: float | None) -> None:
        """Mark a time (s), or none."""
        if time != self.cursor_time:
            self.cursor_time = time
            self.update()

    def mousePressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Tell the time that is clicked."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(self.time_at(event.position().x()))

    def paintEvent(self, event: Any) -> None:  # noqa: N802, ARG002 - Qt's name
        """Paint what is inside, the axis and the cursor."""
        painter = QPainter(self)
        painter.setFont(small_font(painter.font()))
        text = self.palette().color(self.foregroundRole())
        faint = QColor(text)
        faint.setAlphaF(0.35)
        painter.setPen(text)
        painter.drawText(QPointF(LEFT, 11.0), self.title)
        frame = self.frame()
        self.paint_inside(painter, frame, text, faint)
        painter.setPen(QPen(faint, 1))
        painter.drawLine(frame.bottomLeft(), frame.bottomRight())
        painter.drawLine(frame.topLeft(), frame.bottomLeft())
        self._paint_seconds(painter, frame, text)
        if self.cursor_time is not None and self.range[0] <= self.cursor_time <= self.range[1]:
            x = self.x_of(self.cursor_time)
            painter.setPen(QPen(QColor(CURSOR_COLOUR), 1.5))
            painter.drawLine(QPointF(x, frame.top()), QPointF(x, frame.bottom()))

    def paint_inside(self, painter: QPainter, frame: QRectF, text: QColor, faint: QColor) -> None:
        """Paint what the plot shows."""

    def _paint_seconds(self, painter: QPainter, frame: QRectF, text: QColor) -> None:
        width = QFontMetricsF(painter.font())
        painter.setPen(text)
        for tick in ticks(*self.range, max(3, int(frame.width() // 70))):
            label, x = f"{tick:g}", self.x_of(tick)
            half = width.horizontalAdvance(label) / 2
            painter.drawLine(QPointF(x, frame.bottom()), QPointF(x, frame.bottom() + 3))
            left = min(max(x - half, 0.0), self.width() - 2 * half)
            painter.drawText(QPointF(left, frame.bottom() + 14), label)
        title = "time (s)"
        place = frame.center().x() - width.horizontalAdvance(title) / 2
        painter.drawText(QPointF(place, frame.bottom() + 27), title)


class PositionPlot(TimePlot):
    """The position of a whole session; parts that a training does not use are dimmed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(104, parent)
        self.overview: Overview | None = None
        self.used: TimeRange = (0.0, 1.0)
        self.held_out_from: float | None = None
        self.setAccessibleName("position over the time of the session")

    def show_overview(self, overview: Overview | None) -> None:
        """Draw another session, or nothing."""
        self.overview = overview
        if overview is not None:
            self.range = float(overview.edges[0]), float(overview.edges[-1])
            self.title = with_unit(overview.label, overview.unit) if overview.label else "rate (Hz)"
        self.update()

    def show_used(self, used: TimeRange, held_out_from: float | None) -> None:
        """Mark the part that is used (s), and from where it is held out."""
        self.used, self.held_out_from = used, held_out_from
        self.update()

    def paint_inside(self, painter: QPainter, frame: QRectF, text: QColor, faint: QColor) -> None:
        """Paint the curve, and veil what is not used."""
        overview = self.overview
        if overview is None:
            return
        low, high = (overview.lowest, overview.highest) if overview.label else (overview.rate, overview.rate)
        lowest, highest = _limits(low, high)
        middle = (overview.edges[:-1] + overview.edges[1:]) / 2
        x = np.array([self.x_of(time) for time in middle])
        paint_band(painter, frame, x, low, high, (lowest, highest), QColor(POSITION_COLOUR))
        _paint_values(painter, frame, (lowest, highest), text, faint)
        veil = self.palette().color(self.backgroundRole())
        start, stop = self.used
        held_out = stop if self.held_out_from is None else self.held_out_from
        for begin, end, strength in (
            (self.range[0], start, UNUSED),
            (held_out, stop, HELD_OUT),
            (stop, self.range[1], UNUSED),
        ):
            veil.setAlphaF(strength)
            left, right = self.x_of(begin), self.x_of(end)
            if right > left:
                painter.fillRect(QRectF(left, frame.top(), right - left, frame.height()), veil)
        if self.held_out_from is not None:
            self._name_held_out(painter, frame, held_out, stop, text)

    def _name_held_out(
        self, painter: QPainter, frame: QRectF, begin: float, end: float, text: QColor
    ) -> None:
        left, right = self.x_of(begin), self.x_of(end)
        painter.setPen(QPen(text, 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(left, frame.top()), QPointF(left, frame.bottom()))
        word = "held out"
        width = QFontMetricsF(painter.font()).horizontalAdvance(word)
        painter.setPen(text)
        if right - left > width:
            painter.drawText(QPointF((left + right - width) / 2, 11.0), word)


class RasterPlot(TimePlot):
    """Activity of all neurons over a part of the session, one row a neuron."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(176, parent)
        self.raster: Raster | None = None
        self._image = QImage()
        self.setAccessibleName("activity of the neurons over time")

    def show_raster(self, raster: Raster | None, shown: TimeRange, title: str) -> None:
        """Draw another raster, or nothing."""
        self.raster, self.range, self.title = raster, shown, title
        self.update()

    def paint_inside(self, painter: QPainter, frame: QRectF, text: QColor, faint: QColor) -> None:  # noqa: ARG002
        """Paint the picture of the activity, in the colours of the theme."""
        raster = self.raster
        if raster is None or not raster.levels.size:
            return
        background = self.palette().color(self.backgroundRole())
        shades = np.linspace(0, 1, 256)[:, None]
        table = (1 - shades) * np.array(background.getRgb()[:3]) + shades * np.array(text.getRgb()[:3])
        pixels = np.round(table).astype(np.uint8)[raster.levels]
        height, width = raster.levels.shape
        # the image does not copy: the bytes live until it is drawn
        data = pixels.tobytes()
        image = QImage(data, width, height, 3 * width, QImage.Format.Format_RGB888)
        left, right = self.x_of(float(raster.edges[0])), self.x_of(float(raster.edges[-1]))
        painter.save()
        painter.setClipRect(frame)
        painter.drawImage(QRectF(left, frame.top(), right - left, frame.height()), image)
        painter.restore()
        painter.setPen(text)
        metrics = QFontMetricsF(painter.font())
        for number, y in ((1, frame.top() + metrics.ascent()), (height, frame.bottom())):
            label = f"{number}"
            painter.drawText(QPointF(LEFT - 5 - metrics.horizontalAdvance(label), y), label)
        painter.save()
        painter.translate(11.0, frame.center().y())
        painter.rotate(-90)
        painter.drawText(QPointF(-metrics.horizontalAdvance("neuron") / 2, 0.0), "neuron")
        painter.restore()


def _limits(low: np.ndarray, high: np.ndarray) -> tuple[float, float]:
    known = np.concatenate([low[np.isfinite(low)], high[np.isfinite(high)]])
    if not len(known):
        return 0.0, 1.0
    lowest, highest = float(known.min()), float(known.max())
    return (lowest, highest) if highest > lowest else (lowest - 0.5, highest + 0.5)


def _paint_values(
    painter: QPainter, frame: QRectF, limits: tuple[float, float], text: QColor, faint: QColor
) -> None:
    """Write a few values beside the curve."""
    width = QFontMetricsF(painter.font())
    lowest, highest = limits
    for tick in ticks(lowest, highest, 2):
        y = frame.bottom() - (tick - lowest) / (highest - lowest) * frame.height()
        painter.setPen(QPen(faint, 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
        painter.setPen(text)
        label = f"{tick:g}"
        painter.drawText(QPointF(LEFT - 5 - width.horizontalAdvance(label), y + 4), label)


def paint_band(
    painter: QPainter,
    frame: QRectF,
    x: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    limits: tuple[float, float],
    colour: QColor,
) -> None:
    """Fill from the lowest to the highest value of each column; columns that are not known stay empty."""
    lowest, highest = limits
    scale = frame.height() / (highest - lowest)
    painter.setPen(QPen(colour, 1.2))
    middle: list[QPointF] = []
    for place, bottom, top in zip(x.tolist(), low.tolist(), high.tolist(), strict=True):
        if bottom != bottom:
            painter.drawPolyline(QPolygonF(middle))
            middle = []
            continue
        y0, y1 = (frame.bottom() - (value - lowest) * scale for value in (bottom, top))
        painter.drawLine(QPointF(place, y0), QPointF(place, y1))
        middle.append(QPointF(place, (y0 + y1) / 2))
    painter.drawPolyline(QPolygonF(middle))
