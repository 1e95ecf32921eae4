"""How much of a device's memory a training will take, known before it begins."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from napari_unison.encoder.config import ConfigurationError, EncoderConfig
from napari_unison.encoder.device_labels import (
    BYTES_PER_BISECTION,
    BYTES_PER_DISTANCE,
    CHUNK_DISTANCES,
    MOST_LINES,
)
from napari_unison.encoder.devices import choose_device, device_text
from napari_unison.encoder.input_projection import KEPT_BYTES
from napari_unison.encoder.networks import Architecture, architecture_of
from napari_unison.sessions import Session

_FLOAT = 4
_LABEL = 8
_SIMILARITIES = 2**19
_GIB = 2**30
#: Of free memory: a device rounds what it hands out up, and its libraries take some.
_USABLE = 0.9


@dataclass(frozen=True)
class TrainingMemory:
    """What a training takes on a device (bytes).

    Attributes
    ----------
    recordings : float
        Activity of all sessions, and the window of each bin.
    labels : float
        Labels, label changes and what searches them.
    weights : float
        Weights, their gradients and Adam's averages.
    batch : float
        Rows and masks of two batches.
    windows : float
        Windows that are there at a time.
    activations : float
        What the network keeps for the backward pass, and the gradients there.
    similarities : float
        Those of a few hundred references with all negatives.
    search : float
        Label distances of which a bounded number is computed at a time; given back before the step.
    """

    recordings: float
    labels: float
    weights: float
    batch: float
    windows: float
    activations: float
    similarities: float
    search: float

    @property
    def total(self) -> float:
        """The most that is there at a time."""
        kept = self.recordings + self.labels + self.weights + self.batch
        return kept + max(self.windows + self.activations + self.similarities, self.search)


def training_memory(config: EncoderConfig, sessions: Sequence[Session], share: float = 1.0) -> TrainingMemory:
    """Say what a training takes on a device that is not the CPU.

    Parameters
    ----------
    config : EncoderConfig
        Parameters.
    sessions : sequence of Session
        The training sessions.
    share : float
        Share of each session's bins that is trained on.
    """
    architecture = architecture_of(config.model_architecture)
    n_bins = share * np.array([session.n_bins for session in sessions]) + 1
    n_neurons = np.array([session.n_neurons for session in sessions])
    n_columns, n_lines = _label_columns(sessions[0])
    samples, window = 3 * config.batch_size, architecture.window
    # the largest sessions may meet in a batch
    taking_part = np.sort(n_neurons)[-(config.sessions_per_step or len(sessions)) :]
    kernel = min(2, window)
    of_first = kernel * config.num_hidden_units * n_neurons.sum()
    stack = _FLOAT * window * samples * taking_part.sum()
    windows = _FLOAT * window * samples * 2 * taking_part[-1]
    neuron_masks = samples * taking_part.sum() + _FLOAT * config.batch_size * taking_part[-1]
    per_sample = _FLOAT * window + 2 * _LABEL * (n_columns + 6)
    return TrainingMemory(
        recordings=float(_FLOAT * (n_bins * (n_neurons + window)).sum()),
        labels=float(_LABEL * ((3 * n_columns + 5) * n_bins).sum()),
        weights=float(_FLOAT * 5 * (of_first + _trunk_weights(config, architecture))),
        batch=float(2 * (neuron_masks + samples * len(taking_part) * per_sample)),
        windows=float(max(stack, windows) if stack <= KEPT_BYTES else windows),
        activations=float(_FLOAT * samples * _numbers_per_sample(config, architecture)),
        similarities=float(_FLOAT * 3 * min(_SIMILARITIES, config.batch_size**2)),
        search=float(_search_bytes(config, n_lines, n_bins.max())),
    )


def free_memory(device: torch.device) -> float | None:
    """Return the memory of a device that this process may still take (bytes); None where it is not known."""
    if device.type != "cuda":
        return None
    free, _ = torch.cuda.mem_get_info(device)
    # what torch holds already, and nothing uses
    return float(free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device))


def device_for_training(config: EncoderConfig, sessions: Sequence[Session]) -> torch.device:
    """Return where to train: the configured device, if the training fits into its memory.

    Parameters
    ----------
    config : EncoderConfig
        Its ``device`` may be ``"auto"``; the CPU is then taken, with a warning, where another is too small.
    sessions : sequence of Session
        The training sessions.

    Raises
    ------
    ConfigurationError
        If the device is not here, or if one that was asked for has not enough memory.
    """
    device = choose_device(config.device)
    free = free_memory(device)
    if free is None:
        return device
    needed = training_memory(config, sessions).total
    if needed <= _USABLE * free:
        return device
    sizes = (
        f"this training needs about {needed / _GIB:.1f} GiB, and {device_text(device)} has "
        f"{free / _GIB:.1f} GiB free"
    )
    if config.device != "auto":
        raise ConfigurationError(f"device: {sizes}. {advice(config)}")
    warnings.warn(
        f"training on the CPU: {sizes}. To train there: {advice(config, name_the_cpu=False)}",
        UserWarning,
        stacklevel=3,
    )
    return torch.device("cpu")


def require_memory(config: EncoderConfig, sessions: Sequence[Session], device: torch.device) -> None:
    """Refuse to go on with a training on its device where there is not enough memory any more.

    Parameters
    ----------
    config : EncoderConfig
        Parameters, which stay as they are.
    sessions : sequence of Session
        The training sessions.
    device : torch.device
        Where the network is.

    Raises
    ------
    ConfigurationError
        If it does not fit; the message says what to do.
    """
    free = free_memory(device)
    if free is None:
        return
    needed = training_memory(config, sessions).total
    if needed > _USABLE * free:
        raise ConfigurationError(
            f"device: to go on, this training needs about {needed / _GIB:.1f} GiB, and {device_text(device)} "
            f"has {free / _GIB:.1f} GiB free. End other programs that use its memory; or save the run, write "
            f'device = "cpu" into its config.toml, open it again and go on there'
        )


def advice(config: EncoderConfig, *, name_the_cpu: bool = True) -> str:
    """Return what makes a training smaller, as a sentence."""
    sessions = "" if config.sessions_per_step is None else f" (now {config.sessions_per_step})"
    wanted = f"lower batch_size (now {config.batch_size}), set a lower sessions_per_step{sessions}"
    ending = ", or set device='cpu'" if name_the_cpu else ", or end other programs that use its memory"
    return wanted + ending


def _label_columns(session: Session) -> tuple[int, float]:
    """Return about how many columns labels take in the label space, and on how many lines they lie."""
    columns, n_continuous, n_lines = 0, 0, 1.0
    for name, values in session.labels.items():
        kind = session.kinds[name]
        if kind == "discrete":
            n_categories = len(np.unique(values))
            columns += n_categories
            n_lines *= n_categories
        else:
            width = 2 if kind == "circular" else int(np.prod(np.shape(values)[1:]))
            columns += width
            n_continuous += width
    return columns, n_lines if n_continuous <= 1 else np.inf


def _search_bytes(config: EncoderConfig, n_lines: float, n_bins: float) -> float:
    """Return what a search among one session's labels takes at a time (bytes)."""
    queries = 2 * config.batch_size
    if n_lines <= MOST_LINES:
        return BYTES_PER_BISECTION * n_lines * queries
    return BYTES_PER_DISTANCE * min(CHUNK_DISTANCES, n_bins * queries)


def _trunk_weights(config: EncoderConfig, architecture: Architecture) -> int:
    """Count the weights after the first convolution."""
    h = config.num_hidden_units
    plain = 2 * h * h if architecture.window == 1 else 0
    return (
        plain + 3 * h * h * architecture.n_residual + h * architecture.last_kernel * config.output_dimension
    )


def _numbers_per_sample(config: EncoderConfig, architecture: Architecture) -> int:
    """Count what a sample keeps for the backward pass, and what that pass needs beside it at most."""
    h, window = config.num_hidden_units, architecture.window
    kernel = min(2, window)
    length = window - kernel + 1
    # the projection and its gradient; a layer's input and output, and the gradients of both
    numbers = 2 * window * kernel * h + 2 * length * h
    numbers += 2 * length * h
    if window == 1:
        numbers += 3 * h
    for _ in range(architecture.n_residual):
        length -= 2
        numbers += 2 * length * h
    return numbers + 12 * config.output_dimension
