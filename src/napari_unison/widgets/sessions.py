"""The Sessions tab: which recordings are open, what of them is used, and where more of them come from."""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QShortcut,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_unison.sessions import SAMPLE_NAMES, Session
from napari_unison.sessions.importing import suffixes
from napari_unison.widgets.division import DivisionBox
from napari_unison.widgets.importing import ImportDialog, begin_import
from napari_unison.widgets.label_rows import LabelRows
from napari_unison.widgets.listening import WorkspaceWidget, scroll_to, scrolled
from napari_unison.widgets.messages import Message
from napari_unison.widgets.opening_row import OpeningRow, opening_sentence
from napari_unison.widgets.overlap_line import WARNING_STYLE, OverlapLine
from napari_unison.widgets.session_table import SessionTable
from napari_unison.widgets.session_view import SessionView
from napari_unison.widgets.wheel import WheelGuard
from napari_unison.workspace.file_imports import FileImport
from napari_unison.workspace.foreign_files import may_need_mapping
from napari_unison.workspace.jobs import Job
from napari_unison.workspace.state import Workspace

FILE_FILTER = f"Recordings ({' '.join(f'*{suffix}' for suffix in suffixes())});;All files (*)"
OPEN_HELP = (
    "Open recordings, or drop them here. Saved runs bring their sessions. Of recordings of other makes you "
    "are asked what is activity and what a label."
)
NOTHING_OPEN = "No sessions yet. Open files, choose a sample, or drop files here."


class SessionsWidget(WorkspaceWidget):
    """Table of the sessions with what is used of them; files can be dropped on it."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._names: list[str] = []
        self.dialog: ImportDialog | None = None
        self.setAcceptDrops(True)
        self._make_widgets()
        self._lay_out()
        self._connect()
        WheelGuard(self)
        self.update_table()

    def _make_widgets(self) -> None:
        self.table = SessionTable()
        self.open_button = QPushButton("Open…")
        self.open_button.setToolTip(OPEN_HELP)
        self.import_button = self._import_button()
        self.sample_button = QPushButton("Sample")
        self.sample_button.setToolTip("Open sessions to try everything with.")
        self.sample_button.setMenu(self._sample_menu())
        self.remove_button = QPushButton("Remove")
        self.remove_button.setToolTip("Take the selected sessions out (Delete). Runs stay; undo brings back.")
        self.up_button = _tool("▲", "Move the selected session up (Alt+Up).")
        self.down_button = _tool("▼", "Move the selected session down (Alt+Down).")
        self.undo_button = _tool("↶", "")
        self.redo_button = _tool("↷", "")
        self.labels = LabelRows(self.workspace)
        self.division = DivisionBox(self.workspace)
        self.validation_share = self.division.validation_share
        self.laps_button, self.segments_button = self.division.laps_button, self.division.segments_button
        self.view = SessionView(self.workspace)
        self.time_range = self.view.time_range
        self.overlap = OverlapLine(self.workspace)
        self.summary = QLabel(NOTHING_OPEN)
        self.summary.setWordWrap(True)
        self.caution = QLabel()
        self.caution.setWordWrap(True)
        self.caution.setToolTip("Show what is meant, under Behaviour in common.")
        self.caution.linkActivated.connect(lambda _: scroll_to(self.overlap))
        self.caution.hide()
        self.message = Message()
        self.opening = OpeningRow(self.workspace)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(3)
        opening = QHBoxLayout()
        opening.setSpacing(1)
        opening.addWidget(self.open_button, 1)
        opening.addWidget(self.import_button)
        buttons.addLayout(opening, 1)
        for button in (self.sample_button, self.remove_button):
            buttons.addWidget(button, 1)
        for small in (self.up_button, self.down_button, self.undo_button, self.redo_button):
            buttons.addWidget(small)
        self.sections = QWidget()
        inner = QVBoxLayout(self.sections)
        inner.setContentsMargins(0, 0, 0, 0)
        for title, content in (
            ("Selected session", self.view),
            ("Labels", self.labels),
            ("Behaviour in common", self.overlap),
            ("Training", self.division),
        ):
            inner.addWidget(heading(title))
            inner.addWidget(content)
        inner.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addLayout(buttons)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.summary)
        layout.addWidget(self.caution)
        layout.addWidget(self.message)
        layout.addWidget(self.opening)
        self.area = scrolled(self.sections)
        layout.addWidget(self.area, 2)
        self.filler = QWidget()
        layout.addWidget(self.filler, 2)

    def _connect(self) -> None:
        self.open_button.clicked.connect(self._choose_files)
        self.remove_button.clicked.connect(self._remove_selected)
        self.up_button.clicked.connect(lambda: self._move(-1))
        self.down_button.clicked.connect(lambda: self._move(1))
        self.undo_button.clicked.connect(self.undo)
        self.redo_button.clicked.connect(self.redo)
        self.division.told.connect(self.message.show_note)
        self.division.failed.connect(self.message.show_error)
        self.table.itemSelectionChanged.connect(self._enable)
        self.table.itemChanged.connect(self._rename)
        for keys, act, where in (
            ("Delete", self._remove_selected, self.table),
            ("Alt+Up", lambda: self._move(-1), self.table),
            ("Alt+Down", lambda: self._move(1), self.table),
            ("Ctrl+Z", self.undo, self.table),
            ("Ctrl+Shift+Z", self.redo, self.table),
        ):
            shortcut(where, keys, act)
        self.overlap.cautioned.connect(self._show_caution)
        events = self.workspace.events
        self.listen(events.sessions, self.update_table)
        self.listen(events.time_ranges, self.update_table)
        self.listen(events.validation_share, self.message.forget_error)
        self.listen(events.job, self._on_job)
        self.listen(self.workspace.session_history.changed, self._show_history)

    def _import_button(self) -> QPushButton:
        """Return the narrow button beside Open: its menu has the way that always asks."""
        button = QPushButton()
        button.setToolTip("Other ways to open recordings.")
        button.setAccessibleName("other ways to open recordings")
        button.setFixedWidth(20)
        menu = QMenu(button)
        menu.addAction("Import with a mapping…", self._choose_imports)
        button.setMenu(menu)
        return button

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
        """Open recordings and saved runs in the background; ask about recordings of other makes."""
        asked = [path for path in paths if may_need_mapping(Path(path))]
        known = [path for path in paths if path not in asked]
        if known:
            self.workspace.open(known, background=True)
        if asked:
            self.import_files(asked, own_too=False)

    def import_files(self, paths: list[str], *, own_too: bool = True) -> None:
        """Ask what of recordings is activity and what a label, and open them so.

        Parameters
        ----------
        paths : list of str
            The recordings.
        own_too : bool
            Whether to ask about recordings that need no mapping as well; else they are opened.
        """
        if paths:
            begin_import(
                self.workspace,
                [Path(path) for path in paths],
                self,
                note=self.message.show_note,
                fail=self.message.show_error,
                own_too=own_too,
                opened=self._keep_dialog,
            )

    def ask_about(self, files: FileImport) -> None:
        """Open the import dialog for files that have been looked into."""
        dialog = ImportDialog(self.workspace, files, self.window())
        self._keep_dialog(dialog)
        dialog.open()

    def _keep_dialog(self, dialog: ImportDialog) -> None:
        self.dialog = dialog
        dialog.finished.connect(self._forget_dialog)

    def _forget_dialog(self) -> None:
        self.dialog = None

    def _choose_files(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self, "Open recordings", "", FILE_FILTER)
        self.open_files(paths)

    def _choose_imports(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self, "Import recordings", "", FILE_FILTER)
        self.import_files(paths)

    def _remove_selected(self) -> None:
        names = [self.workspace.sessions[row].name for row in self.table.chosen_rows()]
        if names:
            self.workspace.remove(names)
            self.message.show_note(f"Removed {', '.join(names)}; ↶ brings back.")

    def _rename(self, item: QTableWidgetItem) -> None:
        name = self.workspace.sessions[item.row()].name
        try:
            self.workspace.rename_session(name, item.text())
        except ValueError as error:
            self.update_table()
            self.message.show_error(str(error))

    def _move(self, places: int) -> None:
        rows = self.table.chosen_rows()
        if len(rows) == 1:
            name = self.workspace.sessions[rows[0]].name
            self.workspace.move_session(name, rows[0] + places)

    def undo(self) -> None:
        """Take the last change of the sessions back."""
        if self.workspace.session_history.undo_text:
            self.message.show_note(f"Undone: {self.workspace.session_history.undo()}.")

    def redo(self) -> None:
        """Make the change again that was undone last."""
        if self.workspace.session_history.redo_text:
            self.message.show_note(f"Done again: {self.workspace.session_history.redo()}.")

    def dragEnterEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Take files that are dragged over the tab."""
        if event.mimeData().hasUrls():
            accept_copy(event)
            self.message.show_note("Drop to open.")

    def dragLeaveEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Forget files that are dragged on."""
        self.message.show_note("")
        super().dragLeaveEvent(event)

    def dropEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Open files that are dropped on the tab."""
        accept_copy(event)
        self.open_files([url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()])

    # -- what the workspace tells ----------------------------------------------------------------------

    def _on_job(self, job: Job) -> None:
        if job.kind != "opening":
            return
        if job.error is not None:
            self.message.show_error(str(job.error))
        else:
            self.message.show_note(opening_sentence(job))

    def _show_caution(self, words: str) -> None:
        """Say in sight what is wrong with the sessions' behaviour; the details are further down."""
        link = f'<a href="#overlap" style="{WARNING_STYLE}">⚠ {html.escape(words)}</a>'
        self.caution.setText(link if words else "")
        self.caution.setVisible(bool(words))

    def update_table(self) -> None:
        """Fill the table with the workspace's sessions, keeping the selection by name."""
        sessions, used = list(self.workspace.sessions), self.workspace.used_sessions
        before, rows = self._names, self.table.chosen_rows()
        self._names = [session.name for session in sessions]
        self.table.blockSignals(True)
        self.table.show_sessions(sessions, used)
        self._keep_selection(before, rows)
        self.table.blockSignals(False)
        self.summary.setText(summary_of(sessions))
        self.message.forget_error()
        self.area.setVisible(len(sessions) > 0)
        self.filler.setVisible(len(sessions) == 0)
        self._enable()
        self._show_history()

    def _keep_selection(self, before: list[str], rows: list[int]) -> None:
        """Select what was selected; what came in its place where it is gone; the first where all is new."""
        same_number = len(before) == len(self._names)
        kept = []
        for row in rows:
            if before[row] in self._names:
                kept.append(self._names.index(before[row]))
            elif same_number:
                # it was renamed
                kept.append(row)
        if not kept and self._names and (rows or not before):
            kept = [min(rows[0] if rows else 0, len(self._names) - 1)]
        if sorted(kept) != self.table.chosen_rows():
            self.table.clearSelection()
            mode = self.table.selectionMode()
            self.table.setSelectionMode(self.table.SelectionMode.MultiSelection)
            for row in kept:
                self.table.selectRow(row)
            self.table.setSelectionMode(mode)

    def _enable(self) -> None:
        rows = self.table.chosen_rows()
        sessions = list(self.workspace.sessions)
        only = rows[0] if len(rows) == 1 and rows[0] < len(sessions) else None
        self.remove_button.setEnabled(bool(rows))
        self.up_button.setEnabled(only is not None and only > 0)
        self.down_button.setEnabled(only is not None and only < len(sessions) - 1)
        self.view.show_session(None if only is None else sessions[only])

    def _show_history(self) -> None:
        history = self.workspace.session_history
        for button, word, text, keys in (
            (self.undo_button, "Undo", history.undo_text, "Ctrl+Z"),
            (self.redo_button, "Redo", history.redo_text, "Ctrl+Shift+Z"),
        ):
            button.setEnabled(bool(text))
            button.setToolTip(f"{word}: {text} ({keys})" if text else f"Nothing to {word.lower()}.")


def heading(text: str) -> QLabel:
    """Return the title of a section."""
    label = QLabel(text)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    return label


def shortcut(widget: QWidget, keys: str, act: Callable[[], None]) -> None:
    """Let keys act while a widget, or one inside it, has the keyboard's focus."""
    known = QShortcut(QKeySequence(keys), widget)
    known.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
    known.activated.connect(act)


def _tool(text: str, help_text: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(help_text)
    button.setFixedWidth(24)
    return button


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


def accept_copy(event: Any) -> None:
    """Take what is dragged as a copy: a file manager that was told of a move might remove the files."""
    event.setDropAction(Qt.DropAction.CopyAction)
    event.accept()
