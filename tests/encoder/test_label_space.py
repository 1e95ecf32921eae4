import numpy as np
import pytest

from napari_unison import Session
from napari_unison.encoder.label_space import LabelSpace
from napari_unison.sessions import SessionError


def session(labels, name="rat", **options):
    n_bins = len(next(iter(labels.values())))
    return Session(name, np.ones((n_bins, 2)), labels, 0.1, **options)


def test_distances_are_those_of_metres_and_one_hot_directions():
    space = LabelSpace(
        [session({"position": np.array([0.0, 0.3, 0.3]), "direction": ["left", "left", "right"]})]
    )
    points = space.encode(
        space_session := session({"position": [0.0, 0.3, 0.3], "direction": ["left", "left", "right"]})
    )
    assert points.shape == (space_session.n_bins, 3)
    assert np.linalg.norm(points[0] - points[1]) == pytest.approx(0.3)
    assert np.linalg.norm(points[1] - points[2]) == pytest.approx(np.sqrt(2))


def test_angles_meet_where_the_circle_closes():
    rat = session({"phase": np.array([0.01, 2 * np.pi - 0.01, np.pi])}, kinds={"phase": "circular"})
    points = LabelSpace([rat]).encode(rat)
    assert np.linalg.norm(points[0] - points[1]) == pytest.approx(0.02, abs=1e-4)
    assert np.linalg.norm(points[0] - points[2]) == pytest.approx(2, abs=1e-3)


def test_circular_changes_turn_by_the_angle_from_any_phase():
    rat = session(
        {"phase": np.array([0.0, 0.5, 3.0, 3.5])}, kinds={"phase": "circular"}, weights={"phase": 2.0}
    )
    space = LabelSpace([rat])
    points = space.encode(rat)
    change = space.changes(points, np.array([0]), np.array([1]))
    moved = space.shift(points[[2]], change)
    np.testing.assert_allclose(moved, points[[3]], atol=1e-12)


def test_weights_multiply_distances():
    rat = session({"position": np.array([0.0, 1.0])}, weights={"position": 3.0})
    points = LabelSpace([rat]).encode(rat)
    assert abs(points[1] - points[0]) == pytest.approx(3)


def test_labels_around_a_million_keep_their_precision():
    rat = session({"time": 1e6 + np.array([0.0, 1e-4, 2e-4])})
    points = LabelSpace([rat]).encode(rat)[:, 0]
    np.testing.assert_allclose(np.diff(points), 1e-4, rtol=1e-5)


def test_scaling_is_pooled_over_sessions():
    first, second = session({"x": [0.0, 1.0]}, "a"), session({"x": [3.0, 4.0]}, "b")
    points = LabelSpace([first, second], "range").encode(first)
    assert points[1] - points[0] == pytest.approx(1 / 4)
    points = LabelSpace([first, second], "standard").encode(first)
    assert points[1] - points[0] == pytest.approx(1 / np.std([0, 1, 3, 4]))


def test_a_bin_with_a_missing_label_has_no_place():
    rat = session({"x": [0.0, np.nan, 1.0], "side": ["l", "r", "l"]})
    points = LabelSpace([rat]).encode(rat)
    assert np.isnan(points[1]).all()
    assert not np.isnan(points[[0, 2]]).any()


def test_a_label_that_outweighs_another_is_warned_of():
    rat = session({"position": np.linspace(0, 160, 50), "direction": ["left", "right"] * 25})
    with pytest.warns(UserWarning, match=r"'position' outweighs 'direction'.*label_scaling='range'"):
        LabelSpace([rat]).warn_if_one_label_outweighs()


def test_scaled_or_balanced_labels_are_not_warned_of():
    rat = session({"position": np.linspace(0, 160, 50), "direction": ["left", "right"] * 25})
    LabelSpace([rat], "range").warn_if_one_label_outweighs()
    rat = session({"position": np.linspace(0, 1.6, 50), "direction": ["left", "right"] * 25})
    LabelSpace([rat]).warn_if_one_label_outweighs()


def test_unknown_labels_and_categories_are_named():
    space = LabelSpace([session({"x": [0.0, 1.0], "side": ["l", "r"]})])
    with pytest.raises(SessionError, match=r"'late' has no label 'x'.*'side'"):
        space.encode(session({"side": ["l", "r"]}, "late"))
    with pytest.raises(SessionError, match=r"'late', label 'side': .*up.* did not occur.*l, r"):
        space.encode(session({"x": [0.0, 1.0], "side": ["l", "up"]}, "late"))
    with pytest.raises(SessionError, match=r"'x' is circular with weight 1, but was continuous"):
        space.encode(session({"x": [0.0, 1.0], "side": ["l", "r"]}, "late", kinds={"x": "circular"}))
    with pytest.raises(SessionError, match=r"weight 3, but was continuous with weight 1 in training"):
        space.encode(session({"x": [0.0, 1.0], "side": ["l", "r"]}, "late", weights={"x": 3.0}))
    with pytest.raises(SessionError, match=r"'late', label 'x': 2 columns.*trained with 1"):
        space.encode(session({"x": np.zeros((2, 2)), "side": ["l", "r"]}, "late"))


def test_sessions_with_other_labels_do_not_go_together():
    with pytest.raises(SessionError, match="b"):
        LabelSpace([session({"x": [0.0, 1.0]}, "a"), session({"y": [0.0, 1.0]}, "b")])


def in_metres(units=("m", "m"), **changes):
    labels = {"x": [0.0, 1.0, 2.0], "y": [1.0, 0.0, 1.0], "side": ["l", "r", "l"]}
    return Session(
        "a", np.ones((3, 1)), labels, 0.1, units=dict(zip(("x", "y"), units, strict=True)), **changes
    )


def test_distances_have_the_unit_of_the_labels_where_these_have_one():
    assert LabelSpace([in_metres()]).unit == "m"
    assert LabelSpace([in_metres(("m", "cm"))]).unit == ""
    assert LabelSpace([in_metres(("m", ""))]).unit == ""
    assert LabelSpace([in_metres(("m", "")), in_metres(("", "m")).replace(name="b")]).unit == "m"
    assert LabelSpace([in_metres()], "range").unit == ""
    assert LabelSpace([in_metres(weights={"x": 2.0})]).unit == ""
    assert LabelSpace([in_metres(weights={"side": 2.0})]).unit == "m"
    heading = {"x": [0.0, 1.0, 2.0], "heading": [0.0, 1.0, 2.0]}
    turning = Session("a", np.ones((3, 1)), heading, 0.1, kinds={"heading": "circular"}, units={"x": "m"})
    assert LabelSpace([turning]).unit == ""
