"""Published recordings as sessions with laps: two rats and two mice on linear tracks.

Rats: CA1 spike counts of achilles and buddy, 1.6 m track, 25 ms bins (Grosmark & Buzsáki, CRCNS hc-11, as
published with cebra). Mice: CA3 calcium imaging of C24M3 and C23M4, two environments (a straight and an
L-shaped track), four days each, inferred events, 20 Hz, running periods only (repository
zivlab/unbiased_information_estimation; Sheintuch, Rubin & Ziv, PLoS Comput. Biol. 18, e1009832, 2022).

The folder holds ``rat_hippocampus/*.jl.gz`` and ``calcium_linear_track/*.mat``; it is given or taken from
``$NAPARI_UNISON_TEST_DATA``.

    python benchmarks/recordings.py [--data FOLDER]     # what is there, and a linear decoder as a check
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy import io
from sklearn.linear_model import Ridge

from napari_unison import Session, load_sessions
from napari_unison.analysis import with_laps
from napari_unison.analysis.baselines.activity_windows import smoothed_activity

MICE = ("C24M3", "C23M4")
ENVIRONMENTS = (1, 2)
N_DAYS = 4

MOUSE_BIN_WIDTH = 0.05
"""Width of an imaging frame (s)."""

PLACE_BIN = 0.04
"""Length of a position bin of the mice (m). The files number bins 3 to 22 and give no length: a track of
96 cm in 24 bins, without the two at either end, is assumed. Errors of the mice scale with it."""


def data_folder(given: Path | None = None) -> Path:
    """Return the folder of recordings that is given, or that the environment names.

    Raises
    ------
    SystemExit
        If there is none.
    """
    folder = given or os.environ.get("NAPARI_UNISON_TEST_DATA")
    if folder is None or not Path(folder).is_dir():
        raise SystemExit(
            "give the folder of recordings with --data, or set NAPARI_UNISON_TEST_DATA to it"
            if folder is None
            else f"{folder} is not a folder"
        )
    return Path(folder)


def rats(data: Path) -> list[Session]:
    """Return achilles and buddy with a lap from each change of direction to the next."""
    folder = data / "rat_hippocampus"
    return list(with_laps(load_sessions([folder / "achilles.jl.gz", folder / "buddy.jl.gz"])))


def mouse(name: str, environment: int, data: Path) -> list[Session]:
    """Return the four days of a mouse in one environment (1 or 2)."""
    folder = data / "calcium_linear_track"
    events, places = (
        io.loadmat(folder / f"{name}_{part}.mat", variable_names=[part])[part]
        for part in ("spike_train", "stimulus_trace")
    )
    return [
        day_of_runs(
            f"{name} env {environment} day {day + 1}",
            [events[environment - 1, day, way] for way in range(2)],
            [places[environment - 1, day, way].ravel() for way in range(2)],
        )
        for day in range(N_DAYS)
    ]


def day_of_runs(name: str, events: Sequence[Any], places: Sequence[Any]) -> Session:
    """Put the runs of both directions, which the files keep apart, into one session.

    Parameters
    ----------
    name : str
        Name of the session.
    events : sequence of two ndarray, (T, N)
        Inferred events of runs to the right, one after the other, and to the left.
    places : sequence of two ndarray of int, (T,)
        Position bins, from 1.

    Returns
    -------
    Session
        Every run is a segment; it ends where the position jumps back. The order of runs of one direction is
        that of the file. Runs of both are interleaved by their share of the direction's bins, so that
        contiguous folds hold both. How long the mouse paused between runs is not in the files: as in those
        of the rats, time is cut there, so that a guard, which counts in time, is rather too wide than too
        narrow.
        Labels "position" (m) and "direction" ("right", "left").
    """
    runs: list[tuple[float, int, slice]] = []
    for way, position in enumerate(places):
        borders = run_borders(position, forward=way == 0)
        runs += [
            ((start + stop) / (2 * len(position)), way, slice(start, stop))
            for start, stop in pairwise(borders)
        ]
    runs.sort(key=lambda run: run[:2])
    lengths = [run.stop - run.start for _, _, run in runs]
    position = np.concatenate([places[way][run] for _, way, run in runs])
    return Session(
        name,
        np.concatenate([events[way][run] for _, way, run in runs]).astype(np.float32),
        {
            "position": (position - 0.5) * PLACE_BIN,
            "direction": np.repeat(["right" if way == 0 else "left" for _, way, _ in runs], lengths),
        },
        MOUSE_BIN_WIDTH,
        units={"position": "m"},
        segment=np.repeat(np.arange(len(runs)), lengths),
    )


def run_borders(position: Any, *, forward: bool) -> list[int]:
    """Return where runs start, and the end: wherever a step goes against the running direction."""
    steps = np.diff(position.astype(np.int64))
    against = steps < 0 if forward else steps > 0
    return [0, *(np.flatnonzero(against) + 1).tolist(), len(position)]


def subsampled(session: Session, n_neurons: int, seed: int) -> Session:
    """Return a session with a random part of its neurons; the seed decides which."""
    random = np.random.default_rng([seed, n_neurons])
    chosen = np.sort(random.choice(session.n_neurons, n_neurons, replace=False))
    neurons = {column: values[chosen] for column, values in session.neurons.items()}
    return session.replace(neural=session.neural[:, chosen], neurons=neurons)


def linear_r2(session: Session, window_s: float = 0.5) -> float:
    """Decode position linearly from smoothed activity: first 80 % of the bins, scored on the others."""
    features, position = smoothed_activity(session, window_s), session.labels["position"]
    cut = int(0.8 * session.n_bins)
    fitted = Ridge(alpha=1e-3).fit(features[:cut], position[:cut])
    return float(fitted.score(features[cut:], position[cut:]))


def main() -> None:
    """Print neurons, bins, runs and a linear R² of every recording."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of recordings")
    data = data_folder(parser.parse_args().data)
    sessions = rats(data)
    for name in MICE:
        for environment in ENVIRONMENTS:
            sessions += mouse(name, environment, data)
    for session in sessions:
        laps = session.segment_slices()
        rightward = float(np.mean(session.labels["direction"] == "right"))
        print(
            f"{session.name:20s} {session.n_neurons:4d} neurons {session.n_bins:6d} bins {len(laps):4d} runs "
            f"{rightward:.2f} rightward, linear R² {linear_r2(session):.2f}"
        )


if __name__ == "__main__":
    main()
