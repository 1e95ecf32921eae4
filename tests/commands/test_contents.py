"""What a recording holds is told, and kept as a mapping or as sessions."""

from __future__ import annotations

import tomllib

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


def test_what_is_missing_is_told(recordings):
    told = command("contents", recordings[0])
    assert told.exit_code == 0
    assert "rates: array (120, 5) float64" in told.output
    assert "nothing in it is clearly a label" in told.output


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


def test_what_is_known_of_an_incomplete_guess_is_written_to_be_filled_in(tmp_path):
    np.savez(tmp_path / "day.npz", spk=np.ones((50, 4)), pos=np.arange(50.0), hd=np.arange(43.0))
    told = command("contents", tmp_path / "day.npz", "--mapping-to", tmp_path / "lab.toml")
    assert told.exit_code == 1
    assert 'fill in the lines below each "FILL IN"' in told.output
    text = (tmp_path / "lab.toml").read_text(encoding="utf-8")
    known = tomllib.loads(text)
    assert known == {"neural": "spk", "labels": {"pos": {"source": "pos"}}}
    assert "# FILL IN the width of a time bin (s):\n# bin_width = 0.025\n" in text
    assert "hd (43 values) was left out" in text
    (tmp_path / "lab.toml").write_text(text.replace("# bin_width", "bin_width"), encoding="utf-8")
    assert load_session(tmp_path / "day.npz", mapping=tmp_path / "lab.toml").bin_width == 0.025


def test_a_file_of_which_nothing_is_known_gives_a_form(tmp_path):
    np.savez(tmp_path / "day.npz", a=np.ones((50, 4)), b=np.ones((50, 5)), **{"odd\nname": np.ones(3)})
    assert command("contents", tmp_path / "day.npz", "--mapping-to", tmp_path / "lab.toml").exit_code == 1
    text = (tmp_path / "lab.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text) == {}
    assert text.index("# neural = ") < text.index("# [labels.position]")
    filled = "".join(line for line in text.splitlines(keepends=True) if "entry" not in line or "=" in line)
    filled = (
        filled.replace("# neural", "neural").replace("# [labels", "[labels").replace("# source", "source")
    )
    assert tomllib.loads(filled) == {"neural": "entry", "labels": {"position": {"source": "entry"}}}


def test_a_bin_width_completes_a_guess_or_replaces_that_of_a_mapping(tmp_path):
    np.savez(tmp_path / "day.npz", spk=np.ones((50, 4)), pos=np.arange(50.0))
    told = command(
        "contents", tmp_path / "day.npz", "--bin-width", "0.1", "--mapping-to", tmp_path / "lab.toml",
        "--to", tmp_path / "own.npz",
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    assert "50 bins of 100 ms" in told.output
    told = command("contents", tmp_path / "day.npz", "--mapping", tmp_path / "lab.toml", "--bin-width", 0.5)
    assert "50 bins of 500 ms" in told.output
    assert command("contents", tmp_path / "day.npz", "--bin-width", "0").exit_code == 2
    refused = command("contents", tmp_path / "own.npz", "--bin-width", "0.2")
    assert refused.exit_code == 2
    assert "holds sessions as they are" in refused.output


def test_what_the_guess_left_out_or_took_is_told(tmp_path):
    held = {"spk": np.ones((50, 4)), "hd": np.arange(50.0), "x_cm": np.arange(43.0), "fs": 40.0}
    np.savez(tmp_path / "day.npz", **held)
    told = command("contents", tmp_path / "day.npz")
    assert told.exit_code == 0
    assert "Note: bins are taken to be 25 ms wide, since fs is 40 Hz" in told.output
    assert "Note: x_cm (43 values) was left out: spk has 50 × 4 values" in told.output


def test_sessions_that_cannot_be_made_are_not_said_to_be_written(tmp_path, recordings):
    refused = command("contents", recordings[0], "--to", tmp_path / "ada.npz")
    assert refused.exit_code == 1
    assert "ada.npz was not written" in refused.output
