"""Probabilities of movements, on movements that are known."""

from __future__ import annotations

import numpy as np

from napari_unison import Session
from napari_unison.analysis.baselines.place_states import PlaceStates, place_states
from napari_unison.analysis.baselines.place_transitions import fit_transitions
from napari_unison.analysis.targets import session_targets


def states_of(labels: dict[str, np.ndarray], bins: int = 12, **more: dict[str, str]) -> PlaceStates:
    n_bins = len(next(iter(labels.values())))
    return place_states(session_targets(Session("rat", np.zeros((n_bins, 1)), labels, 0.025, **more)), bins)


def fitted(states: PlaceStates, stretch: np.ndarray) -> np.ndarray:
    return fit_transitions(states, np.arange(len(stretch)), stretch)


def test_what_was_done_is_likely_and_nothing_is_impossible():
    forth = np.tile(np.arange(12.0), 5)
    stretch = np.repeat(np.arange(5), 12)
    found = fitted(states_of({"position": forth}), stretch)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert (found >= 1e-4 / 12 * 0.999).all()
    assert (found[2:9].argmax(axis=1) == np.arange(3, 10)).all()
    # ends of stretches are no movements from the far end back to the start
    assert found[11, 0] < 1e-4


def test_around_the_circle_the_last_place_leads_to_the_first():
    turn = np.tile((np.arange(12) + 0.5) * np.pi / 6, 5)
    states = states_of({"heading": turn}, kinds={"heading": "circular"})
    found = fitted(states, np.zeros(60))
    # every place is as every other: smoothing goes around, too
    for place in range(12):
        np.testing.assert_allclose(np.roll(found[place], -place), found[0], atol=0.02)


def test_directions_flip_where_laps_follow_each_other_without_a_gap():
    forth = np.arange(12.0)
    position = np.tile(np.concatenate([forth, forth[::-1]]), 4)
    direction = np.tile(np.repeat(["right", "left"], 12), 4)
    states = states_of({"position": position, "direction": direction})
    end_right, end_left = states.index(np.array([11, 12]))
    joined = fitted(states, np.zeros(96))
    apart = fitted(states, np.arange(96) // 12)
    assert joined[end_right, end_left] > 0.1
    assert apart[end_right, end_left] < 1e-4


def test_states_that_nothing_follows_lead_anywhere():
    odour = np.array(["apple", "apple", "apple", "banana"])
    found = fitted(states_of({"odour": odour}), np.zeros(4))
    np.testing.assert_allclose(found[1], 0.5)
