"""How long segments shall be, for recordings that know neither laps nor trials."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_unison.sessions import Session
from napari_unison.sessions.segments import segment_of_pieces

USUAL = 60.0
SEGMENTS_HELP = (
    "Divide the time of every session into segments of some seconds, where there are no laps or trials. "
    "Decoding is tested on whole segments, which its training has not seen, and the windows of a training do "
    "not cross into the next one."
)


class SegmentsDialog(QDialog):
    """Asks for the length of segments, and says how many that makes.

    Parameters
    ----------
    sessions : sequence of Session
        What is divided.
    parent : QWidget, optional
        The window.
    """

    def __init__(self, sessions: Sequence[Session], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Segments")
        self._sessions = list(sessions)
        help_text = QLabel(SEGMENTS_HELP)
        help_text.setWordWrap(True)
        self.length = QDoubleSpinBox()
        self.length.setDecimals(1)
        longest_bin = max(session.bin_width for session in sessions)
        self.length.setRange(max(0.1, longest_bin), 1e6)
        self.length.setSingleStep(10.0)
        self.length.setSuffix(" s")
        self.length.setValue(USUAL)
        self.length.setAccessibleName("length of a segment")
        self.length.setToolTip(
            "A rest of less than half of it goes with the segment before. Borders that are there stay."
        )
        self.outcome = QLabel()
        self.outcome.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.divide_button = QPushButton("Divide")
        self.divide_button.setDefault(True)
        buttons.addButton(self.divide_button, QDialogButtonBox.ButtonRole.AcceptRole)
        self.divide_button.setToolTip("Make these segments in every session; ↶ takes it back.")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form = QFormLayout()
        form.addRow("a segment every", self.length)
        layout = QVBoxLayout(self)
        layout.addWidget(help_text)
        layout.addLayout(form)
        layout.addWidget(self.outcome)
        layout.addWidget(buttons)
        self.length.valueChanged.connect(self._show_outcome)
        self._show_outcome()
        self.length.selectAll()

    def _show_outcome(self) -> None:
        seconds = self.length.value()
        before = sum(len(session.segment_slices()) for session in self._sessions)
        after = sum(_number_of_pieces(session, seconds) for session in self._sessions)
        count = f"{len(self._sessions)} session{'s' * (len(self._sessions) != 1)}"
        self.divide_button.setEnabled(after > before)
        words = f"{count}: {before} segment{'s' * (before != 1)} now, "
        if after > before:
            self.outcome.setText(f"{words}{after} then.")
        else:
            self.outcome.setText(
                f"{words}all of them too short to be divided so. To begin anew, undo (↶) what made them."
            )


def _number_of_pieces(session: Session, seconds: float) -> int:
    n_bins = max(1, round(seconds / session.bin_width))
    return int(segment_of_pieces(session.segment, n_bins)[-1]) + 1
