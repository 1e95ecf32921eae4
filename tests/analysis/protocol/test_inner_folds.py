import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_unison.analysis.protocol.inner_folds import InnerFold, held_out_errors, inner_folds


def test_blocks_are_whole_laps_next_to_each_other():
    laps = np.repeat(np.arange(20), 10)
    folds = inner_folds(laps, 5)
    assert [np.unique(laps[fold.held_out]).tolist() for fold in folds] == [
        list(range(first, first + 4)) for first in range(0, 20, 4)
    ]
    for fold in folds:
        assert not set(laps[fold.fit]) & set(laps[fold.held_out])


def test_laps_whose_numbers_come_again_are_laps_of_their_own():
    laps = np.repeat([0, 1] * 10, 10)
    folds = inner_folds(laps, 5)
    assert [len(fold.held_out) for fold in folds] == [40] * 5


def test_one_long_lap_is_divided_by_bins():
    folds = inner_folds(np.zeros(100), 5, guard=3)
    assert [fold.held_out.tolist() for fold in folds] == [list(range(k, k + 20)) for k in range(0, 100, 20)]
    assert folds[1].fit.tolist() == [*range(17), *range(43, 100)]


@given(
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=30),
    n_folds=st.integers(2, 6),
    guard=st.integers(0, 8),
    border=st.integers(0, 40),
)
def test_rows_are_held_out_once_and_never_beside_rows_to_fit_on(lengths, n_folds, guard, border):
    laps = np.repeat(np.arange(len(lengths)), lengths)
    recordings = (np.arange(len(laps)) >= border).astype(int)
    folds = inner_folds(laps, n_folds, guard=guard, recordings=recordings)
    held_out = np.concatenate([fold.held_out for fold in folds]) if folds else np.empty(0)
    assert len(np.unique(held_out)) == len(held_out)
    for fold in folds:
        distance = np.abs(fold.fit[:, None] - fold.held_out[None])
        same = recordings[fold.fit][:, None] == recordings[fold.held_out][None]
        assert (distance[same] > guard).all()
        assert len(fold.fit)
        assert len(fold.held_out)


def test_every_recording_gives_its_share_to_every_block():
    recordings = np.repeat([0, 1], [100, 50])
    folds = inner_folds(np.zeros(150), 5, recordings=recordings)
    for fold in folds:
        assert np.bincount(recordings[fold.held_out]).tolist() == [20, 10]


def test_too_few_rows_leave_nothing_to_hold_out():
    assert inner_folds(np.zeros(1)) == ()
    assert inner_folds(np.zeros(10), guard=20) == ()
    assert held_out_errors((), np.ones(10, dtype=bool), lambda fold: [1.0]) is None


def test_errors_count_known_rows_only():
    folds = inner_folds(np.zeros(100), 5)
    known = np.arange(100) >= 30

    def errors_of(fold: InnerFold) -> list[float]:
        assert known[fold.fit].all()
        assert known[fold.held_out].all()
        return [float(fold.held_out.mean()), 2.0]

    np.testing.assert_allclose(held_out_errors(folds, known, errors_of), [64.5, 2.0])
