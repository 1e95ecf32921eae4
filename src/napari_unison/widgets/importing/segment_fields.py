"""Where a stretch of continuous time ends: by intervals, changes of a label, its jumps or steps back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QWidget

from napari_unison.sessions.importing import Entry
from napari_unison.widgets.wheel import narrow

GAPS, SOURCE, CHANGES, JUMPS, BACK = "as recorded", "in the file", "changes of", "jumps of", "steps back of"
#: Field of a SegmentMapping that a way of saying stands for.
FIELDS = {SOURCE: "source", CHANGES: "changes_of", JUMPS: "jumps_of", BACK: "steps_back_of"}


class SegmentFields(QWidget):
    """A way of saying where segments end, and the entry or label that says it."""

    changed = Signal()
    """Emitted when a person has chosen something else."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries: Mapping[str, Entry] = {}
        self._labels: Mapping[str, Any] = {}
        self.way, self.what, self.jump = QComboBox(), QComboBox(), QDoubleSpinBox()
        self.way.addItems([GAPS, *FIELDS])
        self.way.setToolTip("Windows of a training do not cross the ends of segments.")
        self.what.setToolTip("The intervals, the array that changes at every border, or the label.")
        self.jump.setDecimals(4)
        self.jump.setRange(0.0, 1e9)
        self.jump.setPrefix("≥ ")
        self.jump.setToolTip("The smallest jump, in the label's unit.")
        self.jump.setKeyboardTracking(False)
        self.jump.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for field, name in (
            (self.way, "what ends a segment"),
            (self.what, "entry or label that says it"),
            (self.jump, "smallest jump"),
        ):
            field.setAccessibleName(name)
            layout.addWidget(field, 1)
        narrow(self.way)
        narrow(self.what)
        self.setFocusProxy(self.way)
        self.way.activated.connect(self._choose_way)
        self.what.activated.connect(lambda _: self.changed.emit())
        self.jump.valueChanged.connect(lambda _: self.changed.emit())

    def show_segments(
        self, fields: Mapping[str, Any], entries: Mapping[str, Entry], labels: Mapping[str, Any]
    ) -> None:
        """Show what a mapping says; nothing for borders where recording paused."""
        self._entries, self._labels = entries, labels
        way = next((way for way, name in FIELDS.items() if fields.get(name)), GAPS)
        self.way.setCurrentText(way)
        self.jump.setValue(float(fields.get("jump", 0.0)))
        self._offer(fields.get(FIELDS.get(way, ""), ""))

    def offer_labels(self, labels: Mapping[str, Any]) -> None:
        """Offer other labels; what was chosen stays while it is there."""
        self._labels = labels
        self._offer(self.what.currentText())

    def fields(self) -> dict[str, Any]:
        """Return fields of a SegmentMapping; empty for borders where recording paused."""
        way = self.way.currentText()
        if way == GAPS:
            return {}
        jump = {"jump": self.jump.value()} if way == JUMPS else {}
        return {FIELDS[way]: self.what.currentText()} | jump

    def _offer(self, now: str) -> None:
        way = self.way.currentText()
        kinds = {name: label.get("kind") for name, label in self._labels.items()}
        made = {name: label.get("made") for name, label in self._labels.items()}
        discrete = [
            name
            for name, kind in kinds.items()
            if kind == "discrete" or made[name] in ("lap", "running direction", "number")
        ]
        # of those whose kind is told by their values, nobody knows here
        unsaid = [name for name, kind in kinds.items() if kind is None and not made[name]]
        positions = [name for name in kinds if name not in discrete]
        choices = {
            SOURCE: [
                path for path, one in self._entries.items() if one.kind in ("intervals", "events", "array")
            ],
            CHANGES: [*discrete, *unsaid],
            JUMPS: positions,
            BACK: positions,
        }.get(way, [])
        self.what.blockSignals(True)
        self.what.clear()
        self.what.addItems(choices if now in choices or not now else [*choices, now])
        self.what.setCurrentIndex(max(self.what.findText(now), 0))
        self.what.blockSignals(False)
        self.what.setVisible(way != GAPS)
        self.jump.setVisible(way == JUMPS)

    def _choose_way(self) -> None:
        self._offer("")
        self.changed.emit()
