"""Behaviour alone: the position over time, session by session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from napari_unison.display.colours import (
    category_name,
    direction_maps,
    first_column,
    position_direction_colours,
)
from napari_unison.display.figures.layout import draw_legend, new_figure, plain
from napari_unison.display.legends import ColourBar, Legend
from napari_unison.display.palettes import colour_map, value_limits
from napari_unison.display.roles import LabelRoles, label_roles, with_unit

if TYPE_CHECKING:
    from napari_unison.sessions import Session


def position_figure(
    sessions: Sequence[Session],
    *,
    n_bins: int = 1000,
    limits: tuple[float, float] | None = None,
    note: str = "behaviour alone, no embedding",
) -> Figure:
    """Draw the position over the first bins of every session.

    Parameters
    ----------
    sessions : sequence of Session
        Sessions with the same labels.
    n_bins : int, default 1000
        Bins from the start of each session.
    limits : tuple of float, optional
        Range of the position axis and of the colours, such as that of the whole recordings; by default that
        of the bins shown.
    note : str
        Line below the title.

    Raises
    ------
    ValueError
        If the sessions have no continuous or circular label.
    """
    roles = label_roles(sessions[0])
    if roles.position is None:
        raise ValueError("there is no position to draw: the sessions have no continuous or circular label")
    first = [session[:n_bins] for session in sessions]
    positions = [first_column(session.labels[roles.position]) for session in first]
    limits = limits or value_limits(np.concatenate(positions))
    columns = min(4, len(first))
    rows = -(-len(first) // columns)
    figure = new_figure(
        2.8 * columns + 1.6,
        2.1 * rows + 1.2,
        f"{roles.position.capitalize()} in the first {n_bins} bins of each session",
        note,
    )
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    unit = sessions[0].units[roles.position]
    margin = 0.05 * (limits[1] - limits[0] or 1.0)
    for axes, session, position in zip(panels, first, positions, strict=False):
        direction = None if roles.direction is None else first_column(session.labels[roles.direction])
        colours = position_direction_colours(position, direction, limits=limits)
        axes.scatter(session.time, position, c=colours, s=3, linewidths=0, rasterized=True)
        axes.set_title(session.name, fontsize=9)
        axes.set_xlabel("time (s)")
        axes.set_ylim(limits[0] - margin, limits[1] + margin)
        plain(axes)
    for axes in panels[::columns]:
        axes.set_ylabel(with_unit(roles.position, unit))
    for axes in panels[len(first) :]:
        axes.set_visible(False)
    draw_legend(figure, list(panels), _legend(first, roles, limits, unit))
    return figure


def _legend(sessions: list[Session], roles: LabelRoles, limits: tuple[float, float], unit: str) -> Legend:
    name = roles.position or ""
    if roles.direction is None:
        return Legend(name, (ColourBar(name, unit, limits, colour_map("viridis")),))
    categories = np.unique(
        np.concatenate([first_column(session.labels[roles.direction]) for session in sessions])
    )
    bars = [
        ColourBar(f"{name} · {category_name(roles.direction, category)}", unit, limits, colours)
        for category, colours in direction_maps(categories).items()
    ]
    return Legend(name, tuple(bars))
