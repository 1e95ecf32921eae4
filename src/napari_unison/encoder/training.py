"""The training loop: draw, gather, mask, encode, compare, update."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from napari_unison.encoder.batches_ahead import BatchesAhead
from napari_unison.encoder.config import EncoderConfig
from napari_unison.encoder.engines import engine_for
from napari_unison.encoder.label_space import LabelSpace
from napari_unison.encoder.loss import InfoNCE, goodness_of_fit
from napari_unison.encoder.networks import UnifiedNetwork, architecture_of
from napari_unison.encoder.progress import Progress, ProgressCallback, TrainingControl
from napari_unison.encoder.sampling import BatchSampler
from napari_unison.sessions import Session

_SECONDS_BETWEEN_REPORTS = 0.1


class TrainingError(RuntimeError):
    """Training cannot go on; the message says why and what to change."""


@dataclass
class History:
    """Loss (nats), goodness of fit (bits) and elapsed time (s, pauses left out) after each training step."""

    loss: list[float] = field(default_factory=list)
    goodness_of_fit: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def append(self, loss: float, bits: float, seconds: float) -> None:
        """Add a step."""
        self.loss.append(loss)
        self.goodness_of_fit.append(bits)
        self.seconds.append(seconds)

    def as_arrays(self) -> dict[str, np.ndarray[Any, np.dtype[Any]]]:
        """Return "loss", "goodness_of_fit" and "seconds", one entry an iteration."""
        return {name: np.array(column) for name, column in vars(self).items()}


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
        self._sampler = BatchSampler(
            sessions,
            space,
            time_offsets=config.time_offsets,
            positives=config.positives,
            max_label_distance=config.max_label_distance,
            sessions_per_step=config.sessions_per_step,
        )
        self._engine = engine_for(config, sessions, state.network, state.criterion)
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
        return self._step_with(self._draw(self.state.rng))

    def _draw(self, rng: np.random.Generator) -> Any:
        """Draw a batch with its masks."""
        bins = self._sampler.draw(self.config.batch_size, rng, self._engine.executor)
        return self._engine.prepare(bins, rng)

    def _step_with(self, batch: Any) -> float:
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
            If the loss is no longer finite.
        ValueError
            If the control has stopped a training already.
        """
        if control is not None and control.is_stopped:
            raise ValueError("this TrainingControl has stopped a training already: make a new one")
        history = self.state.history
        total = len(history.loss) + iterations
        clock = _Clock(history.seconds[-1] if history.seconds else 0.0, len(history.loss))
        self.state.network.train()
        with self._threads() as ahead:
            batches = BatchesAhead(self._draw, self.state.rng, ahead)
            while len(history.loss) < total:
                if control is not None:
                    clock.leave_out(control.wait_while_paused)
                    if control.is_stopped:
                        break
                self._advance(batches.take(), clock)
                if on_progress is not None and clock.is_due():
                    on_progress(self._progress(total, clock))
        self.state.optimizer = self._optimizer.state_dict()
        if on_progress is not None and clock.has_stepped(len(history.loss)):
            on_progress(self._progress(total, clock))
        return len(history.loss) < total

    @contextmanager
    def _threads(self) -> Iterator[Executor | None]:
        """Lend the engine as many threads as torch may use; yield one more, which draws ahead."""
        n_threads = torch.get_num_threads()
        if n_threads == 1:
            yield None
            return
        with (
            # our threads share the work: each product within one of them runs in it alone
            threadpool_limits(limits=1, user_api="blas"),
            ThreadPoolExecutor(n_threads, thread_name_prefix="unison-step") as executor,
            ThreadPoolExecutor(1, thread_name_prefix="unison-draw") as ahead,
        ):
            self._engine.executor = executor
            try:
                yield ahead
            finally:
                self._engine.executor = None

    def _advance(self, batch: Any, clock: _Clock) -> None:
        """Do a step and write it down."""
        history = self.state.history
        loss = self._step_with(batch)
        history.append(loss, float(goodness_of_fit(loss, self.config.batch_size)), clock.seconds())
        if not np.isfinite(loss):
            raise TrainingError(
                f"the loss became {loss} at iteration {len(history.loss)}: lower learning_rate "
                f"({self.config.learning_rate:g}) or raise temperature ({self.state.criterion.temperature:g})"
            )

    def _progress(self, total: int, clock: _Clock) -> Progress:
        history = self.state.history
        done = len(history.loss)
        speed = clock.steps_per_second(done)
        left = (total - done) / speed
        return Progress(done, total, history.loss[-1], history.goodness_of_fit[-1], speed, left)


class _Clock:
    """Training time without pauses, and when the next report is due."""

    def __init__(self, before: float, steps_before: int) -> None:
        self._begin = time.perf_counter() - before
        self._before = before
        self._steps_before = steps_before
        self._last_report = -np.inf

    def seconds(self) -> float:
        return time.perf_counter() - self._begin

    def leave_out(self, wait: Callable[[], None]) -> None:
        """Run ``wait`` without counting its time."""
        begin = time.perf_counter()
        wait()
        self._begin += time.perf_counter() - begin

    def is_due(self) -> bool:
        now = time.perf_counter()
        if now - self._last_report < _SECONDS_BETWEEN_REPORTS:
            return False
        self._last_report = now
        return True

    def has_stepped(self, done: int) -> bool:
        return done > self._steps_before

    def steps_per_second(self, done: int) -> float:
        return (done - self._steps_before) / max(self.seconds() - self._before, 1e-9)
