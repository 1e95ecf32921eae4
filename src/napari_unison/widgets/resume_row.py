"""The row that lets the training of the shown run go on."""

from __future__ import annotations

from qtpy.QtWidgets import QHBoxLayout, QPushButton, QSpinBox, QWidget

from napari_unison.widgets.listening import WorkspaceWidget
from napari_unison.widgets.wheel import WheelGuard
from napari_unison.workspace.jobs import TRAINING, Job
from napari_unison.workspace.state import Workspace
from napari_unison.workspace.trainings import MORE_STEPS, steps_left

HELP = (
    "Train the shown run further on its own sessions and with its own parameters, as if it had not been "
    "interrupted. It keeps its name; its embeddings and quick scores are made anew."
)


class ResumeRow(WorkspaceWidget):
    """A button that goes on with the shown run, and for how many steps; gone while an encoder is trained."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.button = QPushButton()
        self.button.setToolTip(HELP)
        self.steps = QSpinBox()
        self.steps.setRange(1, 10_000_000)
        self.steps.setSingleStep(100)
        self.steps.setSuffix(" steps")
        self.steps.setToolTip("How many steps to add; what a stop has left out unless changed.")
        self.steps.setAccessibleName("steps to add")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.button, 1)
        layout.addWidget(self.steps, 1)
        self._shown: tuple[object, int] | None = None
        events = workspace.events
        for signal in (events.run, events.runs):
            self.listen(signal, self.update_row)
        self.listen(events.job, self._on_job)
        WheelGuard(self)
        self.update_row()

    def _on_job(self, job: Job) -> None:
        if job.kind == TRAINING:
            self.update_row()

    def update_row(self) -> None:
        """Name the shown run, and propose the steps that are left."""
        run = self.workspace.run
        trains = any(job.kind == TRAINING for job in self.workspace.jobs)
        self.setVisible(run is not None and not trains)
        if run is None:
            self._shown = None
            return
        self.button.setText(f"Go on with {run.name}")
        state = run, run.encoder.n_iter_
        if state != self._shown:
            self._shown = state
            self.steps.setValue(steps_left(run) or MORE_STEPS)
