"""The button Selection: what is selected in words, and a menu with the named sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QFileDialog, QInputDialog, QMenu, QToolButton

from napari_unison.widgets.listening import WorkspaceWidget
from napari_unison.workspace.events import WorkspaceError
from napari_unison.workspace.selection import seconds_text
from napari_unison.workspace.state import Workspace
from napari_unison.workspace.time_sets import TimeSet

FILES = "Tables (*.csv *.npz)"
TIMES_HELP = (
    "Session, time and set of each bin, as a table. With latents and labels: Keep, Export selected bins."
)


class SelectionMenu(QToolButton):
    """Shows what is selected; its menu keeps, selects, renames, removes and exports sets.

    Parameters
    ----------
    workspace : Workspace
        Whose selection.
    parent : WorkspaceWidget
        Listens for it.
    """

    failed = Signal(str)
    """Emitted with what could not be done, and with nothing before something is tried."""
    told = Signal(str)
    """Emitted with what was done out of sight."""

    def __init__(self, workspace: Workspace, parent: WorkspaceWidget) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setAccessibleName("selection")
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        menu.aboutToShow.connect(self.fill)
        self.setMenu(menu)
        for signal in (workspace.events.selection, workspace.events.sets):
            parent.listen(signal, self.update_text)
        self.update_text()

    def update_text(self) -> None:
        """Tell how much is selected."""
        selection = self._workspace.selection
        short = seconds_text(selection.current.duration) if len(selection.current) else "none"
        # Room for the arrow.
        self.setText(f"Selection: {selection.name or short}   ")
        self.setToolTip(
            f"{selection.description}.\nDrag in the plots marks time, the lasso in the picture marks points; "
            f"with Shift more, with Alt or Ctrl less."
        )

    def fill(self) -> None:
        """Make the menu anew."""
        menu, selection = self.menu(), self._workspace.selection
        if menu is None:
            return
        menu.clear()
        self._add(menu, selection.description, lambda: None, enabled=False)
        is_some = len(selection.current) > 0
        self._add(menu, "Keep as set…\tK", self.ask_name, enabled=is_some)
        self._add(menu, "Lap at the cursor\tL", self.select_lap, enabled=self._workspace.cursor is not None)
        self._add(menu, "Clear\tEsc", selection.clear, enabled=is_some)
        self._add(menu, "Undo\tCtrl+Z", selection.undo, enabled=selection.can_undo)
        self._add(menu, "Redo\tCtrl+Shift+Z", selection.redo, enabled=selection.can_redo)
        menu.addSection("Sets")
        for name, held in selection.sets.items():
            self._add_set(menu, name, held)
        if not selection.sets:
            self._add(menu, "none kept yet", lambda: None, enabled=False)
        menu.addSeparator()
        is_any = is_some or bool(selection.sets)
        self._add(menu, "Export times…", self.ask_file, enabled=is_any, tooltip=TIMES_HELP)

    def _add(
        self, menu: QMenu, text: str, act: Callable[[], Any], *, enabled: bool = True, tooltip: str = ""
    ) -> None:
        action = QAction(text, menu)
        if tooltip:
            action.setToolTip(tooltip)
        menu.addAction(action)
        action.triggered.connect(lambda _=False: self.attempt(act))
        action.setEnabled(enabled)

    def _add_set(self, menu: QMenu, name: str, held: TimeSet) -> None:
        selection = self._workspace.selection
        # A single & would underline the letter after it.
        sub = QMenu(f"{name} · {seconds_text(held.duration)}".replace("&", "&&"), menu)
        menu.addMenu(sub)
        self._add(sub, "Select", lambda: selection.select_set(name))
        self._add(sub, "Add to the selection", lambda: selection.select_set(name, mode="add"))
        self._add(sub, "Take out of the selection", lambda: selection.select_set(name, mode="remove"))
        sub.addSeparator()
        self._add(sub, "Rename…", lambda: self.ask_new_name(name))
        self._add(sub, "Remove", lambda: selection.remove(name))

    def attempt(self, act: Callable[[], Any]) -> None:
        """Do something, and tell if it cannot be done."""
        self.failed.emit("")
        try:
            act()
        except (WorkspaceError, OSError) as error:
            self.failed.emit(str(error))

    def select_lap(self) -> None:
        """Select the lap in which the cursor is."""
        cursor = self._workspace.cursor
        if cursor is None:
            raise WorkspaceError("there is no time cursor: click into the plots first")
        self._workspace.selection.select_lap(*cursor)

    def ask_name(self) -> None:
        """Ask for the name under which the selection is kept."""
        selection = self._workspace.selection
        if not len(selection.current):
            raise WorkspaceError("nothing is selected: mark time in the plots or points with the lasso first")
        self._ask("Keep the selection", selection.suggested_name(), selection.keep)

    def ask_new_name(self, name: str) -> None:
        """Ask for another name of a set."""
        self._ask("Rename the set", name, lambda new: self._workspace.selection.rename(name, new))

    def _ask(self, title: str, proposal: str, accept: Callable[[str], Any]) -> None:
        dialog = QInputDialog(self)
        dialog.setWindowTitle(title)
        dialog.setLabelText("name of the set")
        dialog.setTextValue(proposal)
        dialog.textValueSelected.connect(lambda text: self.attempt(lambda: accept(text)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def ask_file(self) -> None:
        """Ask for the file to which sets, or the selection, are written."""
        path, _ = QFileDialog.getSaveFileName(self, "Export times of selections", "selections.csv", FILES)
        if path:
            written = self._workspace.selection.export(path)
            self.told.emit(f"Written to {written}.")
