"""How far a file has been read, once that has taken a moment, and a way to stop it."""

from __future__ import annotations

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from napari_unison.workspace.jobs import Job

#: Reading that takes longer is shown with its progress (ms).
SHOWN_AFTER = 300


class BusyRow(QWidget):
    """A bar and a button for the job that reads; it takes no room otherwise."""

    stopped = Signal()
    """Emitted when the reading shall stop."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setAccessibleName("share that has been read")
        self.stop_button = QPushButton("Stop")
        self.stop_button.setToolTip("Stop reading.")
        self.stop_button.setAutoDefault(False)
        self.stop_button.clicked.connect(self.stopped)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.progress, 1)
        layout.addWidget(self.stop_button)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SHOWN_AFTER)
        self._timer.timeout.connect(self.show)
        self.hide()

    def show_job(self, job: Job) -> None:
        """Show how far a job is; nothing once it has ended."""
        if not job.is_running:
            self.end()
            return
        if self.isHidden() and not self._timer.isActive():
            self._timer.start()
        tells = job.share == job.share
        self.progress.setValue(round(1000 * job.share) if tells else 0)
        self.progress.setFormat(f"{job.phase} · %p %" if tells else f"{job.title} …")
        self.stop_button.setEnabled(job.can_stop)

    def end(self) -> None:
        """Show nothing any more."""
        self._timer.stop()
        self.hide()
