from __future__ import annotations

from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgba

from napari_unison.display import (
    LEFT_COLOUR,
    RIGHT_COLOUR,
    colour_modes,
    feature_colours,
    label_roles,
    position_direction_colours,
)
from napari_unison.display.decoding_errors import DecodingErrors
from napari_unison.display.palettes import PALETTES, colour_map
from napari_unison.sessions import Session


def test_right_runs_are_magma_and_left_runs_viridis() -> None:
    position = np.array([0.0, 0.8, 0.0, 0.8])
    rgba = position_direction_colours(position, np.array(["right", "right", "left", "left"]), limits=(0, 1.6))
    assert rgba.shape == (4, 4)
    assert rgba.dtype == np.float32
    np.testing.assert_allclose(rgba[0], matplotlib.colormaps["magma"](0.0), atol=0.02)
    np.testing.assert_allclose(rgba[2], matplotlib.colormaps["viridis"](0.0), atol=0.02)
    np.testing.assert_allclose(rgba[3], matplotlib.colormaps["viridis"](0.5), atol=0.02)


@pytest.mark.parametrize("categories", [(False, True), (0, 1), ("left", "right"), ("inbound", "outbound")])
def test_second_category_is_drawn_as_right(categories: tuple[object, object]) -> None:
    rgba = position_direction_colours(np.array([0.0, 0.0]), np.array(categories), limits=(0, 1))
    np.testing.assert_allclose(rgba[1], matplotlib.colormaps["magma"](0.0), atol=0.02)


def test_nothing_is_black_on_a_dark_canvas() -> None:
    for name in ("magma", "viridis"):
        brightness = colour_map(name, on_dark=True)[:, :3].max(axis=1)
        assert brightness.min() > 0.3
    assert colour_map("magma")[0, :3].max() < 0.05


def test_without_direction_one_map_serves_all(make_session, make_embedding) -> None:
    embedding = make_embedding([make_session(direction=False)])
    assert "direction" not in colour_modes(embedding)
    colouring = feature_colours(embedding, "position")
    assert len(colouring.legend.bars) == 1
    rgba = position_direction_colours(np.array([0.0, 1.0]), None)
    np.testing.assert_allclose(rgba[1], matplotlib.colormaps["viridis"](1.0), atol=0.02)


def test_legend_has_a_bar_for_each_direction_with_limits_and_unit(embedding) -> None:
    colouring = feature_colours(embedding, "position and direction")
    position = embedding.label("position")
    assert [bar.text for bar in colouring.legend.bars] == ["position · left", "position · right"]
    for bar in colouring.legend.bars:
        assert bar.limits == (position.min(), position.max())
        assert bar.colours.shape == (256, 4)
    assert colouring.legend.swatches == ()
    assert feature_colours(embedding, "position", limits=(0, 2)).legend.bars[0].limits == (0, 2)


def test_direction_has_the_colours_of_the_paper(embedding) -> None:
    colouring = feature_colours(embedding, "direction")
    right = embedding.label("direction") == "right"
    np.testing.assert_allclose(
        colouring.rgba[right], np.tile(to_rgba(RIGHT_COLOUR), (right.sum(), 1)), rtol=1e-6
    )
    np.testing.assert_allclose(colouring.rgba[~right][0], to_rgba(LEFT_COLOUR), rtol=1e-6)
    assert {swatch.name for swatch in colouring.legend.swatches} == {"left", "right"}


def test_more_than_two_categories_get_colours_of_their_own(make_embedding) -> None:
    arms = np.repeat(["north", "east", "south"], 20)
    labels = {"position": np.linspace(0, 1, 60), "arm": arms}
    session = Session("maze", np.zeros((60, 2)), labels, 0.1)
    embedding = make_embedding([session])
    assert label_roles(session).direction == "arm"
    flat = feature_colours(embedding, "direction")
    assert len({tuple(colour) for colour in flat.rgba}) == 3
    both = feature_colours(embedding, "position and direction")
    assert len(both.legend.bars) == 3
    assert len({tuple(colour) for colour in both.rgba}) > 20


def test_bins_without_label_are_grey_and_the_legend_says_so(make_session, make_embedding) -> None:
    session = make_session()
    position = np.array(session.labels["position"])
    position[10] = np.nan
    embedding = make_embedding([session.replace(labels=dict(session.labels) | {"position": position})])
    for mode in ("position and direction", "position"):
        colouring = feature_colours(embedding, mode)
        red, green, blue, alpha = colouring.rgba[10]
        assert red == green == blue
        assert alpha == 1
        assert [swatch.name for swatch in colouring.legend.swatches] == ["no position"]
        assert np.isfinite(colouring.rgba).all()


def test_every_mode_colours_every_bin(embedding) -> None:
    modes = colour_modes(embedding)
    assert modes[:6] == ("position and direction", "position", "direction", "time", "session", "residual")
    assert modes[-1] == "latent 4"
    for mode in modes:
        for on_dark in (False, True):
            colouring = feature_colours(embedding, mode, on_dark=on_dark)
            assert colouring.rgba.shape == (1000, 4)
            assert colouring.mode == mode
            assert colouring.legend.entries


def test_residual_shows_the_farthest_partner(make_session, make_embedding) -> None:
    """Distances of rat 1's partners rise to 0.2 in rat 2 and to 0.3 in rat 3."""
    embedding = make_embedding([make_session(f"rat {number}") for number in (1, 2, 3)])
    embedding = replace(embedding, residual_unit="m")
    colouring = feature_colours(embedding, "residual")
    (bar,) = colouring.legend.bars
    assert bar.limits == pytest.approx((0, 0.3))
    assert bar.text == "to the farthest partner (m)"
    assert colouring.legend.swatches == ()
    middle = feature_colours(embedding, "residual", limits=(0, 0.6)).rgba
    np.testing.assert_allclose(middle[399], bar.colours[127], atol=0.01)


def test_bins_without_any_partner_have_no_residual(embedding) -> None:
    residual = [values.copy() for values in embedding.residual]
    residual[0][:50, 1] = np.nan
    colouring = feature_colours(replace(embedding, residual=tuple(residual)), "residual")
    assert [swatch.name for swatch in colouring.legend.swatches] == ["no partner"]
    np.testing.assert_allclose(colouring.rgba[:50], np.tile(colouring.legend.swatches[0].colour, (50, 1)))
    assert not np.allclose(colouring.rgba[50], colouring.legend.swatches[0].colour)


def test_label_free_embedding_has_no_residual_to_show(make_session, make_embedding) -> None:
    free = make_embedding([make_session("rat 1"), make_session("rat 2")], kind="label-free")
    assert "residual" not in colour_modes(free)
    with pytest.raises(
        ValueError, match="there are position and direction, position, direction, time, session"
    ):
        feature_colours(free, "residual")


def test_circular_label_plays_position_where_no_other_does(make_embedding) -> None:
    angle = np.linspace(0, 6, 50)
    session = Session("disc", np.zeros((50, 2)), {"heading": angle}, 0.1, kinds={"heading": "circular"})
    assert label_roles(session).position == "heading"
    ring = replace(
        make_embedding([session.replace(labels={"position": angle}, kinds={"position": "continuous"})]),
        sessions=(session,),
    )
    bar = feature_colours(ring, "position").legend.bars[0]
    assert bar.text == "heading (rad)"
    assert bar.limits == (0.0, pytest.approx(2 * np.pi))
    assert bar.is_circular


def test_an_angle_has_the_same_colour_before_and_after_a_full_turn(make_embedding) -> None:
    angle = np.array([1e-4, 2 * np.pi - 1e-4, np.pi, 1e-4 + 2 * np.pi])
    labels = {"heading": angle, "direction": ["in", "in", "in", "out"]}
    session = Session("disc", np.zeros((4, 2)), labels, 0.1, kinds={"heading": "circular"})
    ring = replace(
        make_embedding([Session("disc", np.zeros((4, 2)), {"position": np.ones(4)}, 0.1)]),
        sessions=(session,),
    )
    for palette in PALETTES:
        alone = feature_colours(ring, "heading", palette=palette).rgba
        np.testing.assert_allclose(alone[[0, 0]], alone[[1, 3]], atol=0.02)
        assert np.abs(alone[0] - alone[2]).max() > 0.2
        both = feature_colours(ring, "position and direction", palette=palette)
        np.testing.assert_allclose(both.rgba[0], both.rgba[1], atol=0.02)
        assert np.abs(both.rgba[0] - both.rgba[3]).max() > 0.1
        assert all(bar.is_circular for bar in both.legend.bars)


def test_the_palette_reaches_every_mode(embedding) -> None:
    for mode in ("position and direction", "position", "direction", "session", "residual", "latent 1"):
        paper, safe = (feature_colours(embedding, mode, palette=name).rgba for name in PALETTES)
        assert not np.allclose(paper, safe), mode
    with pytest.raises(
        ValueError, match="no palette is called 'rainbow': there are paper, colour-blind safe"
    ):
        feature_colours(embedding, palette="rainbow")


def test_decoding_errors_are_a_mode_once_they_are_there(embedding) -> None:
    assert "decoding error" not in colour_modes(embedding)
    assert "decoding error" in colour_modes(embedding, has_errors=True)
    values = np.linspace(0, 0.5, 1000)
    values[:10] = np.nan
    errors = DecodingErrors(values, "position", "m", "label-free + kNN")
    colouring = feature_colours(embedding, "decoding error", errors=errors)
    (bar,) = colouring.legend.bars
    assert (colouring.legend.title, bar.text) == ("decoding error, position", "label-free + kNN (m)")
    assert bar.limits == (0.0, 0.5)
    np.testing.assert_allclose(colouring.rgba[-1], bar.colours[-1])
    assert [swatch.name for swatch in colouring.legend.swatches] == ["no decoding"]
    with pytest.raises(ValueError, match="nothing to colour by is called 'decoding error' here"):
        feature_colours(embedding, "decoding error")


def test_names_come_before_order() -> None:
    labels = {"speed": np.ones(5), "position": np.ones(5), "state": list("abcab"), "direction": list("lrlrl")}
    roles = label_roles(Session("x", np.zeros((5, 1)), labels, 0.1))
    assert (roles.position, roles.direction) == ("position", "direction")
