"""A mapping to be edited: as a form with a table of labels, or as text; both are always the same mapping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from napari_unison.sessions.importing import Entry
from napari_unison.sessions.importing.proposing import SPIKE_BIN
from napari_unison.widgets.importing.labels_box import LabelsBox
from napari_unison.widgets.importing.mapping_form import SHOWN, MappingForm
from napari_unison.widgets.importing.mapping_text import MappingText
from napari_unison.widgets.listening import scrolled

#: Fields that are shown elsewhere in the dialog.
SHOWN_ELSEWHERE = ("labels", "beside")


class MappingEditor(QTabWidget):
    """Edits fields of a mapping, which need not be complete; what they mean, others know."""

    changed = Signal()
    """Emitted when a person has changed something; :attr:`problem` says where the text is none."""

    def __init__(self, entries: Mapping[str, Entry], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries = entries
        self._other: dict[str, Any] = {}
        self._mistyped: dict[str, Any] | None = None
        self.problem = ""
        self.form, self.labels, self.text = MappingForm(), LabelsBox(), MappingText()
        edited = QWidget()
        column = QVBoxLayout(edited)
        column.setContentsMargins(6, 6, 6, 0)
        column.addWidget(self.form)
        column.addWidget(self.labels, 1)
        area = scrolled(edited)
        # an area that only scrolls up and down has to be as wide as what is in it
        area.setMinimumWidth(edited.minimumSizeHint().width() + 8)
        self.addTab(area, "Mapping")
        self.addTab(self.text, "As text")
        self.form.changed.connect(self._on_form)
        self.labels.changed.connect(self._on_form)
        self.text.changed.connect(self._on_text)

    def fields(self) -> dict[str, Any]:
        """Return the fields of the mapping as they are now."""
        if self._mistyped is not None:
            return self._mistyped
        return self.form.fields() | self._other | {"labels": self.labels.labels()}

    def show_fields(self, fields: Mapping[str, Any]) -> None:
        """Show another mapping, complete or not."""
        self._fill(fields)
        self.text.show_fields(self.fields())

    def show_entries(self, entries: Mapping[str, Entry]) -> None:
        """Offer other entries: files beside were opened, or taken out."""
        self._entries = entries
        if self.is_understood:
            self._fill(self.fields())

    def _fill(self, fields: Mapping[str, Any]) -> None:
        self.problem, self._mistyped = "", None
        self._other = {name: value for name, value in fields.items() if name not in (*SHOWN, "labels")}
        self.labels.show_labels(fields.get("labels") or {}, self._entries)
        self.form.show_fields(fields, self._entries)

    @property
    def is_understood(self) -> bool:
        """Whether the text can be shown as a form; otherwise it is not to be written anew."""
        return not self.problem and self._mistyped is None

    @property
    def in_text_alone(self) -> list[str]:
        """Names of fields that the form does not show."""
        return sorted(name for name in self._other if name not in SHOWN_ELSEWHERE)

    def mark(self, fields: Iterable[str]) -> None:
        """Mark fields with which something is wrong, such as "bin_width" and "labels.position"."""
        names = frozenset(fields)
        self.form.mark(names)
        labels = {name.removeprefix("labels.") for name in names if name.startswith("labels.")}
        self.labels.table.mark(frozenset(labels))

    def use_as_activity(self, paths: Sequence[str]) -> None:
        """Name entries as neural activity; spike times get bins."""
        fields = self.fields() | {"neural": paths[0] if len(paths) == 1 else list(paths)}
        if self._entries[paths[0]].kind == "spikes" and not fields.get("bin_width"):
            fields["bin_width"] = SPIKE_BIN
        self.show_fields(fields)
        self.changed.emit()

    def add_label(self, name: str, fields: Mapping[str, Any]) -> None:
        """Add a label, under a name that is not taken."""
        while name in self.labels.labels():
            name += "'"
        self.labels.table.add(name, dict(fields))

    def _on_form(self) -> None:
        self.problem, self._mistyped = "", None
        self.form.show_labels(self.labels.labels())
        self.text.show_fields(self.fields())
        self.changed.emit()

    def _on_text(self) -> None:
        found = self.text.fields_or_problem()
        if isinstance(found, str):
            self.problem = found
        else:
            try:
                self._fill(found)
            except (AttributeError, TypeError, ValueError):
                # a field of another type than it has: whoever checks the mapping says which
                self._mistyped = found
        self.changed.emit()
