"""The labels of a mapping, a row each: name, source, kind, unit, and what is made of the source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QBrush, QColor, QIcon, QPixmap
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from napari_unison.sessions import LabelKind
from napari_unison.sessions.importing import Entry
from napari_unison.widgets.importing.contents_tree import dragged_entries
from napari_unison.widgets.wheel import WheelGuard, narrow

NAME, SOURCE, KIND, UNIT, MADE = range(5)
HEADINGS = {
    "name": "What the label is called in all sessions.",
    "source": "Entry of the file; several become the columns of one label.",
    "kind": "continuous, circular or discrete.",
    "unit": 'Such as "m". Of an angle, "deg" turns degrees into radians.',
    "made": "What is made of the source, where it is not its values.",
}
HELP = "The labels. Drag entries from the left here, or double-click them there."
BY_VALUES, NOTHING = "by values", "–"
FROM_LABEL = ("speed", "running direction", "lap")
#: What can be made of intervals and of events.
OF_INTERVALS, OF_EVENTS = ("", "time since", "phase", "number"), ("time since",)
WRONG = QColor(229, 57, 53, 90)

#: Fields of a LabelMapping, as far as they differ from their defaults.
Fields = dict[str, Any]


class LabelTable(QTableWidget):
    """Edits the names and fields of labels; which of them hold together, the mapping says."""

    changed = Signal()
    """Emitted when a person has changed a label."""

    dropped = Signal(list)
    """Emitted with the entries, (path, column), that were dropped here."""

    chosen = Signal()
    """Emitted when another row is selected."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 5, parent)
        self._labels: list[tuple[str, Fields]] = []
        self._entries: Mapping[str, Entry] = {}
        self._marked: frozenset[str] = frozenset()
        self._guard = WheelGuard(self)
        self.setHorizontalHeaderLabels(list(HEADINGS))
        for column, words in enumerate(HEADINGS.values()):
            heading = self.horizontalHeaderItem(column)
            if heading is not None:
                heading.setToolTip(words)
        self.setToolTip(HELP)
        self.setAccessibleName("labels")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setIconSize(QSize(5, 16))
        self.setAcceptDrops(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DropOnly)
        rows, header = self.verticalHeader(), self.horizontalHeader()
        if rows is not None and header is not None:
            rows.hide()
            rows.setDefaultSectionSize(26)
            for column, width in ((NAME, 104), (KIND, 118), (UNIT, 52), (MADE, 88)):
                self.setColumnWidth(column, width)
            header.setSectionResizeMode(SOURCE, QHeaderView.ResizeMode.Stretch)
        self.itemChanged.connect(self._take_text)
        self.itemSelectionChanged.connect(self.chosen)

    # -- what it holds ---------------------------------------------------------------------------------

    def labels(self) -> dict[str, Fields]:
        """Return the labels by name."""
        return {name: dict(fields) for name, fields in self._labels}

    def show_labels(self, labels: Mapping[str, Any], entries: Mapping[str, Entry]) -> None:
        """Show other labels, keeping the selection by name."""
        before = self.current()
        self._labels = [(name, dict(fields)) for name, fields in labels.items()]
        self._entries = entries
        self._fill()
        names = [name for name, _ in self._labels]
        if names:
            self.selectRow(names.index(before) if before in names else 0)
        self.chosen.emit()

    def current(self) -> str:
        """Return the name of the selected label; empty if none is."""
        row = self.current_row()
        return "" if row is None else self._labels[row][0]

    def current_row(self) -> int | None:
        """Return the selected row."""
        rows = sorted({index.row() for index in self.selectedIndexes()})
        return rows[0] if rows and rows[0] < len(self._labels) else None

    def fields_of(self, name: str) -> Fields:
        """Return the fields of a label."""
        return dict(next((fields for known, fields in self._labels if known == name), {}))

    def add(self, name: str, fields: Fields) -> None:
        """Add a label and select it."""
        self._labels.append((name, dict(fields)))
        self._fill()
        self.selectRow(len(self._labels) - 1)
        self.changed.emit()

    def remove_current(self) -> None:
        """Take the selected label out."""
        row = self.current_row()
        if row is None:
            return
        del self._labels[row]
        self._fill()
        if self._labels:
            self.selectRow(min(row, len(self._labels) - 1))
        self.chosen.emit()
        self.changed.emit()

    def change(self, name: str, **fields: Any) -> None:
        """Change fields of a label; None and empty values stand for their defaults."""
        for row, (known, held) in enumerate(self._labels):
            if known == name:
                held.update(fields)
                for field in [key for key, value in held.items() if value in (None, "", (), [], {})]:
                    del held[field]
                self._show_row(row)
                self.changed.emit()

    def mark(self, names: frozenset[str]) -> None:
        """Mark labels with which something is wrong."""
        self._marked = names
        self.blockSignals(True)
        for row, (name, _) in enumerate(self._labels):
            for column in (NAME, SOURCE, UNIT):
                item = self.item(row, column)
                if item is not None:
                    _mark(item, is_wrong=name in names, is_name=column == NAME)
        self.blockSignals(False)

    def marked(self) -> frozenset[str]:
        """Return the labels that are marked."""
        return self._marked

    # -- cells -----------------------------------------------------------------------------------------

    def _fill(self) -> None:
        self.blockSignals(True)
        self.setRowCount(0)
        self.setRowCount(len(self._labels))
        self.blockSignals(False)
        for row in range(len(self._labels)):
            self._show_row(row)

    def _show_row(self, row: int) -> None:
        name, fields = self._labels[row]
        self.blockSignals(True)
        for column, text in ((NAME, name), (SOURCE, source_in_words(fields)), (UNIT, fields.get("unit", ""))):
            item = QTableWidgetItem(text)
            if column == SOURCE:
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
                item.setToolTip("\n".join(sources(fields)) or text)
            _mark(item, is_wrong=name in self._marked, is_name=column == NAME)
            self.setItem(row, column, item)
        kinds = [BY_VALUES, *get_args(LabelKind)]
        self._set_choice(row, KIND, kinds, fields.get("kind") or BY_VALUES, f"kind of {name}")
        made = fields.get("made", "")
        self._set_choice(row, MADE, self._makings(fields), made, f"what is made for {name}")
        self.blockSignals(False)

    def _set_choice(self, row: int, column: int, choices: list[str], now: str, said: str) -> None:
        shown = [choice or NOTHING for choice in choices]
        known = self.cellWidget(row, column)
        # a field that has the keyboard keeps it where its choices stay the same
        if isinstance(known, QComboBox) and shown == [known.itemText(n) for n in range(known.count())]:
            field = known
        else:
            field = QComboBox()
            narrow(field)
            field.addItems(shown)
            field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            field.installEventFilter(self._guard)
            field.activated.connect(lambda number: self._choose(field, column, choices[number]))
            self.setCellWidget(row, column, field)
        field.setCurrentIndex(choices.index(now) if now in choices else 0)
        field.setEnabled(len(choices) > 1)
        field.setAccessibleName(said)
        field.setToolTip(list(HEADINGS.values())[column])

    def _makings(self, fields: Fields) -> list[str]:
        """Return what can be made of a label's source."""
        made, paths = fields.get("made", ""), sources(fields)
        if made in FROM_LABEL:
            return list(FROM_LABEL)
        kind = self._entries[paths[0]].kind if paths and paths[0] in self._entries else "array"
        choices = list({"intervals": OF_INTERVALS, "events": OF_EVENTS}.get(kind, ("",)))
        return choices if made in choices else [*choices, made]

    def _choose(self, field: QComboBox, column: int, choice: str) -> None:
        row = next(row for row in range(self.rowCount()) if self.cellWidget(row, column) is field)
        self.selectRow(row)
        name = self._labels[row][0]
        if column == KIND:
            self.change(name, kind=None if choice == BY_VALUES else choice)
        elif not choice:
            self.change(name, made="")
        else:
            self.change(name, made=choice, field="", kind=None)
        self.chosen.emit()

    def _take_text(self, item: QTableWidgetItem) -> None:
        row, text = item.row(), item.text().strip()
        name, _ = self._labels[row]
        if item.column() == UNIT:
            self.change(name, unit=text)
        elif item.column() == NAME and text != name:
            taken = {known for known, _ in self._labels}
            if text and text not in taken:
                self._rename(name, text)
            else:
                self._show_row(row)

    def _rename(self, name: str, new: str) -> None:
        for row, (known, fields) in enumerate(self._labels):
            if fields.get("of") == name:
                fields["of"] = new
            if known == name:
                self._labels[row] = (new, fields)
        for row in range(len(self._labels)):
            self._show_row(row)
        self.chosen.emit()
        self.changed.emit()

    # -- what is dragged here --------------------------------------------------------------------------

    def dragEnterEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Take entries of the tree."""
        if dragged_entries(event.mimeData()):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Take entries of the tree."""
        if dragged_entries(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Tell which entries were dropped."""
        entries = dragged_entries(event.mimeData())
        if entries:
            event.acceptProposedAction()
            self.dropped.emit(entries)

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Remove the selected label with Delete."""
        if event.key() == Qt.Key.Key_Delete and self.state() != self.State.EditingState:
            self.remove_current()
            return
        super().keyPressEvent(event)


def _mark(item: QTableWidgetItem, *, is_wrong: bool, is_name: bool) -> None:
    """Mark a cell; beside its name a label has a red bar, which is seen in a selected row as well."""
    item.setBackground(QBrush(WRONG) if is_wrong else QBrush())
    if is_name:
        bar = QPixmap(5, 16)
        bar.fill(QColor(WRONG.rgb()))
        item.setIcon(QIcon(bar) if is_wrong else QIcon())


def sources(fields: Mapping[str, Any]) -> list[str]:
    """Return the paths of a label's source."""
    source = fields.get("source", ())
    return [source] if isinstance(source, str) else list(source)


def source_in_words(fields: Mapping[str, Any]) -> str:
    """Say where a label comes from, in the width of a column."""
    if fields.get("of"):
        return f"of {fields['of']}"
    paths = sources(fields)
    shown = [path.rsplit("/", 1)[-1] or path for path in paths]
    words = " + ".join(shown)
    if fields.get("field"):
        words += f" › {fields['field']}"
    columns = fields.get("columns")
    if columns:
        words += f" [{', '.join(map(str, columns))}]"
    return words
