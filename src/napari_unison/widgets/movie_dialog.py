"""The questions before a movie is linked: which window, how many frames a second, from when on."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from napari_unison._compat import other_viewers
from napari_unison.workspace.state import Workspace

NEW_WINDOW = "open a file in a new window…"
HELP = "The slider of that window and the time cursor follow each other, until one of the windows is closed."


class MovieDialog(QDialog):
    """Asks how a movie goes with a session.

    Parameters
    ----------
    workspace : Workspace
        Its sessions can be chosen; what was linked last is proposed.
    parent : QWidget or None
        The window.
    viewer : napari.Viewer
        The workspace's own, which is not offered.
    """

    def __init__(self, workspace: Workspace, parent: QWidget | None, viewer: Any) -> None:
        super().__init__(parent)
        self.setWindowTitle("Link a movie")
        self._viewers = other_viewers(viewer)
        self.window_choice = QComboBox()
        self.window_choice.addItems([str(other.title) for other in self._viewers] + [NEW_WINDOW])
        self.window_choice.setToolTip("The napari window with the movie, frames along its first axis.")
        self.session = QComboBox()
        self.session.addItems(workspace.recording_names)
        self.session.setToolTip("The session that was filmed.")
        self.frame_rate = _decimal(0.001, 10_000, 30.0, " frames/s")
        self.frame_rate.setToolTip("How many frames were taken in a second.")
        self.offset = _decimal(-1e6, 1e6, 0.0, " s")
        self.offset.setToolTip(
            "Time of the first frame in the session; negative if the camera was on before."
        )
        self._propose(workspace)
        form = QFormLayout()
        for title, widget in (
            ("movie", self.window_choice),
            ("session", self.session),
            ("frame rate", self.frame_rate),
            ("first frame at", self.offset),
        ):
            form.addRow(title, widget)
        words = QLabel(HELP)
        words.setWordWrap(True)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(words)
        layout.addWidget(buttons)

    def _propose(self, workspace: Workspace) -> None:
        links = list(workspace.movies)
        if links:
            self.frame_rate.setValue(links[-1].frame_rate)
            self.offset.setValue(links[-1].offset)
            self.session.setCurrentText(links[-1].session)
        elif workspace.cursor is not None:
            self.session.setCurrentText(workspace.cursor[0])

    def viewer(self) -> Any:
        """Return the window that was chosen; None for a new one."""
        index = self.window_choice.currentIndex()
        return self._viewers[index] if index < len(self._viewers) else None

    def choices(self) -> dict[str, Any]:
        """Return session, frame rate (frames/s) and offset (s)."""
        return {
            "session": self.session.currentText(),
            "frame_rate": self.frame_rate.value(),
            "offset": self.offset.value(),
        }


def ask_movie_file(parent: QWidget | None) -> Any:
    """Ask for a movie and open it in a new window; return its viewer, or None."""
    import napari

    chosen, _ = QFileDialog.getOpenFileNames(parent, "Open a movie")
    if not chosen:
        return None
    viewer = napari.Viewer(title=chosen[0].rsplit("/", 1)[-1])
    viewer.open(chosen, stack=len(chosen) > 1)
    return viewer


def _decimal(lower: float, upper: float, value: float, suffix: str) -> QDoubleSpinBox:
    spin = QDoubleSpinBox()
    spin.setDecimals(3)
    spin.setRange(lower, upper)
    spin.setValue(value)
    spin.setSuffix(suffix)
    return spin
