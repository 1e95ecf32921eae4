"""CEBRA checkpoints in and out, with files that torch alone has written."""

from __future__ import annotations

import os
import pickle
import random
import re
import zipfile
import zlib
from collections import OrderedDict

import numpy as np
import pytest
import torch

from made_checkpoints import save_checkpoint, solver_state, trained_network
from napari_unison import UnifiedEncoder
from napari_unison.encoder import CheckpointError, ConfigurationError, load_run
from napari_unison.encoder.cebra_checkpoint import read_checkpoint
from napari_unison.encoder.windows import embedding_windows
from napari_unison.sessions import SessionError

NEURONS = (12, 7, 15)


@pytest.fixture
def checkpoint(tmp_path):
    save_checkpoint(tmp_path / "model.pt", NEURONS)
    return tmp_path / "model.pt"


def own_windows(session, number, left, right):
    """Windows (T, ΣN, W) in which all other sessions are silent."""
    windows = np.zeros((session.n_bins, sum(NEURONS), left + right), dtype=np.float32)
    begin = sum(NEURONS[:number])
    bins = embedding_windows(session, left, right)
    windows[:, begin : begin + session.n_neurons] = np.asarray(session.neural)[bins].transpose(0, 2, 1)
    return torch.from_numpy(windows)


@pytest.mark.parametrize(
    ("name", "left", "right"),
    [("offset1", 0, 1), ("offset5", 2, 3), ("offset10", 5, 5), ("offset36", 18, 18)],
)
def test_an_imported_encoder_computes_what_the_network_of_the_checkpoint_computes(
    name, left, right, rats, tmp_path
):
    network = save_checkpoint(tmp_path / "model.pt", NEURONS, name)
    encoder = UnifiedEncoder.from_cebra(tmp_path / "model.pt", rats)
    assert encoder.config_.model_architecture == f"{name}-model"
    for number, values in enumerate(encoder.transform(rats)):
        with torch.no_grad():
            expected = network(own_windows(rats[number], number, left, right)).numpy()
        np.testing.assert_allclose(values, expected, atol=1e-5)


def test_an_unnormalised_network_is_imported_where_it_is_asked_for(checkpoint, rats):
    plain = UnifiedEncoder.from_cebra(checkpoint, rats, model_architecture="offset10-model-mse")
    usual = UnifiedEncoder.from_cebra(checkpoint, rats)
    latents = plain.transform(rats)[0]
    lengths = np.linalg.norm(latents, axis=1, keepdims=True)
    assert np.ptp(lengths) > 1e-3
    np.testing.assert_allclose(latents / lengths, usual.transform(rats)[0], atol=1e-5)


def test_what_the_checkpoint_tells_is_taken_over_and_the_rest_is_the_notebook_s(checkpoint, rats):
    encoder = UnifiedEncoder.from_cebra(checkpoint, rats, time_offsets=5)
    config = encoder.config_
    assert (config.num_hidden_units, config.output_dimension, config.learning_rate) == (8, 4, 1e-3)
    assert (config.temperature, config.batch_size, config.time_offsets) == (1.0, 2048, 5)
    assert set(config.masks) == {"RandomNeuronMask", "RandomTimestepMask"}
    assert encoder.origin_ == "imported from model.pt, trained by CEBRA 0.6.1"
    assert encoder.n_iter_ == 3
    np.testing.assert_allclose(encoder.history_["goodness_of_fit"], [0, 0.01442695, 0.0288539], atol=1e-6)
    assert not encoder.was_stopped_


def test_training_goes_on_with_the_optimiser_of_the_checkpoint(checkpoint, rats):
    encoder = UnifiedEncoder.from_cebra(checkpoint, rats, batch_size=2048)
    content = torch.load(checkpoint, weights_only=False)
    kept, told = encoder._state.optimizer["state"], content["optimizer"]["state"]
    for number, entry in told.items():
        assert torch.equal(kept[number]["exp_avg_sq"], entry["exp_avg_sq"])
    before = encoder.transform(rats)[0]
    encoder.set_params(verbose=False)
    encoder.resume(2, on_progress=lambda progress: None)
    assert encoder.n_iter_ == 5
    assert encoder._state.optimizer["state"][0]["step"] == 5
    assert encoder.origin_.startswith("imported from model.pt")
    assert not np.array_equal(encoder.transform(rats)[0], before)


def test_weights_alone_can_be_imported_and_say_that_training_starts_afresh(rats, tmp_path):
    network, _ = trained_network("offset10", sum(NEURONS))
    torch.save(network.state_dict(), tmp_path / "weights.pt")
    with pytest.warns(UserWarning, match=r"weights\.pt holds no state of Adam .* begins with a fresh Adam"):
        encoder = UnifiedEncoder.from_cebra(tmp_path / "weights.pt", rats, batch_size=64)
    assert encoder.n_iter_ == 0
    folder = encoder.save(tmp_path / "weights.unison", embedding=encoder.embed())
    loaded = load_run(folder).encoder
    np.testing.assert_array_equal(loaded.transform(rats)[1], encoder.transform(rats)[1])
    assert loaded.resume(1, on_progress=lambda progress: None).n_iter_ == 1


def test_an_optimiser_of_another_kind_is_left_out_and_told(rats, tmp_path):
    network, adam = trained_network("offset10", sum(NEURONS))
    sgd = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    torch.save(solver_state(network, adam, NEURONS) | {"optimizer": sgd.state_dict()}, tmp_path / "sgd.pt")
    with pytest.warns(UserWarning, match=r"no state of Adam"):
        encoder = UnifiedEncoder.from_cebra(tmp_path / "sgd.pt", rats)
    assert encoder._state.optimizer == {}
    assert encoder.n_iter_ == 3


def test_a_batch_size_that_the_first_loss_contradicts_is_told(rats, tmp_path):
    save_checkpoint(tmp_path / "small.pt", NEURONS, batch_size=256)
    with pytest.warns(UserWarning, match=r"batch size of 2048 .* speaks for about 256\."):
        UnifiedEncoder.from_cebra(tmp_path / "small.pt", rats)
    UnifiedEncoder.from_cebra(tmp_path / "small.pt", rats, batch_size=256)


def test_an_imported_run_is_saved_and_opened_like_any_other(checkpoint, rats, tmp_path):
    encoder = UnifiedEncoder.from_cebra(checkpoint, rats)
    folder = encoder.save(tmp_path / "x.unison", embedding=encoder.embed(), held_out=[r[:40] for r in rats])
    run = load_run(folder)
    assert run.encoder.origin_ == encoder.origin_
    for mine, expected in zip(run.encoder.embed().values, encoder.embed().values, strict=True):
        np.testing.assert_array_equal(mine, expected)
    assert run.encoder.resume(1, on_progress=lambda progress: None).n_iter_ == 4


# -- which sessions ------------------------------------------------------------------------------------


def test_another_number_of_sessions_is_refused_with_what_to_do(checkpoint, rats):
    with pytest.raises(
        SessionError,
        match=r"model\.pt was trained on 3 sessions with 34 neurons in total, not on 2 "
        r"\('anna' \(12 neurons\), 'bert' \(7 neurons\)\)\. Give all",
    ):
        UnifiedEncoder.from_cebra(checkpoint, rats[:2])


def test_another_number_of_neurons_is_refused_with_names_and_numbers(checkpoint, rats, make_session):
    wide = make_session("cleo", 300, 16, 3)
    with pytest.raises(
        SessionError, match=r"35 neurons in total, but model\.pt expects 34: 1 too many.*'cleo' \(16 neurons"
    ):
        UnifiedEncoder.from_cebra(checkpoint, [*rats[:2], wide])


def test_a_checkpoint_of_one_session_names_it(rats, tmp_path):
    save_checkpoint(tmp_path / "one.pt", [10])
    with pytest.raises(SessionError, match=r"session 'anna' has 12 neurons, but one\.pt expects 10"):
        UnifiedEncoder.from_cebra(tmp_path / "one.pt", rats[0])


def test_with_known_names_the_session_that_differs_is_named(checkpoint, rats, make_session):
    known = {"anna": 12, "bert": 7, "cleo": 15}
    with pytest.raises(SessionError, match=r"session 'bert' has 9 neurons, but model\.pt expects 7"):
        UnifiedEncoder.from_cebra(checkpoint, [make_session("bert", 300, 9, 2)], trained_on=known)
    with pytest.raises(SessionError, match=r"trained on 'anna' .* 'dora' is none of them: rename"):
        UnifiedEncoder.from_cebra(checkpoint, [make_session("dora", 300, 7, 2)], trained_on=known)
    with pytest.raises(CheckpointError, match=r"has 34 inputs, but anna, bert have 19 neurons"):
        UnifiedEncoder.from_cebra(checkpoint, rats[:2], trained_on={"anna": 12, "bert": 7})


def test_some_of_the_sessions_give_the_same_label_free_latents_as_all(checkpoint, rats):
    known = {rat.name: rat.n_neurons for rat in rats}
    whole = UnifiedEncoder.from_cebra(checkpoint, rats)
    with pytest.warns(UserWarning, match=r"not here: bert\. With anna, cleo alone, label-free"):
        part = UnifiedEncoder.from_cebra(checkpoint, [rats[2], rats[0]], trained_on=known)
    assert part.session_names_ == ("anna", "cleo")
    for number in (0, 2):
        mine, expected = part.transform(rats[number])[0], whole.transform(rats[number])[0]
        np.testing.assert_allclose(mine, expected, atol=1e-6)
    difference = part.embed(rats[0]).values[0] - whole.embed(rats[0]).values[0]
    assert np.abs(difference).max() > 1e-3
    assert part.resume(1, on_progress=lambda progress: None).n_iter_ == 4


# -- parameters ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"num_hidden_units": 16}, r"num_hidden_units: model\.pt has 8 \(given: 16\)"),
        ({"output_dimension": 3}, r"output_dimension: model\.pt has 4 \(given: 3\)"),
        ({"model_architecture": "offset5-model"}, r"holds offset10-model, or offset10-model-mse"),
        ({"batch_size": 1}, r"batch_size"),
        ({"colour": "red"}, r"colour: there is no such parameter"),
    ],
)
def test_parameters_that_contradict_the_checkpoint_are_refused(checkpoint, rats, parameters, message):
    with pytest.raises(ConfigurationError, match=message):
        UnifiedEncoder.from_cebra(checkpoint, rats, **parameters)


def test_a_learned_temperature_comes_with_the_checkpoint(rats, tmp_path):
    save_checkpoint(
        tmp_path / "learned.pt",
        NEURONS,
        criterion={"log_inverse_temperature": torch.tensor(1.5)},
        log={"temperature": [0.5, 0.4, 0.3]},
    )
    with pytest.warns(UserWarning, match=r"10 parameters there, and 11 here"):
        encoder = UnifiedEncoder.from_cebra(tmp_path / "learned.pt", rats)
    assert encoder.config_.temperature_mode == "auto"
    assert encoder.config_.temperature == 0.5
    assert encoder.temperature_ == pytest.approx(np.exp(-1.5))


# -- out -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["offset1-model", "offset5-model-mse", "offset10-model"])
def test_out_and_in_again_is_exact(architecture, rats, tmp_path):
    settings = {"batch_size": 64, "verbose": False, "num_hidden_units": 8, "temperature_mode": "auto"}
    masks = {"RandomNeuronMask": [0.3, 0.6]}
    encoder = UnifiedEncoder(
        architecture, masks=masks, random_state=4, max_iterations=3, positives="shared", **settings
    )
    encoder.fit(rats)
    written = encoder.to_cebra(tmp_path / "out" / "again.pt")
    again = UnifiedEncoder.from_cebra(written, rats[::-1])
    assert again.session_names_ == ("anna", "bert", "cleo")
    assert again.config_ == encoder.config_.model_copy(update={"verbose": True})
    assert again.seed_ == 4
    assert again.origin_ == "imported from again.pt, written by napari-unison"
    for align in (True, False):
        mine, expected = again.embed(align=align), encoder.embed(align=align)
        for values, others in zip(mine.values, expected.values, strict=True):
            np.testing.assert_array_equal(values, others)
    np.testing.assert_array_equal(again.history_["loss"], encoder.history_["loss"])
    kept, expected = again._state.optimizer, encoder._state.optimizer
    for number, entry in expected["state"].items():
        for name, value in entry.items():
            assert torch.equal(kept["state"][number][name], value)


def test_the_names_in_a_checkpoint_that_was_written_here_are_checked(fitted, rats, make_session, tmp_path):
    written = fitted.to_cebra(tmp_path / "x.pt")
    with pytest.raises(SessionError, match=r"session 'bert' has 8 neurons, but x\.pt expects 7"):
        UnifiedEncoder.from_cebra(written, [rats[0], make_session("bert", 300, 8, 2), rats[2]])


def test_a_file_is_replaced_only_where_it_is_asked_for(fitted, tmp_path):
    written = fitted.to_cebra(tmp_path / "x.pt")
    with pytest.raises(CheckpointError, match=r"x\.pt exists already: choose another name"):
        fitted.to_cebra(written)
    with pytest.raises(CheckpointError, match="is a folder"):
        fitted.to_cebra(tmp_path)
    fitted.to_cebra(written, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["x.pt"]


# -- files that are no checkpoint ----------------------------------------------------------------------


class Marker:
    """Unpickled, it makes a folder."""

    def __init__(self, place):
        self.place = place

    def __reduce__(self):
        return os.mkdir, (str(self.place),)


@pytest.mark.parametrize("where", ["alone", "among the weights", "in the log"])
def test_a_file_that_would_run_something_is_refused_and_not_run(where, rats, tmp_path):
    marker = Marker(tmp_path / "was-run")
    network, adam = trained_network("offset10", sum(NEURONS))
    state = solver_state(network, adam, NEURONS)
    if where == "among the weights":
        state["model"]["net.0.weight"] = marker
    elif where == "in the log":
        state["log"]["temperature"] = [marker]
    torch.save(marker if where == "alone" else state, tmp_path / "evil.pt")
    with pytest.raises(CheckpointError, match=r"evil\.pt asks for (posix|nt)\.mkdir.*nothing of it was run"):
        UnifiedEncoder.from_cebra(tmp_path / "evil.pt", rats)
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_bare_pickle_is_refused_and_not_run(protocol, rats, tmp_path):
    (tmp_path / "evil.pt").write_bytes(pickle.dumps(Marker(tmp_path / "was-run"), protocol=protocol))
    with pytest.raises(CheckpointError, match=r"evil\.pt is no checkpoint"):
        UnifiedEncoder.from_cebra(tmp_path / "evil.pt", rats)
    assert not (tmp_path / "was-run").exists()


def test_a_pickle_of_a_newer_protocol_in_the_archive_is_refused(rats, tmp_path):
    torch.save({"model": {}}, tmp_path / "new.pt", pickle_protocol=4)
    rewrite(tmp_path / "new.pt", lambda _: pickle.dumps(Marker(tmp_path / "was-run"), protocol=4))
    with pytest.raises(CheckpointError, match=r"not written as torch writes checkpoints \(STACK_GLOBAL\)"):
        UnifiedEncoder.from_cebra(tmp_path / "new.pt", rats)
    assert not (tmp_path / "was-run").exists()


def test_a_whole_cebra_object_is_refused_with_what_to_save_instead(rats, tmp_path):
    torch.save({"model": {}}, tmp_path / "object.pt")
    rewrite(tmp_path / "object.pt", lambda _: b"\x80\x02ccebra.integrations.sklearn.cebra\nCEBRA\n.")
    with pytest.raises(CheckpointError, match=r"whole Python object \(cebra\..*solver\.save\(logdir"):
        UnifiedEncoder.from_cebra(tmp_path / "object.pt", rats)


def rewrite(path, change, compression=zipfile.ZIP_STORED):
    """Write an archive again, with a pickle that is changed."""
    with zipfile.ZipFile(path) as archive:
        contents = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in contents.items():
            archive.writestr(name, change(content) if name.endswith("/data.pkl") else content)


def test_an_archive_that_unpacks_to_more_than_it_holds_is_not_read(checkpoint, rats):
    rewrite(checkpoint, lambda content: content, zipfile.ZIP_DEFLATED)
    with pytest.raises(CheckpointError, match="unpacks to more than it holds"):
        UnifiedEncoder.from_cebra(checkpoint, rats)


def test_a_tensor_that_repeats_one_number_over_any_size_is_refused(rats, tmp_path):
    network, adam = trained_network("offset10", sum(NEURONS))
    state = solver_state(network, adam, NEURONS)
    state["model"]["net.0.weight"] = torch.zeros(1).expand(8, 34, 2)
    torch.save(state, tmp_path / "expanded.pt")
    with pytest.raises(CheckpointError, match=r"expanded\.pt: net\.0\.weight is no tensor of weights"):
        UnifiedEncoder.from_cebra(tmp_path / "expanded.pt", rats)


def test_diverged_weights_are_told(rats, tmp_path):
    network, adam = trained_network("offset10", sum(NEURONS))
    with torch.no_grad():
        network.net[0].bias[0] = float("nan")
    torch.save(solver_state(network, adam, NEURONS), tmp_path / "nan.pt")
    with pytest.raises(CheckpointError, match=r"net\.0\.bias holds values that are not finite"):
        UnifiedEncoder.from_cebra(tmp_path / "nan.pt", rats)


OTHERS = {
    "a list": ([1, 2], "holds a list"),
    "a tensor": (torch.zeros(3), "holds a Tensor"),
    "a dictionary": ({"epoch": 3}, "holds a dictionary of epoch"),
    "another network": (
        nn_state := OrderedDict({"fc.weight": torch.zeros(2, 2)}),
        "weights called fc.weight",
    ),
    "a network for each session": (
        {"model": {"0.net.0.weight": torch.zeros(2, 2, 2), "1.net.0.weight": torch.zeros(2, 2, 2)}},
        "one network for each session",
    ),
    "a longer network": (
        {"model": {f"net.{i}.module.0.weight": torch.zeros(2, 2, 3) for i in range(2, 8)}},
        "a network with 6 residual convolutions. Known here are offset1, offset5, offset10, offset36",
    ),
    "an integer weight": ({"model": {"net.0.weight": torch.zeros(2, dtype=torch.int64)}}, "no tensor of wei"),
    "a word for a weight": ({"model": {"net.0.weight": "heavy"}}, "no tensor of weights"),
    "nothing": ({}, "a dictionary of nothing"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_other_torch_files_are_refused_with_what_they_hold(kind, tmp_path):
    content, message = OTHERS[kind]
    torch.save(content, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match=f"other.pt.*{re.escape(message)}"):
        read_checkpoint(tmp_path / "other.pt")


def test_parts_that_contradict_one_another_are_told(tmp_path):
    for changes, message in [
        ({"n_features": 99}, "trained on 99 neurons, but its first layer has 34 inputs"),
        ({"n_features": [12, 22]}, "one network for each of 2 sessions"),
        ({"loss": "low"}, "loss is not a list of numbers"),
        ({"loss": torch.zeros(1).expand(10**6)}, "loss is damaged"),
        ({"criterion": {"log_inverse_temperature": torch.zeros(2)}}, "temperature is no number"),
        ({"napari-unison": "{}"}, "what napari-unison has noted in it is damaged"),
    ]:
        save_checkpoint(tmp_path / "odd.pt", NEURONS, **changes)
        with pytest.raises(CheckpointError, match=rf"odd\.pt.*{re.escape(message)}"):
            read_checkpoint(tmp_path / "odd.pt")


def test_missing_empty_and_foreign_files_are_told(tmp_path):
    (tmp_path / "empty.pt").write_bytes(b"")
    (tmp_path / "text.pt").write_text("weights")
    with zipfile.ZipFile(tmp_path / "zip.pt", "w") as archive:
        archive.writestr("model.pt", "weights")
    torch.jit.script(torch.nn.Linear(2, 2)).save(tmp_path / "script.pt")
    for name, message in [
        ("none.pt", "does not exist"),
        ("", "is a folder"),
        ("empty.pt", "no checkpoint, or is cut off"),
        ("text.pt", "no checkpoint, or is cut off"),
        ("zip.pt", "zip archive, but no checkpoint"),
        ("script.pt", "TorchScript program"),
    ]:
        with pytest.raises(CheckpointError, match=message):
            read_checkpoint(tmp_path / name)


def read_or_refused(path):
    """Return the weights, or why they are refused."""
    try:
        return read_checkpoint(path).weights
    except CheckpointError as error:
        return str(error)


def test_cut_and_corrupted_files_are_refused_or_read_but_never_something_else(checkpoint):
    whole = checkpoint.read_bytes()
    expected = read_checkpoint(checkpoint).weights
    draw = random.Random(0)
    refused = 0
    for trial in range(300):
        damaged = bytearray(whole)
        if trial % 3 == 0:
            del damaged[draw.randrange(len(damaged)) :]
        else:
            for _ in range(draw.randrange(1, 20)):
                damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        checkpoint.write_bytes(damaged)
        found = read_or_refused(checkpoint)
        refused += isinstance(found, str)
        if isinstance(found, str):
            assert "model.pt" in found
        else:
            assert all(torch.equal(found[name], value) for name, value in expected.items())
    assert refused > 250


@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")
def test_a_corrupted_pickle_with_a_sound_checksum_is_refused_or_read(checkpoint):
    with zipfile.ZipFile(checkpoint) as archive:
        name = next(n for n in archive.namelist() if n.endswith("/data.pkl"))
        content = archive.read(name)
    original = checkpoint.read_bytes()
    draw = random.Random(1)
    for _ in range(300):
        changed = bytearray(content)
        for _ in range(draw.randrange(1, 6)):
            changed[draw.randrange(len(changed))] = draw.randrange(256)
        # the checksum stands in the archive, too: an attacker makes it fit
        begin = original.index(content)
        damaged = original[:begin] + bytes(changed) + original[begin + len(content) :]
        old, new = (zlib.crc32(part).to_bytes(4, "little") for part in (content, bytes(changed)))
        checkpoint.write_bytes(damaged.replace(old, new))
        found = read_or_refused(checkpoint)
        assert isinstance(found, dict) or "model.pt" in found
