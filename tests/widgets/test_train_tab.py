"""The Train tab: what can be clicked follows what the training does."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_unison.encoder import ConfigurationError, EncoderConfig, Look, Progress
from napari_unison.widgets.train import TrainWidget
from napari_unison.workspace import Workspace
from napari_unison.workspace.planning import ALWAYS_KNOWN, KnownDevice, load_encoder
from napari_unison.workspace.runs import StudyRun


class ByHand:
    """Begins no job: the test says what happens."""

    def start(self, job):
        """Leave the job to the test."""

    def wait(self, job, timeout):
        """Nothing will come."""

    def close(self):
        """Nothing runs."""


@pytest.fixture
def train(qtbot, small_sessions, monkeypatch):
    train = TrainWidget(Workspace(small_sessions, runner=ByHand()))
    qtbot.addWidget(train)
    # nothing is embedded here: these runs have no network
    monkeypatch.setattr(train.workspace, "_show_current", lambda: None)
    qtbot.mouseClick(train.start_button, Qt.MouseButton.LeftButton)
    return train


def test_pause_and_stop_are_for_the_training_alone(train):
    job = train.workspace.job
    job.tell_phase("training")
    assert train.pause_button.isEnabled()
    assert train.stop_button.isEnabled()
    job.tell_phase("choosing the best latents")
    assert not train.pause_button.isEnabled()
    assert not train.stop_button.isEnabled()
    assert train.status.text() == "Choosing the best latents …"


def test_a_paused_training_can_go_on(train, qtbot):
    train.workspace.job.tell_phase("training")
    qtbot.mouseClick(train.pause_button, Qt.MouseButton.LeftButton)
    assert train.status.text() == "Paused."
    assert train.pause_button.text() == "Resume"
    qtbot.mouseClick(train.pause_button, Qt.MouseButton.LeftButton)
    assert train.pause_button.text() == "Pause"


def progress_at(iteration: int) -> Progress:
    return Progress(iteration, 1000, 7.0 - iteration / 100, iteration / 100, 12.5, 70.0)


def test_before_the_first_step_it_prepares(train):
    train.workspace.job.tell_phase("training")
    assert train.status.text().startswith("Preparing")


def test_all_that_is_told_between_two_repaints_is_shown_at_once(train, qtbot):
    job = train.workspace.job
    job.tell_phase("training")
    for iteration in range(1, 31):
        job.tell_progress(progress_at(iteration))
    assert train.progress.value() <= 0
    qtbot.waitUntil(lambda: train.progress.value() == 30)
    assert train.status.text() == "Iteration 30 of 1,000 · 12.5 a second · 70 s left"
    assert len(train.loss.values) == 30


def test_what_was_told_last_does_not_overwrite_what_comes_after_the_training(train, qtbot):
    job = train.workspace.job
    job.tell_phase("training")
    job.tell_progress(progress_at(1))
    job.tell_phase("embedding")
    qtbot.waitUntil(lambda: len(train.loss.values) == 1)
    assert train.status.text() == "Embedding …"
    assert train.progress.maximum() == 0


def test_the_curves_of_a_new_training_begin_anew(train, qtbot):
    job = train.workspace.job
    job.tell_phase("training")
    for iteration in range(1, 4):
        job.tell_progress(progress_at(iteration))
    job.fail(ValueError("out of luck"))
    assert "out of luck" in train.message.text()
    qtbot.mouseClick(train.start_button, Qt.MouseButton.LeftButton)
    train.workspace.job.tell_progress(progress_at(1))
    qtbot.waitUntil(lambda: len(train.loss.values) == 1)


@pytest.fixture
def told(monkeypatch):
    """What napari would tell in a corner of its window."""
    texts: list[str] = []
    monkeypatch.setattr("napari_unison.widgets.train.show_info", texts.append)
    return texts


def run_of(workspace, steps: int, *, stopped: bool) -> StudyRun:
    """A run that was trained for some steps of a thousand."""
    bits = np.linspace(0, 2, steps)
    encoder = SimpleNamespace(
        history_={"loss": 7 - bits, "goodness_of_fit": bits, "seconds": np.arange(steps) / 10},
        n_iter_=steps,
        was_stopped_=stopped,
        config_=EncoderConfig(max_iterations=1000),
        training_sessions_=list(workspace.sessions),
        device_="cpu",
        seed_=0,
    )
    return StudyRun("run 1", encoder, held_out_fit=[(10, 0.2), (steps, 1.5)])


def test_the_end_of_a_training_is_told(train, told):
    failures: list[str] = []
    train.workspace.events.failed.connect(failures.append)
    train.workspace.job.complete(run_of(train.workspace, 400, stopped=True))
    assert failures == []
    assert told == [
        "The training of run 1 was stopped, and can go on: 400 iterations, goodness of fit 1.88 bits."
    ]
    np.testing.assert_array_equal(train.fit.held_out, [0.2, 1.5])


def test_a_stopped_run_goes_on_by_a_click(train, qtbot, told):
    assert told == []
    assert train.resume.isHidden()
    train.workspace.job.complete(run_of(train.workspace, 400, stopped=True))
    row = train.resume
    assert not row.isHidden()
    assert (row.button.text(), row.steps.value()) == ("Go on with run 1", 600)
    asked = []
    train.workspace.resume = asked.append
    qtbot.mouseClick(row.button, Qt.MouseButton.LeftButton)
    assert asked == [600]
    del train.workspace.resume
    row.steps.setValue(50)
    qtbot.mouseClick(row.button, Qt.MouseButton.LeftButton)
    assert train.workspace.job.title == "Going on with run 1"
    assert row.isHidden()
    assert train.pause_button.isEnabled()


def test_a_complete_run_can_have_more_steps(train, told):
    train.workspace.job.complete(run_of(train.workspace, 1000, stopped=False))
    assert told[0].startswith("The training of run 1 is done: 1,000 iterations")
    assert train.resume.steps.value() == 1000


def test_what_is_held_out_is_drawn_beside_what_is_trained_on(train, qtbot):
    job = train.workspace.job
    job.tell_phase("training")
    job.tell_progress(progress_at(1))
    train.workspace.so_far = Look(1, None, 0.1)
    job.tell_progress(progress_at(50))
    train.workspace.so_far = Look(50, None, 0.5)
    qtbot.waitUntil(lambda: len(train.fit.held_out) == 2)
    assert train.fit.held_out.tolist() == [0.1, 0.5]
    train.resize(340, 800)
    train.show()
    qtbot.waitExposed(train)
    picture, frame = train.fit.grab().toImage(), (46, 20)
    colours = [
        picture.pixelColor(x, y)
        for x in range(frame[0], picture.width())
        for y in range(frame[1], picture.height())
    ]
    assert any(
        colour.green() > colour.red() + 40 and colour.green() > colour.blue() + 30 for colour in colours
    )


def test_the_embedding_so_far_is_followed_unless_it_is_switched_off(train):
    assert train.follow.isChecked()
    train.follow.setChecked(False)
    assert not train.workspace.follows_training
    train.workspace.follows_training = True
    assert train.follow.isChecked()


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (RuntimeError("CUDA out of memory: tried 20 GiB"), "Lower the batch size"),
        (RuntimeError("boom"), "Sessions, parameters and earlier runs are as they were"),
        (ConfigurationError("device: 'cuda' is not here"), "device: 'cuda' is not here"),
    ],
)
def test_an_error_says_what_can_be_done(train, error, wanted):
    train.workspace.job.fail(error)
    assert wanted in train.message.text()
    assert train.start_button.isEnabled()


def test_the_device_is_chosen_from_those_that_are_here(train, qtbot, monkeypatch):
    combo = train.form.editors["device"].widget
    load_encoder().join(60)
    monkeypatch.setattr(
        "napari_unison.widgets.train.known_devices",
        lambda: [*ALWAYS_KNOWN, KnownDevice("cuda:0", "a card (cuda:0)")],
    )
    train.workspace.configure(device="cuda:7")
    assert combo.currentData() == "cuda:7"
    train.workspace.job.fail(ValueError("over"))
    qtbot.waitUntil(lambda: combo.count() == 4)
    assert [combo.itemData(row) for row in range(4)] == ["auto", "cpu", "cuda:0", "cuda:7"]
    assert combo.currentData() == "cuda:7"
    combo.setCurrentIndex(2)
    assert train.workspace.config.device == "cuda:0"
