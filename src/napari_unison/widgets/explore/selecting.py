"""Selecting points of the picture, and what is selected, in words."""

from __future__ import annotations

from qtpy.QtWidgets import QLabel, QPushButton, QWidget

from napari_unison.widgets.explore.section import Section, beside
from napari_unison.widgets.lasso import Lasso
from napari_unison.workspace.selection import Selection
from napari_unison.workspace.state import Workspace


class SelectSection(Section):
    """The lasso's button, what is selected, and a button that selects nothing again."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.lasso_button = QPushButton("Lasso")
        self.lasso_button.setCheckable(True)
        self.lasso_button.setToolTip(
            "Draw around points with the mouse: their time bins are selected everywhere (L on the canvas)."
        )
        self.clear_button = QPushButton("Clear")
        self.clear_button.setToolTip("Select nothing; Undo in Traces › Selection brings it back.")
        self.clear_button.clicked.connect(lambda: self.workspace.selection.clear())
        self.words = QLabel()
        self.words.setWordWrap(True)
        form = self.make_form()
        self.add_row(form, "select", beside(self.lasso_button, self.clear_button))
        form.addRow(self.words)
        for signal in (workspace.events.selection, workspace.events.sets):
            self.listen(signal, self.update_words)
        self.update_words(workspace.selection)

    def follow(self, lasso: Lasso) -> None:
        """Let the button begin and end a lasso, and show whether it is on."""
        self.lasso_button.toggled.connect(lasso.set_active)
        lasso.active_changed.connect(self.lasso_button.setChecked)

    def update_words(self, selection: Selection) -> None:
        """Tell what is selected."""
        self.words.setText(selection.description)
        self.clear_button.setEnabled(len(selection.current) > 0)
