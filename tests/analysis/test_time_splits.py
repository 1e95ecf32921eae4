from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unison.analysis.time_splits import n_shared_bins, require_unseen, split_in_words
from napari_unison.sessions import Session, split_sessions


def _session(n_bins: int, *, start: float = 0.0, name: str = "rat") -> Session:
    return Session(name, np.zeros((n_bins, 1)), {"x": np.arange(n_bins, dtype=float)}, 0.025, start=start)


@given(
    start=st.floats(-1e6, 1e6),
    n_bins=st.integers(2, 200),
    first=st.integers(0, 199),
    length=st.integers(1, 200),
    jitter=st.floats(-0.4, 0.4),
)
def test_bins_are_shared_by_time_wherever_the_recording_starts(start, n_bins, first, length, jitter) -> None:
    whole = _session(n_bins, start=start)
    first = min(first, n_bins - 1)
    part = whole[first : first + length]
    moved = part.replace(start=part.start + jitter * 0.025)
    assert n_shared_bins(moved, whole) == part.n_bins
    if first > 0:
        assert n_shared_bins(moved, whole[:first]) == 0


def test_parts_between_the_parts_of_another_share_nothing() -> None:
    whole = _session(10)
    odd = np.arange(10) % 2 == 1
    assert n_shared_bins(whole[odd], whole[~odd]) == 0


def test_other_sessions_may_have_the_same_times() -> None:
    require_unseen([_session(10, name="rat 1")], [_session(10, name="rat 2")], "train")
    with pytest.raises(ValueError, match="session 'rat 1': 10 of the 10 bins to score lie in train, so"):
        require_unseen([_session(10, name="rat 1")], [_session(10, name="rat 1")], "train")


def test_the_split_is_named_by_what_was_divided() -> None:
    whole = _session(100, start=500.0)
    first, last = split_sessions([whole], 0.8)
    assert split_in_words(first, last) == "scored on the last 20 % of each session"
    assert split_in_words(last, first) == "scored on the bins given"
    assert split_in_words([_session(80, name="other")], last) == "scored on the bins given"


def test_long_recordings_are_compared_at_once() -> None:
    first, last = split_sessions([_session(200_000)], 0.5)
    begin = time.process_time()
    require_unseen(last, first, "train")
    assert time.process_time() - begin < 0.5
