"""Labels find their kind, or say why they cannot be used."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_unison.sessions import Session, SessionError

T = 12


def make(labels, n_neurons=3, **options):
    return Session("rat", np.ones((T, n_neurons)), labels, 0.025, **options)


def message(labels, **options) -> str:
    with pytest.raises(SessionError) as caught:
        make(labels, **options)
    assert "session 'rat'" in str(caught.value)
    return str(caught.value)


def test_kinds_are_found_from_the_values():
    session = make(
        {
            "direction": ["left", "right"] * 6,
            "running": np.arange(T) > 5,
            "position": np.linspace(0, 1, T, dtype="float32"),
            "xy": np.ones((T, 2)),
        }
    )
    assert session.kinds == {
        "direction": "discrete",
        "running": "discrete",
        "position": "continuous",
        "xy": "continuous",
    }
    assert session.labels["position"].dtype == np.float32
    assert session.labels["direction"].dtype.kind == "U"
    assert session.labels["running"].dtype == np.bool_


def test_labels_may_be_a_data_frame_with_objects_and_categories():
    frame = pd.DataFrame({"position": np.linspace(0, 1, T), "direction": ["left", "right"] * 6})
    frame["odour"] = pd.Categorical(["a", "b", "c"] * 4)
    session = make(frame)
    assert session.kinds == {"position": "continuous", "direction": "discrete", "odour": "discrete"}
    assert session.labels["odour"].dtype.kind == "U"


@pytest.mark.parametrize(
    "values",
    [
        np.array([b"l", b"r"] * 6),
        np.array(["l", "r"] * 6, dtype=object),
        np.array(["l", "r"] * 6, dtype=np.dtypes.StringDType()),
    ],
    ids=["bytes", "objects", "string type"],
)
def test_texts_of_any_making_become_texts(values):
    assert make({"direction": values}).labels["direction"].tolist() == ["l", "r"] * 6


def test_objects_that_are_all_numbers_or_booleans_are_read_as_such():
    assert make({"x": np.array([0.5] * T, dtype=object)}).kinds["x"] == "continuous"
    assert make({"x": np.array([True] * T, dtype=object)}).labels["x"].dtype == np.bool_


def test_integers_ask_for_their_kind():
    text = message({"trial": np.arange(T)})
    assert "label 'trial' holds integers: say whether they are continuous or discrete" in text
    assert "kinds={'trial': 'continuous'}" in text
    assert make({"trial": np.arange(T)}, kinds={"trial": "discrete"}).labels["trial"].dtype.kind == "i"
    assert make({"trial": np.arange(T)}, kinds={"trial": "continuous"}).labels["trial"].dtype == np.float64


def test_whole_floats_can_be_categories_and_others_not():
    session = make({"odour": np.tile([0.0, 1.0], 6)}, kinds={"odour": "discrete"})
    assert session.labels["odour"].dtype == np.int64
    text = message({"odour": np.tile([0.0, 0.5], 6)}, kinds={"odour": "discrete"})
    assert "label 'odour' is discrete, but holds 0.5 in bin 1" in text


def test_a_discrete_label_is_one_category_a_bin():
    text = message({"odour": np.ones((T, 2))}, kinds={"odour": "discrete"})
    assert "discrete and has shape (12, 2)" in text
    assert "argmax" in text


def test_missing_categories_are_errors():
    text = message({"odour": ["a", None] * 6})
    assert "label 'odour' has 6 missing value(s), the first in row 1" in text
    text = message({"odour": pd.Series(["a", np.nan, "b"] * 4)})
    assert "missing value(s), the first in row 1" in text
    assert "first in row 1" in message({"odour": pd.array(["a", pd.NA] * 6)})
    text = message({"odour": [1.0, np.nan] * 6}, kinds={"odour": "discrete"})
    assert "label 'odour' is discrete and not a number in bin 1" in text


def test_objects_of_several_types_are_errors():
    assert "mixes Python objects (float, str)" in message({"x": np.array([0.5, "a"] * 6, dtype=object)})
    assert "is not an array" in message({"x": [[1.0], [1.0, 2.0]] * 6})


def test_types_that_are_no_labels_are_errors():
    assert "label 'x' holds complex128; give real numbers" in message({"x": np.ones(T, complex)})
    assert "holds complex128" in message({"x": np.ones(T, complex)}, kinds={"x": "continuous"})
    assert "holds texts, which cannot be continuous" in message({"x": ["a"] * T}, kinds={"x": "continuous"})


def test_there_must_be_a_label():
    assert "has no labels; give at least one" in message({})
    assert "labels is a ndarray; give a dictionary" in message(np.ones(T))
    assert "labels is a NoneType" in message(None)


@pytest.mark.parametrize("name", [3, "", " "])
def test_label_names_are_texts(name):
    assert f"the name {name!r} in labels is not a text" in message({name: np.ones(T)})


def test_a_label_of_another_length_is_named():
    text = message({"position": np.ones(7)})
    assert "label 'position' has 7 values, but neural has 12 time bins; give one value a time bin" in text
    assert "label 'x' has shape (12, 1, 1); give (T,) or (T, k)" in message({"x": np.ones((T, 1, 1))})
    assert "label 'x' has shape ()" in message({"x": 4.0})
    assert "no column; give (T,) or (T, k) with k ≥ 1" in message({"x": np.ones((T, 0))})


def test_transposed_neural_is_recognised():
    text = message({"position": np.ones(500)}, n_neurons=500)
    assert "neural has shape (12, 500), so it looks transposed" in text
    assert "give neural.T" in text


def test_a_transposed_label_is_recognised():
    assert "it looks transposed: give (T, k)" in message({"xy": np.ones((2, T))})


def test_bins_with_an_unknown_label_are_allowed():
    values = np.linspace(0, 1, T)
    values[3] = np.nan
    assert np.isnan(make({"x": values}).labels["x"][3])
    assert np.isnan(make({"x": values}, kinds={"x": "circular"}).labels["x"][3])


def test_a_label_that_is_nowhere_known_is_an_error():
    assert "label 'x' is NaN in every bin" in message({"x": np.full(T, np.nan)})
    table = np.ones((T, 2))
    table[:, 1] = np.nan
    assert "label 'x', column 1, is NaN in every bin" in message({"x": table})


def test_infinite_labels_are_errors():
    values = np.ones(T)
    values[[4, 6]] = np.inf
    assert "label 'x' is infinite in 2 bin(s), the first is bin 4" in message({"x": values})


def test_circular_labels_are_angles_in_radians():
    assert (
        make({"head": np.linspace(-np.pi, 3 * np.pi, T)}, kinds={"head": "circular"}).kinds["head"]
        == "circular"
    )
    text = message({"head": np.linspace(0, 359, T)}, kinds={"head": "circular"})
    assert "label 'head' is circular and reaches 359, which looks like degrees; give radians" in text
    text = message({"head": np.ones((T, 2))}, kinds={"head": "circular"})
    assert "label 'head' is circular and has shape (12, 2)" in text


def test_kinds_must_be_known_and_belong_to_labels():
    labels = {"x": np.ones(T)}
    assert "label 'x': there is no kind 'linear'; the kinds are continuous, circular, discrete" in message(
        labels, kinds={"x": "linear"}
    )
    assert "kinds names 'y', but the labels are x" in message(labels, kinds={"y": "discrete"})
    assert "kinds is a dictionary" in message(labels, kinds=["continuous"])


@pytest.mark.parametrize("weight", [0, -1, np.nan, np.inf, "heavy", None])
def test_weights_are_positive_numbers(weight):
    assert f"the weight of label 'x' is {weight!r}; give a positive number" in message(
        {"x": np.ones(T)}, weights={"x": weight}
    )


def test_weights_must_belong_to_labels():
    assert "weights names 'y', but the labels are x" in message({"x": np.ones(T)}, weights={"y": 1})
    assert "weights is a dictionary" in message({"x": np.ones(T)}, weights=[1])
    assert make({"x": np.ones(T), "y": np.ones(T)}, weights={"y": 3}).weights == {"x": 1.0, "y": 3.0}
