import numpy as np
import pytest

from napari_unison import Session, UnifiedEncoder, sample_sessions
from napari_unison.encoder import label_overlap
from napari_unison.encoder.repeated_warnings import each_warning_once


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


def renamed(session, **names):
    direction = np.array([names[category] for category in session.labels["direction"].tolist()])
    return session.replace(labels={**session.labels, "direction": direction})


SHORT = {"batch_size": 16, "max_iterations": 1, "verbose": False, "random_state": 0}


def test_training_warns_where_a_direction_runs_the_other_way(rats):
    turned = [rats[0], renamed(rats[1], left="right", right="left")]
    message = (
        r"'direction' does not mean the same in all sessions: 'left' goes with rising position in bert "
        r"\(100% of the way\), but with falling in anna \(0%\).*swap the categories or turn 'position'"
    )
    for settings in (SHORT, SHORT | {"max_label_distance": 0.1}):
        with pytest.warns(UserWarning, match=message):
            UnifiedEncoder(**settings).fit(turned)


def test_training_says_clearly_that_no_category_is_shared(rats):
    other = [rats[0], renamed(rats[1], left="L", right="R")]
    expected = (
        "no category in common: 'L', 'R' only in bert; 'left', 'right' only in anna.*name what is the same"
    )
    with pytest.warns(UserWarning, match="do not cover"), pytest.warns(UserWarning, match=expected):
        UnifiedEncoder(**SHORT).fit(other)


def test_a_session_that_joins_is_held_against_the_others(rats):
    encoder = UnifiedEncoder(**SHORT).fit(rats[:2])
    turned = renamed(rats[2], left="right", right="left")
    with pytest.warns(UserWarning, match="does not mean the same in all sessions"):
        encoder.add_session(turned, iterations=1)


def test_trainings_that_follow_one_another_tell_each_thing_once(rats):
    turned = [rats[0], renamed(rats[1], left="right", right="left")]
    short = rats[1][rats[1].labels["position"] < 0.8]

    def train(sessions, n_bins):
        UnifiedEncoder(**SHORT).fit([sessions[0][:n_bins], sessions[1]])

    with each_warning_once():
        with pytest.warns(UserWarning, match="does not mean the same"):
            train(turned, 700)
        train(turned, 600)
        with pytest.warns(UserWarning, match="do not cover the same labels"):
            train([rats[0], short], 700)
        train([rats[0], short], 600)
    with pytest.warns(UserWarning, match="does not mean the same"):
        train(turned, 700)
