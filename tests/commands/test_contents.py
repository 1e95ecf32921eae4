"""What a recording holds is told, and kept as a mapping or as sessions."""

from __future__ import annotations

import joblib
import numpy as np
import pytest
from click.testing import CliRunner

from napari_unison import load_session, load_sessions
from napari_unison.cli import main
from napari_unison.encoder import load_run

TINY = ["--batch-size", "16", "--output-dimension", "3", "--num-hidden-units", "4", "--max-iterations", "3"]


def command(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def recordings(tmp_path):
    """Two recordings of foreign keys: rates, a place in centimetres, and the times of the bins."""
    for name, n_neurons in (("ada", 5), ("bea", 7)):
        draw = np.random.default_rng(n_neurons)
        held = {
            "rates": draw.random((120, n_neurons)),
            "place": 50 - 50 * np.cos(np.arange(120) / 10),
            "timestamps": np.arange(120) * 0.1,
        }
        joblib.dump(held, tmp_path / f"{name}.jl")
    return [tmp_path / "ada.jl", tmp_path / "bea.jl"]


@pytest.fixture
def mapping(tmp_path):
    file = tmp_path / "lab.toml"
    file.write_text(
        'neural = "rates"\ntime = "timestamps"\n'
        '[labels.position]\nsource = "place"\nunit = "m"\nscale = 0.01\n'
    )
    return file


def test_what_is_missing_is_told(tmp_path, recordings):
    told = command("contents", recordings[0])
    assert told.exit_code == 0
    assert "rates: array (120, 5) float64" in told.output
    assert "nothing in it is clearly a label" in told.output
    refused = command("contents", recordings[0], "--mapping-to", tmp_path / "guess.toml")
    assert refused.exit_code == 1
    assert "the mapping is not complete" in refused.output
    assert not (tmp_path / "guess.toml").exists()


def test_sessions_are_made_by_a_mapping_and_kept(tmp_path, recordings, mapping):
    told = command("contents", recordings[0], "--mapping", mapping, "--to", tmp_path / "ada.npz")
    assert told.exit_code == 0, told.output
    assert "120 bins of 100 ms = 12.0 s" in told.output
    kept = load_session(tmp_path / "ada.npz")
    assert kept.labels["position"].max() == pytest.approx(1, abs=0.01)
    assert kept.units["position"] == "m"
    again = command("contents", tmp_path / "ada.npz", "--to", tmp_path / "ada.npz")
    assert "exists already" in again.output


def test_a_guess_becomes_a_mapping_to_work_on(tmp_path):
    held = {"counts": np.ones((50, 4)), "position": np.arange(50.0), "t": np.arange(50) * 0.05}
    joblib.dump(held, tmp_path / "day.joblib")
    told = command("contents", tmp_path / "day.joblib", "--mapping-to", tmp_path / "lab.toml")
    assert told.exit_code == 0, told.output
    by_hand = load_session(tmp_path / "day.joblib", mapping=tmp_path / "lab.toml")
    assert by_hand.bin_width == pytest.approx(0.05)


def test_training_and_embedding_take_a_mapping(tmp_path, recordings, mapping):
    run = tmp_path / "two.unison"
    trained = command("train", *recordings, "--mapping", mapping, "--to", run, *TINY)
    assert trained.exit_code == 0, trained.output
    names = [session.name for session in load_run(run).encoder.training_sessions_]
    assert names == ["ada", "bea"]
    embedded = command("embed", run, *recordings, "--mapping", mapping, "--to", tmp_path / "e.csv")
    assert embedded.exit_code == 0, embedded.output
    bins = sum(len(session) for session in load_sessions(recordings, mapping=mapping))
    assert len((tmp_path / "e.csv").read_text().splitlines()) == bins + 1
    assert command("train", "--sample", "linear-track", "--mapping", mapping, "--to", run).exit_code == 2
