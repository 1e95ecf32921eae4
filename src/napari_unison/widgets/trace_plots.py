"""Plots above each other on one time axis, drawn by vispy."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import qtpy
from vispy import app, scene
from vispy.gloo.glir import BaseGlirParser
from vispy.scene import cameras
from vispy.visuals.transforms import STTransform

from napari_unison.display import Trace, decimate
from napari_unison.display.marked_time import covered_columns
from napari_unison.display.rasters import Raster, pooled_raster
from napari_unison.display.roles import with_unit
from napari_unison.sessions import Session
from napari_unison.widgets.legend import value_text
from napari_unison.widgets.time_mouse import TimeActions, TimeMouse

TimeRange = tuple[float, float]
Ranges = npt.NDArray[np.float64]
NOTHING: Final[Ranges] = np.empty((0, 2))
AXIS_WIDTH, MARGIN = 48, 4
ONE_DOWN: Final = np.array([[0, 0], [0, 1]], dtype=np.float32)
#: Amber, over everything: raster and curves show through.
MARK_COLOUR: Final = (1.0, 0.69, 0.0, 0.26)
PREVIEW_COLOUR: Final = (1.0, 0.69, 0.0, 0.42)
#: Grey, on dark and on light.
HELD_OUT_COLOUR: Final = (0.5, 0.5, 0.5, 0.28)
HELD_OUT: Final = "held out"
#: Room (pixels) for the words.
HELD_OUT_WIDTH: Final = 64


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


class NothingIsDrawn(BaseGlirParser):
    """Takes vispy's commands to OpenGL and drops them: their context is gone."""

    def is_remote(self) -> bool:
        """Return that nothing is sent to elsewhere."""
        return False

    @property
    def shader_compatibility(self) -> None:
        """Shaders stay as they are."""
        return

    def parse(self, commands: list[Any]) -> None:
        """Drop commands."""


class TracePlots:
    """A canvas with one plot a trace and an optional raster below them, on one time axis.

    Parameters
    ----------
    actions : TimeActions
        What the mouse asks for.
    background, foreground : str
        Colours of canvas and text.
    """

    def __init__(self, actions: TimeActions, background: str, foreground: str) -> None:
        app.use_app(qtpy.API_NAME.lower())
        self.canvas = scene.SceneCanvas(keys=None, bgcolor=background, size=(600, 260))
        self.canvas.events.initialize.connect(self._watch_context)
        self._foreground = foreground
        self._views: list[Any] = []
        self._lines: list[Any] = []
        self._traces: list[Trace] = []
        self._grid: Any = None
        self._session: Session | None = None
        self._raster: Raster | None = None
        self._image: Any = None
        self._marked = self._previewed = NOTHING
        self.cursor: float | None = None
        self.range: TimeRange = (0.0, 60.0)
        self._held_out: TimeRange | None = None
        self._bands = self._new_bands()
        self._held_out_words = self._new_words()
        self._cursor_line = self._new_cursor_line()
        self._mouse = TimeMouse(self.canvas, self, actions)

    def _new_bands(self) -> Any:
        # One picture of one pixel row over all plots: marked time has a colour, the rest none.
        bands = scene.Image(
            np.zeros((1, 1, 4), dtype=np.float32), parent=self.canvas.central_widget, interpolation="nearest"
        )
        bands.transform = STTransform()
        bands.order = 20
        bands.set_gl_state("translucent", depth_test=False)
        return bands

    def _new_cursor_line(self) -> Any:
        line = scene.Line(
            ONE_DOWN,
            color=self._foreground,
            width=1.2,
            method="gl",
            parent=self.canvas.central_widget,
        )
        line.transform = STTransform()
        line.order = 21
        line.visible = False
        return line

    def _new_words(self) -> Any:
        words = scene.Text(
            HELD_OUT,
            parent=self.canvas.central_widget,
            anchor_x="right",
            anchor_y="bottom",
            font_size=8,
            color=self._foreground,
        )
        words.order = 22
        words.visible = False
        return words

    @property
    def native(self) -> Any:
        """The Qt widget."""
        return self.canvas.native

    @property
    def titles(self) -> list[str]:
        """Titles of the plots, from top to bottom."""
        return [with_unit(trace.name, trace.unit) for trace in self._traces]

    @property
    def n_rows(self) -> int:
        """Plots below each other, the raster too."""
        return len(self._views)

    def frame(self) -> tuple[float, float]:
        """Return where the plots begin and end (pixels)."""
        return MARGIN + AXIS_WIDTH, max(float(self.canvas.size[0]) - MARGIN, MARGIN + AXIS_WIDTH + 1)

    def time_at(self, pixel: float) -> float:
        """Return the time (s) at a pixel."""
        left, right = self.frame()
        return self.range[0] + (pixel - left) / (right - left) * (self.range[1] - self.range[0])

    def pixel_of(self, time: float) -> float:
        """Return the pixel of a time (s)."""
        left, right = self.frame()
        return left + (time - self.range[0]) / (self.range[1] - self.range[0]) * (right - left)

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
        # Numbers of programs and buffers of the lost context mean others in the next one, or none: nothing
        # may be changed or deleted by them any more. vispy still does so when the canvas is painted.
        self.canvas.events.draw.block()
        self.canvas.context.shared.parser = NothingIsDrawn()

    def set_colours(self, background: str, foreground: str) -> None:
        """Take other colours of canvas and text; they show with the next traces."""
        self.canvas.bgcolor = background
        self._foreground = foreground
        self._cursor_line.set_data(pos=ONE_DOWN, color=foreground)
        self._held_out_words.color = foreground

    def set_traces(self, traces: list[Trace], raster_of: Session | None = None) -> None:
        """Draw other traces, and the raster of a session below them."""
        if self._grid is not None:
            self.canvas.central_widget.remove_widget(self._grid)
            self._grid.parent = None
        self._grid = self.canvas.central_widget.add_grid(spacing=0, margin=MARGIN)
        self._views, self._lines, self._traces = [], [], list(traces)
        for row, trace in enumerate(traces):
            view = self._add_row(row, with_unit(trace.name, trace.unit), *value_range(trace.values))
            line = scene.Line(parent=view.scene, width=1.4, method="gl")
            line.transform = STTransform()
            self._lines.append(line)
        if raster_of is not self._session:
            self._raster = None
        self._session, self._image = raster_of, None
        if raster_of is not None:
            view = self._add_row(len(traces), "neurons", 0.0, float(raster_of.n_neurons))
            self._image = scene.Image(
                np.zeros((1, 1), dtype=np.float32), cmap="grays", clim=(0, 1), parent=view.scene
            )
            self._image.transform = STTransform()
            self._image.order = 5
            self._raster = None
        self.redraw()

    def _add_row(self, row: int, title: str, lower: float, upper: float) -> Any:
        # Room above for the title.
        height = (upper - lower) or 1.0
        limits = lower - 0.06 * height, upper + 0.5 * height
        scale = ValueScale(limits, (lower, upper), self._foreground)
        self._grid.add_widget(scale, row=row, col=0)
        view = self._grid.add_view(row=row, col=1, border_color=None)
        view.camera = cameras.PanZoomCamera(
            rect=(self.range[0], limits[0], self.range[1] - self.range[0], limits[1] - limits[0])
        )
        view.camera.interactive = False
        scene.Text(
            title,
            parent=view,
            pos=(6, 3),
            anchor_x="left",
            anchor_y="bottom",
            font_size=8,
            color=self._foreground,
        ).order = 10
        self._views.append(view)
        return view

    def set_range(self, shown: TimeRange) -> None:
        """Show another stretch of time (s) in every plot; :meth:`redraw` fills it."""
        self.range = shown
        for view in self._views:
            rect = view.camera.rect
            view.camera.rect = (shown[0], rect.bottom, shown[1] - shown[0], rect.height)
        self._draw_marks()

    def redraw(self) -> None:
        """Draw what can be seen of traces and raster in the shown stretch of time."""
        columns = max(int(self.canvas.size[0]), 200)
        for line, whole in zip(self._lines, self._traces, strict=True):
            trace = decimate(whole, *self.range, columns)
            pairs = np.flatnonzero(trace.connect)
            line.visible = len(pairs) > 0
            if len(pairs):
                # From the shown begin on: single precision, which the graphics card has, is too coarse for
                # hours.
                place = np.column_stack([trace.time - self.range[0], trace.values]).astype(np.float32)
                line.set_data(
                    place,
                    color=self._foreground if trace.colours is None else trace.colours,
                    connect=np.column_stack([pairs, pairs + 1]).astype(np.uint32),
                )
                line.transform.translate = (self.range[0], 0.0)
        self._draw_raster(columns)
        self._draw_marks()

    def _draw_raster(self, columns: int) -> None:
        session = self._session
        if session is None or self._image is None:
            return
        # beyond the recording there is nothing to draw
        start = max(self.range[0], float(session.time[0]))
        stop = min(self.range[1], float(session.time[-1]) + session.bin_width)
        if self._raster is None:
            self._show_raster(pooled_raster(session), is_whole=True)
        known = self._raster
        if known is not None and start < stop and not known.serves(start, stop, session.bin_width, columns):
            # More than is shown, so that moving a little needs no new picture.
            beyond = stop - start
            wanted = start - beyond, stop + beyond
            self._show_raster(pooled_raster(session, *wanted), is_whole=False)

    def _show_raster(self, raster: Raster, *, is_whole: bool) -> None:
        if is_whole:
            self._image.clim = (0.0, float(raster.values.max(initial=0.0)) or 1.0)
        self._raster = raster
        self._image.set_data(raster.values)
        scale = ((raster.stop - raster.start) / raster.values.shape[1], 1.0)
        self._image.transform = STTransform(scale=scale, translate=(raster.start, 0.0))

    # -- marks -----------------------------------------------------------------------------------------

    def set_marked(self, ranges: Ranges) -> None:
        """Mark stretches of time (n, 2) in all plots."""
        self._marked = ranges
        self._draw_marks()

    def set_held_out(self, held_out: TimeRange | None) -> None:
        """Shade a stretch of time (s) in all plots that no encoder has learned from, or none."""
        self._held_out = held_out
        self._draw_marks()

    def set_preview(self, ends: TimeRange | None) -> None:
        """Mark what a drag would select, beside what is selected."""
        self._previewed = NOTHING if ends is None or ends[0] == ends[1] else np.array([sorted(ends)])
        self._draw_marks()

    def set_cursor(self, time: float | None) -> None:
        """Draw a line at a time (s) in every plot, or none."""
        self.cursor = time
        self._draw_marks()

    def marked_columns(self) -> npt.NDArray[np.bool_]:
        """Return which pixel columns of the plots are marked."""
        left, right = self.frame()
        columns = max(int(right - left), 1)
        return covered_columns(self._marked, *self.range, columns)

    def _draw_marks(self) -> None:
        left, right = self.frame()
        top, height = MARGIN, max(float(self.canvas.size[1]) - 2 * MARGIN, 1.0)
        marked = self.marked_columns()
        previewed = covered_columns(self._previewed, *self.range, len(marked))
        shaded = NOTHING if self._held_out is None else np.array([self._held_out])
        held_out = covered_columns(shaded, *self.range, len(marked))
        self._show_held_out(held_out, left)
        self._bands.visible = bool(marked.any() or previewed.any() or held_out.any())
        if self._bands.visible:
            rgba = np.zeros((1, len(marked), 4), dtype=np.float32)
            rgba[0, held_out] = HELD_OUT_COLOUR
            rgba[0, marked] = MARK_COLOUR
            rgba[0, previewed] = PREVIEW_COLOUR
            self._bands.set_data(rgba)
            self._bands.transform.scale = ((right - left) / len(marked), height)
            self._bands.transform.translate = (left, top)
        self._cursor_line.visible = is_shown = (
            self.cursor is not None and self.range[0] <= self.cursor <= self.range[1]
        )
        if is_shown:
            self._cursor_line.transform.scale = (1.0, height)
            self._cursor_line.transform.translate = (self.pixel_of(self.cursor or 0.0), top)
        self.canvas.update()

    def _show_held_out(self, columns: npt.NDArray[np.bool_], left: float) -> None:
        """Name the shaded part at its right end, where it is wide enough for the words."""
        self._held_out_words.visible = is_wide = bool(columns.sum() >= HELD_OUT_WIDTH)
        if is_wide:
            self._held_out_words.pos = left + float(np.flatnonzero(columns)[-1]) - 4, MARGIN + 3


def round_to_span(value: float, span: float) -> float:
    """Round a value to a thousandth of what an axis spans: 0.00004 on an axis of 1.6 is 0."""
    step = span / 1000
    return round(value / step) * step if step > 0 else value


def value_range(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the smallest and the largest value."""
    known = values[np.isfinite(values)]
    return (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
