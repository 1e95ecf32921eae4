"""The Train tab: set up a training, start and stop it, and watch it learn."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import numpy as np
from napari.utils.notifications import show_info
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QGridLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_unison.encoder import PRESETS, EncoderConfig, Progress
from napari_unison.widgets.config_form import ConfigForm, groups, offer_devices
from napari_unison.widgets.line_plot import LinePlot
from napari_unison.widgets.listening import WorkspaceWidget, scrolled
from napari_unison.widgets.messages import Message
from napari_unison.widgets.resume_row import ResumeRow
from napari_unison.widgets.share_field import share_field
from napari_unison.widgets.training_plan import PlanLine
from napari_unison.widgets.training_words import end_in_words, progress_sentence, way_out
from napari_unison.widgets.wheel import WheelGuard
from napari_unison.workspace.jobs import Job
from napari_unison.workspace.planning import known_devices
from napari_unison.workspace.runs import StudyRun
from napari_unison.workspace.state import Workspace

if TYPE_CHECKING:
    from napari_unison.encoder import Look

CUSTOM = "custom"
FOLLOW_HELP = (
    "While it trains, a few thousand time bins are embedded every now and then, at most once a second, and "
    "drawn in the viewer. It may take up to 5 % of the training's time."
)
#: Between two repaints of bar, sentence and curves (ms). Together, for each repaint of anything in a window
#: with OpenGL canvases puts the whole window together anew.
REPAINT_INTERVAL = 300
#: What is left of the form in a low window: curves and buttons below it stay whole (pixels).
LEAST_FORM = 64
PRESET_USES = {
    "notebook": "The parameters of the published demo.",
    "quick look": "A first impression in minutes.",
    "label-free decoding": "To decode from each session's own neurons; the aligned picture is looser.",
}
MOST_DRAWN = 600


class TrainWidget(WorkspaceWidget):
    """Preset, form, buttons, progress and the curves of the training."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._forget_curves()
        self._repaint = QTimer(self)
        self._repaint.setSingleShot(True)
        self._repaint.setInterval(REPAINT_INTERVAL)
        self._repaint.timeout.connect(self._show_progress)
        self._make_fields()
        self._make_controls()
        self._lay_out()
        self._connect()
        WheelGuard(self)
        self._show_config()
        self._show_follow()
        self._show_job()

    def _make_fields(self) -> None:
        self.preset = QComboBox()
        self.preset.addItems([*PRESETS, CUSTOM])
        self.preset.setToolTip("Parameters to start from; device and seed stay as they are.")
        for row, (name, config) in enumerate(PRESETS.items()):
            self.preset.setItemData(row, preset_help(name, config), Qt.ItemDataRole.ToolTipRole)
        self.preset.setItemData(len(PRESETS), "What you set below.", Qt.ItemDataRole.ToolTipRole)
        self.validation_share = share_field()
        self.form = ConfigForm(self.workspace)

    def _make_controls(self) -> None:
        self.start_button = QPushButton("Start")
        self.pause_button = QPushButton("Pause")
        self.stop_button = QPushButton("Stop")
        self.start_button.setToolTip("Train a new run on the open sessions with the parameters above.")
        self.pause_button.setToolTip("Hold the training after its step, or let it go on.")
        self.stop_button.setToolTip(
            "End the training and keep what it has learned so far; it can go on later."
        )
        self.plan = PlanLine(self.workspace)
        self.resume = ResumeRow(self.workspace)
        self.follow = QCheckBox("show the embedding so far")
        self.follow.setToolTip(FOLLOW_HELP)
        self.progress = QProgressBar()
        self.status = QLabel()
        self.status.setWordWrap(True)
        self.message = Message()
        self.loss = LinePlot("loss", "nats", "#4fc3f7")
        self.fit = LinePlot("goodness of fit", "bits", "#ce93d8")
        for plot in (self.fit, self.loss):
            plot.hide()

    def _lay_out(self) -> None:
        top = QFormLayout()
        top.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        top.addRow("preset", self.preset)
        top.addRow("held out", self.validation_share)
        inner = QWidget()
        fields = QVBoxLayout(inner)
        fields.addLayout(top)
        fields.addWidget(self.form)
        fields.addWidget(self.follow)
        fields.addStretch(1)
        buttons = QGridLayout()
        for column, button in enumerate((self.start_button, self.pause_button, self.stop_button)):
            buttons.addWidget(button, 0, column)
        layout = QVBoxLayout(self)
        area = scrolled(inner)
        area.setMinimumHeight(LEAST_FORM)
        layout.addWidget(area, 1)
        layout.addWidget(self.plan)
        layout.addLayout(buttons)
        layout.addWidget(self.resume)
        for widget in (self.progress, self.status, self.message, self.fit, self.loss):
            layout.addWidget(widget)

    def _connect(self) -> None:
        self.preset.activated.connect(self._choose_preset)
        self.validation_share.valueChanged.connect(self._choose_share)
        self.start_button.clicked.connect(self.start)
        self.pause_button.clicked.connect(self.pause_or_resume)
        self.stop_button.clicked.connect(self.stop)
        self.resume.button.clicked.connect(self.go_on)
        self.follow.toggled.connect(self._choose_follow)
        self.plan.loaded.connect(self._offer_devices)
        events = self.workspace.events
        self.listen(events.config, self._show_config)
        self.listen(events.validation_share, self._show_config)
        self.listen(events.sessions, self._show_job)
        self.listen(events.job, self._on_job)
        self.listen(events.progress, self._on_progress)
        self.listen(events.so_far, self._on_look)
        self.listen(events.follows_training, self._show_follow)
        self.listen(events.run, self._on_run)

    # -- what a click does -----------------------------------------------------------------------------

    def start(self) -> None:
        """Start a training with what the form says, unless a value in it is not valid."""
        self.message.show_note("")
        if not self.form.commit_all():
            self.message.show_error("A value above is not valid: put it right, then start.")
            return
        self._forget_curves()
        try:
            self.workspace.train()
        except ValueError as error:
            self.message.show_error(str(error))

    def go_on(self) -> None:
        """Train the shown run further."""
        self.message.show_note("")
        try:
            self.workspace.resume(self.resume.steps.value())
        except ValueError as error:
            self.message.show_error(str(error))

    def _choose_follow(self, follows: bool) -> None:
        self.workspace.follows_training = follows

    def _offer_devices(self) -> None:
        """List the devices of this machine, once torch is there."""
        self.plan.loaded.disconnect(self._offer_devices)
        combo = self.form.editors["device"].widget
        if isinstance(combo, QComboBox):
            offer_devices(combo, known_devices())

    def pause_or_resume(self) -> None:
        """Pause the training, or go on."""
        job = self._training()
        if job is not None:
            if job.is_paused:
                job.resume()
            else:
                job.pause()

    def stop(self) -> None:
        """End the training and keep what it has learned."""
        job = self._training()
        if job is not None:
            job.stop()

    def _choose_preset(self) -> None:
        name = self.preset.currentText()
        if name in PRESETS:
            self.form.forget_problems()
            kept = {field: getattr(self.workspace.config, field) for field in groups(advanced=False)["run"]}
            self.workspace.configure(**(PRESETS[name].model_dump() | kept))

    def _choose_share(self, percent: float) -> None:
        self.workspace.validation_share = percent / 100

    # -- what the workspace tells ----------------------------------------------------------------------

    def _training(self) -> Job | None:
        return next((job for job in self.workspace.jobs if job.kind == "training"), None)

    def _show_config(self) -> None:
        self.preset.setCurrentText(preset_of(self.workspace.config))
        self.validation_share.blockSignals(True)
        self.validation_share.setValue(100 * self.workspace.validation_share)
        self.validation_share.blockSignals(False)

    def _on_job(self, job: Job) -> None:
        if job.kind != "training":
            return
        if job.state == "running" and job.progress is None:
            self._forget_curves()
            self.message.show_note("")
        if job.error is not None:
            self.message.show_error(way_out(job.error))
        elif job.state in ("finished", "stopped") and isinstance(job.result, StudyRun):
            show_info(end_in_words(job.result))
        self._show_job()

    def _show_job(self) -> None:
        """Enable what can be clicked now, and say what is going on."""
        job = self._training()
        self.start_button.setEnabled(job is None and len(self.workspace.sessions) > 0)
        self.pause_button.setEnabled(job is not None and (job.can_pause or job.is_paused))
        self.pause_button.setText("Resume" if job is not None and job.is_paused else "Pause")
        self.stop_button.setEnabled(job is not None and job.can_stop)
        self.status.setText(self._sentence(job))
        if job is None:
            self.progress.setRange(0, 100)
            run = self.workspace.run
            whole = run is not None and not run.encoder.was_stopped_
            self.progress.setValue(100 if whole else 0)
        elif is_after_training(job):
            self.progress.setRange(0, 0)

    def _sentence(self, job: Job | None) -> str:
        if job is None:
            if not self.workspace.sessions:
                return "Open sessions first (tab Sessions)."
            run = self.workspace.run
            return "Ready." if run is None else f"Shown: {run.description}."
        if job.state == "paused":
            return "Paused."
        if job.state == "stopping":
            return "Stopping, then embedding what was learned …"
        if is_after_training(job):
            return f"{job.phase.capitalize()} …"
        if job.progress is None:
            return "Preparing: speed and remaining time come with the first steps …"
        return progress_sentence(job.progress)

    def _forget_curves(self) -> None:
        self._told = array("d"), array("d"), array("d")
        self._held_out: list[tuple[int, float]] = []

    def _on_look(self, look: Look | None) -> None:
        """Keep how well it fits what is held out; it is drawn with the rest."""
        if look is not None and look.held_out_fit == look.held_out_fit:
            self._held_out.append((look.iteration, look.held_out_fit))

    def _show_follow(self) -> None:
        self.follow.blockSignals(True)
        self.follow.setChecked(self.workspace.follows_training)
        self.follow.blockSignals(False)

    def _on_progress(self, progress: Progress) -> None:
        """Keep what was told; it is shown with what else comes before the next repaint."""
        values = (progress.iteration, progress.loss, progress.goodness_of_fit)
        for column, value in zip(self._told, values, strict=True):
            column.append(value)
        if not self._repaint.isActive():
            self._repaint.start()

    def _show_progress(self) -> None:
        job = self._training()
        if job is not None and job.progress is not None and not is_after_training(job):
            self.progress.setRange(0, job.progress.total)
            self.progress.setValue(job.progress.iteration)
            self.status.setText(self._sentence(job))
        iteration, loss, fit = (np.array(column) for column in self._told)
        if len(iteration):
            self.draw_curves(iteration, loss, fit)
            self.fit.set_held_out(self._held_out)

    def draw_curves(self, iteration: np.ndarray, loss: np.ndarray, fit: np.ndarray) -> None:
        """Draw loss (nats) and goodness of fit (bits) over the iterations; neighbours are averaged to fit."""
        for plot, values in ((self.loss, loss), (self.fit, fit)):
            plot.set_curve(*averaged(iteration, values))
            plot.show()

    def _on_run(self, run: StudyRun | None) -> None:
        if run is not None:
            loss, fit = run.encoder.history_["loss"], run.encoder.history_["goodness_of_fit"]
            self._repaint.stop()
            self.draw_curves(np.arange(1, len(loss) + 1), loss, fit)
            self.fit.set_held_out(run.held_out_fit)
        self._show_job()


def is_after_training(job: Job) -> bool:
    """Tell whether the training itself is over and its result is being prepared."""
    return job.phase in ("embedding", "choosing the best latents")


def averaged(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Average neighbouring values until they fit the plot; x is the end of each stretch."""
    step = max(1, -(-len(y) // MOST_DRAWN))
    starts = np.arange(0, len(y), step)
    sums, counts = np.add.reduceat(y, starts), np.diff([*starts, len(y)])
    return x[starts + counts - 1], sums / counts


def preset_help(name: str, config: EncoderConfig) -> str:
    """Say what a preset is for, and how much it trains."""
    amount = f"{config.max_iterations:,} steps of {config.batch_size:,} samples"
    return f"{PRESET_USES.get(name, '')} {amount}.".strip()


def preset_of(config: EncoderConfig) -> str:
    """Return the name of the preset that a configuration is, device and seed aside, or "custom"."""
    aside = set(groups(advanced=False)["run"]) | {"verbose"}
    for name, preset in PRESETS.items():
        if preset.model_dump(exclude=aside) == config.model_dump(exclude=aside):
            return name
    return CUSTOM
