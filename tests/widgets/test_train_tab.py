"""The Train tab: what can be clicked follows what the training does."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt

from napari_unison.encoder import Progress
from napari_unison.widgets.train import TrainWidget
from napari_unison.workspace import Workspace


class ByHand:
    """Begins no job: the test says what happens."""

    def start(self, job):
        """Leave the job to the test."""

    def wait(self, job, timeout):
        """Nothing will come."""

    def close(self):
        """Nothing runs."""


@pytest.fixture
def train(qtbot, small_sessions):
    train = TrainWidget(Workspace(small_sessions, runner=ByHand()))
    qtbot.addWidget(train)
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
    assert train.message.text() == "out of luck"
    qtbot.mouseClick(train.start_button, Qt.MouseButton.LeftButton)
    train.workspace.job.tell_progress(progress_at(1))
    qtbot.waitUntil(lambda: len(train.loss.values) == 1)
