"""Where each session has been, as one strip a session: what behaviour they share, at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QEvent, QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QFontMetricsF, QPainter, QPen
from qtpy.QtWidgets import QToolTip, QWidget

from napari_unison.display.palettes import colour_map
from napari_unison.display.roles import with_unit
from napari_unison.widgets.line_plot import small_font, ticks

if TYPE_CHECKING:
    from napari_unison.analysis import BehaviourOverlap
    from napari_unison.analysis.behaviour_overlap import Coverage

ROW, GAP, TOP, BOTTOM, RIGHT = 14.0, 3.0, 18.0, 34.0, 10.0
MOST_NAME_WIDTH = 84.0
MOST_SESSIONS = 24
HELP = "One strip a session: the brighter, the more time there. Empty places were never visited."


class CoveragePlot(QWidget):
    """Time at each place for each session, one panel a direction; nothing without places."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.coverage: Coverage | None = None
        self.names: tuple[str, ...] = ()
        self._result: BehaviourOverlap | None = None
        self.setAccessibleName("time at each place, by session")
        self.setToolTip(HELP)
        self.hide()

    def show_overlap(self, result: BehaviourOverlap | None) -> None:
        """Draw the coverage of other sessions, or nothing."""
        self._result = result
        self.coverage = None if result is None else result.coverage
        self.names = () if result is None else result.names[:MOST_SESSIONS]
        self.setFixedHeight(round(TOP + (ROW + GAP) * len(self.names) + BOTTOM))
        self.setVisible(self.coverage is not None)
        self.update()

    def panels(self) -> list[QRectF]:
        """Return the place of each direction's panel (pixels)."""
        if self.coverage is None:
            return []
        metrics = QFontMetricsF(small_font(self.font()))
        names = max((metrics.horizontalAdvance(name) for name in self.names), default=0.0)
        left = min(names, MOST_NAME_WIDTH) + 8
        count = len(self.coverage.categories)
        width = max((self.width() - left - RIGHT - 10.0 * (count - 1)) / count, 1.0)
        height = (ROW + GAP) * len(self.names)
        return [QRectF(left + number * (width + 10.0), TOP, width, height) for number in range(count)]

    def paintEvent(self, event: Any) -> None:  # noqa: N802, ARG002 - Qt's name
        """Paint names, strips and the axis of each panel."""
        coverage = self.coverage
        if coverage is None:
            return
        painter = QPainter(self)
        painter.setFont(small_font(painter.font()))
        text = self.palette().color(self.foregroundRole())
        metrics = QFontMetricsF(painter.font())
        panels = self.panels()
        painter.setPen(text)
        for row, name in enumerate(self.names):
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, panels[0].left() - 8)
            x = panels[0].left() - 6 - metrics.horizontalAdvance(shown)
            painter.drawText(QPointF(x, TOP + row * (ROW + GAP) + ROW - 3), shown)
        for number, panel in enumerate(panels):
            self._paint_panel(painter, panel, coverage, number, text)

    def _paint_panel(
        self, painter: QPainter, panel: QRectF, coverage: Coverage, number: int, text: QColor
    ) -> None:
        seconds = coverage.seconds[: len(self.names), number]
        # each session by its own time: long ones would make short ones look unvisited
        most = np.maximum(coverage.seconds[: len(self.names)].max(axis=(1, 2)), 1e-9)
        shades = colour_map("viridis", on_dark=True)
        width = panel.width() / seconds.shape[1]
        faint = QColor(text)
        faint.setAlphaF(0.3)
        for row, times in enumerate(seconds):
            top = panel.top() + row * (ROW + GAP)
            for number_of_place, time in enumerate(times.tolist()):
                if time > 0:
                    share = 0.25 + 0.75 * np.sqrt(time / most[row])
                    rgb = shades[int(share * (len(shades) - 1))][:3]
                    colour = QColor.fromRgbF(*(float(value) for value in rgb))
                    painter.fillRect(
                        QRectF(panel.left() + number_of_place * width, top, width + 0.5, ROW), colour
                    )
            painter.setPen(QPen(faint, 1))
            painter.drawRect(QRectF(panel.left(), top, panel.width(), ROW))
        metrics = QFontMetricsF(painter.font())
        painter.setPen(text)
        category = coverage.categories[number]
        if category:
            painter.drawText(QPointF(panel.left(), 12.0), category)
        lowest, highest = float(coverage.edges[0]), float(coverage.edges[-1])
        for tick in ticks(lowest, highest, max(2, int(panel.width() // 60))):
            x = panel.left() + (tick - lowest) / (highest - lowest) * panel.width()
            label = f"{tick:g}"
            half = metrics.horizontalAdvance(label) / 2
            place = min(max(x - half, panel.left()), panel.right() - 2 * half)
            painter.drawText(QPointF(place, panel.bottom() + 12), label)
        title = with_unit(coverage.label, coverage.unit)
        x = panel.center().x() - metrics.horizontalAdvance(title) / 2
        painter.drawText(QPointF(x, panel.bottom() + 26), title)

    def event(self, event: Any) -> bool:
        """Tell what a strip is about where the pointer rests."""
        if event.type() == QEvent.Type.ToolTip and self._result is not None:
            row = int((event.pos().y() - TOP) // (ROW + GAP))
            if 0 <= row < len(self.names):
                QToolTip.showText(event.globalPos(), f"{self.row_text(row)}\n{HELP}", self)
                return True
        return super().event(event)

    def row_text(self, row: int) -> str:
        """Say with whom a session shares its behaviour."""
        result = self._result
        if result is None:
            return ""
        shares = [
            f"{share:.0%} have a near partner in {other}"
            for other, share in zip(result.names, result.overlap.share[row], strict=True)
            if other != self.names[row]
        ]
        return "\n".join([f"Of the bins of {self.names[row]}:", *shares])
