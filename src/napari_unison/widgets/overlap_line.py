"""How much of their behaviour the sessions have in common: a line, and where each of them has been."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from napari_unison.sessions import Session, mirrored_categories
from napari_unison.widgets.coverage_plot import CoveragePlot
from napari_unison.widgets.listening import WorkspaceWidget
from napari_unison.workspace.jobs import Job
from napari_unison.workspace.overlap import OVERLAP, compare_behaviour, overlap_subject
from napari_unison.workspace.state import Workspace

#: Of a few words, and of sentences, which keep the colour of the theme: it is to be read on any.
WARNING_STYLE = "color: #e8710a;"
SENTENCE_STYLE = "border-left: 3px solid #e8710a; padding-left: 5px;"
#: After the last change of sessions, ranges or settings (ms).
DELAY = 300
#: Sessions in the tooltip's tables; more would not fit on a screen.
MOST_TABULATED = 12


#: Sessions in a caution of a few words.
MOST_NAMED = 3
SWAP_HELP = (
    "In these sessions the two directions run the other way along the track than in the others. If all ran "
    "on the same kind of track, change their names for each other, so that runs that go the same way are "
    "matched. ↶ takes it back."
)


def label_to_swap(sessions: Sequence[Session]) -> tuple[str, list[str]] | None:
    """Return the label of two categories that runs the other way in some sessions, and the fewer of them."""
    if len(sessions) < 2:
        return None
    for mirrored in mirrored_categories(sessions):
        label = mirrored.label
        if all(len(np.unique(session.labels[label])) == 2 for session in sessions):
            # of two that differ, the one that was opened later
            sides = [list(mirrored.upwards), list(mirrored.downwards)]
            order = [session.name for session in sessions]
            fewer = min(sides, key=lambda names: (len(names), -min(map(order.index, names))))
            return label, fewer
    return None


class OverlapLine(WorkspaceWidget):
    """Says before a training whether the sessions' bins find partners; tables are in its tooltip."""

    cautioned = Signal(str)
    """Emitted with what is wrong in a few words, empty where nothing is."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.label = QLabel()
        self.label.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.plot = CoveragePlot()
        self.swap_button = QPushButton()
        self.swap_button.setToolTip(SWAP_HELP)
        self.swap_button.clicked.connect(self.swap)
        self.swap_button.hide()
        self._mirrored: tuple[str, list[str]] | None = None
        layout.addWidget(self.label)
        layout.addWidget(self.swap_button)
        layout.addWidget(self.plot)
        self._shown: object = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(DELAY)
        self._soon.timeout.connect(self.compare)
        events = workspace.events
        for signal in (events.sessions, events.time_ranges, events.config):
            self.listen(signal, self._on_change)
        self.listen(events.job, self._on_job)
        self._on_change()

    def compare(self) -> None:
        """Compare the sessions in the background, unless what is shown is theirs already."""
        subject = overlap_subject(self.workspace)
        if len(self.workspace.sessions) > 1 and subject != self._shown:
            self._shown = subject
            compare_behaviour(self.workspace)

    def swap(self) -> None:
        """Exchange the two directions in the sessions whose own run the other way."""
        if self._mirrored is not None:
            label, names = self._mirrored
            self.workspace.swap_categories(names, label)

    def _caution(self) -> str:
        if self._mirrored is not None:
            label, names = self._mirrored
            return f"{label} runs the other way in {' and '.join(names[:MOST_NAMED])}"
        return "sessions lack behaviour in common"

    def _offer_swap(self) -> None:
        """Show the button where directions of some sessions run the other way than those of most."""
        if self._mirrored is not None:
            label, names = self._mirrored
            others = f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else names[0]
            self.swap_button.setText(f"Swap {label} in {others}")
        self.swap_button.setVisible(self._mirrored is not None)

    def _on_change(self) -> None:
        self.setVisible(len(self.workspace.sessions) > 1)
        if overlap_subject(self.workspace) != self._shown:
            self._mirrored = None
            self._show("Comparing the sessions' behaviour …")
            self.swap_button.hide()
            if len(self.workspace.sessions) < 2:
                self.plot.show_overlap(None)
            self._soon.start()

    def _on_job(self, job: Job) -> None:
        if job.kind != OVERLAP or job.is_running:
            return
        if job.error is not None:
            self._show(f"The sessions' behaviour could not be compared: {job.error}", warns=True)
            self.plot.show_overlap(None)
        elif job.result is not None:
            result = job.result
            self._mirrored = label_to_swap(list(self.workspace.sessions))
            tables = str(result) if len(result.names) <= MOST_TABULATED else result.summary
            self._show(result.summary, tables, warns=not result.is_good)
            self.plot.show_overlap(result)
            self._offer_swap()

    def _show(self, text: str, details: str = "", *, warns: bool = False) -> None:
        self.label.setText(text)
        self.label.setStyleSheet(SENTENCE_STYLE if warns else "")
        self.cautioned.emit(self._caution() if warns else "")
        self.label.setToolTip(f"<pre>{html.escape(details)}</pre>" if details else "")
