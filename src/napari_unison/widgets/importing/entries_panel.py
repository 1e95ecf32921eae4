"""What a file holds, with a field that finds entries in it and a button that names activity."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from napari_unison.sessions.importing import Contents
from napari_unison.widgets.importing.contents_tree import ContentsTree
from napari_unison.widgets.importing.keep_mapping import plain_button


class EntriesPanel(QWidget):
    """The tree of entries; whoever holds it is told which of them shall be what."""

    labels_wanted = Signal(object)
    """Emitted with the list of (path, column of intervals) of which labels shall be made."""

    activity_wanted = Signal(object)
    """Emitted with the list of paths that shall be neural activity."""

    def __init__(self, contents: Contents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("find an entry")
        self.filter.setClearButtonEnabled(True)
        self.filter.setAccessibleName("find an entry")
        self.filter.setToolTip("Show entries alone whose path contains this.")
        self.tree = ContentsTree()
        self.activity_button = plain_button(
            "Use as activity", "Name the selected entries as neural activity."
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.filter)
        column.addWidget(self.tree, 1)
        column.addWidget(self.activity_button)
        self.filter.textChanged.connect(self.tree.filter)
        self.tree.activated_entry.connect(lambda path, field: self.labels_wanted.emit([(path, field)]))
        self.activity_button.clicked.connect(self.use_selected)
        self.tree.show_contents(contents)

    def use_selected(self) -> None:
        """Name the selected entries as neural activity."""
        paths = list(dict.fromkeys(path for path, _ in self.tree.chosen()))
        if paths:
            self.activity_wanted.emit(paths)

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Go on to the first entry that was found by Enter, which would import elsewhere."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.filter.hasFocus():
            self.tree.choose(self.tree.paths()[:1])
            self.tree.setFocus()
            return
        super().keyPressEvent(event)
