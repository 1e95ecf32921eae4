"""The table of labels with its buttons, and what else is said of the selected one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from napari_unison.sessions.importing import Entry
from napari_unison.widgets.importing.label_details import LabelDetails
from napari_unison.widgets.importing.label_table import Fields, LabelTable

#: Labels that are made from another one, and what they say.
MADE = {
    "speed": "Speed of a position",
    "running direction": "Running direction of a position on a track",
    "lap": "Laps: they end where a direction changes",
}


class LabelsBox(QWidget):
    """Adds, changes and removes labels."""

    changed = Signal()
    """Emitted when a person has changed a label."""

    wanted = Signal(list)
    """Emitted with the entries, (path, column), that shall become labels."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries: Mapping[str, Entry] = {}
        self.table, self.details = LabelTable(), LabelDetails()
        self.table.setMinimumHeight(112)
        self.add_button = QPushButton("Add selected entry")
        self.add_button.setToolTip(
            "Make a label of the entry that is selected on the left; several become the columns of one label."
        )
        self.make_button = QPushButton("Make")
        self.make_button.setToolTip("Add a label that is made from another one.")
        menu = QMenu(self)
        for made, words in MADE.items():
            menu.addAction(words, lambda made=made: self.make(made))
        self.make_button.setMenu(menu)
        self.remove_button = QPushButton("Remove")
        self.remove_button.setToolTip("Take the selected label out (Delete).")
        buttons = QHBoxLayout()
        for button in (self.add_button, self.make_button, self.remove_button):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.table, 1)
        layout.addLayout(buttons)
        layout.addWidget(self.details)
        self.remove_button.clicked.connect(self.table.remove_current)
        self.table.changed.connect(self._on_change)
        self.table.chosen.connect(self._show_details)
        self.table.dropped.connect(self.wanted)
        self.details.changed.connect(lambda name, fields: self.table.change(name, **fields))
        self._show_details()

    def show_labels(self, labels: Mapping[str, Any], entries: Mapping[str, Entry]) -> None:
        """Show the labels of a mapping."""
        self._entries = entries
        self.table.show_labels(labels, entries)

    def labels(self) -> dict[str, Fields]:
        """Return the labels."""
        return self.table.labels()

    def make(self, made: str) -> None:
        """Add a label that is made from another one: the one that is selected, if it serves."""
        serving = [name for name, fields in self.labels().items() if _serves(made, fields)]
        of = self.table.current() if self.table.current() in serving else next(iter(serving), "")
        name = made
        while name in self.labels():
            name += "'"
        self.table.add(name, {"made": made, "of": of})

    def _on_change(self) -> None:
        self._show_details()
        self.changed.emit()

    def _show_details(self) -> None:
        name, labels = self.table.current(), self.table.labels()
        self.remove_button.setEnabled(bool(name))
        self.make_button.setEnabled(bool(labels))
        self.details.show_label(name, labels.get(name, {}), labels, self._entries)


def _serves(made: str, fields: Fields) -> bool:
    """Return whether something can be made of a label: laps of a direction, the rest of a position."""
    if made == "lap":
        return fields.get("kind") == "discrete" or fields.get("made") == "running direction"
    return fields.get("kind") != "discrete" and not fields.get("made")
