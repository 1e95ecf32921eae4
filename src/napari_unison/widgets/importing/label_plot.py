"""A label over time, painted by Qt: curves of numbers, dots of angles, a strip of categories."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QFontMetricsF, QPainter, QPen
from qtpy.QtWidgets import QWidget

from napari_unison.display.label_overview import LabelOverview
from napari_unison.display.palettes import category_colours
from napari_unison.display.roles import with_unit
from napari_unison.widgets.line_plot import ticks
from napari_unison.widgets.time_plots import (
    LEFT,
    POSITION_COLOUR,
    RATE_COLOUR,
    TimePlot,
    TimeRange,
    paint_band,
)

CURVES = (POSITION_COLOUR, RATE_COLOUR, "#43a047")
HEIGHT = 82
#: Categories that are told apart by colour; of more, each number is a height.
MOST_CATEGORIES = 8


class LabelPlot(TimePlot):
    """One label over the time that is shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(HEIGHT, parent)
        self.overview: LabelOverview | None = None

    def show_label(self, overview: LabelOverview, shown: TimeRange) -> None:
        """Draw another label, or another time of it."""
        self.overview, self.range = overview, shown
        self.title = f"{with_unit(overview.name, overview.unit)} · {overview.kind}"
        self.setAccessibleName(f"{overview.name} over time")
        self.update()

    def paint_inside(self, painter: QPainter, frame: QRectF, text: QColor, faint: QColor) -> None:
        """Paint curves, dots or a strip."""
        overview = self.overview
        if overview is None or not overview.lowest:
            return
        if overview.kind == "discrete" and len(overview.categories) <= MOST_CATEGORIES:
            self._paint_strip(painter, frame, overview, text)
            return
        known = np.concatenate([*overview.lowest, *overview.highest])
        known = known[np.isfinite(known)]
        lowest, highest = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
        limits = (lowest, highest) if highest > lowest else (lowest - 0.5, highest + 0.5)
        _paint_values(painter, frame, limits, text, faint)
        edges = overview.edges
        x = np.array([self.x_of(float(time)) for time in (edges[:-1] + edges[1:]) / 2])
        for low, high, colour in zip(overview.lowest, overview.highest, CURVES, strict=False):
            if overview.kind == "continuous":
                paint_band(painter, frame, x, low, high, limits, QColor(colour))
            else:
                _paint_dots(painter, frame, x, np.concatenate([low, high]), limits, QColor(colour))

    def _paint_strip(self, painter: QPainter, frame: QRectF, overview: LabelOverview, text: QColor) -> None:
        """Paint categories; a column in which several were has two of them, one above the other."""
        below, above = overview.lowest[0], overview.highest[0]
        known = category_colours(np.array(overview.categories))
        colours = [QColor.fromRgbF(*known[name]) for name in overview.categories]
        borders = np.flatnonzero((np.diff(below) != 0) | (np.diff(above) != 0)) + 1
        metrics, half = QFontMetricsF(painter.font()), frame.height() / 2 - 2
        for begin, end in zip([0, *borders], [*borders, len(below)], strict=True):
            left, right = self.x_of(float(overview.edges[begin])), self.x_of(float(overview.edges[end]))
            width, upper, lower = max(right - left, 1.0), int(above[begin]), int(below[begin])
            painter.fillRect(QRectF(left, frame.top() + 2, width, half), colours[upper])
            painter.fillRect(QRectF(left, frame.center().y(), width, half), colours[lower])
            word = overview.categories[lower]
            if upper == lower and metrics.horizontalAdvance(word) + 6 < width:
                is_light = colours[lower].lightnessF() > 0.45
                painter.setPen(QColor("black") if is_light else QColor("white"))
                place = QRectF(left, frame.top(), width, frame.height())
                painter.drawText(place, Qt.AlignmentFlag.AlignCenter, word)
        painter.setPen(text)


def _paint_dots(
    painter: QPainter,
    frame: QRectF,
    x: np.ndarray,
    y: np.ndarray,
    limits: tuple[float, float],
    colour: QColor,
) -> None:
    lowest, highest = limits
    painter.setPen(QPen(colour, 2))
    for place, value in zip(np.tile(x, 2).tolist(), y.tolist(), strict=True):
        if value == value:
            height = (value - lowest) / (highest - lowest) * frame.height()
            painter.drawPoint(QPointF(place, frame.bottom() - height))


def _paint_values(
    painter: QPainter, frame: QRectF, limits: tuple[float, float], text: QColor, faint: QColor
) -> None:
    """Write a few values beside the curve."""
    metrics, (lowest, highest) = QFontMetricsF(painter.font()), limits
    for tick in ticks(lowest, highest, 2):
        y = frame.bottom() - (tick - lowest) / (highest - lowest) * frame.height()
        painter.setPen(QPen(faint, 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
        painter.setPen(text)
        label = f"{tick:g}"
        painter.drawText(QPointF(LEFT - 5 - metrics.horizontalAdvance(label), y + 4), label)
