"""The state-space decoder: what time adds, where it stops, and what it must not see."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unison import Session, split_sessions
from napari_unison.analysis import (
    BayesianPlaceDecoder,
    BayesianStateSpaceDecoder,
    Prediction,
    lap_folds,
    with_laps,
)
from napari_unison.analysis.baselines.state_space import FittedStateSpaceDecoder
from napari_unison.sessions import simulate_recordings

LAP = 60
WIDTH = 0.025
PLAIN = BayesianStateSpaceDecoder(position_bins=30, power=(1.0,), smoothing=(1.0,), least_rate=(0.1,))


def runner(n_laps: int, *, start: float = 0.0, seed: int = 0, peak: float = 12.0) -> Session:
    """Run to and fro without a pause; few spikes (peak rate in Hz), other neurons in either direction."""
    bins = np.arange(n_laps * LAP)
    right = (bins // LAP) % 2 == 0
    share = (bins % LAP + 0.5) / LAP
    position = np.where(right, share, 1 - share)
    fields = np.exp(-0.5 * ((position[:, None] - np.linspace(0, 1, 10)) / 0.08) ** 2)
    rates = peak * np.concatenate([fields * right[:, None], fields * ~right[:, None]], axis=1)
    counts = np.random.default_rng(seed).poisson(WIDTH * rates)
    labels = {"position": position, "direction": np.where(right, "right", "left")}
    return Session("rat", counts, labels, WIDTH, start=start, units={"position": "m"}, segment=bins // LAP)


def hidden(session: Session) -> Session:
    """Return a session whose only borders are gaps in time."""
    return session.replace(segment=np.zeros(session.n_bins, dtype=int))


def mean_errors(predictions: list[Prediction]) -> dict[str, float]:
    return {one.label: float(one.errors().mean()) for one in predictions}


@pytest.fixture(scope="module")
def fitted() -> FittedStateSpaceDecoder:
    return PLAIN.fit(runner(40))


def test_simulated_rats_are_decoded_better_than_without_memory():
    (recording,) = simulate_recordings(0, ("rat 2",))
    (rat,) = with_laps([recording.session[:5000]])
    fold = lap_folds([rat], 3, guard=10, test_segments="hidden")[1]
    found = mean_errors(BayesianStateSpaceDecoder().predict(fold.train, fold.test, seed=0))
    for window_s in (0.025, 0.25):
        memoryless = mean_errors(BayesianPlaceDecoder(window_s).predict(fold.train, fold.test, seed=0))
        assert found["position"] < 0.9 * memoryless["position"]
        assert found["direction"] <= memoryless["direction"]


def test_directions_flip_at_borders_of_laps_that_are_not_shown(fitted):
    test = hidden(runner(6, start=100, seed=1))
    assert len(test.segment_slices()) == 1
    predicted = fitted.predict(test)
    assert (predicted["direction"][:, 0] != test.labels["direction"]).mean() < 0.03
    assert np.abs(predicted["position"][:, 0] - test.labels["position"]).mean() < 0.04


def test_bins_before_and_after_both_tell(fitted):
    session = hidden(runner(2, start=100, seed=2))
    silent = np.array(session.neural)
    silent[20:40] = 0
    predicted = fitted.predict(session.replace(neural=silent))["position"][:, 0]
    inside = np.arange(20, 40)
    assert np.abs(predicted - session.labels["position"])[inside].max() < 0.15
    for side in (slice(None, 40), slice(20, None)):
        alone = fitted.predict(session.replace(neural=silent)[side])["position"][:, 0]
        of_both = predicted[side]
        assert np.abs(alone - of_both).max() > 0.02


def test_nothing_passes_a_gap_in_time(fitted):
    session = runner(4, start=100, seed=3)
    kept = np.ones(session.n_bins, dtype=bool)
    kept[100:110] = False
    with_gap = hidden(session[kept])
    assert len(with_gap.segment_slices()) == 2
    together = fitted.posterior(with_gap)
    apart = np.concatenate([fitted.posterior(hidden(part)) for part in (session[:100], session[110:])])
    np.testing.assert_allclose(together, apart, atol=1e-12)
    # without the gap the same bins are judged otherwise
    whole = fitted.posterior(hidden(session))[kept]
    assert np.abs(whole - apart)[98:102].max() > 0.01


def test_laps_out_of_a_training_part_leave_no_movement_across_the_hole():
    session = runner(8)
    # what is left ends at the far end, and begins again at the near one
    kept = np.isin(np.arange(session.n_bins) // LAP, (0, 2, 4, 6))
    transitions = PLAIN.fit(session[kept]).transitions
    assert transitions[-1, 0] < 1e-4


def test_labels_of_the_test_part_change_nothing():
    train, test = runner(10), hidden(runner(4, start=100, seed=1))
    random = np.random.default_rng(0)
    poisoned = test.replace(
        labels={
            "position": random.uniform(-9, 9, test.n_bins),
            "direction": random.permutation(test.labels["direction"]),
        }
    )
    decoder = BayesianStateSpaceDecoder()
    for clean, other in zip(
        decoder.predict([train], [test], 0), decoder.predict([train], [poisoned], 0), strict=True
    ):
        np.testing.assert_array_equal(clean.predicted, other.predicted)
    assert not decoder.uses_labels_of_test


def test_angles_are_read_around_the_circle():
    random = np.random.default_rng(0)
    heading = np.angle(np.exp(1j * np.cumsum(0.1 * random.normal(size=4000))))
    centres = np.linspace(-np.pi, np.pi, 12, endpoint=False)
    expected = 0.6 * np.exp(4 * (np.cos(heading[:, None] - centres) - 1))
    session = Session(
        "mouse", random.poisson(expected), {"heading": heading}, WIDTH, kinds={"heading": "circular"}
    )
    train, test = split_sessions([session])
    (prediction,) = BayesianStateSpaceDecoder().predict(train, test, seed=0)
    (memoryless,) = BayesianPlaceDecoder(WIDTH).predict(train, test, seed=0)
    assert prediction.errors().mean() < 0.6 * memoryless.errors().mean()
    # near the seam too, where a mean of numbers would say 0
    at_seam = np.abs(prediction.truth[:, 0]) > 2.8
    assert at_seam.any()
    assert np.median(prediction.errors()[at_seam]) < 0.3


def test_categories_alone_are_read():
    bins = np.arange(2400)
    odour = np.array(["apple", "banana", "cherry"])[(bins // 40) % 3]
    rates = np.stack([0.3 * (odour == name) + 0.1 for name in ("apple", "banana", "cherry")], axis=1)
    counts = np.random.default_rng(0).poisson(rates)
    session = Session("mouse", counts, {"odour": odour}, WIDTH, segment=bins // 40)
    train, (test,) = split_sessions([session])
    (prediction,) = BayesianStateSpaceDecoder().predict(train, [hidden(test)], seed=0)
    (memoryless,) = BayesianPlaceDecoder(WIDTH).predict(train, [hidden(test)], seed=0)
    assert prediction.errors().mean() < 0.3 * memoryless.errors().mean()
    assert prediction.predicted.dtype == odour.dtype


def test_evidence_that_is_counted_twice_is_raised_to_a_power_below_one():
    bursts = {"train": runner(30), "test": runner(10, start=100, seed=1)}
    # neurons in twelve copies are no independent evidence
    copied = {name: one.replace(neural=np.tile(one.neural, (1, 12))) for name, one in bursts.items()}
    decoder = BayesianStateSpaceDecoder(position_bins=30, smoothing=(1.0,), least_rate=(0.1,))
    assert decoder.fit(copied["train"]).chosen["power"] <= 0.25
    chosen = mean_errors(decoder.predict([copied["train"]], [hidden(copied["test"])], 0))
    always_one = mean_errors(PLAIN.predict([copied["train"]], [hidden(copied["test"])], 0))
    assert chosen["position"] < always_one["position"]


def test_bins_without_a_place_are_left_out():
    train, test = runner(40), hidden(runner(6, start=100, seed=1))
    unknown = np.arange(train.n_bins) % 7 == 0
    labels = dict(train.labels) | {"position": np.where(unknown, np.nan, train.labels["position"])}
    with_holes = mean_errors(BayesianStateSpaceDecoder().predict([train.replace(labels=labels)], [test], 0))
    assert with_holes["position"] < 0.05
    assert with_holes["direction"] < 0.05


def test_what_it_cannot_take_is_refused():
    session = runner(4)
    fluorescence = session.replace(neural=session.neural - 0.1)
    with pytest.raises(ValueError, match=r"session 'rat' has activity below 0, as ΔF/F.*SmoothedNeighbours"):
        PLAIN.predict([session], [fluorescence], seed=0)
    plane = session.replace(labels={"xy": np.zeros((session.n_bins, 2))})
    with pytest.raises(ValueError, match=r"label 'xy' has 2 columns"):
        PLAIN.fit(plane)
    with pytest.raises(ValueError, match="power is"):
        BayesianStateSpaceDecoder(power=(2.0,))
    with pytest.raises(ValueError, match="power is"):
        BayesianStateSpaceDecoder(power=())
