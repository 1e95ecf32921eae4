"""From a CEBRA checkpoint and its sessions to what a fitted encoder keeps."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from napari_unison.encoder.cebra_checkpoint.contents import CebraCheckpoint
from napari_unison.encoder.cebra_checkpoint.torch_files import CheckpointError
from napari_unison.encoder.config import ConfigurationError, EncoderConfig
from napari_unison.encoder.devices import choose_device
from napari_unison.encoder.given_sessions import checked_sessions
from napari_unison.encoder.loss import goodness_of_fit
from napari_unison.encoder.training import TrainingState
from napari_unison.sessions import Session, SessionError

#: What an untrained encoder's loss may differ from ln B before the batch size B is doubted (nats).
_DOUBTFUL: Final = 0.3
#: Settings of Adam that a checkpoint may set; what else it says there is about the machine it was made on.
_ADAM_SETTINGS: Final = ("betas", "eps", "weight_decay", "amsgrad")
_MOMENTS: Final = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")


@dataclass(frozen=True)
class ImportedEncoder:
    """What a fitted encoder keeps.

    Attributes
    ----------
    config : EncoderConfig
        What the checkpoint tells of the parameters, what was given, and else the preset ``notebook``.
    sessions : list of Session
        Training sessions, in the order of the checkpoint.
    seed : int
        Seed of all that is random from now on.
    state : TrainingState
        Network, loss, history and optimiser.
    origin : str
        Where it comes from, in words.
    """

    config: EncoderConfig
    sessions: list[Session]
    seed: int
    state: TrainingState
    origin: str


def import_checkpoint(
    checkpoint: CebraCheckpoint,
    sessions: Sequence[Session] | Session,
    *,
    trained_on: Mapping[str, int] | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> ImportedEncoder:
    """Make of a checkpoint what a fitted encoder keeps.

    Parameters
    ----------
    checkpoint : CebraCheckpoint
        What was read.
    sessions : sequence of Session
        Those that it was trained on, in that order; or some of them, where it is known which they are.
    trained_on : mapping of str to int, optional
        Name and number of neurons of each session that it was trained on, in that order.
    parameters : mapping of str to object, optional
        Parameters of the encoder that the checkpoint does not tell, such as ``batch_size``.

    Raises
    ------
    SessionError
        If the sessions are not those of the checkpoint: another number of them, or of neurons.
    ConfigurationError
        If a parameter contradicts the checkpoint, or is out of its range.
    CheckpointError
        If the checkpoint contradicts itself.
    """
    given = checked_sessions(sessions)
    known = dict(trained_on) if trained_on is not None else checkpoint.sessions
    if known is None:
        _check_widths(checkpoint, given)
        known = {session.name: session.n_neurons for session in given}
    elif sum(known.values()) != checkpoint.size.n_neurons:
        raise CheckpointError(
            f"{checkpoint.path} has {checkpoint.size.n_neurons} inputs, but {', '.join(known)} have "
            f"{sum(known.values())} neurons: it was trained on other sessions"
        )
    ordered = _in_order(checkpoint, given, known)
    config = _configuration(checkpoint, dict(parameters or {}))
    seed = config.random_state if config.random_state is not None else checkpoint.seed or 0
    state = TrainingState.new(config, [s.n_neurons for s in ordered], seed, choose_device(config.device))
    columns = _columns(known, ordered)
    _load_weights(checkpoint, state, columns)
    for loss in checkpoint.loss:
        state.history.append(loss, float(goodness_of_fit(loss, config.batch_size)), 0.0)
    state.optimizer = _optimizer(checkpoint, state, columns)
    _warn_of_batch_size(checkpoint, config)
    _warn_of_missing(checkpoint, known, ordered)
    version = f" {checkpoint.version}" if checkpoint.version else ""
    origin = f"imported from {checkpoint.path.name}, trained by CEBRA{version}"
    if checkpoint.sessions is not None:
        origin = f"imported from {checkpoint.path.name}, written by napari-unison"
    return ImportedEncoder(config, ordered, seed, state, origin)


# -- sessions ------------------------------------------------------------------------------------------


def _check_widths(checkpoint: CebraCheckpoint, given: Sequence[Session]) -> None:
    """Compare sessions with a checkpoint that tells how many there were, and their neurons in total."""
    expected, found = checkpoint.size.n_neurons, sum(session.n_neurons for session in given)
    listed = ", ".join(f"{session.name!r} ({session.n_neurons} neurons)" for session in given)
    name = checkpoint.path.name
    if checkpoint.n_sessions not in (None, len(given)):
        raise SessionError(
            f"{name} was trained on {checkpoint.n_sessions} sessions with {expected} neurons in total, not "
            f"on {len(given)} ({listed}). Give all of them in the order of that training; if only some are "
            f"here, say which ones it was trained on (trained_on, --trained-on): names and neurons"
        )
    if found == expected:
        return
    if len(given) == 1:
        raise SessionError(
            f"session {given[0].name!r} has {found} neurons, but {name} expects {expected}: give the session "
            f"that it was trained on, with the same neurons in the same order"
        )
    more = f"{abs(found - expected)} {'too many' if found > expected else 'too few'}"
    raise SessionError(
        f"the sessions have {found} neurons in total, but {name} expects {expected}: {more}. Given "
        f"are {listed}. Give those that it was trained on, with all of their neurons, in the same order"
    )


def _in_order(checkpoint: CebraCheckpoint, given: Sequence[Session], known: dict[str, int]) -> list[Session]:
    """Return the sessions in the order of training, after comparing names and neurons."""
    name = checkpoint.path.name
    listed = ", ".join(f"{known_name!r} ({neurons} neurons)" for known_name, neurons in known.items())
    for session in given:
        if session.name not in known:
            raise SessionError(
                f"{name} was trained on {listed}; {session.name!r} is none of them: rename the session "
                f"(session.replace(name=...)), or give another"
            )
        if session.n_neurons != known[session.name]:
            raise SessionError(
                f"session {session.name!r} has {session.n_neurons} neurons, but {name} expects "
                f"{known[session.name]}: give the same neurons in the same order"
            )
    order = list(known)
    return sorted(given, key=lambda session: order.index(session.name))


def _columns(known: Mapping[str, int], sessions: Sequence[Session]) -> Tensor:
    """Return which inputs of the checkpoint are neurons of the sessions: (N,) of int."""
    ends = dict(zip(known, np.cumsum(list(known.values())).tolist(), strict=True))
    return torch.cat([torch.arange(ends[s.name] - s.n_neurons, ends[s.name]) for s in sessions])


def _warn_of_missing(
    checkpoint: CebraCheckpoint, known: Mapping[str, int], sessions: Sequence[Session]
) -> None:
    here = [session.name for session in sessions]
    missing = ", ".join(name for name in known if name not in here)
    if missing:
        warnings.warn(
            f"{checkpoint.path.name} was trained on {', '.join(known)}; not here: {missing}. With "
            f"{', '.join(here)} alone, label-free embeddings and their scores are those of the whole "
            f"checkpoint. Aligned ones lack the neurons of {missing}, and so differ from it, and training "
            f"that goes on changes the encoder without them",
            UserWarning,
            stacklevel=3,
        )


# -- parameters ----------------------------------------------------------------------------------------


def _configuration(checkpoint: CebraCheckpoint, given: dict[str, Any]) -> EncoderConfig:
    size, told = checkpoint.size, dict(checkpoint.parameters)
    fixed = {"num_hidden_units": size.n_hidden, "output_dimension": size.n_latents}
    for name, value in fixed.items():
        if given.get(name, value) != value:
            raise ConfigurationError(
                f"{name}: {checkpoint.path.name} has {value} (given: {given[name]!r}); leave it out"
            )
    networks = (f"{size.network}-model", f"{size.network}-model-mse")
    wanted = given.get("model_architecture", told.get("model_architecture", networks[0]))
    if wanted not in networks:
        raise ConfigurationError(
            f"model_architecture: {checkpoint.path.name} holds {networks[0]}, or {networks[1]} if its output "
            f"is not normalised (given: {wanted!r})"
        )
    if checkpoint.loss:
        told.setdefault("max_iterations", len(checkpoint.loss))
    if given.get("temperature_mode", "auto") == "constant":
        told.pop("min_temperature", None)
    return EncoderConfig.from_parameters(told | given | fixed | {"model_architecture": wanted})


def _warn_of_batch_size(checkpoint: CebraCheckpoint, config: EncoderConfig) -> None:
    """Warn where the first loss is not that of an untrained encoder with so many negatives.

    An encoder that was not trained puts all bins near one another: its loss is the logarithm of the batch
    size, whatever the temperature.
    """
    if not checkpoint.loss or not math.isfinite(checkpoint.loss[0]):
        return
    if abs(checkpoint.loss[0] - math.log(config.batch_size)) > _DOUBTFUL:
        likely = round(math.exp(min(checkpoint.loss[0], 20)))
        warnings.warn(
            f"{checkpoint.path.name}: a batch size of {config.batch_size} does not go with its first loss, "
            f"{checkpoint.loss[0]:.2f}, which speaks for about {likely}. The goodness of fit in bits depends "
            f"on it, and CEBRA's solver does not save it: give batch_size",
            UserWarning,
            stacklevel=3,
        )


# -- weights and optimiser -----------------------------------------------------------------------------


def _load_weights(checkpoint: CebraCheckpoint, state: TrainingState, columns: Tensor) -> None:
    weights = dict(checkpoint.weights)
    weights["first.weight"] = weights["first.weight"][:, columns]
    state.network.load_state_dict(weights)
    if checkpoint.log_inverse_temperature is not None:
        with torch.no_grad():
            state.criterion.log_inverse_temperature.fill_(checkpoint.log_inverse_temperature)


def _optimizer(checkpoint: CebraCheckpoint, state: TrainingState, columns: Tensor) -> dict[str, Any]:
    """Return Adam's state for the parameters here; empty, with a warning, where the checkpoint has none."""
    parameters = [*state.network.parameters(), *state.criterion.parameters()]
    fresh = torch.optim.Adam(parameters).state_dict()
    try:
        return _adam_state(checkpoint, fresh, parameters, columns)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        reason = f" ({error})" if isinstance(error, ValueError) else ""
        warnings.warn(
            f"{checkpoint.path.name} holds no state of Adam for this network{reason}. It can be embedded and "
            f"scored as it is; going on with training (resume) begins with a fresh Adam",
            UserWarning,
            stacklevel=4,
        )
        return {}


def _adam_state(
    checkpoint: CebraCheckpoint, fresh: dict[str, Any], parameters: Sequence[Tensor], columns: Tensor
) -> dict[str, Any]:
    """Translate the optimiser's state, number by number; what does not fit raises."""
    told = checkpoint.optimizer
    if not told:
        raise ValueError("it has none")
    (group,) = told["param_groups"]
    numbers = list(group["params"])
    if len(numbers) != len(parameters):
        raise ValueError(f"it has {len(numbers)} parameters there, and {len(parameters)} here")
    if not told["state"]:
        raise ValueError("no step was done")
    settings = fresh["param_groups"][0]
    settings["lr"] = float(group["lr"])
    for name in _ADAM_SETTINGS:
        settings[name] = _setting(settings[name], group[name])
    names = _MOMENTS if settings["amsgrad"] else _MOMENTS[:-1]
    entries = {}
    for here, there in enumerate(numbers):
        entry, shape = told["state"][there], tuple(parameters[here].shape)
        # the input weights come first, in both packages
        moments = {name: _moment(entry[name], shape, columns if here == 0 else None) for name in names}
        entries[here] = {"step": torch.tensor(float(entry["step"])), **moments}
    return {"state": entries, "param_groups": [settings]}


def _setting(usual: Any, told: Any) -> Any:
    """Return a setting of Adam as a plain number or pair of numbers, of the type that it usually has."""
    if isinstance(usual, tuple):
        first, second = told
        return float(first), float(second)
    return bool(told) if isinstance(usual, bool) else float(told)


def _moment(value: Any, shape: tuple[int, ...], columns: Tensor | None) -> Tensor:
    """Return a moment of Adam in a parameter's shape, cut to the inputs that are here."""
    if not isinstance(value, Tensor) or value.layout != torch.strided or value.device.type != "cpu":
        raise TypeError("a moment is no tensor")
    if value.numel() * value.element_size() > value.untyped_storage().nbytes():
        raise TypeError("a moment holds less than it says")
    moment = value.detach().to(torch.float32)
    if moment.ndim == 2:
        moment = moment[:, :, None]
    if columns is not None:
        moment = moment[:, columns]
    if tuple(moment.shape) != shape or not bool(torch.isfinite(moment).all()):
        raise ValueError("its moments do not fit the weights")
    return moment.clone()
