import numpy as np
import pytest

from napari_unison.encoder.config import EncoderConfig
from napari_unison.encoder.cpu.masks import BatchMasks, fill_kept
from napari_unison.encoder.masking import InputShape, Masker

SHAPE = InputShape(n_samples=50, n_steps=10, neurons=(20, 5, 15))


@pytest.mark.parametrize(
    "masks",
    [
        {},
        {"RandomNeuronMask": [0.3, 0.9]},
        {"RandomTimestepMask": 0.4},
        {"NeuronBlockMask": [0.2, 0.5]},
        {"TimeBlockMask": (0.2, 3)},
        {"SessionMask": True},
        {"RandomNeuronMask": 0.5, "NeuronBlockMask": 0.5, "SessionMask": True},
    ],
    ids=str,
)
def test_the_kernels_see_what_the_masks_say(masks):
    masker = Masker(EncoderConfig(masks=masks).masks)
    rng = np.random.default_rng(0)
    columns = np.array([0, 20, 25, 40])
    for _ in range(5):
        drawn = [masker.draw(SHAPE, rng) for _ in range(3)]
        flat = BatchMasks.of(drawn, SHAPE)
        for role, mask in enumerate(drawn):
            samples = slice(50 * role, 50 * (role + 1))
            expected = np.ones((50, 40), bool) if mask.neurons is None else mask.neurons.kept(SHAPE)
            kept = np.empty((50, 40), dtype=np.uint8)
            for sample in range(50):
                fill_kept(kept[sample], 50 * role + sample, 0, columns, flat)
            np.testing.assert_array_equal(kept, expected)
            steps = np.ones((10, 50)) if mask.steps is None else mask.steps
            np.testing.assert_array_equal(flat.steps[samples].T, steps)


@pytest.mark.parametrize(
    "masks", [{"RandomNeuronMask": 0.4}, {"NeuronBlockMask": 0.5}, {"SessionMask": True}]
)
def test_the_neurons_of_some_sessions_are_masked_as_among_all(masks):
    drawn = [Masker(EncoderConfig(masks=masks).masks).draw(SHAPE, np.random.default_rng(1)) for _ in range(3)]
    flat, columns = BatchMasks.of(drawn, SHAPE), np.array([0, 20, 25, 40])
    for sample in range(150):
        whole, parts = np.empty(40, dtype=np.uint8), np.empty(40, dtype=np.uint8)
        fill_kept(whole, sample, 0, columns, flat)
        fill_kept(parts[:20], sample, 0, columns, flat)
        fill_kept(parts[20:25], sample, 1, columns, flat)
        fill_kept(parts[25:], sample, 2, columns, flat)
        np.testing.assert_array_equal(parts, whole)
