"""Everything that depends on napari's version or privates, and the guard against the triton crash."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import napari
    import numpy.typing as npt
    from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

#: Renderers of OpenGL drivers that are built on LLVM: Mesa's llvmpipe, softpipe and radeonsi.
LLVM_RENDERERS = ("llvmpipe", "softpipe", "llvm", "radeonsi", "swrast")

#: How often to look whether the dialog that asks before closing is answered (ms).
DIALOG_CHECK = 50


def unwrapped(viewer: Any) -> napari.Viewer:
    """Return the viewer itself: plugins and the console are handed a proxy that hides its privates."""
    return getattr(viewer, "__wrapped__", viewer)


# -- the triton crash ------------------------------------------------------------------------------------


def opengl_renderer(viewer: Any) -> str | None:
    """Return the name of the OpenGL renderer that draws the viewer, or None where it cannot be asked."""
    from vispy.gloo import gl

    canvas = main_canvas(viewer)
    if not _make_current(canvas):
        return None
    name = gl.glGetParameter(gl.GL_RENDERER)
    return str(name) if name else None


def _make_current(canvas: QWidget) -> bool:
    """Make the canvas' GL context the current one; False while Qt has not made a context yet."""
    is_valid = getattr(canvas, "isValid", None)
    if is_valid is None or not is_valid():
        return False
    canvas.makeCurrent()  # type: ignore[attr-defined]
    return True


def triton_is_dangerous(renderer: str | None, platform: str = sys.platform) -> bool:
    """Tell whether importing triton would end the process.

    Triton brings its own LLVM. Loaded after an OpenGL driver that is built on another LLVM, the two
    collide and the process dies. Only Linux has triton and such drivers together; a renderer that
    cannot be asked is taken for one of them.
    """
    if not platform.startswith("linux"):
        return False
    return renderer is None or any(word in renderer.lower() for word in LLVM_RENDERERS)


def guard_triton_once_drawn(viewer: Any) -> None:
    """Guard against triton as soon as the viewer has a GL context, for training without a workspace."""
    from qtpy.QtCore import QTimer

    canvas = main_canvas(viewer)
    if _make_current(canvas):
        guard_triton(viewer)
        return
    drawn = getattr(canvas, "frameSwapped", None)
    if drawn is None:
        return

    def on_drawn() -> None:
        drawn.disconnect(on_drawn)
        # Not while Qt draws: asking for the renderer makes another context the current one.
        QTimer.singleShot(0, lambda: guard_triton(viewer))

    drawn.connect(on_drawn)


def guard_triton(viewer: Any) -> bool:
    """Keep torch from importing triton where that would end the process; call it before making an optimiser.

    Returns
    -------
    bool
        Whether triton is blocked. Training then runs without ``torch.compile``.
    """
    if "triton" in sys.modules:
        return sys.modules["triton"] is None
    if not triton_is_dangerous(opengl_renderer(viewer)):
        return False
    sys.modules["triton"] = None  # type: ignore[assignment]
    return True


# -- the window ------------------------------------------------------------------------------------------


def main_window(viewer: Any) -> QMainWindow:
    """Return the viewer's Qt window."""
    return unwrapped(viewer).window._qt_window


def main_canvas(viewer: Any) -> QWidget:
    """Return the Qt widget in which vispy draws the viewer's layers."""
    return unwrapped(viewer).window._qt_viewer.canvas.native


def napari_left_docks(viewer: Any) -> list[QDockWidget]:
    """Return napari's own docks on the left: layer controls and layer list."""
    qt_viewer = unwrapped(viewer).window._qt_viewer
    return [qt_viewer.dockLayerControls, qt_viewer.dockLayerList]


def push_to_console(viewer: Any, **variables: Any) -> None:
    """Make names known in napari's console, now or when it opens."""
    unwrapped(viewer).update_console(variables)


def on_viewer_closed(viewer: Any, callback: Callable[[], None]) -> None:
    """Call ``callback`` when the viewer's window closes, by click or by code."""
    from qtpy.QtCore import QEvent, QObject, QThread, QTimer

    window = main_window(viewer)

    def loop_level() -> int:
        thread = QThread.currentThread()
        return 0 if thread is None else thread.loopLevel()

    class CloseWatcher(QObject):
        is_closing = False
        level = 0

        def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802, ARG002 - Qt's name
            # A dialog may decline a close, so the close event alone proves nothing: a window that was closed
            # hides. One that is not on the screen has nobody who could decline.
            kind = event.type()
            if kind == QEvent.Type.Close:
                if not window.isVisible():
                    callback()
                    return False
                self.is_closing = True
                self.level = loop_level()
                # Without a loop it is code that closes, and nobody is asked.
                if self.level:
                    QTimer.singleShot(0, self.forget_declined)
            elif kind == QEvent.Type.Hide and self.is_closing and not event.spontaneous():
                self.is_closing = False
                callback()
            return False

        def forget_declined(self) -> None:
            """Forget a close that was declined; a dialog that still asks runs a loop of its own."""
            if self.is_closing and loop_level() > self.level:
                QTimer.singleShot(DIALOG_CHECK, self.forget_declined)
            else:
                self.is_closing = False

    window.installEventFilter(CloseWatcher(window))


def other_viewers(viewer: Any) -> list[Any]:
    """Return the viewers that are open beside one, the oldest first."""
    import napari

    own = unwrapped(viewer)
    # A closed viewer stays in napari's list until nobody holds it: its window is gone.
    known = [other for other in napari.Viewer._instances if other is not own and _has_window(other)]
    return sorted(known, key=lambda other: str(other.title))


def _has_window(viewer: Any) -> bool:
    try:
        return bool(viewer.window._qt_window.isVisible())
    except (AttributeError, RuntimeError):
        return False


# -- threads ---------------------------------------------------------------------------------------------


def forget_worker(worker: Any) -> None:
    """Let napari take a worker that has ended off its list; called by the worker in its thread."""
    worker.signals._finished.emit(worker)


# -- the canvas ------------------------------------------------------------------------------------------


def scene_camera(viewer: Any) -> Any:
    """Return the camera of the canvas."""
    return unwrapped(viewer).scene.camera


def cell_size(viewer: Any) -> tuple[float, float]:
    """Return height and width (pixels) of one cell of the grid, or of the canvas without a grid."""
    viewer = unwrapped(viewer)
    rows, columns = viewer.canvas.grid.actual_shape(viewer.layers)
    return viewer.canvas.size[0] / rows, viewer.canvas.size[1] / columns


def canvas_size_signal(viewer: Any) -> Any:
    """Return what tells that the canvas has another size."""
    return unwrapped(viewer).canvas.events.size


def show_grid(viewer: Any, enabled: bool, *, per_cell: int = 1) -> None:
    """Give each group of so many layers a cell of its own, the last one first, or show all in one picture."""
    grid = unwrapped(viewer).canvas.grid
    grid.stride = -per_cell
    grid.enabled = enabled


#: What makes napari fill the buffers of the graphics anew with all of a layer.
_REDRAWS = ("set_data", "face_color", "border_color", "border_width", "edge_color", "edge_width", "symbol")


@contextmanager
def drawn_once(*layers: Any, quiet: bool = False) -> Iterator[None]:
    """Change several things of points or vectors, and have each layer drawn once at the end.

    Of a large layer that is most of the time of a change: napari names the symbol of every point each time,
    and draws all layers anew when the extent of one of them changes. That data has changed is told once.

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

    napari would fill the graphics' buffers anew with all of the layer, and name the symbol of each point for
    that, which takes longer than everything else about a selection. Here their colours alone are written.

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


def is_dark(viewer: Any) -> bool:
    """Tell whether the canvas is dark."""
    from napari.utils.theme import get_theme

    red, green, blue = get_theme(unwrapped(viewer).theme).canvas.as_rgb_tuple(alpha=False)
    return 0.299 * red + 0.587 * green + 0.114 * blue < 128


def theme_signal(viewer: Any) -> Any:
    """Return what tells that the theme has changed."""
    return unwrapped(viewer).events.theme


def canvas_title(viewer: Any) -> tuple[str, str]:
    """Return the title in a corner of the canvas, and which corner."""
    overlay = unwrapped(viewer).canvas.overlays.text
    return str(overlay.text), str(getattr(overlay.position, "value", overlay.position))


def set_canvas_title(viewer: Any, text: str, position: str) -> None:
    """Write a title into a corner of the canvas."""
    overlay = unwrapped(viewer).canvas.overlays.text
    overlay.text = text
    overlay.position = position
    overlay.font_size = 9
    overlay.visible = bool(text)


def name_in_grid_cell(layer: Any, visible: bool) -> None:
    """Write a layer's name into its cell of the grid, or take it away."""
    # Small enough for a cell of a third of the canvas.
    layer.name_overlay.font_size = 8
    layer.name_overlay.visible = visible


# -- settings --------------------------------------------------------------------------------------------


def training_settings() -> Any:
    """Return what napari's settings keep of trainings; None where it does not know the plugin."""
    return getattr(_plugin_settings(), "training", None)


def explore_settings() -> Any:
    """Return what napari's settings keep of how pictures look; None where it does not know the plugin."""
    return getattr(_plugin_settings(), "explore", None)


def _plugin_settings() -> Any:
    from napari.settings import get_plugin_settings

    try:
        return get_plugin_settings("napari-unison")
    except KeyError:
        return None


# -- docks -----------------------------------------------------------------------------------------------


def theme_colours() -> tuple[str, str]:
    """Return background and text colour of napari's theme, as ``#rrggbb``."""
    from napari.settings import get_settings
    from napari.utils.theme import get_theme

    theme = get_theme(get_settings().appearance.theme)
    return theme.background.as_hex(format="long"), theme.text.as_hex(format="long")


def bottom_dock(viewer: Any, widget: QWidget, name: str) -> QDockWidget:
    """Dock a widget below the canvas."""
    return unwrapped(viewer).window.add_dock_widget(widget, name=name, area="bottom")


def dock_of(widget: QWidget) -> QDockWidget | None:
    """Return the dock that a widget lies in."""
    from qtpy.QtWidgets import QDockWidget

    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parentWidget()
    return parent


def set_dock_height(viewer: Any, widget: QWidget, height: int) -> None:
    """Give a widget's dock a height (pixels), as far as the others leave it."""
    from qtpy.QtCore import Qt

    dock = dock_of(widget)
    if dock is not None:
        main_window(viewer).resizeDocks([dock], [height], Qt.Orientation.Vertical)


def move_to_right(viewer: Any, widget: QWidget, width: int) -> None:
    """Put a widget's dock on the right, from the top of the window to its bottom."""
    from qtpy.QtCore import Qt

    dock = dock_of(widget)
    if dock is None:
        return
    window = main_window(viewer)
    window.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
    window.resizeDocks([dock], [width], Qt.Orientation.Horizontal)


def move_to_left(viewer: Any, widget: QWidget, width: int) -> None:
    """Move a widget's dock to the left, as a tab beside napari's layer list and controls, and raise it."""
    from qtpy.QtCore import Qt

    dock = dock_of(widget)
    if dock is None:
        return
    window = main_window(viewer)
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
    own = [other for other in napari_left_docks(viewer) if other.isVisible()]
    if own:
        if len(own) > 1:
            window.tabifyDockWidget(own[0], own[1])
        window.tabifyDockWidget(own[-1], dock)
    dock.show()
    dock.raise_()
    window.resizeDocks([dock], [width], Qt.Orientation.Horizontal)


# -- points on the canvas --------------------------------------------------------------------------------


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
