from __future__ import annotations

import numpy as np
import pytest

from napari_unison import Session
from recordings import mouse, rats, subsampled


def _day() -> Session:
    activity = np.arange(20.0).reshape(10, 2)
    return Session("mouse day 1", activity, {"position": np.linspace(0, 1, 10)}, 0.05)


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
