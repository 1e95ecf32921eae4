"""How far files are read or a sample is downloaded, and a way to stop it; takes no room otherwise."""

from __future__ import annotations

import math

from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from napari_unison.widgets.listening import WorkspaceWidget
from napari_unison.widgets.training_plan import duration_text
from napari_unison.workspace.jobs import Job
from napari_unison.workspace.state import Workspace


class OpeningRow(WorkspaceWidget):
    """A bar and a button for the last job that opens something and tells how far it is."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._job: Job | None = None
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setAccessibleName("share that is open")
        self.stop_button = QPushButton("Stop")
        self.stop_button.setToolTip(
            "Open nothing. A download is kept so far, and the next one goes on there."
        )
        self.stop_button.clicked.connect(self.stop)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.progress, 1)
        layout.addWidget(self.stop_button)
        self.hide()
        self.listen(workspace.events.job, self._on_job)

    def stop(self) -> None:
        """Stop the job that is shown."""
        if self._job is not None:
            self._job.stop()

    def _on_job(self, job: Job) -> None:
        if job.kind != "opening":
            return
        tells = job.is_running and math.isfinite(job.share)
        if not tells and job is not self._job:
            return
        self._job = job if tells else None
        self.setVisible(tells)
        self.stop_button.setEnabled(job.can_stop)
        if tells:
            left = (
                f", about {duration_text(job.seconds_left)} left" if math.isfinite(job.seconds_left) else ""
            )
            self.progress.setValue(round(1000 * job.share))
            self.progress.setFormat(f"%p %{left}")


def opening_sentence(job: Job) -> str:
    """Say what a job that opens something is doing, or what was left when it was stopped."""
    if job.state == "stopped":
        return job.phase[:1].upper() + job.phase[1:]
    if job.state == "stopping":
        return f"{job.title}: stopping …"
    if not job.is_running:
        return ""
    return f"{job.title} …" if job.phase == job.title else f"{job.title}: {job.phase}"
