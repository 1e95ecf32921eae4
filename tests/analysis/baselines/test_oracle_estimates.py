from __future__ import annotations

import numpy as np
import pytest

from napari_unison.analysis.baselines.oracle_estimates import best_places, expected_median_error

EDGES = np.linspace(0, 1, 41)


@pytest.fixture
def skewed() -> np.ndarray:
    """Posteriors with a high peak on one side and a broad hill on the other."""
    centres = (EDGES[1:] + EDGES[:-1]) / 2
    peaks = np.random.default_rng(0).uniform(0.1, 0.3, (200, 1))
    density = 3 * np.exp(-0.5 * ((centres - peaks) / 0.03) ** 2) + np.exp(
        -0.5 * ((centres - 0.7) / 0.15) ** 2
    )
    return density / density.sum(axis=1, keepdims=True)


def drawn(probability: np.ndarray) -> np.ndarray:
    """Draw 500 places from each posterior."""
    random = np.random.default_rng(1)
    cells = np.stack([random.choice(40, size=500, p=row) for row in probability])
    return (cells + random.uniform(size=cells.shape)) / 40


LOSSES = {
    "median_error": lambda errors: np.median(np.abs(errors)),
    "mean_error": lambda errors: np.mean(np.abs(errors)),
    "r2": lambda errors: np.mean(errors**2),
}


@pytest.mark.parametrize("best_for", LOSSES)
def test_each_estimate_is_best_for_its_measure(skewed, best_for) -> None:
    truth = drawn(skewed)
    lost = {other: LOSSES[best_for](truth - best_places(skewed, EDGES, other)[:, None]) for other in LOSSES}
    assert min(lost, key=lost.get) == best_for
    # nor is it better anywhere near
    for shift in (-0.02, 0.02):
        moved = best_places(skewed, EDGES, best_for)[:, None] + shift
        assert LOSSES[best_for](truth - moved) > lost[best_for]


def test_the_median_error_is_foretold(skewed) -> None:
    found = np.median(np.abs(drawn(skewed) - best_places(skewed, EDGES, "median_error")[:, None]))
    assert expected_median_error(skewed, EDGES) == pytest.approx(found, rel=0.03)


def test_certainty_errs_by_less_than_a_cell() -> None:
    certain = np.eye(40)
    for best_for in LOSSES:
        np.testing.assert_allclose(best_places(certain, EDGES, best_for), (np.arange(40) + 0.5) / 40)
    assert expected_median_error(certain, EDGES) <= 1 / 80
