"""What a file and those beside it hold, with a field that finds entries and a button that names activity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from napari_unison.sessions.importing import Contents
from napari_unison.widgets.importing.contents_tree import ContentsTree
from napari_unison.widgets.importing.keep_mapping import plain_button

ADD_KEY = "Ctrl+B"
ADD_HELP = (
    "Open a second file that holds the behaviour or the times, from the folder of the first one: its entries "
    f"are then used like those of the first ({ADD_KEY})."
)
REMOVE_HELP = "Take the file beside that is selected out again (Delete), with the labels that come from it."


class EntriesPanel(QWidget):
    """The tree of entries; whoever holds it is told which of them shall be what."""

    labels_wanted = Signal(object)
    """Emitted with the list of (path, column of intervals) of which labels shall be made."""

    activity_wanted = Signal(object)
    """Emitted with the list of paths that shall be neural activity."""

    beside_wanted = Signal()
    """Emitted when a file shall be added beside."""

    removed = Signal(str)
    """Emitted with the name of a file beside that shall be taken out."""

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
        self.beside_button = plain_button("Add a file beside…", ADD_HELP)
        self.beside_button.setAccessibleName("Add a file beside")
        self.beside_button.setShortcut(QKeySequence(ADD_KEY))
        self.remove_button = plain_button("Remove", REMOVE_HELP)
        self.remove_button.setAccessibleName("Remove the file beside")
        beside = QHBoxLayout()
        beside.addWidget(self.beside_button, 1)
        beside.addWidget(self.remove_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.filter)
        column.addWidget(self.tree, 1)
        column.addWidget(self.activity_button)
        column.addLayout(beside)
        self.filter.textChanged.connect(self.tree.filter)
        self.tree.activated_entry.connect(lambda path, field: self.labels_wanted.emit([(path, field)]))
        self.activity_button.clicked.connect(self.use_selected)
        self.beside_button.clicked.connect(lambda _: self.beside_wanted.emit())
        self.remove_button.clicked.connect(lambda _: self.removed.emit(self.tree.current_name()))
        self.tree.removed.connect(self.removed)
        self.tree.currentItemChanged.connect(lambda *_: self._offer_removal())
        self.show_contents(contents, {})

    def show_contents(self, contents: Contents, companions: Mapping[str, Contents | None]) -> None:
        """Show a file and those beside it; None stands for one that could not be opened."""
        self.tree.show_contents(contents, companions)
        self.tree.filter(self.filter.text())
        self._offer_removal()

    def _offer_removal(self) -> None:
        self.remove_button.setVisible(bool(self.tree.names()))
        self.remove_button.setEnabled(bool(self.tree.current_name()))

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
