"""The Sessions tab: which recordings are open, and where more of them come from."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_unison.display import label_roles
from napari_unison.sessions import SAMPLE_NAMES, Session, segment_laps
from napari_unison.widgets.listening import WorkspaceWidget
from napari_unison.widgets.messages import Message
from napari_unison.widgets.overlap_line import OverlapLine
from napari_unison.widgets.time_range import TimeRangeRow
from napari_unison.workspace.jobs import Job
from napari_unison.workspace.state import Workspace
from napari_unison.workspace.time_ranges import recorded_range

COLUMNS = ("session", "neurons", "bins", "time (s)", "rate (Hz)")
FILE_FILTER = "Recordings (*.jl *.jl.gz *.npz);;All files (*)"
LAPS_HELP = (
    "A new segment wherever a discrete label, such as the running direction, changes: the windows of a "
    "training do not cross into the next lap. To undo it, remove the sessions and open them again."
)
NOTHING_OPEN = "No sessions yet. Open files, choose a sample, or drop files here."


class SessionsWidget(WorkspaceWidget):
    """Table of the sessions, with buttons to open, sample and remove; files can be dropped on it."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.setAcceptDrops(True)
        self.table = _table()
        self.open_button = QPushButton("Open files…")
        self.sample_button = QPushButton("Sample")
        self.sample_button.setMenu(self._sample_menu())
        self.remove_button = QPushButton("Remove")
        self.laps_button = QPushButton("Laps as segments")
        self.time_range = TimeRangeRow(self.workspace)
        self.overlap = OverlapLine(self.workspace)
        self.summary = QLabel(NOTHING_OPEN)
        self.summary.setWordWrap(True)
        self.message = Message()
        self._lay_out()
        self.open_button.clicked.connect(self._choose_files)
        self.remove_button.clicked.connect(self._remove_selected)
        self.laps_button.clicked.connect(self.make_laps)
        self.table.itemSelectionChanged.connect(self._enable)
        self.listen(workspace.events.sessions, self.update_table)
        self.listen(workspace.events.time_ranges, self.update_table)
        self.listen(workspace.events.job, self._on_job)
        self.update_table()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        for button in (self.open_button, self.sample_button, self.remove_button):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addLayout(buttons)
        layout.addWidget(self.table, 1)
        for widget in (self.time_range, self.laps_button, self.summary, self.overlap, self.message):
            layout.addWidget(widget)

    def _sample_menu(self) -> QMenu:
        menu = QMenu(self)
        for name in SAMPLE_NAMES:
            menu.addAction(name, lambda name=name: self.open_sample(name))
        return menu

    # -- what a click does -----------------------------------------------------------------------------

    def open_sample(self, name: str) -> None:
        """Open a sample in the background."""
        self.workspace.open_sample(name, background=True)

    def open_files(self, paths: list[str]) -> None:
        """Open recordings and saved runs in the background."""
        if paths:
            self.workspace.open(paths, background=True)

    def _choose_files(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self, "Open recordings", "", FILE_FILTER)
        self.open_files(paths)

    def _remove_selected(self) -> None:
        rows = {item.row() for item in self.table.selectedItems()}
        self.workspace.remove([self.workspace.sessions[row].name for row in rows])

    def make_laps(self) -> None:
        """Make a segment of every lap of every session; windows and lines do not cross its ends."""
        sessions = list(self.workspace.sessions)
        label = lap_label(sessions)
        if label is not None:
            self.workspace.sessions[:] = [segment_laps(session, label) for session in sessions]
            self.message.show_note(f"Each run of one {label} is a segment now.")

    def dragEnterEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Take files that are dragged over the tab."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Open files that are dropped on the tab."""
        self.open_files([url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()])
        event.acceptProposedAction()

    # -- what the workspace tells ----------------------------------------------------------------------

    def _on_job(self, job: Job) -> None:
        if job.kind != "opening":
            return
        if job.error is not None:
            self.message.show_error(str(job.error))
        else:
            self.message.show_note(f"{job.title} …" if job.is_running else "")

    def update_table(self) -> None:
        """Fill the table with the workspace's sessions."""
        sessions, used = list(self.workspace.sessions), self.workspace.used_sessions
        self.table.setRowCount(len(sessions))
        for row, (session, part) in enumerate(zip(sessions, used, strict=True)):
            for column, text in enumerate(describe(session, part)):
                item = QTableWidgetItem(text)
                if column > 0:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                item.setToolTip(text if part is session else f"{text}: {part_in_words(session, part)}")
                self.table.setItem(row, column, item)
        self.summary.setText(summary_of(sessions))
        self._enable()

    def _enable(self) -> None:
        rows = {item.row() for item in self.table.selectedItems()}
        self.remove_button.setEnabled(bool(rows))
        known = [session.name for session in self.workspace.sessions]
        self.time_range.show_session(known[rows.pop()] if len(rows) == 1 else None)
        label = lap_label(list(self.workspace.sessions))
        self.laps_button.setEnabled(label is not None)
        self.laps_button.setToolTip(LAPS_HELP if label is None else f"{LAPS_HELP} Here: {label}.")


def _table() -> QTableWidget:
    table = QTableWidget(0, len(COLUMNS))
    table.setHorizontalHeaderLabels(COLUMNS)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    header = table.horizontalHeader()
    if header is not None:
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(40)
    numbers = table.verticalHeader()
    if numbers is not None:
        numbers.setVisible(False)
    table.setMinimumHeight(120)
    return table


def lap_label(sessions: list[Session]) -> str | None:
    """Return the discrete label whose changes end a lap; None without sessions or without such a label."""
    return label_roles(sessions[0]).direction if sessions else None


def describe(session: Session, used: Session | None = None) -> tuple[str, ...]:
    """Return a session's row of the table, in the order of ``COLUMNS``, with the part that is used."""
    used = used or session
    duration = f"{session.duration:,.0f}"
    return (
        session.name,
        str(session.n_neurons),
        f"{used.n_bins:,}",
        duration if used is session else f"{used.duration:,.0f} of {duration}",
        f"{used.rate().mean():.2f}",
    )


def part_in_words(session: Session, used: Session) -> str:
    """Say which part of a session is used."""
    start, stop = recorded_range(used)
    return f"{start:g} to {stop:g} s are used, {used.n_bins:,} of {session.n_bins:,} bins"


def summary_of(sessions: list[Session]) -> str:
    """Say in a line what is open."""
    if not sessions:
        return NOTHING_OPEN
    neurons = sum(session.n_neurons for session in sessions)
    minutes = sum(session.duration for session in sessions) / 60
    labels = ", ".join(f"{name} ({kind})" for name, kind in sessions[0].kinds.items())
    count = f"{len(sessions)} session{'s' * (len(sessions) != 1)}"
    segments = sum(len(session.segment_slices()) for session in sessions)
    pieces = f", {segments} segments" if segments > len(sessions) else ""
    return f"{count}, {neurons} neurons, {minutes:.1f} min{pieces}. Labels: {labels}."
