"""The Explore tab: which run, which embedding of it, which axes, which colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_unison.display import colour_modes
from napari_unison.encoder import Embedding
from napari_unison.widgets.legend import LegendWidget
from napari_unison.widgets.listening import WorkspaceWidget, scrolled
from napari_unison.widgets.messages import Message
from napari_unison.widgets.wheel import WheelGuard
from napari_unison.workspace.jobs import Job
from napari_unison.workspace.state import Workspace

KINDS = {
    "aligned": (
        "Aligned",
        "Labels choose the partners: for looking at what the sessions share. "
        "What is decoded from it is circular.",
    ),
    "label-free": (
        "Label-free",
        "Each session's own neurons only, no label: what may be called decoding.",
    ),
}
COLOUR_HELP = {
    "residual": (
        "Label distance from each bin to the farthest of its partners in the other sessions. The farthest, "
        "since one partner of another behaviour is enough to mix it in; the table of the embedding has all."
    ),
}
AXES = {"best": "best for the labels", "pca": "principal components", "chosen": "chosen below"}


class ExploreWidget(WorkspaceWidget):
    """Choices about the picture; each of them is a call of ``workspace.show``."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._make_fields()
        self._lay_out()
        self._connect()
        WheelGuard(self)
        self.update_runs()
        self.update_fields()

    def _make_fields(self) -> None:
        self.run = QComboBox()
        self.run.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.run.setMinimumContentsLength(12)
        self.run.setToolTip("The run that is shown")
        self.save_button = QPushButton("Save run…")
        self.open_button = QPushButton("Open run…")
        self.kinds = {kind: QRadioButton(title) for kind, (title, _) in KINDS.items()}
        self._kind_group = QButtonGroup(self)
        for kind, button in self.kinds.items():
            button.setToolTip(KINDS[kind][1])
            self._kind_group.addButton(button)
        self.kind_words = QLabel()
        self.kind_words.setWordWrap(True)
        self.axes = QComboBox()
        for choice, text in AXES.items():
            self.axes.addItem(text, choice)
        self.latents = [QSpinBox() for _ in range(3)]
        for spin in self.latents:
            spin.setRange(1, 1)
            spin.setKeyboardTracking(False)
            # Three in a row: the arrow keys change them, buttons would hide the numbers.
            spin.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
            spin.setStyleSheet("min-width: 30px;")
            spin.setToolTip("Latents, counted from 1")
        self.colour = QComboBox()
        self.point_size = _decimal(0.1, 50, 0.5, 1)
        self.opacity = _decimal(0.05, 1, 0.05, 2)
        self.grid = QCheckBox("one cell a session")
        self.max_points = QSpinBox()
        self.max_points.setRange(100, 5_000_000)
        self.max_points.setSingleStep(10_000)
        self.max_points.setGroupSeparatorShown(True)
        self.max_points.setKeyboardTracking(False)
        self.shown = QLabel()
        self.legend = LegendWidget()
        self.message = Message()

    def _lay_out(self) -> None:
        kinds, latents, files = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        for button in self.kinds.values():
            kinds.addWidget(button)
        for spin in self.latents:
            latents.addWidget(spin)
        files.addWidget(self.open_button)
        files.addWidget(self.save_button)
        top, form = _form(), _form()
        top.addRow(self.run)
        top.addRow(files)
        top.addRow("embedding", kinds)
        form.addRow("axes", self.axes)
        form.addRow("latents", latents)
        form.addRow("colour by", self.colour)
        form.addRow("point size", self.point_size)
        form.addRow("opacity", self.opacity)
        form.addRow("grid", self.grid)
        form.addRow("draw at most", self.max_points)
        inner = QWidget()
        layout = QVBoxLayout(inner)
        layout.addLayout(top)
        layout.addWidget(self.kind_words)
        layout.addLayout(form)
        for widget in (self.shown, self.legend, self.message):
            layout.addWidget(widget)
        layout.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scrolled(inner))

    def _connect(self) -> None:
        self.run.activated.connect(lambda index: setattr(self.workspace, "run", self.workspace.runs[index]))
        self.save_button.clicked.connect(self._choose_folder_to_save)
        self.open_button.clicked.connect(self._choose_run_to_open)
        for kind, button in self.kinds.items():
            button.clicked.connect(lambda _=False, kind=kind: self.show_changes(kind=kind))
        self.axes.activated.connect(self._choose_axes)
        for spin in self.latents:
            spin.valueChanged.connect(self._choose_latents)
        self.colour.activated.connect(lambda: self.show_changes(colour=self.colour.currentText()))
        self.point_size.valueChanged.connect(lambda value: self.show_changes(point_size=value))
        self.opacity.valueChanged.connect(lambda value: self.show_changes(opacity=value))
        self.grid.toggled.connect(lambda value: self.show_changes(grid=value))
        self.max_points.valueChanged.connect(lambda value: self.show_changes(max_points=value))
        events = self.workspace.events
        self.listen(events.runs, self.update_runs)
        self.listen(events.run, self.update_runs)
        self.listen(events.embedding, self.update_fields)
        self.listen(events.display, self.update_fields)
        self.listen(events.job, self._on_job)

    # -- what a click does -----------------------------------------------------------------------------

    def show_changes(self, **changes: Any) -> None:
        """Ask the workspace to show something else."""
        self.workspace.show(**changes)

    def _choose_axes(self) -> None:
        choice = self.axes.currentData()
        if choice == "chosen":
            self._choose_latents()
        else:
            self.show_changes(latents=choice)

    def _choose_latents(self) -> None:
        embedding = self.workspace.embedding
        if embedding is not None:
            wanted = min(3, embedding.n_latents)
            self.show_changes(latents=tuple(spin.value() - 1 for spin in self.latents[:wanted]))

    def _choose_folder_to_save(self) -> None:
        folder, _ = QFileDialog.getSaveFileName(self, "Save the run", "", "Runs (*.unison)")
        if folder:
            try:
                written = self.workspace.save(folder)
            except ValueError as error:
                self.message.show_error(str(error))
            else:
                self.message.show_note(f"Saved in {written}.")

    def _choose_run_to_open(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Open a saved run (a folder NAME.unison)")
        if folder:
            self.workspace.open(Path(folder), background=True)

    # -- what the workspace tells ----------------------------------------------------------------------

    def update_runs(self) -> None:
        """List the runs and mark the current one."""
        runs, current = list(self.workspace.runs), self.workspace.run
        self.run.clear()
        self.run.addItems([run.description for run in runs])
        if current is not None:
            self.run.setCurrentIndex(runs.index(current))
        self.run.setEnabled(bool(runs))
        self.save_button.setEnabled(current is not None)

    def update_fields(self) -> None:
        """Show what is drawn."""
        settings, embedding = self.workspace.display, self.workspace.embedding
        blocked = [
            self.axes,
            self.colour,
            self.point_size,
            self.opacity,
            self.grid,
            self.max_points,
            *self.latents,
        ]
        for widget in blocked:
            widget.blockSignals(True)
        self.kinds[settings.kind].setChecked(True)
        self.kind_words.setText(KINDS[settings.kind][1])
        choice = settings.latents if isinstance(settings.latents, str) else "chosen"
        self.axes.setCurrentIndex(self.axes.findData(choice))
        self.point_size.setValue(settings.point_size)
        self.opacity.setValue(settings.opacity)
        self.grid.setChecked(settings.grid)
        self.max_points.setValue(settings.max_points)
        if embedding is not None:
            self._show_embedding(embedding)
        for widget in blocked:
            widget.blockSignals(False)

    def _show_embedding(self, embedding: Embedding) -> None:
        settings, run = self.workspace.display, self.workspace.run
        latents = settings.latents
        if latents == "best" and run is not None:
            latents = run.best_latents(embedding.kind)
        for axis, spin in enumerate(self.latents):
            spin.setRange(1, embedding.n_latents)
            spin.setEnabled(settings.latents != "pca" and axis < embedding.n_latents)
            if not isinstance(latents, str) and axis < len(latents):
                spin.setValue(latents[axis] + 1)
        modes = list(colour_modes(embedding))
        if modes != [self.colour.itemText(index) for index in range(self.colour.count())]:
            self.colour.clear()
            self.colour.addItems(modes)
            for mode in COLOUR_HELP.keys() & set(modes):
                self.colour.setItemData(modes.index(mode), COLOUR_HELP[mode], Qt.ItemDataRole.ToolTipRole)
        # "best" is the first of the list.
        self.colour.setCurrentIndex(modes.index(settings.colour) if settings.colour in modes else 0)

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


def _form() -> QFormLayout:
    form = QFormLayout()
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form


def _decimal(lower: float, upper: float, step: float, decimals: int) -> QDoubleSpinBox:
    spin = QDoubleSpinBox()
    spin.setRange(lower, upper)
    spin.setSingleStep(step)
    spin.setDecimals(decimals)
    spin.setKeyboardTracking(False)
    return spin
