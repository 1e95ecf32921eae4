"""What a whole lap's counts say about where a simulated rat was, told everything but the lap itself.

The rat's movement is no Markov chain from bin to bin, for a lap's pace is drawn once, but it is one from lap
to lap: given where the lap before ended and the next one starts, nothing outside says more about a lap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr, ndtr

from napari_unison.analysis.baselines.oracle_windows import N_CELLS, cells_of
from napari_unison.sessions.simulated_laps import (
    BIN_WIDTH,
    DEPTH_OF_FAR_TURNS,
    NEAR_TURNS,
    NEAREST_START,
    STEP_AT_TURNS,
    draw_waves,
    way_done,
)
from napari_unison.sessions.simulator import place_state

if TYPE_CHECKING:
    from napari_unison.sessions.simulated_laps import SimulatedLap

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LapBetween:
    """A lap and its neighbours.

    Attributes
    ----------
    lap : SimulatedLap
        Of which only direction and number of bins are told.
    before, after : SimulatedLap or None
        The laps around it, which are told in full; None at the ends of the recording.
    speed, speed_spread : float
        Of the rat.
    """

    lap: SimulatedLap
    before: SimulatedLap | None
    after: SimulatedLap | None
    speed: float
    speed_spread: float


def lap_posterior(
    likelihood: Floats, between: LapBetween, n_draws: int, random: np.random.Generator
) -> tuple[Floats, float]:
    """Return how likely each place is in every bin of a lap, given the counts of all of it.

    Laps are drawn from what the neighbours leave open, and weighed by how well they explain number of bins,
    start of the next lap and counts.

    Parameters
    ----------
    likelihood : ndarray, (T, 128)
        Logarithm of the likelihood of each bin's counts in each column of the place fields.
    between : LapBetween
        What is told.
    n_draws : int
        Laps to draw.
    random : Generator
        Where chance comes from.

    Returns
    -------
    posterior : ndarray, (T, 2 · N_CELLS)
        Each row sums to 1: cells running right, then left.
    n_effective : float
        ``1 / Σ w²`` of the weights: as many equally likely laps would be as good.
    """
    n_bins, rightward = between.lap.n_bins, between.lap.rightward
    here, there = _draw_ends(between, n_draws, random)
    way = way_done(draw_waves(n_draws, random), n_bins)
    position = here[:, np.newaxis] + (there - here)[:, np.newaxis] * way
    states = place_state(position, np.asarray(rightward))
    weight = _log_share_of_length(between, np.abs(there - here)) + _log_next_start(between, there)
    weight += likelihood[np.arange(n_bins), states].sum(axis=1)
    shares = np.exp(weight - weight.max())
    shares /= shares.sum()
    column = cells_of(position) + (0 if rightward else N_CELLS)
    flat = column + 2 * N_CELLS * np.arange(n_bins)
    summed = np.bincount(flat.ravel(), weights=np.repeat(shares, n_bins), minlength=n_bins * 2 * N_CELLS)
    posterior = np.asarray(summed.reshape(n_bins, 2 * N_CELLS), dtype=np.float64)
    return posterior, float(1 / np.sum(shares**2))


def _draw_ends(between: LapBetween, n_draws: int, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw where the lap starts and ends (m)."""
    lap, before = between.lap, between.before
    if before is None:
        here = random.uniform(*NEAR_TURNS, n_draws)
    else:
        here = before.there + random.normal(0, STEP_AT_TURNS, n_draws)
        here = np.clip(here, NEAREST_START, before.end)
    if lap.rightward:
        return here, lap.end - random.uniform(0, DEPTH_OF_FAR_TURNS, n_draws)
    return here, random.uniform(*NEAR_TURNS, n_draws)


def _log_share_of_length(between: LapBetween, way: Floats) -> Floats:
    """Return the logarithm of how often a lap over so many metres takes the number of bins that it took."""
    n_bins = between.lap.n_bins
    spread = max(between.speed_spread, 1e-9)
    # a number of bins is rounded, and at least two
    slowest, fastest = (way / (BIN_WIDTH * between.speed * (n_bins + half)) for half in (0.5, -0.5))
    low = np.log(slowest) / spread
    high = np.full_like(low, np.inf) if n_bins == 2 else np.log(fastest) / spread
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(ndtr(high) - ndtr(low)))


def _log_next_start(between: LapBetween, there: Floats) -> Floats:
    """Return the logarithm of how likely the next lap's start is after an end, up to a constant."""
    after = between.after
    if after is None:
        return np.zeros_like(there)
    steps = (after.here - there) / STEP_AT_TURNS
    if after.here >= between.lap.end:  # clipped there, from anywhere beyond
        return np.asarray(log_ndtr(-steps))
    if after.here <= NEAREST_START:
        return np.asarray(log_ndtr(steps))
    return np.asarray(-(steps**2) / 2)
