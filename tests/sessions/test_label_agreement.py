"""Labels of one name may mean different things in different sessions."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unison import load_sessions, sample_sessions
from napari_unison.sessions import Session, category_gaps, mirrored_categories


@pytest.fixture(scope="module")
def rats():
    return [rat[:2000] for rat in sample_sessions("linear-track", names=("rat 1", "rat 2"))]


def renamed(session, **names):
    direction = np.array([names[str(category)] for category in session.labels["direction"]])
    return session.replace(labels={**session.labels, "direction": direction})


def test_sessions_that_agree_are_not_complained_about(rats):
    assert category_gaps(rats) == []
    assert mirrored_categories(rats) == []
    assert category_gaps(rats[:1]) == mirrored_categories(rats[:1]) == []


def test_other_names_for_the_same_directions_are_listed_with_their_sessions(rats):
    (gap,) = category_gaps([rats[0], renamed(rats[1], left="L", right="R")])
    assert not gap.in_common
    assert gap.sessions_of == {
        "L": ("rat 2",),
        "R": ("rat 2",),
        "left": ("rat 1",),
        "right": ("rat 1",),
    }
    assert str(gap) == (
        "label 'direction' has no category in common: 'L', 'R' only in rat 2; 'left', 'right' only in rat 1"
    )


def test_a_category_that_one_session_lacks_is_told_if_it_holds_many_bins(rats):
    one_way = rats[1][rats[1].labels["direction"] == "right"]
    (gap,) = category_gaps([rats[0], one_way])
    assert gap.in_common
    assert str(gap).endswith("has categories that not all sessions have: 'left' only in rat 1")
    seldom = np.where(np.arange(2000) < 150, "rest", rats[0].labels["direction"])
    assert category_gaps([rats[0].replace(labels={**rats[0].labels, "direction": seldom}), rats[1]]) == []


def test_directions_that_are_swapped_are_told_with_numbers(rats):
    found = mirrored_categories([rats[0], renamed(rats[1], left="right", right="left")])
    assert [one.category for one in found] == ["left", "right"]
    assert found[1].upwards == {"rat 1": 1.0}
    assert found[1].downwards == {"rat 2": 0.0}
    assert str(found[1]) == (
        "'right' goes with rising position in rat 1 (100% of the way), but with falling in rat 2 (0%)"
    )
    more = [rats[0], rats[0].replace(name="rat 3"), renamed(rats[1], left="right", right="left")]
    assert str(mirrored_categories(more)[1]) == (
        "'right' goes with rising position in rat 1, rat 3 (at least 100% of the way), but with falling in "
        "rat 2 (0%)"
    )


def test_steps_across_borders_of_segments_and_directions_do_not_count():
    """Every lap runs upwards; what falls is only the way back between laps."""
    position = np.tile(np.linspace(0, 1, 10), 8)
    labels = {"position": position, "direction": np.full(80, "right")}
    laps = Session("laps", np.ones((80, 1)), labels, 0.1, segment=np.arange(80) // 10)
    falling = laps.replace(name="falling", labels={**labels, "position": -position})
    (found,) = mirrored_categories([laps, falling])
    assert found.rising == {"laps": 1.0, "falling": 0.0}


def test_angles_go_on_over_a_full_turn():
    angle = np.mod(np.linspace(0, 20, 200), 2 * np.pi)
    kinds = {"heading": "circular", "way": "discrete"}
    sessions = [
        Session(
            name, np.ones((200, 1)), {"heading": sign * angle, "way": np.full(200, "on")}, 0.1, kinds=kinds
        )
        for name, sign in (("forward", 1), ("back", -1))
    ]
    (found,) = mirrored_categories(sessions)
    assert found.rising == {"forward": 1.0, "back": 0.0}


def test_labels_that_wander_and_rest_tell_no_way(rats):
    noise = np.random.default_rng(0).normal(size=2000)
    wandering = rats[1].replace(labels={**rats[1].labels, "position": noise})
    resting = rats[1].replace(name="rest", labels={**rats[1].labels, "position": np.full(2000, 0.3)})
    assert mirrored_categories([rats[0], wandering, resting]) == []


@pytest.mark.realdata
def test_the_published_rats_call_opposite_runs_right(real_rats):
    found = mirrored_categories(load_sessions([real_rats / f"{n}.jl.gz" for n in ("achilles", "buddy")]))
    right = next(one for one in found if one.category == "right")
    assert right.upwards["achilles"] == pytest.approx(0.97, abs=0.01)
    assert right.downwards["buddy"] == pytest.approx(0.02, abs=0.01)
