"""During which intervals activity is used, and which of them by the value of a column."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from napari_unison.sessions.importing import Entry
from napari_unison.widgets.wheel import narrow

ALL_TIME, ALL_OF_THEM = "all of the time", "all of them"


class DuringFields(QWidget):
    """Intervals of the file; then a column of theirs and its value."""

    changed = Signal()
    """Emitted when a person has chosen something else."""

    values_wanted = Signal(str)
    """Emitted with intervals whose columns are to be offered: they have to be read for that."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._given: dict[str, str] = {}
        self._choices: dict[str, list[str]] = {}
        self.intervals, self.column, self.value = QComboBox(), QComboBox(), QComboBox()
        self.value.setEditable(True)
        self.between = QLabel("=")
        self.intervals.setToolTip("Time bins outside of these intervals are left out.")
        self.column.setToolTip("Only the intervals that have a certain value in this column.")
        self.value.setToolTip("The value that they have.")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        names = ("intervals", "column of the intervals", "value of the column")
        for field, name in zip((self.intervals, self.column, self.value), names, strict=True):
            narrow(field)
            field.setMinimumContentsLength(3)
            field.setAccessibleName(name)
            if field is self.value:
                layout.addWidget(self.between)
            layout.addWidget(field, 1)
        self.setFocusProxy(self.intervals)
        self.intervals.activated.connect(self._choose_intervals)
        self.column.activated.connect(self._choose_column)
        self.value.activated.connect(lambda _: self._choose_value())
        line = self.value.lineEdit()
        if line is not None:
            line.editingFinished.connect(self._choose_value)

    def show_during(self, path: str, values: Mapping[str, str], entries: Mapping[str, Entry]) -> None:
        """Show what a mapping says."""
        known = [one for one, entry in entries.items() if entry.kind == "intervals"]
        self.intervals.clear()
        self.intervals.addItems([ALL_TIME, *known, *([path] if path and path not in known else [])])
        self.intervals.setCurrentIndex(max(self.intervals.findText(path), 0) if path else 0)
        self._given, self._choices = dict(values), {}
        self._offer(list(entries[path].fields) if path in entries else [])

    def want_values(self) -> None:
        """Ask for the columns of the intervals that are chosen."""
        if self.path():
            self.values_wanted.emit(self.path())

    def offer_values(self, path: str, choices: Mapping[str, list[str]]) -> None:
        """Offer the columns of intervals that have been read, and their values."""
        if path != self.path():
            return
        self._choices = dict(choices)
        self._offer(list(choices))

    def path(self) -> str:
        """Return the intervals; empty for all of the time."""
        return self.intervals.currentText() if self.intervals.currentIndex() > 0 else ""

    def values(self) -> dict[str, str]:
        """Return which of the intervals: columns, and the value of each."""
        return dict(self._given) if self.path() else {}

    def _offer(self, columns: list[str]) -> None:
        column = next(iter(self._given), "")
        self.column.clear()
        self.column.addItems([ALL_OF_THEM, *columns])
        if column and column not in columns:
            self.column.addItem(column)
        self.column.setCurrentIndex(self.column.findText(column) if column else 0)
        self._offer_values()

    def _offer_values(self) -> None:
        column = self.column.currentText() if self.column.currentIndex() > 0 else ""
        self.value.clear()
        self.value.addItems(self._choices.get(column, []))
        self.value.setCurrentText(self._given.get(column, ""))
        self.column.setVisible(bool(self.path()))
        for field in (self.value, self.between):
            field.setVisible(bool(column))

    def _choose_intervals(self) -> None:
        self._given, self._choices = {}, {}
        self._offer([])
        self.want_values()
        self.changed.emit()

    def _choose_column(self) -> None:
        column = self.column.currentText() if self.column.currentIndex() > 0 else ""
        first = self._choices.get(column, [""])[0]
        self._given = {column: first} if column else {}
        self._offer_values()
        self.changed.emit()

    def _choose_value(self) -> None:
        column, value = next(iter(self._given), ""), self.value.currentText()
        if column and value != self._given[column]:
            self._given[column] = value
            self.changed.emit()
