"""What the sections of the Explore tab share: a form whose labels line up with those of the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QDoubleSpinBox, QFormLayout, QHBoxLayout, QLabel, QLayout, QWidget

from napari_unison.widgets.listening import WorkspaceWidget
from napari_unison.workspace.state import Workspace

#: The longest label of all sections: each form leaves this much room, so that the fields line up.
LONGEST_LABEL = "draw at most"


class Section(WorkspaceWidget):
    """A few rows of the Explore tab that belong together.

    Each of them reads the workspace, asks it to show something else, and repaints on its events.
    """

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._row_labels: list[QLabel] = []

    def show_changes(self, **changes: Any) -> None:
        """Ask the workspace to show something else; what it refuses is told as any failure is."""
        try:
            self.workspace.show(**changes)
        except ValueError as error:
            self.workspace.events.failed.emit(str(error))

    def make_form(self) -> QFormLayout:
        """Return the section's form."""
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        return form

    def add_row(self, form: QFormLayout, text: str, field: QWidget | QLayout) -> None:
        """Add a labelled field."""
        label = QLabel(text)
        self._row_labels.append(label)
        if isinstance(field, QWidget):
            label.setBuddy(field)
        form.addRow(label, field)

    def showEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Line the fields up with those of the other sections, in the font that the window has."""
        super().showEvent(event)
        self._line_up()

    def changeEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Line them up anew when the font changes."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._line_up()

    def _line_up(self) -> None:
        # Qt may tell of a style while the base class is being made.
        for label in getattr(self, "_row_labels", ()):
            label.setFixedWidth(label.fontMetrics().horizontalAdvance(LONGEST_LABEL) + 6)


def beside(*widgets: QWidget) -> QHBoxLayout:
    """Put widgets side by side."""
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget)
    return row


def decimal_spin(lower: float, upper: float, step: float, decimals: int) -> QDoubleSpinBox:
    """Return a field for a number, which tells a change once it is typed in."""
    spin = QDoubleSpinBox()
    spin.setRange(lower, upper)
    spin.setSingleStep(step)
    spin.setDecimals(decimals)
    spin.setKeyboardTracking(False)
    return spin


@contextmanager
def silent(*widgets: QWidget) -> Iterator[None]:
    """Change fields without their telling it."""
    before = [widget.blockSignals(True) for widget in widgets]
    try:
        yield
    finally:
        for widget, was_blocked in zip(widgets, before, strict=True):
            widget.blockSignals(was_blocked)
