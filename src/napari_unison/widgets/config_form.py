"""A form made from the encoder's configuration: one row a field, whatever the fields are."""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)
from superqt import QCollapsible

from napari_unison.encoder import ConfigurationError, EncoderConfig
from napari_unison.widgets.listening import WorkspaceWidget
from napari_unison.widgets.mask_text import help_in_words, masks_from_text, masks_in_words, masks_to_text
from napari_unison.widgets.messages import Message
from napari_unison.widgets.wheel import WheelGuard, narrow
from napari_unison.workspace.planning import ALWAYS_KNOWN, KnownDevice
from napari_unison.workspace.state import Workspace

#: The progress bar of a terminal; a window has its own.
NOT_IN_A_WINDOW = frozenset({"verbose"})
LARGEST_SPIN = 2**31 - 1
ADVANCED_HELP = "Parameters that a first training can leave as they are."
FOLDED, UNFOLDED = "▸ Advanced", "▾ Advanced"


class Editor:
    """A field's widget with how to read and write its value.

    Parameters
    ----------
    widget : QWidget
        What is shown.
    read, write : callable
        The value in the widget, and how to set it.
    edited : signal
        Emitted when the person has finished an edit.
    """

    def __init__(
        self, widget: QWidget, read: Callable[[], Any], write: Callable[[Any], None], edited: Any
    ) -> None:
        self.widget, self.read, self.write, self.edited = widget, read, write, edited


class ConfigForm(WorkspaceWidget):
    """The fields of ``EncoderConfig``, grouped, the advanced ones folded away; edits go to the workspace.

    A value that is refused stays in its field, and the reason stands below the form until it is put right.
    """

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.editors: dict[str, Editor] = {}
        self.problems: dict[str, str] = {}
        self._written: dict[str, Any] = {}
        self.message = Message()
        self.masks_words = QLabel()
        self.masks_words.setWordWrap(True)
        # The arrow is part of the words: a picture of it would stay black on a dark theme.
        self.advanced = QCollapsible(FOLDED, expandedIcon=QIcon(), collapsedIcon=QIcon())
        self.advanced.toggleButton().setToolTip(ADVANCED_HELP)
        self.advanced.toggled.connect(lambda is_open: self.advanced.setText(UNFOLDED if is_open else FOLDED))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._rows(groups(advanced=False), headings=True))
        inner = QWidget()
        inner.setLayout(self._rows(groups(advanced=True), headings=False))
        self.advanced.addWidget(inner)
        layout.addWidget(self.advanced)
        layout.addWidget(self.message)
        WheelGuard(self)
        self.listen(workspace.events.config, self.update_fields)
        self.update_fields()

    def _rows(self, sections: dict[str, list[str]], *, headings: bool) -> QFormLayout:
        rows = QFormLayout()
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for title, names in sections.items():
            if headings:
                rows.addRow(_heading(title))
            for name in names:
                self._add_row(rows, name)
        return rows

    def _add_row(self, rows: QFormLayout, name: str) -> None:
        field = EncoderConfig.model_fields[name]
        editor = make_editor(name, field)
        editor.widget.setObjectName(name)
        editor.widget.setToolTip(help_text(name, field))
        editor.edited.connect(lambda *_: self.commit(name))
        self.editors[name] = editor
        if name == "masks":
            self.masks_words.setToolTip(help_text(name, field))
            rows.addRow(editor.widget)
            rows.addRow(self.masks_words)
            return
        label = QLabel(words(name))
        label.setToolTip(help_text(name, field))
        rows.addRow(label, editor.widget)

    def update_fields(self) -> None:
        """Show the workspace's configuration."""
        for name, editor in self.editors.items():
            if name not in self.problems:
                editor.widget.blockSignals(True)
                editor.write(getattr(self.workspace.config, name))
                editor.widget.blockSignals(False)
                self._written[name] = editor.read()
        self.masks_words.setText(masks_in_words(self.workspace.config.masks))

    def _is_edited(self, name: str) -> bool:
        """Tell whether a field holds something else than what was written into it."""
        try:
            return bool(self.editors[name].read() != self._written[name])
        except ConfigurationError:
            return True

    def commit(self, name: str) -> None:
        """Bring one field's value, if it was edited, into the workspace, or say why it cannot be."""
        if not self.problems and not self._is_edited(name):
            return
        # A value may have been refused because of the one that has just been put right: try those again.
        for candidate in (name, *[other for other in self.problems if other != name]):
            try:
                self.workspace.configure(**{candidate: self.editors[candidate].read()})
            except ConfigurationError as error:
                self.problems[candidate] = str(error)
            else:
                self.problems.pop(candidate, None)
                self._written[candidate] = self.editors[candidate].read()
        self.message.show_error("\n".join(self.problems.values()))

    def commit_all(self) -> bool:
        """Bring every edited value into the workspace; tell whether all of them are valid."""
        for name in self.editors:
            self.commit(name)
        return not self.problems

    def forget_problems(self) -> None:
        """Throw refused values away and show the workspace's configuration."""
        self.problems.clear()
        self.message.show_note("")
        self.update_fields()


def _heading(text: str) -> QLabel:
    label = QLabel(text.capitalize())
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    return label


def words(name: str) -> str:
    """Write a parameter's name in words."""
    return name.replace("_", " ")


def _extra(field: FieldInfo) -> dict[str, Any]:
    return dict(field.json_schema_extra) if isinstance(field.json_schema_extra, dict) else {}


def groups(*, advanced: bool) -> dict[str, list[str]]:
    """Return the names of the fields by section of the form."""
    found: dict[str, list[str]] = {}
    for name, field in EncoderConfig.model_fields.items():
        group = str(_extra(field).get("group", "run"))
        if name not in NOT_IN_A_WINDOW and group.endswith("advanced") == advanced:
            found.setdefault(group.removesuffix("advanced").strip(), []).append(name)
    return found


def limits(field: FieldInfo) -> tuple[float | None, float | None]:
    """Return the smallest and largest value of a field, as far as it has them."""
    lower = upper = None
    for limit in field.metadata:
        lower = getattr(limit, "ge", getattr(limit, "gt", lower))
        upper = getattr(limit, "le", getattr(limit, "lt", upper))
    return lower, upper


def help_text(name: str, field: FieldInfo) -> str:
    """Return a field's help with its unit and range, for a tool tip."""
    lower, upper = limits(field)
    parts = [field.description or words(name)]
    if unit := _extra(field).get("unit"):
        parts.append(f"In {unit}.")
    if lower is not None and upper is not None:
        parts.append(f"From {lower:g} to {upper:g}.")
    if name == "masks":
        parts.append(help_in_words())
    return f"<p><b>{name}</b></p><p>{' '.join(parts)}</p>"


def make_editor(name: str, field: FieldInfo) -> Editor:
    """Choose a widget for a field by its type."""
    kind, optional = _plain_type(field.annotation)
    if name == "masks":
        return _mask_editor()
    if name == "device":
        return _device_editor()
    if get_origin(kind) is Literal:
        return _choice_editor(get_args(kind))
    if kind is bool:
        box = QCheckBox()
        return Editor(box, box.isChecked, box.setChecked, box.toggled)
    lower, upper = limits(field)
    if kind is int and not optional and upper is not None and upper <= LARGEST_SPIN:
        return _integer_editor(int(lower or 0), int(upper), str(_extra(field).get("unit", "")))
    return _text_editor({int: int, float: float}.get(kind, str), optional)


def _plain_type(annotation: Any) -> tuple[Any, bool]:
    """Take ``| None`` and ``Annotated`` off a type; tell whether None was allowed."""
    if get_origin(annotation) is Annotated:
        return _plain_type(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
        if len(kinds) == 1:
            return kinds[0], True
    return annotation, False


def _choice_editor(choices: tuple[str, ...]) -> Editor:
    combo = QComboBox()
    combo.addItems(choices)
    combo.setMinimumContentsLength(8)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return Editor(combo, combo.currentText, combo.setCurrentText, combo.currentTextChanged)


def offer_devices(combo: QComboBox, devices: Sequence[KnownDevice]) -> None:
    """Fill a list with devices, keeping the choice; one that is not here stays in the list, and says so."""
    chosen = combo.currentData()
    combo.blockSignals(True)
    combo.clear()
    for device in devices:
        combo.addItem(device.words, device.name)
    _choose_device(combo, chosen)
    combo.blockSignals(False)


def _choose_device(combo: QComboBox, name: str | None) -> None:
    if name is None:
        return
    if combo.findData(name) < 0:
        combo.addItem(name, name)
    combo.setCurrentIndex(combo.findData(name))


def _device_editor() -> Editor:
    combo = QComboBox()
    narrow(combo)
    offer_devices(combo, ALWAYS_KNOWN)
    return Editor(
        combo,
        combo.currentData,
        lambda name: _choose_device(combo, name),
        combo.currentIndexChanged,
    )


def _integer_editor(lower: int, upper: int, unit: str) -> Editor:
    spin = QSpinBox()
    spin.setRange(lower, upper)
    spin.setKeyboardTracking(False)
    spin.setSuffix(f" {unit}" if unit else "")
    return Editor(spin, spin.value, spin.setValue, spin.valueChanged)


def _text_editor(convert: Callable[[str], Any], optional: bool) -> Editor:
    line = QLineEdit()
    line.setPlaceholderText("none" if optional else "")

    def read() -> Any:
        text = line.text().strip()
        if not text and optional:
            return None
        try:
            return convert(text)
        except ValueError:
            # What is not a number goes to the configuration as it is, which says what it wants instead.
            return text

    def write(value: Any) -> None:
        line.setText("" if value is None else str(value))

    return Editor(line, read, write, line.editingFinished)


class LinesEdit(QPlainTextEdit):
    """Text of a few lines that tells when the person has left it."""

    left = Signal()

    def focusOutEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Tell that the edit is finished."""
        super().focusOutEvent(event)
        self.left.emit()


def _mask_editor() -> Editor:
    lines = LinesEdit()
    lines.setFixedHeight(64)
    lines.setTabChangesFocus(True)
    lines.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    return Editor(
        lines,
        lambda: masks_from_text(lines.toPlainText()),
        lambda masks: lines.setPlainText(masks_to_text(masks)),
        lines.left,
    )
