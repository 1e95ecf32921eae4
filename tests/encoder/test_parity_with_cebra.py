"""The encoder computes what the reference implementation computes (cebra 0.6.1, group ``peer``)."""

from __future__ import annotations

import random
import warnings

import numpy as np
import pytest
import torch
from scipy import stats

from napari_unison.encoder.config import EncoderConfig
from napari_unison.encoder.label_space import LabelSpace
from napari_unison.encoder.loss import InfoNCE, goodness_of_fit
from napari_unison.encoder.masking import InputShape, Masker
from napari_unison.encoder.networks import UnifiedNetwork, architecture_of
from napari_unison.encoder.sampling import BatchSampler
from napari_unison.encoder.windows import training_windows

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("cebra", reason="the `peer` dependency group is not installed")
    import cebra.data
    import cebra.models
    import cebra.models.criterions

pytestmark = [
    pytest.mark.peer,
    pytest.mark.filterwarnings("ignore"),
]

FOURTEEN_RATIOS = [round(0.3 + 0.05 * i, 2) for i in range(14)]
TIME_OFFSETS = 10


@pytest.fixture
def seeded():
    """Seed the three global generators that the reference draws from, and put them back."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    torch.manual_seed(0)
    yield
    random.setstate(states[0])
    np.random.set_state(states[1])  # noqa: NPY002
    torch.set_rng_state(states[2])


def reference_loader(sessions, space):
    """The reference's loader over the same labels, as the notebook makes it."""
    datasets = [
        cebra.data.TensorDataset(
            torch.tensor(np.asarray(session.neural), dtype=torch.float32),
            continuous=torch.tensor(space.encode(session), dtype=torch.float32),
        )
        for session in sessions
    ]
    dataset = cebra.data.UnifiedDataset(*datasets)
    return cebra.data.UnifiedLoader(
        dataset, conditional="time_delta", num_steps=1, batch_size=512, time_offset=TIME_OFFSETS
    )


@pytest.fixture(scope="module")
def peers(rats):
    space = LabelSpace(rats)
    ours = BatchSampler(rats, space, time_offsets=TIME_OFFSETS)
    return ours, reference_loader(rats, space)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("offset1-model", "offset1-model"),
        ("offset5-model", "offset5-model"),
        ("offset10-model", "offset10-model"),
        ("offset10-model-mse", "offset10-model-mse"),
        ("offset36-model", "offset36-model"),
    ],
)
def test_same_windows_and_weights_give_the_same_latents(ours, theirs, seeded):
    architecture = architecture_of(ours)
    network = UnifiedNetwork(architecture, [5, 6], 8, 4, torch.Generator().manual_seed(0))
    reference = cebra.models.init(theirs, num_neurons=11, num_units=8, num_output=4)
    offset = reference.get_offset()
    assert (offset.left, offset.right) == (architecture.left, architecture.right)
    weights = [weight.detach() for weight in network.parameters()]
    with torch.no_grad():
        for parameter, weight in zip(reference.parameters(), weights, strict=True):
            parameter.copy_(weight.view_as(parameter))
    windows = torch.poisson(torch.full((20, 11, architecture.window), 0.3))
    expected = reference(windows).reshape(20, 4)
    torch.testing.assert_close(network(windows.permute(2, 0, 1)), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@pytest.mark.parametrize("learned", [False, True])
def test_same_batch_gives_the_same_loss(distance, learned, seeded):
    ref, pos, neg = torch.randn(3, 128, 6)
    kind = ("Learnable" if learned else "Fixed") + distance.capitalize() + "InfoNCE"
    reference = getattr(cebra.models.criterions, kind)(temperature=0.7)
    ours = InfoNCE(distance, 0.7, learn_temperature=learned)
    expected = reference(ref, pos, neg)[0]
    assert float(ours(ref, pos, neg)) == pytest.approx(float(expected), abs=1e-6, rel=1e-6)


def test_same_goodness_of_fit():
    from cebra.integrations.sklearn.metrics import infonce_to_goodness_of_fit

    losses = np.array([7.62, 7.2, 5.0])
    expected = infonce_to_goodness_of_fit(losses, batch_size=2048, num_sessions=1)
    np.testing.assert_allclose(goodness_of_fit(losses, 2048), expected)


def test_partners_are_as_near_as_the_reference_s(peers, rats):
    ours, theirs = peers
    rng = np.random.default_rng(0)
    bins = np.arange(rats[0].n_bins)
    expected = theirs.sampler.sample_all_sessions(torch.from_numpy(bins), 0).numpy()
    points = ours.alignment.points
    for target in (1, 2):
        found = ours.alignment.partners(0, bins, target, rng.random(len(bins)))
        residual = ours.alignment.distances(0, bins, target)
        distance = np.linalg.norm(points[0][bins] - points[target][expected[target]], axis=1)
        # the reference computes squared distances in float32 as |a|² + |b|² - 2ab: exact to about 1e-6
        assert (residual <= distance + 1e-9).all()
        np.testing.assert_allclose(residual**2, distance**2, atol=1e-6)
        np.testing.assert_allclose(
            np.linalg.norm(points[0][bins] - points[target][found], axis=1), residual, atol=1e-9
        )


def test_references_come_from_the_same_distribution(peers, seeded):
    ours, theirs = peers
    rng = np.random.default_rng(1)
    batches = 60
    mine = np.concatenate([ours.draw(512, rng).reference for _ in range(batches)], axis=1)
    reference = np.concatenate([theirs.sampler.sample_prior(512) for _ in range(batches)], axis=1)
    for session, points in enumerate(ours.alignment.points):
        for column in range(points.shape[1]):
            assert_same_distribution(points[mine[session], column], points[reference[session], column])


def test_positives_and_label_changes_come_from_the_same_distribution(peers, seeded):
    ours, theirs = peers
    rng = np.random.default_rng(2)
    batches = [ours.draw(512, rng) for _ in range(40)]
    reference = np.concatenate([batch.reference for batch in batches], axis=1)
    mine = np.concatenate([batch.positive for batch in batches], axis=1)
    expected = theirs.sampler.sample_conditional(torch.from_numpy(reference))
    for session, points in enumerate(ours.alignment.points):
        change = points[mine[session]] - points[reference[session]]
        expected_change = points[expected[session]] - points[reference[session]]
        for column in range(points.shape[1]):
            assert_same_distribution(change[:, column], expected_change[:, column])
    np.testing.assert_allclose(
        np.sort(ours.changes, axis=0), np.sort(theirs.sampler.time_difference, axis=0), atol=1e-5
    )


def assert_same_distribution(first, second):
    """Two-sample Kolmogorov-Smirnov test; the seeds are fixed, so the outcome is too."""
    assert stats.ks_2samp(np.round(first, 6), np.round(second, 6)).pvalue > 0.01


@pytest.mark.parametrize("name", ["RandomNeuronMask", "RandomTimestepMask", "NeuronBlockMask"])
def test_masks_of_equal_ratio_have_equal_statistics(name, seeded):
    import cebra.data.masking

    shape = InputShape(2000, 10, (20, 20))
    mask = Masker(EncoderConfig(masks={name: [0.45]}).masks).draw(shape, np.random.default_rng(0))
    ours = np.ones((10, 2000, 40), dtype=bool)
    if mask.neurons is not None:
        ours &= mask.neurons.kept(shape)
    if mask.steps is not None:
        ours &= mask.steps[:, :, None]
    theirs = getattr(cebra.data.masking, name)([0.45]).apply_mask(torch.ones(2000, 40, 10)).numpy()
    theirs = np.broadcast_to(theirs, (2000, 40, 10)).astype(bool).transpose(2, 0, 1)
    assert_same_survival(ours, theirs)


@pytest.mark.parametrize(("rate", "length"), [(0.2, 3), (0.35, 2)])
def test_time_blocks_have_the_reference_s_statistics(rate, length, seeded):
    import cebra.data.masking

    shape = InputShape(3000, 10, (4,))
    masks = EncoderConfig(masks={"TimeBlockMask": (rate, length)}).masks
    ours = Masker(masks).draw(shape, np.random.default_rng(0)).steps
    theirs = cebra.data.masking.TimeBlockMask((rate, length)).apply_mask(torch.ones(3000, 4, 10)).numpy()
    assert_same_survival(ours[:, :, None], theirs.astype(bool).transpose(2, 0, 1)[:, :, :1])


def assert_same_survival(ours, theirs):
    """Equal share of survivors in each neuron and step, and equally spread over samples."""
    np.testing.assert_allclose(ours.mean(axis=(0, 1)), theirs.mean(axis=(0, 1)), atol=0.05)
    np.testing.assert_allclose(ours.mean(axis=(1, 2)), theirs.mean(axis=(1, 2)), atol=0.05)
    mine, reference = ours.mean(axis=(0, 2)), theirs.mean(axis=(0, 2))
    assert mine.std() == pytest.approx(reference.std(), rel=0.1, abs=1e-6)


def test_training_windows_are_the_reference_s_inside_one_segment(rats):
    session = rats[0]
    dataset = cebra.data.TensorDataset(
        torch.arange(session.n_bins, dtype=torch.float32)[:, None],
        continuous=torch.zeros(session.n_bins, 1),
        offset=cebra.data.Offset(5, 5),
    )
    expected = dataset[torch.arange(session.n_bins)][:, 0].numpy()
    np.testing.assert_array_equal(training_windows(session, 5, 5), expected)
