"""One picture, or a grid with a cell a session."""

from __future__ import annotations

from qtpy.QtWidgets import QCheckBox, QWidget

from napari_unison.widgets.explore.section import Section, silent
from napari_unison.workspace.state import Workspace


class GridSection(Section):
    """The switch between one picture and the grid."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.grid = QCheckBox("a cell a session, one for all")
        self.grid.setToolTip("Sessions side by side, seen by one camera: turn one and all turn.")
        form = self.make_form()
        self.add_row(form, "grid", self.grid)
        self.grid.toggled.connect(lambda value: self.show_changes(grid=value))
        self.listen(workspace.events.display, self.update_fields)
        self.update_fields()

    def update_fields(self) -> None:
        """Show whether there is a grid."""
        with silent(self.grid):
            self.grid.setChecked(self.workspace.display.grid)
