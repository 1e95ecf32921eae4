"""Where to compute."""

from __future__ import annotations

import torch

from napari_unison.encoder.config import ConfigurationError


def choose_device(name: str) -> torch.device:
    """Return the device called ``name``; ``"auto"`` takes CUDA, else MPS, else the CPU.

    Raises
    ------
    ConfigurationError
        If this machine or this build of torch does not have the device.
    """
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if name == "auto":
        return torch.device("cuda" if cuda else "mps" if mps else "cpu")
    device = torch.device(name)
    if device.type == "cuda" and (not cuda or (device.index or 0) >= torch.cuda.device_count()):
        found = f"{torch.cuda.device_count()} CUDA devices" if cuda else "no CUDA device"
        raise ConfigurationError(
            f"device: {name!r} is not here ({found} found; torch {torch.__version__}). Choose 'auto' or "
            f"'cpu', or install a CUDA build of torch"
        )
    if device.type == "mps" and not mps:
        raise ConfigurationError("device: 'mps' is not here. Choose 'auto' or 'cpu'")
    return device
