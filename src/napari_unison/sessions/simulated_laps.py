"""How the simulated rats run: laps to and fro on a linear track, each at a pace of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

TRACK_LENGTH: Final = 1.6  # m
BIN_WIDTH: Final = 0.025  # s
FAR_END: Final = TRACK_LENGTH - 0.02  # m, where the rats turn at the latest
NEAR_TURNS: Final = (0.02, 0.08)  # m
DEPTH_OF_FAR_TURNS: Final = 0.06  # m before the end
STEP_AT_TURNS: Final = 0.01  # m, standard deviation between the end of a lap and the start of the next
NEAREST_START: Final = 0.01  # m
_WAVER: Final = 0.12
_WAVES: Final = (1, 2, 3)  # cycles a lap


@dataclass(frozen=True)
class SimulatedLap:
    """One run from end to end.

    Attributes
    ----------
    start : int
        Its first bin in the recording.
    n_bins : int
        Bins that it takes, also where the recording ends before it does.
    here, there : float
        Where it starts and ends (m).
    rightward : bool
        Its direction.
    end : float
        How far the rat runs on the track at most (m).
    """

    start: int
    n_bins: int
    here: float
    there: float
    rightward: bool
    end: float = FAR_END


def run_lap(
    here: float,
    rightward: bool,
    end: float,
    speed: float,
    speed_spread: float,
    random: np.random.Generator,
) -> tuple[float, Floats]:
    """Run one lap and return where it ends (m) and its positions (n_bins,) in m.

    Parameters
    ----------
    here, rightward, end
        See :class:`SimulatedLap`.
    speed : float
        Median speed over laps (m/s).
    speed_spread : float
        Standard deviation of the logarithm of a lap's speed.
    random : Generator
        Where chance comes from.
    """
    there = end - random.uniform(0, DEPTH_OF_FAR_TURNS) if rightward else random.uniform(*NEAR_TURNS)
    of_lap = speed * random.lognormal(0, speed_spread)
    n_bins = max(2, round(abs(there - here) / (of_lap * BIN_WIDTH)))
    waves = np.array([(random.normal(0, _WAVER / cycles), random.uniform()) for cycles in _WAVES])
    return there, np.asarray(here + (there - here) * way_done(waves, n_bins))


def next_start(there: float, end: float, random: np.random.Generator) -> float:
    """Return where the next lap starts (m): near the end of the last one, for time is cut there."""
    return float(np.clip(there + random.normal(0, STEP_AT_TURNS), NEAREST_START, end))


def draw_waves(n_laps: int, random: np.random.Generator) -> Floats:
    """Draw how the pace of laps wavers: size and phase (in cycles) of each wave, (n_laps, waves, 2)."""
    sizes = random.normal(0, _WAVER, (n_laps, len(_WAVES))) / np.array(_WAVES)
    return np.stack([sizes, random.uniform(size=sizes.shape)], axis=2)


def way_done(waves: Floats, n_bins: int) -> Floats:
    """Return the share of the way that is done at the end of each bin, from above 0 to 1.

    Parameters
    ----------
    waves : ndarray, (..., waves, 2)
        Size and phase of each wave, see :func:`draw_waves`.
    n_bins : int
        Bins of the lap.

    Returns
    -------
    ndarray, (..., n_bins)
        The speed wavers and drops a little towards the ends.
    """
    phase = np.linspace(0, 1, n_bins)
    waver = np.zeros((*waves.shape[:-2], n_bins))
    for number, cycles in enumerate(_WAVES):
        size, shift = waves[..., number, 0, np.newaxis], waves[..., number, 1, np.newaxis]
        waver += size * np.cos(2 * np.pi * (cycles * phase + shift))
    pace = (0.8 + 0.4 * np.sin(np.pi * phase)) * np.exp(waver)
    return np.asarray(np.cumsum(pace, axis=-1) / pace.sum(axis=-1, keepdims=True))
