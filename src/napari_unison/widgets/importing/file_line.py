"""Which files are imported: one, or a batch by the same mapping, and which of them are laid out otherwise."""

from __future__ import annotations

import html

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from napari_unison.widgets.importing.marking import WRONG_STYLE
from napari_unison.workspace.file_imports import FileImport

#: Files that are named; of more, their number is said.
MOST_NAMED = 3


class FileLine(QWidget):
    """Says what is imported, in a line."""

    leave_out = Signal()
    """Emitted when files that are laid out otherwise shall be left out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setAccessibleName("files")
        self.leave_button = QPushButton("Leave out")
        self.leave_button.setToolTip("Import the others alone.")
        self.leave_button.setAutoDefault(False)
        self.leave_button.clicked.connect(self.leave_out)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.words, 1)
        layout.addWidget(self.leave_button)

    def show_files(self, files: FileImport) -> None:
        """Say which files there are."""
        first, misfits = files.files[0], files.misfits
        words = f"<b>{html.escape(first.name)}</b>"
        more = len(files.files) - 1
        if more:
            words += (
                f" and {more} more file{'s' * (more > 1)}, by the same mapping: all are imported, or none."
            )
        else:
            words += f" &nbsp; in {html.escape(first.absolute().parent.name)}"
        if misfits:
            named = [f"{file.name} ({why})" for file, why in list(misfits.items())[:MOST_NAMED]]
            left = len(misfits) - MOST_NAMED
            named += [f"{left} more"] if left > 0 else []
            words += f"<br>Laid out otherwise: {html.escape(', '.join(named))}."
        self.words.setText(words)
        self.words.setStyleSheet(WRONG_STYLE if misfits else "")
        self.words.setToolTip("\n".join(str(file) for file in files.files))
        self.leave_button.setVisible(bool(misfits))
