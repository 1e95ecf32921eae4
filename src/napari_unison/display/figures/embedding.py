"""Embeddings in three dimensions: one panel a session, and all sessions together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

from napari_unison.display.colours import Colouring, colour_modes, feature_colours
from napari_unison.display.figures.layout import (
    Axes3D,
    count,
    draw_legend,
    frame_3d,
    new_figure,
    panel_3d,
    scatter_3d,
)
from napari_unison.display.points import EmbeddingAxes, Latents, embedding_axes, thin

if TYPE_CHECKING:
    from napari_unison.encoder.embedding import Embedding

MOST_COLUMNS = 5


def embedding_figure(
    embedding: Embedding,
    *,
    latents: Latents | EmbeddingAxes = "pca",
    colouring: Colouring | None = None,
    separate: bool = True,
    together: bool = True,
    background: Embedding | None = None,
    max_points: int = 6000,
    title: str | None = None,
    note: str = "",
) -> Figure:
    """Draw an embedding in 3-D, one panel a session and one for all of them.

    Parameters
    ----------
    embedding : Embedding
        What is drawn.
    latents : "pca", tuple of int, or EmbeddingAxes
        The three axes.
    colouring : Colouring, optional
        Colours; by default position and direction where these labels are there.
    separate, together : bool, default True
        Draw a panel for each session; draw one for all sessions (if there are several).
    background : Embedding, optional
        Drawn in pale grey behind all panels, such as the complete manifold behind a part of it.
    max_points : int, default 6000
        Most points a panel; bins are left out evenly.
    title, note : str
        Title, and a line below the kind of the embedding.

    Raises
    ------
    ValueError
        If neither separate nor joint panels are asked for.
    """
    if not (separate or together):
        raise ValueError("nothing to draw: ask for separate panels, for one of all sessions, or for both")
    axes_3d = latents if isinstance(latents, EmbeddingAxes) else embedding_axes(embedding, latents)
    colours = colouring or feature_colours(embedding, colour_modes(embedding)[0])
    points = axes_3d.project(embedding.stacked()[0])
    behind = None if background is None else axes_3d.project(_thinned(background, max_points // 2))
    panels = _panels(embedding, separate, together)
    lines = (f"{embedding.description} · coloured by {colours.legend.title}", note)
    heading = title or f"Embedding of {count(len(embedding.sessions), 'session')}"
    figure, grid, columns = _page(len(panels), heading, *lines)
    single = len(panels) == 1
    drawn: list[Axes3D] = []
    for number, (name, panel_rows) in enumerate(panels):
        axes = panel_3d(figure, grid[number // columns, number % columns], name, axes_3d.names)
        if behind is not None:
            scatter_3d(axes, behind, "0.8", size=1.0, alpha=0.25)
        shown = panel_rows[thin(len(panel_rows), max_points)]
        size = float(np.clip(8000 / len(shown), 5.0 if single else 2.0, 5.0))
        scatter_3d(axes, points[shown], colours.rgba[shown], size=size)
        drawn.append(axes)
    frame_3d(drawn, points if behind is None else np.concatenate([points, behind]))
    # The layout does not see the label of the third axis: an empty panel keeps its place free.
    spacer = figure.add_subplot(grid[:, -1])
    spacer.set_axis_off()
    draw_legend(figure, [*drawn, spacer], colours.legend)
    return figure


def _page(n_panels: int, title: str, *notes: str) -> tuple[Figure, GridSpec, int]:
    """Return a page, its grid with a narrow empty column at the right, and its columns of panels."""
    columns = min(MOST_COLUMNS, n_panels)
    rows = -(-n_panels // columns)
    size = (6.5, 5.6) if n_panels == 1 else (2.6 * columns + 1.6, 2.7 * rows + 1.0)
    figure = new_figure(*size, title, *notes)
    return figure, figure.add_gridspec(rows, columns + 1, width_ratios=[1.0] * columns + [0.06]), columns


def _panels(embedding: Embedding, separate: bool, together: bool) -> list[tuple[str, npt.NDArray[np.intp]]]:
    """Return title and rows of every panel."""
    index = embedding.stacked()[1]
    panels = []
    if separate:
        panels = [
            (name, np.flatnonzero(index == number)) for number, name in enumerate(embedding.session_names)
        ]
    if together and (len(embedding.sessions) > 1 or not separate):
        panels.append(("all sessions", np.arange(len(index))))
    return panels


def _thinned(embedding: Embedding, max_points: int) -> npt.NDArray[np.float32]:
    values = embedding.stacked()[0]
    return np.asarray(values[thin(len(values), max_points)], dtype=np.float32)
