"""The canvas around the layers: camera, grid, theme, and what is written on it."""

from __future__ import annotations

from typing import Any

from napari_unison._compat.windows import unwrapped


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
    _drop_former_grids(viewer)


def _drop_former_grids(viewer: Any) -> None:
    """Let go of the cells of former grids: napari takes them off the picture and keeps them all.

    Each new number of cells would leave several megabytes behind, which are laid out with each resize, too.
    """
    canvas = unwrapped(viewer).window._qt_viewer.canvas
    for widget in list(canvas.central_widget._widgets):
        if widget.parent is None and widget is not canvas.grid:
            canvas.central_widget.remove_widget(widget)


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
