"""What a session that has seen a part of the behaviour gets from the others, and what from its labels."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_rats import quick_config, rats

from napari_unison.analysis import incomplete_behaviour, part_embeddings
from napari_unison.analysis.incomplete_scores import (
    ALIGNED,
    ALONE,
    COMPLETE,
    GUESS,
    SILENCED,
    WAYS,
    WITH_OTHERS_OWN,
)
from napari_unison.sessions import SessionError


@pytest.fixture(scope="module")
def sessions():
    return rats("rat 1", "rat 2", n_bins=1500)


@pytest.fixture(scope="module")
def half(sessions):
    """Rat 2 beside rat 1, with the first half of the track in training."""
    return incomplete_behaviour(
        sessions, "rat 2", sessions[1].labels["position"] < 0.8, quick_config(), n_folds=2
    )


def errors(result, label="position"):
    return {s.method: s.median_error.value for s in result.scores() if s.label == label}


def test_every_held_out_bin_is_scored_once_as_seen_or_unseen(half, sessions):
    (seen, unseen) = half.parts.values()
    times = [part.methods[0].predictions[0][0].time for part in (seen, unseen)]
    np.testing.assert_array_equal(np.sort(np.concatenate(times)), sessions[1].time)
    position = sessions[1].labels["position"]
    of_unseen = position[np.isin(sessions[1].time, times[1])]
    assert of_unseen.min() > 0.8
    assert of_unseen.min() < 0.8 + 2 * half.near
    assert half.share_used == pytest.approx(0.5, abs=0.05)
    assert [method.name for method in seen.methods] == list(WAYS)
    assert {method.name for method in seen.methods if method.uses_labels_of_test} == {ALIGNED, SILENCED}


def test_the_own_neurons_tell_seen_behaviour_and_nothing_of_unseen(half):
    seen, unseen = errors(half.seen), errors(half.unseen)
    assert seen[ALONE] < 0.6 * seen[GUESS]
    assert seen[WITH_OTHERS_OWN] < 0.6 * seen[GUESS]
    assert unseen[ALONE] > unseen[GUESS]
    assert unseen[COMPLETE] < 0.6 * unseen[GUESS]


def test_labels_fill_the_unseen_part_in_without_the_own_neurons(half):
    unseen = errors(half.unseen)
    assert unseen[ALIGNED] < 0.5 * unseen[GUESS]
    assert unseen[SILENCED] < 0.5 * unseen[GUESS]
    neurons, labels = half.verdicts()
    assert "tell no more than one guess" in neurons
    assert "circular" in labels
    assert labels.endswith("What fills the unseen part in is put there by the labels.")


def test_the_table_names_every_way_and_its_meaning(half):
    text = str(half)
    assert text.startswith("rat 2 with 5")
    assert "-- unseen behaviour:" in text
    assert "circular (labels used)" in text
    frame = half.to_frame()
    assert len(frame) == 2 * 2 * len(WAYS)
    assert set(frame["behaviour"]) == {"seen", "unseen"}
    assert set(frame[frame.method == SILENCED]["meaning"]) == {"circular (labels used)"}


def test_a_part_in_time_that_holds_all_behaviour_leaves_nothing_unseen(sessions):
    start = float(sessions[1].time[0])
    result = incomplete_behaviour(
        sessions, "rat 2", (start, start + 36), quick_config(max_iterations=2), n_folds=2
    )
    assert result.unseen is None
    assert list(result.parts) == ["seen"]
    assert result.verdicts() == ["All behaviour in the held-out laps of rat 2 was in training."]


def test_what_makes_no_sense_is_explained(sessions):
    everything = np.ones(1500, dtype=bool)
    with pytest.raises(ValueError, match="there is no session 'rat 9'; the sessions are 'rat 1', 'rat 2'"):
        incomplete_behaviour(sessions, "rat 9", everything, quick_config())
    with pytest.raises(ValueError, match="'rat 1' is alone"):
        incomplete_behaviour(sessions[:1], "rat 1", everything, quick_config())
    with pytest.raises(ValueError, match="one boolean for each of the 1500 bins"):
        incomplete_behaviour(sessions, "rat 2", everything[:9], quick_config())
    with pytest.raises(SessionError, match="does not come after start"):
        incomplete_behaviour(sessions, "rat 2", (9.0, 3.0), quick_config())
    with pytest.raises(ValueError, match="nothing of the part of 'rat 2' is left to train on in fold 1"):
        incomplete_behaviour(sessions, "rat 2", ~everything, quick_config(), n_folds=2)


def test_part_and_rest_are_embedded_alone_and_together(sessions):
    near = sessions[1].labels["position"] < 0.8
    found = part_embeddings(
        sessions[1][near], sessions[1][~near], sessions[:1], quick_config(max_iterations=2)
    )
    assert found.alone.kind == "label-free"
    assert found.alone.partner_names == ("rat 2",)
    assert (found.together.kind, found.rest_silenced.control) == ("aligned", "silenced")
    assert found.rest_label_free.kind == "label-free"
    assert len(found.rest_aligned.values[0]) == (~near).sum()
    assert found.others_together.session_names == ("rat 1",)


def test_part_and_rest_are_of_one_session_and_share_no_bin(sessions):
    first, second = sessions
    config = quick_config()
    with pytest.raises(SessionError, match="are not two parts of one session"):
        part_embeddings(first, second, [second], config)
    with pytest.raises(SessionError, match="share bins"):
        part_embeddings(second[:100], second[50:], [first], config)
    with pytest.raises(SessionError, match="is alone"):
        part_embeddings(second[:100], second[100:], [], config)
