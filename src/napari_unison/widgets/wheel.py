"""The wheel scrolls a form; it changes a field only once that field was chosen."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QAbstractSpinBox, QComboBox, QWidget


def narrow(field: QComboBox) -> None:
    """Let a list of choices be as narrow as a dock needs it."""
    field.setMinimumContentsLength(6)
    field.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)


class WheelGuard(QObject):
    """Keeps the wheel from the fields of a widget that do not have the keyboard's focus.

    Without it, whoever scrolls down a form changes every number that passes under the pointer.

    Parameters
    ----------
    widget : QWidget
        Its spin boxes and combo boxes, those that it has now, are guarded; the guard lives as long as it.
    """

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        for kind in (QAbstractSpinBox, QComboBox):
            for field in widget.findChildren(kind):
                # Qt lets the wheel itself bring the focus along, unless it is told not to.
                field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
                field.installEventFilter(self)

    def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802 - Qt's name
        """Hand a wheel over an unfocused field on to what scrolls."""
        if event.type() == QEvent.Type.Wheel and not watched.hasFocus():
            event.ignore()
            return True
        return False
