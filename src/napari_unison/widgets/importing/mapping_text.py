"""The whole mapping as toml: what the form has no field for can be written here, and a script can have it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

import tomli_w
from qtpy.QtCore import Signal
from qtpy.QtGui import QFontDatabase
from qtpy.QtWidgets import QLabel, QPlainTextEdit, QVBoxLayout, QWidget
from superqt.utils import signals_blocked

HELP = (
    'The same mapping as text, for load_session(path, mapping="lab.toml"). Here it can also have several '
    "sessions of one file (each) and arrays that belong together (parts); files beside stand in beside."
)


class MappingText(QWidget):
    """Edits a mapping as text."""

    changed = Signal()
    """Emitted when a person has changed the text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = QPlainTextEdit()
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName("the mapping as toml")
        self.text.setToolTip(HELP)
        hint = QLabel(HELP)
        hint.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addWidget(hint)
        layout.addWidget(self.text, 1)
        self.text.textChanged.connect(self.changed)

    def show_fields(self, fields: Mapping[str, Any]) -> None:
        """Write fields of a mapping, which need not be complete."""
        shown = _short(fields)
        if self.fields_or_problem() != shown:
            with signals_blocked(self.text):
                self.text.setPlainText(tomli_w.dumps(shown))

    def fields_or_problem(self) -> dict[str, Any] | str:
        """Return the fields that are written, or what is wrong with the text."""
        try:
            return tomllib.loads(self.text.toPlainText())
        except tomllib.TOMLDecodeError as error:
            return f"The text is no toml: {error}"


def _short(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields without what is not given, and one source as one text."""
    shown = {name: value for name, value in fields.items() if value is not None}
    labels = {}
    for name, label in dict(shown.get("labels") or {}).items():
        source = label.get("source")
        is_one = isinstance(source, list | tuple) and len(source) == 1
        labels[name] = {**label, "source": source[0]} if is_one else label
    return shown | {"labels": labels}
