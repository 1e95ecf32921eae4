"""Losses are read from a device seldom, and none is lost."""

import numpy as np
import pytest
import torch

from napari_unison.encoder import history as history_module
from napari_unison.encoder.config import EncoderConfig
from napari_unison.encoder.history import Clock, History, LossReader
from napari_unison.encoder.label_space import LabelSpace
from napari_unison.encoder.progress import TrainingControl
from napari_unison.encoder.training import Trainer, TrainingError, TrainingState


class Steps:
    """An engine whose steps only name the losses that they are given."""

    uses_threads = False
    executor = None

    def __init__(self, losses, before_step=None):
        self._losses = iter(losses)
        self._before_step = before_step
        self.n_steps = 0

    def draw(self, rng):
        return rng.random()

    def gradients(self, batch):
        self.n_steps += 1
        if self._before_step is not None:
            self._before_step(self.n_steps)
        return next(self._losses)


@pytest.fixture
def readings(monkeypatch):
    """Count how many losses each reading brings."""
    counted = []
    values = history_module._values

    def count(losses):
        if losses:
            counted.append(len(losses))
        return values(losses)

    monkeypatch.setattr(history_module, "_values", count)
    return counted


@pytest.fixture
def train(rats, monkeypatch):
    """Return a function that makes a trainer of an engine."""

    def make(engine):
        monkeypatch.setattr("napari_unison.encoder.training.engine_for", lambda *_: engine)
        config = EncoderConfig(batch_size=64, num_hidden_units=8)
        state = TrainingState.new(config, [rat.n_neurons for rat in rats], 0, torch.device("cpu"))
        return Trainer(config, rats, LabelSpace(rats), state)

    return make


def never_due_again(monkeypatch):
    monkeypatch.setattr(history_module, "_SECONDS_BETWEEN_REPORTS", np.inf)


def tensors(values):
    return [torch.tensor(float(value)) for value in values]


def test_losses_of_a_device_are_read_at_once_and_all_are_written_down(train, readings, monkeypatch):
    never_due_again(monkeypatch)
    trainer = train(Steps(tensors(range(50))))
    assert not trainer.run(50)
    assert readings == [1, 49]
    assert trainer.state.history.loss == list(range(50))
    assert len(trainer.state.history.goodness_of_fit) == 50
    assert (np.diff(trainer.state.history.seconds) >= 0).all()


def test_plain_losses_are_written_down_at_once(train, readings, monkeypatch):
    never_due_again(monkeypatch)
    train(Steps([float(loss) for loss in range(20)])).run(20)
    assert readings == [1] * 20


def test_readings_come_with_the_reports(train, readings):
    told = []
    train(Steps(tensors(range(50)), lambda _: None)).run(50, told.append)
    # one report may follow the last reading
    assert len(told) - 1 <= len(readings) <= len(told)
    assert told[-1].iteration == 50
    assert told[-1].loss == 49


@pytest.mark.parametrize("loss", [np.nan, np.inf])
def test_a_loss_that_is_no_number_is_named_where_it_first_came(train, loss, monkeypatch):
    never_due_again(monkeypatch)
    values = np.ones(30)
    values[[11, 20]] = loss
    engine = Steps(tensors(values))
    trainer = train(engine)
    with pytest.raises(TrainingError, match=r"loss became (nan|inf) at iteration 12: lower learning_rate"):
        trainer.run(30)
    assert engine.n_steps == 30
    assert len(trainer.state.history.loss) == 12
    with pytest.raises(TrainingError, match="at iteration 12"):
        train(Steps(values.tolist())).run(30)


def test_a_pause_finds_every_step_written_down(train, monkeypatch):
    never_due_again(monkeypatch)
    seen = []

    class Control(TrainingControl):
        def wait_while_paused(self):
            if self.is_paused:
                seen.append(len(trainer.state.history.loss))
                self.resume()

    control = Control()
    trainer = train(Steps(tensors(range(30)), lambda step: control.pause() if step == 10 else None))
    trainer.run(30, control=control)
    assert seen == [10]
    assert len(trainer.state.history.loss) == 30


def test_a_stop_keeps_every_step(train, monkeypatch):
    never_due_again(monkeypatch)
    control = TrainingControl()
    trainer = train(Steps(tensors(range(30)), lambda step: control.stop() if step == 10 else None))
    assert trainer.run(30, control=control)
    assert trainer.state.history.loss == list(range(10))


def test_the_time_between_readings_is_shared_by_their_steps(monkeypatch):
    history, clock = History([1.0], [0.0], [3.0]), Clock(3.0, 1)
    reader = LossReader(history, clock, 64)
    for loss in tensors(range(4)):
        reader.add(loss)
    monkeypatch.setattr(clock, "seconds", lambda: 5.0)
    assert reader.read()
    assert history.seconds == [3.0, 3.5, 4.0, 4.5, 5.0]


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("MPS backend out of memory (…)")]
)
def test_a_device_that_runs_out_of_memory_is_told_with_what_to_do(train, error):
    def fail(step):
        raise error

    with pytest.raises(TrainingError, match=r"not enough memory .*lower batch_size \(now 64\).*device='cpu'"):
        train(Steps([], fail)).run(3)


def test_other_errors_of_a_device_keep_their_words(train):
    def fail(step):
        raise RuntimeError("a kernel failed")

    with pytest.raises(RuntimeError, match=r"^a kernel failed$"):
        train(Steps([], fail)).run(3)
