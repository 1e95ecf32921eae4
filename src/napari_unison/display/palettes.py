"""The colours of the house, and how values become colours."""

from __future__ import annotations

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
_DARK_SHARE: Final = {"magma": 0.2, "viridis": 0.15, "cividis": 0.1, "plasma": 0.05}
# On white paper magma's pale end vanishes in the same way.
_PALE_SHARE: Final = {"magma": 0.06}


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
    high = 1.0 if on_dark else 1.0 - _PALE_SHARE.get(name, 0.0)
    return np.asarray(matplotlib.colormaps[name](np.linspace(low, high, 256)), dtype=np.float32)


def colour_ramp(colour: Colour) -> npt.NDArray[np.float32]:
    """Return a map of one hue from its darker to its lighter shades, RGBA (256, 4)."""
    base = np.asarray(colour[:3])
    ends = np.stack([base * 0.45, base, base + (1 - base) * 0.6])
    steps = np.linspace(0, 1, 256)
    channels = [np.interp(steps, [0.0, 0.5, 1.0], ends[:, channel]) for channel in range(3)]
    return np.stack([*channels, np.ones(256)], axis=1).astype(np.float32)


def category_colours(categories: npt.NDArray[Any]) -> dict[Any, Colour]:
    """Return a colour for each category.

    Two categories get the colours of right and left: "right" (or the second one, such as 1 or True) the
    first of them. More categories get a qualitative cycle.
    """
    if len(categories) == 2:
        right = right_category(categories)
        return {
            category: to_rgba(RIGHT_COLOUR if category == right else LEFT_COLOUR) for category in categories
        }
    return dict(zip(categories.tolist(), many_colours(len(categories)), strict=True))


def right_category(categories: npt.NDArray[Any]) -> Any:
    """Return which of two categories is drawn as right runs are: "right", else the second."""
    named = [category for category in categories if str(category).lower() == "right"]
    lefts = [category for category in categories if str(category).lower() == "left"]
    if named:
        return named[0]
    return categories[0] if lefts and lefts[0] == categories[1] else categories[1]


def many_colours(count: int) -> list[Colour]:
    """Return colours that are told apart easily: a qualitative cycle, for more than ten a rainbow."""
    if count <= 10:
        return [to_rgba(colour) for colour in matplotlib.color_sequences["tab10"][:count]]
    return [to_rgba(colour) for colour in matplotlib.colormaps["turbo"](np.linspace(0.05, 0.95, count))]


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
