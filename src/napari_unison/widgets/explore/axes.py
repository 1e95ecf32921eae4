"""Which three axes the picture has."""

from __future__ import annotations

from qtpy.QtWidgets import QComboBox, QSpinBox, QWidget

from napari_unison.widgets.explore.section import Section, beside, silent
from napari_unison.workspace.state import Workspace

AXES = {"best": "best for the labels", "pca": "principal components", "chosen": "chosen below"}


class AxesSection(Section):
    """The best latents, principal components, or three latents that are chosen by number."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.choice = QComboBox()
        for choice, text in AXES.items():
            self.choice.addItem(text, choice)
        self.latents = [QSpinBox() for _ in range(3)]
        for spin in self.latents:
            spin.setRange(1, 1)
            spin.setKeyboardTracking(False)
            # Three in a row: the arrow keys change them, buttons would hide the numbers.
            spin.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
            spin.setStyleSheet("min-width: 30px;")
            spin.setToolTip("Latents, counted from 1")
            spin.valueChanged.connect(self._choose_latents)
        self.choice.activated.connect(self._choose_axes)
        form = self.make_form()
        self.add_row(form, "axes", self.choice)
        self.add_row(form, "latents", beside(*self.latents))
        self.listen(workspace.events.embedding, self.update_fields)
        self.listen(workspace.events.display, self.update_fields)
        self.update_fields()

    def _choose_axes(self) -> None:
        choice = self.choice.currentData()
        if choice == "chosen":
            self._choose_latents()
        else:
            self.show_changes(latents=choice)

    def _choose_latents(self) -> None:
        embedding = self.workspace.embedding
        if embedding is not None:
            wanted = min(3, embedding.n_latents)
            self.show_changes(latents=tuple(spin.value() - 1 for spin in self.latents[:wanted]))

    def update_fields(self) -> None:
        """Show the axes that are drawn."""
        settings, embedding, run = self.workspace.display, self.workspace.embedding, self.workspace.run
        latents = settings.latents
        with silent(self.choice, *self.latents):
            choice = latents if isinstance(latents, str) else "chosen"
            self.choice.setCurrentIndex(self.choice.findData(choice))
            if embedding is None:
                return
            if latents == "best" and run is not None:
                latents = run.best_latents(embedding.kind)
            for axis, spin in enumerate(self.latents):
                spin.setRange(1, embedding.n_latents)
                spin.setEnabled(settings.latents != "pca" and axis < embedding.n_latents)
                if not isinstance(latents, str) and axis < len(latents):
                    spin.setValue(latents[axis] + 1)
