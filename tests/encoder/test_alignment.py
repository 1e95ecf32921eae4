import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_unison.encoder.alignment import NO_BIN, Alignment, LabelIndex


@given(
    points=arrays(float, st.tuples(st.integers(1, 40), st.just(2)), elements=st.integers(-3, 3)),
    queries=arrays(float, st.tuples(st.integers(1, 20), st.just(2)), elements=st.integers(-8, 8)),
)
def test_the_drawn_bin_is_always_a_nearest_one(points, queries):
    index = LabelIndex(points)
    matches = index.match(queries)
    bins = index.draw(matches, np.arange(len(queries)), np.random.default_rng(0))
    exhaustive = np.linalg.norm(queries[:, None] - points[None], axis=2)
    np.testing.assert_allclose(exhaustive[np.arange(len(queries)), bins], exhaustive.min(axis=1), atol=1e-9)
    np.testing.assert_allclose(matches.distance, exhaustive.min(axis=1), atol=1e-9)


def drawn_shares(points, query, n_draws=20_000):
    index = LabelIndex(np.asarray(points, dtype=float))
    matches = index.match(np.array([query], dtype=float))
    bins = index.draw(matches, np.zeros(n_draws, dtype=int), np.random.default_rng(0))
    return np.bincount(bins, minlength=len(points)) / n_draws


def test_equal_labels_are_drawn_equally_often():
    np.testing.assert_allclose(drawn_shares([[0], [1], [1], [1]], [0.9]), [0, 1 / 3, 1 / 3, 1 / 3], atol=0.02)


def test_different_labels_at_equal_distance_share_by_their_bins():
    np.testing.assert_allclose(drawn_shares([[0], [2], [2], [9]], [1]), [1 / 3, 1 / 3, 1 / 3, 0], atol=0.02)


def test_ties_of_many_rows_are_all_found():
    points = [[np.cos(a), np.sin(a)] for a in np.arange(12) * np.pi / 6]
    np.testing.assert_allclose(drawn_shares(points, [0, 0]), np.full(12, 1 / 12), atol=0.02)


def test_bins_without_labels_are_neither_asked_nor_answered():
    index = LabelIndex(np.array([[0.0], [np.nan], [1.0]]))
    np.testing.assert_array_equal(index.bins, [0, 2])
    assert set(index.draw(index.match(np.zeros((5, 1))), np.arange(5), np.random.default_rng(0))) == {0}


def test_a_bin_is_its_own_partner():
    alignment = Alignment([np.arange(5.0)[:, None]] * 2, 1e-9)
    bins, residual = alignment.partners(0, np.array([3, 1]), 0, np.random.default_rng(0))
    np.testing.assert_array_equal(bins, [3, 1])
    np.testing.assert_array_equal(residual, 0)


def test_partners_that_are_too_far_are_given_up_but_their_distance_is_told():
    near, far = np.array([[0.0], [1.0]]), np.array([[0.1]])
    bins, residual = Alignment([near, far], 1e-9, max_distance=0.5).partners(
        0, np.array([0, 1]), 1, np.random.default_rng(0)
    )
    np.testing.assert_array_equal(bins, [0, NO_BIN])
    np.testing.assert_allclose(residual, [0.1, 0.9])


def test_a_session_without_labels_has_no_partners():
    alignment = Alignment([np.zeros((2, 1)), np.full((3, 1), np.nan)], 1e-9)
    bins, residual = alignment.partners(0, np.array([0, 1]), 1, np.random.default_rng(0))
    assert (bins == NO_BIN).all()
    assert np.isnan(residual).all()
    with pytest.raises(ValueError, match="no bin with all its labels"):
        alignment.indices[1].match(np.zeros((1, 1)))
