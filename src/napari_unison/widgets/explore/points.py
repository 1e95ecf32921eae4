"""How the points look, and how many of them are drawn."""

from __future__ import annotations

from qtpy.QtWidgets import QLabel, QSpinBox, QWidget

from napari_unison.widgets.explore.section import Section, decimal_spin, silent
from napari_unison.workspace.state import Workspace


class PointSection(Section):
    """Size and opacity of the points, and the most that are drawn."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.size_field = decimal_spin(0.1, 50, 0.5, 1)
        self.size_field.setToolTip("Diameter of the points; the embedding is drawn 100 times its size.")
        self.opacity = decimal_spin(0.05, 1, 0.05, 2)
        self.opacity.setToolTip("1 hides what lies behind a point.")
        self.max_points = QSpinBox()
        self.max_points.setRange(100, 5_000_000)
        self.max_points.setSingleStep(10_000)
        self.max_points.setGroupSeparatorShown(True)
        self.max_points.setKeyboardTracking(False)
        self.max_points.setSuffix(" points")
        self.max_points.setToolTip(
            "Of longer recordings so many time bins are drawn, evenly in time, from each session its share. "
            "All of them count in every score."
        )
        self.shown = QLabel()
        form = self.make_form()
        self.add_row(form, "point size", self.size_field)
        self.add_row(form, "opacity", self.opacity)
        self.add_row(form, "draw at most", self.max_points)
        self.add_row(form, "", self.shown)
        self.size_field.valueChanged.connect(lambda value: self.show_changes(point_size=value))
        self.opacity.valueChanged.connect(lambda value: self.show_changes(opacity=value))
        self.max_points.valueChanged.connect(lambda value: self.show_changes(max_points=value))
        self.listen(workspace.events.display, self.update_fields)
        self.update_fields()

    def update_fields(self) -> None:
        """Show how points are drawn."""
        settings = self.workspace.display
        with silent(self.size_field, self.opacity, self.max_points):
            self.size_field.setValue(settings.point_size)
            self.opacity.setValue(settings.opacity)
            self.max_points.setValue(settings.max_points)

    def show_drawn(self, n_shown: int, n_bins: int) -> None:
        """Tell how many of the time bins are drawn."""
        self.shown.setText(f"{n_shown:,} of {n_bins:,} points drawn" if n_bins else "")
