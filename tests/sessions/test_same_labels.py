"""Sessions that are to be aligned need the same labels, and names of their own."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unison.sessions import Session, SessionError, validate_same_labels

T = 6


def make(name="b", labels=None, n_neurons=2, **options):
    labels = {"position": np.ones(T), "direction": ["l", "r"] * 3} if labels is None else labels
    return Session(name, np.ones((T, n_neurons)), labels, 0.025, **options)


def message(*sessions) -> str:
    with pytest.raises(SessionError) as caught:
        validate_same_labels(sessions)
    return str(caught.value)


def test_sessions_may_differ_in_neurons_and_in_the_order_of_labels():
    swapped = {"direction": ["l", "r"] * 3, "position": np.ones(T)}
    validate_same_labels([make("a"), make("b", swapped, n_neurons=7)])


def test_there_must_be_a_session():
    assert "there are no sessions" in message()


def test_names_must_differ():
    assert "'a' names more than one session" in message(make("a"), make("b"), make("a"))


def test_a_missing_and_an_additional_label_are_named():
    text = message(make("a"), make("b", {"position": np.ones(T), "speed": np.ones(T)}))
    assert "session 'b' differs from 'a': it lacks direction and has also speed" in text


def test_labels_of_other_names_are_told_the_way_to_one_name():
    text = message(make("a", {"position": np.ones(T)}), make("b", {"x (cm)": np.ones(T)}))
    assert "If 'x (cm)' of 'b' is what 'a' calls 'position'" in text
    assert '[labels.position] in place of [labels."x (cm)"] (labels = {position = …})' in text


def test_labels_that_only_one_session_has_can_be_left_out():
    text = message(make("a"), make("b", {"position": np.ones(T)}))
    assert "Leave direction of 'a' out: open the file by a mapping" in text


def test_kinds_must_agree():
    text = message(make("a", {"x": np.ones(T)}), make("b", {"x": np.ones(T)}, kinds={"x": "circular"}))
    assert "label 'x' is circular, not continuous" in text


@pytest.mark.parametrize(("first", "says"), [(np.ones((T, 3)), "not (T, 3)"), (np.ones(T), "not (T,)")])
def test_numbers_of_columns_must_agree(first, says):
    text = message(make("a", {"x": first}), make("b", {"x": np.ones((T, 2))}))
    assert "label 'x' has shape (6, 2)" in text
    assert says in text


def test_weights_must_agree():
    text = message(make("a"), make("b", weights={"position": 2}))
    assert "the weight of label 'position' is 2, not 1" in text


def test_categories_must_be_of_one_type():
    numbers = make("b", {"x": [0, 1] * 3}, kinds={"x": "discrete"})
    assert "categories of label 'x' are integers, not texts" in message(
        make("a", {"x": ["l", "r"] * 3}), numbers
    )
    assert "are integers, not booleans" in message(make("a", {"x": [True, False] * 3}), numbers)
    validate_same_labels([make("a", {"x": ["l"] * T}), make("b", {"x": ["another"] * T})])
