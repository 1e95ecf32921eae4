"""CEBRA checkpoints in and out, with CEBRA itself at the other end (cebra 0.6.1, group ``peer``)."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

from napari_unison import UnifiedEncoder
from napari_unison.encoder import CheckpointError
from napari_unison.encoder.alignment import NO_BIN
from napari_unison.encoder.embed import PartnerBank
from napari_unison.encoder.label_space import LabelSpace
from napari_unison.encoder.windows import embedding_windows

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("cebra", reason="the `peer` dependency group is not installed")
    import cebra
    import cebra.data
    import cebra.models
    import cebra.solver

pytestmark = [
    pytest.mark.peer,
    pytest.mark.filterwarnings("ignore"),
]

BATCH_SIZE = 64
ARCHITECTURES = ("offset1-model", "offset5-model", "offset10-model", "offset36-model")


def notebook_data(rats):
    """The recordings as the notebook hands them to CEBRA: position, right, left."""
    datasets = []
    for rat in rats:
        right = rat.labels["direction"] == "right"
        labels = np.column_stack([rat.labels["position"], right, ~right])
        neural = torch.tensor(np.asarray(rat.neural), dtype=torch.float32)
        datasets.append(
            cebra.data.TensorDataset(neural, continuous=torch.tensor(labels, dtype=torch.float32))
        )
    return datasets


def untrained_solver(rats, architecture, criterion=None):
    """A solver as the notebook makes it, with small layers."""
    n_neurons = sum(rat.n_neurons for rat in rats)
    model = cebra.models.init(architecture, num_neurons=n_neurons, num_units=8, num_output=4)
    criterion = criterion or cebra.models.FixedCosineInfoNCE(temperature=1)
    optimizer = torch.optim.Adam([*model.parameters(), *criterion.parameters()], lr=0.003)
    return cebra.solver.UnifiedSolver(model=model, criterion=criterion, optimizer=optimizer, tqdm_on=False)


def trained_solver(rats, architecture="offset10-model", criterion=None):
    """The same after five steps, and its loader."""
    solver = untrained_solver(rats, architecture, criterion)
    dataset = cebra.data.UnifiedDataset(*notebook_data(rats))
    masks = {"RandomNeuronMask": (0.3, 0.9, 0.05), "RandomTimestepMask": (0.3, 0.9, 0.05)}
    dataset.set_masks(masks)
    loader = cebra.data.UnifiedLoader(
        dataset, conditional="time_delta", num_steps=5, batch_size=BATCH_SIZE, time_offset=10
    )
    dataset.configure_for(solver.model)
    solver.fit(loader)
    return solver, loader


@pytest.fixture(scope="module")
def solver(rats):
    return trained_solver(rats)[0]


@pytest.fixture
def checkpoint(solver, tmp_path):
    solver.save(logdir=f"{tmp_path}/", filename="model.pt")
    return tmp_path / "model.pt"


def imported(checkpoint, rats, **parameters):
    return UnifiedEncoder.from_cebra(checkpoint, rats, batch_size=BATCH_SIZE, **parameters)


def outputs(model, windows):
    """Latents of windows (T, ΣN, W) in CEBRA."""
    model.eval()
    with torch.no_grad():
        return model(windows).numpy()


def latents(encoder, windows):
    """Latents of the same windows here."""
    with torch.no_grad():
        return encoder._state.network(windows.permute(2, 0, 1)).numpy()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_windows_of_the_notebook_s_training_give_the_same_latents(architecture, rats, tmp_path):
    solver, loader = trained_solver(rats, architecture)
    torch.save(solver.state_dict(), tmp_path / "model.pt")
    encoder = imported(tmp_path / "model.pt", rats)
    batch = next(iter(loader))
    for windows in (batch.reference, batch.positive, batch.negative):
        np.testing.assert_allclose(latents(encoder, windows), outputs(solver.model, windows), atol=1e-5)


def test_label_free_embeddings_are_those_of_the_cebra_model(solver, checkpoint, rats):
    encoder = imported(checkpoint, rats)
    begin = 0
    for rat, values in zip(rats, encoder.embed(align=False).values, strict=True):
        windows = np.zeros((rat.n_bins, 34, 10), dtype=np.float32)
        own = np.asarray(rat.neural)[embedding_windows(rat, 5, 5)]
        windows[:, begin : begin + rat.n_neurons] = own.transpose(0, 2, 1)
        begin += rat.n_neurons
        np.testing.assert_allclose(values, outputs(solver.model, torch.from_numpy(windows)), atol=1e-5)


def test_aligned_embeddings_are_those_of_the_cebra_model_with_the_same_partners(solver, checkpoint, rats):
    encoder = imported(checkpoint, rats)
    space = LabelSpace(rats)
    bank = PartnerBank(rats, space, None, encoder.seed_)
    for own, (rat, values) in enumerate(zip(rats, encoder.embed().values, strict=True)):
        partners, _ = bank.partners_of(rat, own)
        partners[own] = np.arange(rat.n_bins)
        assert (partners != NO_BIN).all()
        parts = [
            np.asarray(other.neural)[embedding_windows(other, 5, 5)[row]].transpose(0, 2, 1)
            for other, row in zip(rats, partners, strict=True)
        ]
        windows = torch.from_numpy(np.concatenate(parts, axis=1).astype(np.float32))
        np.testing.assert_allclose(values, outputs(solver.model, windows), atol=1e-5)


def test_what_the_notebook_s_transform_puts_together_gives_the_same_latents(
    solver, checkpoint, rats, monkeypatch
):
    encoder = imported(checkpoint, rats)
    seen = []
    transform = solver._transform

    def watched(model, inputs, pad_before_transform, offset, batch_size):
        values = transform(model, inputs, pad_before_transform, offset, batch_size)
        seen.append((inputs, values))
        return values

    monkeypatch.setattr(solver, "_transform", watched)
    data = notebook_data(rats)
    neural, labels = [d.neural for d in data], [d.continuous for d in data]
    result = solver.transform(neural, labels=labels, session_id=1, batch_size=100)
    assert sum(len(values) for _, values in seen) == len(result) == rats[1].n_bins
    for inputs, values in seen:
        padded = torch.nn.functional.pad(inputs.T, (5, 4), "replicate")
        windows = padded.unfold(1, 10, 1).permute(1, 0, 2)
        np.testing.assert_allclose(latents(encoder, windows), values.numpy(), atol=1e-5)


def test_history_temperature_and_optimiser_come_along(solver, checkpoint, rats):
    encoder = imported(checkpoint, rats)
    np.testing.assert_allclose(encoder.history_["loss"], solver.history, rtol=1e-6)
    assert (encoder.config_.temperature, encoder.config_.learning_rate) == (1, 0.003)
    assert encoder.origin_ == "imported from model.pt, trained by CEBRA 0.6.1"
    theirs = solver.optimizer.state_dict()["state"]
    for number, entry in encoder._state.optimizer["state"].items():
        assert entry["step"] == 5
        assert torch.equal(entry["exp_avg"], theirs[number]["exp_avg"])


def test_one_more_step_changes_the_weights_as_the_same_gradient_does_in_cebra(solver, checkpoint, rats):
    encoder = imported(checkpoint, rats)
    other = untrained_solver(rats, "offset10-model")
    other.load_state_dict(torch.load(checkpoint, weights_only=False))
    here = torch.optim.Adam(encoder._state.network.parameters(), lr=1)
    here.load_state_dict(encoder._state.optimizer)
    torch.manual_seed(0)
    for mine, theirs in zip(encoder._state.network.parameters(), other.model.parameters(), strict=True):
        theirs.grad = torch.randn(theirs.shape)
        mine.grad = theirs.grad.clone()
    here.step()
    other.optimizer.step()
    for mine, theirs in zip(encoder._state.network.parameters(), other.model.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-7, rtol=1e-6)


def test_a_learned_temperature_comes_along_with_its_optimiser(rats, tmp_path):
    solver, _ = trained_solver(rats, criterion=cebra.models.LearnableCosineInfoNCE(temperature=0.5))
    torch.save(solver.state_dict(), tmp_path / "model.pt")
    encoder = imported(tmp_path / "model.pt", rats)
    assert encoder.temperature_ == pytest.approx(float(solver.criterion.temperature))
    assert len(encoder._state.optimizer["state"]) == 11
    encoder.resume(1, on_progress=lambda progress: None)
    assert encoder.n_iter_ == 6


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("temperature_mode", ["constant", "auto"])
def test_cebra_loads_what_is_written_here_and_computes_the_same(
    architecture, temperature_mode, rats, tmp_path
):
    encoder = UnifiedEncoder(
        architecture,
        batch_size=BATCH_SIZE,
        num_hidden_units=8,
        output_dimension=4,
        max_iterations=3,
        temperature_mode=temperature_mode,
        temperature=0.5,
        random_state=0,
        verbose=False,
    ).fit(rats)
    encoder.to_cebra(tmp_path / "ours.pt")
    learned = temperature_mode == "auto"
    criterion = cebra.models.LearnableCosineInfoNCE(temperature=1) if learned else None
    solver = untrained_solver(rats, architecture, criterion)
    checkpoint = torch.load(tmp_path / "ours.pt", weights_only=False)
    solver.load_state_dict(checkpoint, strict=True)
    assert solver.history == encoder.history_["loss"].tolist()
    assert (solver.n_features, solver.num_sessions) == (34, 3)
    if learned:
        assert float(solver.criterion.temperature) == pytest.approx(encoder.temperature_)
    windows = torch.rand(50, 34, encoder._state.network.architecture.window)
    np.testing.assert_allclose(outputs(solver.model, windows), latents(encoder, windows), atol=1e-5)
    data = notebook_data(rats)
    values = solver.transform(
        [d.neural for d in data], labels=[d.continuous for d in data], session_id=0, batch_size=100
    )
    assert values.shape == (rats[0].n_bins, 4)
    # and back: what CEBRA saves of it is what was written
    solver.save(logdir=f"{tmp_path}/", filename="theirs.pt")
    again = imported(tmp_path / "theirs.pt", rats)
    for name, weight in encoder._state.network.state_dict().items():
        assert torch.equal(weight, again._state.network.state_dict()[name])
    np.testing.assert_array_equal(again.history_["loss"], encoder.history_["loss"].astype(np.float32))
    for number, entry in encoder._state.optimizer["state"].items():
        for name, value in entry.items():
            assert torch.equal(again._state.optimizer["state"][number][name], value)


def test_a_solver_that_has_loaded_it_goes_on_training(rats, fitted, tmp_path):
    fitted.to_cebra(tmp_path / "ours.pt")
    model = cebra.models.init("offset10-model", num_neurons=34, num_units=8, num_output=32)
    solver = cebra.solver.UnifiedSolver(
        model=model,
        criterion=cebra.models.FixedCosineInfoNCE(temperature=1),
        optimizer=torch.optim.Adam(model.parameters(), lr=1e-3),
        tqdm_on=False,
    )
    solver.load_state_dict(torch.load(tmp_path / "ours.pt", weights_only=True), strict=True)
    dataset = cebra.data.UnifiedDataset(*notebook_data(rats))
    loader = cebra.data.UnifiedLoader(
        dataset, conditional="time_delta", num_steps=2, batch_size=BATCH_SIZE, time_offset=10
    )
    dataset.configure_for(model)
    solver.fit(loader)
    assert len(solver.history) == fitted.n_iter_ + 2


def test_an_unnormalised_network_of_one_bin_is_cebra_s_without_its_norm(rats, tmp_path):
    encoder = UnifiedEncoder(
        "offset1-model-mse", batch_size=BATCH_SIZE, num_hidden_units=8, max_iterations=1, verbose=False
    ).fit(rats)
    encoder.to_cebra(tmp_path / "ours.pt")
    model = cebra.models.init("offset1-model", num_neurons=34, num_units=8, num_output=32, normalize=False)
    model.load_state_dict(torch.load(tmp_path / "ours.pt", weights_only=True)["model"])
    windows = torch.rand(50, 34, 1)
    np.testing.assert_allclose(outputs(model, windows), latents(encoder, windows), atol=1e-5)


def estimator(model_architecture="offset10-model", **parameters):
    return cebra.CEBRA(
        model_architecture=model_architecture,
        batch_size=32,
        max_iterations=3,
        output_dimension=3,
        num_hidden_units=8,
        device="cpu",
        **parameters,
    )


def test_what_the_estimator_saves_of_one_session_is_imported_with_its_parameters(rats, tmp_path):
    rat = rats[0]
    neural, position = np.asarray(rat.neural, dtype=np.float32), rat.labels["position"][:, None]
    model = estimator(time_offsets=4, temperature=0.7).fit(neural, position)
    model.save(str(tmp_path / "one.pt"))
    encoder = UnifiedEncoder.from_cebra(tmp_path / "one.pt", rat)
    config = encoder.config_
    assert (config.batch_size, config.time_offsets, config.temperature) == (32, 4, 0.7)
    np.testing.assert_allclose(encoder.transform(rat)[0], model.transform(neural), atol=1e-5)


def test_several_networks_and_whole_objects_of_the_estimator_are_refused(rats, tmp_path):
    neural = [np.asarray(rat.neural, dtype=np.float32) for rat in rats]
    positions = [rat.labels["position"][:, None] for rat in rats]
    estimator().fit(neural, positions).save(str(tmp_path / "several.pt"))
    with pytest.raises(CheckpointError, match=r"several\.pt holds one network for each session"):
        UnifiedEncoder.from_cebra(tmp_path / "several.pt", rats)
    whole = estimator("offset5-model").fit(neural[0], positions[0])
    whole.save(str(tmp_path / "object.pt"), backend="torch")
    with pytest.raises(CheckpointError, match=r"object\.pt holds a whole Python object \(cebra\."):
        UnifiedEncoder.from_cebra(tmp_path / "object.pt", rats[0])
