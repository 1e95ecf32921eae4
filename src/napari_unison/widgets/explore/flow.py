"""The flow field: how the state moves through two axes of the picture."""

from __future__ import annotations

from typing import get_args

from qtpy.QtWidgets import QComboBox, QWidget

from napari_unison.widgets.explore.section import Section, beside, decimal_spin, silent
from napari_unison.workspace.settings import FlowPlane
from napari_unison.workspace.state import Workspace

FLOW_HELP = (
    "Arrows along the way of the state, as long as it is fast: in the plane of two axes below the points, in "
    "the colours of the points. None leads from one segment or session to another."
)


class FlowSection(Section):
    """The plane of the arrows, and the time from tail to tip."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.plane = QComboBox()
        self.plane.setToolTip(FLOW_HELP)
        self.plane.addItem("off", None)
        for plane in get_args(FlowPlane):
            self.plane.addItem(plane, plane)
        self.step = decimal_spin(0.01, 60, 0.25, 2)
        self.step.setSuffix(" s")
        self.step.setToolTip("Time over which the change of the state is taken, in whole time bins.")
        self.plane.activated.connect(lambda: self.show_changes(flow=self.plane.currentData()))
        self.step.valueChanged.connect(lambda value: self.show_changes(flow_step=value))
        form = self.make_form()
        row = beside(self.plane, self.step)
        row.setStretch(0, 1)
        row.setStretch(1, 1)
        self.add_row(form, "flow, axes", row)
        self.listen(workspace.events.display, self.update_fields)
        self.update_fields()

    def update_fields(self) -> None:
        """Show whether there are arrows, and how long a step is."""
        settings = self.workspace.display
        with silent(self.plane, self.step):
            self.plane.setCurrentIndex(self.plane.findData(settings.flow))
            self.step.setValue(settings.flow_step)
            self.step.setEnabled(settings.flow is not None)
