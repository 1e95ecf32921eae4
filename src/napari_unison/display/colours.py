"""Colours of the bins of an embedding, and the legend that explains them.

Right runs take magma and left runs viridis by position; direction alone is ``#AF347B`` and ``#1F978B``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_unison.display.legends import Colour, ColourBar, Legend, Swatch
from napari_unison.display.palettes import (
    LEFT_COLOUR,
    RIGHT_COLOUR,
    UNKNOWN_COLOUR,
    category_colours,
    colour_map,
    colour_ramp,
    many_colours,
    map_values,
    right_category,
    value_limits,
)
from napari_unison.display.residuals import farthest_partner
from napari_unison.display.roles import LabelRoles, label_roles

if TYPE_CHECKING:
    from napari_unison.encoder.embedding import Embedding

__all__ = [
    "LEFT_COLOUR",
    "RIGHT_COLOUR",
    "Colouring",
    "LabelRoles",
    "colour_modes",
    "feature_colours",
    "label_roles",
    "position_direction_colours",
]

Limits = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Colouring:
    """Colours of all bins of an embedding.

    Attributes
    ----------
    rgba : ndarray of float32, (ΣT, 4)
        One colour a bin, sessions one after the other.
    legend : Legend
        What the colours mean.
    mode : str
        What the bins are coloured by.
    """

    rgba: npt.NDArray[np.float32]
    legend: Legend
    mode: str


def position_direction_colours(
    position: npt.NDArray[Any],
    direction: npt.NDArray[Any] | None,
    *,
    limits: Limits | None = None,
    on_dark: bool = False,
) -> npt.NDArray[np.float32]:
    """Colour bins by position, with one map for each direction.

    Parameters
    ----------
    position : ndarray, (T,)
        Position; NaN is grey.
    direction : ndarray, (T,), or None
        Category of each bin; without it one map (viridis) serves all bins.
    limits : tuple of float, optional
        Positions at the ends of the maps; by default the smallest and the largest.
    on_dark : bool, default False
        Leave out the dark ends of the maps, for a dark canvas.

    Returns
    -------
    ndarray of float32, (T, 4)
        RGBA.
    """
    limits = limits or value_limits(position)
    if direction is None:
        return map_values(position, limits, colour_map("viridis", on_dark=on_dark))
    rgba = np.zeros((len(position), 4), dtype=np.float32)
    for category, colours in direction_maps(np.unique(direction), on_dark=on_dark).items():
        bins = np.asarray(direction) == category
        rgba[bins] = map_values(position[bins], limits, colours)
    return rgba


def direction_maps(
    categories: npt.NDArray[Any], *, on_dark: bool = False
) -> dict[Any, npt.NDArray[np.float32]]:
    """Return the position map of each category: magma for right and viridis for left, or shades of a hue."""
    if len(categories) == 1:
        only = categories[0]
        return {only: colour_map("magma" if str(only).lower() == "right" else "viridis", on_dark=on_dark)}
    if len(categories) == 2:
        right = right_category(categories)
        return {
            category: colour_map("magma" if category == right else "viridis", on_dark=on_dark)
            for category in categories
        }
    return {category: colour_ramp(colour) for category, colour in category_colours(categories).items()}


def colour_modes(embedding: Embedding) -> tuple[str, ...]:
    """Return what the bins of an embedding can be coloured by, the usual choice first."""
    roles = label_roles(embedding.sessions[0])
    modes = ["position and direction"] if roles.position and roles.direction else []
    modes += ["position"] if roles.position else []
    modes += ["direction"] if roles.direction else []
    modes += [
        name for name in embedding.sessions[0].labels if name not in (*modes, roles.position, roles.direction)
    ]
    modes += ["time", "session"]
    modes += ["residual"] if _largest_residual(embedding) is not None else []
    return (*modes, *(f"latent {latent + 1}" for latent in range(embedding.n_latents)))


def feature_colours(
    embedding: Embedding,
    mode: str = "best",
    *,
    limits: Limits | None = None,
    on_dark: bool = False,
) -> Colouring:
    """Colour every bin of an embedding.

    Parameters
    ----------
    embedding : Embedding
        Embedding of one or more sessions.
    mode : str
        "best", "position and direction", "position", "direction", "time", "session", "residual", "latent 1"
        and so on, or the name of a label; see :func:`colour_modes`, of which "best" is the first. Position
        and direction stand for the labels that play these parts (:func:`label_roles`). The residual is that
        of the farthest of a bin's partners: one of another behaviour is enough to mix it in.
    limits : tuple of float, optional
        Values at the ends of a continuous scale; by default the smallest and the largest.
    on_dark : bool, default False
        For a dark canvas: leave out the dark ends of the maps.

    Returns
    -------
    Colouring
        Colours and legend; bins without the value are grey, and the legend says so.

    Raises
    ------
    ValueError
        If the mode does not exist for this embedding; the message lists those that do.
    """
    roles = label_roles(embedding.sessions[0])
    modes = colour_modes(embedding)
    if mode == "best" and mode not in embedding.sessions[0].labels:
        mode = modes[0]
    label = {"position": roles.position, "direction": roles.direction}.get(mode) or mode
    if label in embedding.sessions[0].labels:
        return _by_label(embedding, mode, label, limits, on_dark)
    if mode not in modes:
        shown = ", ".join(name for name in modes if not name.startswith("latent "))
        raise ValueError(
            f"nothing to colour by is called {mode!r} here: there are {shown}, and 'latent 1' to "
            f"'latent {embedding.n_latents}'"
        )
    if mode == "position and direction":
        return _by_position_and_direction(embedding, roles, limits, on_dark)
    if mode == "time":
        return _by_value(mode, _times(embedding), "time", "s", "cividis", limits, on_dark)
    if mode == "session":
        return _by_session(embedding)
    if mode == "residual":
        return _by_residual(embedding, limits, on_dark)
    return _by_latent(embedding, mode, limits)


def first_column(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a label as one column, (T,): labels of several columns show the first of them."""
    return values if values.ndim == 1 else values[:, 0]


def _times(embedding: Embedding) -> npt.NDArray[np.float64]:
    return np.concatenate([session.time for session in embedding.sessions])


def _unknown(values: npt.NDArray[Any], name: str) -> tuple[Swatch, ...]:
    """Return the legend's entry for grey bins, if there are any."""
    missing = not np.isfinite(np.asarray(values, dtype=np.float64)).all()
    return (Swatch(f"no {name}", UNKNOWN_COLOUR),) if missing else ()


def _by_value(
    mode: str,
    values: npt.NDArray[Any],
    name: str,
    unit: str,
    map_name: str,
    limits: Limits | None,
    on_dark: bool,
) -> Colouring:
    limits = limits or value_limits(values)
    colours = colour_map(map_name, on_dark=on_dark)
    bar = ColourBar(name, unit, limits, colours)
    legend = Legend(name, (bar, *_unknown(values, name)))
    return Colouring(map_values(values, limits, colours), legend, mode)


def _by_label(embedding: Embedding, mode: str, label: str, limits: Limits | None, on_dark: bool) -> Colouring:
    session = embedding.sessions[0]
    values = first_column(embedding.label(label))
    if session.kinds[label] == "discrete":
        categories = np.unique(values)
        return _by_category(mode, values, label, category_colours(categories))
    if session.kinds[label] == "circular":
        return _by_value(mode, np.mod(values, 2 * np.pi), label, "rad", "hsv", (0.0, 2 * np.pi), on_dark)
    return _by_value(mode, values, label, session.units[label], "viridis", limits, on_dark)


def _by_category(mode: str, values: npt.NDArray[Any], label: str, colours: dict[Any, Colour]) -> Colouring:
    rgba = np.zeros((len(values), 4), dtype=np.float32)
    for category, colour in colours.items():
        rgba[values == category] = colour
    swatches = tuple(Swatch(category_name(label, category), colour) for category, colour in colours.items())
    return Colouring(rgba, Legend(label, swatches), mode)


def category_name(label: str, category: Any) -> str:
    """Name a category in a legend: by itself if it is a word, else with its label."""
    return str(category) if isinstance(category, str) else f"{label} {category}"


def _by_session(embedding: Embedding) -> Colouring:
    colours = many_colours(len(embedding.sessions))
    lengths = [len(values) for values in embedding.values]
    rgba = np.repeat(np.asarray(colours, dtype=np.float32), lengths, axis=0)
    swatches = tuple(
        Swatch(name, colour) for name, colour in zip(embedding.session_names, colours, strict=True)
    )
    return Colouring(rgba, Legend("session", swatches), "session")


def _by_position_and_direction(
    embedding: Embedding, roles: LabelRoles, limits: Limits | None, on_dark: bool
) -> Colouring:
    if roles.position is None or roles.direction is None:
        raise ValueError("colouring by position and direction needs both labels")
    position = first_column(embedding.label(roles.position))
    direction = first_column(embedding.label(roles.direction))
    limits = limits or value_limits(position)
    unit = embedding.sessions[0].units[roles.position]
    rgba = position_direction_colours(position, direction, limits=limits, on_dark=on_dark)
    bars = tuple(
        ColourBar(f"{roles.position} · {category_name(roles.direction, category)}", unit, limits, colours)
        for category, colours in direction_maps(np.unique(direction), on_dark=on_dark).items()
    )
    legend = Legend(f"{roles.position} and {roles.direction}", (*bars, *_unknown(position, roles.position)))
    return Colouring(rgba, legend, "position and direction")


def _by_latent(embedding: Embedding, mode: str, limits: Limits | None) -> Colouring:
    values = embedding.stacked()[0][:, int(mode.removeprefix("latent ")) - 1]
    extent = max(abs(limit) for limit in value_limits(values))
    # Latents have a sign: a map with a neutral middle at zero, the same on dark and on white.
    return _by_value(mode, values, mode, "", "coolwarm", limits or (-extent, extent), on_dark=False)


def _largest_residual(embedding: Embedding) -> npt.NDArray[np.float64] | None:
    """Return the label distance of each bin's farthest partner, (ΣT,); None where there are no partners."""
    largest = np.concatenate([farthest_partner(embedding, index) for index in range(len(embedding.sessions))])
    return largest if np.isfinite(largest).any() else None


def _by_residual(embedding: Embedding, limits: Limits | None, on_dark: bool) -> Colouring:
    """Colour by the farthest partner: a mean would hide the one that is of another behaviour."""
    residual = _largest_residual(embedding)
    if residual is None:
        raise ValueError(f"an embedding that is {embedding.description} has no partners and no residual")
    limits = limits or (0.0, value_limits(residual)[1])
    colours = colour_map("plasma", on_dark=on_dark)
    bar = ColourBar("to the farthest partner", embedding.residual_unit, limits, colours)
    legend = Legend("residual (label distance)", (bar, *_unknown(residual, "partner")))
    return Colouring(map_values(residual, limits, colours), legend, "residual")
