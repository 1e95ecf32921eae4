"""The compiled step against autograd: the same batch must give the same loss and the same gradients."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from scipy import sparse

from napari_unison.encoder.alignment import NO_BIN
from napari_unison.encoder.batches import WindowBank
from napari_unison.encoder.config import EncoderConfig
from napari_unison.encoder.cpu.engine import CpuEngine
from napari_unison.encoder.cpu.sparse_inputs import GROUP_BYTES
from napari_unison.encoder.device_masks import DeviceMask, DeviceMasker
from napari_unison.encoder.device_sampling import DeviceBins, DeviceSampler
from napari_unison.encoder.label_space import LabelSpace
from napari_unison.encoder.loss import InfoNCE
from napari_unison.encoder.masking import InputShape, Masker
from napari_unison.encoder.networks import UnifiedNetwork, architecture_of
from napari_unison.encoder.sampling import BatchBins, BatchSampler
from napari_unison.encoder.torch_engine import TorchEngine

ALL_MASKS = {
    "RandomNeuronMask": [0.3, 0.8],
    "RandomTimestepMask": 0.5,
    "NeuronBlockMask": 0.4,
    "TimeBlockMask": (0.3, 2),
    "SessionMask": True,
}


def torch_batch(sessions, bins, seed, architecture):
    """Lay the bins and masks of the compiled engine out for the other one."""
    neurons = tuple(sessions[session].n_neurons for session in bins.sessions)
    shape = InputShape(bins.reference.shape[1], architecture.window, neurons)
    rng = np.random.default_rng(seed)
    masks = []
    for mask in (Masker(EncoderConfig(masks=ALL_MASKS).masks).draw(shape, rng) for _ in range(3)):
        kept = None if mask.neurons is None else torch.from_numpy(mask.neurons.kept(shape)).split(neurons, 1)
        masks.append(
            DeviceMask(neurons=kept, steps=None if mask.steps is None else torch.from_numpy(mask.steps))
        )
    drawn = np.concatenate([bins.reference, bins.positive, bins.negative], axis=1)
    bank = WindowBank(sessions, architecture.left, architecture.right, torch.device("cpu"))
    return bank.batch(DeviceBins(tuple(bins.sessions.tolist()), torch.from_numpy(drawn)), masks)


def parts(sessions, architecture="offset10-model", distance="cosine", learn=False, h=32, d=8, batch_size=50):
    """Make a network, its loss, and the two engines that share them."""
    generator = torch.Generator().manual_seed(0)
    neurons = [session.n_neurons for session in sessions]
    network = UnifiedNetwork(architecture_of(architecture), neurons, h, d, generator)
    criterion = InfoNCE(distance, 0.7, learn_temperature=learn)
    masks = EncoderConfig(masks=ALL_MASKS).masks
    space, device = LabelSpace(sessions), torch.device("cpu")
    sampler = BatchSampler(sessions, space, time_offsets=1)
    shared = network, criterion, sessions
    engines = (
        CpuEngine(*shared, sampler, Masker(masks), batch_size),
        TorchEngine(*shared, DeviceSampler(sampler, space, device), DeviceMasker(masks, device), batch_size),
    )
    return network, criterion, engines


def results(sessions, bins, seed=0, **options):
    """Return loss and gradients from both engines."""
    network, criterion, engines = parts(sessions, **options)
    batches = (
        engines[0].prepare(bins, np.random.default_rng(seed)),
        torch_batch(sessions, bins, seed, network.architecture),
    )
    both = []
    for engine, batch in zip(engines, batches, strict=True):
        network.zero_grad()
        criterion.zero_grad()
        loss = float(engine.gradients(batch))
        parameters = [*network.named_parameters(), *criterion.named_parameters()]
        both.append((loss, {name: parameter.grad.clone() for name, parameter in parameters}))
    return both


def assert_same(found, expected):
    assert found[0] == pytest.approx(expected[0], abs=2e-5)
    for name, gradient in expected[1].items():
        scale = float(gradient.abs().max())
        torch.testing.assert_close(found[1][name], gradient, atol=1e-4 * scale + 1e-8, rtol=1e-3, msg=name)


def draw(sessions, n_samples=50, seed=0, **options):
    sampler = BatchSampler(sessions, LabelSpace(sessions), time_offsets=10, **options)
    return sampler.draw(n_samples, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(6))
def test_every_mask_gives_the_same_step(rats, seed):
    assert_same(*results(rats, draw(rats), seed=seed))


@pytest.mark.parametrize(
    "architecture", ["offset1-model", "offset5-model", "offset36-model", "offset10-model-mse"]
)
def test_every_network_gives_the_same_step(rats, architecture):
    assert_same(*results(rats, draw(rats), architecture=architecture, h=12, d=3))


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_both_distances_and_a_learned_temperature_give_the_same_step(rats, distance):
    found, expected = results(rats, draw(rats), distance=distance, learn=True)
    assert "log_inverse_temperature" in expected[1]
    assert_same(found, expected)


@pytest.mark.parametrize("batch_size", [2, 7, 64, 133])
def test_a_batch_of_any_size_gives_the_same_step(rats, batch_size):
    assert_same(*results(rats, draw(rats, batch_size), batch_size=batch_size))


def test_dense_activity_gives_the_same_step(rats):
    rng = np.random.default_rng(0)
    dense = [rat.replace(neural=rng.normal(size=rat.neural.shape).astype(np.float32)) for rat in rats]
    assert_same(*results(dense, draw(dense)))


def test_sparse_matrices_and_arrays_give_the_same_step(rats):
    scarce = [rat.replace(neural=sparse.csc_array(rat.neural)) for rat in rats]
    assert_same(results(scarce, draw(rats))[0], results(rats, draw(rats))[1])


@pytest.mark.parametrize("seed", range(6))
def test_so_many_neurons_that_sessions_are_read_in_groups_give_the_same_step(rats, seed):
    many = []
    for rat in rats:
        neural = np.tile(rat.neural, (1, -(-450 // rat.n_neurons)))
        many.append(rat.replace(neural=neural, neurons={"id": np.arange(neural.shape[1])}))
    assert sum(rat.n_neurons for rat in many) * 2 * 32 * 4 > GROUP_BYTES
    assert_same(*results(many, draw(many), seed=seed))


@pytest.mark.parametrize("dense", [False, True])
def test_silent_sessions_and_short_segments_give_the_same_step(rats, dense):
    laps = [rat.replace(segment=np.arange(rat.n_bins) // 7) for rat in rats]
    if dense:
        laps = [rat.replace(neural=rat.neural + 1.0) for rat in laps]
    bins = draw(rats)
    reference = bins.reference.copy()
    reference[1, :7] = NO_BIN
    silenced = BatchBins(reference, bins.positive, bins.negative, bins.sessions)
    assert_same(*results(laps, silenced))


def test_sessions_that_take_no_part_have_no_gradient(rats):
    bins = draw(rats, sessions_per_step=2)
    assert len(bins.sessions) == 2
    found, expected = results(rats, bins)
    assert_same(found, expected)
    absent = ({*range(len(rats))} - {*bins.sessions.tolist()}).pop()
    first = sum(rat.n_neurons for rat in rats[:absent])
    own = found[1]["first.weight"][:, first : first + rats[absent].n_neurons]
    assert (own == 0).all()


def test_threads_do_not_change_the_result(rats):
    network, _, (engine, _) = parts(rats, batch_size=300)
    bins = draw(rats, 300)
    seen = []
    for n_threads in (0, 1, 3):
        with ThreadPoolExecutor(max(n_threads, 1)) as executor:
            engine.executor = executor if n_threads else None
            loss = engine.gradients(engine.prepare(bins, np.random.default_rng(0)))
        seen.append((loss, network.first.weight.grad.clone(), network.last.weight.grad.clone()))
    for other in seen[1:]:
        assert other[0] == seen[0][0]
        assert torch.equal(other[1], seen[0][1])
        assert torch.equal(other[2], seen[0][2])


def test_what_is_not_a_number_is_not_hidden(rats):
    network, _, (engine, _) = parts(rats)
    with torch.no_grad():
        network.last.weight[0, 0, 0] = np.nan
    assert np.isnan(engine.gradients(engine.prepare(draw(rats), np.random.default_rng(0))))


def test_a_step_forgets_the_gradients_of_the_one_before(rats):
    network, criterion, (engine, _) = parts(rats, learn=True)
    batch = engine.prepare(draw(rats), np.random.default_rng(0))
    seen = []
    for _ in range(2):
        engine.gradients(batch)
        seen.append([p.grad.clone() for p in (*network.parameters(), *criterion.parameters())])
    for first, second in zip(*seen, strict=True):
        assert torch.equal(first, second)
