"""What a figure or a movie shows of an embedding: points, selection, trail and flow field on a white page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from napari_unison.display import embedding_axes, feature_colours, point_layers
from napari_unison.display.flow_arrows import PLANES, flow_arrows
from napari_unison.display.marks import Marks, PanelMarks, arrow_marks, line_marks
from napari_unison.display.selected_points import faded, selected_points
from napari_unison.display.trail import Trail, cursor_trail
from napari_unison.workspace.colouring import errors_of
from napari_unison.workspace.pictures import title_of

if TYPE_CHECKING:
    from napari_unison.display import Colouring, EmbeddingAxes, LayerData
    from napari_unison.encoder import Embedding
    from napari_unison.workspace.runs import StudyRun
    from napari_unison.workspace.settings import DisplaySettings

#: Width of trail and arrows on a page, at least, and against the size of the points (units of the picture).
LEAST_WIDTH: Final = 0.8
#: Arrows are short: their heads show where lines are thin.
ARROW_SHARE: Final = 0.5
#: Diameter of the time cursor against that width, and the colour of its rim.
CURSOR_WIDTHS: Final = 6.0
CURSOR_RIM: Final = (0.686, 0.204, 0.482)


@dataclass(frozen=True, eq=False)
class Page:
    """What a figure or a movie shows.

    Attributes
    ----------
    layers : list of LayerData
        The panels, sessions first.
    title : str
        Lines above them.
    marks : list of PanelMarks
        Trail, time cursor and flow field of each panel.
    """

    layers: list[LayerData]
    title: str
    marks: list[PanelMarks]


def page_of(
    run: StudyRun,
    embedding: Embedding,
    settings: DisplaySettings,
    *,
    cursor: tuple[str, float] | None = None,
    selected: Sequence[npt.NDArray[np.bool_]] = (),
) -> Page:
    """Return what is drawn on a white page.

    Parameters
    ----------
    run, embedding, settings
        What is shown, and how.
    cursor : tuple of str and float, optional
        Session and time (s) at which the trail ends.
    selected : sequence of ndarray of bool, (T,)
        The selected bins of each session; points that are not selected stand back.
    """
    latents = run.best_latents(embedding.kind) if settings.latents == "best" else settings.latents
    axes = embedding_axes(embedding, latents)
    colouring = feature_colours(
        embedding, settings.colour, palette=settings.palette, errors=errors_of(run, embedding)
    )
    layers = point_layers(
        embedding,
        axes,
        colouring,
        max_points=settings.max_points,
        size=settings.point_size,
        opacity=settings.opacity,
        separate=settings.grid,
        sessions=settings.sessions,
    )
    marks = marks_of(embedding, axes, colouring, settings, layers, cursor)
    title = title_of(run.name, embedding, layers[-1][1]["metadata"])
    return Page(with_faded(layers, selected), title, marks)


def with_faded(layers: list[LayerData], selected: Sequence[npt.NDArray[np.bool_]]) -> list[LayerData]:
    """Let the points that are not selected stand back, where some are."""
    chosen = [selected_points(layer[1]["metadata"], selected) for layer in layers] if selected else []
    if not any(here.any() for here in chosen):
        return layers
    result = []
    for (points, attributes, kind), here in zip(layers, chosen, strict=True):
        colours = np.asarray(attributes["face_color"], dtype=np.float32)
        colours = np.where(here[:, np.newaxis], colours, faded(colours)).astype(np.float32)
        result.append((points, attributes | {"face_color": colours}, kind))
    return result


def marks_of(
    embedding: Embedding,
    axes: EmbeddingAxes,
    colouring: Colouring,
    settings: DisplaySettings,
    layers: list[LayerData],
    cursor: tuple[str, float] | None,
) -> list[PanelMarks]:
    """Return the flow field below and the trail above the points of each layer, as the canvas shows them."""
    chosen = settings.sessions
    is_drawn = cursor is not None and (chosen is None or cursor[0] in chosen)
    trail = cursor_trail(embedding, axes, cursor if is_drawn else None, settings.trail)
    arrows = plane = None
    if settings.flow is not None:
        plane = PLANES[settings.flow]
        arrows = flow_arrows(embedding, axes, plane, settings.flow_step)
    width = max(LEAST_WIDTH, LEAST_WIDTH * settings.point_size)
    thin = ARROW_SHARE * width
    found = []
    for _, attributes, _ in layers:
        told = attributes["metadata"]
        below: tuple[Marks, ...] = ()
        if arrows is not None and plane is not None:
            drawn = [embedding.session_names.index(name) for name in told["sessions"]]
            kept = np.isin(arrows.session_index, drawn)
            below = (arrow_marks(arrows.vectors[kept], colouring.rgba[arrows.rows[kept]], plane, thin),)
        is_here = cursor is not None and told["session"] in (None, cursor[0])
        found.append(PanelMarks(below, trail_marks(trail, width) if is_here else ()))
    return found


def trail_marks(trail: Trail, width: float) -> tuple[Marks, ...]:
    """Return a trail in black, the older the fainter, and a ring around where it ends."""
    if not len(trail.here):
        return ()
    black = np.zeros((len(trail.steps), 4), dtype=np.float32)
    black[:, 3] = trail.alphas
    rim, core = (np.array([[*rgb, 1.0]], dtype=np.float32) for rgb in (CURSOR_RIM, (0.0, 0.0, 0.0)))
    ends = Marks(trail.here, rim, CURSOR_WIDTHS * width), Marks(trail.here, core, 0.7 * CURSOR_WIDTHS * width)
    return (line_marks(trail.steps, black, width), *ends)
