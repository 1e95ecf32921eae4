"""Layers in the graphics: drawn once after several changes, recoloured alone; where points are seen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from napari_unison._compat.windows import unwrapped

if TYPE_CHECKING:
    import numpy.typing as npt

#: What makes napari fill the buffers of the graphics anew with all of a layer.
_REDRAWS = ("set_data", "face_color", "border_color", "border_width", "edge_color", "edge_width", "symbol")


@contextmanager
def drawn_once(*layers: Any, quiet: bool = False) -> Iterator[None]:
    """Change several things of points or vectors, and have each layer drawn once at the end.

    Of a large layer that is most of the time of a change: napari fills the graphics' buffers with all points
    each time, and draws all layers anew when the extent of one of them changes. That data has changed is told
    once.

    Parameters
    ----------
    *layers : napari.layers.Layer
        Layers that are changed, and those that shall not be drawn on their account.
    quiet : bool
        Do not tell the viewer that data has changed: for small layers among larger ones, whose extent counts.
    """
    before = [(layer.data, layer.axis_labels) for layer in layers]
    with ExitStack() as undrawn:
        for layer in layers:
            _block(undrawn, layer, _REDRAWS)
            for colours in (getattr(layer, "_face", None), getattr(layer, "_border", None)):
                if colours is not None:
                    undrawn.enter_context(colours.events.blocker_all())
        with ExitStack() as untold:
            for layer in layers:
                _block(untold, layer, ("data", "axis_labels"))
            yield
        changed = [
            layer
            for layer, (data, labels) in zip(layers, before, strict=True)
            if layer.data is not data or layer.axis_labels != labels
        ]
        if changed and not quiet:
            # One is enough: the viewer looks at all of them.
            changed[0].events.data(
                value=changed[0].data, action="changed", data_indices=(), vertex_indices=((),)
            )
    for layer in layers:
        layer.refresh(thumbnail=False, highlight=False, extent=False)


def _block(stack: ExitStack, layer: Any, names: tuple[str, ...]) -> None:
    for name in names:
        emitter = layer.events.emitters.get(name)
        if emitter is not None:
            stack.enter_context(emitter.blocker())


def recolour_points(viewer: Any, layer: Any, colours: npt.NDArray[Any]) -> None:
    """Give the points of a layer other colours, and change nothing else.

    napari would look all features through for one that is meant as a colour, and fill the graphics' buffers
    anew with all of the layer, which takes longer than everything else about a selection. Here colours alone
    are written.

    Parameters
    ----------
    viewer : napari.Viewer or None
        Where the layer is drawn; None where its window was closed.
    layer : napari.layers.Points
        The layer.
    colours : ndarray, (n, 4)
        RGBA of each point, 0 to 1.
    """
    with ExitStack() as undrawn:
        _block(undrawn, layer, ("face_color",))
        undrawn.enter_context(layer._face.events.blocker_all())
        # None of the features is a colour: they need not be made into arrays to look.
        layer._face._set_color(colours, n_colors=len(layer.data), properties={}, current_properties={})
    visual = None if viewer is None else unwrapped(viewer).window._qt_viewer.canvas.layer_to_visual.get(layer)
    markers = None if visual is None else visual.node.points_markers
    buffered = getattr(markers, "_data", None)
    shown = layer._view_face_color
    if markers is None or buffered is None or len(buffered) != len(shown):
        layer.refresh(thumbnail=False, highlight=False, extent=False)
        return
    buffered["a_bg_color"] = shown
    markers._vbo.set_data(buffered)
    markers.update()


def points_on_canvas(
    viewer: Any, layer: Any, numbers: npt.NDArray[Any] | None = None
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return which points of a layer can be seen on the canvas, and where.

    Parameters
    ----------
    viewer : napari.Viewer
        Its canvas.
    layer : napari.layers.Points
        A layer that is drawn on it; in a grid, in its cell.
    numbers : ndarray of int, optional
        Which points are asked for; all of them unless given.

    Returns
    -------
    ndarray of int, (n,)
        Numbers of the points that are drawn, in the shown slice, not hidden, and inside the canvas or cell.
    ndarray of float64, (n, 3)
        Pixels from the left and from the top of the canvas, and depth: what is smaller is nearer.
    """
    import numpy as np

    canvas = unwrapped(viewer).window._qt_viewer.canvas
    visual = canvas.layer_to_visual.get(layer)
    if visual is None or not layer.visible:
        return np.empty(0, dtype=np.intp), np.empty((0, 3))
    drawn = np.asarray(layer._view_indices, dtype=np.intp)
    # What was hidden a moment ago may still be in the slice.
    drawn = drawn[np.asarray(layer.shown)[drawn]]
    if numbers is not None:
        drawn = np.intersect1d(drawn, numbers)
    places = np.asarray(layer.data)[drawn][:, list(layer._slice_input.displayed)[::-1]]
    # All transforms on the way are matrices of homogeneous coordinates: together they are one. A row a
    # coordinate, since whole columns are much faster than thousands of short rows.
    matrix = visual.node.get_transform("visual", "canvas").map(np.eye(4)).T
    mapped = matrix[:, : places.shape[1]] @ places.T + matrix[:, 3:]
    pixels = mapped[:3] / mapped[3]
    view = _view_of(visual.node)
    corners = view.get_transform("visual", "canvas").map(np.array([[0, 0], list(view.size)]))[:, :2]
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    inside = (pixels[0] >= left) & (pixels[0] <= right) & (pixels[1] >= top) & (pixels[1] <= bottom)
    return drawn[inside], pixels[:, inside].T


def _view_of(node: Any) -> Any:
    """Return the box of the canvas in which a node is drawn: the whole, or a cell of the grid."""
    from vispy.scene import ViewBox

    while not isinstance(node, ViewBox):
        node = node.parent
    return node
