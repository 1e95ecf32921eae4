"""The buttons with which a mapping is loaded, saved as toml, and copied as Python."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget

from napari_unison.sessions import SessionError
from napari_unison.sessions.importing import FileMapping
from napari_unison.workspace.script import loading_script

TOML_FILTER = "Mappings (*.toml)"


class KeepMapping(QWidget):
    """Asks where a mapping lies or goes, and reads or writes it."""

    loaded = Signal(object)
    """Emitted with a FileMapping that was read."""

    told = Signal(str)
    """Emitted with what was done."""

    failed = Signal(str)
    """Emitted with what went wrong."""

    def __init__(self, files: Sequence[Path], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mapping: FileMapping | None = None
        self._files = list(files)
        self._folder = self._files[0].parent
        self.load_button = plain_button("Load mapping…", "Fill in a mapping from a toml file.")
        self.save_button = plain_button(
            "Save mapping…", "Write the mapping as a toml file, for scripts and others."
        )
        self.copy_button = plain_button("Copy as script", "The Python that loads these files, to be pasted.")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for button, act in (
            (self.load_button, self._choose_mapping),
            (self.save_button, self._choose_target),
            (self.copy_button, self.copy_script),
        ):
            layout.addWidget(button)
            button.clicked.connect(lambda _, act=act: act())

    def offer(self, mapping: FileMapping | None, files: Sequence[Path]) -> None:
        """Take the mapping and the files as they are now; None while the mapping is not complete."""
        self._mapping, self._files = mapping, list(files)
        for button in (self.save_button, self.copy_button):
            button.setEnabled(mapping is not None)

    def load(self, path: str) -> None:
        """Read a mapping."""
        try:
            self.loaded.emit(FileMapping.load(path))
        except SessionError as error:
            self.failed.emit(str(error))

    def save(self, path: str) -> None:
        """Write the mapping; ".toml" is added where there is no ending."""
        target = Path(path)
        target = target if target.suffix else target.with_suffix(".toml")
        if self._mapping is None:
            return
        try:
            self._mapping.save(target)
        except OSError as error:
            self.failed.emit(f"{target} was not written: {error.strerror or error}")
        else:
            self.told.emit(f"Saved as {target}.")

    def copy_script(self) -> None:
        """Put the Python that loads the files on the clipboard."""
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None and self._mapping is not None:
            clipboard.setText(loading_script(self._files, self._mapping))
            self.told.emit("Copied: the Python that loads these files.")

    def _choose_mapping(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Load mapping", str(self._folder), TOML_FILTER)
        if path:
            self.load(path)

    def _choose_target(self) -> None:
        place = str(self._folder / "lab.toml")
        path, _ = QFileDialog.getSaveFileName(self, "Save mapping", place, TOML_FILTER)
        if path:
            self.save(path)


def plain_button(text: str, help_text: str) -> QPushButton:
    """Return a button that Enter does not press unless it has the focus."""
    button = QPushButton(text)
    button.setToolTip(help_text)
    button.setAutoDefault(False)
    return button
