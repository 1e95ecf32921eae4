"""The Train tab: what can be clicked follows what the training does."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt

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
