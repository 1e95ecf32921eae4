"""Which run is shown, and the folders that runs live in."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtWidgets import QComboBox, QFileDialog, QInputDialog, QPushButton, QVBoxLayout, QWidget

from napari_unison.widgets.explore.section import Section, beside
from napari_unison.widgets.messages import Message
from napari_unison.workspace.cebra_runs import CHECKPOINT_ENDINGS
from napari_unison.workspace.state import Workspace


class RunSection(Section):
    """The choice of the run, and buttons that open, save and import runs."""

    def __init__(self, workspace: Workspace, message: Message, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._message = message
        self.choice = QComboBox()
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.setMinimumContentsLength(12)
        self.choice.setToolTip("The run that is shown")
        self.save_button = QPushButton("Save run…")
        self.save_button.setToolTip("Save encoder, embedding and studies of the shown run in a folder.")
        self.open_button = QPushButton("Open run…")
        self.open_button.setToolTip("Open a folder NAME.unison; dropping it on napari does the same.")
        self.import_button = QPushButton("CEBRA…")
        self.import_button.setAccessibleName("Import a CEBRA checkpoint")
        self.import_button.setToolTip(
            "Make a run of a checkpoint (.pt) that CEBRA's UnifiedSolver saved, and of the open sessions: "
            "those that it was trained on, in that order. Nothing in the file is run."
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.choice)
        layout.addLayout(beside(self.open_button, self.save_button, self.import_button))
        self.choice.activated.connect(
            lambda index: setattr(self.workspace, "run", self.workspace.runs[index])
        )
        self.save_button.clicked.connect(self._choose_folder_to_save)
        self.open_button.clicked.connect(self._choose_run_to_open)
        self.import_button.clicked.connect(self._choose_checkpoint)
        self.listen(workspace.events.runs, self.update_runs)
        self.listen(workspace.events.run, self.update_runs)
        self.update_runs()

    def _choose_folder_to_save(self) -> None:
        folder, _ = QFileDialog.getSaveFileName(self, "Save the run", "", "Runs (*.unison)")
        if folder:
            try:
                written = self.workspace.save(folder)
            except ValueError as error:
                self._message.show_error(str(error))
            else:
                self._message.show_note(f"Saved in {written}.")

    def _choose_run_to_open(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Open a saved run (a folder NAME.unison)")
        if folder:
            self.workspace.open(Path(folder), background=True)

    def _choose_checkpoint(self) -> None:
        kinds = " ".join(f"*{ending}" for ending in CHECKPOINT_ENDINGS)
        file, _ = QFileDialog.getOpenFileName(self, "Import a CEBRA checkpoint", "", f"Checkpoints ({kinds})")
        if not file:
            return
        # nothing in the file tells it, and a wrong share would score bins that were trained on
        share, is_given = QInputDialog.getInt(
            self,
            "Import a CEBRA checkpoint",
            "How much of the end of each session has its training in CEBRA not seen (%)?\n"
            "20 in CEBRA's demo notebook; 0 if all of it was used. Scores are those of this part.",
            round(100 * self.workspace.validation_share),
            0,
            50,
        )
        if not is_given:
            return
        try:
            self.workspace.open_cebra(file, validation_share=share / 100, background=True)
        except ValueError as error:
            self._message.show_error(str(error))

    def update_runs(self) -> None:
        """List the runs and mark the current one."""
        runs, current = list(self.workspace.runs), self.workspace.run
        self.choice.clear()
        self.choice.addItems([run.description for run in runs])
        if current is not None:
            self.choice.setCurrentIndex(runs.index(current))
        self.choice.setEnabled(bool(runs))
        self.save_button.setEnabled(current is not None)
