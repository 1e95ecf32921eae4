"""How the sessions look that a mapping makes: in words, as a raster, and each label over time."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_unison.display.label_overview import label_overview
from napari_unison.display.session_overview import session_raster
from napari_unison.sessions import Session
from napari_unison.widgets.importing.label_plot import LabelPlot
from napari_unison.widgets.listening import scrolled
from napari_unison.widgets.time_plots import RasterPlot
from napari_unison.widgets.wheel import WheelGuard, narrow
from napari_unison.workspace.time_ranges import recorded_range

COLUMNS = 500
SPANS = {"10 s": 10.0, "1 min": 60.0, "5 min": 300.0, "whole session": math.inf}
FIRST_SPAN = "1 min"
NOTHING_YET = "The preview is drawn once the mapping is complete."


class Preview(QWidget):
    """Draws the beginning of a session; the last valid one stays, dimmed, while something is wrong."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sessions: tuple[Session, ...] = ()
        self._words: tuple[str, ...] = ()
        self.plots: list[LabelPlot] = []
        self.session_choice, self.span = QComboBox(), QComboBox()
        self.session_choice.setToolTip("The sessions that the file gives.")
        self.session_choice.setAccessibleName("session that is drawn")
        self.span.addItems(list(SPANS))
        self.span.setCurrentText(FIRST_SPAN)
        self.span.setToolTip("How much of the session is drawn, from its beginning.")
        self.span.setAccessibleName("time that is drawn")
        narrow(self.session_choice)
        self.summary = QLabel(NOTHING_YET)
        self.summary.setWordWrap(True)
        self.summary.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.summary.setAccessibleName("the session in words")
        self.raster = RasterPlot()
        self._lay_out()
        self.session_choice.activated.connect(self._draw)
        self.span.activated.connect(self._draw)
        WheelGuard(self)
        self.show_sessions(())

    def _lay_out(self) -> None:
        choices = QHBoxLayout()
        choices.addWidget(self.session_choice, 2)
        choices.addWidget(QLabel("first"))
        choices.addWidget(self.span, 1)
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self.raster)
        self._column.addStretch(1)
        self.plots_area = scrolled(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.summary)
        self.choices = QWidget()
        self.choices.setLayout(choices)
        choices.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.choices)
        layout.addWidget(self.plots_area, 1)

    def show_sessions(self, sessions: Sequence[Session], words: Sequence[str] = (NOTHING_YET,)) -> None:
        """Draw other sessions, and say what they are in words; without any, say why."""
        before = self.session_choice.currentText()
        self.sessions, self._words = tuple(sessions), tuple(words)
        self.session_choice.clear()
        self.session_choice.addItems([session.name for session in sessions])
        self.session_choice.setCurrentIndex(max(self.session_choice.findText(before), 0))
        self.session_choice.setVisible(len(sessions) > 1)
        self.choices.setVisible(bool(sessions))
        self.plots_area.setVisible(bool(sessions))
        if not sessions:
            self.summary.setText(words[0])
        self._draw()

    def _draw(self) -> None:
        if not self.sessions:
            return
        number = max(self.session_choice.currentIndex(), 0)
        session = self.sessions[number]
        self.summary.setText(self._words[number])
        first, last = recorded_range(session)
        shown = first, min(first + SPANS[self.span.currentText()], last)
        raster = session_raster(session, COLUMNS, *shown)
        self.raster.show_raster(raster, shown, f"activity of {session.n_neurons} neurons")
        while len(self.plots) > len(session.labels):
            gone = self.plots.pop()
            self._column.removeWidget(gone)
            gone.deleteLater()
        while len(self.plots) < len(session.labels):
            self.plots.append(LabelPlot())
            self._column.insertWidget(len(self.plots), self.plots[-1])
        for plot, name in zip(self.plots, session.labels, strict=True):
            plot.show_label(label_overview(session, name, COLUMNS, *shown), shown)
