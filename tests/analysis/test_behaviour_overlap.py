"""What sessions have in common, as numbers."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unison import sample_sessions
from napari_unison.analysis import behaviour_overlap
from napari_unison.sessions import Session


@pytest.fixture(scope="module")
def rats():
    return sample_sessions("linear-track", names=("rat 1", "rat 3"))


def test_whole_sessions_cover_each_other(rats):
    result = behaviour_overlap(rats)
    assert result.is_good
    assert result.summary.startswith("Sessions cover each other's behaviour: all of each has near partners")
    assert result.near == "0.084 m"


def test_a_rat_that_turns_early_leaves_the_others_without_partners(rats):
    """Rat 3 stays below 1.2 m in its first 1000 bins: position, not direction, is what it does not share."""
    result = behaviour_overlap([rat[:1000] for rat in rats])
    beyond = np.mean(rats[0].labels["position"][:1000] > rats[1].labels["position"][:1000].max() + 0.084)
    assert result.overlap.share[0, 1] == pytest.approx(1 - beyond, abs=0.02)
    assert result.by_label["position"].share[0, 1] == pytest.approx(1 - beyond, abs=0.02)
    assert result.by_label["direction"].share.min() == 1
    assert not result.is_good
    assert "of 'rat 1' has no near partner in 'rat 3' (nearer than" in result.summary


def test_the_distance_that_counts_can_be_chosen(rats):
    strict = behaviour_overlap(rats, max_label_distance=1e-6)
    assert strict.overlap.tolerance == 1e-6
    assert strict.overlap.share[0, 1] < 0.2


def test_coverage_adds_up_to_the_time_of_the_session(rats):
    coverage = behaviour_overlap(rats, n_bins=20).coverage
    assert coverage.seconds.shape == (2, 2, 20)
    assert coverage.categories == ("left", "right")
    np.testing.assert_allclose(coverage.seconds.sum(axis=(1, 2)), [rat.duration for rat in rats])
    short = behaviour_overlap([rat[:1000] for rat in rats], n_bins=20).coverage
    unvisited = short.edges[:-1] > 1.2
    assert short.seconds[1][:, unvisited].sum() == 0
    assert (short.seconds[0][:, unvisited] > 0).all()


def test_what_labels_do_not_agree_in_is_said(rats):
    turned = np.where(rats[1].labels["direction"] == "right", "left", "right")
    result = behaviour_overlap([rats[0], rats[1].replace(labels={**rats[1].labels, "direction": turned})])
    assert not result.is_good
    assert "'left' goes with rising position in rat 3" in result.summary


def test_tables_and_frames_hold_every_pair_and_label(rats):
    result = behaviour_overlap(rats)
    frame = result.to_frame()
    assert len(frame) == 3 * 4
    assert frame["label"].unique().tolist() == ["all labels", "position", "direction"]
    cell = frame[(frame.label == "all labels") & (frame.session == "rat 1") & (frame.partner == "rat 3")]
    assert cell["share_with_near_partner"].item() == result.overlap.share[0, 1]
    assert frame["unit"].unique().tolist() == ["m"]
    places = result.coverage_frame()
    assert len(places) == 2 * 2 * 32
    assert places["time_s"].sum() == pytest.approx(sum(rat.duration for rat in rats))
    assert "direction: bins of the row session with a partner" in str(result)


def test_one_session_has_nobody_to_be_matched_with(rats):
    assert behaviour_overlap(rats[:1]).summary.startswith("One session")


def test_labels_without_places():
    states = [
        Session(name, np.ones((4, 1)), {"state": list(values)}, 0.1)
        for name, values in (("a", "aabb"), ("b", "abab"))
    ]
    result = behaviour_overlap(states)
    assert result.coverage is None
    assert result.by_label == {}
    with pytest.raises(ValueError, match="there are no places"):
        result.coverage_frame()
    with pytest.raises(ValueError, match="'state' is discrete"):
        behaviour_overlap(states, label="state")
