import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_unison.encoder.label_tree import LabelTree

FINITE = st.floats(-1e6, 1e6, width=64)


def shape(columns):
    return st.tuples(st.integers(1, 80), st.just(columns))


@given(points=arrays(float, shape(2), elements=FINITE), queries=arrays(float, shape(2), elements=FINITE))
def test_the_answer_is_that_of_looking_at_every_row(points, queries):
    tree = LabelTree(np.unique(points, axis=0))
    row, distance, _ = tree.nearest(queries, 0.0)
    exhaustive = np.sqrt(((tree.rows[None] - queries[:, None]) ** 2).sum(axis=2))
    np.testing.assert_array_equal(distance, exhaustive.min(axis=1))
    np.testing.assert_array_equal(exhaustive[np.arange(len(queries)), row], distance)


@pytest.mark.parametrize("tolerance", [0.0, 1e-9, 0.3])
def test_ties_within_the_tolerance_are_told_and_found(tolerance):
    rng = np.random.default_rng(0)
    tree = LabelTree(np.unique(rng.integers(0, 12, (400, 3)) / 4, axis=0))
    queries = rng.integers(-2, 26, (300, 3)) / 8
    _, distance, tied = tree.nearest(queries, tolerance)
    exhaustive = np.sqrt(((tree.rows[None] - queries[:, None]) ** 2).sum(axis=2))
    is_near = exhaustive <= exhaustive.min(axis=1, keepdims=True) + tolerance
    np.testing.assert_array_equal(tied, is_near.sum(axis=1) > 1)
    rows, ends = tree.within(queries, distance + tolerance)
    for expected, found in zip(is_near, np.split(rows, ends[:-1]), strict=True):
        np.testing.assert_array_equal(found, np.flatnonzero(expected))


def test_clusters_that_lie_far_apart_in_scale_are_searched_too():
    points = np.array([[sign * 2.0**-power, power % 3] for power in range(200) for sign in (-1, 1)])
    tree = LabelTree(points)
    row, distance, tied = tree.nearest(points, 0.0)
    np.testing.assert_array_equal(tree.rows[row], points)
    np.testing.assert_array_equal(distance, 0)
    # squares of the smallest differences vanish, as they do for the rows themselves
    assert not tied[:100].any()


def test_rows_are_the_points_in_another_order():
    points = np.random.default_rng(0).random((100, 3))
    tree = LabelTree(points)
    np.testing.assert_array_equal(tree.rows, points[tree.order])
    np.testing.assert_array_equal(np.sort(tree.order), np.arange(100))
