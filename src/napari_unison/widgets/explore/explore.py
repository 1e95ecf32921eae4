"""The Explore tab: its sections from top to bottom."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_unison.widgets.explore.axes import AxesSection
from napari_unison.widgets.explore.colours import ColourSection
from napari_unison.widgets.explore.grid import GridSection
from napari_unison.widgets.explore.kind import KindSection
from napari_unison.widgets.explore.points import PointSection
from napari_unison.widgets.explore.runs import RunSection
from napari_unison.widgets.explore.selecting import SelectSection
from napari_unison.widgets.legend import LegendWidget
from napari_unison.widgets.listening import WorkspaceWidget, scrolled
from napari_unison.widgets.messages import Message
from napari_unison.widgets.wheel import WheelGuard
from napari_unison.workspace.jobs import Job
from napari_unison.workspace.state import Workspace


class ExploreWidget(WorkspaceWidget):
    """Choices about the picture; each of them is a call of ``workspace.show``."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.message = Message()
        self.runs = RunSection(workspace, self.message)
        self.kind = KindSection(workspace)
        self.axes = AxesSection(workspace)
        self.colours = ColourSection(workspace)
        self.points = PointSection(workspace)
        self.grid = GridSection(workspace)
        self.selecting = SelectSection(workspace)
        self.shown = QLabel()
        self.legend = LegendWidget()
        self._lay_out()
        self.listen(workspace.events.job, self._on_job)
        WheelGuard(self)

    def _lay_out(self) -> None:
        inner = QWidget()
        layout = QVBoxLayout(inner)
        sections: tuple[QWidget, ...] = (
            self.runs,
            self.kind,
            self.axes,
            self.colours,
            self.points,
            self.grid,
            self.selecting,
            self.shown,
            self.legend,
            self.message,
        )
        for section in sections:
            layout.addWidget(section)
        layout.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scrolled(inner))

    def show_drawn(self, legend: Any, n_shown: int, n_bins: int) -> None:
        """Show the legend, and how many of the time bins are drawn."""
        self.legend.set_legend(legend)
        self.shown.setText(f"{n_shown:,} of {n_bins:,} time bins drawn" if n_bins else "")

    def _on_job(self, job: Job) -> None:
        if job.kind != "embedding":
            return
        if job.error is not None:
            self.message.show_error(str(job.error))
        else:
            self.message.show_note(f"{job.title} …" if job.is_running else "")
