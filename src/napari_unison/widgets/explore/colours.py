"""What the points are coloured by, and in which colours."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QStandardItemModel
from qtpy.QtWidgets import QComboBox, QWidget

from napari_unison.display.colours import DECODING_ERROR
from napari_unison.display.palettes import PALETTES
from napari_unison.display.roles import LabelRoles, label_roles
from napari_unison.widgets.explore.section import Section, silent
from napari_unison.workspace.colouring import modes_of
from napari_unison.workspace.jobs import DECODING, Job
from napari_unison.workspace.state import Workspace

COLOUR_HELP = {
    "residual": (
        "Label distance from each bin to the farthest of its partners in the other sessions. The farthest, "
        "since one partner of another behaviour is enough to mix it in; the table of the embedding has all."
    ),
    DECODING_ERROR: (
        "How far label-free decoding was off in each bin, on laps that the study's encoders had not seen: "
        "the mean over seeds. Of the full study, or else of the quick one."
    ),
}
NO_ERRORS = "Needs a decoding study of this run: start one in Decode."
PALETTE_HELP = (
    "Paper: the colours of the published figures. Colour-blind safe: told apart without red-green vision. "
    "Kept for the next start."
)


class ColourSection(Section):
    """The choice of a label, the time, the session, the residual, errors or a latent; and of the palette."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._listed: tuple[tuple[str, str], ...] = ()
        self.mode = QComboBox()
        self.mode.setToolTip("What the colours show")
        self.mode.activated.connect(lambda: self.show_changes(colour=self.mode.currentData()))
        self.palette_choice = QComboBox()
        self.palette_choice.addItems(list(PALETTES))
        self.palette_choice.setToolTip(PALETTE_HELP)
        self.palette_choice.activated.connect(
            lambda: self.show_changes(palette=self.palette_choice.currentText())
        )
        form = self.make_form()
        self.add_row(form, "colour by", self.mode)
        self.add_row(form, "palette", self.palette_choice)
        self.listen(workspace.events.embedding, self.update_fields)
        self.listen(workspace.events.display, self.update_fields)
        self.listen(workspace.events.job, self._on_job)
        self.update_fields()

    def _on_job(self, job: Job) -> None:
        if job.kind == DECODING and not job.is_running:
            self.update_fields()

    def update_fields(self) -> None:
        """List what the shown embedding can be coloured by, and mark what it is."""
        settings, embedding, run = self.workspace.display, self.workspace.embedding, self.workspace.run
        with silent(self.mode, self.palette_choice):
            self.palette_choice.setCurrentText(settings.palette)
            self.mode.setEnabled(embedding is not None)
            if embedding is None or run is None:
                return
            modes = modes_of(run, embedding)
            roles = label_roles(embedding.sessions[0])
            titles = tuple((mode, _title(mode, roles)) for mode in modes)
            if titles != self._listed:
                self._list(titles)
            # "best" is the first of the list.
            shown = settings.colour if settings.colour in modes else modes[0]
            self.mode.setCurrentIndex(self.mode.findData(shown))

    def _list(self, titles: tuple[tuple[str, str], ...]) -> None:
        self._listed = titles
        modes = [mode for mode, _ in titles]
        self.mode.clear()
        for mode, title in titles:
            self.mode.addItem(title, mode)
        for mode in COLOUR_HELP.keys() & set(modes):
            self.mode.setItemData(modes.index(mode), COLOUR_HELP[mode], Qt.ItemDataRole.ToolTipRole)
        if DECODING_ERROR not in modes:
            # It stands there, so that it is found, and says what it needs.
            place = self.mode.findText("latent 1")
            self.mode.insertItem(place, DECODING_ERROR)
            self.mode.setItemData(place, NO_ERRORS, Qt.ItemDataRole.ToolTipRole)
            model: Any = self.mode.model()
            if isinstance(model, QStandardItemModel):
                item = model.item(place)
                if item is not None:
                    item.setEnabled(False)


def _title(mode: str, roles: LabelRoles) -> str:
    """Name the label that plays position or direction as it is called in the recordings."""
    parts = {"position": roles.position, "direction": roles.direction}
    if mode == "position and direction":
        return f"{roles.position} and {roles.direction}"
    return parts.get(mode) or mode
