"""Decoders on features that are known functions of the labels."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unison import Session
from napari_unison.analysis.decoders.fitting import DECODER_KINDS, fit_decoder
from napari_unison.analysis.protocol.predictions import Prediction
from napari_unison.analysis.targets import session_targets

LAP = 50


def run(n_laps: int, *, noise: float = 0.05, seed: int = 0) -> tuple[Session, np.ndarray]:
    """Run to and fro; features are position, direction and phase with noise."""
    random = np.random.default_rng(seed)
    bins = np.arange(n_laps * LAP)
    right = (bins // LAP) % 2 == 0
    share = (bins % LAP) / LAP
    position = np.where(right, share, 1 - share)
    phase = 2 * np.pi * ((3 * bins / LAP + 0.1 * (bins // LAP)) % 1)
    session = Session(
        "rat",
        np.zeros((len(bins), 2)),
        {"position": position, "direction": np.where(right, "right", "left"), "phase": phase},
        0.025,
        kinds={"phase": "circular"},
        units={"position": "m"},
        segment=bins // LAP,
    )
    columns = [position, np.where(right, 0.5, -0.5), np.cos(phase), np.sin(phase)]
    features = np.stack(columns, axis=1) + noise * random.normal(size=(len(bins), 4))
    return session, features


@pytest.fixture(scope="module")
def parts():
    session, features = run(16)
    asked, test_features = run(4, seed=1)
    return session, features, asked, test_features


@pytest.mark.parametrize("kind", DECODER_KINDS)
def test_labels_of_every_kind_come_back(kind, parts):
    session, features, asked, test_features = parts
    decoder = fit_decoder(kind, features, session_targets(session), session.segment, seed=0)
    predicted = decoder.predict(test_features)
    errors = {name: Prediction.of(asked, name, values).errors().mean() for name, values in predicted.items()}
    assert errors["position"] < 0.08
    assert errors["direction"] < 0.02
    assert errors["phase"] < 0.15
    assert predicted["direction"].dtype == session.labels["direction"].dtype
    assert set(decoder.chosen) == set(session.labels)
    assert 0 < decoder.inner_errors["position"] < 0.08


@pytest.mark.parametrize("kind", DECODER_KINDS)
def test_the_same_seed_gives_the_same_predictions(kind, parts):
    session, features, _, test_features = parts
    targets = session_targets(session)
    twice = [
        fit_decoder(kind, features, targets, session.segment, seed=3).regress(test_features) for _ in range(2)
    ]
    for name in targets:
        np.testing.assert_array_equal(twice[0][name], twice[1][name])


@pytest.mark.parametrize("kind", DECODER_KINDS)
def test_bins_without_a_label_are_left_out_for_that_label_alone(kind, parts):
    session, features, _, test_features = parts
    unknown = np.arange(session.n_bins) % 7 == 0
    labels = dict(session.labels) | {"position": np.where(unknown, np.nan, session.labels["position"])}
    holes = session.replace(labels=labels)
    decoder = fit_decoder(kind, features, session_targets(holes), session.segment, seed=0)
    predicted = decoder.regress(test_features)
    assert all(np.isfinite(values).all() for values in predicted.values())
    # features of bins without the label change nothing
    moved = np.where(unknown[:, None], 100.0, features)
    only = {"position": session_targets(holes)["position"]}
    again = fit_decoder(kind, moved, only, session.segment, seed=0).regress(test_features)
    np.testing.assert_allclose(again["position"], predicted["position"])


@pytest.mark.parametrize("kind", DECODER_KINDS)
def test_one_category_alone_is_always_predicted(kind, parts):
    session, features, _, test_features = parts
    labels = {"direction": np.full(session.n_bins, "right")}
    targets = session_targets(session.replace(labels=labels))
    predicted = fit_decoder(kind, features, targets, session.segment, seed=0).predict(test_features)
    assert set(predicted["direction"][:, 0]) == {"right"}


def test_a_category_of_few_laps_may_be_missing_in_what_is_fitted_on(parts):
    session, features, _, test_features = parts
    direction = np.where(np.arange(session.n_bins) < 2 * LAP, "rest", session.labels["direction"])
    targets = session_targets(session.replace(labels={"direction": direction}))
    predicted = fit_decoder("linear", features, targets, session.segment, seed=0).regress(test_features)
    assert predicted["direction"].shape == (len(test_features), 3)
    np.testing.assert_allclose(predicted["direction"].sum(axis=1), 1)


@pytest.mark.parametrize("kind", DECODER_KINDS)
def test_what_tells_laps_apart_but_not_the_label_promises_nothing(kind):
    # Single bins held out would be found by the fingerprint of their lap, almost without error.
    session, _ = run(40)
    lap = session.segment
    shares = []
    for seed in range(4):  # a single draw has few laps in a block, and some luck
        random = np.random.default_rng(seed)
        trial = random.uniform(size=40)[lap]
        features = random.normal(size=(40, 8))[lap] + 0.01 * random.normal(size=(len(lap), 8))
        targets = session_targets(session.replace(labels={"trial": trial}))
        decoder = fit_decoder(kind, features, targets, lap, seed=0)
        shares.append(decoder.inner_errors["trial"] / np.abs(trial - np.median(trial)).mean())
    assert np.mean(shares) > 0.8


def test_given_hyper_parameters_are_no_choice(parts):
    session, features, _, _ = parts
    decoder = fit_decoder(
        "knn",
        features,
        session_targets(session),
        session.segment,
        seed=0,
        candidates={"n_neighbors": (36,), "metrics": ("cosine",)},
    )
    assert decoder.chosen["phase"] == {"n_neighbors": 36, "metric": "cosine"}


def test_noise_leaves_the_network_little_to_learn_from(parts):
    session, _, _, _ = parts
    random = np.random.default_rng(0)
    noise = random.normal(size=(session.n_bins, 10))
    targets = {"position": session_targets(session)["position"]}
    decoder = fit_decoder("mlp", noise, targets, session.segment, seed=0)
    assert decoder.chosen["position"]["passes"] < 30
    fresh = decoder.predict(random.normal(size=(200, 10)))["position"]
    assert fresh.std() < 0.5 * session.labels["position"].std()


def test_what_cannot_be_decoded_is_refused_in_words(parts):
    session, features, _, _ = parts
    targets = session_targets(session)
    with pytest.raises(ValueError, match="no decoder 'forest'"):
        fit_decoder("forest", features, targets, session.segment, seed=0)
    with pytest.raises(ValueError, match=r"799 rows of features, but position has 800"):
        fit_decoder("knn", features[1:], targets, session.segment, seed=0)
    with pytest.raises(ValueError, match="not finite"):
        fit_decoder("knn", np.full_like(features, np.nan), targets, session.segment, seed=0)
    with pytest.raises(ValueError, match="'linear' has no metrics to choose: give strengths"):
        fit_decoder("linear", features, targets, session.segment, seed=0, candidates={"metrics": ("cosine",)})
    half = session.replace(
        labels={"position": np.where(np.arange(session.n_bins) < 400, np.nan, session.labels["position"])}
    )
    with pytest.raises(ValueError, match=r"label 'position' is unknown in all 400 training bins"):
        fit_decoder("knn", features[:400], session_targets(half[:400]), session.segment[:400], seed=0)
