"""How much of their behaviour the sessions have in common: a line, and where each of them has been."""

from __future__ import annotations

import html

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_unison.widgets.coverage_plot import CoveragePlot
from napari_unison.widgets.listening import WorkspaceWidget
from napari_unison.workspace.jobs import Job
from napari_unison.workspace.overlap import OVERLAP, compare_behaviour, overlap_subject
from napari_unison.workspace.state import Workspace

WARNING_STYLE = "color: #ffb74d;"
#: After the last change of sessions, ranges or settings (ms).
DELAY = 300
#: Sessions in the tooltip's tables; more would not fit on a screen.
MOST_TABULATED = 12


class OverlapLine(WorkspaceWidget):
    """Says before a training whether the sessions' bins find partners; tables are in its tooltip."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.label = QLabel()
        self.label.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.plot = CoveragePlot()
        layout.addWidget(self.label)
        layout.addWidget(self.plot)
        self._shown: object = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(DELAY)
        self._soon.timeout.connect(self.compare)
        events = workspace.events
        for signal in (events.sessions, events.time_ranges, events.config):
            self.listen(signal, self._on_change)
        self.listen(events.job, self._on_job)
        self._on_change()

    def compare(self) -> None:
        """Compare the sessions in the background, unless what is shown is theirs already."""
        subject = overlap_subject(self.workspace)
        if len(self.workspace.sessions) > 1 and subject != self._shown:
            self._shown = subject
            compare_behaviour(self.workspace)

    def _on_change(self) -> None:
        self.setVisible(len(self.workspace.sessions) > 1)
        if overlap_subject(self.workspace) != self._shown:
            self._show("Comparing the sessions' behaviour …")
            if len(self.workspace.sessions) < 2:
                self.plot.show_overlap(None)
            self._soon.start()

    def _on_job(self, job: Job) -> None:
        if job.kind != OVERLAP or job.is_running:
            return
        if job.error is not None:
            self._show(f"The sessions' behaviour could not be compared: {job.error}", warns=True)
            self.plot.show_overlap(None)
        elif job.result is not None:
            result = job.result
            tables = str(result) if len(result.names) <= MOST_TABULATED else result.summary
            self._show(result.summary, tables, warns=not result.is_good)
            self.plot.show_overlap(result)

    def _show(self, text: str, details: str = "", *, warns: bool = False) -> None:
        self.label.setText(text)
        self.label.setStyleSheet(WARNING_STYLE if warns else "")
        self.label.setToolTip(f"<pre>{html.escape(details)}</pre>" if details else "")
