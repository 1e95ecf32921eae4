"""What all figures share: the page with its title, plain axes, legends and 3-D panels."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from napari_unison.display.legends import ColourBar, Legend

Axes3D = Any
"""mplot3d's axes, which carry no types."""

MUTED: Final = "0.35"
FIGURE_DPI: Final = 130
CHARACTERS_PER_INCH: Final = 12
"""Characters of a title that fit in an inch."""


def new_figure(width: float, height: float, title: str, *notes: str) -> Figure:
    """Return an empty page with a title and smaller lines below it.

    Parameters
    ----------
    width, height : float
        Size in inches.
    title : str
        What is shown.
    *notes : str
        Lines below the title; the kind of embedding is among them.

    Returns
    -------
    Figure
        With constrained layout, so that nothing is cut off.
    """
    engine = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08)
    figure = Figure(figsize=(width, height), dpi=FIGURE_DPI, layout=engine)
    characters = int(width * CHARACTERS_PER_INCH)
    lines = [line for text in (title, *notes) if text for line in textwrap.wrap(text, characters)]
    figure.suptitle("\n".join(lines), fontsize=10)
    return figure


def figure_title(figure: Figure) -> str:
    """Return title and notes of a figure."""
    return figure.get_suptitle()


def plain(axes: Axes) -> None:
    """Leave only the left and the lower line of a panel."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)


def draw_legend(figure: Figure, axes: Sequence[Axes], legend: Legend, *, shrink: float = 0.8) -> None:
    """Draw colour bars to the right of the panels, and single colours below the figure.

    Parameters
    ----------
    figure : Figure
        The page.
    axes : sequence of Axes
        Panels that the bars belong to.
    legend : Legend
        What the colours mean.
    shrink : float
        Length of the bars as a share of the panels' height.
    """
    for bar in legend.bars:
        drawn = figure.colorbar(
            _mappable(bar),
            ax=list(axes),
            location="right",
            shrink=shrink,
            aspect=25,
            pad=0.015,
        )
        drawn.set_label(bar.text, fontsize=8)
        drawn.ax.tick_params(labelsize=7)
        drawn.outline.set_visible(False)
    if legend.swatches:
        handles = [
            Line2D([], [], linestyle="", marker="o", color=swatch.colour, label=swatch.name)
            for swatch in legend.swatches
        ]
        title = legend.title if not legend.bars else None
        figure.legend(
            handles=handles,
            loc="outside lower center",
            ncols=min(6, len(handles)),
            fontsize=8,
            frameon=False,
            title=title,
            title_fontsize=8,
        )


def _mappable(bar: ColourBar) -> ScalarMappable:
    low, high = bar.limits
    if low == high:
        low, high = low - 0.5, high + 0.5
    return ScalarMappable(Normalize(low, high), ListedColormap(bar.colours.tolist()))


def panel_3d(figure: Figure, grid: Any, title: str, names: tuple[str, str, str]) -> Axes3D:
    """Add an empty 3-D panel: named axes without numbers, since latents have no unit."""
    axes: Axes3D = figure.add_subplot(grid, projection="3d")
    # Points drawn later lie in front, so that a pale background never covers what it stands behind.
    axes.computed_zorder = False
    axes.set_title(title, fontsize=9, pad=0)
    axes.set_xlabel(names[0], fontsize=7, labelpad=-12)
    axes.set_ylabel(names[1], fontsize=7, labelpad=-12)
    axes.set_zlabel(names[2], fontsize=7, labelpad=-12)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_ticks([])
        axis.pane.set_facecolor((1, 1, 1, 0))
        axis.pane.set_edgecolor("0.85")
        axis.line.set_color("0.7")
    return axes


def frame_3d(axes: Sequence[Axes3D], points: npt.NDArray[np.float32]) -> None:
    """Give 3-D panels the same cube around the points (n, 3), so that they can be compared."""
    low, high = points.min(axis=0), points.max(axis=0)
    half = max(float((high - low).max()) / 2, 1e-6) * 1.02
    middle = (low + high) / 2
    for panel in axes:
        panel.set_xlim(middle[0] - half, middle[0] + half)
        panel.set_ylim(middle[1] - half, middle[1] + half)
        panel.set_zlim(middle[2] - half, middle[2] + half)
        panel.set_box_aspect((1, 1, 1), zoom=1.05)
        panel.view_init(elev=25, azim=-55)


def scatter_3d(
    axes: Axes3D, points: npt.NDArray[np.float32], colours: Any, *, size: float = 2.0, alpha: float = 0.55
) -> None:
    """Draw points (n, 3) in a 3-D panel."""
    axes.scatter(
        points[:, 0],
        points[:, 1],
        points[:, 2],
        c=colours,
        s=size,
        alpha=alpha,
        linewidths=0,
        depthshade=False,
        rasterized=True,
    )


def count(number: int, noun: str) -> str:
    """Write a number with its noun, such as "1 session" or "4 sessions"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
