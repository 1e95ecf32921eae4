"""The table of sessions: a row of facts each, with its position and firing rate as a small picture below."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QColor, QPainter
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from napari_unison.display.session_overview import Overview, session_overview
from napari_unison.sessions import Session
from napari_unison.widgets.time_plots import (
    POSITION_COLOUR,
    RATE_COLOUR,
    UNUSED,
    TimeRange,
    paint_band,
)
from napari_unison.workspace.time_ranges import recorded_range

COLUMNS = ("session", "neurons", "bins", "time (s)", "rate (Hz)")
HEADER_HELP = {
    "session": "Double-click, or F2, to rename. Alt+Up and Alt+Down move a session.",
    "bins": "Time bins that are used.",
    "time (s)": "Recorded time; where only a part is used, that part of it.",
    "rate (Hz)": "Mean over neurons and over the time that is used.",
}
TEXT_HEIGHT, STRIP_HEIGHT = 22, 24
#: Columns of a picture, however wide the dock is.
STRIP_COLUMNS = 300
STRIP_HELP = "Below: position (blue) and mean rate (orange) over the whole session; what is not used is dim."


class SessionTable(QTableWidget):
    """One row a session; the name can be edited."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(COLUMNS), parent)
        self.setHorizontalHeaderLabels(COLUMNS)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setAccessibleName("sessions")
        self.setToolTip("Select a session to see it below; a double click on its name renames it.")
        header = self.horizontalHeader()
        if header is not None:
            header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
            header.setMinimumSectionSize(36)
        for column, name in enumerate(COLUMNS):
            item = self.horizontalHeaderItem(column)
            if item is not None:
                item.setToolTip(HEADER_HELP.get(name, ""))
        numbers = self.verticalHeader()
        if numbers is not None:
            numbers.setVisible(False)
            numbers.setDefaultSectionSize(TEXT_HEIGHT + STRIP_HEIGHT)
        self._sessions: list[tuple[Session, Session]] = []
        self._overviews: dict[str, tuple[Session, Overview]] = {}

    def show_sessions(self, sessions: list[Session], used: list[Session]) -> None:
        """Fill the table.

        Parameters
        ----------
        sessions, used : list of Session
            The sessions, and the part of each that the next training uses.
        """
        self._sessions = list(zip(sessions, used, strict=True))
        known = self._overviews
        self._overviews = {}
        for session in sessions:
            before = known.get(session.name)
            if before is None or before[0] is not session:
                before = session, session_overview(session, STRIP_COLUMNS)
            self._overviews[session.name] = before
        self.blockSignals(True)
        self.setRowCount(len(sessions))
        for row, (session, part) in enumerate(self._sessions):
            for column, text in enumerate(describe(session, part)):
                # the same items as before: one may be telling just now that it was edited
                item = self.item(row, column) or self._new_item(row, column)
                item.setText(text)
                place = Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
                item.setTextAlignment(place | Qt.AlignmentFlag.AlignTop)
                item.setToolTip(self._help(session, part))
        self.blockSignals(False)
        # as many rows as there is room for are seen at once; the rest scrolls
        row = TEXT_HEIGHT + STRIP_HEIGHT
        self.setMinimumHeight(28 + 2 * row)
        self.setMaximumHeight(28 + row * min(max(len(sessions), 2), 4))

    def _new_item(self, row: int, column: int) -> QTableWidgetItem:
        item = QTableWidgetItem()
        if column > 0:
            item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
        self.setItem(row, column, item)
        return item

    @staticmethod
    def _help(session: Session, part: Session) -> str:
        facts = session.name if part is session else f"{session.name}: {part_in_words(session, part)}"
        labels = [label_text(session, name) for name in session.labels]
        return "\n".join([facts, *labels, STRIP_HELP])

    def chosen_rows(self) -> list[int]:
        """Return the selected rows, from top to bottom."""
        return sorted({item.row() for item in self.selectedItems()})

    def paintEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Paint the cells, then the picture of each row across all of them."""
        super().paintEvent(event)
        viewport = self.viewport()
        if viewport is None:
            return
        painter = QPainter(viewport)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for row, (session, part) in enumerate(self._sessions):
            top = self.rowViewportPosition(row) + TEXT_HEIGHT
            if -STRIP_HEIGHT < top < viewport.height():
                frame = QRectF(4.0, top, viewport.width() - 8.0, STRIP_HEIGHT - 5.0)
                used = None if part is session else recorded_range(part)
                self._paint_strip(painter, frame, self._overviews[session.name][1], used)

    def _paint_strip(
        self, painter: QPainter, frame: QRectF, overview: Overview, used: TimeRange | None
    ) -> None:
        """Paint position and rate over the whole session; what is not used is dim."""
        start, stop = float(overview.edges[0]), float(overview.edges[-1])
        middle = (overview.edges[:-1] + overview.edges[1:]) / 2
        x = frame.left() + (middle - start) / (stop - start) * frame.width()
        if overview.label and np.isfinite(overview.lowest).any():
            limits = float(np.nanmin(overview.lowest)), float(np.nanmax(overview.highest))
            if limits[1] > limits[0]:
                colour = QColor(POSITION_COLOUR)
                colour.setAlphaF(0.75)
                paint_band(painter, frame, x, overview.lowest, overview.highest, limits, colour)
        highest = float(overview.rate.max())
        if highest > 0:
            # over the lower half: it lies on the position
            below = QRectF(frame.left(), frame.center().y(), frame.width(), frame.height() / 2)
            rate = overview.rate
            paint_band(painter, below, x, rate, rate, (0.0, highest), QColor(RATE_COLOUR))
        if used is not None:
            veil = self.palette().color(self.palette().ColorRole.Base)
            veil.setAlphaF(UNUSED)
            for begin, end in ((start, used[0]), (used[1], stop)):
                left, right = (
                    frame.left() + (time - start) / (stop - start) * frame.width() for time in (begin, end)
                )
                if right > left:
                    painter.fillRect(QRectF(left, frame.top(), right - left, frame.height()), veil)


def describe(session: Session, used: Session | None = None) -> tuple[str, ...]:
    """Return a session's row of the table, in the order of ``COLUMNS``, with the part that is used."""
    used = used or session
    duration = f"{session.duration:,.0f}"
    return (
        session.name,
        str(session.n_neurons),
        f"{used.n_bins:,}",
        duration if used is session else f"{used.duration:,.0f}/{duration}",
        f"{used.rate().mean():.2f}",
    )


def part_in_words(session: Session, used: Session) -> str:
    """Say which part of a session is used."""
    start, stop = recorded_range(used)
    return f"{start:g} to {stop:g} s are used, {used.n_bins:,} of {session.n_bins:,} bins"


def label_text(session: Session, name: str) -> str:
    """Say what a label of a session holds: its kind, and its values."""
    return f"{name} ({session.kinds[name]}): {values_text([session], name)}"


def values_text(sessions: list[Session], name: str) -> str:
    """Return the values of a label over sessions: its range with the unit, or its categories."""
    values = [session.labels[name] for session in sessions]
    if sessions[0].kinds[name] == "discrete":
        categories = sorted({str(one) for array in values for one in np.unique(array)})
        more = f", … ({len(categories)})" if len(categories) > 4 else ""
        return ", ".join(categories[:4]) + more
    lowest = min(float(np.nanmin(array)) for array in values)
    highest = max(float(np.nanmax(array)) for array in values)
    unit = sessions[0].units[name]
    return f"{lowest:.3g} to {highest:.3g}{' ' if unit else ''}{unit}"
