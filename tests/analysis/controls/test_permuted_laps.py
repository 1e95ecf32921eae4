from __future__ import annotations

import numpy as np
import pytest

from napari_unison.analysis.controls.permuted_laps import label_correlation, lap_permuted, wrong_labels
from napari_unison.sessions import Session


def _track(name: str = "rat", lengths: tuple[int, ...] = (40, 30, 50, 45, 35, 40), way=None) -> Session:
    """Run to and fro (or as ``way`` says), one lap after the other; each lap has a number of its own."""
    way = way or [number % 2 == 0 for number in range(len(lengths))]
    share = [(np.arange(length) + 0.5) / length for length in lengths]
    position = np.concatenate([s if right else 1 - s for s, right in zip(share, way, strict=True)])
    lap = np.repeat(np.arange(len(lengths)), lengths)
    labels = {
        "position": position,
        "direction": np.where(np.array(way)[lap], "right", "left"),
        "lap": lap.astype(float),
    }
    neural = np.random.default_rng(0).poisson(1.0, (len(lap), 4))
    return Session(name, neural, labels, 0.025, segment=lap, units={"position": "m"})


def test_each_lap_gets_all_labels_of_one_lap_and_each_lap_is_used_once() -> None:
    session = _track()
    [permuted] = lap_permuted([session], seed=3)
    donors = [np.unique(permuted.labels["lap"][lap]) for lap in session.segment_slices()]
    assert all(len(donor) == 1 for donor in donors)
    assert sorted(float(donor[0]) for donor in donors) == list(range(6))
    direction_of_lap = ["right", "left"] * 3
    for lap, donor in zip(session.segment_slices(), donors, strict=True):
        assert set(permuted.labels["direction"][lap]) == {direction_of_lap[int(donor[0])]}


def test_the_labels_run_from_the_start_of_the_other_lap_to_its_end() -> None:
    session = _track()
    [permuted] = lap_permuted([session], seed=3)
    for lap in session.segment_slices():
        position = permuted.labels["position"][lap]
        steps = np.diff(position if permuted.labels["direction"][lap][0] == "right" else -position)
        assert steps.min() >= 0
        assert np.ptp(position) > 0.9


def test_activity_times_and_borders_stay() -> None:
    session = _track()
    for changed in (lap_permuted([session], seed=1)[0], wrong_labels([session])[0]):
        np.testing.assert_array_equal(changed.neural, session.neural)
        np.testing.assert_array_equal(changed.time, session.time)
        np.testing.assert_array_equal(changed.segment, session.segment)
        assert dict(changed.kinds) == dict(session.kinds)
        assert changed.units["position"] == "m"


def test_the_order_depends_on_the_seed_and_the_name_alone() -> None:
    first, second = _track("first"), _track("second")
    together = lap_permuted([first, second], seed=1)
    alone = lap_permuted([second], seed=1)[0]
    np.testing.assert_array_equal(together[1].labels["lap"], alone.labels["lap"])
    assert not np.array_equal(together[0].labels["lap"], together[1].labels["lap"])
    assert not np.array_equal(lap_permuted([second], seed=2)[0].labels["lap"], alone.labels["lap"])


def test_wrong_labels_are_those_of_laps_the_other_way() -> None:
    session = _track()
    [wrong] = wrong_labels([session])
    assert not np.any(wrong.labels["direction"] == session.labels["direction"])
    assert not np.any(wrong.labels["lap"] == session.labels["lap"])
    plain = [s.replace(labels={k: s.labels[k] for k in ("position", "direction")}) for s in (session, wrong)]
    assert label_correlation(*plain) < -0.9


def test_no_lap_keeps_its_labels_where_the_numbers_of_ways_differ() -> None:
    session = _track(way=[True, True, True, True, True, False])
    [wrong] = wrong_labels([session])
    assert not np.any(wrong.labels["lap"] == session.labels["lap"])


def test_unknown_labels_move_along() -> None:
    session = _track()
    position = session.labels["position"].copy()
    position[:40] = np.nan
    gap = session.replace(labels=dict(session.labels) | {"position": position})
    for changed in (lap_permuted([gap], seed=3)[0], wrong_labels([gap])[0]):
        unknown = np.isnan(changed.labels["position"])
        assert set(changed.labels["lap"][unknown]) == {0.0}
        assert not (changed.labels["lap"][~unknown] == 0).any()


def test_correlation_shows_that_laps_are_alike() -> None:
    alike = _track(way=[True] * 6)
    plain = alike.replace(labels={"position": alike.labels["position"]})
    assert label_correlation(plain, lap_permuted([plain], seed=1)[0]) > 0.99
    to_and_fro = _track(lengths=(40,) * 40)
    plain = to_and_fro.replace(labels={"position": to_and_fro.labels["position"]})
    assert abs(label_correlation(plain, lap_permuted([plain], seed=1)[0])) < 0.5
    still = plain.replace(labels={"position": np.ones(plain.n_bins)})
    assert np.isnan(label_correlation(still, still))


def test_a_single_lap_is_refused_with_what_to_do() -> None:
    session = _track(lengths=(40,))
    with pytest.raises(ValueError, match=r"'rat' is one lap.*segment_laps"):
        lap_permuted([session], seed=0)
    with pytest.raises(ValueError, match=r"'rat' is one lap.*segment_laps"):
        wrong_labels([session])


def test_turned_labels_go_round_within_their_lap() -> None:
    session = _track(lengths=(30, 40) * 10, way=[True] * 20)
    [permuted] = lap_permuted([session], seed=3, order="turned laps")
    starts = []
    for lap in session.segment_slices():
        assert len(np.unique(permuted.labels["lap"][lap])) == 1
        position = permuted.labels["position"][lap]
        # forward all the time but for the one step from the end of the lap to its beginning
        assert np.count_nonzero(np.diff(position) < 0) <= 1
        assert np.ptp(position) > 0.9
        starts.append(position[0])
    assert np.std(starts) > 0.15
    assert label_correlation(session, permuted) < 0.5
    with pytest.raises(ValueError, match="order is 'reversed'"):
        lap_permuted([session], seed=3, order="reversed")
