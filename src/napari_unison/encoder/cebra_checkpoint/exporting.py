"""From a fitted encoder to a checkpoint that CEBRA's ``UnifiedSolver`` loads."""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from napari_unison.encoder.cebra_checkpoint.contents import OWN_KEY
from napari_unison.encoder.cebra_checkpoint.layers import layer_names
from napari_unison.encoder.cebra_checkpoint.torch_files import CheckpointError
from napari_unison.sessions.whole_files import whole_file

if TYPE_CHECKING:
    from napari_unison.encoder.estimator import UnifiedEncoder

#: The version of CEBRA whose format is written.
FORMAT = "0.6.1"


def write_checkpoint(
    encoder: UnifiedEncoder, file: str | os.PathLike[str], *, overwrite: bool = False
) -> Path:
    """Write a fitted encoder as ``UnifiedSolver.save`` writes one; the file appears complete or not at all.

    Parameters
    ----------
    encoder : UnifiedEncoder
        Fitted.
    file : path
        ``.pt`` by custom.
    overwrite : bool
        Replace a file that stands there.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    CheckpointError
        If a file stands there and is not to be replaced, or the place is a folder.
    """
    target = Path(file)
    if target.is_dir():
        raise CheckpointError(f"{target} is a folder: give the name of a file, such as {target.name}.pt")
    if target.exists() and not overwrite:
        raise CheckpointError(
            f"{target} exists already: choose another name, or replace it with overwrite=True"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(target) as fresh, fresh.open("xb") as stream:
        torch.save(_solver_state(encoder), stream)
    return target


def cebra_model(encoder: UnifiedEncoder) -> str:
    """Return the call that makes the network of an encoder in CEBRA."""
    config, network = encoder.config_, encoder._state.network
    # CEBRA has not all networks without their norm, and other layers in its offset1-model-mse
    words = "" if network.architecture.normalises else ", normalize=False"
    return (
        f'cebra.models.init("{_network_of(encoder)}-model", num_neurons={sum(network.neurons)}, '
        f"num_units={config.num_hidden_units}, num_output={config.output_dimension}{words})"
    )


def _solver_state(encoder: UnifiedEncoder) -> dict[str, Any]:
    """Put together what CEBRA's solver saves, and beside it what its format has no place for."""
    state, config = encoder._state, encoder.config_
    losses = list(state.history.loss)
    neurons = [session.n_neurons for session in encoder.training_sessions_]
    criterion: OrderedDict[str, Tensor] = OrderedDict()
    temperatures = [config.temperature] * len(losses)
    if config.temperature_mode == "auto":
        # which temperature each step had is not kept here
        temperatures = []
        criterion["log_inverse_temperature"] = state.criterion.log_inverse_temperature.detach().cpu().clone()
    notes = {
        "sessions": list(zip(encoder.session_names_, neurons, strict=True)),
        "config": config.model_dump(mode="json", exclude={"device", "verbose"}),
        "seed": encoder.seed_,
    }
    return {
        "model": _model(encoder),
        "optimizer": _optimizer(encoder),
        "loss": torch.tensor(losses, dtype=torch.float64),
        "decode": [],
        "criterion": criterion,
        "version": FORMAT,
        # CEBRA also logs both parts of each loss, which are not kept here
        "log": {"pos": [], "neg": [], "total": losses, "temperature": temperatures},
        "n_features": sum(neurons),
        "num_sessions": len(neurons),
        OWN_KEY: json.dumps(notes),
    }


def _network_of(encoder: UnifiedEncoder) -> str:
    return encoder.config_.model_architecture.split("-")[0]


def _model(encoder: UnifiedEncoder) -> OrderedDict[str, Tensor]:
    ours = encoder._state.network.state_dict()
    network = _network_of(encoder)
    weights: OrderedDict[str, Tensor] = OrderedDict()
    for name, theirs in layer_names(network).items():
        weights[f"{theirs}.weight"] = _in_their_shape(ours[f"{name}.weight"], network)
        weights[f"{theirs}.bias"] = _in_their_shape(ours[f"{name}.bias"], network)
    return weights


def _in_their_shape(values: Tensor, network: str) -> Tensor:
    """Return a copy in the layout of CEBRA; networks of one bin have no axis of time there."""
    if network == "offset1" and values.ndim == 3:
        values = values[:, :, 0]
    return values.detach().cpu().clone(memory_format=torch.contiguous_format)


def _optimizer(encoder: UnifiedEncoder) -> dict[str, Any]:
    state = encoder._state
    parameters = [*state.network.parameters(), *state.criterion.parameters()]
    if not state.optimizer:
        return torch.optim.Adam(parameters, lr=encoder.config_.learning_rate).state_dict()
    network = _network_of(encoder)
    entries = {
        number: {
            name: _in_their_shape(value, network) if isinstance(value, Tensor) else value
            for name, value in entry.items()
        }
        for number, entry in state.optimizer["state"].items()
    }
    return {"state": entries, "param_groups": state.optimizer["param_groups"]}
