"""A field that names entries of a file: chosen from a list, typed, or dragged from the tree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QWidget

from napari_unison.widgets.importing.contents_tree import dragged_entries
from napari_unison.widgets.wheel import narrow

#: Between the paths of several entries.
BETWEEN = "; "


class EntryField(QComboBox):
    """Names one entry or, with ";" between them, several.

    Parameters
    ----------
    nothing : str
        What an empty field stands for.
    """

    changed = Signal()
    """Emitted when a person has named another entry."""

    def __init__(self, nothing: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        narrow(self)
        self._nothing = nothing
        self._told = ""
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setAcceptDrops(True)
        line = self.lineEdit()
        if line is not None:
            line.setPlaceholderText(nothing)
            line.setAcceptDrops(False)
            line.editingFinished.connect(self._tell)
        self.activated.connect(self._choose)

    def offer(self, paths: Sequence[str]) -> None:
        """Offer entries; the text stays."""
        text = self.currentText()
        self.blockSignals(True)
        self.clear()
        self.addItem(self._nothing)
        self.addItems(list(paths))
        self.blockSignals(False)
        self._set(text)

    def paths(self) -> list[str]:
        """Return the entries that are named."""
        text = self.currentText().strip()
        return [] if text == self._nothing else [part.strip() for part in text.split(";") if part.strip()]

    def show_paths(self, paths: Sequence[str]) -> None:
        """Name other entries."""
        self._set(BETWEEN.join(paths))
        self._told = self.currentText()

    def _set(self, text: str) -> None:
        line = self.lineEdit()
        self.setCurrentIndex(self.findText(text))
        if line is not None:
            line.setText(text)
            line.setCursorPosition(0)
        self.setToolTip(self.whatsThis() + (f"\nNow: {text}" if text else ""))

    def _choose(self, row: int) -> None:
        if row == 0:
            self._set("")
        self._tell()

    def _tell(self) -> None:
        if self.currentText() != self._told:
            self._told = self.currentText()
            self.changed.emit()

    def dragEnterEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Take entries of the tree."""
        if dragged_entries(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Name the entries that are dropped."""
        paths = list(dict.fromkeys(path for path, _ in dragged_entries(event.mimeData())))
        if paths:
            event.acceptProposedAction()
            self._set(BETWEEN.join(paths))
            self._tell()
