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
from pathlib import Path

import numpy as np
from sklearn.linear_model import Ridge

from napari_unison import Session, load_sessions
from napari_unison.analysis import with_laps
from napari_unison.analysis.baselines.activity_windows import smoothed_activity
from napari_unison.sessions.importing import FileMapping

MICE = ("C24M3", "C23M4")
ENVIRONMENTS = (1, 2)

MOUSE_MAPPING = Path(__file__).parents[1] / "docs/mappings/calcium-mouse.toml"
"""What of the files of the mice is what: runs of both directions in turns, position in m of an assumed length
of the track, with which errors of the mice scale."""


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
    """Return the four days of a mouse in one environment (1 or 2).

    Every run is a segment. How long the mouse paused between runs is not in the files: as in those of the
    rats, time is cut there, so that a guard, which counts in time, is rather too wide than too narrow.
    """
    mapping = FileMapping.load(MOUSE_MAPPING)
    each = {**mapping.each, "environment": {str(environment): environment - 1}}
    chosen = mapping.model_copy(update={"each": each, "name": f"{name} env {{environment}} day {{day}}"})
    days = load_sessions(data / "calcium_linear_track" / f"{name}_spike_train.mat", mapping=chosen)
    return [day.replace(neural=np.asarray(day.neural, dtype=np.float32)) for day in days]


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
