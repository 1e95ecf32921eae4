"""Training steps by torch on a device; here the device is the CPU, or one that is only thought."""

import numpy as np
import pytest
import torch
from device_guard import NeverWaits

from napari_unison import Session
from napari_unison.encoder.config import EncoderConfig
from napari_unison.encoder.engines import device_engine
from napari_unison.encoder.input_projection import project
from napari_unison.encoder.label_space import LabelSpace
from napari_unison.encoder.sampling import BatchSampler
from napari_unison.encoder.training import Trainer, TrainingState

ALL_MASKS = {
    "RandomNeuronMask": [0.3, 0.8],
    "RandomTimestepMask": 0.5,
    "NeuronBlockMask": 0.4,
    "TimeBlockMask": (0.3, 2),
    "SessionMask": True,
}
SETTINGS = {"batch_size": 40, "num_hidden_units": 8, "output_dimension": 4, "random_state": 0}


def engine_and_state(sessions, device="cpu", **options):
    config = EncoderConfig(**SETTINGS | {"masks": ALL_MASKS} | options)
    neurons = [session.n_neurons for session in sessions]
    state = TrainingState.new(config, neurons, 0, torch.device(device))
    space = LabelSpace(sessions, config.label_scaling)
    sampler = BatchSampler(
        sessions,
        space,
        time_offsets=config.time_offsets,
        max_label_distance=config.max_label_distance,
    )
    return device_engine(config, sessions, space, sampler, state.network, state.criterion), state


@pytest.fixture
def by_torch(monkeypatch):
    """Let trainings on the CPU take the engine that other devices take."""

    def engine_for(config, sessions, space, network, criterion):
        sampler = BatchSampler(
            sessions, space, time_offsets=config.time_offsets, max_label_distance=config.max_label_distance
        )
        return device_engine(config, sessions, space, sampler, network, criterion)

    monkeypatch.setattr("napari_unison.encoder.training.engine_for", engine_for)


def trainer(sessions, state=None, **options):
    config = EncoderConfig(**SETTINGS | {"masks": ALL_MASKS} | options)
    neurons = [session.n_neurons for session in sessions]
    state = state or TrainingState.new(config, neurons, 0, torch.device("cpu"))
    return Trainer(config, sessions, LabelSpace(sessions, config.label_scaling), state)


def weights(state):
    return torch.cat([p.detach().flatten() for p in state.network.parameters()])


@pytest.mark.parametrize("sessions_per_step", [None, 2])
@pytest.mark.parametrize("kept_bytes", [0, 2**29])
def test_the_first_layer_by_sessions_is_the_one_over_all_neurons(rats, sessions_per_step, kept_bytes):
    engine, state = engine_and_state(rats, sessions_per_step=sessions_per_step)
    network = state.network
    for seed in range(4):
        batch = engine.draw(np.random.default_rng(seed))
        windows = torch.zeros(10, 120, sum(network.neurons))
        first = np.cumsum([0, *network.neurons])
        for place, session in enumerate(batch.sessions):
            windows[:, :, first[session] : first[session + 1]] = batch.windows(place).view(10, 120, -1)
        found = []
        for latents in (network.from_projection(project(network, batch, kept_bytes)), network(windows)):
            network.zero_grad()
            (latents * torch.arange(480.0).view(120, 4)).sum().backward()
            found.append([latents.detach(), *(p.grad.clone() for p in network.parameters())])
        for ours, expected in zip(*found, strict=True):
            torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-5 * float(expected.abs().max()))


def test_windows_that_are_made_again_give_the_same_gradients(rats):
    engine, state = engine_and_state(rats)
    batch = engine.draw(np.random.default_rng(0))
    gradients = []
    for kept_bytes in (0, 2**29):
        state.network.zero_grad()
        project(state.network, batch, kept_bytes).square().sum().backward()
        gradients.append(state.network.first.weight.grad.clone())
    assert torch.equal(*gradients)


CASES = [
    {},
    {"max_label_distance": 0.05},
    {"sessions_per_step": 2, "positives": "shared"},
    {"distance": "euclidean", "temperature_mode": "auto", "min_temperature": 0.1},
    {"model_architecture": "offset1-model-mse"},
]


def turning(name, seed):
    """A session whose labels lie on no line."""
    phase = np.cumsum(np.random.default_rng(seed).uniform(0.01, 0.2, 300))
    labels = {"angle": phase % (2 * np.pi), "place": np.c_[np.cos(phase / 3), np.sin(phase / 5)]}
    neural = np.random.default_rng(seed).poisson(0.3, (300, 5)).astype(np.float32)
    return Session(name, neural, labels, 0.1, kinds={"angle": "circular"})


@pytest.mark.parametrize("options", CASES)
def test_a_step_never_waits_for_the_device(rats, options):
    for sessions in (rats, [turning("a", 0), turning("b", 1)]):
        engine, _ = engine_and_state(sessions, **options)
        # many, so that every mask is drawn
        for seed in range(8):
            with NeverWaits():
                loss = engine.gradients(engine.draw(np.random.default_rng(seed)))
            assert np.isfinite(float(loss))


@pytest.mark.parametrize(
    "waits",
    [
        lambda x: x.sum().item(),
        lambda x: float(x[0]),
        lambda x: bool((x > 0).any()),
        lambda x: x[x > 0],
        lambda x: x.nonzero(),
        lambda x: x.masked_select(x > 0),
        lambda x: torch.tensor([1.0, 2.0]),
    ],
)
def test_the_guard_sees_what_would_wait(waits):
    x = torch.arange(5.0)
    with NeverWaits(), pytest.raises(AssertionError):
        waits(x)


@pytest.mark.parametrize("options", CASES[1:3])
def test_all_of_a_step_stays_on_the_device(rats, options, monkeypatch):
    # the device "meta" computes no values, so none can be read, and mixes with no other
    generator = torch.Generator()
    monkeypatch.setattr(torch, "Generator", lambda device="cpu": generator)
    for sessions in (rats, [turning("a", 0), turning("b", 1)]):
        engine, state = engine_and_state(sessions, device="meta", **options)
        for seed in range(3):
            with NeverWaits():
                loss = engine.gradients(engine.draw(np.random.default_rng(seed)))
            assert loss.device.type == "meta"
        assert all(p.grad.device.type == "meta" for p in state.network.parameters())


def test_a_batch_is_repeated_by_its_generator(rats):
    engine, _ = engine_and_state(rats)
    first, again, other = (engine.draw(np.random.default_rng(seed)) for seed in (3, 3, 4))
    for place in range(3):
        assert torch.equal(first.windows(place), again.windows(place))
    assert not torch.equal(first.rows[0], other.rows[0])


def test_resuming_gives_what_an_uninterrupted_training_gives(rats, by_torch):
    whole = trainer(rats)
    whole.run(9)
    parts = trainer(rats)
    parts.run(4)
    parts = trainer(rats, state=parts.state)
    parts.run(5)
    assert torch.equal(weights(parts.state), weights(whole.state))
    assert parts.state.history.loss == whole.state.history.loss


def test_training_lowers_the_loss(rats, by_torch):
    options = {"batch_size": 256, "learning_rate": 1e-2, "masks": None, "num_hidden_units": 8}
    training = trainer(rats, **options)
    training.run(40)
    fit = np.array(training.state.history.goodness_of_fit)
    assert fit[-10:].mean() > fit[:5].mean() + 0.3
