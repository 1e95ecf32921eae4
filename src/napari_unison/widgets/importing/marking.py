"""A red line beside fields with which something is wrong."""

from __future__ import annotations

from qtpy.QtWidgets import QLabel, QWidget

_TITLE = "unison_title"
WRONG_STYLE = "border-left: 3px solid #e53935; padding-left: 3px;"


def remember_title(field: QWidget, title: QLabel) -> None:
    """Remember which title belongs to a field: that is what is marked, whatever the field looks like."""
    field.setProperty(_TITLE, title)


def marked(field: QWidget, is_wrong: bool) -> None:
    """Mark a field, or take the mark away; who cannot see it hears it in its description."""
    title = field.property(_TITLE)
    if isinstance(title, QLabel):
        title.setStyleSheet(WRONG_STYLE if is_wrong else "")
    field.setAccessibleDescription("Something is wrong here." if is_wrong else "")


def is_marked(field: QWidget) -> bool:
    """Return whether a field is marked."""
    return bool(field.accessibleDescription())
