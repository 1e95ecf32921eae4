"""Layers over the points: the trail of the time cursor, the cursor itself, and the flow field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from napari.layers import Layer, Points, Vectors

from napari_unison._compat import drawn_once
from napari_unison.display.flow_arrows import PLANES, FlowArrows, flow_arrows
from napari_unison.display.trail import Trail, cursor_trail

if TYPE_CHECKING:
    from napari_unison.display import Colouring, EmbeddingAxes
    from napari_unison.encoder import Embedding
    from napari_unison.workspace.settings import DisplaySettings

FLOW, TRAIL, CURSOR = "flow field", "trail", "time cursor"
#: From below to above the points of a picture, or of a cell of the grid.
KINDS: Final = (FLOW, TRAIL, CURSOR)
#: Sizes of the cursor and widths of trail and arrows, against the size of the points, and at least.
CURSOR_SIZE, TRAIL_WIDTH, ARROW_WIDTH = (5.0, 5.0), (0.8, 0.8), (0.8, 0.8)


@dataclass(frozen=True, eq=False)
class Shown:
    """What the layers of points show, as far as the layers over them need to know.

    Attributes
    ----------
    embedding, axes, colouring
        What is drawn, along which axes, in which colours.
    settings : DisplaySettings
        How it is drawn.
    on_dark : bool
        Whether the canvas is dark.
    """

    embedding: Embedding
    axes: EmbeddingAxes
    colouring: Colouring
    settings: DisplaySettings
    on_dark: bool


class OverlayLayers:
    """One set of these layers for each layer of points, each right after it in the list.

    napari's grid fills its cells with so many layers each: the same kinds stand in every cell.
    """

    def __init__(self) -> None:
        self._layers: dict[tuple[str, str], Layer] = {}
        self._shown: Shown | None = None
        self._arrows: tuple[Any, FlowArrows] | None = None

    @property
    def per_cell(self) -> int:
        """How many of them stand over each layer of points."""
        return len({kind for _, kind in self._layers})

    @property
    def layers(self) -> list[Layer]:
        """All of them."""
        return list(self._layers.values())

    @property
    def has_cursor(self) -> bool:
        """Whether there are layers for the time cursor."""
        return CURSOR in self._kinds()

    def plane_points(self) -> npt.NDArray[np.float32]:
        """Return where the arrows of the flow field begin, (n, 3)."""
        return np.empty((0, 3), dtype=np.float32) if self._arrows is None else self._arrows[1].vectors[:, 0]

    def close(self) -> None:
        """Let go of the layers, and of what they show."""
        self._layers, self._shown, self._arrows = {}, None, None

    def clear(self, viewer: Any) -> None:
        """Take all of them out of a viewer."""
        for layer in self._layers.values():
            if layer in viewer.layers:
                viewer.layers.remove(layer)
        self.close()

    def update(
        self, viewer: Any, points: dict[str, Points], shown: Shown, cursor: tuple[str, float] | None
    ) -> bool:
        """Follow the points; return whether kinds of layers came or went."""
        self._shown = shown
        wanted = {FLOW} if shown.settings.flow is not None else set()
        # Once there, they stay while the cursor is elsewhere: the grid would jump.
        if cursor is not None or self._kinds() & {TRAIL, CURSOR}:
            wanted |= {TRAIL, CURSOR}
        before = self._kinds()
        for role, kind in list(self._layers):
            layer = self._layers[role, kind]
            if kind not in wanted or role not in points or layer not in viewer.layers:
                del self._layers[role, kind]
                if layer in viewer.layers:
                    viewer.layers.remove(layer)
        for role, below in points.items():
            for kind in [kind for kind in KINDS if kind in wanted]:
                if (role, kind) not in self._layers:
                    self._add(viewer, role, kind, below)
        self._draw_flow(points)
        self.follow(cursor)
        return self._kinds() != before

    def _kinds(self) -> set[str]:
        return {kind for _, kind in self._layers}

    def _add(self, viewer: Any, role: str, kind: str, below: Points) -> None:
        """Add an empty layer right after a layer of points and what stands over it already."""
        layer = _empty_layer(kind, kind if below.metadata.get("session") is None else f"{kind} · {role}")
        before = KINDS[: KINDS.index(kind)]
        over = [known for known in before if (role, known) in self._layers]
        active = viewer.layers.selection.active
        viewer.layers.insert(viewer.layers.index(below) + len(over) + 1, layer)
        # The points stay what napari's controls, and the keyboard, act on.
        viewer.layers.selection.active = active
        self._layers[role, kind] = layer

    # -- the time cursor -------------------------------------------------------------------------------

    def follow(self, cursor: tuple[str, float] | None) -> None:
        """Draw where the cursor is, and the way that led there."""
        shown = self._shown
        if shown is None or TRAIL not in self._kinds():
            return
        chosen = shown.settings.sessions
        is_drawn = cursor is not None and (chosen is None or cursor[0] in chosen)
        trail = cursor_trail(shown.embedding, shown.axes, cursor if is_drawn else None, shown.settings.trail)
        nothing = cursor_trail(shown.embedding, shown.axes, None, 0.0)
        for (_, kind), layer in self._layers.items():
            is_here = cursor is not None and layer.metadata.get("session") in (None, cursor[0])
            way = trail if is_here else nothing
            if kind == TRAIL:
                self._draw_trail(layer, way, shown)
            elif kind == CURSOR and (len(way.here) or len(layer.data)):
                with drawn_once(layer, quiet=True):
                    layer.data = way.here
                    layer.size = _scaled(CURSOR_SIZE, shown.settings.point_size)
                    layer.face_color = "white" if shown.on_dark else "black"

    def _draw_trail(self, layer: Vectors, way: Trail, shown: Shown) -> None:
        if not len(way.steps) and not len(layer.data):
            return
        colours = np.full((len(way.steps), 4), 1.0 if shown.on_dark else 0.0, dtype=np.float32)
        colours[:, 3] = way.alphas
        replace_vectors(layer, way.steps, colours, _scaled(TRAIL_WIDTH, shown.settings.point_size))

    # -- the flow field --------------------------------------------------------------------------------

    def _draw_flow(self, points: dict[str, Points]) -> None:
        shown = self._shown
        if shown is None or shown.settings.flow is None:
            self._arrows = None
            return
        asked = (shown.axes, shown.settings.flow, shown.settings.flow_step)
        if self._arrows is None or self._arrows[0] != asked:
            plane = PLANES[shown.settings.flow]
            self._arrows = asked, flow_arrows(shown.embedding, shown.axes, plane, shown.settings.flow_step)
        arrows = self._arrows[1]
        width = _scaled(ARROW_WIDTH, shown.settings.point_size)
        for role, below in points.items():
            drawn = [shown.embedding.session_names.index(name) for name in below.metadata["sessions"]]
            kept = np.isin(arrows.session_index, drawn)
            layer = self._layers[role, FLOW]
            replace_vectors(layer, arrows.vectors[kept], shown.colouring.rgba[arrows.rows[kept]], width)
            layer.metadata = layer.metadata | {"step_s": arrows.step, "plane": shown.settings.flow}


def _scaled(factor_and_least: tuple[float, float], point_size: float) -> float:
    factor, least = factor_and_least
    return max(least, factor * point_size)


def _empty_layer(kind: str, name: str) -> Layer:
    session = name.removeprefix(kind).removeprefix(" · ") or None
    common: dict[str, Any] = {"name": name, "ndim": 3, "opacity": 1.0, "metadata": {"session": session}}
    if kind == CURSOR:
        return Points(
            np.empty((0, 3), dtype=np.float32),
            face_color="white",
            border_color="#AF347B",
            border_width=0.15,
            blending="translucent_no_depth",
            **common,
        )
    return Vectors(
        np.empty((0, 2, 3), dtype=np.float32),
        vector_style="line" if kind == TRAIL else "arrow",
        length=1,
        blending="translucent_no_depth" if kind == TRAIL else "translucent",
        **common,
    )


def replace_vectors(
    layer: Vectors, data: npt.NDArray[np.float32], colours: npt.NDArray[np.float32], width: float
) -> None:
    """Change vectors (n, 2, 3), their colours (n, 4) and their width in place."""
    with drawn_once(layer, quiet=True):
        layer.data = data
        if len(data):
            layer.edge_color = colours
        layer.edge_width = width
