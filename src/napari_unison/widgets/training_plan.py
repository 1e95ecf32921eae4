"""The line above Start: what the next training will use, and how long it will take."""

from __future__ import annotations

import math

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_unison.widgets.listening import WorkspaceWidget
from napari_unison.workspace.planning import TrainingPlan, load_encoder, plan_training
from napari_unison.workspace.state import Workspace

#: Between two looks whether torch is loaded (ms).
LOADING_CHECK = 200


class PlanLine(WorkspaceWidget):
    """Device, threads, memory and time of the next training; it follows sessions, parameters and runs.

    Asking for the device needs torch, which is loaded in the background as soon as there are sessions.
    """

    loaded = Signal()
    """Emitted when torch is there, and devices can be listed."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.label.setToolTip("Memory is an estimate; the time leaves out the embedding at the end.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.label)
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(LOADING_CHECK)
        self._again.timeout.connect(self.update_text)
        events = workspace.events
        changes = (events.sessions, events.time_ranges, events.config, events.validation_share)
        for signal in (*changes, events.runs, events.job):
            self.listen(signal, self.update_text)
        self.update_text()

    def update_text(self) -> None:
        """Say what a training would use now; nothing without sessions, or while one runs."""
        workspace = self.workspace
        trains = any(job.kind == "training" for job in workspace.jobs)
        self.setVisible(len(workspace.sessions) > 0 and not trains)
        if self.isHidden():
            return
        if load_encoder().is_alive():
            self.label.setText("Looking for the device to train on …")
            self._again.start()
            return
        self.loaded.emit()
        sessions, runs = workspace.used_sessions, list(workspace.runs)
        plan = plan_training(sessions, workspace.config, workspace.validation_share, runs)
        self.label.setText(plan_sentence(plan))


def plan_sentence(plan: TrainingPlan) -> str:
    """Say what a training will use."""
    if plan.memory is None:
        return plan.device
    used = [f"Trains on: {plan.device}"]
    if plan.threads is not None:
        used.append(f"{plan.threads} thread{'s' * (plan.threads != 1)}")
    used.append(f"about {memory_text(plan.memory)} of memory")
    if plan.seconds is None:
        return f"{' · '.join(used)}. The time will be known after the first steps."
    return f"{' · '.join(used)}. About {duration_text(plan.seconds)}, at the speed of {plan.measured_on}."


def memory_text(size: float) -> str:
    """Write a size (bytes) in MB or GB, as exact as an estimate is."""
    megabytes = size / 1e6
    return f"{megabytes / 1000:.1f} GB" if megabytes >= 950 else f"{max(round(megabytes, -1), 10):.0f} MB"


def duration_text(seconds: float) -> str:
    """Write a time in the words of a clock: 45 s, 3 min, 2 h 10 min."""
    if not math.isfinite(seconds):
        return "unknown"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
