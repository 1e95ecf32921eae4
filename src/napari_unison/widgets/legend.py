"""The legend: what the colours of the points mean, painted by Qt, in the dock and on the canvas."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_unison.display import ColourBar, Legend, Swatch

WIDTH, BAR, SWATCH, ROW, PAD = 190.0, 12.0, 12.0, 18.0, 8.0
#: Between the legend and the edges of the canvas.
MARGIN = 10
#: Height of letters and lines of the title in the canvas, as napari draws them (pixels).
TITLE_LETTERS, TITLE_LINE = 16, 21
#: The session legend of a large study would fill the canvas.
MOST_SWATCHES = 12


class LegendWidget(QWidget):
    """Paints a legend's colour bars, with their limits and units, and its swatches."""

    def __init__(self, parent: QWidget | None = None, *, background: str | None = None) -> None:
        super().__init__(parent)
        self.legend: Legend | None = None
        self._background = background
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def set_legend(self, legend: Legend | None) -> None:
        """Show another legend; None shows nothing."""
        self.legend = legend
        self.setVisible(legend is not None)
        self.setFixedHeight(self.sizeHint().height())
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Tell the room that the legend needs."""
        return QSize(int(WIDTH + 2 * PAD), int(self._height()))

    def _height(self) -> float:
        if self.legend is None:
            return 0.0
        bars = len(self.legend.bars) * (2 * ROW + BAR)
        swatches = len(self.legend.swatches)
        return PAD * 2 + ROW + bars + ROW * min(swatches, MOST_SWATCHES + 1)

    def paintEvent(self, event: Any) -> None:  # noqa: N802, ARG002 - Qt's name
        """Paint title and entries from top to bottom."""
        if self.legend is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text = self.palette().color(self.foregroundRole())
        if self._background is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._background))
            painter.drawRoundedRect(QRectF(self.rect()), 6, 6)
            text = QColor("#f0f1f2")
        font = painter.font()
        font.setPointSizeF(9.0)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(text)
        top = PAD
        painter.drawText(QPointF(PAD, top + 12), self.legend.title)
        top += ROW
        font.setBold(False)
        painter.setFont(font)
        for bar in self.legend.bars:
            top = self._paint_bar(painter, bar, top)
        top = self._paint_swatches(painter, self.legend.swatches, top)

    def _paint_bar(self, painter: QPainter, bar: ColourBar, top: float) -> float:
        painter.drawText(QPointF(PAD, top + 12), bar.text)
        width = min(WIDTH, self.width() - 2 * PAD)
        painter.drawImage(QRectF(PAD, top + ROW, width, BAR), _bar_image(bar))
        metrics = QFontMetricsF(painter.font())
        for share, label in zip((0.0, 0.5, 1.0), bar_labels(bar), strict=True):
            place = PAD + share * (width - metrics.horizontalAdvance(label))
            painter.drawText(QPointF(place, top + ROW + BAR + 13), label)
        return top + 2 * ROW + BAR

    def _paint_swatches(self, painter: QPainter, swatches: tuple[Swatch, ...], top: float) -> float:
        pen = painter.pen()
        for swatch in swatches[:MOST_SWATCHES]:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor.fromRgbF(*[float(channel) for channel in swatch.colour]))
            painter.drawRoundedRect(QRectF(PAD, top + 2, SWATCH, SWATCH), 3, 3)
            painter.setPen(pen)
            metrics = QFontMetricsF(painter.font())
            room = self.width() - 2 * PAD - SWATCH - 6
            name = metrics.elidedText(swatch.name, Qt.TextElideMode.ElideMiddle, room)
            painter.drawText(QPointF(PAD + SWATCH + 6, top + 12), name)
            top += ROW
        if len(swatches) > MOST_SWATCHES:
            painter.drawText(QPointF(PAD, top + 12), f"and {len(swatches) - MOST_SWATCHES} more")
            top += ROW
        return top


def bar_labels(bar: ColourBar) -> tuple[str, str, str]:
    """Return what is written at the lower end, the middle and the upper end of a colour bar."""
    lower, upper = bar.limits
    if bar.is_circular and (lower, upper) == (0.0, 2 * np.pi):
        return "0", "π", "2π"
    return value_text(lower), value_text((lower + upper) / 2), value_text(upper)


def value_text(value: float) -> str:
    """Write a limit of a colour bar in few characters."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2g}"


def _bar_image(bar: ColourBar) -> QImage:
    pixels = np.ascontiguousarray(np.round(bar.colours[None, :, :] * 255).astype(np.uint8))
    image = QImage(pixels.tobytes(), pixels.shape[1], 1, 4 * pixels.shape[1], QImage.Format.Format_RGBA8888)
    return image.copy()


class CanvasLegend(LegendWidget):
    """The legend in a right corner of the canvas; clicks go through it.

    It is the upper one, for napari's notifications come up in the lower one; in a grid the lower one, where a
    cell is often empty. It leaves the lines of the title free where the canvas is too narrow for both.
    """

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas, background="#b0262930")
        self._owners = 0
        self._is_low = False
        self._title = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        canvas.installEventFilter(self)
        self.set_legend(None)

    @classmethod
    def on(cls, canvas: QWidget, owner: QWidget) -> CanvasLegend:
        """Return the one legend of a canvas, for as long as one of its owners lives."""
        legend = canvas.findChild(cls) or cls(canvas)
        legend.belong_to(owner)
        return legend

    def belong_to(self, owner: QWidget) -> None:
        """Take another owner; when the last one is deleted, so is the legend."""
        self._owners += 1
        owner.destroyed.connect(self._lose_owner)

    def _lose_owner(self) -> None:
        self._owners -= 1
        if not self._owners:
            self.hide()
            self.deleteLater()

    def set_legend(self, legend: Legend | None, *, is_low: bool = False, title: str = "") -> None:
        """Show another legend, in the upper or the lower corner, beside the canvas' title."""
        self._is_low, self._title = is_low, title
        super().set_legend(legend)
        self.resize(self.sizeHint())
        self._place()
        self.raise_()

    def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802, ARG002 - Qt's name
        """Stay in the corner when the canvas changes its size."""
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _place(self) -> None:
        canvas = self.parentWidget()
        if canvas is None:
            return
        away = MARGIN + self._title_in_the_way(canvas.width())
        top = canvas.height() - self.height() - away if self._is_low else away
        self.move(canvas.width() - self.width() - MARGIN, top)

    def _title_in_the_way(self, width: int) -> int:
        """Return the height (pixels) of the title where a canvas is too narrow for it and the legend."""
        font = QFont(self.font())
        font.setPixelSize(TITLE_LETTERS)
        lines = self._title.splitlines()
        longest = max(map(QFontMetricsF(font).horizontalAdvance, lines), default=0.0)
        if longest + self.width() + 3 * MARGIN <= width:
            return 0
        return TITLE_LINE * len(lines)
