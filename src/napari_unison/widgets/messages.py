"""A line of text for notes and errors, which takes no room while there is nothing to say."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QWidget

#: The words keep the colour of the theme, and can be read on a light one, too.
ERROR_STYLE = "border-left: 3px solid #e53935; padding-left: 5px;"


class Message(QLabel):
    """Shows a note, or an error behind a red line; hidden while it is empty."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.show_note("")

    def show_note(self, text: str) -> None:
        """Show a note; an empty one hides the line."""
        self._show(text, "")

    def show_error(self, text: str) -> None:
        """Show an error."""
        self._show(text, ERROR_STYLE)

    def forget_error(self) -> None:
        """Hide an error, since something went well after it; a note stays."""
        if self.styleSheet() == ERROR_STYLE:
            self.show_note("")

    def _show(self, text: str, style: str) -> None:
        self.setStyleSheet(style)
        self.setText(text)
        self.setVisible(bool(text))
