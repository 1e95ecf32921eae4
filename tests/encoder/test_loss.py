import math

import numpy as np
import pytest
import torch

from napari_unison.encoder.loss import InfoNCE, goodness_of_fit


def plain_loss(ref, pos, neg, beta, distance):
    """The formula, written down once more with autograd."""

    def similarity(a, b):
        return -((a - b) ** 2).sum(-1) if distance == "euclidean" else (a * b).sum(-1)

    matched = similarity(ref, pos) * beta
    others = similarity(ref[:, None], neg[None]) * beta
    return -matched.mean() + torch.logsumexp(others, 1).mean()


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_loss_and_gradients_are_those_of_the_formula(distance, monkeypatch):
    monkeypatch.setattr("napari_unison.encoder.loss._CHUNK_ELEMENTS", 64)
    generator = torch.Generator().manual_seed(0)
    batch = [torch.randn(33, 4, generator=generator, dtype=torch.float64) for _ in range(3)]
    ours = [values.clone().requires_grad_() for values in batch]
    theirs = [values.clone().requires_grad_() for values in batch]
    criterion = InfoNCE(distance, 0.6, learn_temperature=True).double()
    log_beta = torch.tensor(-math.log(0.6), dtype=torch.float64, requires_grad=True)
    loss = criterion(*ours)
    expected = plain_loss(*theirs, log_beta.exp(), distance)
    torch.testing.assert_close(loss, expected, rtol=1e-6, atol=1e-6)
    loss.backward()
    expected.backward()
    for mine, reference in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine.grad, reference.grad, rtol=1e-6, atol=1e-8)
    torch.testing.assert_close(criterion.log_inverse_temperature.grad, log_beta.grad, rtol=1e-5, atol=1e-7)


def test_large_similarities_do_not_overflow():
    ref = torch.full((4, 2), 100.0)
    assert torch.isfinite(InfoNCE("cosine", 0.01)(ref, ref, ref))


def test_the_temperature_is_learned_only_where_asked_and_never_below_its_minimum():
    assert list(InfoNCE(temperature=0.5).parameters()) == []
    learned = InfoNCE(temperature=0.5, learn_temperature=True, min_temperature=0.4)
    assert learned.temperature == pytest.approx(0.5)
    with torch.no_grad():
        learned.log_inverse_temperature.fill_(5.0)
    assert learned.temperature == pytest.approx(0.4)


def test_an_encoder_that_knows_nothing_has_a_goodness_of_fit_of_zero_bits():
    assert goodness_of_fit(math.log(512), 512) == pytest.approx(0)
    np.testing.assert_allclose(goodness_of_fit(np.array([math.log(512) - math.log(2)]), 512), [1])
