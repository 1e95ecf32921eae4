from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unison.analysis.protocol.bootstrap import draw_laps, interval, mean_draws, r_squared_draws
from napari_unison.analysis.protocol.studentised import LapRatios, studentised_interval
from napari_unison.analysis.targets import r_squared

BINS = 10


def laps_with_some_lost(
    n_laps: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return lap, truth and prediction of a decoder that is lost in one lap of six: (n,), (n, 1), (n, 1)."""
    lap = np.repeat(np.arange(n_laps), BINS)
    truth = np.tile(np.linspace(-1, 1, BINS), n_laps)[:, np.newaxis]
    size = np.where(random.random(n_laps) < 1 / 6, 0.9, 0.15)[lap, np.newaxis]
    return lap, truth, truth + size * random.normal(size=truth.shape)


SQUARED_ERROR = 5 / 6 * 0.15**2 + 1 / 6 * 0.9**2
R_SQUARED = 1 - SQUARED_ERROR / np.mean(np.linspace(-1, 1, BINS) ** 2)


def intervals_of_r_squared(n_laps: int, random: np.random.Generator) -> tuple[tuple[float, float], ...]:
    """Return studentised and percentile interval at level 0.9."""
    lap, truth, predicted = laps_with_some_lost(n_laps, random)
    weights = draw_laps(n_laps, 400, random)
    draws = r_squared_draws(truth, predicted, lap, weights)
    ratios = LapRatios.of_bins((truth - predicted)[:, 0] ** 2, truth[:, 0] ** 2, lap, -1.0)
    studentised = studentised_interval(r_squared(truth, predicted), draws, ratios, weights, 0.9)
    return studentised, interval(draws, 0.9, n_units=n_laps)


@pytest.mark.parametrize("n_laps", [15, 40])
def test_intervals_cover_r_squared_where_few_laps_are_lost(n_laps) -> None:
    """Percentile intervals do not: draws of laps that miss the lost ones seem both good and sure."""
    random = np.random.default_rng(0)
    found = np.array([intervals_of_r_squared(n_laps, random) for _ in range(400)])
    is_covered = (found[..., 0] <= R_SQUARED) & (found[..., 1] >= R_SQUARED)
    studentised, percentile = is_covered.mean(axis=0)
    assert studentised >= 0.85
    assert studentised > percentile + 0.04


def test_differences_of_methods_that_share_their_hard_laps_are_covered() -> None:
    random = np.random.default_rng(1)
    covered, widths = 0, []
    for _ in range(300):
        lap = np.repeat(np.arange(20), BINS)
        hardness = random.lognormal(0, 0.6, 20)[lap]
        first = hardness * (1 + 0.3 * random.normal(size=len(lap)))
        second = first - 0.1 + 0.1 * random.normal(size=len(lap))
        weights = draw_laps(20, 300, random)
        parts = [LapRatios.of_bins(errors, np.ones(len(lap)), lap) for errors in (first, second)]
        draws = mean_draws(first - second, lap, weights)
        low, high = studentised_interval(
            float(np.mean(first - second)), draws, parts[0].plus(parts[1], -1.0), weights, 0.9
        )
        covered += low <= 0.1 <= high
        widths.append(high - low)
    assert 0.85 <= covered / 300 <= 0.96
    assert np.median(widths) < 0.05  # of one method alone, it would be about ten times as wide


@given(lengths=st.lists(st.integers(1, 9), min_size=6, max_size=12), seed=st.integers(0, 50))
def test_standard_errors_are_those_of_weighing_each_lap_a_little_more(lengths, seed) -> None:
    """The infinitesimal jackknife, taken here by a small step in each lap's weight."""
    random = np.random.default_rng(seed)
    lap = np.repeat(np.arange(len(lengths)), lengths)
    values = 1 + 1e-3 * random.normal(size=len(lap))
    ratios = LapRatios.of_bins(values, np.ones(len(lap)), lap)
    sums, counts = np.bincount(lap, weights=values), np.bincount(lap)
    step = 1e-4
    mean = sums.sum() / counts.sum()
    slopes = [
        ((sums.sum() + step * sums[k]) / (counts.sum() + step * counts[k]) - mean) / step
        for k in range(len(lengths))
    ]
    found = ratios.standard_errors(np.ones((1, len(lengths))))[0]
    assert found == pytest.approx(np.sqrt(np.sum(np.square(slopes))), rel=1e-2, abs=1e-9)


def test_seeds_count_by_their_mean() -> None:
    random = np.random.default_rng(2)
    lap = np.repeat(np.arange(8), 5)
    values = random.random((2, 40))
    ones = np.ones(40)
    both = [LapRatios.of_bins(of_seed, ones, lap, 0.5) for of_seed in values]
    weights = draw_laps(8, 20, random)
    np.testing.assert_allclose(
        both[0].plus(both[1]).standard_errors(weights),
        LapRatios.of_bins(values.mean(axis=0), ones, lap).standard_errors(weights),
    )
    np.testing.assert_allclose(
        both[0].times(-2).standard_errors(weights), 2 * both[0].standard_errors(weights)
    )


def test_where_draws_have_no_error_the_widened_percentile_interval_stands() -> None:
    random = np.random.default_rng(3)
    for n_laps, wrong_laps in ((5, 5), (20, 2)):
        lap = np.repeat(np.arange(n_laps), BINS)
        values = (lap < wrong_laps) * random.random(len(lap))
        weights = draw_laps(n_laps, 500, random)
        draws = mean_draws(values, lap, weights)
        ratios = LapRatios.of_bins(values, np.ones(len(lap)), lap)
        found = studentised_interval(float(values.mean()), draws, ratios, weights, 0.9)
        assert found == interval(draws, 0.9, n_units=n_laps)


def test_laps_that_are_all_alike_leave_no_doubt() -> None:
    lap = np.repeat(np.arange(10), BINS)
    weights = draw_laps(10, 100, np.random.default_rng(0))
    values = np.full(len(lap), 0.3)
    ratios = LapRatios.of_bins(values, np.ones(len(lap)), lap)
    low, high = studentised_interval(0.3, mean_draws(values, lap, weights), ratios, weights, 0.9)
    assert (low, high) == (pytest.approx(0.3), pytest.approx(0.3))
