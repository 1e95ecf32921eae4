"""Save, open, export, draw, film, link and tell as a script: the questions, before the workspace is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary, ref

from napari.utils.notifications import show_info
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QFileDialog, QInputDialog, QMessageBox, QWidget

from napari_unison._compat import main_window, unwrapped
from napari_unison.widgets.movie_dialog import MovieDialog, ask_movie_file
from napari_unison.widgets.recording_copy import RecordingCopyDialog
from napari_unison.workspace.keep import is_workspace, with_ending
from napari_unison.workspace.state import Workspace
from napari_unison.workspace.viewers import get_workspace

WORKSPACE_FILTER = "Workspaces (*.unison-workspace)"
TABLE_FILTERS = {
    "Table (*.csv)": ".csv",
    "NumPy arrays (*.npz)": ".npz",
    "Parquet (*.parquet)": ".parquet",
}
EMBEDDING_FILTERS = TABLE_FILTERS | {"Copy of the NWB recording (*.nwb)": ".nwb"}
SESSION_FILTERS = {
    "NWB (*.nwb)": ".nwb",
    "NumPy arrays (*.npz)": ".npz",
    "Parquet (*.parquet)": ".parquet",
    "Table (*.csv)": ".csv",
}
FIGURE_FILTERS = {"Picture (*.png)": ".png", "Vector graphics (*.svg)": ".svg", "PDF (*.pdf)": ".pdf"}
SCRIPT_FILTERS = {"Python (*.py)": ".py"}
MOVIE_FILTERS = {"Movie (*.mp4)": ".mp4", "Animated picture (*.gif)": ".gif"}
_ACTIONS: WeakKeyDictionary[Any, KeepActions] = WeakKeyDictionary()


class KeepActions:
    """Asks for files and options, and calls the workspace; errors are shown as napari's notifications.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose workspace it is; its window is the parent of dialogs.
    """

    def __init__(self, viewer: Any) -> None:
        self._workspace: Workspace = get_workspace(viewer)
        # Held weakly, or a viewer would be kept by the list of actions that it is the key of.
        self._viewer = ref(viewer)
        self._folder = ""
        self._recordings: dict[str, Path] = {}

    @classmethod
    def of(cls, viewer: Any) -> KeepActions:
        """Return the ones of a viewer, made on first use."""
        viewer = unwrapped(viewer)
        if viewer not in _ACTIONS:
            _ACTIONS[viewer] = cls(viewer)
        return _ACTIONS[viewer]

    @property
    def _window(self) -> QWidget | None:
        viewer = self._viewer()
        return None if viewer is None else main_window(viewer)

    # -- the whole workspace ---------------------------------------------------------------------------

    def save_workspace(self) -> None:
        """Ask where to, and save in the background."""
        place = str(self._workspace.folder or Path(self._folder) / "study.unison-workspace")
        chosen, _ = QFileDialog.getSaveFileName(
            self._window, "Save workspace", place, WORKSPACE_FILTER, options=_OWN_QUESTION
        )
        if not chosen:
            return
        target = with_ending(chosen)
        is_own = target.absolute() == self._workspace.folder
        if is_workspace(target) and not is_own and not self._may_replace(target):
            return
        self._remember(target)
        self._try(lambda: self._workspace.save_workspace(target, overwrite=True, background=True))

    def open_workspace(self) -> None:
        """Ask which folder, and open it in the background."""
        chosen = QFileDialog.getExistingDirectory(
            self._window, "Open workspace (a folder NAME.unison-workspace)", self._folder
        )
        if not chosen:
            return
        workspace = self._workspace
        held = f"{len(workspace.sessions)} sessions and {len(workspace.runs)} runs"
        is_full = bool(len(workspace.sessions) or len(workspace.runs))
        if is_full and not self._agrees(f"This window holds {held}. Take them out and open the other one?"):
            return
        self._remember(Path(chosen))
        self._try(lambda: workspace.open_workspace(chosen, replace=is_full, background=True))

    # -- files -----------------------------------------------------------------------------------------

    def export(self, *, selected: bool = False) -> None:
        """Ask where to, and write the embedding that is shown."""
        kind, selection = self._workspace.display.kind, self._workspace.selection
        title, name = f"Export the {kind} embedding", f"embedding {kind}"
        if selected:
            if not len(selection.current):
                self._complain("Nothing is selected: drag in Traces, or draw around points with the lasso.")
                return
            title = f"Export selected bins of the {kind} embedding: {selection.description}"
            name = f"{file_name(selection.name) or 'selected bins'} {kind}"
        target = self._ask_file(title, name, TABLE_FILTERS if selected else EMBEDDING_FILTERS)
        if target is None:
            return
        if target.suffix.lower() == ".nwb" and not selected:
            self._export_copy(target)
            return
        self._try(
            lambda: self._workspace.export(target, selected=selected, overwrite=True), f"Saved in {target}."
        )

    def _export_copy(self, target: Path) -> None:
        """Ask for the recording, and write the embedding into a copy of it in the background."""
        chosen = self._ask_recording()
        if chosen is not None:
            session, source = chosen
            self._try(
                lambda: self._workspace.export(
                    target, session=session, source=source, overwrite=True, background=True
                )
            )

    def export_selected(self) -> None:
        """Ask where to, and write the selected bins of the embedding that is shown."""
        self.export(selected=True)

    def export_session(self) -> None:
        """Ask which session and where to, and write it."""
        names = [session.name for session in self._workspace.sessions]
        if not names:
            self._complain("There are no sessions yet: open recordings or a sample first.")
            return
        name, agrees = names[0], True
        if len(names) > 1:
            name, agrees = QInputDialog.getItem(
                self._window, "Export session", "Which session?", names, 0, False
            )
        target = self._ask_file("Export the session", file_name(name), SESSION_FILTERS) if agrees else None
        if target is not None:
            self._try(
                lambda: self._workspace.export_session(target, session=name, overwrite=True, background=True)
            )

    def save_figure(self) -> None:
        """Ask where to, and draw."""
        target = self._ask_file("Save the view as a figure", "view", FIGURE_FILTERS)
        if target is not None:
            self._try(lambda: self._workspace.save_figure(target, overwrite=True), f"Saved in {target}.")

    def save_movie(self) -> None:
        """Ask where to, and begin."""
        target = self._ask_file("Save a movie that turns around the view", "turning", MOVIE_FILTERS)
        if target is not None:
            self._try(lambda: self._workspace.save_movie(target, overwrite=True))

    def save_script(self) -> None:
        """Ask where to, and write the script."""
        target = self._ask_file("Save the script", "script", SCRIPT_FILTERS)
        if target is not None:
            self._try(lambda: self._workspace.save_script(target, overwrite=True), f"Saved in {target}.")

    def copy_script(self) -> None:
        """Put the script on the clipboard."""
        text = self._workspace.script()
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(text)
        show_info(f"The script is on the clipboard: {len(text.splitlines())} lines.")

    # -- movies ----------------------------------------------------------------------------------------

    def link_movie(self) -> None:
        """Ask for a movie, its frame rate and offset, and link it."""
        workspace = self._workspace
        if not workspace.recording_names:
            self._complain("There are no sessions yet: open recordings or a sample first.")
            return
        dialog = MovieDialog(workspace, self._window, self._viewer())
        if not dialog.exec():
            return
        viewer = dialog.viewer()
        if viewer is None:
            viewer = ask_movie_file(self._window)
        if viewer is not None:
            self._try(lambda: workspace.link_movie(viewer, **dialog.choices()))

    @property
    def has_movies(self) -> bool:
        """Whether a movie is linked to the cursor."""
        return len(self._workspace.movies) > 0

    def unlink_movies(self) -> None:
        """Let movies go their own ways."""
        self._workspace.unlink_movie()

    # -- how -------------------------------------------------------------------------------------------

    def _ask_file(self, title: str, name: str, filters: dict[str, str]) -> Path | None:
        """Ask for a file, give it the ending that was chosen, and ask before one is replaced."""
        if self._workspace.run is None and filters not in (SCRIPT_FILTERS, SESSION_FILTERS):
            self._complain("There is no run yet: train an encoder or open a saved run first.")
            return None
        place = str(Path(self._folder) / f"{name}{next(iter(filters.values()))}")
        chosen, used = QFileDialog.getSaveFileName(
            self._window, title, place, ";;".join(filters), options=_OWN_QUESTION
        )
        if not chosen:
            return None
        target = Path(chosen)
        if target.suffix.lower() not in filters.values():
            target = target.with_name(target.name + filters.get(used, next(iter(filters.values()))))
        if target.exists() and not self._may_replace(target):
            return None
        self._remember(target)
        return target

    def _ask_recording(self) -> tuple[str, Path] | None:
        """Ask into a copy of which session's recording an embedding goes."""
        run = self._workspace.run
        names = [] if run is None else [part.name for part in run.encoder.training_sessions_]
        dialog = RecordingCopyDialog(names, self._recordings, self._folder, self._window)
        if not dialog.exec():
            return None
        session, source = dialog.choices()
        self._recordings[session] = source
        return session, source

    def _remember(self, target: Path) -> None:
        self._folder = str(target.parent)

    def _may_replace(self, target: Path) -> bool:
        return self._agrees(f"{target.name} exists. Replace it?")

    def _agrees(self, question: str) -> bool:
        answer = QMessageBox.question(self._window, "napari-unison", question)
        return bool(answer == QMessageBox.StandardButton.Yes)

    def _try(self, act: Any, note: str = "") -> None:
        try:
            act()
        except (ValueError, OSError) as error:
            self._complain(str(error))
        else:
            if note:
                show_info(note)

    def _complain(self, text: str) -> None:
        self._workspace.events.failed.emit(text)


_OWN_QUESTION = QFileDialog.Option.DontConfirmOverwrite


def file_name(name: str | None) -> str:
    """Return a name without what no file's name may hold."""
    return "".join(" " if letter in '/\\:*?"<>|' else letter for letter in name or "").strip()
