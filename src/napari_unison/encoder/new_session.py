"""A new animal joins an encoder that exists: only its own input weights are learned, in seconds.

The first convolution has columns for each neuron; all behind it is shared. The new session's columns are
learned by the encoder's own contrastive training, in pseudo-animals with the sessions it knows, while every
other weight stays as it is. Tried as well, and less good at label-free decoding on held-out laps: to regress
the latents that the aligned training sessions have at the same labels (cosine loss, with and without other
labels' latents as negatives), pairs within the new session alone, and one of both beginning the other; see
``benchmarks/new_animals.py``.
"""

from __future__ import annotations

import copy
import math
import warnings
import zlib
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from napari_unison.encoder.alignment import LabelIndex
from napari_unison.encoder.config import EncoderConfig
from napari_unison.encoder.label_space import LabelSpace
from napari_unison.encoder.networks import UnifiedNetwork, architecture_of
from napari_unison.encoder.overlap import ENOUGH, NEAR
from napari_unison.encoder.training import Trainer, TrainingState
from napari_unison.sessions import Session, SessionError

Array = np.ndarray[Any, np.dtype[Any]]

#: Steps that a new session learns for, unless asked otherwise.
ITERATIONS: Final = 250
#: Samples in such a step, at most.
BATCH_SIZE: Final = 1024
#: Step size of Adam at the start; it falls to zero along a cosine. Input weights alone bear a hundred times
#: the step of a whole network.
LEARNING_RATE: Final = 0.02


def check_new_session(
    config: EncoderConfig, sessions: Sequence[Session], space: LabelSpace, session: Session
) -> None:
    """Refuse a session that an encoder cannot learn from; warn where it behaves in ways unknown to it.

    Parameters
    ----------
    config : EncoderConfig
        Parameters of the encoder.
    sessions : sequence of Session
        Its training sessions.
    space : LabelSpace
        Where their labels are compared.
    session : Session
        The new one; that its labels and bin width are theirs is known already.

    Raises
    ------
    SessionError
        If it has no bin with all labels, is shorter than a window, or holds a category that is new.
    """
    window = architecture_of(config.model_architecture).window
    if session.n_bins < window:
        raise SessionError(
            f"session {session.name!r} has {session.n_bins} bins, but {config.model_architecture} sees "
            f"{window} at a time: give a longer stretch, about a minute at least"
        )
    points = space.encode(session)
    points = points[~np.isnan(points).any(axis=1)]
    if len(points) == 0:
        raise SessionError(
            f"session {session.name!r} has no bin with all of {', '.join(map(repr, space.names))}: its input "
            f"weights are learned from labelled bins; fill its labels in for some laps"
        )
    if config.max_label_distance is not None:
        return
    distance = np.full(len(points), np.inf)
    for other in sessions:
        index = LabelIndex(space.encode(other), space.tie_tolerance)
        if len(index.bins):
            distance = np.minimum(distance, index.match(points).distance)
    near = NEAR * math.sqrt(sum(spread**2 for spread in space.spread.values()))
    share = float((distance <= near).mean())
    if share < ENOUGH:
        warnings.warn(
            f"{1 - share:.0%} of {session.name!r} has no near partner in any session that the encoder knows: "
            f"such behaviour is new to it and will be misplaced. Leave these bins out, or train an encoder "
            f"with all sessions",
            UserWarning,
            stacklevel=3,
        )


def with_new_session(
    config: EncoderConfig, state: TrainingState, session: Session, seed: int
) -> TrainingState:
    """Copy what an encoder has learned, with random input weights for a new session.

    Parameters
    ----------
    config : EncoderConfig
        Parameters of the encoder.
    state : TrainingState
        What it has learned; not changed.
    session : Session
        The new one, of ``N`` neurons.
    seed : int
        Decides the new weights.

    Returns
    -------
    TrainingState
        All other weights, history and random generator are those of ``state``. Adam's memory of the new
        columns begins with no momentum and the other columns' mean squared gradient, so that a training that
        goes on treats them alike.
    """
    old = state.network
    n_old, device = sum(old.neurons), old.first.weight.device
    fresh = TrainingState.new(config, [*old.neurons, session.n_neurons], 0, device)
    first = fresh.network.first
    with torch.no_grad():
        # as wide as those of an encoder of this session alone
        bound = 1 / math.sqrt(session.n_neurons * first.kernel)
        shape = (first.weight.shape[0], session.n_neurons, first.kernel)
        generator = torch.Generator().manual_seed(_seed_for(session, seed))
        drawn = torch.empty(shape).uniform_(-bound, bound, generator=generator)
        weights = old.state_dict()
        weights["first.weight"] = torch.cat([old.first.weight, drawn.to(device)], dim=1)
    fresh.network.load_state_dict(weights)
    fresh.criterion.load_state_dict(state.criterion.state_dict())
    fresh.rng = copy.deepcopy(state.rng)
    fresh.history = copy.deepcopy(state.history)
    fresh.optimizer = _widened(state.optimizer, old, n_old + session.n_neurons)
    return fresh


class InputTrainer(Trainer):
    """Learns the input weights of the last session; every other weight stays as it is.

    Parameters
    ----------
    config : EncoderConfig
        Parameters of the encoder.
    sessions : sequence of Session
        All its sessions, the new one last.
    space : LabelSpace
        Where their labels are compared.
    network_state : TrainingState
        Its network is changed in place; its history and optimiser are left alone.
    seed : int
        Decides batches and masks, together with the new session's name.
    iterations : int
        Steps that will be done.
    """

    def __init__(
        self,
        config: EncoderConfig,
        sessions: Sequence[Session],
        space: LabelSpace,
        network_state: TrainingState,
        seed: int,
        iterations: int,
    ) -> None:
        config = config.model_copy(
            update={"batch_size": min(config.batch_size, BATCH_SIZE), "learning_rate": LEARNING_RATE}
        )
        # steps of this training are no steps of the encoder's own
        network, criterion = network_state.network, network_state.criterion
        rng = np.random.default_rng(_seed_for(sessions[-1], seed))
        super().__init__(config, sessions, space, TrainingState(network, criterion, rng))
        self._whole = network.first.weight
        self._n_others = sum(network.neurons[:-1])
        self._own = torch.nn.Parameter(self._whole.detach()[:, self._n_others :].clone())
        self._optimizer = torch.optim.Adam([self._own], lr=LEARNING_RATE)
        self._schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self._optimizer, iterations)

    def _step_with(self, batch: Any) -> float | Tensor:
        loss = self._engine.gradients(batch)
        gradient = self._whole.grad
        if gradient is not None:
            self._own.grad = gradient[:, self._n_others :].clone()
        self._optimizer.step()
        self._schedule.step()
        with torch.no_grad():
            self._whole[:, self._n_others :] = self._own
        return loss


def _seed_for(session: Session, seed: int) -> int:
    """Return a seed of a session's own: the same whatever other sessions joined before it."""
    words = np.random.SeedSequence([seed, zlib.crc32(session.name.encode())]).generate_state(1)
    return int(words[0])


def _widened(optimizer: dict[str, Any], network: UnifiedNetwork, n_inputs: int) -> dict[str, Any]:
    """Copy the state of Adam, with room for more inputs."""
    widened = copy.deepcopy(optimizer)
    parameters = list(network.parameters())
    number = next(i for i, parameter in enumerate(parameters) if parameter is network.first.weight)
    moments = widened.get("state", {}).get(number, {})
    for name, value in moments.items():
        if value.shape != network.first.weight.shape:
            continue
        n_new = n_inputs - value.shape[1]
        new = torch.zeros_like(value[:, :1]) if name == "exp_avg" else value.mean(dim=1, keepdim=True)
        moments[name] = torch.cat([value, new.expand(-1, n_new, -1)], dim=1)
    return widened
