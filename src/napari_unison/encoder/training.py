"""The training loop: draw, gather, mask, encode, compare, update."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from napari_unison.encoder.batches_ahead import BatchesAhead
from napari_unison.encoder.config import EncoderConfig
from napari_unison.encoder.cpu.threads import compute_threads
from napari_unison.encoder.device_memory import advice
from napari_unison.encoder.engines import engine_for
from napari_unison.encoder.history import Clock, History, LossReader
from napari_unison.encoder.label_space import LabelSpace
from napari_unison.encoder.loss import InfoNCE
from napari_unison.encoder.networks import UnifiedNetwork, architecture_of
from napari_unison.encoder.progress import Progress, ProgressCallback, TrainingControl
from napari_unison.sessions import Session


class TrainingError(RuntimeError):
    """Training cannot go on; the message says why and what to change."""


@dataclass
class TrainingState:
    """What a training has made so far, and what it needs to go on: this is kept and saved.

    Attributes
    ----------
    network : UnifiedNetwork
        On its device.
    criterion : InfoNCE
        The loss, with its temperature.
    rng : numpy.random.Generator
        Source of all randomness of the training.
    history : History
        One entry a step.
    optimizer : dict
        State of Adam; empty before the first step.
    """

    network: UnifiedNetwork
    criterion: InfoNCE
    rng: np.random.Generator
    history: History = field(default_factory=History)
    optimizer: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def new(
        cls, config: EncoderConfig, neurons: Sequence[int], seed: int, device: torch.device
    ) -> TrainingState:
        """Draw initial weights.

        Parameters
        ----------
        config : EncoderConfig
            Parameters.
        neurons : sequence of int
            Neurons of each session.
        seed : int
            Decides weights, batches and masks.
        device : torch.device
            Where to train.
        """
        network = UnifiedNetwork(
            architecture_of(config.model_architecture),
            neurons,
            config.num_hidden_units,
            config.output_dimension,
            torch.Generator().manual_seed(seed),
        )
        criterion = InfoNCE(
            config.distance,
            config.temperature,
            learn_temperature=config.temperature_mode == "auto",
            min_temperature=config.min_temperature,
        )
        return cls(network.to(device), criterion.to(device), np.random.default_rng(seed))


class Trainer:
    """Continues a training.

    Parameters
    ----------
    config : EncoderConfig
        Parameters.
    sessions : sequence of Session
        The training sessions.
    space : LabelSpace
        Where their labels are compared.
    state : TrainingState
        Changed in place.

    Raises
    ------
    SessionError
        If the sessions offer nothing to train on.
    """

    def __init__(
        self, config: EncoderConfig, sessions: Sequence[Session], space: LabelSpace, state: TrainingState
    ) -> None:
        self.config = config
        self.state = state
        with _explaining_memory(config):
            self._engine = engine_for(config, sessions, space, state.network, state.criterion)
        parameters = [*state.network.parameters(), *state.criterion.parameters()]
        self._optimizer = torch.optim.Adam(parameters, lr=config.learning_rate)
        if state.optimizer:
            self._optimizer.load_state_dict(state.optimizer)
            self._lay_out_moments()
            # a run's configuration may be edited before training goes on
            for group in self._optimizer.param_groups:
                group["lr"] = config.learning_rate

    def _lay_out_moments(self) -> None:
        """Give moments read from a file their parameter's layout: else Adam is slow and rounds anew."""
        for parameter, moments in self._optimizer.state.items():
            for name, values in moments.items():
                if values.shape == parameter.shape:
                    moments[name] = torch.empty_like(parameter).copy_(values)

    def step(self) -> float:
        """Do one training step in the caller's thread and return its loss (nats)."""
        return float(self._step_with(self._engine.draw(self.state.rng)))

    def _step_with(self, batch: Any) -> float | Tensor:
        loss = self._engine.gradients(batch)
        self._optimizer.step()
        return loss

    def run(
        self,
        iterations: int,
        on_progress: ProgressCallback | None = None,
        control: TrainingControl | None = None,
    ) -> bool:
        """Train.

        Parameters
        ----------
        iterations : int
            Steps to do.
        on_progress : callable, optional
            Called with a :class:`Progress` at most ten times a second, and at the end.
        control : TrainingControl, optional
            Pauses or stops the training between steps.

        Returns
        -------
        bool
            Whether it was stopped before its end.

        Raises
        ------
        TrainingError
            If the loss is no longer finite, or the device has not enough memory.
        ValueError
            If the control has stopped a training already.
        """
        if control is not None and control.is_stopped:
            raise ValueError("this TrainingControl has stopped a training already: make a new one")
        history = self.state.history
        total = len(history.loss) + iterations
        clock = Clock(history.seconds[-1] if history.seconds else 0.0, len(history.loss))
        losses = LossReader(history, clock, self.config.batch_size)
        self.state.network.train()
        with self._threads() as ahead, _explaining_memory(self.config):
            batches = BatchesAhead(self._engine.draw, self.state.rng, ahead)
            while len(history.loss) + losses.n_waiting < total:
                if control is not None:
                    if control.is_paused:
                        self._read(losses)
                    clock.leave_out(control.wait_while_paused)
                    if control.is_stopped:
                        break
                losses.add(self._step_with(batches.take()))
                is_due = clock.is_due()
                # reading a loss from a device waits for it: that is done as seldom as progress is told
                if is_due or losses.are_known:
                    self._read(losses)
                if is_due and on_progress is not None:
                    on_progress(self._progress(total, clock))
            self._read(losses)
        self.state.optimizer = self._optimizer.state_dict()
        if on_progress is not None and clock.has_stepped(len(history.loss)):
            on_progress(self._progress(total, clock))
        return len(history.loss) < total

    def _read(self, losses: LossReader) -> None:
        """Write the steps since the last reading down; refuse a loss that is no number."""
        history = self.state.history
        if not losses.read():
            raise TrainingError(
                f"the loss became {history.loss[-1]} at iteration {len(history.loss)}: lower learning_rate "
                f"({self.config.learning_rate:g}) or raise temperature ({self.state.criterion.temperature:g})"
            )

    @contextmanager
    def _threads(self) -> Iterator[Executor | None]:
        """Lend an engine that uses them as many threads as torch may use; yield one more, to draw ahead."""
        if not self._engine.uses_threads:
            yield None
            return
        with compute_threads() as executor:
            if executor is None:
                yield None
                return
            with ThreadPoolExecutor(1, thread_name_prefix="unison-draw") as ahead:
                self._engine.executor = executor
                try:
                    yield ahead
                finally:
                    self._engine.executor = None

    def _progress(self, total: int, clock: Clock) -> Progress:
        history = self.state.history
        done = len(history.loss)
        speed = clock.steps_per_second(done)
        left = (total - done) / speed
        return Progress(done, total, history.loss[-1], history.goodness_of_fit[-1], speed, left)


@contextmanager
def _explaining_memory(config: EncoderConfig) -> Iterator[None]:
    """Turn a device's lack of memory into a :class:`TrainingError` that says what to do."""
    try:
        yield
    except RuntimeError as error:
        # MPS has no class of its own for this
        if not isinstance(error, torch.OutOfMemoryError) and "MPS backend out of memory" not in str(error):
            raise
        raise TrainingError(
            f"the device has not enough memory for this training: {advice(config)}"
        ) from error
