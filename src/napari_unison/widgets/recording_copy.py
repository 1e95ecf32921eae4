"""The questions before an embedding goes into an NWB file: of which session, and from which recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

HELP = (
    "The recording is only read. Everything in it goes into the new file, and beside it latents, residual "
    "and decoded labels, in the processing module “unison”."
)


class RecordingCopyDialog(QDialog):
    """Asks which session's embedding goes into a copy of which recording.

    Parameters
    ----------
    sessions : sequence of str
        Names of the embedded sessions.
    known : mapping of str to Path
        Recordings that were chosen before, by session.
    folder : str
        Where files were written last: a recording called like a session is looked for there.
    parent : QWidget or None
        The window.
    """

    def __init__(
        self,
        sessions: Sequence[str],
        known: Mapping[str, Path],
        folder: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Into a copy of which recording?")
        self._known, self._folder = dict(known), folder
        self.session = QComboBox()
        self.session.addItems(list(sessions))
        self.session.setToolTip("An NWB file holds one session.")
        self.source = QLineEdit()
        self.source.setPlaceholderText("the NWB file that it came from")
        self.source.setMinimumWidth(320)
        self.browse_button = QPushButton("Browse…")
        self.browse_button.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.addWidget(self.source)
        row.addWidget(self.browse_button)
        form = QFormLayout()
        form.addRow("session", self.session)
        form.addRow("recording", row)
        words = QLabel(HELP)
        words.setWordWrap(True)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(words)
        layout.addWidget(self.buttons)
        self.session.currentTextChanged.connect(self._propose)
        self.source.textChanged.connect(self._validate)
        self._propose(self.session.currentText())
        self._validate()

    def choices(self) -> tuple[str, Path]:
        """Return the session and its recording."""
        return self.session.currentText(), Path(self.source.text().strip())

    def _propose(self, session: str) -> None:
        likely = self._known.get(session, Path(self._folder) / f"{session}.nwb")
        self.source.setText(str(likely) if likely.is_file() else "")

    def _browse(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(
            self, "The NWB file that the session came from", self._folder, "NWB (*.nwb)"
        )
        if chosen:
            self.source.setText(chosen)

    def _validate(self) -> None:
        button = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        if button is not None:
            is_there = bool(self.source.text().strip()) and self.choices()[1].is_file()
            button.setEnabled(is_there)
            button.setToolTip("" if is_there else "Choose the NWB file that the session came from.")
