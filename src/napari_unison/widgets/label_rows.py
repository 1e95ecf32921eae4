"""The labels of all sessions: their kind and weight, one row each, changed at once in all sessions."""

from __future__ import annotations

from typing import get_args

from qtpy.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_unison.sessions import LabelKind
from napari_unison.widgets.listening import WorkspaceWidget
from napari_unison.widgets.messages import Message
from napari_unison.widgets.session_table import values_text
from napari_unison.widgets.wheel import WheelGuard, narrow
from napari_unison.workspace.label_edits import proposed_period
from napari_unison.workspace.state import Workspace

KIND_HELP = (
    "continuous: near values are alike, such as a place on a track.\n"
    "circular: the end meets the beginning, such as an angle or a place on a ring.\n"
    "discrete: categories, each as far from any other."
)
WEIGHT_HELP = (
    "How much this label counts where bins of different sessions are matched: its differences are "
    "multiplied by this number before distances are taken."
)
PERIOD_HELP = "The value at which the label is back where it began. The values become angles."


class LabelRows(WorkspaceWidget):
    """Kind and weight of each label; a kind that values cannot have is refused, and nothing changes."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.kinds: dict[str, QComboBox] = {}
        self.weights: dict[str, QDoubleSpinBox] = {}
        self.values: dict[str, QLabel] = {}
        self._asked: str | None = None
        self._guard: WheelGuard | None = None
        self.message = Message()
        self._make_period()
        self._grid = QGridLayout()
        self._grid.setColumnStretch(1, 3)
        self._grid.setColumnStretch(2, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._grid)
        layout.addWidget(self.period_row)
        layout.addWidget(self.message)
        self.listen(workspace.events.sessions, self.update_rows)
        self.update_rows()

    def _make_period(self) -> None:
        """Make the question how much one turn is; it is there while it is asked."""
        self.period = QDoubleSpinBox()
        self.period.setRange(1e-6, 1e9)
        self.period.setDecimals(4)
        self.period.setToolTip(PERIOD_HELP)
        self.period_label = QLabel()
        self.circular_button = QPushButton("Make circular")
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setToolTip("Leave the label as it is.")
        self.circular_button.setToolTip("Turn the values into angles in all sessions.")
        self.period_row = QWidget()
        row = QHBoxLayout(self.period_row)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (self.period_label, self.period, self.circular_button, self.cancel_button):
            row.addWidget(widget, 1 if widget is self.period else 0)
        self.period_row.hide()
        self.circular_button.clicked.connect(self._make_circular)
        self.cancel_button.clicked.connect(self.update_rows)
        WheelGuard(self.period_row)

    def update_rows(self) -> None:
        """Show the labels of the workspace's sessions."""
        sessions = list(self.workspace.sessions)
        names = list(sessions[0].labels) if sessions else []
        if names != list(self.kinds):
            self._make_rows(names)
        self._asked = None
        self.period_row.hide()
        self.message.show_note("")
        for name in names:
            kind, weight = self.kinds[name], self.weights[name]
            for widget in (kind, weight):
                widget.blockSignals(True)
            kind.setCurrentText(sessions[0].kinds[name])
            weight.setValue(sessions[0].weights[name])
            for widget in (kind, weight):
                widget.blockSignals(False)
            self.values[name].setText(values_text(sessions, name))
            self.values[name].setToolTip(f"Values of {name} over all sessions.")

    def _make_rows(self, names: list[str]) -> None:
        while self._grid.count():
            item = self._grid.takeAt(0)
            widget = None if item is None else item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.kinds, self.weights, self.values = {}, {}, {}
        for row, name in enumerate(names):
            kind, weight, values = QComboBox(), QDoubleSpinBox(), QLabel()
            kind.addItems(get_args(LabelKind))
            narrow(kind)
            kind.setToolTip(KIND_HELP)
            kind.setAccessibleName(f"kind of {name}")
            weight.setRange(0.001, 1e6)
            weight.setDecimals(3)
            weight.setPrefix("× ")
            weight.setKeyboardTracking(False)
            # in a narrow dock buttons would hide the number; the arrow keys change it
            weight.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
            weight.setStyleSheet("min-width: 52px;")
            # the largest weight that is possible would take the room of the kind
            weight.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            weight.setSingleStep(0.1)
            weight.setToolTip(WEIGHT_HELP)
            weight.setAccessibleName(f"weight of {name}")
            values.setWordWrap(True)
            kind.currentTextChanged.connect(lambda text, name=name: self._choose_kind(name, text))
            weight.valueChanged.connect(lambda value, name=name: self._choose_weight(name, value))
            for column, widget in enumerate((QLabel(name), kind, weight)):
                self._grid.addWidget(widget, 2 * row, column)
            self._grid.addWidget(values, 2 * row + 1, 1, 1, 2)
            self.kinds[name], self.weights[name], self.values[name] = kind, weight, values
        if self._guard is not None:
            # that of the rows before
            self._guard.deleteLater()
        self._guard = WheelGuard(self)

    def _choose_kind(self, name: str, kind: LabelKind) -> None:
        sessions = list(self.workspace.sessions)
        if kind == "circular" and sessions[0].labels[name].dtype.kind in "iuf":
            self._ask_period(name)
            return
        try:
            self.workspace.set_label_kind(name, kind)
        except ValueError as error:
            self._refuse(str(error))

    def _ask_period(self, name: str) -> None:
        """Ask how much one turn is: nobody can see from metres where a ring closes."""
        sessions = list(self.workspace.sessions)
        unit = sessions[0].units[name]
        self._asked = name
        self.message.show_note("")
        self.period_label.setText(f"{name}: one turn is")
        self.period.setSuffix(f" {unit}" if unit else "")
        self.period.setValue(proposed_period(sessions, name))
        self.period_row.show()
        self.period.setFocus()
        self.period.selectAll()

    def _make_circular(self) -> None:
        name = self._asked
        if name is None:
            return
        try:
            self.workspace.set_label_kind(name, "circular", period=self.period.value())
        except ValueError as error:
            self._refuse(str(error))

    def _choose_weight(self, name: str, weight: float) -> None:
        try:
            self.workspace.set_label_weight(name, weight)
        except ValueError as error:
            self._refuse(str(error))

    def _refuse(self, reason: str) -> None:
        """Show what is, and say why it stays so."""
        self.update_rows()
        self.message.show_error(reason[:1].upper() + reason[1:] + ".")
