"""Baselines without an encoder: what they may know, and that they find what is there."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from napari_unison import Session, load_sessions, split_sessions
from napari_unison.analysis.baselines.activity_windows import smoothed_activity, window_of, window_sums
from napari_unison.analysis.baselines.bayesian import BayesianPlaceDecoder
from napari_unison.analysis.baselines.own_activity import (
    PrincipalComponents,
    SmoothedNeighbours,
    SupervisedNetwork,
)
from napari_unison.sessions import sample_sessions, segment_laps

METHODS = (
    BayesianPlaceDecoder(),
    SmoothedNeighbours(),
    PrincipalComponents(n_components=(5, 10)),
    PrincipalComponents(decoder="linear", n_components=(10,)),
    SupervisedNetwork(),
)
METHOD_IDS = [method.name for method in METHODS]


@pytest.fixture(scope="module")
def parts() -> tuple[Session, Session]:
    """Two thirds and the last third of 30 s of a simulated rat, in laps."""
    train, test = split_sessions([segment_laps(sample_sessions("linear-track")[0][:1200])], 2 / 3)
    return train[0], test[0]


def predictions(method, train, test, seed=0):
    return {one.label: one for one in method.predict([train], [test], seed)}


@pytest.mark.parametrize("method", METHODS, ids=METHOD_IDS)
def test_a_simulated_rat_is_decoded_better_than_by_guessing(method, parts):
    train, test = parts
    found = predictions(method, train, test)
    guess = np.abs(test.labels["position"] - np.median(train.labels["position"]))
    assert np.median(found["position"].errors()) < 0.6 * np.median(guess)
    assert found["direction"].errors().mean() < 0.35
    assert set(np.unique(found["position"].lap)) == set(np.unique(test.segment))


@pytest.mark.parametrize("method", METHODS, ids=METHOD_IDS)
def test_labels_of_the_test_part_change_nothing(method, parts):
    train, test = parts
    random = np.random.default_rng(0)
    poisoned = test.replace(
        labels={
            "position": random.uniform(-5, 5, test.n_bins),
            "direction": random.permutation(test.labels["direction"]),
        }
    )
    clean, other = predictions(method, train, test), predictions(method, train, poisoned)
    for label in clean:
        np.testing.assert_array_equal(clean[label].predicted, other[label].predicted)
    assert not method.uses_labels_of_test


@pytest.mark.parametrize("method", METHODS, ids=METHOD_IDS)
def test_nothing_of_a_lap_is_known_in_the_lap_before(method, parts):
    train, test = parts
    laps = test.segment_slices()
    tampered = np.array(test.neural)
    tampered[laps[1]] = 7
    clean = predictions(method, train, test)["position"].predicted
    other = predictions(method, train, test.replace(neural=tampered))["position"].predicted
    np.testing.assert_array_equal(other[laps[0]], clean[laps[0]])
    assert (other[laps[1]] != clean[laps[1]]).any()


@pytest.mark.parametrize("method", METHODS, ids=METHOD_IDS)
def test_the_same_seed_gives_the_same_predictions(method, parts):
    once, again = (predictions(method, *parts, seed=2) for _ in range(2))
    np.testing.assert_array_equal(once["position"].predicted, again["position"].predicted)


@pytest.mark.parametrize("method", METHODS, ids=METHOD_IDS)
def test_sparse_and_dense_activity_say_the_same(method, parts):
    dense = predictions(method, *parts)
    found = predictions(method, *(part.replace(neural=sparse.csr_array(part.neural)) for part in parts))
    np.testing.assert_allclose(found["position"].predicted, dense["position"].predicted, atol=1e-6)
    np.testing.assert_array_equal(found["direction"].predicted, dense["direction"].predicted)


def test_only_methods_that_draw_say_so():
    assert [method.is_random for method in METHODS] == [False, False, False, False, True]
    assert PrincipalComponents(decoder="mlp").is_random


def test_settings_tell_methods_apart():
    settings = [*METHODS, SmoothedNeighbours(0.5), SmoothedNeighbours(n_neighbors=36)]
    assert len({method.settings for method in settings}) == len(settings)
    assert "0.5" in SmoothedNeighbours(0.5).settings
    assert SmoothedNeighbours(0.5).name == "nearest neighbours on smoothed activity (500 ms)"


def test_fluorescence_is_taken_by_all_but_the_bayesian(parts):
    train, test = (part.replace(neural=np.asarray(part.neural) - 0.05) for part in parts)
    for method in METHODS[1:]:
        assert np.isfinite(predictions(method, train, test)["position"].predicted).all()


def test_windows_lie_as_the_encoders_do_and_end_with_their_lap():
    neural = np.arange(12.0)[:, None]
    segment = np.repeat([0, 1], 6)
    session = Session("rat", neural, {"position": np.arange(12.0)}, 0.025, segment=segment)
    assert window_of(0.25, 0.025) == (5, 5)
    assert window_of(0.125, 0.025) == (2, 3)
    assert window_of(0.001, 0.025) == (0, 1)
    sums, n_bins = window_sums(session, 2, 3)
    inside = [slice(max(6 * (t // 6), t - 2), min(6 * (t // 6) + 6, t + 3)) for t in range(12)]
    np.testing.assert_array_equal(sums[:, 0], [neural[part].sum() for part in inside])
    np.testing.assert_array_equal(n_bins, [part.stop - part.start for part in inside])
    np.testing.assert_allclose(smoothed_activity(session, 0.125)[:, 0], sums[:, 0] / n_bins)
    with pytest.raises(ValueError, match=r"window is -1 s long"):
        SmoothedNeighbours(-1)


def test_sessions_without_their_training_part_are_refused(parts):
    train, test = parts
    with pytest.raises(ValueError, match=r"'other' is to be decoded, but the training part holds 'rat 1'"):
        SmoothedNeighbours().predict([train], [test.replace(name="other")], 0)
    fewer = test.replace(neural=np.asarray(test.neural)[:, :5])
    with pytest.raises(ValueError, match="5 neurons"):
        BayesianPlaceDecoder().predict([train], [fewer], 0)


def test_a_label_unknown_in_training_is_named_with_its_session(parts):
    train, test = parts
    half = train.n_bins // 2
    position = np.where(np.arange(train.n_bins) < half, np.nan, train.labels["position"])
    unknown = train.replace(labels=dict(train.labels) | {"position": position})[:half]
    for method in METHODS:
        with pytest.raises(ValueError, match=r"session 'rat 1'.*label 'position' is unknown in all"):
            method.predict([unknown], [test], 0)


REFERENCE = {"achilles": (0.923, 0.059), "buddy": (0.673, 0.136)}  # position R², median error (m)


@pytest.mark.realdata
@pytest.mark.parametrize("rat", REFERENCE)
def test_neighbours_on_counts_of_real_rats_score_as_the_reference(rat, real_rats):
    train, test = split_sessions(load_sessions([real_rats / f"{rat}.jl.gz"]))
    position, _ = SmoothedNeighbours(n_neighbors=36, metric="cosine").predict(train, test, 0)
    r2, metres = REFERENCE[rat]
    spread = np.sum((position.truth - position.truth.mean()) ** 2)
    assert 1 - np.sum(position.errors() ** 2) / spread == pytest.approx(r2, abs=0.01)
    assert np.median(position.errors()) == pytest.approx(metres, abs=0.003)
