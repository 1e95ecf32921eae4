"""Scores as a table, a session at a time, with what they say in words, to copy and to export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QGuiApplication, QKeySequence
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QShortcut,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_unison.analysis.meanings import DECODING
from napari_unison.display.score_sheets import Scores, ScoreSheet, SheetRow
from napari_unison.widgets.messages import Message
from napari_unison.workspace.decoding import frame_of, sheets_of
from napari_unison.workspace.run_scores import RunScores

#: Share of the text's colour that rows keep which are no decoding.
MUTED = 0.62
#: Between two rows (pixels).
ROOM = 4


class ScoreTable(QWidget):
    """A table of methods and measures, with a chooser of the session and the words below.

    Parameters
    ----------
    what : str
        What a row is.
    parent : QWidget, optional
        Qt's parent.
    """

    def __init__(self, what: str = "method", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._what = what
        self._scores: Scores | RunScores | None = None
        self._sheets: list[ScoreSheet] = []
        self.session = QComboBox()
        self.session.setToolTip("Whose scores are shown")
        self.session.setAccessibleName("session of the table")
        self.table = self._new_table()
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.copy_button = QPushButton("Copy")
        self.copy_button.setToolTip(
            "Copy this session's table, with its sentences, to the clipboard (Ctrl+C)."
        )
        self.export_button = QPushButton("Export…")
        self.export_button.setToolTip("Save the numbers of all sessions as a table (.csv).")
        self.message = Message()
        self._lay_out()
        self.session.currentIndexChanged.connect(self._show_sheet)
        self.copy_button.clicked.connect(self.copy)
        self.export_button.clicked.connect(self._choose_file)
        shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self.table)
        shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
        shortcut.activated.connect(self.copy)
        self.set_scores(None)

    def _new_table(self) -> QTableWidget:
        table = QTableWidget(0, 1)
        table.setAccessibleName("scores")
        table.setToolTip("Scores with their intervals; a row says under the pointer what it means.")
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setTabKeyNavigation(False)
        table.setWordWrap(True)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        font = table.font()
        font.setPointSizeF(max(font.pointSizeF() * 0.85, 7.0))
        table.setFont(font)
        across, down = table.horizontalHeader(), table.verticalHeader()
        if across is not None and down is not None:
            across.setFont(font)
            across.setMinimumSectionSize(40)
            down.hide()
        return table

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.session, 1)
        top.addWidget(self.copy_button)
        top.addWidget(self.export_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(top)
        for widget in (self.table, self.words, self.message):
            layout.addWidget(widget)

    # -- what is shown ---------------------------------------------------------------------------------

    def set_scores(self, scores: Scores | RunScores | None) -> None:
        """Show other scores, of the session that was chosen before if they have it; None hides all."""
        if scores is not None and scores is self._scores:
            return
        self._scores = scores
        self._sheets = [] if scores is None else sheets_of(scores)
        chosen = self.session.currentText()
        names = [sheet.session for sheet in self._sheets]
        self.session.blockSignals(True)
        self.session.clear()
        self.session.addItems(names)
        self.session.setCurrentIndex(names.index(chosen) if chosen in names else 0)
        self.session.blockSignals(False)
        self.setVisible(scores is not None)
        self.message.show_note("")
        self._show_sheet()

    @property
    def sheet(self) -> ScoreSheet | None:
        """The sheet that is shown."""
        index = self.session.currentIndex()
        return self._sheets[index] if 0 <= index < len(self._sheets) else None

    def _show_sheet(self) -> None:
        sheet = self.sheet
        self.table.clearSpans()
        self.table.setRowCount(0)
        if sheet is None:
            self.words.setText("")
            return
        self.table.setColumnCount(1 + len(sheet.columns))
        # Narrow numbers leave room for the names of methods.
        titles = [title.replace(" error", "\nerror") for title in sheet.columns]
        self.table.setHorizontalHeaderLabels([self._what, *titles])
        for section in sheet.sections:
            self._add_heading(section.title)
            for row in section.rows:
                self._add_row(row)
        self.words.setText("\n".join(f"• {sentence}" for sentence in sheet.words))
        self._fit()

    def _add_heading(self, title: str) -> None:
        place = self.table.rowCount()
        self.table.insertRow(place)
        item = QTableWidgetItem(title)
        font = item.font()
        font.setBold(True)
        item.setFont(font)
        item.setToolTip(title)
        self.table.setItem(place, 0, item)
        self.table.setSpan(place, 0, 1, self.table.columnCount())

    def _add_row(self, row: SheetRow) -> None:
        place = self.table.rowCount()
        self.table.insertRow(place)
        for column, text in enumerate((row.name, *row.cells)):
            item = QTableWidgetItem(text)
            if column:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            if row.meaning != DECODING:
                font = item.font()
                font.setItalic(True)
                item.setFont(font)
                colour = self.palette().color(self.foregroundRole())
                colour.setAlphaF(MUTED)
                item.setForeground(colour)
            item.setToolTip(f"{row.name}: {row.meaning}")
            self.table.setItem(place, column, item)

    def _fit(self) -> None:
        """Make the table as high as its rows: what scrolls is the dock."""
        header, bar = self.table.horizontalHeader(), self.table.horizontalScrollBar()
        if header is None or bar is None:
            return
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.resizeRowsToContents()
        for row in range(self.table.rowCount()):
            self.table.setRowHeight(row, self.table.rowHeight(row) + ROOM)
        rows = sum(self.table.rowHeight(row) for row in range(self.table.rowCount()))
        self.table.setFixedHeight(rows + header.sizeHint().height() + bar.sizeHint().height() + 4)

    def resizeEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Wrap names anew."""
        super().resizeEvent(event)
        if self._sheets:
            self._fit()

    def changeEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Write what is muted in the colour of another theme."""
        super().changeEvent(event)
        # Qt may tell of a style while the base class is being made.
        if event.type() == QEvent.Type.StyleChange and getattr(self, "_sheets", None):
            self._show_sheet()

    # -- copy and export -------------------------------------------------------------------------------

    def copy(self) -> None:
        """Copy the sheet that is shown to the clipboard, with tabs between its columns."""
        sheet, scores = self.sheet, self._scores
        clipboard = QGuiApplication.clipboard()
        if sheet is None or scores is None or clipboard is None:
            return
        clipboard.setText(f"{scores.title}\n{sheet.to_text()}")
        self.message.show_note(f"Copied the table of {sheet.session}.")

    def _choose_file(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Export the scores", "scores.csv", "Tables (*.csv)")
        if name:
            self.export(Path(name))

    def export(self, path: Path) -> None:
        """Write the numbers of all sessions as a table."""
        if self._scores is None:
            return
        path = path if path.suffix else path.with_suffix(".csv")
        try:
            frame_of(self._scores).to_csv(path, index=False)
        except OSError as error:
            self.message.show_error(f"The table was not written. {error}")
        else:
            self.message.show_note(f"Written: {path}.")
