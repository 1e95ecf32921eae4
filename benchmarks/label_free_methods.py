"""Data sets, methods and settings of the table of label-free decoding."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_unison import Session
from napari_unison.analysis import (
    DEFAULT_CONTEXT,
    BayesianPlaceDecoder,
    BayesianStateSpaceDecoder,
    EncoderFits,
    LabelFreeEncoder,
    Method,
    PrincipalComponents,
    SingleSessionEncoder,
    SmoothedNeighbours,
    SupervisedNetwork,
    UntrainedEncoder,
    guard_bins,
)
from napari_unison.analysis.decoders.fitting import DecoderKind
from napari_unison.encoder import EncoderConfig
from napari_unison.encoder.config import PRESETS
from napari_unison.encoder.networks import architecture_of
from recordings import ENVIRONMENTS, MICE, mouse, rats, subsampled

PRESET = "label-free decoding"
SUBSET_SIZES = (10, 20, 40)
N_SUBSETS = 3

#: Few neurons are drawn several times over, which shows more than further seeds of one draw.
SEEDS_PER_SUBSET = 2

#: Windows of methods without an encoder (s); the encoder's own comes to them.
BASELINE_WINDOWS = (0.25, 0.5, 1.0)

#: The supervised network is slow: it has this window (s), and the context of the encoder's decoder.
NETWORK_WINDOW = 0.5

METHODS = {
    "label-free": "one encoder of all sessions, bins embedded from their session's own neurons alone",
    "label-free-bins": "the same encoder; the decoder sees one bin at a time",
    "aligned-bank": "the same encoder; decoder fitted on aligned training bins, asked label-free",
    "other-sessions": "the same encoder; decoder fitted on the other sessions only",
    "single-session": "one encoder per session",
    "untrained": "an encoder with random weights",
    "bayesian": "memoryless Bayesian place decoder",
    "state-space": "Bayesian place decoder with learned movements, given the whole stretch to decode",
    "neighbours": "nearest neighbours on smoothed activity",
    "components": "principal components of smoothed activity",
    "network": "supervised network on smoothed activity",
    "cebra": "the reference implementation, label-free; slow, needs the group peer",
}


@dataclass(frozen=True)
class DataSet:
    """Sessions that are pooled, and those of them that the table shows.

    Attributes
    ----------
    name, title : str
        Name for the command line, and heading.
    group : str
        Data sets of one group stand in one table, averaged: random subsets of one size.
    chose_settings : bool
        Whether settings of the encoder were chosen on these recordings.
    load : callable
        Takes the folder of recordings and returns the sessions.
    shown : tuple of str, optional
        Names of the sessions that are scored; all of them unless given.
    most_seeds : int, optional
        Only so many of the seeds are run; all of them unless given.
    """

    name: str
    title: str
    group: str
    chose_settings: bool
    load: Callable[[Path], list[Session]]
    shown: tuple[str, ...] = ()
    most_seeds: int | None = None


def _mouse_loader(name: str, environment: int) -> Callable[[Path], list[Session]]:
    return lambda data: mouse(name, environment, data)


def _subset_loader(n_neurons: int, seed: int) -> Callable[[Path], list[Session]]:
    def load(data: Path) -> list[Session]:
        achilles, buddy = rats(data)
        return [subsampled(achilles, n_neurons, seed), buddy]

    return load


def data_sets() -> dict[str, DataSet]:
    """Return all data sets by name."""
    found = [DataSet("rats", "Rats achilles and buddy", "rats", True, rats)]
    for name in MICE:
        for environment in ENVIRONMENTS:
            title = f"Mouse {name}, environment {environment}, four days"
            key = f"{name}-{environment}"
            found.append(DataSet(key, title, key, name == "C24M3", _mouse_loader(name, environment)))
    for size in SUBSET_SIZES:
        for seed in range(N_SUBSETS):
            found.append(
                DataSet(
                    f"achilles-{size}-{seed}",
                    f"achilles with {size} neurons, pooled with the whole of buddy",
                    f"achilles-{size}",
                    True,
                    _subset_loader(size, seed),
                    ("achilles",),
                    SEEDS_PER_SUBSET,
                )
            )
    return {one.name: one for one in found}


def encoder_config(file: Path | None, iterations: int | None) -> tuple[EncoderConfig, str]:
    """Return the encoder's parameters, and where they come from.

    A file (toml, as in a saved run) goes before the preset; without either, "quick look" stands in.
    """
    if file is not None:
        config, source = EncoderConfig.from_parameters(tomllib.loads(file.read_text())), file.name
    else:
        source = PRESET if PRESET in PRESETS else "quick look"
        config = PRESETS[source]
        source = f"preset {source}"
    changes: dict[str, object] = {"verbose": False, "random_state": None}
    if iterations is not None:
        changes["max_iterations"] = iterations
        source += f" with {iterations} iterations"
    return config.model_copy(update=changes), source


def windows_of(config: EncoderConfig, bin_width: float) -> list[float]:
    """Return the windows of the baselines (s): the common ones and the encoder's."""
    own = architecture_of(config.model_architecture).window * bin_width
    return sorted({*BASELINE_WINDOWS, round(own, 6)})


def guard_of(config: EncoderConfig, bin_width: float) -> int:
    """Return the guard (bins) that all methods share, so that all are scored and fitted on the same bins."""
    longest = round(max(windows_of(config, bin_width)) / bin_width)
    return guard_bins(config, smoothing=longest, context=DEFAULT_CONTEXT.width(bin_width))


def methods_of(
    names: Sequence[str],
    decoders: Sequence[DecoderKind],
    config: EncoderConfig,
    sessions: Sequence[Session],
    fits: EncoderFits,
) -> list[Method]:
    """Return the methods with these short names, encoders with each of the decoders."""
    seen: dict[str, Any] = {"context": DEFAULT_CONTEXT, "fits": fits}
    with_encoder: Mapping[str, Callable[[DecoderKind], Method]] = {
        "label-free": lambda decoder: LabelFreeEncoder(config, decoder, **seen),
        "label-free-bins": lambda decoder: LabelFreeEncoder(config, decoder, fits=fits),
        "aligned-bank": lambda decoder: LabelFreeEncoder(config, decoder, "aligned bank", **seen),
        "other-sessions": lambda decoder: LabelFreeEncoder(config, decoder, "other sessions", **seen),
        "single-session": lambda decoder: SingleSessionEncoder(config, decoder, **seen),
        "untrained": lambda decoder: UntrainedEncoder(config, decoder, **seen),
    }
    windows = windows_of(config, sessions[0].bin_width)
    average, offsets = DEFAULT_CONTEXT.average_s, DEFAULT_CONTEXT.offsets_s
    without_encoder: Mapping[str, Callable[[], list[Method]]] = {
        "bayesian": lambda: [BayesianPlaceDecoder(window) for window in windows],
        "state-space": lambda: [BayesianStateSpaceDecoder()],
        "neighbours": lambda: [
            *map(SmoothedNeighbours, windows),
            SmoothedNeighbours(average, offsets_s=offsets),
        ],
        "components": lambda: [
            *map(PrincipalComponents, windows),
            PrincipalComponents(average, offsets_s=offsets),
        ],
        "network": lambda: [
            SupervisedNetwork(NETWORK_WINDOW),
            SupervisedNetwork(average, offsets_s=offsets),
        ],
    }
    methods: list[Method] = []
    for name in (name for name in METHODS if name in names and name != "cebra"):
        if name in with_encoder:
            methods += [with_encoder[name](decoder) for decoder in decoders]
        else:
            methods += without_encoder[name]()
    return methods


def cebra_method(iterations: int) -> Method:
    """Return the reference implementation as a method."""
    from cebra_method import CebraLabelFree

    return CebraLabelFree(iterations)
