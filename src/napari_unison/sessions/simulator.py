"""Simulated rats on a linear track: place cells, theta, sparse counts; the truth comes along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.session import Session

Floats = npt.NDArray[np.float64]

TRACK_LENGTH: Final = 1.6  # m
BIN_WIDTH: Final = 0.025  # s
N_POSITION_BINS: Final = 64  # of 2.5 cm
_THETA_FREQUENCY: Final = 8.0  # Hz
_THETA_DEPTH: Final = 0.6
_SHORTENED_BINS: Final = 1000
_SHORTENED_END: Final = 1.18  # m


@dataclass(frozen=True)
class _Rat:
    n_bins: int
    n_neurons: int
    speed: float  # m/s, median over laps
    active_share: float  # share of (bin, neuron) with a spike
    starts_short: bool = False  # stays away from the far end in its first bins


# Bins and neurons of the four published rats.
_RATS: Final = (
    _Rat(10178, 120, 0.58, 0.020),
    _Rat(6577, 48, 0.55, 0.022),
    _Rat(47431, 55, 0.52, 0.019, starts_short=True),
    _Rat(17026, 66, 0.56, 0.021, starts_short=True),
)


RAT_NAMES: Final = tuple(f"rat {number}" for number in range(1, len(_RATS) + 1))


def simulate_linear_track(seed: int = 0, names: Sequence[str] = RAT_NAMES) -> list[Session]:
    """Simulate four rats that run to and fro on a 1.6 m track, 25 ms a bin.

    Time is cut at the ends of laps, as in the published recordings: position hardly jumps, direction flips.
    Rats 3 and 4 turn before 1.2 m in their first 1000 bins. Counts are dense float32, about 2 % non-zero.

    Parameters
    ----------
    seed : int
        The same seed gives the same sessions, whichever of them are asked for.
    names : sequence of str
        Which of the rats, in this order.

    Returns
    -------
    list of Session
        "rat 1" … "rat 4" with the labels ``position`` (m) and ``direction`` ("right", "left"). Their
        ``neurons`` hold the truth: ``is_place_cell`` (N,), ``place_field`` (N, 2, 64) rates in Hz running
        right and left in bins of 2.5 cm, ``preferred_position`` (N, 2) in m (NaN without a field),
        ``theta_phase`` (N,) in radians.
    """
    return [
        _simulate_rat(name, _RATS[index], np.random.default_rng([seed, index]))
        for name, index in ((name, RAT_NAMES.index(name)) for name in names)
    ]


def _simulate_rat(name: str, rat: _Rat, random: np.random.Generator) -> Session:
    position, rightward = _run_laps(rat, random)
    neurons = _draw_neurons(rat.n_neurons, random)
    place = np.minimum((position / TRACK_LENGTH * N_POSITION_BINS).astype(np.int64), N_POSITION_BINS - 1)
    state = np.where(rightward, place, N_POSITION_BINS + place)
    theta = _theta(rat.n_bins, neurons["theta_phase"], random)

    fields = neurons["place_field"].reshape(rat.n_neurons, -1)
    expected = fields.T[state] * theta * BIN_WIDTH
    for _ in range(3):  # a few fixed-point steps bring the share of non-zero counts where it should be
        scale = rat.active_share / -np.expm1(-expected).mean()
        expected *= scale
        neurons["place_field"] = neurons["place_field"] * scale
    return Session(
        name,
        random.poisson(expected).astype(np.float32),
        {"position": position, "direction": np.where(rightward, "right", "left")},
        BIN_WIDTH,
        units={"position": "m"},
        neurons=neurons,
    )


def _run_laps(rat: _Rat, random: np.random.Generator) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return position (T,) in m and whether the rat runs to the right (T,)."""
    laps: list[Floats] = []
    done, here, rightward = 0, random.uniform(0.02, 0.08), True
    while done < rat.n_bins:
        end = _SHORTENED_END if rat.starts_short and done < _SHORTENED_BINS else TRACK_LENGTH - 0.02
        there = end - random.uniform(0, 0.06) if rightward else random.uniform(0.02, 0.08)
        speed = rat.speed * random.lognormal(0, 0.12)
        laps.append(_run(here, there, speed, random))
        done += len(laps[-1])
        # time is cut at the ends, so the next lap starts near, not at, the point of turning
        here = float(np.clip(there + random.normal(0, 0.01), 0.01, end))
        rightward = not rightward
    ways = [np.full(len(lap), index % 2 == 0) for index, lap in enumerate(laps)]
    return np.concatenate(laps)[: rat.n_bins], np.concatenate(ways)[: rat.n_bins]


def _run(here: float, there: float, speed: float, random: np.random.Generator) -> Floats:
    """Return the positions of one lap, in m; the speed wavers and drops a little towards the ends."""
    n_bins = max(2, round(abs(there - here) / (speed * BIN_WIDTH)))
    phase = np.linspace(0, 1, n_bins)
    waver = sum(
        random.normal(0, 0.12 / cycles) * np.cos(2 * np.pi * (cycles * phase + random.uniform()))
        for cycles in (1, 2, 3)
    )
    pace = (0.8 + 0.4 * np.sin(np.pi * phase)) * np.exp(waver)
    way = np.cumsum(pace) / pace.sum()
    return np.asarray(here + (there - here) * way, dtype=np.float64)


def _draw_neurons(n_neurons: int, random: np.random.Generator) -> dict[str, Any]:
    """Draw place cells, most with a field of its own in each direction, and cells without a field."""
    is_place_cell = np.zeros(n_neurons, dtype=np.bool_)
    is_place_cell[random.permutation(n_neurons)[: round(0.75 * n_neurons)]] = True
    centre = random.uniform(0, TRACK_LENGTH, (n_neurons, 2))
    width = random.uniform(0.07, 0.16, (n_neurons, 2))
    peak = random.lognormal(np.log(8), 0.4, (n_neurons, 2))
    # one in three place cells fires in one direction only
    one_way = random.random(n_neurons) < 1 / 3
    lost = random.integers(0, 2, n_neurons)
    has_field = np.repeat(is_place_cell[:, None], 2, axis=1)
    has_field[one_way, lost[one_way]] = False

    background = np.where(
        is_place_cell, random.uniform(0.02, 0.15, n_neurons), random.lognormal(-0.7, 0.5, n_neurons)
    )
    middle = (np.arange(N_POSITION_BINS) + 0.5) * TRACK_LENGTH / N_POSITION_BINS
    bump = np.exp(-0.5 * ((middle - centre[:, :, None]) / width[:, :, None]) ** 2)
    rates = background[:, None, None] + np.where(has_field, peak, 0.0)[:, :, None] * bump
    return {
        "id": np.arange(n_neurons),
        "is_place_cell": is_place_cell,
        "place_field": rates,
        "preferred_position": np.where(has_field, centre, np.nan),
        "theta_phase": random.uniform(-np.pi, np.pi, n_neurons),
    }


def _theta(n_bins: int, preferred_phase: Floats, random: np.random.Generator) -> Floats:
    """Return the theta modulation (T, N), of mean 1; the rhythm's frequency wanders around 8 Hz."""
    frequency = _THETA_FREQUENCY + random.normal(0, 0.8, n_bins)
    phase = 2 * np.pi * np.cumsum(frequency) * BIN_WIDTH
    # cos(a - b) as a product: one matrix product instead of T × N cosines
    wave = np.column_stack([np.cos(phase), np.sin(phase)])
    preferred = np.stack([np.cos(preferred_phase), np.sin(preferred_phase)])
    return np.asarray(1 + _THETA_DEPTH * (wave @ preferred), dtype=np.float64)
