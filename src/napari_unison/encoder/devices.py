"""Where to compute.

``"auto"`` takes CUDA, else MPS (the graphics processor of Apple's machines), else the CPU.

MPS has no float64, so labels are compared there in float32 (see :mod:`napari_unison.encoder.device_labels`);
activity and weights are float32 everywhere. It has no call that tells its free memory, so whether a training
fits is found out by doing it. The operators that training uses are index_select, gather, searchsorted,
sort, cumsum, sum, amin, minimum, where, clamp, masked_fill, rand, randint, addmm, mm, addcmul, sqrt, exp,
gelu, vector_norm and cat; torch's own table of operators (2.13) lists an MPS kernel for each of them.
"""

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


def device_text(device: torch.device) -> str:
    """Return what a person calls the device, such as ``"CPU"`` or the name of the card."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)} ({device})"
    return device.type.upper()
