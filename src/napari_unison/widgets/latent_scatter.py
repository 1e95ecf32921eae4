"""R² of every latent as a scatter to click on, painted by Qt."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.ticker import MaxNLocator
from qtpy.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QColor, QFontMetricsF, QPainter, QPen
from qtpy.QtWidgets import QToolTip, QWidget

from napari_unison.display.latent_points import LatentPoints

LEFT, RIGHT, TOP, BOTTOM = 48.0, 12.0, 44.0, 34.0
#: R² below this are drawn at the edge, as rings: a few useless latents would squeeze all others together.
LOWEST = -0.3
#: Farthest from a point that a click or the pointer means it (pixels).
REACH = 10.0
POINT, RING = 3.6, 7.0
POINT_COLOUR, CHOSEN_COLOUR = "#4fc3f7", "#ffb74d"
HELP = (
    "Each point is a latent. Click one, or walk with the arrow keys and press Enter: it becomes an axis of "
    "the picture and a trace. Scores come from inside the training part: for choosing latents, not results."
)
#: Height (pixels) by itself, and where scores below it need the room.
HEIGHT, LOW_HEIGHT = 232, 160


class LatentScatter(QWidget):
    """One point a latent, at its R² for two labels; a click chooses it.

    The arrow keys walk from latent to latent by number, Enter chooses the one that is reached.
    """

    chosen = Signal(int)
    """Emitted with the latent (counted from 0) that was clicked or confirmed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.points: LatentPoints | None = None
        self.latent: int | None = None
        self.reached: int | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(HEIGHT)
        self.setAccessibleName("R² of each latent")
        self.setAccessibleDescription(HELP)

    def set_points(self, points: LatentPoints | None, latent: int | None) -> None:
        """Draw other points, and mark the chosen latent; without points there is nothing to be seen."""
        if points is not self.points:
            self.reached = None
        self.points, self.latent = points, latent
        self.setVisible(points is not None)
        self.update()

    def set_low(self, is_low: bool) -> None:
        """Leave room for what stands below."""
        self.setFixedHeight(LOW_HEIGHT if is_low else HEIGHT)

    # -- where things are ------------------------------------------------------------------------------

    def frame(self) -> QRectF:
        """Return the place of the axes (pixels)."""
        return QRectF(LEFT, TOP, self.width() - LEFT - RIGHT, self.height() - TOP - BOTTOM)

    def limits(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return lower and upper end of both axes."""
        points = self.points
        if points is None:
            return (0.0, 1.0), (0.0, 1.0)
        across = (0.0, len(points.x) + 1.0) if points.is_strip else _score_limits(points.x)
        return across, _score_limits(points.y)

    def places(self) -> npt.NDArray[np.float64]:
        """Return where the latents are drawn (pixels), (D, 2); NaN where there is no score."""
        points = self.points
        if points is None:
            return np.empty((0, 2))
        (x0, x1), (y0, y1) = self.limits()
        frame = self.frame()
        x = np.maximum(points.x, x0)
        y = np.maximum(points.y, y0)
        return np.column_stack(
            [
                frame.left() + (x - x0) / (x1 - x0) * frame.width(),
                frame.bottom() - (y - y0) / (y1 - y0) * frame.height(),
            ]
        )

    def latent_at(self, place: QPointF) -> int | None:
        """Return the latent (counted from 0) that is drawn nearest to a place, if it is near enough."""
        places = self.places()
        distance = np.hypot(places[:, 0] - place.x(), places[:, 1] - place.y())
        distance[np.isnan(distance)] = np.inf
        if not len(distance) or distance.min() > REACH:
            return None
        return int(distance.argmin())

    # -- mouse and keyboard ----------------------------------------------------------------------------

    def mousePressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Choose the latent under the pointer."""
        latent = self.latent_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and latent is not None:
            self._reach(latent)
            self.chosen.emit(latent)

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Walk from latent to latent, and choose."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Down: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: 1}
        if self.points is not None and event.key() in steps:
            start = self.latent if self.reached is None else self.reached
            step = steps[event.key()]
            self._reach(((-1 if step > 0 else 0) if start is None else start) + step)
        elif (
            event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
            and self.reached is not None
        ):
            self.chosen.emit(self.reached)
        else:
            super().keyPressEvent(event)

    def _reach(self, latent: int) -> None:
        if self.points is None:
            return
        self.reached = latent % len(self.points.x)
        self.setAccessibleDescription(self.points.in_words(self.reached))
        self.update()

    def event(self, event: Any) -> bool:
        """Tell number and scores of the latent under the pointer."""
        if event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.tip_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def tip_at(self, place: QPointF) -> str:
        """Return what is told of a place."""
        latent = self.latent_at(place)
        if self.points is None:
            return ""
        if latent is None:
            return f"{HELP}\n{self.points.description}"
        return self.points.in_words(latent)

    # -- painting --------------------------------------------------------------------------------------

    def paintEvent(self, event: Any) -> None:  # noqa: N802, ARG002 - Qt's name
        """Paint title, axes and points."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text = self.palette().color(self.foregroundRole())
        points = self.points
        if points is None:
            return
        painter.setPen(text)
        painter.drawText(QPointF(4.0, 14.0), "R² of each latent by itself")
        painter.drawText(QPointF(4.0, 31.0), points.kind)
        font = painter.font()
        font.setPointSizeF(max(font.pointSizeF() * 0.85, 7.0))
        painter.setFont(font)
        self._paint_axes(painter, text, points)
        self._paint_points(painter, text, points)
        if self.hasFocus():
            outline = QColor(text)
            outline.setAlphaF(0.5)
            painter.setPen(QPen(outline, 1, Qt.PenStyle.DotLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    def _paint_axes(self, painter: QPainter, text: QColor, points: LatentPoints) -> None:
        frame, metrics = self.frame(), QFontMetricsF(painter.font())
        across, up = self.limits()
        faint = QColor(text)
        faint.setAlphaF(0.35)
        painter.setPen(QPen(faint, 1))
        painter.drawLine(frame.bottomLeft(), frame.bottomRight())
        painter.drawLine(frame.topLeft(), frame.bottomLeft())
        for tick in _ticks(up, 4):
            height = frame.bottom() - (tick - up[0]) / (up[1] - up[0]) * frame.height()
            self._paint_grid_line(
                painter, faint, QPointF(frame.left(), height), QPointF(frame.right(), height)
            )
            label = f"{tick:g}"
            painter.setPen(text)
            painter.drawText(QPointF(LEFT - 5 - metrics.horizontalAdvance(label), height + 4), label)
        for tick in _ticks(across, 5, whole=points.is_strip):
            place = frame.left() + (tick - across[0]) / (across[1] - across[0]) * frame.width()
            self._paint_grid_line(painter, faint, QPointF(place, frame.top()), QPointF(place, frame.bottom()))
            label = f"{tick:g}"
            painter.setPen(text)
            painter.drawText(
                QPointF(place - metrics.horizontalAdvance(label) / 2, frame.bottom() + 13), label
            )
        half = metrics.horizontalAdvance(points.across) / 2
        painter.drawText(QPointF(frame.center().x() - half, self.height() - 6.0), points.across)
        painter.save()
        painter.translate(12.0, frame.center().y() + metrics.horizontalAdvance(points.up) / 2)
        painter.rotate(-90)
        painter.drawText(QPointF(0, 0), points.up)
        painter.restore()

    def _paint_grid_line(self, painter: QPainter, faint: QColor, start: QPointF, end: QPointF) -> None:
        painter.setPen(QPen(faint, 1, Qt.PenStyle.DotLine))
        painter.drawLine(start, end)

    def _paint_points(self, painter: QPainter, text: QColor, points: LatentPoints) -> None:
        (x0, _), (y0, _) = self.limits()
        places = self.places()
        for latent, place in enumerate(places):
            if np.isnan(place).any():
                continue
            centre = QPointF(*place)
            is_chosen = latent == self.latent
            colour = QColor(CHOSEN_COLOUR if is_chosen else POINT_COLOUR)
            is_beyond = points.x[latent] < x0 or points.y[latent] < y0
            painter.setPen(QPen(colour, 1.3))
            painter.setBrush(Qt.BrushStyle.NoBrush if is_beyond else colour)
            painter.drawEllipse(centre, POINT, POINT)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            if is_chosen:
                painter.drawEllipse(centre, RING, RING)
            if latent == self.reached and self.hasFocus():
                painter.setPen(QPen(text, 1, Qt.PenStyle.DashLine))
                painter.drawEllipse(centre, RING + 3, RING + 3)
        painter.setPen(text)
        for latent, rect in self.number_places(QFontMetricsF(painter.font())).items():
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, str(latent + 1))

    def number_places(self, metrics: QFontMetricsF) -> dict[int, QRectF]:
        """Return where numbers of latents are written: beside their points, over no other number if possible.

        The chosen latent comes first, then the best ones: of the four corners around its point each takes
        the one that covers least.
        """
        if self.points is None:
            return {}
        places = self.places()
        others = [QRectF(x - POINT, y - POINT, 2 * POINT, 2 * POINT) for x, y in places if np.isfinite(x + y)]
        taken: dict[int, QRectF] = {}
        for latent in dict.fromkeys((self.latent, self.reached, *self.points.best)):
            if latent is None or np.isnan(places[latent]).any():
                continue
            x, y = places[latent]
            width, height = metrics.horizontalAdvance(str(latent + 1)) + 2, metrics.height() - 2
            corners = [
                QRectF(left, top, width, height)
                for top in (y - height, y)
                for left in (x + RING + 1, x - RING - 1 - width)
                if left >= 0 and left + width <= self.width()
            ]
            if corners:
                taken[latent] = min(
                    corners,
                    key=lambda corner: 10 * _covered(corner, taken.values()) + _covered(corner, others),
                )
        return taken


def _covered(rect: QRectF, others: Iterable[QRectF]) -> float:
    """Return how much of a rectangle lies under others (pixels²)."""
    common = [rect.intersected(other) for other in others if rect.intersects(other)]
    return sum(part.width() * part.height() for part in common)


def _score_limits(scores: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the ends of an axis of R²: from below 0, but not far below it, to 1."""
    known = scores[np.isfinite(scores)]
    lowest = float(known.min()) - 0.03 if len(known) else 0.0
    return max(LOWEST, min(lowest, -0.05)), 1.0


def _ticks(limits: tuple[float, float], count: int, *, whole: bool = False) -> list[float]:
    ticks = MaxNLocator(count, integer=whole).tick_values(*limits)
    shown = [float(round(tick, 10)) for tick in ticks if limits[0] <= tick <= limits[1]]
    return [tick for tick in shown if not whole or math.floor(tick) > 0]
