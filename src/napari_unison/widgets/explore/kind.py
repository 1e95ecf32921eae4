"""Aligned or label-free: which embedding of the run is shown, in words."""

from __future__ import annotations

from qtpy.QtWidgets import QButtonGroup, QLabel, QRadioButton, QVBoxLayout, QWidget

from napari_unison.widgets.explore.section import Section, beside
from napari_unison.workspace.state import Workspace

KINDS = {
    "aligned": (
        "Aligned",
        "Labels choose the partners: for looking at what the sessions share. "
        "What is decoded from it is circular.",
    ),
    "label-free": (
        "Label-free",
        "Each session's own neurons only, no label: what may be called decoding.",
    ),
}


class KindSection(Section):
    """The switch between the two embeddings of a run, and what the shown one means."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.buttons = {kind: QRadioButton(title) for kind, (title, _) in KINDS.items()}
        self._group = QButtonGroup(self)
        for kind, button in self.buttons.items():
            button.setToolTip(KINDS[kind][1])
            button.clicked.connect(lambda _=False, kind=kind: self.show_changes(kind=kind))
            self._group.addButton(button)
        self.words = QLabel()
        self.words.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(beside(QLabel("embedding"), *self.buttons.values()))
        layout.addWidget(self.words)
        self.listen(workspace.events.display, self.update_fields)
        self.update_fields()

    def update_fields(self) -> None:
        """Mark the kind that is shown, and say what it means."""
        kind = self.workspace.display.kind
        self.buttons[kind].setChecked(True)
        self.words.setText(KINDS[kind][1])
