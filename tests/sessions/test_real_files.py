"""Every published recording at hand comes in by each of its doors, and says what is known of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.linear_model import Ridge

from napari_unison import Session, load_session, load_sessions
from napari_unison.analysis.baselines.activity_windows import dense, window_sums
from napari_unison.cli import main
from napari_unison.contributions import get_reader, layers_of
from napari_unison.sessions import SessionError, read_sessions

pytestmark = pytest.mark.realdata

MAPPING = Path(__file__).parents[2] / "docs/mappings/calcium-mouse.toml"
HEAD_DIRECTION = "nwb/A2929-200711_neurosuite.nwb"
TRIALS = "nwb/sub_anm00239123_ses_20170627T093549_ecephys_and_ogen.nwb"
NO_BEHAVIOUR = "nwb/A8604-211122.nwb"
#: Bins before and after.
WINDOW = (7, 8)

Door = Callable[[Path, Path, Path | None], list[Session]]


@cache
def loaded(file: Path, mapping: Path | None = None) -> tuple[Session, ...]:
    """Load once what several tests look at; nobody can change a session."""
    return tuple(load_sessions(file, mapping=mapping))


def by_function(file: Path, folder: Path, mapping: Path | None) -> list[Session]:
    """Load as a script does."""
    return list(loaded(file, mapping))


def by_command(file: Path, folder: Path, mapping: Path | None) -> list[Session]:
    """Load as the command does, which writes what it has read."""
    arguments = ["contents", str(file), "--to", str(folder / "read.npz")]
    done = CliRunner().invoke(main, arguments + ([] if mapping is None else ["--mapping", str(mapping)]))
    assert done.exit_code == 0, done.output
    return read_sessions(folder / "read.npz")


def linear_scores(session: Session, label: str) -> tuple[np.ndarray, np.ndarray]:
    """Fit a line on the first 80 % of the bins; return what is true and what is said of the others."""
    values = session.labels[label]
    if session.kinds[label] == "discrete":
        targets = np.where(values == values[0], 1.0, -1.0)[:, None]
    elif session.kinds[label] == "circular":
        targets = np.column_stack([np.cos(values), np.sin(values)])
    else:
        targets = values.reshape(len(values), -1)
    sums, _ = window_sums(session, *WINDOW)
    features = dense(sums)
    cut = int(0.8 * session.n_bins)
    fitted = Ridge(alpha=10.0).fit(features[:cut], targets[:cut])
    truth = targets[cut:]
    return truth, fitted.predict(features[cut:]).reshape(truth.shape)


def explained(truth: np.ndarray, said: np.ndarray) -> float:
    """Return R²."""
    return float(1 - ((truth - said) ** 2).sum() / ((truth - truth.mean(axis=0)) ** 2).sum())


@pytest.mark.parametrize("door", [by_function, by_command])
@pytest.mark.parametrize(
    ("name", "shape", "r2", "accuracy"),
    [("achilles", (10178, 120), 0.74, 0.89), ("buddy", (6577, 48), 0.66, 0.90)],
)
def test_rats(
    real_data: Path, tmp_path: Path, door: Door, name: str, shape: tuple[int, int], r2: float, accuracy: float
) -> None:
    (session,) = door(real_data / "rat_hippocampus" / f"{name}.jl.gz", tmp_path, None)
    assert session.neural.shape == shape
    assert session.units["position"] == "m"
    assert explained(*linear_scores(session, "position")) == pytest.approx(r2, abs=0.03)
    truth, said = linear_scores(session, "direction")
    assert ((said > 0) == (truth > 0)).mean() == pytest.approx(accuracy, abs=0.03)


@pytest.mark.parametrize("door", [by_function, by_command])
def test_head_direction(real_data: Path, tmp_path: Path, door: Door) -> None:
    (session,) = door(real_data / HEAD_DIRECTION, tmp_path, None)
    assert session.n_neurons == 15
    assert dict(session.kinds) == {"position": "continuous", "head direction": "circular"}
    truth, said = linear_scores(session, "head direction")
    turned = (said[:, 0] + 1j * said[:, 1]) * (truth[:, 0] - 1j * truth[:, 1])
    assert np.degrees(np.median(np.abs(np.angle(turned)))) == pytest.approx(9, abs=1)


@pytest.mark.parametrize("door", [by_function, by_command])
@pytest.mark.parametrize(
    ("mouse", "neurons", "bins"),
    [
        ("C24M3", [104, 98, 109, 97, 122, 112, 100, 104], [4946, 4747, 4819, 4355, 4645, 5181, 5253, 5620]),
        ("C23M4", [146, 164, 125, 165, 127, 169, 151, 163], [4897, 5097, 5881, 5892, 5775, 7193, 7327, 6475]),
    ],
)
def test_mice(
    real_data: Path, tmp_path: Path, door: Door, mouse: str, neurons: list[int], bins: list[int]
) -> None:
    days = door(real_data / "calcium_linear_track" / f"{mouse}_spike_train.mat", tmp_path, MAPPING)
    assert [day.n_neurons for day in days] == neurons
    assert [day.n_bins for day in days] == bins
    for day in days:
        # runs from the third to the 22nd place of 4 cm
        assert np.ptp(day.labels["position"]) == pytest.approx(0.76)
        assert 0.002 < np.mean(day.neural > 0) < 0.012


@pytest.mark.parametrize("door", [by_function, by_command])
def test_trials_give_the_labels(real_data: Path, tmp_path: Path, door: Door) -> None:
    (session,) = door(real_data / TRIALS, tmp_path, None)
    assert session.n_neurons == 4
    assert {"type", "response", "time in trial"} <= set(session.labels)
    assert set(session.labels["type"]) == {"lick left", "lick right", "non-performing"}
    assert len(session.segment_slices()) == 412


def test_without_behaviour_what_is_missing_is_said(real_data: Path, tmp_path: Path) -> None:
    file = real_data / NO_BEHAVIOUR
    with pytest.raises(SessionError, match="nothing in it is clearly a label") as refused:
        load_session(file)
    assert "A8604-211122.nwb" in str(refused.value)
    done = CliRunner().invoke(main, ["train", str(file), "--to", str(tmp_path / "run.unison")])
    assert done.exit_code != 0
    assert "nothing in it is clearly a label" in done.output
    listed = CliRunner().invoke(main, ["contents", str(file)])
    assert "units: spike times of 3 neurons" in listed.output
    assert "nothing in it is clearly a label" in listed.output


@pytest.mark.parametrize(
    ("file", "n_neurons"),
    [
        ("rat_hippocampus/achilles.jl.gz", 120),
        ("rat_hippocampus/buddy.jl.gz", 48),
        (HEAD_DIRECTION, 15),
        (TRIALS, 4),
    ],
)
def test_naparis_reader_gives_rasters(real_data: Path, file: str, n_neurons: int) -> None:
    path = real_data / file
    assert get_reader(str(path)) is not None
    ((raster, attributes, kind),) = layers_of(path)
    (session,) = loaded(path)
    assert (kind, attributes["name"]) == ("image", f"{session.name} · {n_neurons} neurons")
    assert raster.shape == (n_neurons, session.n_bins)


def test_naparis_reader_says_what_is_missing(real_data: Path) -> None:
    assert get_reader(str(real_data / NO_BEHAVIOUR)) is not None
    with pytest.raises(SessionError, match="nothing in it is clearly a label"):
        layers_of(real_data / NO_BEHAVIOUR)


def test_other_endings_are_left_to_their_own_readers(real_data: Path) -> None:
    assert get_reader(str(real_data / "calcium_linear_track" / "C24M3_spike_train.mat")) is None


def test_every_file_is_known_here(real_data: Path) -> None:
    """Whoever adds a recording adds what it should give."""
    files = [file for file in real_data.rglob("*") if file.is_file() and file.suffix != ".md"]
    known = {f"{name}.jl.gz" for name in ("achilles", "buddy")}
    known |= {
        f"{mouse}_{kind}.mat" for mouse in ("C24M3", "C23M4") for kind in ("spike_train", "stimulus_trace")
    }
    known |= {Path(name).name for name in (HEAD_DIRECTION, TRIALS, NO_BEHAVIOUR)}
    assert {file.name for file in files} <= known
