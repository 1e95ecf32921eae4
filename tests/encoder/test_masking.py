import numpy as np
import pytest

from napari_unison.encoder.config import EncoderConfig
from napari_unison.encoder.masking import InputShape, Masker, warn_of_masks_without_effect

SHAPE = InputShape(n_samples=4000, n_steps=10, neurons=(20, 5, 15))


def draw(masks, seed=0, shape=SHAPE):
    return Masker(EncoderConfig(masks=masks).masks).draw(shape, np.random.default_rng(seed))


def test_no_masks_mask_nothing():
    mask = draw({})
    assert mask.neurons is None
    assert mask.steps is None


def test_neurons_are_masked_for_all_steps_each_by_itself():
    kept = draw({"RandomNeuronMask": 0.7}).neurons.kept(SHAPE)
    assert kept.shape == (4000, 40)
    assert kept.mean() == pytest.approx(0.3, abs=0.01)
    assert np.corrcoef(kept[:, 0], kept[:, 1])[0, 1] == pytest.approx(0, abs=0.06)


def test_steps_are_masked_for_all_neurons():
    mask = draw({"RandomTimestepMask": 0.4})
    assert mask.steps.shape == (10, 4000)
    assert mask.steps.mean() == pytest.approx(0.6, abs=0.01)


def test_neuron_blocks_are_contiguous_and_of_one_length():
    masked = ~draw({"NeuronBlockMask": 0.26}).neurons.kept(SHAPE)
    assert (masked.sum(axis=1) == 10).all()
    starts = (np.diff(masked.astype(int), axis=1, prepend=0) == 1).sum(axis=1)
    assert (starts == 1).all()
    assert masked[:, 0].any()
    assert masked[:, -1].any()


def test_time_blocks_are_spans():
    masked = ~draw({"TimeBlockMask": (0.15, 4)}).steps
    assert set(masked.sum(axis=0)) == {1, 2, 3, 4}
    assert ((np.diff(masked.astype(int), axis=0, prepend=0) == 1).sum(axis=0) == 1).all()


def test_whole_sessions_survive_or_fall_together():
    kept = draw({"SessionMask": True}).neurons.kept(SHAPE)
    sessions = np.stack(
        [kept[:, :20], kept[:, 20:25].repeat(4, axis=1), kept[:, 25:].repeat(2, axis=1)[:, :20]]
    )
    assert (sessions == sessions[:, :, :1]).all()
    count = sessions[:, :, 0].sum(axis=0)
    assert count.min() == 1
    # one with probability ½, else uniform in 1 … 3
    np.testing.assert_allclose(
        np.bincount(count, minlength=4)[1:] / 4000, [1 / 2 + 1 / 6, 1 / 6, 1 / 6], atol=0.03
    )


def test_each_draw_takes_one_of_the_masks_and_one_of_its_ratios():
    masker = Masker(EncoderConfig(masks={"RandomNeuronMask": [0.2, 0.8], "RandomTimestepMask": 0.5}).masks)
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(60):
        mask = masker.draw(SHAPE, rng)
        assert (mask.neurons is None) != (mask.steps is None)
        if mask.neurons is not None:
            shares.append(round(float(mask.neurons.kept(SHAPE).mean()), 1))
    assert 15 < len(shares) < 45
    assert set(shares) == {0.2, 0.8}


def test_blocks_too_small_to_mask_anything_are_warned_of():
    masks = EncoderConfig(masks={"TimeBlockMask": (0.05, 3), "NeuronBlockMask": [0.05, 0.5]}).masks
    with pytest.warns(UserWarning, match="masks nothing") as told:
        warn_of_masks_without_effect(masks, n_steps=10, n_neurons=12)
    assert "TimeBlockMask masks nothing: 0.05 of a window of 10 time bins" in str(told[0].message)
    assert "NeuronBlockMask masks nothing at ratio 0.05: that is less than one of 12 neurons" in str(
        told[1].message
    )
    warn_of_masks_without_effect(EncoderConfig().masks, n_steps=10, n_neurons=12)
