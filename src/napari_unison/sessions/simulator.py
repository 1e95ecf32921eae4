"""Simulated rats on a linear track: place cells, theta, sparse counts; the truth comes along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from napari_unison.sessions.segments import numbered_from_borders
from napari_unison.sessions.session import Session
from napari_unison.sessions.simulated_laps import (
    BIN_WIDTH,
    FAR_END,
    TRACK_LENGTH,
    SimulatedLap,
    next_start,
    run_lap,
)

Floats = npt.NDArray[np.float64]

N_POSITION_BINS: Final = 64  # of 2.5 cm
SPEED_SPREAD: Final = 0.12  # standard deviation of the logarithm of a lap's speed
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


@dataclass(frozen=True, eq=False)
class SimulatedRecording:
    """A simulated session with everything that it came from.

    Attributes
    ----------
    session : Session
        What would have been recorded; its ``neurons`` hold fields and theta phases.
    laps : tuple of SimulatedLap
        The movement, lap by lap. The recording may end within the last one.
    theta_phase : ndarray of float64, (T,)
        Phase of the rhythm in each bin (rad).
    gain : ndarray of float64, (T,)
        What all rates are multiplied by in each bin; the same throughout a lap.
    speed, speed_spread : float
        Median over laps (m/s), and standard deviation of the logarithm of a lap's speed.
    """

    session: Session
    laps: tuple[SimulatedLap, ...]
    theta_phase: Floats
    gain: Floats
    speed: float
    speed_spread: float

    def in_laps(self) -> Session:
        """Return the session with laps as segments: whole ones on the whole track alone.

        A last lap that the recording's end cuts is left out, and so are those on a shortened track and the
        one after them, which starts where they end.
        """
        is_border = np.zeros(self.session.n_bins - 1, dtype=np.bool_)
        kept = np.zeros(self.session.n_bins, dtype=np.bool_)
        before = self.laps[0]
        for lap in self.laps:
            if lap.start:
                is_border[lap.start - 1] = True
            whole = lap.start + lap.n_bins <= self.session.n_bins
            kept[lap.start : lap.start + lap.n_bins] = whole and lap.end == before.end == FAR_END
            before = lap
        return self.session.replace(segment=numbered_from_borders(is_border))[kept]


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
    return [recording.session for recording in simulate_recordings(seed, names)]


def simulate_recordings(
    seed: int = 0,
    names: Sequence[str] = RAT_NAMES,
    *,
    n_bins: int | None = None,
    speed_spread: float = SPEED_SPREAD,
    gain_spread: float = 0.0,
) -> list[SimulatedRecording]:
    """Simulate rats as :func:`simulate_linear_track` does, and keep what happened.

    Parameters
    ----------
    seed, names
        As there.
    n_bins : int, optional
        Bins of every session, instead of as many as the published rats have.
    speed_spread : float, default 0.12
        Standard deviation of the logarithm of a lap's speed.
    gain_spread : float, default 0
        Standard deviation of the logarithm of a lap's gain: all rates of a lap are multiplied by it. Its
        mean is 1. With it, laps differ by more than the noise of their bins.

    Returns
    -------
    list of SimulatedRecording

    Raises
    ------
    ValueError
        If a spread is negative, or there are fewer than two bins.
    """
    if min(speed_spread, gain_spread) < 0:
        raise ValueError(f"spreads are {speed_spread} (speed) and {gain_spread} (gain): give 0 or more")
    if n_bins is not None and n_bins < 2:
        raise ValueError(f"n_bins is {n_bins}: a recording has at least two")
    chosen = [(name, RAT_NAMES.index(name)) for name in names]
    return [
        _simulate_rat(
            name,
            _RATS[index] if n_bins is None else replace(_RATS[index], n_bins=n_bins),
            (speed_spread, gain_spread),
            np.random.default_rng([seed, index]),
        )
        for name, index in chosen
    ]


def _simulate_rat(
    name: str, rat: _Rat, spreads: tuple[float, float], random: np.random.Generator
) -> SimulatedRecording:
    laps, position = _run_laps(rat, spreads[0], random)
    neurons = _draw_neurons(rat.n_neurons, random)
    lengths = [lap.n_bins for lap in laps]
    rightward = np.repeat([lap.rightward for lap in laps], lengths)[: rat.n_bins]
    theta_phase = _theta_phase(rat.n_bins, random)
    gain = np.ones(rat.n_bins)
    if spreads[1] > 0:
        of_laps = random.lognormal(-(spreads[1] ** 2) / 2, spreads[1], len(laps))
        gain = np.repeat(of_laps, lengths)[: rat.n_bins]

    fields = neurons["place_field"].reshape(rat.n_neurons, -1)
    expected = fields.T[place_state(position, rightward)]
    expected *= theta_modulation(theta_phase, neurons["theta_phase"])
    expected *= BIN_WIDTH
    expected *= gain[:, np.newaxis]
    for _ in range(3):  # a few fixed-point steps bring the share of non-zero counts where it should be
        scale = rat.active_share / -np.expm1(-expected).mean()
        expected *= scale
        neurons["place_field"] = neurons["place_field"] * scale
    session = Session(
        name,
        random.poisson(expected).astype(np.float32),
        {"position": position, "direction": np.where(rightward, "right", "left")},
        BIN_WIDTH,
        units={"position": "m"},
        neurons=neurons,
    )
    return SimulatedRecording(session, tuple(laps), theta_phase, gain, rat.speed, spreads[0])


def _run_laps(
    rat: _Rat, speed_spread: float, random: np.random.Generator
) -> tuple[list[SimulatedLap], Floats]:
    """Return the laps and the position (T,) in m."""
    laps: list[SimulatedLap] = []
    positions: list[Floats] = []
    done, here, rightward = 0, random.uniform(0.02, 0.08), True
    while done < rat.n_bins:
        end = _SHORTENED_END if rat.starts_short and done < _SHORTENED_BINS else FAR_END
        there, of_lap = run_lap(here, rightward, end, rat.speed, speed_spread, random)
        laps.append(SimulatedLap(done, len(of_lap), here, there, rightward, end))
        positions.append(of_lap)
        done += len(of_lap)
        here = next_start(there, end, random)
        rightward = not rightward
    return laps, np.concatenate(positions)[: rat.n_bins]


def place_state(position: Floats, rightward: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return which of the 128 columns of all place fields holds, running right first, then left.

    Parameters
    ----------
    position : ndarray, (...)
        Where the rat is (m).
    rightward : ndarray of bool, (...)
        Its direction.

    Returns
    -------
    ndarray of int64, (...)
        Column of ``place_field.reshape(N, -1)``.
    """
    place = np.minimum((position / TRACK_LENGTH * N_POSITION_BINS).astype(np.int64), N_POSITION_BINS - 1)
    return np.where(rightward, place, N_POSITION_BINS + place)


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


def _theta_phase(n_bins: int, random: np.random.Generator) -> Floats:
    """Return the phase of theta (T,) in radians; its frequency wanders around 8 Hz."""
    frequency = _THETA_FREQUENCY + random.normal(0, 0.8, n_bins)
    return np.asarray(2 * np.pi * np.cumsum(frequency) * BIN_WIDTH)


def theta_modulation(phase: Floats, preferred_phase: Floats) -> Floats:
    """Return what theta multiplies the rates of neurons by, (T, N), of mean 1.

    Parameters
    ----------
    phase : ndarray, (T,)
        Phase of the rhythm (rad).
    preferred_phase : ndarray, (N,)
        Phase at which each neuron fires most (rad).
    """
    # cos(a - b) as a product: one matrix product instead of T × N cosines
    wave = np.column_stack([np.cos(phase), np.sin(phase)])
    preferred = np.stack([np.cos(preferred_phase), np.sin(preferred_phase)])
    return np.asarray(1 + _THETA_DEPTH * (wave @ preferred), dtype=np.float64)
