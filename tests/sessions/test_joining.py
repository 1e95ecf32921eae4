"""Putting the parts of a recording together again."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from napari_unison.sessions import Session, SessionError, join_sessions, segment_laps, split_sessions


def recording(name: str = "rat", n_bins: int = 200, *, is_sparse: bool = False) -> Session:
    random = np.random.default_rng(3)
    neural = random.poisson(0.4, (n_bins, 4))
    right = (np.arange(n_bins) // 30) % 2 == 0
    return Session(
        name,
        sparse.csr_array(neural) if is_sparse else neural,
        {"position": random.random(n_bins), "direction": np.where(right, "right", "left")},
        0.025,
        start=12.5,
        units={"position": "m"},
        weights={"direction": 2.0},
        neurons={"id": np.arange(4), "region": np.array(["CA1"] * 4)},
    )


def dense(session: Session) -> np.ndarray:
    neural = session.neural
    return neural if isinstance(neural, np.ndarray) else neural.toarray()


@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("with_laps", [False, True])
def test_what_was_split_becomes_whole_again(is_sparse: bool, with_laps: bool) -> None:
    whole = recording(is_sparse=is_sparse)
    if with_laps:
        whole = segment_laps(whole)
    [joined] = join_sessions(*split_sessions([whole], 0.77))
    np.testing.assert_array_equal(dense(joined), dense(whole))
    assert isinstance(joined.neural, sparse.csr_array) == is_sparse
    np.testing.assert_array_equal(joined.time, whole.time)
    np.testing.assert_array_equal(joined.segment, whole.segment)
    for name, values in whole.labels.items():
        np.testing.assert_array_equal(joined.labels[name], values)
    assert dict(joined.units) == dict(whole.units)
    assert dict(joined.weights) == dict(whole.weights)
    assert list(joined.neurons["region"]) == list(whole.neurons["region"])


def test_missing_time_between_the_parts_is_a_border() -> None:
    whole = recording()
    [joined] = join_sessions([whole[:100]], [whole[120:]])
    assert [part.stop for part in joined.segment_slices()] == [100, 180]


def test_sessions_without_a_later_part_stay_and_order_is_that_of_the_first_parts() -> None:
    ada, bea = recording("ada"), recording("bea")
    joined = join_sessions([ada, bea[:50]], [bea[50:]])
    assert [(session.name, session.n_bins) for session in joined] == [("ada", 200), ("bea", 200)]


def test_parts_that_do_not_belong_together_are_refused() -> None:
    whole = recording()
    with pytest.raises(SessionError, match=r"one part ends at .* begins at .* earlier part first"):
        join_sessions([whole[100:]], [whole[:100]])
    with pytest.raises(SessionError, match="no earlier part of bea"):
        join_sessions([whole], [recording("bea")])
    fewer = whole[100:].replace(neural=dense(whole)[100:, :3], neurons=None)
    with pytest.raises(SessionError, match=r"'rat': one part has 4 neurons .* the other 3"):
        join_sessions([whole[:100]], [fewer])
    unlabelled = whole[100:].replace(labels={"position": whole.labels["position"][100:]}, weights=None)
    with pytest.raises(SessionError, match="one part has the labels position, direction"):
        join_sessions([whole[:100]], [unlabelled])
