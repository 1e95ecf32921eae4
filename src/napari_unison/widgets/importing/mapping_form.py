"""The fields of a mapping but its labels: activity, bins, what of the time is used, segments."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, get_args

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QDoubleSpinBox, QGridLayout, QLabel, QLineEdit, QWidget
from superqt.utils import signals_blocked

from napari_unison.sessions.importing import Entry, FileMapping, SegmentMapping
from napari_unison.sessions.importing.mapping import Orientation
from napari_unison.widgets.importing.duration_field import DurationField
from napari_unison.widgets.importing.entry_field import EntryField
from napari_unison.widgets.importing.marking import marked, remember_title
from napari_unison.widgets.importing.segment_fields import SegmentFields
from napari_unison.widgets.importing.time_fields import DuringFields
from napari_unison.widgets.wheel import WheelGuard, narrow

#: What the form shows; other fields of a mapping are left as they are.
SHOWN = (
    "name",
    "neural",
    "orientation",
    "time",
    "spike_ids",
    "sampling_rate",
    "bin_width",
    "smoothing",
    "min_rate",
    "min_speed",
    "speed_of",
    "during",
    "during_values",
    "segments",
)
ORIENTATIONS = get_args(Orientation)
ONLY_POSITION = "the only position"


class MappingForm(QWidget):
    """Edits plain fields of a mapping; what of them holds together, the mapping says."""

    changed = Signal()
    """Emitted when a person has changed a field."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries: Mapping[str, Entry] = {}
        self._make_fields()
        self._titles: dict[str, QLabel] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self._grid.setColumnStretch(3, 1)
        self._lay_out()
        self._connect()
        WheelGuard(self)

    def _make_fields(self) -> None:
        self.name = QLineEdit()
        self.neural = EntryField("choose, or drag an entry here")
        self.orientation = QComboBox()
        self.orientation.addItems(ORIENTATIONS)
        self.time = EntryField("bins follow each other")
        self.spike_ids = EntryField("one list a neuron")
        self.sampling_rate = _number("times are in s", " Hz", 1.0, 10_000_000.0)
        self.bin_width = DurationField("as recorded")
        self.smoothing = DurationField("none")
        self.min_rate = _number("all neurons", " /s")
        self.min_speed = _number("any speed", " /s")
        self.speed_of = QComboBox()
        self.during = DuringFields()
        self.segments = SegmentFields()
        narrow(self.orientation)
        narrow(self.speed_of)

    def _fields(self) -> dict[str, QWidget]:
        return {name: getattr(self, name) for name in SHOWN if name != "during_values"}

    def _lay_out(self) -> None:
        places = (
            ("name", "name", 0, 0, 3),
            ("neural", "activity", 1, 0, 3),
            ("orientation", "axes", 2, 0, 1),
            ("time", "times (s)", 2, 2, 1),
            ("spike_ids", "neurons", 3, 0, 1),
            ("sampling_rate", "divide by", 3, 2, 1),
            ("bin_width", "bin width", 4, 0, 1),
            ("smoothing", "smoothing", 4, 2, 1),
            ("min_rate", "min. rate", 5, 0, 1),
            ("min_speed", "min. speed", 5, 2, 1),
            ("speed_of", "speed of", 6, 2, 1),
            ("during", "during", 7, 0, 3),
            ("segments", "segments", 8, 0, 3),
        )
        fields = self._fields()
        for name, title, row, column, span in places:
            label, field = QLabel(title), fields[name]
            help_text = _help(name)
            for widget in (label, field):
                widget.setToolTip(help_text)
                widget.setWhatsThis(help_text)
            label.setBuddy(field)
            field.setAccessibleName(title)
            remember_title(field, label)
            self._titles[name] = label
            self._grid.addWidget(label, row, column)
            self._grid.addWidget(field, row, column + 1, 1, span)

    def _connect(self) -> None:
        self.name.editingFinished.connect(self._tell)
        for field in (self.neural, self.time, self.spike_ids):
            field.changed.connect(self._tell)
        for choice in (self.orientation, self.speed_of):
            choice.activated.connect(self._tell)
        for number in (self.sampling_rate, self.bin_width, self.smoothing, self.min_rate, self.min_speed):
            number.valueChanged.connect(self._tell)
        self.during.changed.connect(self._tell)
        self.segments.changed.connect(self._tell)

    def _tell(self) -> None:
        self._show_what_applies()
        self.changed.emit()

    # -- the mapping -----------------------------------------------------------------------------------

    def show_fields(self, fields: Mapping[str, Any], entries: Mapping[str, Entry]) -> None:
        """Show a mapping of a file with these entries."""
        self._entries = entries
        with ExitStack() as silent:
            for widget in self._fields().values():
                silent.enter_context(signals_blocked(widget))
            self._fill(_usual() | dict(fields), entries)
        self.during.want_values()
        self._show_what_applies()

    def _fill(self, values: Mapping[str, Any], entries: Mapping[str, Entry]) -> None:
        neural = values.get("neural") or ()
        labels = dict(values.get("labels") or {})
        self.name.setText(values["name"])
        _offer(self.neural, entries, ("spikes", "series", "array", "events"))
        _offer(self.time, entries, ("array", "events", "series"))
        _offer(self.spike_ids, entries, ("array",))
        self.neural.show_paths([neural] if isinstance(neural, str) else list(neural))
        self.time.show_paths([values["time"]] if values["time"] else [])
        self.spike_ids.show_paths([values["spike_ids"]] if values["spike_ids"] else [])
        self.orientation.setCurrentText(values["orientation"])
        self.sampling_rate.setValue(values["sampling_rate"])
        for name in ("bin_width", "smoothing", "min_rate", "min_speed"):
            getattr(self, name).setValue(values[name] or 0.0)
        self.show_labels(labels, values["speed_of"])
        self.during.show_during(values["during"], values["during_values"], entries)
        self.segments.show_segments(values["segments"] or {}, entries, labels)

    def show_labels(self, labels: Mapping[str, Any], speed_of: str | None = None) -> None:
        """Offer the labels of a mapping where one is asked for."""
        now = self.fields().get("speed_of", "") if speed_of is None else speed_of
        positions = [name for name, label in labels.items() if label.get("kind") != "discrete"]
        self.speed_of.clear()
        self.speed_of.addItems([ONLY_POSITION, *positions])
        self.speed_of.setCurrentIndex(max(self.speed_of.findText(now), 0))
        self.segments.offer_labels(labels)

    def fields(self) -> dict[str, Any]:
        """Return what differs from the defaults of a mapping."""
        neural, time, spike_ids = self.neural.paths(), self.time.paths(), self.spike_ids.paths()
        is_speed_named = self.speed_of.currentIndex() > 0 and self.min_speed.value() > 0
        chosen = {
            "name": self.name.text().strip(),
            "neural": neural[0] if len(neural) == 1 else neural,
            "orientation": self.orientation.currentText(),
            "time": time[0] if time else "",
            "spike_ids": spike_ids[0] if spike_ids else "",
            "sampling_rate": self.sampling_rate.value(),
            "bin_width": round(self.bin_width.value(), 9) or None,
            "smoothing": self.smoothing.value(),
            "min_rate": self.min_rate.value(),
            "min_speed": self.min_speed.value(),
            "speed_of": self.speed_of.currentText() if is_speed_named else "",
            "during": self.during.path(),
            "during_values": self.during.values(),
            "segments": self.segments.fields() or None,
        }
        usual = _usual()
        return {name: value for name, value in chosen.items() if value != usual[name] and value != []}

    def mark(self, names: frozenset[str]) -> None:
        """Mark the fields with which something is wrong."""
        for name, widget in self._fields().items():
            marked(widget, name in names)

    def _show_what_applies(self) -> None:
        """Hide fields that mean nothing for this kind of activity."""
        paths = self.neural.paths()
        entry = self._entries.get(paths[0]) if paths else None
        kind = "" if entry is None else entry.kind
        is_flat = kind == "events" or (
            kind in ("array", "series") and entry is not None and len(entry.shape) == 1
        )
        applies = {
            "orientation": kind != "spikes" and not is_flat,
            "time": kind in ("array", "") and not self.spike_ids.paths(),
            "spike_ids": is_flat or bool(self.spike_ids.paths()),
            "sampling_rate": is_flat or self.sampling_rate.value() != 1,
            "speed_of": self.min_speed.value() > 0,
        }
        for name, shown in applies.items():
            getattr(self, name).setVisible(shown)
            self._titles[name].setVisible(shown)


def _usual() -> dict[str, Any]:
    """Return the defaults of the fields that are shown."""
    return {
        name: FileMapping.model_fields[name].get_default(call_default_factory=True)
        for name in SHOWN
        if name != "neural"
    } | {"neural": []}


def _help(name: str) -> str:
    text = FileMapping.model_fields[name].description or ""
    if name == "segments":
        text = SegmentMapping.__doc__ or ""
    return text


def _offer(field: EntryField, entries: Mapping[str, Entry], kinds: tuple[str, ...]) -> None:
    field.offer([path for kind in kinds for path, entry in entries.items() if entry.kind == kind])


def _number(nothing: str, unit: str, least: float = 0.0, most: float = 1e6) -> QDoubleSpinBox:
    field = QDoubleSpinBox()
    field.setDecimals(4)
    field.setRange(least, most)
    field.setSingleStep(0.1)
    field.setSuffix(unit)
    field.setSpecialValueText(nothing)
    field.setKeyboardTracking(False)
    field.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
    return field
