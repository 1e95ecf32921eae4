"""Everything that depends on napari's version or privates, and the guard against the triton crash."""

from napari_unison._compat.canvas import (
    canvas_size_signal,
    canvas_title,
    cell_size,
    is_dark,
    name_in_grid_cell,
    scene_camera,
    set_canvas_title,
    show_grid,
    theme_signal,
)
from napari_unison._compat.docks import (
    bottom_dock,
    dock_of,
    move_to_left,
    move_to_right,
    set_dock_height,
    theme_colours,
)
from napari_unison._compat.drawing import drawn_once, points_on_canvas, recolour_points
from napari_unison._compat.settings import explore_settings, open_folders_ourselves, training_settings
from napari_unison._compat.triton import (
    guard_triton,
    guard_triton_once_drawn,
    opengl_renderer,
    triton_is_dangerous,
)
from napari_unison._compat.windows import (
    main_canvas,
    main_window,
    napari_left_docks,
    on_viewer_closed,
    other_viewers,
    push_to_console,
    unwrapped,
)
from napari_unison._compat.workers import forget_worker

__all__ = [
    "bottom_dock",
    "canvas_size_signal",
    "canvas_title",
    "cell_size",
    "dock_of",
    "drawn_once",
    "explore_settings",
    "forget_worker",
    "guard_triton",
    "guard_triton_once_drawn",
    "is_dark",
    "main_canvas",
    "main_window",
    "move_to_left",
    "move_to_right",
    "name_in_grid_cell",
    "napari_left_docks",
    "on_viewer_closed",
    "open_folders_ourselves",
    "opengl_renderer",
    "other_viewers",
    "points_on_canvas",
    "push_to_console",
    "recolour_points",
    "scene_camera",
    "set_canvas_title",
    "set_dock_height",
    "show_grid",
    "theme_colours",
    "theme_signal",
    "training_settings",
    "triton_is_dangerous",
    "unwrapped",
]
