"""A session that has seen a part of the behaviour: alone, together with others, and what labels fill in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from napari_unison.analysis.behaviour_overlap import behaviour_overlap
from napari_unison.display.colours import colour_modes, feature_colours, first_column
from napari_unison.display.figures.layout import (
    MUTED,
    count,
    draw_legend,
    frame_3d,
    new_figure,
    panel_3d,
    plain,
    scatter_3d,
)
from napari_unison.display.palettes import value_limits
from napari_unison.display.points import EmbeddingAxes, embedding_axes, thin
from napari_unison.display.roles import label_roles, with_unit

if TYPE_CHECKING:
    from napari_unison.analysis.part_embeddings import PartEmbeddings
    from napari_unison.encoder import Embedding

MOST_POINTS: Final = 4000


def incomplete_behaviour_figure(embeddings: PartEmbeddings, *, note: str = "") -> Figure:
    """Draw an incomplete session alone and together with the others, with what it has seen of the behaviour.

    Parameters
    ----------
    embeddings : PartEmbeddings
        What is drawn.
    note : str
        A line below the title.

    Returns
    -------
    Figure
        Above, the places that part and rest visited, the part by an encoder of its own, and aligned on the
        others' manifold (grey). Below, the rest: aligned, without its own neurons, and label-free. All but
        the part alone stand on the same axes.
    """
    session = embeddings.part.name
    others = count(len(embeddings.others), "complete session")
    figure = new_figure(
        10.4,
        7.6,
        f"Incomplete behaviour: {session} together with {others}",
        "aligned: the labels choose neurons of the other sessions, and these fill the unseen part in, with "
        "and without the session's own neurons; label-free: its own neurons only",
        note,
    )
    grid = figure.add_gridspec(2, 4, width_ratios=[1.0, 1.0, 1.0, 0.06])
    _draw_coverage(figure.add_subplot(grid[0, 0]), embeddings)
    axes = embedding_axes(embeddings.others_together)
    behind = axes.project(_thinned(embeddings.others_together))
    limits = _limits(embeddings)
    alone = embedding_axes(embeddings.alone)
    single = _draw(
        figure, grid[0, 1], "the part alone (its own encoder)", embeddings.alone, alone, limits, None
    )
    frame_3d([single], alone.project(embeddings.alone.values[0]))
    places = (
        (grid[0, 2], "the part, aligned with the others", embeddings.together),
        (grid[1, 0], "the rest, aligned (circular)", embeddings.rest_aligned),
        (grid[1, 1], "the rest, aligned, own neurons silenced", embeddings.rest_silenced),
        (grid[1, 2], "the rest, label-free (own neurons only)", embeddings.rest_label_free),
    )
    panels = [_draw(figure, place, title, one, axes, limits, behind) for place, title, one in places]
    frame_3d(panels, np.concatenate([behind, *(axes.project(one.values[0]) for _, _, one in places)]))
    spacer = figure.add_subplot(grid[:, -1])
    spacer.set_axis_off()
    coloured = feature_colours(embeddings.together, colour_modes(embeddings.together)[0], limits=limits)
    draw_legend(figure, [single, *panels, spacer], coloured.legend, shrink=0.5)
    return figure


def _draw(
    figure: Figure,
    place: Any,
    title: str,
    embedding: Embedding,
    axes: EmbeddingAxes,
    limits: tuple[float, float] | None,
    behind: npt.NDArray[np.float32] | None,
) -> Any:
    """Draw one embedding in a 3-D panel, on the others' manifold in grey."""
    panel = panel_3d(figure, place, title, axes.names)
    if behind is not None:
        scatter_3d(panel, behind, "0.8", size=1.0, alpha=0.25)
    points = axes.project(embedding.values[0])
    shown = thin(len(points), MOST_POINTS)
    colours = feature_colours(embedding, colour_modes(embedding)[0], limits=limits).rgba
    scatter_3d(panel, points[shown], colours[shown], size=3.0)
    return panel


def _draw_coverage(axes: Axes, embeddings: PartEmbeddings) -> None:
    """Draw the time that part and rest spent at each place; without a place, say so."""
    part, rest = embeddings.part, embeddings.rest
    coverage = behaviour_overlap([part, rest.replace(name=f"{rest.name}, rest")]).coverage
    axes.set_title("behaviour in training, and the rest", fontsize=9)
    if coverage is None:
        axes.text(0.5, 0.5, "no place to draw", ha="center", va="center", color=MUTED, fontsize=8)
        axes.set_axis_off()
        return
    seconds = coverage.seconds.sum(axis=1)
    axes.stairs(seconds[1], coverage.edges, color="0.6", label="the rest")
    axes.stairs(seconds[0], coverage.edges, fill=True, alpha=0.8, color="#3b6fb6", label="the part")
    axes.set_xlabel(with_unit(coverage.label, coverage.unit), fontsize=8)
    axes.set_ylabel("time in each bin (s)", fontsize=8)
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=7, frameon=False)
    plain(axes)


def _limits(embeddings: PartEmbeddings) -> tuple[float, float] | None:
    """Return the range of the position over all sessions, so that all panels share their colours."""
    position = label_roles(embeddings.part).position
    if position is None:
        return None
    sessions = (embeddings.part, embeddings.rest, *embeddings.others)
    return value_limits(np.concatenate([first_column(session.labels[position]) for session in sessions]))


def _thinned(embedding: Embedding) -> npt.NDArray[np.float32]:
    values = embedding.stacked()[0]
    return np.asarray(values[thin(len(values), MOST_POINTS)], dtype=np.float32)
