"""How much of the time before the cursor is drawn in the picture."""

from __future__ import annotations

from qtpy.QtWidgets import QWidget

from napari_unison.widgets.explore.section import Section, decimal_spin, silent
from napari_unison.workspace.state import Workspace


class TrailSection(Section):
    """The length of the trail behind the time cursor."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.seconds = decimal_spin(0, 600, 0.5, 1)
        self.seconds.setSuffix(" s")
        self.seconds.setSpecialValueText("cursor only")
        self.seconds.setToolTip(
            "How much of the time before the cursor is drawn as a line, the older the fainter. The cursor is "
            "set by a click in Traces or on a point."
        )
        self.seconds.valueChanged.connect(lambda value: self.show_changes(trail=value))
        form = self.make_form()
        self.add_row(form, "trail", self.seconds)
        self.listen(workspace.events.display, self.update_fields)
        self.update_fields()

    def update_fields(self) -> None:
        """Show how long the trail is."""
        with silent(self.seconds):
            self.seconds.setValue(self.workspace.display.trail)
