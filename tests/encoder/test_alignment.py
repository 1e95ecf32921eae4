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
    bins = matches.draw(np.random.default_rng(0).random(len(queries)))
    exhaustive = np.linalg.norm(queries[:, None] - points[None], axis=2)
    np.testing.assert_allclose(exhaustive[np.arange(len(queries)), bins], exhaustive.min(axis=1), atol=1e-9)
    np.testing.assert_allclose(matches.distance, exhaustive.min(axis=1), atol=1e-9)


def drawn_shares(points, query, n_draws=20_000):
    matches = LabelIndex(np.asarray(points, dtype=float)).match(np.full((n_draws, len(query)), query))
    bins = matches.draw(np.random.default_rng(0).random(n_draws))
    return np.bincount(bins, minlength=len(points)) / n_draws


def test_equal_labels_are_drawn_equally_often():
    np.testing.assert_allclose(drawn_shares([[0], [1], [1], [1]], [0.9]), [0, 1 / 3, 1 / 3, 1 / 3], atol=0.02)


def test_different_labels_at_equal_distance_share_by_their_bins():
    np.testing.assert_allclose(drawn_shares([[0], [2], [2], [9]], [1.0]), [1 / 3, 1 / 3, 1 / 3, 0], atol=0.02)


def test_ties_of_many_rows_are_all_found():
    points = [[np.cos(a), np.sin(a)] for a in np.arange(12) * np.pi / 6]
    np.testing.assert_allclose(drawn_shares(points, [0.0, 0.0]), np.full(12, 1 / 12), atol=0.02)


def test_bins_without_labels_are_neither_asked_nor_answered():
    index = LabelIndex(np.array([[0.0], [np.nan], [1.0]]))
    np.testing.assert_array_equal(index.bins, [0, 2])
    assert set(index.match(np.zeros((5, 1))).draw(np.linspace(0, 0.99, 5))) == {0}


@given(
    points=arrays(float, st.tuples(st.integers(1, 60), st.just(3)), elements=st.integers(-2, 2)),
    queries=arrays(float, st.tuples(st.integers(1, 20), st.just(3)), elements=st.integers(-3, 3)),
)
def test_the_candidates_are_all_bins_that_are_equally_near(points, queries):
    matches = LabelIndex(points, 1e-9).match(queries)
    distances = np.linalg.norm(queries[:, None] - points[None], axis=2)
    for query, (first, count) in enumerate(zip(matches.first, matches.count, strict=True)):
        nearest = np.flatnonzero(distances[query] <= distances[query].min() + 1e-9)
        np.testing.assert_array_equal(np.sort(matches.bins[first : first + count]), nearest)


def test_the_largest_random_number_stays_among_the_candidates():
    matches = LabelIndex(np.zeros((7, 1))).match(np.zeros((1, 1)))
    assert matches.draw(np.array([np.nextafter(1, 0)]))[0] == 6


def partners(alignment, source, bins, target, seed=0):
    uniform = np.random.default_rng(seed).random(len(bins))
    return alignment.partners(source, np.asarray(bins), target, uniform)


def test_a_bin_is_its_own_partner():
    alignment = Alignment([np.arange(5.0)[:, None]] * 2, 1e-9)
    np.testing.assert_array_equal(partners(alignment, 0, [3, 1], 0), [3, 1])
    np.testing.assert_array_equal(alignment.distances(0, np.array([3, 1]), 0), 0)


def test_partners_that_are_too_far_are_given_up_but_their_distance_is_told():
    near, far = np.array([[0.0], [1.0]]), np.array([[0.1]])
    alignment = Alignment([near, far], 1e-9, max_distance=0.5)
    np.testing.assert_array_equal(partners(alignment, 0, [0, 1], 1), [0, NO_BIN])
    np.testing.assert_allclose(alignment.distances(0, np.array([0, 1]), 1), [0.1, 0.9])


def test_a_session_without_labels_has_no_partners():
    alignment = Alignment([np.zeros((2, 1)), np.full((3, 1), np.nan)], 1e-9)
    assert (partners(alignment, 0, [0, 1], 1) == NO_BIN).all()
    assert np.isnan(alignment.distances(0, np.array([0, 1]), 1)).all()
    with pytest.raises(ValueError, match="no bin with all its labels"):
        alignment.indices[1].match(np.zeros((1, 1)))


def test_partners_do_not_depend_on_what_was_asked_before():
    rng = np.random.default_rng(0)
    points = [rng.integers(0, 9, (300, 2)).astype(float) for _ in range(2)]
    points[1] += 0.5
    together, little_by_little = (Alignment(points, 1e-9) for _ in range(2))
    expected = partners(together, 0, np.arange(300), 1)
    for begin in range(0, 300, 7):
        partners(little_by_little, 0, np.arange(begin, min(begin + 7, 300)), 1)
    found = partners(little_by_little, 0, np.arange(300), 1)
    distances = np.linalg.norm(points[0][:, None] - points[1][None], axis=2)
    np.testing.assert_allclose(distances[np.arange(300), found], distances.min(axis=1))
    np.testing.assert_array_equal(found, expected)


def test_ties_between_rows_are_kept_with_equal_shares():
    alignment = Alignment([np.array([[1.0], [5.0]]), np.array([[0.0], [2.0], [2.0], [5.0]])], 1e-9)
    shares = np.bincount(partners(alignment, 0, np.zeros(20_000, dtype=int), 1), minlength=4) / 20_000
    np.testing.assert_allclose(shares, [1 / 3, 1 / 3, 1 / 3, 0], atol=0.02)
    assert set(partners(alignment, 0, np.ones(50, dtype=int), 1)) == {3}


def test_nothing_is_searched_before_it_is_asked_for_and_ties_add_only_themselves():
    rng = np.random.default_rng(0)
    alignment = Alignment([rng.random((500, 2)) for _ in range(3)], 1e-9)
    before = alignment.n_bytes
    partners(alignment, 0, np.arange(500), 1)
    assert alignment.n_bytes - before == 500 * 8
    partners(alignment, 0, np.arange(500), 1)
    assert alignment.n_bytes - before == 500 * 8
