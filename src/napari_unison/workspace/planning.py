"""What the next training will use, and how long it will take as far as that is known."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse

from napari_unison.encoder import ConfigurationError, EncoderConfig
from napari_unison.sessions import Session
from napari_unison.workspace.garbage import without_collections

if TYPE_CHECKING:
    from napari_unison.workspace.runs import StudyRun

#: Parameters that change neither the time of a step nor its memory.
_WITHOUT_WEIGHT = frozenset(
    {"max_iterations", "learning_rate", "temperature", "min_temperature", "random_state", "verbose"}
)
#: Of a float32 number (bytes).
_NUMBER = 4


@dataclass(frozen=True)
class TrainingPlan:
    """What the next training will use.

    Attributes
    ----------
    device : str
        Where it computes, and why there; or why it cannot.
    threads : int or None
        Threads on the CPU; None on another device.
    memory : float or None
        Estimate of what the training adds to the memory of the device (bytes).
    seconds : float or None
        Expected time, if a training of the same kind was done since the program began.
    measured_on : str
        The run that the time was measured on.
    """

    device: str
    threads: int | None = None
    memory: float | None = None
    seconds: float | None = None
    measured_on: str = ""


@dataclass(frozen=True)
class KnownDevice:
    """A device that a training can be told to use.

    Attributes
    ----------
    name : str
        As ``device`` of the configuration.
    words : str
        What a person calls it.
    """

    name: str
    words: str


#: What can be said before torch is loaded.
ALWAYS_KNOWN = (KnownDevice("auto", "auto (the fastest)"), KnownDevice("cpu", "CPU"))


def known_devices() -> list[KnownDevice]:
    """Return the devices of this machine, "auto" first; imports torch."""
    import torch

    devices = list(ALWAYS_KNOWN)
    if torch.cuda.is_available():
        for number in range(torch.cuda.device_count()):
            name = f"cuda:{number}"
            devices.append(KnownDevice(name, f"{torch.cuda.get_device_name(number)} ({name})"))
    if torch.backends.mps.is_available():
        devices.append(KnownDevice("mps", "Apple graphics processor (mps)"))
    return devices


@cache
def load_encoder() -> threading.Thread:
    """Begin to load torch and the encoder in the background, once in a process.

    Loading takes seconds, which a person who has opened recordings and still looks at the parameters does
    not notice.

    Returns
    -------
    Thread
        The thread that loads; what was asked for is there when it has ended.
    """
    thread = threading.Thread(target=_load_encoder, name="loading the encoder")
    thread.start()
    return thread


def _load_encoder() -> None:
    try:
        with without_collections():
            from napari_unison.encoder.cpu.warm_up import are_compiled, compile_apart, warm_up
        # the first time on a machine this takes a while
        if not are_compiled():
            compile_apart()
        warm_up()
    except RuntimeError:
        # Python begins nothing more in threads while it ends: then nobody needs what would be loaded
        threading.main_thread().join(1.0)
        if threading.main_thread().is_alive():
            raise


def plan_training(
    sessions: Sequence[Session], config: EncoderConfig, validation_share: float, runs: Sequence[StudyRun] = ()
) -> TrainingPlan:
    """Say what a training on sessions would use; imports torch.

    Parameters
    ----------
    sessions : sequence of Session
        The ``S`` sessions of the workspace.
    config : EncoderConfig
        Parameters of the training.
    validation_share : float
        Share of each session's end that it would not see.
    runs : sequence of StudyRun
        Runs so far, to know the speed from.

    Returns
    -------
    TrainingPlan
        With a device that says what is wrong, and nothing else, where the configured device is not here.
    """
    import torch

    from napari_unison.encoder.device_memory import device_for_training, training_memory
    from napari_unison.encoder.devices import choose_device

    try:
        with warnings.catch_warnings():
            # the plan says it in its own words, as often as it is made
            warnings.simplefilter("ignore")
            device = device_for_training(config, sessions)
        found = choose_device(config.device)
    except ConfigurationError as error:
        return TrainingPlan(str(error))
    share = 1 - validation_share
    if device.type == "cpu":
        memory = _memory(sessions, config, share)
    else:
        memory = training_memory(config, sessions, share).total
    run = _measured_run(sessions, config, validation_share, str(device), runs)
    return TrainingPlan(
        device=_device_text(device.type, str(device), config.device, too_small=device != found),
        threads=torch.get_num_threads() if device.type == "cpu" else None,
        memory=memory,
        seconds=None if run is None else config.max_iterations * _step_time(run),
        measured_on="" if run is None else run.name,
    )


def _device_text(kind: str, device: str, wanted: str, *, too_small: bool) -> str:
    import torch

    if too_small:
        return "CPU (too little memory is free on the graphics card)"
    name = torch.cuda.get_device_name(device) if kind == "cuda" else device.upper()
    if wanted != "auto":
        return f"{name} (as chosen)"
    if kind != "cpu":
        return f"{name} (the fastest device here)"
    if torch.version.cuda is None:
        return "CPU (torch is installed without CUDA)"
    return "CPU (no graphics card was found)"


def _memory(sessions: Sequence[Session], config: EncoderConfig, share: float) -> float:
    """Estimate what a training on the CPU keeps (bytes): recordings, a batch, the weights."""
    from napari_unison.encoder.cpu.engine import LANES

    window = int("".join(letter for letter in config.model_architecture if letter.isdigit()))
    neurons = sum(session.n_neurons for session in sessions)
    numbers = 0.0
    for session in sessions:
        neural = session.neural
        # an entry of a sparse matrix comes with its time bin and its neuron
        data = 3 * neural.nnz if scipy.sparse.issparse(neural) else neural.size
        # of each bin: its labels and where its window and its entries begin
        numbers += share * (data + 16 * session.n_bins)
    samples = 3 * config.batch_size
    # the first layer's output stands in memory, what follows only for a few samples at a time
    numbers += samples * (window * config.num_hidden_units + 3 * config.output_dimension)
    numbers += LANES * config.batch_size * config.output_dimension
    # weights of the first layer, which grow with the neurons, Adam's two averages, gradients of each lane
    numbers += (5 + LANES) * 2 * neurons * config.num_hidden_units
    return _NUMBER * numbers


def _measured_run(
    sessions: Sequence[Session],
    config: EncoderConfig,
    validation_share: float,
    device: str,
    runs: Sequence[StudyRun],
) -> StudyRun | None:
    """Return the last run that was trained here on recordings of the same size in the same way."""

    def weighs(parameters: EncoderConfig) -> dict[str, object]:
        return parameters.model_dump(exclude=set(_WITHOUT_WEIGHT) | {"device"})

    def is_like(trained_on: Sequence[Session]) -> bool:
        return len(trained_on) == len(sessions) and all(
            before.n_neurons == now.n_neurons
            and abs(before.n_bins - (1 - validation_share) * now.n_bins) <= 1
            for before, now in zip(trained_on, sessions, strict=True)
        )

    for run in reversed(runs):
        encoder = run.encoder
        if not run.trained_here or encoder.device_ != device or encoder.n_iter_ < 2:
            continue
        if is_like(encoder.training_sessions_) and weighs(encoder.config_) == weighs(config):
            return run
    return None


def _step_time(run: StudyRun) -> float:
    """Return the mean time of a step (s), the first one left out: it prepares what the others use."""
    seconds = np.asarray(run.encoder.history_["seconds"])
    return float((seconds[-1] - seconds[0]) / (len(seconds) - 1))
