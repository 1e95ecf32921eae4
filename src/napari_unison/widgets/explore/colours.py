"""What the points are coloured by, and the legend."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QWidget

from napari_unison.display import colour_modes
from napari_unison.widgets.explore.section import Section, silent
from napari_unison.workspace.state import Workspace

COLOUR_HELP = {
    "residual": (
        "Label distance from each bin to the farthest of its partners in the other sessions. The farthest, "
        "since one partner of another behaviour is enough to mix it in; the table of the embedding has all."
    ),
}


class ColourSection(Section):
    """The choice of a label, the time, the session, the residual or a latent to colour by."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.mode = QComboBox()
        self.mode.activated.connect(lambda: self.show_changes(colour=self.mode.currentText()))
        form = self.make_form()
        self.add_row(form, "colour by", self.mode)
        self.listen(workspace.events.embedding, self.update_fields)
        self.listen(workspace.events.display, self.update_fields)
        self.update_fields()

    def update_fields(self) -> None:
        """List what the shown embedding can be coloured by, and mark what it is."""
        settings, embedding = self.workspace.display, self.workspace.embedding
        if embedding is None:
            return
        with silent(self.mode):
            modes = list(colour_modes(embedding))
            if modes != [self.mode.itemText(index) for index in range(self.mode.count())]:
                self.mode.clear()
                self.mode.addItems(modes)
                for mode in COLOUR_HELP.keys() & set(modes):
                    self.mode.setItemData(modes.index(mode), COLOUR_HELP[mode], Qt.ItemDataRole.ToolTipRole)
            # "best" is the first of the list.
            self.mode.setCurrentIndex(modes.index(settings.colour) if settings.colour in modes else 0)
