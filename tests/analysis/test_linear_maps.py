from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge, RidgeCV

from napari_unison.analysis.linear_maps import fit_linear_map


def test_a_linear_relation_is_found_exactly() -> None:
    random = np.random.default_rng(0)
    x, weights = random.normal(size=(50, 4)), random.normal(size=(4, 2))
    found = fit_linear_map(x, x @ weights + 3)
    np.testing.assert_allclose(found.weights, weights, atol=1e-5)
    np.testing.assert_allclose(found(x), x @ weights + 3, atol=1e-5)


def test_penalty_and_weights_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(1)
    x = random.normal(size=(40, 12)) + 5
    y = x @ random.normal(size=(12, 3)) + 4 * random.normal(size=(40, 3))
    found = fit_linear_map(x, y)
    largest = np.linalg.svd(x - x.mean(0), compute_uv=False)[0] ** 2
    peer = RidgeCV(alphas=largest * 10.0 ** np.arange(-8, 1)).fit(x, y)
    assert found.penalty * largest == pytest.approx(peer.alpha_)
    np.testing.assert_allclose(found.weights, Ridge(peer.alpha_).fit(x, y).coef_.T, rtol=1e-6)


def test_features_that_do_not_vary_predict_the_mean() -> None:
    found = fit_linear_map(np.full((5, 3), 0.3, dtype=np.float32), np.arange(5.0)[:, None])
    np.testing.assert_allclose(found(np.ones((2, 3))), 2.0)


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 3 rows"):
        fit_linear_map(np.ones((2, 1)), np.ones((2, 1)))
