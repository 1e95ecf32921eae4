"""Position and direction in one picture: a colour map of position for each direction."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unison.display.palettes import (
    PAPER,
    Palette,
    category_colours,
    circular_map,
    colour_map,
    colour_ramp,
    map_values,
    off_the_background,
    right_category,
    value_limits,
)

Limits = tuple[float, float]
#: A position that is an angle, all the way round.
FULL_CIRCLE: Limits = (0.0, 2 * np.pi)


def position_direction_colours(
    position: npt.NDArray[Any],
    direction: npt.NDArray[Any] | None,
    *,
    limits: Limits | None = None,
    on_dark: bool = False,
    palette: Palette = PAPER,
    is_circular: bool = False,
) -> npt.NDArray[np.float32]:
    """Colour bins by position, with one map for each direction.

    Parameters
    ----------
    position : ndarray, (T,)
        Position; NaN is grey.
    direction : ndarray, (T,), or None
        Category of each bin; without it one map serves all bins.
    limits : tuple of float, optional
        Positions at the ends of the maps; by default the smallest and the largest, or the whole circle.
    on_dark : bool, default False
        Leave out the dark ends of the maps, for a dark canvas.
    palette : Palette, default PAPER
        Which maps.
    is_circular : bool, default False
        Whether the position is an angle (rad).

    Returns
    -------
    ndarray of float32, (T, 4)
        RGBA.
    """
    if is_circular:
        position = np.mod(position, 2 * np.pi)
    limits = limits or (FULL_CIRCLE if is_circular else value_limits(position))
    if direction is None:
        return map_values(position, limits, position_map(palette, is_circular=is_circular, on_dark=on_dark))
    rgba = np.zeros((len(position), 4), dtype=np.float32)
    maps = direction_maps(np.unique(direction), on_dark=on_dark, palette=palette, is_circular=is_circular)
    for category, colours in maps.items():
        bins = np.asarray(direction) == category
        rgba[bins] = map_values(position[bins], limits, colours)
    return rgba


def position_map(palette: Palette, *, is_circular: bool, on_dark: bool) -> npt.NDArray[np.float32]:
    """Return the map of a position without direction, RGBA (256, 4)."""
    return circular_map(palette) if is_circular else colour_map(palette.position_map, on_dark=on_dark)


def direction_maps(
    categories: npt.NDArray[Any],
    *,
    on_dark: bool = False,
    palette: Palette = PAPER,
    is_circular: bool = False,
) -> dict[Any, npt.NDArray[np.float32]]:
    """Return the position map of each category: those of right and left, or shades of a hue each.

    Around a circle the second direction has the colours of the first one, lighter on a dark background and
    darker on a light one; of more directions each has its hue, whose shades cannot go round.
    """
    right = right_category(categories) if len(categories) == 2 else None
    if len(categories) > 2:
        return {
            category: colour_ramp(colour)
            for category, colour in category_colours(categories, palette).items()
        }
    if is_circular:
        circle = circular_map(palette)
        second = off_the_background(circle, on_dark=on_dark)
        return {category: circle if right is None or category == right else second for category in categories}
    if len(categories) == 1:
        name = palette.right_map if str(categories[0]).lower() == "right" else palette.left_map
        return {categories[0]: colour_map(name, on_dark=on_dark)}
    return {
        category: colour_map(palette.right_map if category == right else palette.left_map, on_dark=on_dark)
        for category in categories
    }
