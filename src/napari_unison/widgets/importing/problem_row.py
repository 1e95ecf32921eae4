"""What is wrong with a mapping, in a sentence, and a button that mends it where one can."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_unison.widgets.importing.keep_mapping import plain_button
from napari_unison.widgets.messages import Message
from napari_unison.workspace.mapping_checks import Checked


class ProblemRow(QWidget):
    """Shows notes and errors; beside an error about names that are taken stands one that is free."""

    renamed = Signal(str)
    """Emitted with another name of the mapping, once it was pressed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._free_name = ""
        self.message = Message()
        self.name_button = plain_button("", "Import under this name, beside what is open.")
        self.name_button.clicked.connect(lambda: self.renamed.emit(self._free_name))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.message, 1)
        layout.addWidget(self.name_button)
        self.name_button.hide()

    def show_checked(self, checked: Checked) -> None:
        """Say what is wrong with a mapping that was tried; nothing where it is valid."""
        self.message.show_error(checked.problem) if checked.problem else self.message.show_note("")
        taken = checked.taken
        self._free_name = "" if taken is None else taken.free_name
        if taken is not None:
            self.name_button.setText(f"Name it {taken.example}")
        self.name_button.setVisible(bool(self._free_name))
