"""The runs of the workspace side by side: their label-free scores, and what differs between them."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_unison.widgets.listening import WorkspaceWidget
from napari_unison.widgets.score_table import ScoreTable
from napari_unison.workspace.comparison import RunComparison
from napari_unison.workspace.jobs import Job
from napari_unison.workspace.run_scores import COMPARISON, SCORES_WORDS, ScoredOn, are_at_hand
from napari_unison.workspace.state import Workspace

HELP = (
    "Label-free scores of all runs in one table, with the differences to the first run lap by lap, and what "
    "differs between the runs."
)


class RunsSideBySide(WorkspaceWidget):
    """There once there are two runs: a row a run and what differs, behind a button that opens it.

    Parameters
    ----------
    workspace : Workspace
        Its runs are compared.
    parent : QWidget, optional
        Qt's parent.
    """

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._scored_on: ScoredOn = "held-out"
        self.button = QToolButton()
        self.button.setCheckable(True)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setToolTip(HELP)
        self.notes = QLabel()
        self.notes.setWordWrap(True)
        self.scores = ScoreTable("run")
        self.heading = QLabel()
        self.differs = self._new_table()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.button, self.notes, self.scores, self.heading, self.differs):
            layout.addWidget(widget)
        self.button.toggled.connect(self.update_runs)
        for signal in (workspace.events.runs, workspace.events.run):
            self.listen(signal, self.update_runs)
        self.listen(workspace.events.job, self._on_job)
        self.update_runs()

    def _new_table(self) -> QTableWidget:
        table = QTableWidget()
        table.setAccessibleName("what differs between the runs")
        table.setToolTip("Parameters, sessions and shares in which the runs differ, a column for each run.")
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setTabKeyNavigation(False)
        table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header, names = table.horizontalHeader(), table.verticalHeader()
        if header is not None and names is not None:
            header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            names.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            for one in (table, header, names):
                one.setFont(self.scores.table.font())
        return table

    def set_scored_on(self, scored_on: ScoredOn) -> None:
        """Show other scores: on what was held out, or those of a study."""
        if scored_on != self._scored_on:
            self._scored_on = scored_on
            self.update_runs()

    def _on_job(self, job: Job) -> None:
        if job.is_running:
            return
        if job.kind == COMPARISON and job.state != "finished":
            # not asked for again: it would fail again
            self.notes.setText(str(job.error or ""))
        else:
            self.update_runs()

    def update_runs(self) -> None:
        """Put the runs side by side, if that is asked for."""
        count, is_open = len(self.workspace.runs), self.button.isChecked()
        self.setVisible(count > 1)
        self.button.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        self.button.setText(f"{count} runs side by side · {SCORES_WORDS[self._scored_on]}")
        if not is_open or count < 2:
            for widget in (self.notes, self.heading, self.differs):
                widget.hide()
            self.scores.set_scores(None)
            return
        if not are_at_hand(list(self.workspace.runs), self._scored_on):
            self.notes.setText("Drawing the intervals …")
            self.notes.show()
            self.workspace.compare_scores(self._scored_on, background=True)
            return
        found = self.workspace.compare_scores(self._scored_on)
        self.notes.setText("\n".join(f"{note[:1].upper()}{note[1:]}." for note in found.notes))
        self.notes.setVisible(bool(found.notes))
        self.scores.set_scores(found if found.sheets else None)
        self._show_differing(found.differs)

    def _show_differing(self, differs: RunComparison) -> None:
        are_two = len(differs.runs) > 1
        self.heading.setVisible(are_two)
        self.differs.setVisible(are_two and bool(differs.rows))
        self.heading.setText("What differs between them" if differs.rows else "Nothing differs between them")
        self.differs.setColumnCount(len(differs.runs))
        self.differs.setRowCount(len(differs.rows))
        self.differs.setHorizontalHeaderLabels(differs.runs)
        self.differs.setVerticalHeaderLabels([name.replace("_", " ") for name in differs.rows])
        for row, values in enumerate(differs.rows.values()):
            for column, text in enumerate(values):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                self.differs.setItem(row, column, item)
        header, bar = self.differs.horizontalHeader(), self.differs.horizontalScrollBar()
        if header is not None and bar is not None:
            self.differs.resizeRowsToContents()
            rows = sum(self.differs.rowHeight(row) for row in range(len(differs.rows)))
            self.differs.setFixedHeight(rows + header.sizeHint().height() + bar.sizeHint().height() + 4)
