"""What is told apart with full colour vision is told apart without red-green vision, in the safe palette."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from skimage.color import deltaE_ciede2000, rgb2lab

from napari_unison.display.palettes import COLOUR_BLIND_SAFE, PAPER, circular_map, colour_map

#: How linear RGB looks without long or without middle-wave cones, after Machado, Oliveira & Fernandes (2009).
VISION = {
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
}
#: A difference (CIEDE2000) that is seen at a glance between two small points.
CLEAR = 10.0


def seen(colours, vision: str) -> np.ndarray:
    """Return colours (n, 3 or 4) in CIELAB, as somebody sees them."""
    rgb = np.asarray(colours, dtype=float).reshape(-1, np.shape(colours)[-1])[:, :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ VISION[vision].T, 0, 1)
    return rgb2lab(np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055))


@pytest.mark.parametrize("vision", VISION)
def test_directions_differ(vision: str) -> None:
    distances = {}
    for palette in (PAPER, COLOUR_BLIND_SAFE):
        right, left = seen([to_rgb(palette.right), to_rgb(palette.left)], vision)
        distances[palette.name] = float(deltaE_ciede2000(right, left))
    assert distances["colour-blind safe"] > 4 * CLEAR
    assert distances["colour-blind safe"] > distances["paper"]


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("on_dark", [True, False])
def test_no_position_of_one_direction_looks_like_any_of_the_other(vision: str, on_dark: bool) -> None:
    right = seen(colour_map(COLOUR_BLIND_SAFE.right_map, on_dark=on_dark), vision)
    left = seen(colour_map(COLOUR_BLIND_SAFE.left_map, on_dark=on_dark), vision)
    nearest = min(deltaE_ciede2000(np.tile(colour, (len(left), 1)), left).min() for colour in right)
    assert nearest > 2 * CLEAR


@pytest.mark.parametrize("vision", VISION)
def test_categories_differ(vision: str) -> None:
    colours = seen([to_rgb(colour) for colour in COLOUR_BLIND_SAFE.categories], vision)
    pairs = [(a, b) for index, a in enumerate(colours) for b in colours[:index]]
    assert min(float(deltaE_ciede2000(a, b)) for a, b in pairs) > CLEAR


@pytest.mark.parametrize("vision", VISION)
def test_angles_a_quarter_turn_apart_differ(vision: str) -> None:
    circle = seen(circular_map(COLOUR_BLIND_SAFE)[::16], vision)
    for turn in range(4, 13):
        assert deltaE_ciede2000(circle, np.roll(circle, turn, axis=0)).min() > CLEAR


@pytest.mark.parametrize("palette", [PAPER, COLOUR_BLIND_SAFE])
def test_a_circle_ends_where_it_begins_and_shows_on_black_and_white(palette) -> None:
    circle = circular_map(palette)
    np.testing.assert_allclose(circle[0], circle[-1])
    assert np.abs(np.diff(circle, axis=0)).max() < 0.02
    lightness = rgb2lab(circle[:, :3])[:, 0]
    assert lightness.min() > 35
    assert lightness.max() < 90
