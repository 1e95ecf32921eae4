import numpy as np
import pytest

from napari_unison import Session, UnifiedEncoder, sample_sessions
from napari_unison.encoder import label_overlap


def on_track(name, low, high, n_bins=200):
    position = np.linspace(low, high, n_bins)
    return Session(name, np.ones((n_bins, 2)), {"position": position}, 0.025)


def test_a_session_that_stays_in_a_part_is_seen_from_the_other_side():
    whole, part = on_track("whole", 0, 1.6), on_track("part", 0, 0.8)
    overlap = label_overlap([whole, part])
    assert overlap.share[1, 0] == 1
    assert overlap.share[0, 1] == pytest.approx(0.5 + overlap.tolerance / 1.6, abs=0.02)
    assert overlap.distance[1, 0] < 0.01
    assert len(overlap.gaps()) == 1
    assert "of 'whole' has no near partner in 'part'" in overlap.gaps()[0]
    assert "part" in str(overlap)


def test_bins_are_counted_not_distinct_labels():
    often = Session("often", np.ones((10, 1)), {"x": np.array([0.0] * 9 + [5.0])}, 0.1)
    only = Session("only", np.ones((3, 1)), {"x": np.zeros(3)}, 0.1)
    assert label_overlap([often, only]).share[0, 1] == pytest.approx(0.9)


def test_of_many_distinct_labels_a_part_that_is_spread_evenly_is_asked():
    """Half of the first session's bins rest at a place that the second never visits."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(0, 10, 15_001), np.full(15_001, 20.0)])
    first = Session("first", np.ones((len(x), 1)), {"x": x}, 0.1)
    second = Session("second", np.ones((9000, 1)), {"x": rng.uniform(0, 10, 9000)}, 0.1)
    overlap = label_overlap([first, second])
    assert overlap.share[0, 1] == pytest.approx(0.5, abs=0.002)
    assert overlap.share[1, 0] == 1


def test_the_four_rats_share_their_behaviour_but_not_in_their_first_bins():
    rats = sample_sessions("linear-track")
    assert label_overlap(rats).gaps() == []
    first = label_overlap([rat[:1000] for rat in rats])
    assert first.share[0, 2] < 0.9
    assert first.share[2, 0] > 0.9


def test_training_warns_of_gaps_unless_far_partners_are_left_out():
    sessions = [on_track("whole", 0, 1.6), on_track("part", 0, 0.8)]
    settings = {"batch_size": 16, "max_iterations": 1, "verbose": False}
    with pytest.warns(UserWarning, match=r"do not cover the same labels: .*'whole'.*max_label_distance"):
        UnifiedEncoder(**settings).fit(sessions)
    UnifiedEncoder(max_label_distance=0.1, **settings).fit(sessions)
