"""The import dialog: a file on the left, a mapping of it in the middle, the sessions it makes on the right.

It edits fields of a :class:`FileMapping`; whether they hold together and what comes of them is said by
:class:`FileImport`, which reads in the background.
"""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from napari_unison.sessions import SessionError
from napari_unison.sessions.importing import Contents, FileMapping
from napari_unison.widgets.importing.beside_files import BesideFiles
from napari_unison.widgets.importing.busy_row import BusyRow
from napari_unison.widgets.importing.entries_panel import EntriesPanel
from napari_unison.widgets.importing.file_line import FileLine
from napari_unison.widgets.importing.job_ends import when_done
from napari_unison.widgets.importing.keep_mapping import KeepMapping, plain_button
from napari_unison.widgets.importing.mapping_editor import MappingEditor
from napari_unison.widgets.importing.mapping_note import MappingNote
from napari_unison.widgets.importing.preview import NOTHING_YET, Preview
from napari_unison.widgets.importing.problem_row import ProblemRow
from napari_unison.workspace.file_imports import FileImport
from napari_unison.workspace.jobs import Job
from napari_unison.workspace.mapping_checks import Checked
from napari_unison.workspace.state import Workspace

#: After the last change, before the mapping is tried (ms).
PATIENCE = 250
SIZE = (1240, 740)
LARGE = "The recording is large: press Preview to read it. It can be imported without."


class ImportDialog(QDialog):
    """Asks what of files is neural activity and what a label, and opens them in the workspace.

    Parameters
    ----------
    workspace : Workspace
        Where the sessions go.
    files : FileImport
        The files, which have been looked into; they are closed with the dialog.
    parent : QWidget, optional
        The window.
    """

    def __init__(self, workspace: Workspace, files: FileImport, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.files = files
        self.checked: Checked | None = None
        self._opening: Job | None = None
        self._is_closed = False
        self.setWindowTitle("Import recordings")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._make_widgets()
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PATIENCE)
        self._timer.timeout.connect(self.check)
        self._connect()
        # Enter imports a proposal that is complete; in the field that finds entries it would not
        self.tree.setFocus()
        self.start()
        files.compare() if len(files.files) > 1 else None
        self._show_files()

    def _make_widgets(self) -> None:
        self.file_line = FileLine()
        self.entries = EntriesPanel(self._contents())
        self.filter, self.tree = self.entries.filter, self.entries.tree
        self.activity_button = self.entries.activity_button
        self.editor = MappingEditor(self._contents().entries)
        self.form, self.labels, self.text = self.editor.form, self.editor.labels, self.editor.text
        self.preview = Preview()
        self.preview_button = plain_button("Preview", "Read the recording, however large it is.")
        self.preview_button.hide()
        self.problem, self.note = ProblemRow(), MappingNote()
        self.message = self.problem.message
        self.busy = BusyRow()
        self.guess_button = plain_button("Start from proposal", "Forget these choices and guess anew.")
        self.keep = KeepMapping(self.files.files)
        self.cancel_button = plain_button("Cancel", "Import nothing (Escape).")
        self.import_button = QPushButton("Import")
        self.import_button.setToolTip("Open the files with this mapping (Enter).")
        self.import_button.setDefault(True)

    def _lay_out(self) -> None:
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.preview, 1)
        column.addWidget(self.preview_button)
        self.split = QSplitter(Qt.Orientation.Horizontal)
        for widget in (self.entries, self.editor, right):
            self.split.addWidget(widget)
        self.split.setChildrenCollapsible(False)
        self.split.setSizes([340, 500, 390])
        buttons = QHBoxLayout()
        buttons.addWidget(self.guess_button)
        buttons.addWidget(self.keep)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.import_button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.file_line)
        layout.addWidget(self.split, 1)
        for line in (self.problem, self.note, self.busy):
            layout.addWidget(line)
        layout.addLayout(buttons)
        self.resize(*_within_screen(SIZE))

    def _connect(self) -> None:
        message = self.message
        self.beside = BesideFiles(
            self.files, self.entries, self.editor, self.show_fields, message.show_note, message.show_error
        )
        self.entries.labels_wanted.connect(self.add_labels)
        self.entries.activity_wanted.connect(self.editor.use_as_activity)
        self.labels.wanted.connect(self.add_labels)
        self.labels.add_button.clicked.connect(self.add_selected)
        self.busy.stopped.connect(self.stop)
        self.problem.renamed.connect(lambda name: self.show_fields(self.fields() | {"name": name}))
        self.keep.loaded.connect(self._show_loaded)
        self.keep.told.connect(self.message.show_note)
        self.keep.failed.connect(self.message.show_error)
        self.editor.changed.connect(self._on_change)
        self.form.during.values_wanted.connect(self._read_intervals)
        self.file_line.leave_out.connect(lambda: self.files.leave_out(list(self.files.misfits)))
        for button, act in (
            (self.preview_button, lambda: self.check(read_large=True)),
            (self.guess_button, self.guess),
            (self.cancel_button, self.reject),
            (self.import_button, self.accept),
        ):
            button.clicked.connect(lambda _, act=act: act())
        # a window that is closed takes its dialogs along unasked
        self.destroyed.connect(lambda _, files=self.files: files.close())
        events = self.files.events
        events.checked.connect(self._on_checked)
        events.compared.connect(self._show_files)
        events.job.connect(self._on_job)

    def _contents(self) -> Contents:
        contents = self.files.contents
        if contents is None:
            raise SessionError("look into the files before the dialog is opened")
        return contents

    # -- the mapping -----------------------------------------------------------------------------------

    def start(self) -> None:
        """Fill in what is proposed: the mapping that was used last for such files, or a guess."""
        proposal = self.files.proposal
        self.note.take_notes(() if proposal is None else proposal.notes)
        self.show_fields({} if proposal is None else _plain(proposal.fields))

    def _show_note(self) -> None:
        self.note.show_origin(is_remembered=self.files.is_remembered, in_text_alone=self.editor.in_text_alone)

    def fields(self) -> dict[str, Any]:
        """Return the fields of the mapping as they are now."""
        return self.editor.fields()

    def show_fields(self, fields: dict[str, Any]) -> None:
        """Show another mapping, complete or not, and try it."""
        self.editor.show_fields(fields)
        self._show_note()
        self._wait_for_check(now=True)

    def _show_loaded(self, mapping: FileMapping) -> None:
        self.note.take_notes(())
        self.show_fields(mapping.to_fields())

    def _on_change(self) -> None:
        self._show_note()
        if self.editor.problem:
            self._timer.stop()
            self._show_checked(Checked(None, (), self.editor.problem))
        else:
            self._wait_for_check()

    def _wait_for_check(self, *, now: bool = False) -> None:
        self.checked = None
        self._enable()
        if now:
            self.check()
        else:
            self._timer.start()

    def check(self, *, read_large: bool = False) -> None:
        """Try the mapping in the background; the last try counts."""
        self._timer.stop()
        fields = self.fields()
        self.beside.follow(fields)
        self.files.check(fields, read_large=read_large)

    def _on_checked(self, checked: Checked) -> None:
        if not self._timer.isActive() and not self.editor.problem:
            self._show_checked(checked)

    def _show_checked(self, checked: Checked) -> None:
        self.checked = checked
        self.editor.mark(checked.fields)
        self.problem.show_checked(checked)
        is_large = checked.is_valid and not checked.sessions
        self.preview_button.setVisible(is_large)
        self.preview.setEnabled(bool(checked.sessions) or checked.is_valid)
        if checked.is_valid or checked.sessions or not self.preview.sessions:
            self.preview.show_sessions(
                checked.sessions, checked.words or (LARGE if is_large else NOTHING_YET,)
            )
        self._enable()

    # -- labels ----------------------------------------------------------------------------------------

    def add_selected(self) -> None:
        """Make a label of the selected entries: several are the columns of one."""
        chosen = self.tree.chosen()
        if len(chosen) > 1 and not any(field for _, field in chosen):
            self._propose_label([path for path, _ in chosen], "")
        else:
            self.add_labels(chosen)

    def add_labels(self, entries: list[tuple[str, str]]) -> None:
        """Make a label of each entry, (path, column of intervals)."""
        for path, field in entries:
            self._propose_label([path], field)

    def _propose_label(self, paths: list[str], field: str) -> None:
        job = self.files.propose_label(paths, field=field, taken=list(self.labels.labels()))
        when_done(job, self._add_proposed, self._show_error)

    def _add_proposed(self, found: Any) -> None:
        name, label = found
        self.editor.add_label(name, label.model_dump(mode="json", exclude_defaults=True))

    def _read_intervals(self, path: str) -> None:
        job = self.files.interval_values(path)
        when_done(job, lambda choices: self.form.during.offer_values(path, choices), self._show_error)

    # -- buttons ---------------------------------------------------------------------------------------

    def guess(self) -> None:
        """Begin with a fresh guess."""
        when_done(self.files.guess(), lambda _: self.start(), self._show_error)

    def load_mapping(self, path: str) -> None:
        """Fill in a mapping from a toml file."""
        self.keep.load(path)

    # -- importing -------------------------------------------------------------------------------------

    def accept(self) -> None:
        """Open the files; the dialog closes when they are in the workspace."""
        checked = self.checked
        if checked is None or not checked.is_valid or checked.mapping is None or self._opening is not None:
            return
        mapping = checked.mapping
        self._opening = job = self.workspace.open(self.files.files, mapping=mapping, background=True)
        job.events.changed.connect(self._show_opening)
        when_done(job, lambda _: self._imported(mapping), self._show_error, lambda: self._not_imported(job))
        self._enable()

    def _imported(self, mapping: FileMapping) -> None:
        self._opening = None
        if not self._is_closed:
            self.files.remember(mapping)
            super().accept()

    def _not_imported(self, job: Job) -> None:
        """Stay open after an error or a stop, so that nothing of the mapping is lost."""
        self._opening = None
        if not self._is_closed:
            if job.error is None:
                self.message.show_note("Stopped; nothing was imported.")
            self._enable()

    def stop(self) -> None:
        """Stop what is being read."""
        if self._opening is not None:
            self._opening.stop()
        self.files.stop()

    def done(self, result: int) -> None:
        """Close the files with the dialog, and give up what is being opened where it was cancelled."""
        self._is_closed = True
        self.busy.end()
        if self._opening is not None and self._opening.is_running:
            self._opening.stop()
        self._timer.stop()
        self.files.close()
        super().done(result)

    # -- what is shown ---------------------------------------------------------------------------------

    def _show_files(self) -> None:
        self.file_line.show_files(self.files)
        self._enable()

    def _enable(self) -> None:
        number, checked = len(self.files.files), self.checked
        is_ready = checked is not None and checked.is_valid and self._opening is None
        self.import_button.setText("Import" if number == 1 else f"Import {number} files")
        self.import_button.setEnabled(is_ready)
        self.keep.offer(None if checked is None else checked.mapping, self.files.files)

    def _show_error(self, error: BaseException) -> None:
        if not self._is_closed:
            self.message.show_error(str(error) or type(error).__name__)

    def _on_job(self, job: Job) -> None:
        if self._opening is None and not self._is_closed:
            self.busy.show_job(job)

    def _show_opening(self) -> None:
        if self._opening is not None and not self._is_closed:
            self.busy.show_job(self._opening)


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields of a mapping without models in them."""
    labels = {
        name: label if isinstance(label, dict) else label.model_dump(mode="json", exclude_defaults=True)
        for name, label in (fields.get("labels") or {}).items()
    }
    return fields | {"labels": labels}


def _within_screen(size: tuple[int, int]) -> tuple[int, int]:
    screen = QGuiApplication.primaryScreen()
    if screen is None:
        return size
    room = screen.availableGeometry()
    return min(size[0], room.width() - 20), min(size[1], room.height() - 40)
