"""What a CEBRA checkpoint tells: weights, optimiser, course of the training, and some of its parameters."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from napari_unison.encoder.cebra_checkpoint.layers import (
    NETWORKS,
    NetworkSize,
    described,
    layer_names,
    recognised,
)
from napari_unison.encoder.cebra_checkpoint.torch_files import CheckpointError, read_torch_file
from napari_unison.encoder.config import EncoderConfig

#: Under this key a checkpoint that was written here keeps, as JSON, what CEBRA's format has no place for.
OWN_KEY: Final = "napari-unison"
#: Parameters that CEBRA's estimator calls as they are called here.
_ESTIMATOR_PARAMETERS: Final = (
    "model_architecture",
    "batch_size",
    "time_offsets",
    "learning_rate",
    "temperature",
    "temperature_mode",
    "distance",
)
_MOST_STEPS: Final = 10_000_000


@dataclass(frozen=True)
class CebraCheckpoint:
    """What a checkpoint tells.

    Attributes
    ----------
    path : Path
        Where it was read.
    size : NetworkSize
        Which network, and how large.
    weights : dict of str to Tensor
        Weights by the names that they have here, float32, in the shapes that they have here.
    n_sessions : int or None
        Sessions that it was trained on; None where the file does not tell.
    sessions : dict of str to int, or None
        Their names and neurons in the order of training, which only checkpoints written here tell.
    loss : tuple of float
        InfoNCE loss (nats) after each training step; empty where the file does not tell.
    optimizer : dict
        State of the optimiser as torch writes it; empty where the file has none.
    log_inverse_temperature : float or None
        Logarithm of 1/τ where τ is a parameter of the loss, else None.
    parameters : dict
        Parameters of the encoder that the file tells, by the names of :class:`EncoderConfig`.
    seed : int or None
        Seed of the training, which only checkpoints written here tell.
    version : str
        Version of CEBRA; empty where the file does not tell.
    """

    path: Path
    size: NetworkSize
    weights: dict[str, Tensor]
    n_sessions: int | None = None
    sessions: dict[str, int] | None = None
    loss: tuple[float, ...] = ()
    optimizer: dict[str, Any] = field(default_factory=dict)
    log_inverse_temperature: float | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    seed: int | None = None
    version: str = ""

    def __str__(self) -> str:
        size = self.size
        of = "" if self.n_sessions is None else f" of {self.n_sessions} session{'s' * (self.n_sessions != 1)}"
        steps = f"{len(self.loss)} training steps" if self.loss else "no history"
        version = f", CEBRA {self.version}" if self.version else ""
        return (
            f"{self.path.name}: {size.network}, {size.n_hidden} hidden units, {size.n_latents} latents, "
            f"{size.n_neurons} neurons{of}, {steps}{version}"
        )


def read_checkpoint(path: str | os.PathLike[str]) -> CebraCheckpoint:
    """Read a checkpoint; nothing in it is run.

    Parameters
    ----------
    path : path
        What ``UnifiedSolver.save``, ``torch.save(solver.state_dict(), …)``,
        ``torch.save(model.state_dict(), …)`` or, of one session, ``CEBRA.save`` wrote.

    Raises
    ------
    CheckpointError
        If it is no such file, is damaged, or holds a network that is not known here.
    """
    place = Path(path)
    content = read_torch_file(place)
    solver, estimator = _solver_state(content, place)
    weights = {name: _tensor(value, name, place) for name, value in solver["model"].items()}
    size = recognised({name: tuple(value.shape) for name, value in weights.items()})
    if size is None:
        kind = described({name: tuple(value.shape) for name, value in weights.items()})
        raise CheckpointError(f"{place} holds {kind}. Known here are {', '.join(NETWORKS)}")
    _check_size(size, place)
    _check_inputs(solver.get("n_features"), size, place)
    own = _own_notes(solver.get(OWN_KEY), place)
    sessions = own.get("sessions")
    n_sessions = 1 if estimator is not None else _whole_number(solver.get("num_sessions"))
    temperature = _temperature(solver, place)
    return CebraCheckpoint(
        path=place,
        size=size,
        weights=_with_our_names(weights, size),
        n_sessions=len(sessions) if sessions else n_sessions,
        sessions=sessions,
        loss=_losses(solver.get("loss"), place),
        optimizer=solver["optimizer"] if isinstance(solver.get("optimizer"), Mapping) else {},
        log_inverse_temperature=temperature,
        parameters=_parameters(solver, estimator, own, temperature),
        seed=own.get("seed"),
        version=str(solver.get("version", ""))[:20],
    )


def _solver_state(content: Any, place: Path) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """Return the solver's state, and the parameters of CEBRA's estimator where it wrote the file."""
    if isinstance(content, Mapping):
        solver, parameters = content.get("state_dict"), content.get("args")
        if isinstance(solver, Mapping) and isinstance(parameters, Mapping):
            if isinstance(solver.get("model"), Mapping):
                return solver, parameters
        elif isinstance(content.get("model"), Mapping):
            return content, None
        elif content and all(isinstance(value, Tensor) for value in content.values()):
            return {"model": content}, None
        keys = ", ".join(str(key)[:40] for key in list(content)[:6]) or "nothing"
        found = f"a dictionary of {keys}"
    else:
        found = f"a {type(content).__name__}"
    raise CheckpointError(
        f"{place} holds {found}, which is no checkpoint of CEBRA: give a file that UnifiedSolver.save wrote"
    )


def _tensor(value: Any, name: str, place: Path) -> Tensor:
    """Return a weight in float32, after checking that it is one and holds as much as it says."""
    is_plain = (
        isinstance(value, Tensor)
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and value.is_floating_point()
        # a tensor may repeat a single number over any size
        and value.numel() * value.element_size() <= value.untyped_storage().nbytes()
    )
    if not is_plain:
        raise CheckpointError(f"{place}: {str(name)[:80]} is no tensor of weights; copy the checkpoint again")
    weight: Tensor = value.detach().to(torch.float32).clone(memory_format=torch.contiguous_format)
    if not bool(torch.isfinite(weight).all()):
        raise CheckpointError(
            f"{place}: {name} holds values that are not finite. The training has diverged: take an earlier "
            f"checkpoint, or train with a lower learning rate"
        )
    return weight


def _check_size(size: NetworkSize, place: Path) -> None:
    """Refuse sizes that an encoder cannot have."""
    sizes = {"num_hidden_units": size.n_hidden, "output_dimension": size.n_latents}
    try:
        EncoderConfig.from_parameters(sizes)
    except ValueError as error:
        raise CheckpointError(f"{place}: {error}") from error


def _check_inputs(told: Any, size: NetworkSize, place: Path) -> None:
    if isinstance(told, list):
        raise CheckpointError(
            f"{place} was trained with one network for each of {len(told)} sessions (multi-session CEBRA): "
            f"only checkpoints of a UnifiedSolver, or of one session, can be imported"
        )
    n_features = _whole_number(told)
    if n_features is not None and n_features != size.n_neurons:
        raise CheckpointError(
            f"{place} says that it was trained on {n_features} neurons, but its first layer has "
            f"{size.n_neurons} inputs: it is damaged; copy it again"
        )


def _whole_number(value: Any) -> int | None:
    is_number = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return int(value) if is_number and value > 0 else None


def _with_our_names(weights: Mapping[str, Tensor], size: NetworkSize) -> dict[str, Tensor]:
    """Rename weights, and give those of fully connected layers an axis of one time bin."""
    ours = {}
    for name, theirs in layer_names(size.network).items():
        weight = weights[f"{theirs}.weight"]
        ours[f"{name}.weight"] = weight if weight.ndim == 3 else weight[:, :, None]
        ours[f"{name}.bias"] = weights[f"{theirs}.bias"]
    return ours


def _losses(told: Any, place: Path) -> tuple[float, ...]:
    if told is None:
        return ()
    # an empty list becomes a tensor of no dimension in some versions, and of one in others
    if not isinstance(told, Tensor) or told.ndim > 1 or told.numel() > _MOST_STEPS:
        raise CheckpointError(f"{place}: loss is not a list of numbers; copy the checkpoint again")
    if told.numel() * told.element_size() > told.untyped_storage().nbytes() or told.is_complex():
        raise CheckpointError(f"{place}: loss is damaged; copy the checkpoint again")
    return tuple(told.detach().reshape(-1).to(torch.float64).tolist())


def _temperature(solver: Mapping[str, Any], place: Path) -> float | None:
    """Return the logarithm of 1/τ where the loss has it as a parameter."""
    criterion = solver.get("criterion")
    told = criterion.get("log_inverse_temperature") if isinstance(criterion, Mapping) else None
    if told is None:
        return None
    if not isinstance(told, Tensor) or told.numel() != 1 or not math.isfinite(float(told)):
        raise CheckpointError(f"{place}: the temperature is no number; copy the checkpoint again")
    return float(told)


def _parameters(
    solver: Mapping[str, Any],
    estimator: Mapping[str, Any] | None,
    own: Mapping[str, Any],
    log_inverse_temperature: float | None,
) -> dict[str, Any]:
    """Collect the parameters that a checkpoint tells."""
    told: dict[str, Any] = {}
    log = solver.get("log")
    temperatures = log.get("temperature") if isinstance(log, Mapping) else None
    if isinstance(temperatures, list) and temperatures and _is_temperature(temperatures[0]):
        told["temperature"] = float(temperatures[0])
    elif log_inverse_temperature is not None:
        told["temperature"] = math.exp(-log_inverse_temperature)
    if log_inverse_temperature is not None:
        told["temperature_mode"] = "auto"
    rate = _learning_rate(solver.get("optimizer"))
    if rate is not None:
        told["learning_rate"] = rate
    if estimator is not None:
        told |= {name: estimator[name] for name in _ESTIMATOR_PARAMETERS if name in estimator}
        if told.get("temperature_mode") == "auto" and "min_temperature" in estimator:
            told["min_temperature"] = estimator["min_temperature"]
    return told | dict(own.get("config", {}))


def _is_temperature(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and 0 < float(value) < math.inf


def _learning_rate(optimizer: Any) -> float | None:
    groups = optimizer.get("param_groups") if isinstance(optimizer, Mapping) else None
    group = groups[0] if isinstance(groups, list) and groups else None
    rate = group.get("lr") if isinstance(group, Mapping) else None
    is_number = isinstance(rate, int | float) and 0 < rate < math.inf
    return float(rate) if is_number and rate is not None else None


def _own_notes(told: Any, place: Path) -> dict[str, Any]:
    """Read what a checkpoint that was written here says beyond CEBRA's format."""
    if not isinstance(told, str):
        return {}
    damaged = CheckpointError(f"{place}: what napari-unison has noted in it is damaged; write it again")
    try:
        notes = json.loads(told)
        sessions = {str(name): int(neurons) for name, neurons in notes["sessions"]}
        config, seed = notes["config"], notes["seed"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise damaged from error
    is_sound = isinstance(config, dict) and isinstance(seed, int) and 0 <= seed < 2**32
    if not sessions or len(sessions) != len(notes["sessions"]) or not is_sound:
        raise damaged
    return {"sessions": sessions, "config": config, "seed": seed}
