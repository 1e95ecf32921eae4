"""Overlap of behaviour: where each session has been, and how often it finds partners in the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure, FigureBase
from matplotlib.image import AxesImage

from napari_unison.analysis.behaviour_overlap import ALL_LABELS
from napari_unison.display.colours import category_name
from napari_unison.display.figures.layout import new_figure
from napari_unison.display.palettes import colour_map
from napari_unison.display.roles import with_unit

if TYPE_CHECKING:
    from napari_unison.analysis.behaviour_overlap import BehaviourOverlap, Coverage
    from napari_unison.encoder.overlap import LabelOverlap

#: More sessions than this have no number in each cell.
MOST_NUMBERED: Final = 12
#: Where the longest time at a place is more than this many times the shortest, the scale is logarithmic.
MOST_ON_LINEAR: Final = 30


def draw_overlap(result: BehaviourOverlap, *, note: str = "") -> Figure:
    """Draw where sessions have been, and the share of their bins that have a near partner.

    Parameters
    ----------
    result : BehaviourOverlap
        What is drawn.
    note : str
        A line below the title.

    Returns
    -------
    Figure
        Above, time spent at each place, one panel a direction; below, a matrix for all labels together and
        one for each label.
    """
    tables = {ALL_LABELS: result.overlap, **result.by_label}
    n = len(result.names)
    rows_high = max(1.1, 0.26 * n + 0.7)
    side = max(1.6, 0.34 * n + 0.8)
    width = max(7.0, (side + 1.1) * len(tables) + 1.2)
    figure = new_figure(
        width,
        (rows_high if result.coverage else 0) + side + 2.3,
        f"Overlap of behaviour between {n} session{'s' * (n != 1)}",
        result.summary,
        note,
    )
    if result.coverage is None:
        _draw_tables(figure, tables, result)
        return figure
    grid = figure.add_gridspec(2, 1, height_ratios=[rows_high + 0.4, side + 0.9])
    _draw_coverage(figure.add_subfigure(grid[0]), result.coverage, result.names)
    _draw_tables(figure.add_subfigure(grid[1]), tables, result)
    return figure


def _draw_coverage(part: FigureBase, coverage: Coverage, names: tuple[str, ...]) -> None:
    """Draw one panel a category: sessions from top to bottom, places from left to right."""
    panels: list[Axes] = list(part.subplots(1, len(coverage.categories), sharey=True, squeeze=False)[0])
    scale = _time_scale(coverage)
    image: AxesImage | None = None
    for number, (axes, category) in enumerate(zip(panels, coverage.categories, strict=True)):
        seconds = np.ma.masked_equal(coverage.seconds[:, number], 0)
        extent = (float(coverage.edges[0]), float(coverage.edges[-1]), len(names) - 0.5, -0.5)
        image = axes.imshow(
            seconds, aspect="auto", norm=scale, cmap=_visited(), extent=extent, interpolation="nearest"
        )
        axes.set_title(category_name(coverage.category_label, category) if category else "", fontsize=9)
        axes.set_xlabel(with_unit(coverage.label, coverage.unit), fontsize=8)
        axes.set_yticks(range(len(names)), names)
        axes.tick_params(labelsize=8)
        axes.spines[:].set_color("0.7")
    if image is not None:
        bar = part.colorbar(image, ax=panels, pad=0.015)
        bar.set_label("time (s); white: never there", fontsize=8)
        bar.ax.tick_params(labelsize=7)


def _time_scale(coverage: Coverage) -> Normalize:
    """Return a scale of times; where they differ much, as in sessions of other lengths, logarithmic."""
    visited = coverage.seconds[coverage.seconds > 0]
    low, high = (float(visited.min()), float(visited.max())) if len(visited) else (0.0, 1.0)
    return LogNorm(low, high) if low > 0 and high > MOST_ON_LINEAR * low else Normalize(0, high)


def _visited() -> Colormap:
    """Return shades of one map without its pale end, and white for places that were not visited."""
    shades = ListedColormap(colour_map("viridis").tolist()[::-1])
    shades.set_bad("white")
    return shades


def _draw_tables(part: FigureBase, tables: dict[str, LabelOverlap], result: BehaviourOverlap) -> None:
    panels: list[Axes] = list(part.subplots(1, len(tables), squeeze=False)[0])
    image: AxesImage | None = None
    for number, (axes, (title, table)) in enumerate(zip(panels, tables.items(), strict=True)):
        image = axes.imshow(table.share, vmin=0, vmax=1, cmap="cividis")
        axes.set_title(title if number == 0 else f"{title} alone", fontsize=9)
        axes.set_xticks(range(len(result.names)), result.names, rotation=45, ha="right", fontsize=8)
        axes.set_yticks(range(len(result.names)), result.names if number == 0 else [], fontsize=8)
        axes.set_xlabel("has a near partner in", fontsize=8)
        if number == 0:
            axes.set_ylabel("share of the bins of", fontsize=8)
        axes.spines[:].set_visible(False)
        if len(result.names) <= MOST_NUMBERED:
            _write_shares(axes, table)
    if image is not None:
        bar = part.colorbar(image, ax=panels, shrink=0.8, pad=0.015)
        bar.set_label(f"share nearer than {result.near}", fontsize=8)
        bar.ax.tick_params(labelsize=7)


def _write_shares(axes: Axes, table: LabelOverlap) -> None:
    for (row, column), share in np.ndenumerate(table.share):
        colour = "black" if share > 0.6 else "white"
        axes.text(column, row, f"{share:.0%}", color=colour, ha="center", va="center", fontsize=7)
