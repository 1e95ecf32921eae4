"""What differs between the runs of the workspace, as a table that opens on a click."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_unison.widgets.explore.section import Section
from napari_unison.workspace.state import Workspace

#: Rows that are shown before the table scrolls.
MOST_ROWS = 8


class CompareSection(Section):
    """There once there are two runs; a row a parameter that differs, a column a run."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.button = QToolButton()
        self.button.setCheckable(True)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setToolTip("Parameters, sessions and training in which the runs differ.")
        self.button.toggled.connect(self.update_table)
        self.table = QTableWidget()
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setAccessibleName("what differs between the runs")
        self.table.setToolTip("What differs between the runs, a column for each.")
        header = self.table.horizontalHeader()
        if header is not None:
            header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            header.sectionClicked.connect(self._choose_run)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.button)
        layout.addWidget(self.table)
        self.listen(workspace.events.runs, self.update_table)
        self.listen(workspace.events.run, self.update_table)
        self.update_table()

    def _choose_run(self, column: int) -> None:
        """Show the run whose name was clicked."""
        self.workspace.run = self.workspace.runs[column]

    def update_table(self) -> None:
        """List what differs, if the table is open."""
        runs, is_open = list(self.workspace.runs), self.button.isChecked()
        self.setVisible(len(runs) > 1)
        self.button.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        self.table.setVisible(is_open)
        if len(runs) < 2:
            return
        found = self.workspace.compare_runs()
        count = len(found.rows)
        differs = (
            f"{count} thing{'s' * (count != 1)} differ{'s' * (count == 1)}" if count else "nothing differs"
        )
        self.button.setText(f"{len(runs)} runs: {differs}")
        if not is_open:
            return
        self.table.setColumnCount(len(runs))
        self.table.setRowCount(count)
        self.table.setHorizontalHeaderLabels(found.runs)
        self.table.setVerticalHeaderLabels([name.replace("_", " ") for name in found.rows])
        for row, values in enumerate(found.rows.values()):
            for column, text in enumerate(values):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                font = item.font()
                font.setBold(runs[column] is self.workspace.run)
                item.setFont(font)
                self.table.setItem(row, column, item)
        for column in range(len(runs)):
            head = self.table.horizontalHeaderItem(column)
            if head is not None:
                head.setToolTip("Click: show this run")
        self._fit_height(count)

    def _fit_height(self, count: int) -> None:
        header = self.table.horizontalHeader()
        above = 0 if header is None else header.sizeHint().height()
        rows = sum(self.table.rowHeight(row) for row in range(min(count, MOST_ROWS)))
        self.table.setFixedHeight(above + rows + 2 * self.table.frameWidth() + 2)
