"""Checkpoints as CEBRA's ``UnifiedSolver`` saves them, made with torch alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

RESIDUALS = {"offset5": (1, 2), "offset10": (3, 3), "offset36": (16, 3)}


class Skip(nn.Module):
    """A convolution of three bins beside the bin in its middle."""

    def __init__(self, n_hidden: int) -> None:
        super().__init__()
        self.module = nn.Sequential(nn.Conv1d(n_hidden, n_hidden, 3), nn.GELU())

    def forward(self, x: Tensor) -> Tensor:
        return x[..., 1:-1] + self.module(x)


class Network(nn.Module):
    """From windows (B, ΣN, W) to latents (B, D), with the names that CEBRA gives to weights."""

    def __init__(self, name: str, n_neurons: int, n_hidden: int = 8, n_latents: int = 4) -> None:
        super().__init__()
        half = n_hidden // 2
        if name == "offset1":
            layers: list[nn.Module] = [nn.Flatten(), nn.Linear(n_neurons, n_hidden), nn.GELU()]
            layers += [nn.Linear(n_hidden, n_hidden), nn.GELU(), nn.Linear(n_hidden, half), nn.GELU()]
            layers += [nn.Linear(half, n_latents)]
        else:
            n_residual, last = RESIDUALS[name]
            layers = [nn.Conv1d(n_neurons, n_hidden, 2), nn.GELU()]
            layers += [Skip(n_hidden) for _ in range(n_residual)]
            layers += [nn.Conv1d(n_hidden, n_latents, last), nn.Flatten()]
        self.net = nn.Sequential(*layers)

    def forward(self, windows: Tensor) -> Tensor:
        latents: Tensor = self.net(windows)
        return latents / torch.linalg.vector_norm(latents, dim=1, keepdim=True)


def trained_network(name: str, n_neurons: int, steps: int = 3, seed: int = 0) -> tuple[Network, Any]:
    """Return a network and its optimiser after a few steps on noise."""
    torch.manual_seed(seed)
    network = Network(name, n_neurons)
    window = {"offset1": 1, "offset5": 5, "offset10": 10, "offset36": 36}[name]
    adam = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(steps):
        adam.zero_grad()
        network(torch.rand(4, n_neurons, window)).sum().backward()
        adam.step()
    return network, adam


def solver_state(
    network: Network, adam: Any, neurons: Sequence[int], batch_size: int = 2048, steps: int = 3
) -> dict[str, Any]:
    """Return what the solver saves: its number of inputs is a number of numpy."""
    loss = [math.log(batch_size) - 0.01 * step for step in range(steps)]
    return {
        "model": network.state_dict(),
        "optimizer": adam.state_dict(),
        "loss": torch.tensor(loss),
        "decode": [],
        "criterion": {},
        "version": "0.6.1",
        "log": {"pos": [-0.9] * steps, "neg": loss, "total": loss, "temperature": [1] * steps},
        "n_features": np.int64(sum(neurons)),
        "num_sessions": len(neurons),
    }


def save_checkpoint(
    path: Path, neurons: Sequence[int], name: str = "offset10", batch_size: int = 2048, **changes: Any
) -> Network:
    """Write a checkpoint; return its network. ``changes`` replace parts of the solver's state."""
    network, adam = trained_network(name, sum(neurons))
    state = solver_state(network, adam, neurons, batch_size) | changes
    torch.save({key: value for key, value in state.items() if value is not None}, path)
    return network
