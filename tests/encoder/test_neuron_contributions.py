from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError

from napari_unison import UnifiedEncoder
from napari_unison.encoder import neuron_contributions
from napari_unison.encoder.neuron_contributions import gradient_times_input, latents_without_each_neuron


@pytest.fixture(scope="module", params=["offset5-model", "offset10-model-mse"])
def encoder(request, small_sessions):
    sessions = [session[:300] for session in small_sessions]
    return UnifiedEncoder(
        request.param, 64, 3, num_hidden_units=8, max_iterations=5, random_state=0, verbose=False
    ).fit(sessions)


@pytest.fixture(params=["together", "one by one"])
def grouped(request, monkeypatch):
    if request.param == "one by one":
        monkeypatch.setattr(neuron_contributions, "_GROUP_NUMBERS", 1)


@pytest.fixture
def session(encoder):
    """Two laps of the second session, so that windows end at a border."""
    whole = encoder.training_sessions_[1]
    return whole.replace(segment=np.repeat([0, 1], [90, 210]))


def _without(session, neuron):
    neural = np.array(session.neural)
    neural[:, neuron] = 0
    return session.replace(neural=neural)


def test_leaving_a_neuron_out_is_embedding_without_it(encoder, session, grouped) -> None:
    bins = np.arange(0, 300, 3)
    whole = encoder.transform([session])[0][bins]
    found = list(latents_without_each_neuron(encoder, session, bins))
    assert len(found) == session.n_neurons
    for neuron in np.argsort(-session.rate())[:5]:
        places, latents = found[neuron]
        expected = encoder.transform([_without(session, neuron)])[0][bins]
        np.testing.assert_allclose(latents, expected[places], atol=1e-5)
        others = np.setdiff1d(np.arange(len(bins)), places)
        np.testing.assert_allclose(whole[others], expected[others], atol=1e-6)


def test_a_silent_neuron_changes_nothing(encoder, session) -> None:
    places, latents = next(latents_without_each_neuron(encoder, _without(session, 0), np.arange(300)))
    assert len(places) == 0
    assert latents.shape == (0, 3)


def test_gradient_is_the_change_by_a_small_share_of_the_activity(encoder, session) -> None:
    neuron = int(np.argmax(session.rate()))
    (bins, contributions), *_ = gradient_times_input(encoder, session, np.arange(300))
    latents = []
    for share in (0.99, 1.01):
        neural = np.array(session.neural, dtype=np.float32)
        neural[:, neuron] *= share
        latents.append(encoder.transform([session.replace(neural=neural)])[0])
    slope = (latents[1] - latents[0]) / 0.02
    np.testing.assert_allclose(contributions[:, neuron], slope[bins], atol=2e-4)


def test_a_readout_weighs_the_latents(encoder, session) -> None:
    weights = np.array([[1.0, 0.0], [2.0, -1.0], [0.5, 3.0]])
    of_latents = next(gradient_times_input(encoder, session, np.arange(50)))[1]
    of_readout = next(gradient_times_input(encoder, session, np.arange(50), weights))[1]
    np.testing.assert_allclose(of_readout, of_latents @ weights, atol=1e-5)


def test_sparse_activity_gives_the_same(encoder, session) -> None:
    thin = session.replace(neural=sparse.csr_array(session.neural))
    bins = np.arange(0, 200, 7)
    for dense, found in zip(
        latents_without_each_neuron(encoder, session, bins),
        latents_without_each_neuron(encoder, thin, bins),
        strict=True,
    ):
        np.testing.assert_array_equal(dense[0], found[0])
        np.testing.assert_allclose(dense[1], found[1], atol=1e-6)
    dense, found = (next(gradient_times_input(encoder, each, bins))[1] for each in (session, thin))
    np.testing.assert_allclose(dense, found, atol=1e-6)


def test_training_can_go_on_as_if_nothing_had_been_asked(encoder, session) -> None:
    parameters = list(encoder._state.network.parameters())
    before = [None if each.grad is None else each.grad.clone() for each in parameters]
    list(gradient_times_input(encoder, session, np.arange(10)))
    for each, gradient in zip(parameters, before, strict=True):
        assert (each.grad is None) == (gradient is None)
        assert gradient is None or each.grad.equal(gradient)


def test_an_encoder_has_to_be_fitted(session) -> None:
    with pytest.raises(NotFittedError):
        next(gradient_times_input(UnifiedEncoder(), session, np.arange(5)))
