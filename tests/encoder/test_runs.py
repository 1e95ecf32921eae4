import json
import stat

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from napari_unison import UnifiedEncoder
from napari_unison.encoder import Run, RunError, is_run, load_run, save_run
from napari_unison.encoder.loss import goodness_of_fit
from napari_unison.sessions import write_sessions


@pytest.fixture
def folder(fitted, rats, tmp_path):
    return fitted.save(tmp_path / "first", embedding=fitted.embed(), held_out=[rat[:50] for rat in rats])


def test_a_run_is_a_folder_of_readable_files(folder):
    assert folder.name == "first.unison"
    assert is_run(folder)
    assert {file.name for file in folder.iterdir()} == {
        "config.toml",
        "encoder.safetensors",
        "optimizer.safetensors",
        "history.csv",
        "sessions.npz",
        "held-out.npz",
        "embedding.npz",
        "run.json",
    }
    facts = json.loads((folder / "run.json").read_text())
    assert facts["seed"] == 0
    assert facts["sessions"][0]["name"] == "anna"
    assert len(facts["sessions"][0]["sha256"]) == 64
    assert "torch" in facts["versions"]
    assert "batch_size = 64" in (folder / "config.toml").read_text()
    assert (folder / "history.csv").read_text().startswith("loss,goodness_of_fit,seconds")
    assert all(stat.S_IMODE(file.stat().st_mode) & stat.S_IRGRP for file in folder.iterdir())


def test_loading_gives_the_same_encoder_to_the_last_bit(folder, fitted):
    run = load_run(folder)
    assert run.encoder.get_params() | {"masks": None} == fitted.get_params() | {"masks": None}
    assert run.encoder.config_ == fitted.config_
    for align in (True, False):
        mine, expected = run.encoder.embed(align=align), fitted.embed(align=align)
        for values, reference in zip(mine.values, expected.values, strict=True):
            np.testing.assert_array_equal(values, reference)
    for name, column in fitted.history_.items():
        np.testing.assert_array_equal(run.encoder.history_[name], column)
    np.testing.assert_array_equal(run.embedding.values[0], fitted.embed().values[0])
    assert [session.name for session in run.held_out] == ["anna", "bert", "cleo"]


def test_training_goes_on_after_loading_as_without_saving(rats, tmp_path):
    settings = {"batch_size": 64, "random_state": 0, "verbose": False, "temperature_mode": "auto"}
    whole = UnifiedEncoder(max_iterations=8, **settings).fit(rats)
    half = UnifiedEncoder(max_iterations=5, **settings).fit(rats)
    loaded = UnifiedEncoder.load(half.save(tmp_path / "half.unison")).resume(3)
    np.testing.assert_array_equal(loaded.history_["loss"], whole.history_["loss"])
    assert loaded.temperature_ == whole.temperature_


def test_an_encoder_without_masks_stays_without_masks(rats, tmp_path):
    encoder = UnifiedEncoder(masks=None, max_iterations=1, batch_size=16, verbose=False).fit(rats)
    assert UnifiedEncoder.load(encoder.save(tmp_path / "x.unison")).config_.masks == {}


def test_saving_again_replaces_the_run_and_leaves_nothing_behind(folder, fitted):
    with pytest.raises(
        RunError, match=r"first\.unison is a run already: choose another name, or .*overwrite=True"
    ):
        save_run(Run(fitted), folder)
    assert load_run(folder).embedding is not None
    save_run(Run(fitted), folder, overwrite=True)
    assert not (folder / "embedding.npz").exists()
    assert [path.name for path in folder.parent.iterdir()] == ["first.unison"]
    assert load_run(folder).embedding is None


def test_a_failed_save_leaves_the_earlier_run(folder, fitted, monkeypatch):
    def fail(*_):
        raise OSError("the disk is full")

    monkeypatch.setattr("napari_unison.encoder.runs.write_sessions", fail)
    with pytest.raises(OSError, match="disk is full"):
        save_run(Run(fitted), folder, overwrite=True)
    assert [path.name for path in folder.parent.iterdir()] == ["first.unison"]
    assert load_run(folder).held_out


def test_something_else_is_never_overwritten(fitted, tmp_path):
    (tmp_path / "mine.unison").mkdir()
    (tmp_path / "mine.unison" / "thesis.txt").write_text("precious")
    with pytest.raises(RunError, match=r"mine.unison exists and is not a saved run: choose another name"):
        fitted.save(tmp_path / "mine.unison")
    assert (tmp_path / "mine.unison" / "thesis.txt").read_text() == "precious"


def test_what_is_no_run_or_incomplete_or_newer_is_told(folder, tmp_path):
    with pytest.raises(RunError, match=r"is not a saved run: there is no run.json"):
        load_run(tmp_path)
    assert not is_run(tmp_path)
    facts = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(facts | {"format_version": 99}))
    with pytest.raises(RunError, match="format 99"):
        load_run(folder)
    (folder / "run.json").write_text(json.dumps(facts))
    for text in ("{", "[]", '{"format_version": 1}'):
        (folder / "run.json").write_text(text)
        with pytest.raises(RunError, match=r"first\.unison cannot be read"):
            load_run(folder)


@pytest.mark.parametrize(
    "file", ["config.toml", "encoder.safetensors", "optimizer.safetensors", "history.csv", "sessions.npz"]
)
def test_a_missing_file_is_named(folder, file):
    (folder / file).unlink()
    with pytest.raises(RunError, match=f"first.unison is incomplete: {file} is missing"):
        load_run(folder)


def test_a_truncated_history_is_told(folder):
    lines = (folder / "history.csv").read_text().splitlines()
    (folder / "history.csv").write_text("\n".join(lines[:3]))
    with pytest.raises(RunError, match=r"history\.csv has 2 steps, but run\.json tells of 5"):
        load_run(folder)


def test_sessions_that_were_changed_are_told(folder, rats):
    changed = rats[1].replace(neural=rats[1].neural * 0)
    write_sessions(folder / "sessions.npz", [rats[0], changed, rats[2]])
    with pytest.raises(RunError, match=r"sessions\.npz: bert is not what the encoder was trained on"):
        load_run(folder)


def test_an_optimizer_of_another_network_is_told(folder):
    tensors = load_file(folder / "optimizer.safetensors")
    save_file(tensors | {"0.exp_avg": torch.zeros(3)}, folder / "optimizer.safetensors")
    with pytest.raises(RunError, match=r"optimizer\.safetensors belongs to another network"):
        load_run(folder)


def test_a_wrong_value_in_the_configuration_names_folder_and_parameter(folder):
    text = (folder / "config.toml").read_text().replace("batch_size = 64", "batch_size = -1")
    (folder / "config.toml").write_text(text)
    with pytest.raises(RunError, match=r"(?s)first\.unison cannot be read.*batch_size"):
        load_run(folder)


def test_an_edited_configuration_applies_to_the_steps_that_follow(folder):
    text = (folder / "config.toml").read_text()
    text = text.replace("learning_rate = 0.0003", "learning_rate = 0.5").replace(
        "batch_size = 64", "batch_size = 32"
    )
    before = load_run(folder).encoder.history_["goodness_of_fit"]
    (folder / "config.toml").write_text(text)
    encoder = load_run(folder).encoder
    np.testing.assert_array_equal(encoder.history_["goodness_of_fit"], before)
    encoder.resume(1)
    assert encoder._state.optimizer["param_groups"][0]["lr"] == 0.5
    assert encoder.history_["goodness_of_fit"][-1] == pytest.approx(
        goodness_of_fit(encoder.history_["loss"][-1], 32)
    )


def test_a_device_that_is_not_here_is_replaced_by_the_processor_with_a_warning(folder):
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    text = (folder / "config.toml").read_text().replace('device = "auto"', 'device = "cuda"')
    (folder / "config.toml").write_text(text)
    with pytest.warns(UserWarning, match=r"'cuda' is not here.*loaded onto the CPU"):
        assert load_run(folder).encoder.device_ == "cpu"


@pytest.mark.parametrize(
    "file", ["encoder.safetensors", "optimizer.safetensors", "sessions.npz", "embedding.npz"]
)
def test_damaged_files_are_told_and_nothing_is_run(folder, file):
    (folder / file).write_bytes(b"\x80\x04cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(RunError, match=r"first\.unison"):
        load_run(folder)


def test_weights_of_another_width_are_told(folder):
    save_file({"network.first.weight": torch.zeros(1)}, folder / "encoder.safetensors")
    with pytest.raises(RunError, match=r"encoder\.safetensors does not hold the network"):
        load_run(folder)
