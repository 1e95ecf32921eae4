"""The command export, and sessions that the command contents writes for other programs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pynwb
import pytest
from click.testing import CliRunner

from napari_unison.cli import main
from napari_unison.encoder import UnifiedEncoder, load_run
from napari_unison.sessions import load_session, write_session_nwb, write_sessions

SMALL = {"batch_size": 32, "max_iterations": 2, "output_dimension": 4, "num_hidden_units": 8, "device": "cpu"}


def command(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def run_folder(small_sessions, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "two rats.unison"
    encoder = UnifiedEncoder(**SMALL, random_state=0).fit(small_sessions)
    encoder.save(folder, embedding=encoder.embed())
    return folder


def test_the_saved_embedding_becomes_a_table(run_folder, tmp_path):
    told = command("export", run_folder, "--to", tmp_path / "latents.csv")
    assert told.exit_code == 0, told.output
    assert "1200 bins of 2 session(s)" in told.output
    frame = pd.read_csv(tmp_path / "latents.csv", float_precision="round_trip")
    saved = load_run(run_folder).embedding.stacked()[0]
    np.testing.assert_array_equal(frame["latent_1"].astype(np.float32), saved[:, 0])
    assert command("export", run_folder, "--to", tmp_path / "own.csv", "--label-free").exit_code == 0
    assert set(pd.read_csv(tmp_path / "own.csv")["embedding"]) == {"label-free"}


def test_the_embedding_goes_into_a_copy_of_the_recording(run_folder, small_sessions, tmp_path):
    write_session_nwb(tmp_path / "rat.nwb", small_sessions[0])
    request = ["export", run_folder, "--to", tmp_path / "copy.nwb", "--source", tmp_path / "rat.nwb"]
    assert "choose one of 'rat 1', 'rat 2'" in command(*request).output
    told = command(*request, "--session", "rat 1")
    assert told.exit_code == 0, told.output
    with pynwb.NWBHDF5IO(tmp_path / "copy.nwb", "r") as file:
        unison = file.read().processing["unison"]
        np.testing.assert_array_equal(
            unison["latents_aligned"].data[:], load_run(run_folder).embedding.values[0]
        )
        table = unison["provenance_aligned"].to_dataframe()
    assert dict(zip(table["key"], table["value"], strict=True))["run"] == "two rats"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--to", "x.xls"], "must end in .nwb, .csv, .npz, .parquet"),
        (["--to", "x.nwb"], "with --source"),
        (["--to", "x.csv", "--session", "rat 1"], "are for NWB files"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(run_folder, arguments, told):
    answer = command("export", run_folder, *arguments)
    assert answer.exit_code == 2
    assert told in answer.output


def test_a_recording_is_written_for_other_programs(small_sessions, tmp_path):
    write_sessions(tmp_path / "rat.npz", small_sessions[:1])
    told = command("contents", tmp_path / "rat.npz", "--to", tmp_path / "rat.nwb")
    assert told.exit_code == 0, told.output
    np.testing.assert_array_equal(load_session(tmp_path / "rat.nwb").time, small_sessions[0].time)
    write_sessions(tmp_path / "rats.npz", small_sessions)
    told = command("contents", tmp_path / "rats.npz", "--to", tmp_path / "rats.nwb")
    assert told.exit_code == 1
    assert "holds one session, and these are 2" in told.output
