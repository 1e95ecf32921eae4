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
ITERATIONS: Final = 300
#: Samples in such a step, whatever the encoder's own number: fewer left larger errors.
BATCH_SIZE: Final = 1024
#: Step size of Adam at the start; it falls to zero along a cosine. Input weights alone bear far larger steps
#: than a whole network.
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


class InputTrainer(Trainer):
    """Learns the input weights of a new session in a copy of an encoder's network; all others stay.

    Where the encoder takes ``sessions_per_step`` of its sessions at a time, the new session's pseudo-animals
    have as many, drawn once.

    Parameters
    ----------
    config : EncoderConfig
        Parameters of the encoder.
    sessions : sequence of Session
        Its training sessions, and the new one last.
    space : LabelSpace
        Where their labels are compared.
    known : TrainingState
        What the encoder has learned; not changed.
    seed : int
        Decides first weights, batches and masks, together with the new session's name.
    iterations : int
        Steps that will be done.
    """

    def __init__(
        self,
        config: EncoderConfig,
        sessions: Sequence[Session],
        space: LabelSpace,
        known: TrainingState,
        seed: int,
        iterations: int,
    ) -> None:
        session = sessions[-1]
        # the same weights for a session, whatever other sessions joined before it
        rng = np.random.default_rng([seed, zlib.crc32(session.name.encode())])
        partners = np.arange(len(sessions) - 1)
        if config.sessions_per_step is not None and config.sessions_per_step < len(sessions):
            partners = np.sort(rng.choice(partners, config.sessions_per_step - 1, replace=False))
        config = config.model_copy(
            update={
                "batch_size": BATCH_SIZE,
                "learning_rate": LEARNING_RATE,
                "sessions_per_step": None,
            }
        )
        columns = _columns_of(known.network, partners)
        first = _first_weights(known.network, session.n_neurons, rng)
        neurons = [known.network.neurons[number] for number in partners.tolist()]
        copied = _copy(config, known, [*neurons, session.n_neurons], columns, first)
        taking_part = [*(sessions[number] for number in partners.tolist()), session]
        super().__init__(config, taking_part, space, TrainingState(copied.network, copied.criterion, rng))
        self._whole = copied.network.first.weight
        self._n_others = len(columns)
        self._own = torch.nn.Parameter(self._whole.detach()[:, self._n_others :].clone())
        self._optimizer = torch.optim.Adam([self._own], lr=LEARNING_RATE)
        self._schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self._optimizer, iterations)

    @property
    def input_weights(self) -> Tensor:
        """The new session's part of the first convolution, (h, N, kernel), as learned so far."""
        return self._own.detach()

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


def with_new_session(config: EncoderConfig, known: TrainingState, input_weights: Tensor) -> TrainingState:
    """Copy what an encoder has learned, with one more session.

    Parameters
    ----------
    config : EncoderConfig
        Parameters of the encoder.
    known : TrainingState
        What it has learned; not changed.
    input_weights : Tensor (h, N, kernel)
        The new session's part of the first convolution.

    Returns
    -------
    TrainingState
        All other weights, history and random generator are those of ``known``. Adam's memory of the new
        columns begins with no momentum and the other columns' mean squared gradient, so that a training that
        goes on treats them alike.
    """
    neurons = [*known.network.neurons, input_weights.shape[1]]
    state = _copy(config, known, neurons, np.arange(sum(known.network.neurons)), input_weights)
    state.rng = copy.deepcopy(known.rng)
    state.history = copy.deepcopy(known.history)
    state.optimizer = _widened(known.optimizer, known.network, input_weights.shape[1])
    return state


def _copy(
    config: EncoderConfig, known: TrainingState, neurons: Sequence[int], columns: Array, new: Tensor
) -> TrainingState:
    """Copy network and loss: of the first convolution only some columns, followed by new ones."""
    state = TrainingState.new(config, neurons, 0, known.network.first.weight.device)
    weights = known.network.state_dict()
    kept = weights["first.weight"][:, torch.from_numpy(columns)]
    weights["first.weight"] = torch.cat([kept, new.to(kept.device)], dim=1)
    state.network.load_state_dict(weights)
    state.criterion.load_state_dict(known.criterion.state_dict())
    return state


def _columns_of(network: UnifiedNetwork, sessions: Array) -> Array:
    """Return which inputs of a network are neurons of some of its sessions."""
    ends = np.cumsum(network.neurons)
    return np.concatenate([np.arange(ends[s] - network.neurons[s], ends[s]) for s in sessions])


def _first_weights(network: UnifiedNetwork, n_neurons: int, rng: np.random.Generator) -> Tensor:
    """Draw input weights as wide as those of an encoder of this session alone: (h, N, kernel)."""
    n_hidden, _, kernel = network.first.weight.shape
    bound = 1 / math.sqrt(n_neurons * kernel)
    return torch.from_numpy(rng.uniform(-bound, bound, (n_hidden, n_neurons, kernel)).astype(np.float32))


def _widened(optimizer: dict[str, Any], network: UnifiedNetwork, n_new: int) -> dict[str, Any]:
    """Copy the state of Adam, with room for new inputs."""
    widened = copy.deepcopy(optimizer)
    parameters = list(network.parameters())
    number = next(i for i, parameter in enumerate(parameters) if parameter is network.first.weight)
    moments = widened.get("state", {}).get(number, {})
    for name, value in moments.items():
        if value.shape != network.first.weight.shape:
            continue
        new = torch.zeros_like(value[:, :1]) if name == "exp_avg" else value.mean(dim=1, keepdim=True)
        moments[name] = torch.cat([value, new.expand(-1, n_new, -1)], dim=1)
    return widened
