"""Everything that a simulated rat could have run in one window: the prior of an oracle without memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from napari_unison.sessions.simulated_laps import FAR_END, NEAR_TURNS, TRACK_LENGTH, next_start, run_lap
from napari_unison.sessions.simulator import place_state

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

N_CELLS: Final = 640
"""Cells of 2.5 mm in which posteriors are told, a tenth of a place field's bin."""

_STRETCH: Final = 4  # bins
_ENTRIES_AT_ONCE: Final = 2_000_000


@dataclass(frozen=True)
class _Paths:
    """Different ways through the bins of one window, and where the rat is in its middle.

    Attributes
    ----------
    stretches : tuple of (slice, ndarray of int64, (Q, bins), ndarray of int64, (P,))
        A few bins of the window each; the different ways through them, as columns of all place fields; and
        which of these ways each path takes. Paths share them, so that their likelihoods are added up once.
    places : csr_array, (P, 2 · N_CELLS)
        How often each path was run, by cell of the window's bin: running right first, then left.
    """

    stretches: tuple[tuple[slice, Integers, Integers], ...]
    places: sparse.csr_array[Any, tuple[int, int]]


class WindowPaths:
    """Windows of simulated laps: how likely each way through a window is before any spike.

    Laps are run by the simulator itself. Windows that are cut alike are held apart, for a cut says how far
    from the end of a lap a bin lies.

    Parameters
    ----------
    speed, speed_spread : float
        Of the rat, see :class:`~napari_unison.sessions.simulator.SimulatedRecording`.
    window : tuple of int
        Bins before, and from the bin itself on.
    through_laps : bool
        Whether windows that are not cut run through the ends of laps, or are known to hold none.
    n_laps : int
        Laps to run.
    seed : int
        Of these laps.
    """

    def __init__(
        self,
        speed: float,
        speed_spread: float,
        window: tuple[int, int],
        *,
        through_laps: bool,
        n_laps: int,
        seed: int,
    ) -> None:
        self._window = window
        self._through_laps = through_laps
        positions, rightward = _run(speed, speed_spread, n_laps, np.random.default_rng(seed))
        lengths = np.array([len(lap) for lap in positions])
        self._parts = window_parts(lengths, window)
        position, right = np.concatenate(positions), np.repeat(rightward, lengths)
        self._states = place_state(position, right)
        self._cells = cells_of(position) + np.where(right, 0, N_CELLS)
        self._paths: dict[tuple[int, int], _Paths] = {}

    def posterior(self, likelihood: Floats, lengths: Integers) -> Floats:
        """Return how likely each place and direction is in every bin, given the counts of its window.

        Parameters
        ----------
        likelihood : ndarray, (T, 128)
            Logarithm of the likelihood of a bin's counts in each column of the place fields.
        lengths : ndarray of int, (segments,)
            Bins of the segments that ``likelihood`` consists of, at whose borders windows are cut: whole
            laps, one each unless windows run through them.

        Returns
        -------
        ndarray, (T, 2 · N_CELLS)
            Each row sums to 1: cells running right, then left.
        """
        parts = window_parts(lengths, self._window)
        result = np.empty((len(likelihood), 2 * N_CELLS))
        for left, right in np.unique(parts, axis=0):
            bins = np.flatnonzero((parts == (left, right)).all(axis=1))
            paths = self._paths_of(int(left), int(right))
            for some in _chunks(bins, paths.places.shape[0]):
                of_windows = likelihood[some[:, np.newaxis] + np.arange(-left, right)]
                summed = _sum_along(paths, of_windows)
                weights = np.exp(summed - summed.max(axis=1, keepdims=True))
                found = weights @ paths.places
                result[some] = found / found.sum(axis=1, keepdims=True)
        return result

    def _paths_of(self, left: int, right: int) -> _Paths:
        """Return the different paths of windows with so many bins; counted when first asked for."""
        key = left, right
        if key not in self._paths:
            bins = np.flatnonzero((self._parts == key).all(axis=1))
            if self._through_laps and key == self._window:
                bins = np.arange(left, len(self._states) - right + 1)
            windows = self._states[bins[:, np.newaxis] + np.arange(-left, right)]
            states, path = np.unique(windows.astype(np.int16), axis=0, return_inverse=True)
            places = sparse.csr_array(
                (np.ones(len(bins)), (path.reshape(-1), self._cells[bins])),
                shape=(len(states), 2 * N_CELLS),
            )
            self._paths[key] = _Paths(_stretches(states.astype(np.int64)), places)
        return self._paths[key]


def _stretches(states: Integers) -> tuple[tuple[slice, Integers, Integers], ...]:
    """Divide paths (P, window) into stretches of a few bins, see :class:`_Paths`."""
    found = []
    for start in range(0, states.shape[1], _STRETCH):
        bins = slice(start, min(start + _STRETCH, states.shape[1]))
        ways, of_path = np.unique(states[:, bins], axis=0, return_inverse=True)
        found.append((bins, ways, of_path.reshape(-1)))
    return tuple(found)


def _sum_along(paths: _Paths, likelihood: Floats) -> Floats:
    """Add up the likelihood of windows (T, window, 128) along each path, (T, P)."""
    summed = np.zeros((len(likelihood), paths.places.shape[0]))
    for bins, ways, of_path in paths.stretches:
        of_ways = np.zeros((len(likelihood), len(ways)))
        for number in range(ways.shape[1]):
            of_ways += likelihood[:, bins.start + number, ways[:, number]]
        summed += np.take(of_ways, of_path, axis=1)
    return summed


def window_parts(lengths: Integers, window: tuple[int, int]) -> Integers:
    """Return how many bins each window has before its bin and from it on, (T, 2); borders cut windows."""
    after = np.concatenate([np.arange(length, 0, -1) for length in lengths])
    before = np.repeat(lengths, lengths) - after
    return np.column_stack([np.minimum(before, window[0]), np.minimum(after, window[1])])


def cells_of(position: Floats) -> Integers:
    """Return in which cell of 2.5 mm each position (m) lies."""
    return np.clip((position / TRACK_LENGTH * N_CELLS).astype(np.int64), 0, N_CELLS - 1)


def _run(
    speed: float, speed_spread: float, n_laps: int, random: np.random.Generator
) -> tuple[list[Floats], npt.NDArray[np.bool_]]:
    """Run laps to and fro; return the positions (m) and the direction of each."""
    positions: list[Floats] = []
    rightward = np.arange(n_laps) % 2 == 0
    here = random.uniform(*NEAR_TURNS)
    for right in rightward:
        there, of_lap = run_lap(here, bool(right), FAR_END, speed, speed_spread, random)
        positions.append(of_lap)
        here = next_start(there, FAR_END, random)
    return positions, rightward


def _chunks(bins: npt.NDArray[np.intp], n_paths: int) -> Iterator[npt.NDArray[np.intp]]:
    size = max(1, _ENTRIES_AT_ONCE // n_paths)
    for start in range(0, len(bins), size):
        yield bins[start : start + size]
