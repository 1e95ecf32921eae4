"""The Decode dock: which latents say most, and what can be decoded, with baselines and controls."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_unison._compat import unwrapped
from napari_unison.display.latent_points import LatentPoints, latent_points
from napari_unison.widgets.decode_words import (
    CHOICES,
    HELD_OUT,
    KINDS,
    MEANING,
    MEANING_HELP,
    N_PERMUTATIONS,
    NULL_HELP,
    REPORT,
    REPORT_HELP,
    RESUME_HELP,
    job_sentence,
    notes_of,
    scores_of,
    why_not,
)
from napari_unison.widgets.docking import UndockingWatcher
from napari_unison.widgets.figure_window import FigureWindow
from napari_unison.widgets.latent_scatter import LatentScatter
from napari_unison.widgets.listening import WorkspaceWidget, scroll_to, scrolled
from napari_unison.widgets.messages import Message
from napari_unison.widgets.runs_side_by_side import RunsSideBySide
from napari_unison.widgets.score_table import ScoreTable
from napari_unison.widgets.wheel import WheelGuard
from napari_unison.workspace.jobs import Job
from napari_unison.workspace.run_scores import SCORES_WORDS
from napari_unison.workspace.scoring import score_run
from napari_unison.workspace.state import Workspace
from napari_unison.workspace.viewers import get_workspace


class DecodeWidget(WorkspaceWidget):
    """R² of each latent, a button that scores the current run in the background, and the table of scores."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._drawn: tuple[Any, LatentPoints | None] = (None, None)
        self._make_fields()
        self._lay_out()
        self._connect()
        WheelGuard(self)
        self.update_latents()
        self.update_scores()

    def _make_fields(self) -> None:
        self.scatter = LatentScatter()
        self.meaning = QLabel(MEANING)
        self.meaning.setWordWrap(True)
        self.meaning.setToolTip(MEANING_HELP)
        self.choice = QComboBox()
        self.choice.setAccessibleName("what is run")
        for key, (title, help_text) in CHOICES.items():
            self.choice.addItem(title, key)
            self.choice.setItemData(self.choice.count() - 1, help_text, Qt.ItemDataRole.ToolTipRole)
        self.null = QCheckBox("null")
        self.null.setToolTip(NULL_HELP)
        self.start_button = QPushButton("Decode")
        self.stop_button = QPushButton("Stop")
        self.stop_button.setToolTip("End the study after its current step; it can go on later.")
        self.resume_button = QPushButton("Resume")
        self.resume_button.setToolTip(RESUME_HELP)
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.status = QLabel()
        self.status.setWordWrap(True)
        self.message = Message()
        self.runs = RunsSideBySide(self.workspace)
        self.shown_run = QLabel()
        self.scores = ScoreTable()
        self.figure_button = QPushButton("Figure")
        self.figure_button.setToolTip(
            "Every method in every session with intervals, in a window of its own: to look at and to save."
        )
        self.report_button = QPushButton("Report…")
        self.report_button.setToolTip(REPORT_HELP)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.start_button, 1)
        buttons.addWidget(self.stop_button, 1)
        buttons.addWidget(self.resume_button, 1)
        buttons.addWidget(self.null)
        pages = QHBoxLayout()
        pages.addWidget(self.figure_button, 1)
        pages.addWidget(self.report_button, 1)
        inner = QWidget()
        layout = QVBoxLayout(inner)
        above: tuple[QWidget, ...] = (self.scatter, self.meaning, self.choice)
        below: tuple[QWidget, ...] = (self.progress, self.status, self.message, self.runs, self.shown_run)
        for widget in above:
            layout.addWidget(widget)
        layout.addLayout(buttons)
        for widget in below:
            layout.addWidget(widget)
        layout.addLayout(pages)
        layout.addWidget(self.scores)
        layout.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scrolled(inner))

    def _connect(self) -> None:
        self.scatter.chosen.connect(self.choose_latent)
        self.choice.currentIndexChanged.connect(self._on_choice)
        self.start_button.clicked.connect(self.start)
        self.stop_button.clicked.connect(self.stop)
        self.resume_button.clicked.connect(self.resume)
        self.runs.button.toggled.connect(self.update_scores)
        self.figure_button.clicked.connect(self.open_figure)
        self.report_button.clicked.connect(self._choose_page)
        events = self.workspace.events
        self.listen(events.embedding, self.update_latents)
        self.listen(events.display, self.update_latents)
        self.listen(events.run, self._on_run)
        self.listen(events.runs, self._on_run)
        self.listen(events.job, self._on_job)

    # -- what a click does -----------------------------------------------------------------------------

    def choose_latent(self, latent: int) -> None:
        """Look at a latent (counted from 0)."""
        try:
            self.workspace.choose_latent(latent)
        except ValueError as error:
            self.message.show_error(str(error))

    def start(self) -> None:
        """Score the current run in the background, as thoroughly as was chosen."""
        self.message.show_note("")
        key = self.choice.currentData()
        try:
            if key == HELD_OUT:
                score_run(self.workspace)
            else:
                self.workspace.decode(key, n_permutations=N_PERMUTATIONS if self.null.isChecked() else 0)
        except ValueError as error:
            self.message.show_error(str(error))

    def stop(self) -> None:
        """End the study that runs; it can go on later."""
        job = self._job()
        if job is not None:
            job.stop()

    def resume(self) -> None:
        """Go on with the study that was stopped, with the options that it had."""
        self.message.show_note("")
        try:
            self.workspace.resume_decoding(self.choice.currentData())
        except ValueError as error:
            self.message.show_error(str(error))

    def open_figure(self) -> None:
        """Show the study as a figure in a window of its own."""
        run, key = self.workspace.run, self.choice.currentData()
        if run is None:
            return
        try:
            figure = self.workspace.study_figure(key)
        except ValueError as error:
            self.message.show_error(str(error))
            return
        self.figure_window = FigureWindow(figure, f"{run.name}, {SCORES_WORDS[key]}", self)
        self.figure_window.show()

    def _choose_page(self) -> None:
        run = self.workspace.run
        if run is None or run.folder is None:
            self.message.show_error("The page is about a saved run: save the run first (tab Explore).")
            return
        proposed = str(run.folder.with_suffix(".html"))
        name, _ = QFileDialog.getSaveFileName(self, "Write a page about the run", proposed, "Pages (*.html)")
        if name:
            path = Path(name)
            self.write_page(path if path.suffix else path.with_suffix(".html"))

    def write_page(self, path: Path) -> None:
        """Write the page about the run in the background, and open it when it is there."""
        self.message.show_note("")
        try:
            self.workspace.save_report(path, overwrite=True)
        except ValueError as error:
            self.message.show_error(str(error))

    def _on_choice(self) -> None:
        self.message.show_note("")
        self.update_scores()

    # -- what the workspace tells ----------------------------------------------------------------------

    def _job(self) -> Job | None:
        """Return the newest job that scores; an older one may still be ending."""
        jobs = [job for job in self.workspace.jobs if job.kind in KINDS]
        return jobs[-1] if jobs else None

    def _on_run(self) -> None:
        self.message.show_note("")
        self.update_scores()

    def _on_job(self, job: Job) -> None:
        if job.kind not in KINDS:
            return
        if job.error is not None:
            self.message.show_error(str(job.error) or type(job.error).__name__)
        elif job.kind == REPORT and job.state == "finished":
            self.message.show_note(f"Written: {job.result}.")
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(job.result)))
        self.update_scores()
        if job.kind != REPORT and job.state == "finished" and self.scores.isVisible():
            scroll_to(self.scores.table)

    def update_latents(self) -> None:
        """Draw the latents of the shown embedding, and mark the chosen one."""
        run, embedding = self.workspace.run, self.workspace.embedding
        scores = None if run is None or embedding is None else run.latent_scores.get(embedding.kind)
        if scores is None or embedding is None:
            self._drawn = None, None
        elif self._drawn[0] is not scores:
            self._drawn = scores, latent_points(scores, embedding.sessions[0])
        self.scatter.set_points(self._drawn[1], self.workspace.display.latent)

    def update_scores(self) -> None:
        """Show the chosen scores of the current run, if they are there, and what is going on."""
        run, job, key = self.workspace.run, self._job(), self.choice.currentData()
        scores = scores_of(run, key)
        refusal = why_not(run, key)
        self.start_button.setEnabled(refusal == "" and job is None)
        self.start_button.setToolTip(refusal or CHOICES[key][1])
        self.stop_button.setEnabled(job is not None and job.can_stop)
        unfinished = None if run is None or job is not None else run.unfinished.get(key)
        self.resume_button.setVisible(unfinished is not None)
        self.stop_button.setVisible(unfinished is None)
        self.figure_button.setVisible(run is not None and key in run.studies)
        self.report_button.setVisible(run is not None and key in run.studies)
        self.report_button.setEnabled(job is None)
        self.choice.setToolTip(CHOICES[key][1])
        self.null.setEnabled(key != HELD_OUT)
        self.progress.setVisible(job is not None)
        if job is not None:
            known = math.isfinite(job.share)
            self.progress.setRange(0, 1000 if known else 0)
            self.progress.setValue(round(1000 * job.share) if known else 0)
        to_go_on = "" if unfinished is None else f"{unfinished}: Resume goes on from there."
        said = "\n".join(filter(None, [to_go_on, notes_of(scores)]))
        self.status.setText(refusal or (said if job is None else job_sentence(job)))
        self.status.setVisible(bool(self.status.text()))
        self.scores.set_scores(scores)
        self.scatter.set_low(scores is not None)
        self.runs.set_scored_on(key)
        self.shown_run.setText("" if run is None else f"{run.name}, {SCORES_WORDS[key]}")
        # with several runs in the table above, the one below says whose it is
        is_beside_others = self.runs.button.isChecked() and len(self.workspace.runs) > 1
        self.shown_run.setVisible(scores is not None and is_beside_others)


class DecodeDock(DecodeWidget):
    """The same as a dock of its own.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer whose workspace is shown.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(get_workspace(unwrapped(napari_viewer)))
        UndockingWatcher(self, self.deleteLater)
