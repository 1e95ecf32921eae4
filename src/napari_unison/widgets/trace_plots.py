"""Plots above each other on one time axis, drawn by vispy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import qtpy
from vispy import app, scene
from vispy.scene import cameras
from vispy.visuals.transforms import STTransform

from napari_unison.display import Trace, decimate
from napari_unison.display.roles import with_unit
from napari_unison.widgets.legend import value_text

TimeRange = tuple[float, float]
AXIS_WIDTH, TIME_AXIS_HEIGHT = 48, 38
DRAG_THRESHOLD = 4
MOST_RASTER_COLUMNS = 4096


class TimeCamera(cameras.PanZoomCamera):
    """Pans by dragging and zooms by the wheel, along time only; a click names a time.

    Parameters
    ----------
    on_range : callable
        Called with the range (s) that a pan or zoom asks for.
    on_click : callable
        Called with the clicked time (s).
    """

    def __init__(self, on_range: Callable[[TimeRange], None], on_click: Callable[[float], None]) -> None:
        super().__init__(rect=(0, 0, 1, 1))
        self._on_range, self._on_click = on_range, on_click

    def viewbox_mouse_event(self, event: Any) -> None:
        """Turn wheel, drag and click into times."""
        left, width = self.rect.left, self.rect.width
        pixels = max(self.viewbox.size[0], 1)
        if event.type == "mouse_wheel":
            factor = 0.8 ** event.delta[1]
            centre = self._time_at(event.pos[0])
            self._on_range((centre - (centre - left) * factor, centre + (left + width - centre) * factor))
            event.handled = True
        elif event.type == "mouse_press":
            event.handled = event.button == 1
        elif event.type == "mouse_move" and event.press_event is not None and 1 in event.buttons:
            last = event.last_event.pos[0] if event.last_event is not None else event.pos[0]
            shift = (last - event.pos[0]) / pixels * width
            self._on_range((left + shift, left + width + shift))
            event.handled = True
        elif event.type == "mouse_release" and event.press_event is not None:
            if abs(event.pos[0] - event.press_event.pos[0]) < DRAG_THRESHOLD:
                self._on_click(self._time_at(event.pos[0]))
            event.handled = True

    def _time_at(self, pixel: float) -> float:
        return self.rect.left + pixel / max(self.viewbox.size[0], 1) * self.rect.width


class ValueScale(scene.Widget):
    """A few values beside a plot, at their heights; vispy's own axis crowds its labels in a low plot.

    Parameters
    ----------
    limits : tuple of float
        Values at the lower and upper edge of the plot.
    marked : tuple of float
        Values that are written.
    colour : str
        Colour of the text.
    """

    def __init__(self, limits: tuple[float, float], marked: tuple[float, ...], colour: str) -> None:
        super().__init__()
        self.unfreeze()
        lower, upper = limits
        self._shares = [(value - lower) / (upper - lower) for value in marked]
        self._text = scene.Text(
            [value_text(round_to_span(value, upper - lower)) for value in marked],
            parent=self,
            pos=np.zeros((len(marked), 2)),
            anchor_x="right",
            font_size=7,
            color=colour,
        )
        self.freeze()
        self.width_min = self.width_max = AXIS_WIDTH
        self.events.resize.connect(self._place)

    def _place(self, event: Any = None) -> None:  # noqa: ARG002 - vispy's event
        width, height = self.size
        self._text.pos = np.array([(width - 6, (1 - share) * height) for share in self._shares])


class TracePlots:
    """A canvas with one plot a trace, an optional raster below them, and the time axis.

    Parameters
    ----------
    on_range, on_click : callable
        See :class:`TimeCamera`.
    background, foreground : str
        Colours of canvas and text.
    """

    def __init__(
        self,
        on_range: Callable[[TimeRange], None],
        on_click: Callable[[float], None],
        background: str,
        foreground: str,
    ) -> None:
        app.use_app(qtpy.API_NAME.lower())
        self.canvas = scene.SceneCanvas(keys=None, bgcolor=background, size=(600, 260))
        self.canvas.events.initialize.connect(self._watch_context)
        self._foreground = foreground
        self._callbacks = on_range, on_click
        self._views: list[Any] = []
        self._lines: list[Any] = []
        self._cursors: list[Any] = []
        self._traces: list[Trace] = []
        self._grid: Any = None
        self._time_axis: Any = None
        self.range: TimeRange = (0.0, 60.0)

    @property
    def native(self) -> Any:
        """The Qt widget."""
        return self.canvas.native

    @property
    def titles(self) -> list[str]:
        """Titles of the plots, from top to bottom."""
        return [with_unit(trace.name, trace.unit) for trace in self._traces]

    def close(self) -> None:
        """Give the canvas and its GL context up; what is queued for it is not drawn any more."""
        native = self.canvas.native
        self.canvas.close()
        native.setParent(None)
        native.deleteLater()

    def _watch_context(self, event: Any) -> None:  # noqa: ARG002 - vispy's event
        # A dock that floats gives its canvas another GL context, in which nothing of ours exists: drawing
        # there fails, until the dock has told its widget to make a new canvas.
        self.native.context().aboutToBeDestroyed.connect(self._stop_drawing)

    def _stop_drawing(self) -> None:
        self.canvas.events.draw.block()

    def set_traces(self, traces: list[Trace], raster: npt.NDArray[Any] | None, span: TimeRange) -> None:
        """Draw other traces, and the raster (N, columns) of the whole session, which spans ``span`` (s)."""
        if self._grid is not None:
            self.canvas.central_widget.remove_widget(self._grid)
            self._grid.parent = None
        self._grid = self.canvas.central_widget.add_grid(spacing=0, margin=4)
        self._views, self._lines, self._cursors, self._traces = [], [], [], list(traces)
        for row, trace in enumerate(traces):
            view = self._add_row(row, with_unit(trace.name, trace.unit), *value_range(trace.values))
            self._lines.append(scene.Line(parent=view.scene, width=1.4, method="gl"))
        rows = len(traces)
        if raster is not None:
            view = self._add_row(rows, "neurons", 0.0, float(len(raster)))
            self._draw_raster(view, raster, span)
            rows += 1
        self._add_time_axis(rows)
        self.redraw()

    def _add_row(self, row: int, title: str, lower: float, upper: float) -> Any:
        # Room above for the title.
        height = (upper - lower) or 1.0
        limits = lower - 0.06 * height, upper + 0.42 * height
        scale = ValueScale(limits, (lower, upper), self._foreground)
        self._grid.add_widget(scale, row=row, col=0)
        view = self._grid.add_view(row=row, col=1, border_color=None)
        view.camera = TimeCamera(*self._callbacks)
        view.camera.rect = (self.range[0], limits[0], self.range[1] - self.range[0], limits[1] - limits[0])
        scene.Text(
            title,
            parent=view,
            pos=(6, 3),
            anchor_x="left",
            anchor_y="bottom",
            font_size=8,
            color=self._foreground,
        ).order = 10
        self._cursors.append(scene.InfiniteLine(0.0, (1, 1, 1, 0.0), vertical=True, parent=view.scene))
        self._views.append(view)
        return view

    def _add_time_axis(self, row: int) -> None:
        self._time_axis = scene.AxisWidget(
            orientation="bottom",
            axis_label="time (s)",
            text_color=self._foreground,
            axis_color=self._foreground,
            tick_color=self._foreground,
            tick_font_size=7,
            axis_font_size=8,
            axis_width=1,
            tick_width=1,
            major_tick_length=5,
            minor_tick_length=2,
            tick_label_margin=12,
            axis_label_margin=27,
        )
        self._time_axis.height_max = TIME_AXIS_HEIGHT
        self._time_axis.height_min = TIME_AXIS_HEIGHT
        self._grid.add_widget(self._time_axis, row=row, col=1)
        self._time_axis.axis.domain = self.range

    def _draw_raster(self, view: Any, raster: npt.NDArray[Any], span: TimeRange) -> None:
        brightest = float(raster.max(initial=0.0)) or 1.0
        image = scene.Image(raster, cmap="grays", clim=(0, brightest), parent=view.scene)
        scale = ((span[1] - span[0]) / raster.shape[1], 1.0)
        image.transform = STTransform(scale=scale, translate=(span[0], 0.0))
        image.order = 5

    def set_range(self, shown: TimeRange) -> None:
        """Show another stretch of time (s) in every plot."""
        self.range = shown
        if self._time_axis is not None:
            self._time_axis.axis.domain = shown
        for view in self._views:
            rect = view.camera.rect
            view.camera.rect = (shown[0], rect.bottom, shown[1] - shown[0], rect.height)

    def redraw(self) -> None:
        """Draw what can be seen of the traces in the shown stretch of time."""
        columns = max(int(self.canvas.size[0]), 200)
        for line, whole in zip(self._lines, self._traces, strict=True):
            trace = decimate(whole, *self.range, columns)
            pairs = np.flatnonzero(trace.connect)
            line.visible = len(pairs) > 0
            if len(pairs):
                line.set_data(
                    np.column_stack([trace.time, trace.values]),
                    color=self._foreground if trace.colours is None else trace.colours,
                    connect=np.column_stack([pairs, pairs + 1]).astype(np.uint32),
                )
        self.canvas.update()

    def set_cursor(self, time: float | None) -> None:
        """Draw a line at a time (s) in every plot, or none."""
        for cursor in self._cursors:
            cursor.set_data(pos=time or 0.0, color=(1, 1, 1, 0.0 if time is None else 0.7))
        self.canvas.update()


def round_to_span(value: float, span: float) -> float:
    """Round a value to a thousandth of what an axis spans: 0.00004 on an axis of 1.6 is 0."""
    step = span / 1000
    return round(value / step) * step if step > 0 else value


def value_range(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the smallest and the largest value."""
    known = values[np.isfinite(values)]
    return (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)


def pooled_raster(neural: Any) -> npt.NDArray[np.float32]:
    """Return activity (T, N) as a raster (N, columns) that a graphics card holds: neighbours' largest."""
    dense = neural if isinstance(neural, np.ndarray) else neural.toarray()
    step = max(1, -(-len(dense) // MOST_RASTER_COLUMNS))
    starts = np.arange(0, len(dense), step)
    return np.ascontiguousarray(np.maximum.reduceat(dense, starts, axis=0).T, dtype=np.float32)
