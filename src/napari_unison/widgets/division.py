"""How the time of all sessions is divided: what is held out, and where segments end."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_unison.display import label_roles
from napari_unison.sessions import Session
from napari_unison.widgets.listening import WorkspaceWidget
from napari_unison.widgets.segments_dialog import SEGMENTS_HELP, SegmentsDialog
from napari_unison.widgets.share_field import share_field
from napari_unison.workspace.state import Workspace

LAPS_HELP = (
    "A new segment wherever a discrete label, such as the running direction, changes: the windows of a "
    "training do not cross into the next lap."
)


class DivisionBox(WorkspaceWidget):
    """The share that is held out, and the buttons that make segments of laps or of stretches of time."""

    told = Signal(str)
    """Emitted with what was done."""

    failed = Signal(str)
    """Emitted with what went wrong."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.validation_share = share_field()
        self.laps_button = QPushButton("Laps as segments")
        self.segments_button = QPushButton("Segments…")
        self.segments_button.setToolTip(SEGMENTS_HELP)
        held_out, segments = QHBoxLayout(), QHBoxLayout()
        held_out.addWidget(QLabel("held out"))
        held_out.addWidget(self.validation_share, 1)
        segments.addWidget(self.laps_button, 1)
        segments.addWidget(self.segments_button, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(held_out)
        layout.addLayout(segments)
        self.laps_button.clicked.connect(self.make_laps)
        self.segments_button.clicked.connect(self.ask_for_segments)
        self.validation_share.valueChanged.connect(self._choose_share)
        self.listen(workspace.events.sessions, self._enable)
        self.listen(workspace.events.validation_share, self._show_share)
        self._enable()
        self._show_share()

    def make_laps(self) -> None:
        """Make a segment of every lap of every session; windows and lines do not cross its ends."""
        if self.laps_button.isEnabled():
            label = self.workspace.segment_laps(lap_label(list(self.workspace.sessions)))
            self.told.emit(f"Each run of one {label} is a segment now.")

    def ask_for_segments(self) -> None:
        """Ask how long segments shall be, and divide all sessions so."""
        dialog = SegmentsDialog(list(self.workspace.sessions), self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self.divide(dialog.length.value()))
        dialog.open()

    def divide(self, seconds: float) -> None:
        """Divide all sessions into segments of some seconds."""
        try:
            self.workspace.segment_stretches(seconds)
        except ValueError as error:
            self.failed.emit(str(error))
        else:
            self.told.emit(f"Divided into segments of {seconds:g} s; ↶ takes it back.")

    def _choose_share(self, percent: float) -> None:
        self.workspace.validation_share = percent / 100

    def _enable(self) -> None:
        sessions = list(self.workspace.sessions)
        label = lap_label(sessions)
        self.laps_button.setEnabled(label is not None)
        self.segments_button.setEnabled(bool(sessions))
        self.laps_button.setToolTip(LAPS_HELP if label is None else f"{LAPS_HELP} Here: {label}.")

    def _show_share(self) -> None:
        self.validation_share.blockSignals(True)
        self.validation_share.setValue(100 * self.workspace.validation_share)
        self.validation_share.blockSignals(False)


def lap_label(sessions: list[Session]) -> str | None:
    """Return the discrete label whose changes end a lap; None without sessions or without such a label."""
    return label_roles(sessions[0]).direction if sessions else None
