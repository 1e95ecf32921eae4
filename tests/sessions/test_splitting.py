"""Sessions are split in time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unison.sessions import Session, SessionError, split_sessions


def make(n_bins, name="rat"):
    return Session(name, np.arange(n_bins)[:, None], {"x": np.arange(n_bins, dtype=float)}, 0.1)


@given(st.integers(2, 500), st.floats(0.01, 0.99))
def test_the_first_share_comes_first_and_nothing_is_lost(n_bins, share):
    session = make(n_bins)
    if int(share * n_bins) == 0:
        with pytest.raises(SessionError, match="too few to split"):
            split_sessions([session], share)
        return
    (first,), (rest,) = split_sessions([session], share)
    assert len(first) == int(share * n_bins)
    np.testing.assert_array_equal(np.concatenate([first.time, rest.time]), session.time)
    np.testing.assert_array_equal(np.concatenate([first.neural, rest.neural]), session.neural)


def test_each_session_is_split_at_its_own_share():
    train, valid = split_sessions([make(10, "a"), make(101, "b")])
    assert [(s.name, len(s)) for s in train] == [("a", 8), ("b", 80)]
    assert [(s.name, len(s)) for s in valid] == [("a", 2), ("b", 21)]


def test_one_session_may_be_given_alone():
    train, valid = split_sessions(make(10))
    assert (len(train[0]), len(valid[0])) == (8, 2)


@pytest.mark.parametrize("share", [0, 1, -0.2, 1.5, float("nan")])
def test_a_share_lies_between_0_and_1(share):
    with pytest.raises(SessionError, match=r"give a number between 0 and 1, such as 0\.8"):
        split_sessions([make(10)], share)


def test_a_session_too_short_to_split_is_named():
    with pytest.raises(SessionError, match=r"session 'rat' has 1 bin\(s\), too few to split at share 0\.8"):
        split_sessions([make(1)], 0.8)
