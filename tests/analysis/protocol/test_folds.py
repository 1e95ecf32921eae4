from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unison import Session
from napari_unison.analysis import guard_bins, lap_folds, with_laps
from napari_unison.encoder import EncoderConfig


def of_laps(name: str, laps: list[int], gaps: list[int] | None = None) -> Session:
    """Make a session of laps with these many bins, and this many bins of no recording before each of them."""
    segment = np.repeat(np.arange(len(laps)), laps)
    n_bins = len(segment)
    session = Session(
        name,
        np.zeros((n_bins, 1)),
        {"position": np.arange(n_bins, dtype=np.float64)},
        0.5,
        segment=segment,
    )
    missing = np.repeat(np.cumsum(gaps if gaps else [0] * len(laps)), laps)
    return session.with_time(0.5 * (np.arange(n_bins) + missing))


lap_lengths = st.lists(st.integers(1, 30), min_size=5, max_size=25)


@st.composite
def recordings(draw) -> list[Session]:
    sessions = []
    for number in range(draw(st.integers(1, 3))):
        laps = draw(lap_lengths)
        gaps = draw(st.lists(st.integers(0, 4), min_size=len(laps), max_size=len(laps)))
        sessions.append(of_laps(f"rat {number}", laps, gaps))
    return sessions


def folds_or_refusal(sessions, n_folds, guard):
    """Return the folds, or none where a guard leaves nothing to train on."""
    try:
        return lap_folds(sessions, n_folds, guard=guard)
    except ValueError:
        assert guard > 0
        return ()


@given(sessions=recordings(), n_folds=st.integers(2, 5), guard=st.integers(0, 12))
def test_no_test_bin_is_near_a_train_bin_and_each_is_tested_once(sessions, n_folds, guard):
    folds = folds_or_refusal(sessions, n_folds, guard)
    for fold in folds:
        for train, test in zip(fold.train, fold.test, strict=True):
            assert train.name == test.name
            distance = np.abs(train.time[:, None] - test.time[None]) / 0.5
            assert distance.min() > guard
    for index, session in enumerate(sessions if folds else ()):
        tested = np.concatenate([fold.test[index].time for fold in folds])
        np.testing.assert_array_equal(tested, session.time)


@given(sessions=recordings(), guard=st.integers(0, 6))
def test_laps_stay_whole_and_everything_outside_the_guard_is_trained_on(sessions, guard):
    for fold in folds_or_refusal(sessions, 4, guard):
        for session, train, test in zip(sessions, fold.train, fold.test, strict=True):
            laps = set(test.segment)
            assert np.isin(session.segment, list(laps)).sum() == test.n_bins
            near = (session.time >= test.time[0] - 0.5 * guard) & (
                session.time <= test.time[-1] + 0.5 * guard
            )
            np.testing.assert_array_equal(train.time, session.time[~near])


@given(laps=st.lists(st.integers(5, 10), min_size=20, max_size=40), n_folds=st.integers(2, 5))
def test_folds_hold_equally_many_bins_up_to_a_lap(laps, n_folds):
    session = of_laps("rat", laps)
    for fold in lap_folds([session], n_folds, guard=0):
        assert abs(fold.test[0].n_bins - session.n_bins / n_folds) <= max(laps)


def test_inner_folds_keep_their_guard_across_the_hole_of_the_outer_test():
    sessions = [of_laps("rat", [10] * 30)]
    for fold in lap_folds(sessions, 5, guard=3):
        for inner in lap_folds(fold.train, 4, guard=3):
            seen, asked = inner.train[0].time, inner.test[0].time
            assert np.abs(seen[:, None] - asked[None]).min() > 3 * 0.5
            outer = fold.test[0].time
            for times in (seen, asked):
                assert np.abs(times[:, None] - outer[None]).min() > 3 * 0.5


def test_where_bins_were_taken_out_a_segment_ends():
    fold = lap_folds([of_laps("rat", [10] * 6)], 3, guard=4)[1]
    (train,) = fold.train
    assert train.n_bins == 60 - 20 - 8
    for stretch in train.segment_slices():
        np.testing.assert_allclose(np.diff(train.time[stretch]), 0.5)


def test_a_gap_in_time_counts_for_the_guard():
    """Ten bins of no recording separate as well as ten bins that are left out."""
    fold = lap_folds([of_laps("rat", [10, 10, 10], [0, 10, 2])], 3, guard=10)[1]
    assert fold.train[0].n_bins == 10 + 2


def test_session_with_too_few_laps_is_named():
    sessions = [of_laps("rat 1", [10] * 5), of_laps("rat 2", [10] * 3)]
    with pytest.raises(ValueError, match="session 'rat 2' has 3 laps, too few for 5 folds"):
        lap_folds(sessions, 5, guard=0)


def test_session_with_nothing_left_is_named():
    sessions = [of_laps("rat 1", [90] * 5), of_laps("rat 2", [10] * 5)]
    with pytest.raises(ValueError, match=r"session 'rat 2': nothing is left to train on in fold 3 of 5.*20"):
        lap_folds(sessions, 5, guard=20)


@pytest.mark.parametrize(
    ("n_folds", "guard", "said"), [(1, 0, "n_folds is 1"), (5, -1, "guard is -1: give 0 or more bins")]
)
def test_folds_that_make_no_sense_are_refused(n_folds, guard, said):
    with pytest.raises(ValueError, match=said):
        lap_folds([of_laps("rat", [10] * 5)], n_folds, guard=guard)


def in_one_piece(**labels) -> Session:
    return Session("rat", np.zeros((8, 1)), {"position": np.arange(8.0)} | labels, 0.1)


def test_laps_end_where_the_direction_changes():
    to_and_fro = np.repeat(["right", "left", "right", "left"], 2)
    (laps,) = with_laps([in_one_piece(direction=to_and_fro, cue=np.arange(8) > 3)])
    np.testing.assert_array_equal(laps.segment, np.repeat([0, 1, 2, 3], 2))
    (trials,) = with_laps([in_one_piece(cue=np.arange(8) > 3)])
    np.testing.assert_array_equal(trials.segment, np.repeat([0, 1], 4))
    (chosen,) = with_laps([in_one_piece(direction=to_and_fro, cue=np.arange(8) > 3)], label="cue")
    np.testing.assert_array_equal(chosen.segment, np.repeat([0, 1], 4))


def test_sessions_with_segments_stay_as_they_are():
    session = of_laps("rat", [4, 4])
    assert with_laps([session]) == (session,)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({}, "session 'rat' is one segment, and none of its labels is discrete: give it segments"),
        ({"cue": np.arange(8) > 3, "light": np.arange(8) > 5}, r"several .* \(cue, light\): say which one"),
        ({"direction": np.repeat("right", 8)}, "its label 'direction' never changes"),
    ],
)
def test_sessions_that_cannot_be_divided_say_why(labels, said):
    with pytest.raises(ValueError, match=said):
        with_laps([in_one_piece(**labels)])


def test_guard_covers_window_label_changes_and_smoothing():
    assert guard_bins(EncoderConfig()) == 10
    assert guard_bins(EncoderConfig(model_architecture="offset36-model")) == 36
    assert guard_bins(EncoderConfig(time_offsets=25)) == 25
    assert guard_bins(EncoderConfig(time_offsets=25), smoothing=41) == 41


def test_borders_of_the_laps_to_decode_can_be_hidden_from_methods():
    sessions = [of_laps("rat", [10] * 6), of_laps("with a gap", [10] * 6, [0, 0, 0, 5, 0, 0])]
    known, hidden = (lap_folds(sessions, 3, guard=2, test_segments=shown)[1] for shown in ("known", "hidden"))
    assert [len(session.segment_slices()) for session in known.test] == [2, 2]
    assert [len(session.segment_slices()) for session in hidden.test] == [1, 2]
    for true, shown in zip(known.test, hidden.test, strict=True):
        np.testing.assert_array_equal(true.time, shown.time)
    for true, shown in zip(known.train, hidden.train, strict=True):
        np.testing.assert_array_equal(true.segment, shown.segment)
    with pytest.raises(ValueError, match="test_segments is 'secret'"):
        lap_folds(sessions, 3, guard=2, test_segments="secret")
