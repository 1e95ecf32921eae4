from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unison.analysis.protocol.bootstrap import (
    draw_laps,
    interval,
    mean_draws,
    median_draws,
    r_squared_draws,
    session_draws,
)
from napari_unison.analysis.targets import r_squared


def laps_of(lengths: list[int], seed: int = 0):
    """Return lap (n,), truth (n, 2) and prediction (n, 2) of laps with these many bins."""
    random = np.random.default_rng(seed)
    lap = np.repeat(np.arange(len(lengths)), lengths)
    truth = 3.0 + random.normal(size=(len(lap), 2))
    return lap, truth, truth + random.normal(size=truth.shape)


def drawn_bins(lap: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the bins of one draw, one by one."""
    return np.repeat(np.arange(len(lap)), weights[lap].astype(int))


@given(
    lengths=st.lists(st.integers(1, 12), min_size=2, max_size=12),
    seed=st.integers(0, 50),
    ties=st.booleans(),
)
def test_every_draw_is_the_statistic_of_the_bins_drawn(lengths, seed, ties):
    lap, truth, predicted = laps_of(lengths, seed)
    values = np.round(predicted[:, 0]) if ties else predicted[:, 0]
    weights = draw_laps(len(lengths), 6, np.random.default_rng(seed))
    means, medians = mean_draws(values, lap, weights), median_draws(values, lap, weights)
    shares = r_squared_draws(truth, predicted, lap, weights)
    for draw, of_laps in enumerate(weights):
        bins = drawn_bins(lap, of_laps)
        assert means[draw] == pytest.approx(values[bins].mean())
        assert medians[draw] == np.median(values[bins])
        assert shares[draw] == pytest.approx(r_squared(truth[bins], predicted[bins]), nan_ok=True)


def test_medians_of_long_sessions_are_exact_too():
    lap, _, predicted = laps_of([300] * 7)
    values = predicted[:, 0]
    weights = draw_laps(7, 20, np.random.default_rng(1))
    expected = [np.median(values[drawn_bins(lap, of_laps)]) for of_laps in weights]
    np.testing.assert_array_equal(median_draws(values, lap, weights), expected)


def test_truth_that_does_not_vary_has_no_r_squared():
    lap = np.repeat([0, 1], 5)
    weights = draw_laps(2, 3, np.random.default_rng(0))
    assert np.isnan(r_squared_draws(np.full((10, 1), 1.3), np.zeros((10, 1)), lap, weights)).all()


def test_as_many_laps_are_drawn_as_there_are():
    weights = draw_laps(13, 50, np.random.default_rng(0))
    assert (weights.sum(axis=1) == 13).all()
    np.testing.assert_array_equal(weights, draw_laps(13, 50, np.random.default_rng(0)))


@pytest.mark.parametrize("statistic", [mean_draws, median_draws])
@pytest.mark.parametrize("n_laps", [8, 40])
def test_nominal_intervals_cover_the_truth(statistic, n_laps):
    """Bins of a lap share an offset; the score of endless laps is known to be 1."""
    random = np.random.default_rng(3)
    covered = 0
    for _ in range(200):
        lap = np.repeat(np.arange(n_laps), 10)
        values = 1 + random.normal(size=n_laps)[lap] + random.normal(size=len(lap))
        draws = statistic(values, lap, draw_laps(n_laps, 200, random))
        low, high = interval(draws, 0.9, n_units=n_laps)
        covered += low <= 1 <= high
    assert 0.85 <= covered / 200 <= 0.95


def test_intervals_over_sessions_hold_what_differs_between_sessions():
    """Each session's own interval is narrow, yet the sessions differ: only their spread tells of others."""
    random = np.random.default_rng(0)
    banks = [offset + 0.01 * random.normal(size=500) for offset in (0.0, 1.0, 2.0, 3.0, 4.0)]
    low, high = interval(session_draws(banks, random))
    assert low < 1
    assert high > 3
    same = [offset.copy() - offset.mean() for offset in banks]
    low, high = interval(session_draws(same, random))
    assert high - low < 0.05


def test_few_laps_give_wider_intervals_and_one_lap_gives_none():
    draws = np.random.default_rng(0).normal(size=5000)
    widths = [np.diff(interval(draws, 0.9, n_units=number))[0] for number in (5, 20, 1000)]
    assert widths[0] > 1.2 * widths[1]
    assert widths[1] > widths[2] > 0.99 * np.diff(interval(draws, 0.9))[0]
    assert np.isnan(interval(draws, n_units=1)).all()
    assert np.isnan(interval(np.full(4, np.nan))).all()


def test_a_level_is_a_share():
    with pytest.raises(ValueError, match="level is 95: give a share between 0 and 1"):
        interval(np.zeros(3), 95)
