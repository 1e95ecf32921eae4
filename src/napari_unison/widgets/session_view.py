"""The selected session: its position with the part that is used, and its raster."""

from __future__ import annotations

import math

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QScrollBar, QVBoxLayout, QWidget

from napari_unison.display.session_overview import place_field_order, session_overview, session_raster
from napari_unison.sessions import Session
from napari_unison.widgets.listening import WorkspaceWidget
from napari_unison.widgets.time_plots import LEFT, RIGHT, PositionPlot, RasterPlot, TimeRange
from napari_unison.widgets.time_range import TimeRangeRow
from napari_unison.widgets.wheel import WheelGuard, narrow
from napari_unison.workspace.state import Workspace
from napari_unison.workspace.time_ranges import recorded_range

AS_RECORDED, BY_FIELD = "as recorded", "by place field"
#: Shown at a time by the raster (s); infinity is all of the session.
SPANS = {"10 s": 10.0, "30 s": 30.0, "2 min": 120.0, "10 min": 600.0, "whole session": math.inf}
FIRST_SPAN = "30 s"
COLUMNS = 600
ORDER_HELP = (
    "Rows of the raster. By place field: neurons that fire most in the first direction, along the track, "
    "then those of the other direction."
)
RASTER_HELP = "Each neuron from silent to its own highest rate in this picture. Click to set the time cursor."
POSITION_HELP = "The position over the whole session. Click to bring the raster there, and the time cursor."
NOTHING_CHOSEN = "Select one session in the table to see it, and to use a part of its time."


class SessionView(WorkspaceWidget):
    """Position, used part and raster of the one session that is selected."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._session: Session | None = None
        self._order: np.ndarray | None = None
        self._make_widgets()
        self._lay_out()
        self.position.clicked.connect(self._go_to)
        self.raster.clicked.connect(self._set_cursor)
        self.order.currentTextChanged.connect(self._choose_order)
        self.span.currentTextChanged.connect(self._choose_span)
        self.time_bar.valueChanged.connect(self.update_raster)
        self.time_range.moved.connect(self._preview)
        events = workspace.events
        self.listen(events.time_ranges, self._show_used)
        self.listen(events.validation_share, self._show_used)
        self.listen(events.cursor, self._show_cursor)
        WheelGuard(self)
        self.show_session(None)

    def _make_widgets(self) -> None:
        self.hint = QLabel(NOTHING_CHOSEN)
        self.hint.setWordWrap(True)
        self.position = PositionPlot()
        self.position.setToolTip(POSITION_HELP)
        self.time_range = TimeRangeRow(self.workspace)
        self.order = QComboBox()
        self.order.addItems([AS_RECORDED, BY_FIELD])
        self.order.setToolTip(ORDER_HELP)
        self.span = QComboBox()
        narrow(self.order)
        narrow(self.span)
        self.span.addItems(list(SPANS))
        self.span.setCurrentText(FIRST_SPAN)
        self.span.setToolTip("How much time the raster shows at once.")
        self.raster = RasterPlot()
        self.raster.setToolTip(RASTER_HELP)
        self.time_bar = QScrollBar(Qt.Orientation.Horizontal)
        self.time_bar.setToolTip("Move the raster in time; with the keyboard, too: arrows, Page Up and Down.")
        self.time_bar.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.time_bar.setAccessibleName("time shown by the raster")

    def _lay_out(self) -> None:
        choices = QHBoxLayout()
        for widget, share in ((QLabel("raster"), 0), (self.order, 3), (self.span, 2)):
            choices.addWidget(widget, share)
        below = QHBoxLayout()
        below.setContentsMargins(round(LEFT), 0, round(RIGHT), 0)
        below.addWidget(self.time_bar)
        self.body = QWidget()
        inner = QVBoxLayout(self.body)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(self.position)
        inner.addWidget(self.time_range)
        inner.addLayout(choices)
        inner.addWidget(self.raster)
        inner.addLayout(below)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.hint)
        layout.addWidget(self.body)

    # -- which session ---------------------------------------------------------------------------------

    def show_session(self, session: Session | None) -> None:
        """Show a session; None where not exactly one is selected."""
        self.hint.setVisible(session is None)
        self.body.setVisible(session is not None)
        self.time_range.show_session(None if session is None else session.name)
        if session is self._session:
            return
        is_other = session is None or self._session is None or session.name != self._session.name
        self._session = session
        if session is None:
            self.position.show_overview(None)
            self.raster.show_raster(None, (0.0, 1.0), "")
            return
        self.position.show_overview(session_overview(session, COLUMNS))
        self._find_order()
        self._set_scroll(to=recorded_range(session)[0] if is_other else None)
        self._show_used()
        self._show_cursor(self.workspace.cursor)

    def _find_order(self) -> None:
        session = self._session
        order = None if session is None else place_field_order(session)
        self.order.setEnabled(order is not None)
        self.order.setToolTip(ORDER_HELP if order is not None else "There is no position to sort by.")
        self._order = order if self.order.currentText() == BY_FIELD else None

    # -- the used part ---------------------------------------------------------------------------------

    def _show_used(self) -> None:
        session = self._session
        if session is not None:
            whole = recorded_range(session)
            self._preview(*self.workspace.time_ranges.get(session.name, whole))

    def _preview(self, start: float, stop: float) -> None:
        """Show a part as used, which need not be chosen yet, and what of it will be held out."""
        share = self.workspace.validation_share
        self.position.show_used((start, stop), stop - share * (stop - start) if share else None)

    # -- the raster ------------------------------------------------------------------------------------

    def shown_range(self) -> TimeRange:
        """Return the time that the raster shows (s)."""
        session = self._session
        if session is None:
            return 0.0, 1.0
        first, last = recorded_range(session)
        width = min(SPANS[self.span.currentText()], last - first)
        start = min(first + self.time_bar.value() * session.bin_width, last - width)
        return start, start + width

    def update_raster(self) -> None:
        """Draw the raster of the time that is shown."""
        session = self._session
        if session is None:
            return
        shown = self.shown_range()
        raster = session_raster(session, COLUMNS, *shown, order=self._order)
        order = AS_RECORDED if self._order is None else BY_FIELD
        self.raster.show_raster(raster, shown, f"activity of {session.n_neurons} neurons, {order}")

    def _set_scroll(self, to: float | None = None) -> None:
        """Let the bar reach all of the session, and show a time (s), or the same as before."""
        session = self._session
        if session is None:
            return
        first, last = recorded_range(session)
        width = min(SPANS[self.span.currentText()], last - first)
        page = max(round(width / session.bin_width), 1)
        longest = max(round((last - first) / session.bin_width) - page, 0)
        value = self.time_bar.value() if to is None else round((to - first) / session.bin_width)
        self.time_bar.blockSignals(True)
        self.time_bar.setRange(0, longest)
        self.time_bar.setPageStep(page)
        self.time_bar.setSingleStep(max(page // 10, 1))
        self.time_bar.setValue(value)
        self.time_bar.blockSignals(False)
        self.time_bar.setEnabled(longest > 0)
        self.update_raster()

    def _choose_order(self) -> None:
        self._find_order()
        self.update_raster()

    def _choose_span(self) -> None:
        self._set_scroll()

    def _go_to(self, time: float) -> None:
        """Show the raster around a time (s), and set the cursor there."""
        start, stop = self.shown_range()
        self._set_scroll(to=time - (stop - start) / 2)
        self._set_cursor(time)

    def _set_cursor(self, time: float) -> None:
        if self._session is not None:
            self.workspace.cursor = (self._session.name, time)

    def _show_cursor(self, cursor: tuple[str, float] | None) -> None:
        session = self._session
        here = cursor is not None and session is not None and cursor[0] == session.name
        for plot in (self.position, self.raster):
            plot.set_cursor_time(cursor[1] if here and cursor is not None else None)
