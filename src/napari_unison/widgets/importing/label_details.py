"""What else is said of the selected label: columns, unit of the numbers, names of values, times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QLineEdit, QWidget

from napari_unison.sessions.importing import Entry, LabelMapping
from napari_unison.widgets.importing.label_table import FROM_LABEL, Fields, sources
from napari_unison.widgets.wheel import WheelGuard, narrow

OWN_TIMES = "its own, or those of the activity"
TITLES = {
    "source": "source",
    "columns": "columns",
    "field": "column",
    "of": "made of",
    "scale": "multiplied by",
    "offset": "after adding",
    "values": "values are",
    "time": "times (s) in",
}


class LabelDetails(QWidget):
    """The fields of one label that the table has no column for; only those that mean something for it."""

    changed = Signal(str, dict)
    """Emitted with the label and what was changed of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = ""
        self._shown: Fields = {}
        self.lines: dict[str, QLineEdit] = {
            name: QLineEdit() for name in ("source", "columns", "scale", "offset", "values")
        }
        self.choices: dict[str, QComboBox] = {name: QComboBox() for name in ("field", "of", "time")}
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setVerticalSpacing(3)
        for name, title in TITLES.items():
            field: QWidget = self.lines[name] if name in self.lines else self.choices[name]
            field.setToolTip(LabelMapping.model_fields[name].description or "")
            field.setAccessibleName(f"{title} of the label")
            self._form.addRow(title, field)
        self.lines["source"].setToolTip("Entries of the file, with ; between them. They can be dragged here.")
        self.lines["columns"].setPlaceholderText("all; or numbers from 0, such as 0, 2")
        self.lines["values"].setPlaceholderText("as in the file; or such as 0 = left, 1 = right")
        for name, line in self.lines.items():
            line.editingFinished.connect(lambda name=name: self._take_line(name))
        for name, choice in self.choices.items():
            narrow(choice)
            choice.activated.connect(lambda _, name=name: self._take_choice(name))
        WheelGuard(self)

    def show_label(
        self, name: str, fields: Fields, labels: Mapping[str, Fields], entries: Mapping[str, Entry]
    ) -> None:
        """Show a label, of those of the mapping; an empty name for none."""
        self._name, self._shown = name, dict(fields)
        self.setVisible(bool(name))
        if not name:
            return
        paths = sources(fields)
        entry = entries.get(paths[0]) if paths else None
        kind = "" if entry is None else entry.kind
        is_made_of_label = fields.get("made") in FROM_LABEL
        is_sampled = not is_made_of_label and kind in ("array", "series", "")
        is_wide = entry is not None and len(entry.shape) == 2 and min(entry.shape) > 1
        is_number = is_sampled and fields.get("kind") != "discrete"
        lines = {
            "source": "; ".join(paths),
            "columns": ", ".join(map(str, fields.get("columns", ()))),
            "scale": f"{fields.get('scale', 1.0):g}",
            "offset": f"{fields.get('offset', 0.0):g}",
            "values": ", ".join(f"{key} = {value}" for key, value in fields.get("values", {}).items()),
        }
        for key, text in lines.items():
            self.lines[key].setText(text)
        others = [other for other in labels if other != name]
        arrays = [path for path, one in entries.items() if one.kind in ("array", "events")]
        _offer(self.choices["field"], list(entry.fields) if entry else [], fields.get("field", ""))
        _offer(self.choices["of"], others, fields.get("of", ""))
        _offer(self.choices["time"], [OWN_TIMES, *arrays], fields.get("time", "") or OWN_TIMES)
        visible = {
            "source": not is_made_of_label,
            "columns": is_sampled and is_wide,
            "field": kind == "intervals" and not fields.get("made"),
            "of": is_made_of_label,
            "scale": is_number,
            "offset": is_number,
            "values": not is_made_of_label and not fields.get("made") and fields.get("kind") == "discrete",
            "time": is_sampled and kind == "array",
        }
        for row, key in enumerate(TITLES):
            self._form.setRowVisible(row, visible[key])

    def _take_line(self, name: str) -> None:
        text, value = self.lines[name].text().strip(), self._shown.get(name)
        if name == "source":
            new: Any = [part.strip() for part in text.split(";") if part.strip()]
            value = sources(self._shown)
        elif name == "columns":
            new = [int(part) for part in text.replace(",", " ").split() if part.isdigit()]
            value = list(value or ())
        elif name == "values":
            pairs = [part.partition("=") for part in text.split(",") if "=" in part]
            new = {key.strip(): said.strip() for key, _, said in pairs}
            value = dict(value or {})
        else:
            usual = 1.0 if name == "scale" else 0.0
            new, value = _number(text, usual), value if value is not None else usual
            if new == usual != value:
                self._tell(name, None)
                return
        if new != value:
            self._tell(name, new)

    def _take_choice(self, name: str) -> None:
        chosen = self.choices[name].currentText()
        new = "" if chosen == OWN_TIMES else chosen
        if new != self._shown.get(name, ""):
            self._tell(name, new)

    def _tell(self, name: str, value: Any) -> None:
        self._shown[name] = value
        self.changed.emit(self._name, {name: value})


def _offer(field: QComboBox, choices: list[str], now: str) -> None:
    field.blockSignals(True)
    field.clear()
    field.addItems(choices if now in choices or not now else [*choices, now])
    field.setCurrentIndex(field.findText(now))
    field.blockSignals(False)


def _number(text: str, usual: float) -> float:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return usual
