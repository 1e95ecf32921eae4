"""The Explore tab: its sections from top to bottom."""

from __future__ import annotations

from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_unison.widgets.explore.axes import AxesSection
from napari_unison.widgets.explore.colours import ColourSection
from napari_unison.widgets.explore.comparison import CompareSection
from napari_unison.widgets.explore.flow import FlowSection
from napari_unison.widgets.explore.grid import GridSection
from napari_unison.widgets.explore.kind import KindSection
from napari_unison.widgets.explore.points import PointSection
from napari_unison.widgets.explore.preferences import DisplayPreferences
from napari_unison.widgets.explore.runs import RunSection
from napari_unison.widgets.explore.selecting import SelectSection
from napari_unison.widgets.explore.sessions import SessionChoice
from napari_unison.widgets.explore.trail import TrailSection
from napari_unison.widgets.listening import WorkspaceWidget, scrolled
from napari_unison.widgets.messages import Message
from napari_unison.widgets.wheel import WheelGuard
from napari_unison.workspace.jobs import Job
from napari_unison.workspace.state import Workspace


class ExploreWidget(WorkspaceWidget):
    """Choices about the picture; each of them is a call of ``workspace.show``."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.preferences = DisplayPreferences(workspace, self)
        self.message = Message()
        self.kind = KindSection(workspace)
        self.runs = RunSection(workspace, self.message)
        self.comparison = CompareSection(workspace)
        self.sessions = SessionChoice(workspace)
        self.axes = AxesSection(workspace)
        self.colours = ColourSection(workspace)
        self.points = PointSection(workspace)
        self.grid = GridSection(workspace)
        self.trail = TrailSection(workspace)
        self.flow = FlowSection(workspace)
        self.selecting = SelectSection(workspace)
        self._lay_out()
        self.listen(workspace.events.job, self._on_job)
        WheelGuard(self)

    def _lay_out(self) -> None:
        inner = QWidget()
        layout = QVBoxLayout(inner)
        sections: tuple[QWidget, ...] = (
            self.runs,
            self.comparison,
            self.sessions,
            self.axes,
            self.colours,
            self.points,
            self.grid,
            self.trail,
            self.flow,
            self.message,
        )
        for section in sections:
            layout.addWidget(section)
        layout.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        # Above what scrolls: which kind of embedding one looks at is never out of sight.
        above = QVBoxLayout()
        above.setContentsMargins(9, 6, 9, 0)
        above.addWidget(self.kind)
        outer.addLayout(above)
        outer.addWidget(scrolled(inner), 1)
        # Below it: the lasso, and what is selected.
        below = QVBoxLayout()
        below.setContentsMargins(9, 0, 9, 4)
        below.addWidget(self.selecting)
        outer.addLayout(below)

    def _on_job(self, job: Job) -> None:
        if job.kind != "embedding":
            return
        if job.error is not None:
            self.message.show_error(str(job.error))
        else:
            self.message.show_note(f"{job.title} …" if job.is_running else "")
