"""What is being written now, with its progress and a way to give it up; takes no room otherwise."""

from __future__ import annotations

from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_unison.widgets.listening import WorkspaceWidget
from napari_unison.widgets.messages import Message
from napari_unison.workspace.jobs import MOVIE, Job
from napari_unison.workspace.state import Workspace

KINDS = ("saving", MOVIE)


class KeepLine(WorkspaceWidget):
    """Shows the last job that writes a file or folder."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._job: Job | None = None
        self.message = Message()
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setFormat("%p %")
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setToolTip("Give the movie up; no file is left.")
        self.cancel_button.clicked.connect(self.cancel)
        row = QHBoxLayout()
        row.addWidget(self.progress, 1)
        row.addWidget(self.cancel_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 0, 4, 0)
        layout.addWidget(self.message)
        layout.addLayout(row)
        self._show_progress(False)
        self.listen(workspace.events.job, self._on_job)

    def cancel(self) -> None:
        """Give the running movie up."""
        if self._job is not None:
            self._job.stop()

    def _on_job(self, job: Job) -> None:
        if job.kind not in KINDS:
            return
        self._job = job if job.is_running else None
        self._show_progress(job.is_running and job.kind == MOVIE)
        self.cancel_button.setEnabled(job.can_stop)
        if job.is_running:
            self.message.show_note(f"{job.title} …")
            self.progress.setValue(0 if job.share != job.share else round(1000 * job.share))
        elif job.error is not None:
            self.message.show_error(str(job.error))
        elif job.state == "stopped":
            self.message.show_note(f"{job.title} was given up.")
        else:
            self.message.show_note(f"Saved in {job.result}.")

    def _show_progress(self, is_shown: bool) -> None:
        self.progress.setVisible(is_shown)
        self.cancel_button.setVisible(is_shown)
