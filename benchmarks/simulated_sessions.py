"""Many sessions of runs on a linear track, simulated fast: sparse counts of place cells, or dense ΔF/F.

Behaviour: an animal runs to and fro on a track of 1.6 m, every lap at another speed. Every neuron has a place
field in one direction or the other; counts are Poisson. They are drawn as numbers of spikes for each neuron,
place and direction, which are then spread over the bins spent there, so that a session of 10 million values
takes a tenth of a second.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import brentq
from scipy.signal import lfilter

from napari_unison.sessions import Session

Array = np.ndarray[Any, np.dtype[Any]]

BIN_WIDTH = 0.025  # s
TRACK = 1.6  # m
PLACES = 64
SHARE_OF_NON_ZEROS = 0.02


def simulated_sessions(
    n_sessions: int, n_neurons: int = 500, n_bins: int = 20_000, *, kind: str = "counts"
) -> list[Session]:
    """Simulate sessions with the labels "position" (m) and "direction".

    Parameters
    ----------
    n_sessions, n_neurons, n_bins : int
        Number of sessions ``S``; neurons ``N`` and time bins ``T`` of each.
    kind : {"counts", "fluorescence", "counts as a dense array"}
        Sparse counts, of which 2 % are not zero; those smoothed by a slow decay, plus noise; or the counts
        with all their zeros.
    """
    return [_session(number, n_neurons, n_bins, kind) for number in range(n_sessions)]


def _session(seed: int, n_neurons: int, n_bins: int, kind: str) -> Session:
    rng = np.random.default_rng(seed)
    position, runs_right = _runs(n_bins, rng)
    state = np.minimum((position / TRACK * PLACES).astype(int), PLACES - 1) + PLACES * runs_right
    counts = _spikes(state, _rates(state, n_neurons, rng), rng)
    neural: Any = counts
    if kind == "fluorescence":
        decay = lfilter([1.0], [1.0, -0.95], counts.toarray(), axis=0).astype(np.float32)
        neural = decay + rng.normal(0, 0.1, counts.shape).astype(np.float32)
    elif kind == "counts as a dense array":
        neural = counts.toarray()
    labels = {"position": position, "direction": np.where(runs_right, "right", "left")}
    return Session(f"session {seed + 1}", neural, labels, BIN_WIDTH, units={"position": "m"})


def _runs(n_bins: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return position (m) and whether the animal runs to the right, (T,) each; laps take 2 to 5 s."""
    speed = TRACK / rng.uniform(2, 5, n_bins) * BIN_WIDTH
    laps = np.cumsum(TRACK / speed)
    lap = np.searchsorted(laps, np.arange(n_bins), side="right")
    begin = np.concatenate([[0.0], laps])[lap]
    way = (np.arange(n_bins) - begin) * speed[lap]
    runs_right = lap % 2 == 0
    position = np.where(runs_right, way, TRACK - way) + rng.normal(0, 0.002, n_bins)
    return np.clip(position, 0, TRACK), runs_right


def _rates(state: Array, n_neurons: int, rng: np.random.Generator) -> Array:
    """Return spikes a bin (2 · PLACES, N), scaled to the share of bins with spikes that is wanted."""
    centre = rng.uniform(0, PLACES, n_neurons)
    width = rng.uniform(3, 8, n_neurons)
    field = np.exp(-0.5 * ((np.arange(PLACES)[:, None] - centre) / width) ** 2)
    prefers_right = rng.random(n_neurons) < 0.5
    shape = np.concatenate([field * np.where(prefers_right, 0.2, 1), field * np.where(prefers_right, 1, 0.2)])
    shape = (shape + 0.01) * rng.lognormal(0, 0.5, n_neurons)
    spent = np.bincount(state, minlength=2 * PLACES) / len(state)

    def excess(scale: float) -> float:
        return float(spent @ (1 - np.exp(-scale * shape)).mean(axis=1)) - SHARE_OF_NON_ZEROS

    return shape * brentq(excess, 1e-6, 10)


def _spikes(state: Array, rates: Array, rng: np.random.Generator) -> sparse.csr_array[Any, tuple[int, int]]:
    """Draw counts (T, N) of float32."""
    spent = np.bincount(state, minlength=len(rates))
    first = np.cumsum(spent) - spent
    bins_by_state = np.argsort(state, kind="stable")
    n_spikes = rng.poisson(rates * spent[:, None])
    which, neuron = np.nonzero(n_spikes)
    times = n_spikes[which, neuron]
    which, neuron = np.repeat(which, times), np.repeat(neuron, times)
    bins = bins_by_state[first[which] + (rng.random(len(which)) * spent[which]).astype(int)]
    ones = np.ones(len(bins), dtype=np.float32)
    # spikes of one neuron in one bin are added up
    return sparse.csr_array(
        (ones, (bins.astype(np.int32), neuron.astype(np.int32))), shape=(len(state), rates.shape[1])
    )
