"""The colours of the house, and how values become colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.colors import to_rgba

from napari_unison.display.legends import Colour

RIGHT_COLOUR: Final = "#AF347B"
LEFT_COLOUR: Final = "#1F978B"
UNKNOWN_COLOUR: Final[Colour] = (0.55, 0.55, 0.55, 1.0)

# On a dark canvas the dark ends of the maps vanish: magma's first fifth is black on black.
_DARK_SHARE: Final = {
    "magma": 0.2,
    "viridis": 0.15,
    "cividis": 0.1,
    "plasma": 0.25,
    "inferno": 0.35,
    "YlOrBr_r": 0.15,
    "Blues_r": 0.2,
}
# On white paper magma's pale end vanishes in the same way.
_PALE_SHARE: Final = {"magma": 0.06, "inferno": 0.04}
# Near their pale ends two hues look alike on any background.
_WHITE_SHARE: Final = {"YlOrBr_r": 0.15, "Blues_r": 0.15}


@dataclass(frozen=True)
class Palette:
    """Colours that belong together.

    Attributes
    ----------
    name : str
        What it is called in forms and settings.
    right, left : str
        The two directions.
    right_map, left_map : str
        Maps of position, one for each direction; names of matplotlib colour maps, as all of the following.
    position_map, time_map, error_map, latent_map : str
        Position without direction, time, distances and errors, and latents, which have a sign.
    circular : tuple of str
        Colours at even steps around the circle, for circular labels.
    categories : tuple of str
        Colours of sessions and of more than two categories, in order.
    """

    name: str
    right: str
    left: str
    right_map: str
    left_map: str
    position_map: str
    time_map: str
    error_map: str
    latent_map: str
    circular: tuple[str, ...]
    categories: tuple[str, ...]


#: As readers of the method's paper know them; the circle has one lightness and chroma (0.745 and 0.115 in
#: OKLCh).
PAPER: Final = Palette(
    name="paper",
    right=RIGHT_COLOUR,
    left=LEFT_COLOUR,
    right_map="magma",
    left_map="viridis",
    position_map="viridis",
    time_map="cividis",
    error_map="plasma",
    latent_map="coolwarm",
    circular=("#EB8D9C", "#E49863", "#BDAE51", "#7CC07E", "#39C3BC", "#5AB8EA", "#9EA4F4", "#D193D4"),
    categories=tuple(matplotlib.colors.to_hex(colour) for colour in matplotlib.color_sequences["tab10"]),
)
#: Told apart without red-green vision: blue against orange, lightness for the rest. Categories are those of
#: Okabe & Ito (2008), without black and in another order.
COLOUR_BLIND_SAFE: Final = Palette(
    name="colour-blind safe",
    right="#E69F00",
    left="#3D8FD1",
    right_map="YlOrBr_r",
    left_map="Blues_r",
    position_map="cividis",
    time_map="cividis",
    error_map="inferno",
    latent_map="PuOr_r",
    circular=("#3D8FD1", "#9CC3E0", "#E2D8C4", "#EBBB5E", "#E69F00", "#B07A3C", "#77604F", "#566F94"),
    categories=("#0072B2", "#E69F00", "#009E73", "#F0E442", "#CC79A7", "#56B4E9", "#D55E00"),
)
PALETTES: Final = {palette.name: palette for palette in (PAPER, COLOUR_BLIND_SAFE)}


def colour_map(name: str, *, on_dark: bool = False) -> npt.NDArray[np.float32]:
    """Return a named map as RGBA (256, 4), without the end that the background would swallow.

    Parameters
    ----------
    name : str
        Name of a matplotlib colour map.
    on_dark : bool, default False
        True for a dark canvas, False for white paper.
    """
    low = _DARK_SHARE.get(name, 0.0) if on_dark else 0.0
    high = 1.0 - _WHITE_SHARE.get(name, 0.0) - (0.0 if on_dark else _PALE_SHARE.get(name, 0.0))
    return np.asarray(matplotlib.colormaps[name](np.linspace(low, high, 256)), dtype=np.float32)


def circular_map(palette: Palette = PAPER) -> npt.NDArray[np.float32]:
    """Return a map that ends in the colour with which it begins, RGBA (256, 4), for any background."""
    around = np.array([to_rgba(colour) for colour in (*palette.circular, palette.circular[0])])
    places = np.linspace(0, 1, len(around))
    steps = np.linspace(0, 1, 256)
    return np.stack([np.interp(steps, places, channel) for channel in around.T], axis=1).astype(np.float32)


def off_the_background(colours: npt.NDArray[np.float32], *, on_dark: bool) -> npt.NDArray[np.float32]:
    """Mix colours (n, 4) with white on a dark background, with black on a light one."""
    mixed = colours.copy()
    mixed[:, :3] += ((1.0 if on_dark else 0.0) - mixed[:, :3]) * np.float32(0.5)
    return mixed


def colour_ramp(colour: Colour) -> npt.NDArray[np.float32]:
    """Return a map of one hue from its darker to its lighter shades, RGBA (256, 4)."""
    base = np.asarray(colour[:3])
    ends = np.stack([base * 0.45, base, base + (1 - base) * 0.6])
    steps = np.linspace(0, 1, 256)
    channels = [np.interp(steps, [0.0, 0.5, 1.0], ends[:, channel]) for channel in range(3)]
    return np.stack([*channels, np.ones(256)], axis=1).astype(np.float32)


def category_colours(categories: npt.NDArray[Any], palette: Palette = PAPER) -> dict[Any, Colour]:
    """Return a colour for each category.

    Two categories get the colours of right and left: "right" (or the second one, such as 1 or True) the
    first of them. More categories get a qualitative cycle.
    """
    if len(categories) == 2:
        right = right_category(categories)
        return {
            category: to_rgba(palette.right if category == right else palette.left) for category in categories
        }
    return dict(zip(categories.tolist(), many_colours(len(categories), palette), strict=True))


def right_category(categories: npt.NDArray[Any]) -> Any:
    """Return which of two categories is drawn as right runs are: "right", else the second."""
    named = [category for category in categories if str(category).lower() == "right"]
    lefts = [category for category in categories if str(category).lower() == "left"]
    if named:
        return named[0]
    return categories[0] if lefts and lefts[0] == categories[1] else categories[1]


def many_colours(count: int, palette: Palette = PAPER) -> list[Colour]:
    """Return colours that are told apart easily: a qualitative cycle, or a ramp where there are too many."""
    if count <= len(palette.categories):
        return [to_rgba(colour) for colour in palette.categories[:count]]
    # No cycle has so many colours: a rainbow, or without red-green vision a ramp of lightness.
    ramp, ends = ("turbo", (0.05, 0.95)) if palette is PAPER else ("inferno", (0.25, 0.97))
    return [to_rgba(colour) for colour in matplotlib.colormaps[ramp](np.linspace(*ends, count))]


def map_values(
    values: npt.NDArray[Any], limits: tuple[float, float], colours: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Look values up in a colour map.

    Parameters
    ----------
    values : ndarray, (T,)
        Values; those outside the limits take the colour of the nearer end, NaN is grey.
    limits : tuple of float
        Values of the first and the last colour.
    colours : ndarray of float32, (n, 4)
        The map.

    Returns
    -------
    ndarray of float32, (T, 4)
        RGBA.
    """
    numbers = np.asarray(values, dtype=np.float64)
    known = np.isfinite(numbers)
    span = limits[1] - limits[0]
    share = (numbers[known] - limits[0]) / span if span > 0 else np.full(int(known.sum()), 0.5)
    rgba = np.tile(np.asarray(UNKNOWN_COLOUR, dtype=np.float32), (len(numbers), 1))
    rgba[known] = colours[np.clip(share * len(colours), 0, len(colours) - 1).astype(np.intp)]
    return rgba


def value_limits(values: npt.NDArray[Any]) -> tuple[float, float]:
    """Return the smallest and the largest known value; (0, 1) where none is known."""
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    return (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
