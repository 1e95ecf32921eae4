"""Colours of the bins of an embedding, and the legend that explains them.

In the palette of the paper right runs take magma and left runs viridis by position; direction alone is
``#AF347B`` and ``#1F978B``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_unison.display.direction_colours import (
    FULL_CIRCLE,
    Limits,
    direction_maps,
    position_direction_colours,
)
from napari_unison.display.legends import Colour, ColourBar, Legend, Swatch
from napari_unison.display.palettes import (
    LEFT_COLOUR,
    PALETTES,
    PAPER,
    RIGHT_COLOUR,
    UNKNOWN_COLOUR,
    Palette,
    category_colours,
    circular_map,
    colour_map,
    many_colours,
    map_values,
    value_limits,
)
from napari_unison.display.residuals import largest_residual
from napari_unison.display.roles import LabelRoles, label_roles

if TYPE_CHECKING:
    from napari_unison.display.decoding_errors import DecodingErrors
    from napari_unison.encoder.embedding import Embedding

__all__ = [
    "LEFT_COLOUR",
    "RIGHT_COLOUR",
    "Colouring",
    "LabelRoles",
    "Limits",
    "colour_modes",
    "direction_maps",
    "feature_colours",
    "label_roles",
    "position_direction_colours",
]

#: The mode that needs a decoding study.
DECODING_ERROR = "decoding error"


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


def colour_modes(embedding: Embedding, *, has_errors: bool = False) -> tuple[str, ...]:
    """Return what the bins of an embedding can be coloured by, the usual choice first.

    Parameters
    ----------
    embedding : Embedding
        What is coloured.
    has_errors : bool, default False
        Whether a study has decoded its bins, so that there are errors to show.
    """
    roles = label_roles(embedding.sessions[0])
    modes = ["position and direction"] if roles.position and roles.direction else []
    modes += ["position"] if roles.position else []
    modes += ["direction"] if roles.direction else []
    modes += [
        name for name in embedding.sessions[0].labels if name not in (*modes, roles.position, roles.direction)
    ]
    modes += ["time", "session"]
    modes += ["residual"] if largest_residual(embedding) is not None else []
    modes += [DECODING_ERROR] if has_errors else []
    return (*modes, *(f"latent {latent + 1}" for latent in range(embedding.n_latents)))


def feature_colours(
    embedding: Embedding,
    mode: str = "best",
    *,
    limits: Limits | None = None,
    on_dark: bool = False,
    palette: str = PAPER.name,
    errors: DecodingErrors | None = None,
) -> Colouring:
    """Colour every bin of an embedding.

    Parameters
    ----------
    embedding : Embedding
        Embedding of one or more sessions.
    mode : str
        "best", "position and direction", "position", "direction", "time", "session", "residual",
        "decoding error", "latent 1" and so on, or the name of a label; see :func:`colour_modes`, of which
        "best" is the first. Position and direction stand for the labels that play these parts
        (:func:`label_roles`). The residual is that of the farthest of a bin's partners: one of another
        behaviour is enough to mix it in.
    limits : tuple of float, optional
        Values at the ends of a continuous scale; by default the smallest and the largest.
    on_dark : bool, default False
        For a dark canvas: leave out the dark ends of the maps.
    palette : {"paper", "colour-blind safe"}
        Which colours.
    errors : DecodingErrors, optional
        What "decoding error" shows.

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
    modes = colour_modes(embedding, has_errors=errors is not None)
    style = _Style(limits, on_dark, _palette(palette))
    if mode == "best" and mode not in embedding.sessions[0].labels:
        mode = modes[0]
    label = {"position": roles.position, "direction": roles.direction}.get(mode) or mode
    if label in embedding.sessions[0].labels:
        return _by_label(embedding, mode, label, style)
    if mode not in modes:
        shown = ", ".join(name for name in modes if not name.startswith("latent "))
        raise ValueError(
            f"nothing to colour by is called {mode!r} here: there are {shown}, and 'latent 1' to "
            f"'latent {embedding.n_latents}'"
        )
    if mode == "position and direction":
        return _by_position_and_direction(embedding, roles, style)
    if mode == "time":
        return _by_value(mode, _times(embedding), "time", "s", style.palette.time_map, style)
    if mode == "session":
        return _by_session(embedding, style.palette)
    if mode == "residual":
        return _by_residual(embedding, style)
    if mode == DECODING_ERROR and errors is not None:
        return _by_error(errors, style)
    return _by_latent(embedding, mode, style)


@dataclass(frozen=True)
class _Style:
    """What all modes are told: ends of the scale, the background, and the palette."""

    limits: Limits | None
    on_dark: bool
    palette: Palette

    def map(self, name: str) -> npt.NDArray[np.float32]:
        return colour_map(name, on_dark=self.on_dark)


def _palette(name: str) -> Palette:
    if name not in PALETTES:
        raise ValueError(f"no palette is called {name!r}: there are {', '.join(PALETTES)}")
    return PALETTES[name]


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
    mode: str, values: npt.NDArray[Any], name: str, unit: str, map_name: str, style: _Style
) -> Colouring:
    limits = style.limits or value_limits(values)
    colours = style.map(map_name)
    bar = ColourBar(name, unit, limits, colours)
    legend = Legend(name, (bar, *_unknown(values, name)))
    return Colouring(map_values(values, limits, colours), legend, mode)


def _by_label(embedding: Embedding, mode: str, label: str, style: _Style) -> Colouring:
    session = embedding.sessions[0]
    values = first_column(embedding.label(label))
    if session.kinds[label] == "discrete":
        categories = np.unique(values)
        return _by_category(mode, values, label, category_colours(categories, style.palette))
    if session.kinds[label] == "circular":
        return _by_angle(mode, values, label, style.palette)
    return _by_value(mode, values, label, session.units[label], style.palette.position_map, style)


def _by_angle(mode: str, values: npt.NDArray[Any], label: str, palette: Palette) -> Colouring:
    colours = circular_map(palette)
    bar = ColourBar(label, "rad", FULL_CIRCLE, colours, is_circular=True)
    rgba = map_values(np.mod(values, 2 * np.pi), FULL_CIRCLE, colours)
    return Colouring(rgba, Legend(label, (bar, *_unknown(values, label))), mode)


def _by_category(mode: str, values: npt.NDArray[Any], label: str, colours: dict[Any, Colour]) -> Colouring:
    rgba = np.zeros((len(values), 4), dtype=np.float32)
    for category, colour in colours.items():
        rgba[values == category] = colour
    swatches = tuple(Swatch(category_name(label, category), colour) for category, colour in colours.items())
    return Colouring(rgba, Legend(label, swatches), mode)


def category_name(label: str, category: Any) -> str:
    """Name a category in a legend: by itself if it is a word, else with its label."""
    return str(category) if isinstance(category, str) else f"{label} {category}"


def _by_session(embedding: Embedding, palette: Palette) -> Colouring:
    colours = many_colours(len(embedding.sessions), palette)
    lengths = [len(values) for values in embedding.values]
    rgba = np.repeat(np.asarray(colours, dtype=np.float32), lengths, axis=0)
    swatches = tuple(
        Swatch(name, colour) for name, colour in zip(embedding.session_names, colours, strict=True)
    )
    return Colouring(rgba, Legend("session", swatches), "session")


def _by_position_and_direction(embedding: Embedding, roles: LabelRoles, style: _Style) -> Colouring:
    if roles.position is None or roles.direction is None:
        raise ValueError("colouring by position and direction needs both labels")
    position = first_column(embedding.label(roles.position))
    direction = first_column(embedding.label(roles.direction))
    session = embedding.sessions[0]
    looks: dict[str, Any] = {
        "is_circular": session.kinds[roles.position] == "circular",
        "on_dark": style.on_dark,
        "palette": style.palette,
    }
    limits = style.limits or (FULL_CIRCLE if looks["is_circular"] else value_limits(position))
    rgba = position_direction_colours(position, direction, limits=limits, **looks)
    bars = tuple(
        ColourBar(
            f"{roles.position} · {category_name(roles.direction, category)}",
            session.units[roles.position],
            limits,
            colours,
            looks["is_circular"],
        )
        for category, colours in direction_maps(np.unique(direction), **looks).items()
    )
    legend = Legend(f"{roles.position} and {roles.direction}", (*bars, *_unknown(position, roles.position)))
    return Colouring(rgba, legend, "position and direction")


def _by_latent(embedding: Embedding, mode: str, style: _Style) -> Colouring:
    values = embedding.stacked()[0][:, int(mode.removeprefix("latent ")) - 1]
    extent = max(abs(limit) for limit in value_limits(values))
    # Latents have a sign: a map with a neutral middle at zero, the same on dark and on white.
    signed = _Style(style.limits or (-extent, extent), on_dark=False, palette=style.palette)
    return _by_value(mode, values, mode, "", style.palette.latent_map, signed)


def _by_error(errors: DecodingErrors, style: _Style) -> Colouring:
    limits = style.limits or (0.0, value_limits(errors.values)[1])
    colours = style.map(style.palette.error_map)
    bar = ColourBar(errors.method, errors.unit, limits, colours)
    legend = Legend(errors.title, (bar, *_unknown(errors.values, "decoding")))
    return Colouring(map_values(errors.values, limits, colours), legend, DECODING_ERROR)


def _by_residual(embedding: Embedding, style: _Style) -> Colouring:
    """Colour by the farthest partner: a mean would hide the one that is of another behaviour."""
    residual = largest_residual(embedding)
    if residual is None:
        raise ValueError(f"an embedding that is {embedding.description} has no partners and no residual")
    limits = style.limits or (0.0, value_limits(residual)[1])
    colours = style.map(style.palette.error_map)
    bar = ColourBar("to the farthest partner", embedding.residual_unit, limits, colours)
    legend = Legend("residual (label distance)", (bar, *_unknown(residual, "partner")))
    return Colouring(map_values(residual, limits, colours), legend, "residual")
