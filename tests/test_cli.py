"""The command: what it writes, how it refuses, and that its help answers at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import joblib
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from napari_unison import __version__, demo
from napari_unison.cli import main
from napari_unison.cli import train as train_command
from napari_unison.configuration_options import PRESET_NAMES, read_configuration
from napari_unison.encoder import (
    PRESETS,
    Embedding,
    EncoderConfig,
    TrainingControl,
    UnifiedEncoder,
    is_run,
    load_run,
)

SMALL = ["--batch-size", "16", "--output-dimension", "3", "--num-hidden-units", "4", "--max-iterations", "3"]
SMALL += ["--device", "cpu", "--random-state", "0", "--no-verbose"]


def command(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def write_rat(path: Path, n_bins: int, n_neurons: int, seed: int) -> Path:
    """Write a tiny recording in the format of the published rat files."""
    rng = np.random.default_rng(seed)
    phase = np.arange(n_bins) / 40
    right = np.floor(phase) % 2 == 0
    ramp = phase % 1
    position = np.column_stack([1.6 * np.where(right, ramp, 1 - ramp), right, ~right]).astype(float)
    spikes = rng.poisson(0.3, (n_bins, n_neurons)).astype(float)
    joblib.dump({"spikes": spikes, "position": position}, path)
    return path


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("recordings")
    return [write_rat(folder / "ada.jl", 200, 7, 1), write_rat(folder / "bea.jl", 160, 5, 2)]


@pytest.fixture(scope="module")
def run_folder(recordings: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "two.unison"
    result = command("train", *recordings, "--to", folder, *SMALL)
    assert result.exit_code == 0, result.output
    return folder


def test_version_is_the_packages() -> None:
    assert __version__ in command("--version").output


def test_help_answers_without_loading_torch_or_napari() -> None:
    script = (
        "import sys, napari_unison.cli\n"
        "heavy = {'torch', 'napari', 'qtpy', 'matplotlib', 'sklearn', 'scipy'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name", list(EncoderConfig.model_fields))
def test_every_parameter_of_the_encoder_is_an_option_with_its_help(name: str) -> None:
    option = next(parameter for parameter in train_command.params if parameter.name == name)
    assert isinstance(option, click.Option)
    assert EncoderConfig.model_fields[name].description in (option.help or "").replace(" (time bins)", "")


def test_help_groups_the_parameters_by_section() -> None:
    output = command("train", "--help").output
    headings = [line for line in output.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert headings[:5] == ["Options:", "Network:", "Training:", "Alignment:", "Masks:"]
    assert "time bins" in output


def test_train_saves_a_run_with_its_held_out_part(run_folder: Path, recordings: list[Path]) -> None:
    assert is_run(run_folder)
    run = load_run(run_folder)
    assert run.encoder.session_names_ == ("ada", "bea")
    assert [len(session) for session in run.encoder.training_sessions_] == [160, 128]
    assert [len(session) for session in run.held_out] == [40, 32]
    assert run.encoder.config_.num_hidden_units == 4
    assert run.embedding is not None
    assert run.embedding.kind == "aligned"


def test_train_says_what_it_trains_on(recordings: list[Path], tmp_path: Path) -> None:
    result = command("train", *recordings, "--to", tmp_path / "a.unison", "--validation-share", "0", *SMALL)
    assert result.exit_code == 0, result.output
    assert "ada" in result.output
    assert "7 neurons" in result.output
    assert "200 to train on" in result.output
    assert load_run(tmp_path / "a.unison").held_out == ()


def test_train_shows_loss_and_goodness_of_fit_while_it_runs(recordings: list[Path], tmp_path: Path) -> None:
    options = [option for option in SMALL if option != "--no-verbose"]
    result = command("train", *recordings, "--to", tmp_path / "a.unison", *options)
    assert "3/3" in result.stderr
    assert "loss" in result.stderr
    assert "bits" in result.stderr


def test_ctrl_c_stops_the_training_and_keeps_the_encoder(
    recordings: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = UnifiedEncoder.fit

    def interrupted_fit(self: UnifiedEncoder, sessions: object, *, control: TrainingControl) -> object:
        def interrupt_once(_progress: object) -> None:
            if not control.is_stopped:
                os.kill(os.getpid(), signal.SIGINT)

        return fit(self, sessions, control=control, on_progress=interrupt_once)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(UnifiedEncoder, "fit", interrupted_fit)
    options = [*SMALL, "--max-iterations", "100000"]
    result = command("train", *recordings, "--to", tmp_path / "a.unison", *options)
    assert result.exit_code == 0, result.output
    assert "Stopped after" in result.output
    assert "of 100000 iterations" in result.output
    assert load_run(tmp_path / "a.unison").encoder.was_stopped_
    assert signal.getsignal(signal.SIGINT) is before


def test_a_run_is_overwritten_only_when_told_to(run_folder: Path, recordings: list[Path]) -> None:
    result = command("train", *recordings, "--to", run_folder, *SMALL)
    assert result.exit_code == 2
    assert "there is a run already" in result.stderr
    assert "--overwrite" in result.stderr
    assert command("train", *recordings, "--to", run_folder, "--overwrite", *SMALL).exit_code == 0


def test_nothing_but_a_run_is_ever_overwritten(recordings: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "notes.unison"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    result = command("train", *recordings, "--to", folder, "--overwrite", *SMALL)
    assert result.exit_code == 2
    assert "something that is no run has that name" in result.stderr
    assert (folder / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["--to", "a.unison"], 2, "Give either files to train on, or --sample NAME."),
        (["--sample", "linear-track", "--to", "a"], 2, "the name of a run ends in .unison"),
        (["--sample", "square-track", "--to", "a.unison"], 1, "there is no sample 'square-track'"),
        (["--sample", "linear-track", "--to", "a.unison", "--batch-size", "1"], 2, "--batch-size"),
        (["--sample", "linear-track", "--to", "a.unison", "--device", "abacus"], 2, "device"),
        (["--sample", "linear-track", "--to", "a.unison", "--mask", "Blindfold=0.5"], 2, "'Blindfold'"),
        (
            ["--sample", "linear-track", "--to", "a.unison", "--mask", "RandomNeuronMask=x"],
            2,
            "neither a ratio",
        ),
        (
            ["--sample", "linear-track", "--to", "a.unison", "--mask", "RandomNeuronMask=0.3:0.9"],
            2,
            "takes a ratio",
        ),
    ],
)
def test_a_wrong_request_is_answered_with_a_sentence(
    arguments: list[str], status: int, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = command("train", *arguments)
    assert result.exit_code == status
    assert sentence in " ".join(result.stderr.split())
    assert "Traceback" not in result.output
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_recording_is_named_without_a_traceback(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jl"
    broken.write_bytes(b"not a recording")
    result = command("train", broken, "--to", tmp_path / "a.unison")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert "broken.jl" in result.stderr


def test_a_fault_of_the_program_is_not_dressed_up(monkeypatch: pytest.MonkeyPatch, run_folder: Path) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("shapes do not match")

    monkeypatch.setattr(UnifiedEncoder, "embed", fail)
    result = command("embed", run_folder, "--to", "latents.npz")
    assert isinstance(result.exception, ValueError)


def test_options_go_before_the_file_and_the_file_before_the_preset(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("batch_size = 100\ntime_offsets = 5\n[masks]\nSessionMask = true\n")
    config = read_configuration("quick-look", file, {"time_offsets": 7, "distance": None})
    assert config.time_offsets == 7
    assert config.batch_size == 100
    assert config.learning_rate == PRESETS["quick look"].learning_rate
    assert list(config.masks) == ["SessionMask"]


@pytest.mark.parametrize("preset", PRESET_NAMES)
def test_every_preset_that_the_help_lists_can_be_chosen(preset: str) -> None:
    assert read_configuration(preset, None, {}) in PRESETS.values()


def test_the_config_file_of_a_run_can_be_used_again(
    run_folder: Path, recordings: list[Path], tmp_path: Path
) -> None:
    again = tmp_path / "again.unison"
    result = command(
        "train", *recordings, "--config", run_folder / "config.toml", "--to", again, "--no-verbose"
    )
    assert result.exit_code == 0, result.output
    first, second = load_run(run_folder), load_run(again)
    assert first.encoder.config_ == second.encoder.config_
    np.testing.assert_array_equal(first.embedding.values[0], second.embedding.values[0])


def test_a_broken_config_file_is_named(recordings: list[Path], tmp_path: Path) -> None:
    file = tmp_path / "broken.toml"
    file.write_text("batch_size: 12")
    result = command("train", *recordings, "--config", file, "--to", tmp_path / "a.unison")
    assert result.exit_code == 2
    assert "broken.toml is not a readable toml file" in result.stderr


@pytest.mark.parametrize(
    ("given", "masks"),
    [
        (["RandomNeuronMask=0.3:0.9:0.05"], {"RandomNeuronMask": (0.3, 0.9, 0.05)}),
        (["RandomTimestepMask=0.3,0.6"], {"RandomTimestepMask": [0.3, 0.6]}),
        (["NeuronBlockMask=0.5"], {"NeuronBlockMask": 0.5}),
        (["TimeBlockMask=0.2,3", "SessionMask"], {"TimeBlockMask": (0.2, 3), "SessionMask": True}),
        (["none"], {}),
    ],
)
def test_masks_have_a_notation_of_their_own(given: list[str], masks: dict[str, object]) -> None:
    arguments = ["--to", "a.unison", *(word for mask in given for word in ("--mask", mask))]
    parameters = train_command.make_context("train", arguments).params
    assert (
        read_configuration("notebook", None, {"masks": parameters["masks"]}).masks
        == EncoderConfig(masks=masks).masks
    )


def test_embed_writes_a_table_of_the_training_sessions(run_folder: Path, tmp_path: Path) -> None:
    result = command("embed", run_folder, "--to", tmp_path / "latents.csv")
    assert result.exit_code == 0, result.output
    assert "aligned (labels used, partners from the training sessions)" in result.output
    table = pd.read_csv(tmp_path / "latents.csv")
    assert len(table) == 288
    assert {"session", "time_s", "position_m", "direction", "latent_1", "latent_3"} <= set(table.columns)


def test_embed_label_free_gives_the_held_out_part_without_labels(run_folder: Path, tmp_path: Path) -> None:
    result = command("embed", run_folder, "--held-out", "--label-free", "--to", tmp_path / "latents.npz")
    assert result.exit_code == 0, result.output
    embedding = Embedding.load(tmp_path / "latents.npz")
    assert embedding.kind == "label-free"
    assert [len(values) for values in embedding.values] == [40, 32]


def test_embed_takes_files_as_partners_of_each_other(
    run_folder: Path, recordings: list[Path], tmp_path: Path
) -> None:
    result = command(
        "embed", run_folder, recordings[0], "--partners", "given", "--to", tmp_path / "latents.npz"
    )
    assert result.exit_code == 0, result.output
    embedding = Embedding.load(tmp_path / "latents.npz")
    assert embedding.partners == "given"
    assert embedding.silenced == ("bea",)
    assert len(embedding.values[0]) == 200


def test_embed_replaces_a_file_only_when_told_to(run_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "latents.csv"
    assert command("embed", run_folder, "--label-free", "--to", file).exit_code == 0
    before = file.read_text()
    result = command("embed", run_folder, "--to", file)
    assert result.exit_code == 2
    assert "the file exists already; choose another name, or --overwrite" in result.stderr
    assert file.read_text() == before
    assert command("embed", run_folder, "--overwrite", "--to", file).exit_code == 0
    assert file.read_text() != before


def test_embed_refuses_kinds_of_files_that_it_does_not_write(run_folder: Path, tmp_path: Path) -> None:
    result = command("embed", run_folder, "--to", tmp_path / "latents.xls")
    assert result.exit_code == 2
    assert ".npz, .csv, .parquet" in result.stderr


@pytest.mark.parametrize("arguments", [["embed", "--to", "x.csv"], ["figures", "--to", "x"]])
def test_a_folder_that_is_no_run_is_named(arguments: list[str], tmp_path: Path) -> None:
    result = command(arguments[0], tmp_path, *arguments[1:])
    assert result.exit_code == 1
    assert "is not a saved run" in result.stderr


def test_the_demo_moves_into_a_virtual_display_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class ReplacedError(Exception):
        pass

    def replace(program: str, arguments: list[str], environment: dict[str, str]) -> None:
        assert "QT_QPA_PLATFORM" not in environment
        assert arguments[-6:] == ["demo", "--no-window", "--to", str(tmp_path), "--seed", "3"]
        raise ReplacedError(program)

    monkeypatch.setattr(demo, "has_display", lambda: False)
    monkeypatch.setattr(demo.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(demo.os, "execve", replace)
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    result = command("demo", "--to", tmp_path, "--seed", "3")
    assert isinstance(result.exception, ReplacedError)
    assert str(result.exception) == "/usr/bin/xvfb-run"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(["--window"], "no display to open a window on"), ([], "install xvfb and xauth")],
)
def test_the_demo_says_what_is_missing_where_no_window_can_be_opened(
    arguments: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "has_display", lambda: False)
    monkeypatch.setattr(demo.shutil, "which", lambda _: None)
    result = command("demo", "--to", tmp_path / "out", *arguments)
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert not (tmp_path / "out").exists()
