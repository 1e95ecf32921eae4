from __future__ import annotations

import numpy as np
import pytest

from recordings import PLACE_BIN, day_of_runs, mouse, rats, subsampled

RIGHT = np.array([3, 3, 10, 22, 3, 15, 22, 8, 9, 22], dtype=np.uint8)
LEFT = np.array([22, 10, 3, 21, 3], dtype=np.uint8)


def _day():
    events = [np.arange(10)[:, None] + [[0, 100]], 50 + np.arange(5)[:, None] + [[0, 100]]]
    return day_of_runs("mouse day 1", events, [RIGHT, LEFT])


def test_a_run_ends_where_the_position_jumps_back_and_both_ways_take_turns() -> None:
    day = _day()
    runs = [day.labels["direction"][run] for run in day.segment_slices()]
    assert [len(run) for run in runs] == [4, 3, 3, 2, 3]
    assert [run[0] for run in runs] == ["right", "left", "right", "left", "right"]
    for run in day.segment_slices():
        steps = np.diff(day.labels["position"][run])
        assert (steps >= 0).all() if day.labels["direction"][run][0] == "right" else (steps <= 0).all()


def test_activity_stays_with_its_position_which_is_in_metres() -> None:
    day = _day()
    bins = {float(events): place for events, place in zip(range(10), RIGHT, strict=True)}
    bins |= {50.0 + events: place for events, place in zip(range(5), LEFT, strict=True)}
    wanted = [(bins[float(row[0])] - 0.5) * PLACE_BIN for row in np.asarray(day.neural)]
    np.testing.assert_allclose(day.labels["position"], wanted)
    assert day.units["position"] == "m"
    assert day.bin_width == 0.05


def test_a_subset_of_neurons_is_chosen_by_its_seed() -> None:
    day = _day()
    assert subsampled(day, 1, 0).n_neurons == 1
    chosen = {int(subsampled(day, 1, seed).neurons["id"][0]) for seed in range(10)}
    assert chosen == {0, 1}
    np.testing.assert_array_equal(subsampled(day, 1, 3).neural, subsampled(day, 1, 3).neural)


@pytest.mark.realdata
def test_the_published_mice_and_rats(real_data) -> None:
    days = mouse("C24M3", 1, real_data)
    assert [day.n_neurons for day in days] == [104, 98, 109, 97]
    assert [day.n_bins for day in days] == [4946, 4747, 4819, 4355]
    for day in days:
        assert (day.labels["position"].min(), day.labels["position"].max()) == pytest.approx((0.10, 0.86))
        assert 60 < len(day.segment_slices()) < 90
        # contiguous fifths hold runs of both directions
        shares = [np.mean(part == "right") for part in np.array_split(day.labels["direction"], 5)]
        assert min(shares) > 0.3
        assert max(shares) < 0.7
    assert [(rat.n_bins, len(rat.segment_slices())) for rat in rats(real_data)] == [(10178, 84), (6577, 57)]
