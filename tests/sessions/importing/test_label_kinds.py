"""Angles are told from positions, and categories from measures, by names, units and values."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unison.sessions import SessionError
from napari_unison.sessions.importing import Contents, Entry, array_entry, require_mapping, sessions_from

TURN = 2 * np.pi
TIME = np.arange(2000) * 0.025
#: A head that turns both ways, many times around.
WANDERING = np.cumsum(np.random.default_rng(0).normal(0, 0.3, 2000))


def label_of(name, values, **described):
    """Return what is guessed of a label beside activity."""
    contents = Contents(
        "a.npz",
        [
            array_entry("spikes", np.ones((len(values), 7))),
            array_entry(name, np.asarray(values), role="behaviour", **described),
        ],
    )
    return require_mapping(contents, bin_width=0.025).labels[name.split(" (")[0]]


def around(values, turn=TURN, low=0.0):
    return np.mod(values - low, turn) + low


@pytest.mark.parametrize(
    ("name", "values", "unit"),
    [
        ("hd", around(TIME), "rad"),
        ("head", around(WANDERING, low=-np.pi), "rad"),
        ("heading", np.where(TIME % 1 < 0.2, np.nan, around(WANDERING)), "rad"),
        ("direction", np.degrees(around(WANDERING)), "deg"),
        ("yaw_deg", np.degrees(around(WANDERING, low=-np.pi)), "deg"),
        ("heading_deg", np.round(np.degrees(around(WANDERING))).astype(int), "deg"),
        ("hd_rad", 1 + 0.3 * np.sin(TIME), "rad"),
        ("tilt_rad", around(WANDERING), "rad"),
        ("blob", around(WANDERING), "rad"),
        ("theta_phase", around(50 * TIME).astype(np.float32), "rad"),
    ],
)
def test_values_that_go_around_a_circle_are_an_angle(name, values, unit):
    label = label_of(name, values)
    assert (label.kind, label.unit) == ("circular", unit)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("position", around(WANDERING)),
        ("x", around(WANDERING)),
        ("pos_head_x", around(WANDERING)),
        ("track", around(TIME)),
        # a virtual corridor of 6.2 m that begins anew
        ("blob", np.mod(TIME, 6.2)),
        ("distance", np.mod(TIME, TURN)),
        # of no end of the range is it known that it is one
        ("hd", 3 + np.sin(TIME)),
        ("heading", WANDERING),
        ("head_speed", around(WANDERING)),
        ("angular_velocity", around(WANDERING, low=-np.pi)),
        # jumps anywhere are no turning
        ("blob", np.random.default_rng(0).uniform(0, TURN, 2000)),
        ("orientation", np.random.default_rng(0).uniform(0, TURN, 2000)),
        ("blob", np.degrees(around(WANDERING))),
    ],
)
def test_other_numbers_in_the_range_of_a_circle_are_not(name, values):
    assert label_of(name, values).kind in (None, "continuous")


def test_a_length_is_no_angle():
    assert label_of("blob", around(WANDERING), unit="m").kind is None


def test_the_session_of_a_guessed_angle_is_in_radians():
    degrees = np.degrees(around(WANDERING))
    contents = Contents("a.npz", [array_entry("spikes", np.ones((2000, 3))), array_entry("hd", degrees)])
    session = sessions_from(contents, require_mapping(contents, bin_width=0.025))[0]
    assert session.kinds["hd"] == "circular"
    np.testing.assert_allclose(np.cos(session.labels["hd"]), np.cos(WANDERING), atol=1e-9)


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("lick", (TIME % 3 < 1).astype(float), "discrete"),
        ("lick", np.where(TIME < 1, np.nan, TIME % 3 < 1), "discrete"),
        ("context", np.floor(TIME / 10), "discrete"),
        ("position_cm", np.floor(TIME / 10), None),
        ("speed", np.floor(TIME / 10), None),
        ("blob", np.floor(TIME), None),
        ("blob", np.floor(TIME / 10) + 0.5, None),
        ("blob", np.where(TIME < 49, 1.0, 1.5), None),
    ],
)
def test_few_whole_numbers_are_categories_though_kept_as_real_ones(name, values, kind):
    assert label_of(name, values).kind == kind


def test_whole_centimetres_are_a_measure():
    assert label_of("blob", np.floor(TIME / 10), unit="cm").kind is None


def test_a_damaged_label_does_not_keep_the_rest_from_being_guessed():
    def refuse(_):
        raise SessionError("damaged")

    contents = Contents(
        "a.npz",
        [
            array_entry("spikes", np.ones((50, 3))),
            Entry("heading", "array", (50,), "float64", refuse),
            array_entry("lick", np.arange(50) % 2.0),
        ],
    )
    assert require_mapping(contents, bin_width=0.1).labels["lick"].kind == "discrete"
