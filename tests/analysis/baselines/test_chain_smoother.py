"""Smoothing along a chain, against all of its paths."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest

from napari_unison.analysis.baselines.chain_smoother import smoothed_posterior


def over_all_paths(log_likelihood: np.ndarray, transitions: np.ndarray) -> np.ndarray:
    """Add up the probability of every path, by the state that it is in."""
    n_bins, n_states = log_likelihood.shape
    posterior = np.zeros((n_bins, n_states))
    for path in product(range(n_states), repeat=n_bins):
        probability = np.exp(sum(log_likelihood[t, state] for t, state in enumerate(path)))
        for before, after in pairwise(path):
            probability *= transitions[before, after]
        for t, state in enumerate(path):
            posterior[t, state] += probability
    return posterior / posterior.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("n_bins", [1, 2, 6])
def test_the_posterior_is_the_sum_over_all_paths(n_bins):
    random = np.random.default_rng(0)
    transitions = random.dirichlet(np.ones(3), size=3)
    log_likelihood = random.normal(scale=2, size=(n_bins, 3))
    found = smoothed_posterior(log_likelihood, transitions)
    np.testing.assert_allclose(found, over_all_paths(log_likelihood, transitions), rtol=1e-12)


def test_what_comes_later_counts_as_much_as_what_came_before():
    random = np.random.default_rng(1)
    symmetric = np.array([[0.8, 0.15, 0.05], [0.15, 0.7, 0.15], [0.05, 0.15, 0.8]])
    log_likelihood = random.normal(scale=3, size=(50, 3))
    forwards = smoothed_posterior(log_likelihood, symmetric)
    backwards = smoothed_posterior(log_likelihood[::-1], symmetric)
    np.testing.assert_allclose(forwards, backwards[::-1], rtol=1e-9)


def test_without_a_tie_between_bins_each_is_judged_by_itself():
    log_likelihood = np.random.default_rng(2).normal(size=(20, 4))
    alone = np.exp(log_likelihood)
    found = smoothed_posterior(log_likelihood, np.full((4, 4), 0.25))
    np.testing.assert_allclose(found, alone / alone.sum(axis=1, keepdims=True), rtol=1e-12)


def test_bins_that_contradict_each_other_leave_numbers_finite():
    certain = np.where(np.eye(2)[np.arange(3000) % 2] > 0, 0.0, -1e5) - 1e6
    transitions = np.array([[1 - 1e-6, 1e-6], [1e-6, 1 - 1e-6]])
    found = smoothed_posterior(certain, transitions)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    np.testing.assert_array_equal(found.argmax(axis=1), np.arange(3000) % 2)
