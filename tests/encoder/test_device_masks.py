"""Masks of a device have the laws of the host's."""

import numpy as np
import pytest
import torch

from napari_unison.encoder.config import EncoderConfig
from napari_unison.encoder.device_masks import DeviceMasker
from napari_unison.encoder.masking import InputShape, Masker

SHAPE = InputShape(n_samples=4000, n_steps=10, neurons=(20, 5, 15))


def draw(masks, seed=0):
    """Return what survives, (B, ΣN) and (W, B) of bool, of a device's mask and of a host's."""
    masks = EncoderConfig(masks=masks).masks
    generator = torch.Generator().manual_seed(seed)
    mask = DeviceMasker(masks, torch.device("cpu")).draw(SHAPE, np.random.default_rng(seed), generator)
    neurons, steps = np.ones((4000, 40), dtype=bool), np.ones((10, 4000), dtype=bool)
    if mask.neurons is not None:
        neurons = torch.cat(list(mask.neurons), dim=1).numpy()
    if mask.sessions is not None:
        neurons = np.repeat(mask.sessions.numpy().T, SHAPE.neurons, axis=1)
    if mask.steps is not None:
        steps = mask.steps.numpy()
    expected = Masker(masks).draw(SHAPE, np.random.default_rng(seed))
    of_host = (
        np.ones_like(neurons) if expected.neurons is None else expected.neurons.kept(SHAPE),
        np.ones_like(steps) if expected.steps is None else expected.steps,
    )
    return (neurons, steps), of_host


@pytest.mark.parametrize(
    "masks",
    [
        {},
        {"RandomNeuronMask": 0.7},
        {"RandomTimestepMask": 0.4},
        {"NeuronBlockMask": 0.26},
        {"TimeBlockMask": (0.25, 3)},
        {"TimeBlockMask": (0.15, 40)},
        {"SessionMask": True},
    ],
)
def test_as_much_survives_and_together_as_on_the_host(masks):
    for found, expected in zip(*draw(masks), strict=True):
        # how often each neuron or step survives, how much of a sample does, and which survive together
        ours, theirs = (kept if len(kept) == SHAPE.n_samples else kept.T for kept in (found, expected))
        assert ours.mean() == pytest.approx(theirs.mean(), abs=0.01)
        np.testing.assert_allclose(ours.mean(axis=0), theirs.mean(axis=0), atol=0.04)
        assert ours.sum(axis=1).std() == pytest.approx(theirs.sum(axis=1).std(), rel=0.1, abs=1e-9)
        together = [kept.T.astype(float) @ kept / 4000 for kept in (ours, theirs)]
        np.testing.assert_allclose(*together, atol=0.04)


def test_blocks_are_contiguous_and_of_one_length():
    masked = ~draw({"NeuronBlockMask": 0.26})[0][0]
    assert (masked.sum(axis=1) == 10).all()
    assert ((np.diff(masked.astype(int), axis=1, prepend=0) == 1).sum(axis=1) == 1).all()
    masked = ~draw({"TimeBlockMask": (0.15, 4)})[0][1]
    assert set(masked.sum(axis=0)) == {1, 2, 3, 4}


def test_one_session_survives_in_half_of_the_samples_or_more():
    kept = draw({"SessionMask": True})[0][0][:, [0, 20, 39]].sum(axis=1)
    shares = np.bincount(kept, minlength=4)[1:] / 4000
    np.testing.assert_allclose(shares, [1 / 2 + 1 / 6, 1 / 6, 1 / 6], atol=0.03)


def test_each_draw_takes_one_of_the_masks_and_one_of_its_ratios():
    shares = []
    for seed in range(60):
        (neurons, steps), _ = draw({"RandomNeuronMask": [0.2, 0.8], "RandomTimestepMask": 0.5}, seed)
        assert neurons.all() != steps.all()
        if not neurons.all():
            shares.append(round(float(neurons.mean()), 1))
    assert 15 < len(shares) < 45
    assert set(shares) == {0.2, 0.8}
