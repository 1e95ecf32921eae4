import numpy as np
import pytest
import torch

from napari_unison.encoder.alignment import NO_BIN
from napari_unison.encoder.batches import BatchAssembler
from napari_unison.encoder.config import EncoderConfig
from napari_unison.encoder.label_space import LabelSpace
from napari_unison.encoder.masking import Masker
from napari_unison.encoder.networks import UnifiedNetwork, architecture_of
from napari_unison.encoder.sampling import BatchBins, BatchSampler
from napari_unison.encoder.sparse_batches import SparseBatchAssembler, share_of_non_zeros

MASKS = [
    None,
    {"RandomNeuronMask": 0.5},
    {"RandomTimestepMask": 0.5},
    {"NeuronBlockMask": 0.5, "TimeBlockMask": (0.2, 3)},
    {"SessionMask": True},
]


@pytest.fixture(scope="module")
def bins(rats):
    drawn = BatchSampler(rats, LabelSpace(rats), time_offsets=10).draw(40, np.random.default_rng(0))
    reference = drawn.reference.copy()
    reference[1, :7] = NO_BIN
    return BatchBins(reference, drawn.positive, drawn.negative, drawn.sessions)


def assemblers(rats, masks):
    masker = Masker(EncoderConfig(masks=masks).masks)
    return (
        SparseBatchAssembler(rats, 5, 5, 40, masker),
        BatchAssembler(rats, 5, 5, 40, masker, torch.device("cpu")),
    )


@pytest.mark.parametrize("masks", MASKS)
def test_sparse_and_dense_batches_hold_the_same(rats, bins, masks):
    scarce, dense = assemblers(rats, masks)
    for seed in range(4):
        found = scarce.assemble(bins, np.random.default_rng(seed))
        expected = dense.assemble(bins, np.random.default_rng(seed))
        np.testing.assert_array_equal(found.matrix.toarray().reshape(10, 120, -1), expected.numpy())


def test_latents_and_gradients_are_those_of_the_dense_product(rats, bins):
    neurons = [rat.n_neurons for rat in rats]
    gradients = []
    for assembler in assemblers(rats, {"RandomNeuronMask": 0.3}):
        network = UnifiedNetwork(
            architecture_of("offset10-model"), neurons, 8, 4, torch.Generator().manual_seed(0)
        )
        latents = network(assembler.assemble(bins, np.random.default_rng(0)))
        (latents * torch.arange(4.0)).sum().backward()
        gradients.append((latents.detach(), network.first.weight.grad, network.last.weight.grad))
    for found, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_short_segments_are_gathered_alike(rats, bins):
    laps = [rat.replace(segment=np.arange(rat.n_bins) // 7) for rat in rats]
    scarce, dense = assemblers(laps, None)
    found = scarce.assemble(bins, np.random.default_rng(0)).matrix.toarray().reshape(10, 120, -1)
    np.testing.assert_array_equal(found, dense.assemble(bins, np.random.default_rng(0)).numpy())


def test_the_share_of_non_zeros_does_not_depend_on_the_format(rats):
    from scipy import sparse

    scarce = [rat.replace(neural=sparse.csc_array(rat.neural)) for rat in rats]
    assert share_of_non_zeros(scarce) == share_of_non_zeros(rats)
    filled = sum(int((rat.neural != 0).sum()) for rat in rats)
    assert share_of_non_zeros(rats) == pytest.approx(filled / sum(rat.neural.size for rat in rats))
