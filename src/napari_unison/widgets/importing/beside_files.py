"""Files beside the one that is imported: chosen, opened into the tree, renamed, and taken out again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QFileDialog

from napari_unison.sessions import SessionError
from napari_unison.sessions.importing import suffixes
from napari_unison.widgets.importing.entries_panel import EntriesPanel
from napari_unison.widgets.importing.job_ends import when_done
from napari_unison.widgets.importing.mapping_editor import MappingEditor
from napari_unison.workspace.companion_paths import beside_of, renamed_companion, without_companion
from napari_unison.workspace.companions import KEPT_SIGNS, companion_pieces
from napari_unison.workspace.file_imports import FileImport
from napari_unison.workspace.jobs import Job

NOT_UNDERSTOOD = "Mend the text of the mapping first, in As text."
FILE_FILTER = f"Recordings ({' '.join(f'*{suffix}' for suffix in suffixes())});;All files (*)"


class BesideFiles:
    """Keeps the tree, the mapping and the files that are open at one.

    Parameters
    ----------
    files : FileImport
        Opens them.
    panel : EntriesPanel
        Shows what they hold.
    editor : MappingEditor
        Names them in ``beside``.
    show_fields : callable
        Shows another mapping, and tries it.
    note, fail : callable
        Told what was done, and what is wrong.
    """

    def __init__(
        self,
        files: FileImport,
        panel: EntriesPanel,
        editor: MappingEditor,
        show_fields: Callable[[dict[str, Any]], object],
        note: Callable[[str], object],
        fail: Callable[[str], object],
    ) -> None:
        self._files, self._panel, self._editor = files, panel, editor
        self._show_fields, self._note, self._fail = show_fields, note, fail
        self._wanted: dict[str, tuple[str, str]] = {}
        panel.beside_wanted.connect(self.choose)
        panel.removed.connect(self.remove)
        panel.tree.renamed.connect(self.rename)
        files.events.companions.connect(self._show)

    def choose(self) -> None:
        """Ask for a file; the one whose name begins like the recording's is proposed."""
        contents = self._files.contents
        if contents is None:
            return
        first = Path(contents.place)
        pieces = companion_pieces(first)
        proposed = first.name.replace(*pieces) if pieces else ""
        place = str(first.parent / proposed)
        path, _ = QFileDialog.getOpenFileName(self._panel, "Add a file beside", place, FILE_FILTER)
        if path:
            self.add(Path(path))

    def add(self, path: Path) -> None:
        """Open a file beside; where there are no labels yet, those that it seems to hold are proposed."""
        if not self._editor.is_understood:
            self._fail(NOT_UNDERSTOOD)
            return
        fields = self._editor.fields()
        neural = fields.get("neural")
        try:
            job = self._files.add_beside(
                path, neural=neural if isinstance(neural, str) else None, taken=self._wanted
            )
        except SessionError as error:
            self._fail(str(error))
            return
        if job.is_running:
            self._panel.beside_button.setEnabled(False)
        when_done(
            job, self._added, lambda error: self._refused(path, error), lambda: self._not_added(path, job)
        )

    def _added(self, found: Any) -> None:
        name, labels, beside = found
        self._offer_again()
        fields = self._editor.fields()
        self._wanted = {**beside_of(fields), name: beside[name]}
        if not self._editor.is_understood:
            # the text was changed meanwhile, and the file is closed with the next one that is understood
            self._fail(NOT_UNDERSTOOD)
            return
        changed = fields | {"beside": self._wanted}
        if not fields.get("labels"):
            changed["labels"] = {
                label: mapped.model_dump(mode="json", exclude_defaults=True)
                for label, mapped in labels.items()
            }
        self._show_fields(changed)
        self._panel.tree.show_name(name)

    def _refused(self, path: Path, error: BaseException) -> None:
        told = str(error) or type(error).__name__
        self._fail(told if path.name in told else f"{path.name}: {told}")

    def _not_added(self, path: Path, job: Job) -> None:
        self._offer_again()
        if job.state == "stopped":
            self._note(f"Stopped; {path.name} was not added.")

    def _offer_again(self) -> None:
        # of a dialog that is closed, nothing is left to be offered
        if self._files.contents is not None:
            self._panel.beside_button.setEnabled(True)

    def remove(self, name: str) -> None:
        """Take a file out, with all of the mapping that came from it."""
        if not self._editor.is_understood:
            self._fail(NOT_UNDERSTOOD)
        elif name:
            self._show_fields(without_companion(self._editor.fields(), name))

    def rename(self, name: str, new: str) -> None:
        """Give a file another name, in the paths of the mapping as well."""
        if not self._editor.is_understood:
            self._fail(NOT_UNDERSTOOD)
        elif not new or any(sign in new for sign in KEPT_SIGNS):
            self._fail(f"A file beside needs a name without {' '.join(KEPT_SIGNS)}.")
        elif new in self._panel.tree.names():
            self._fail(f"Another file beside is called {new!r} already: {name!r} needs a name of its own.")
        else:
            self._show_fields(renamed_companion(self._editor.fields(), name, new))
            self._panel.tree.show_name(new)

    def follow(self, fields: dict[str, Any]) -> None:
        """Open what a mapping names that was changed or loaded, and close what it does not name any more."""
        wanted = beside_of(fields)
        if wanted != self._wanted:
            self._wanted = wanted
            self._files.keep_beside(wanted)

    def _show(self) -> None:
        contents = self._files.contents
        if contents is not None:
            opened = self._files.companions.contents
            missing = {name: None for name in self._wanted if name not in opened}
            self._panel.show_contents(contents, {**opened, **missing})
            self._editor.show_entries(self._files.entries)
            if len(self._files.files) > 1:
                self._files.compare()
