"""Quick scores of the shown run: what is decoded without labels, beside what the labels alone give."""

from __future__ import annotations

import math

from qtpy.QtGui import QFontDatabase
from qtpy.QtWidgets import QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from napari_unison.analysis.decoding import ALL_SESSIONS, LabelScore
from napari_unison.analysis.quick_scores import QuickScores
from napari_unison.widgets.listening import WorkspaceWidget, scroll_to
from napari_unison.widgets.messages import Message
from napari_unison.workspace.jobs import Job
from napari_unison.workspace.scoring import score_run, scores_of
from napari_unison.workspace.state import Workspace

HELP = (
    "Scores on the end of each session, which the training did not see: label-free (decoding), aligned "
    "(circular, since labels are used) and aligned with the own neurons silenced (its control)."
)


class ScoresWidget(WorkspaceWidget):
    """A button that scores the current run, a line with the result, and the whole table."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.button = QPushButton("Quick scores")
        self.line = QLabel()
        self.line.setWordWrap(True)
        self.table = QPlainTextEdit()
        self.table.setReadOnly(True)
        self.table.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.table.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.table.setFixedHeight(150)
        self.message = Message()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.button, self.message, self.line, self.table):
            layout.addWidget(widget)
        self.button.clicked.connect(self.compute)
        self.listen(workspace.events.run, self.update_scores)
        self.listen(workspace.events.job, self._on_job)
        self.update_scores()

    def compute(self) -> None:
        """Score the current run in the background."""
        score_run(self.workspace)

    def update_scores(self) -> None:
        """Show the scores of the current run, if they are there."""
        run, running = self.workspace.run, self._job()
        scores = scores_of(run)
        has_held_out = run is not None and bool(run.held_out)
        self.button.setEnabled(has_held_out and scores is None and running is None)
        self.button.setToolTip(
            HELP if run is None or has_held_out else f"{run.name} held nothing out. {HELP}"
        )
        self.line.setText("" if scores is None else summary(scores))
        self.table.setPlainText("" if scores is None else str(scores))
        for widget in (self.line, self.table):
            widget.setVisible(scores is not None)

    def _job(self) -> Job | None:
        return next((job for job in self.workspace.jobs if job.kind == "scores"), None)

    def _on_job(self, job: Job) -> None:
        if job.kind != "scores":
            return
        if job.error is not None:
            self.message.show_error(str(job.error))
        else:
            self.message.show_note(f"{job.phase.capitalize()} …" if job.is_running else "")
        self.update_scores()
        if self.table.isVisible() and not job.is_running:
            scroll_to(self.table)


def summary(scores: QuickScores) -> str:
    """Say in a line a label what is decoded, and what the labels give without the neurons."""
    lines = []
    for label in scores.label_free.labels:
        values = [
            _score_text(part.row(ALL_SESSIONS, label))
            for part in (scores.label_free, scores.aligned, scores.silenced)
        ]
        lines.append(
            f"{label}: {values[0]} label-free (decoding); {values[1]} aligned (circular), "
            f"{values[2]} with the own neurons silenced"
        )
    return "\n".join([f"All sessions, {scores.split}.", *lines])


def _score_text(score: LabelScore) -> str:
    """Write R², or the accuracy of a label that has no R²."""
    return f"R² {score.r2:.2f}" if math.isfinite(score.r2) else f"{score.accuracy:.0%} right"
