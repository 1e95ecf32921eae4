"""The current view as a figure: what the canvas shows, with its title, legend and the names of the axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from napari_unison.display.camera_view import CameraView
from napari_unison.display.figures.layout import MUTED, draw_legend, new_figure
from napari_unison.display.legends import Legend
from napari_unison.display.marks import PanelMarks
from napari_unison.display.painting import Image, Projection, paint_points
from napari_unison.display.points import ALL_SESSIONS, LayerData

MOST_COLUMNS: Final = 5
#: Height (inches) of a panel that stands alone, and of one among others.
ALONE, AMONG = 5.0, 2.5
#: Length of the arrows that name the axes, height and width of the strip that they are drawn in (inches).
ARROW, STRIP, STRIP_WIDTH = 0.28, 0.9, 2.2
#: Height of a line and width of a word of their names (inches).
LINE, WORD = 0.12, 0.75
#: Panels wider or narrower than this leave no room for the rest of the page.
NARROWEST, WIDEST = 0.8, 1.8


@dataclass(frozen=True, eq=False)
class ViewPanel:
    """One cell of the view.

    Attributes
    ----------
    name : str
        The session, or "all sessions".
    points : ndarray of float32, (n, 3)
        In units of the picture: latents times 100.
    colours : ndarray of float32, (n, 4)
        RGBA.
    axes : tuple of str
        Names of the three axes; "–" where there is none.
    legend : Legend
        What the colours mean.
    size, opacity : float
        Of the points.
    marks : PanelMarks
        What is painted below and above them.
    """

    name: str
    points: npt.NDArray[np.float32]
    colours: npt.NDArray[np.float32]
    axes: tuple[str, ...]
    legend: Legend
    size: float
    opacity: float
    marks: PanelMarks = field(default_factory=PanelMarks)

    @classmethod
    def of_layer(cls, layer: LayerData, marks: PanelMarks | None = None) -> ViewPanel:
        """Take what a points layer shows."""
        points, attributes, _ = layer
        told = attributes["metadata"]
        return cls(
            told["session"] or ALL_SESSIONS,
            points,
            np.asarray(attributes["face_color"], dtype=np.float32),
            tuple(told["axes"]),
            told["legend"],
            float(attributes["size"]),
            float(attributes["opacity"]),
            marks or PanelMarks(),
        )

    @classmethod
    def of_layers(cls, layers: Sequence[LayerData], marks: Sequence[PanelMarks] = ()) -> list[ViewPanel]:
        """Take what several layers show, with the marks of each if there are any."""
        known = list(marks) or [PanelMarks()] * len(layers)
        return [cls.of_layer(layer, one) for layer, one in zip(layers, known, strict=True)]

    def painted(self, projection: Projection) -> Image:
        """Return the panel as an image on white, (height, width, 3), 0 to 1."""
        image = np.ones((projection.height, projection.width, 3), dtype=np.float32)
        for mark in self.marks.below:
            paint_points(image, projection, mark.points, mark.colours, size=mark.size, opacity=1.0)
        paint_points(image, projection, self.points, self.colours, size=self.size, opacity=self.opacity)
        for mark in self.marks.above:
            paint_points(image, projection, mark.points, mark.colours, size=mark.size, opacity=1.0)
        return image


def view_figure(
    layers: Sequence[LayerData],
    view: CameraView | None,
    title: str,
    *,
    dpi: int = 300,
    with_points: bool = True,
    marks: Sequence[PanelMarks] = (),
) -> Figure:
    """Draw points layers as they are seen from a view, on white, one panel a layer.

    Parameters
    ----------
    layers : sequence of LayerData
        Made by :func:`~napari_unison.display.point_layers`.
    view : CameraView or None
        From where; a usual view of the first layer's points unless given.
    title : str
        Lines; the kind of the embedding is among them.
    dpi : int, default 300
        Points of the image an inch; text and legend stay sharp in SVG and PDF.
    with_points : bool, default True
        Draw the points; without them the page of a movie, whose frames come later.
    marks : sequence of PanelMarks, optional
        What is painted below and above the points of each layer.

    Raises
    ------
    ValueError
        If there is no layer.
    """
    if not layers:
        raise ValueError("nothing to draw: give at least one points layer")
    panels = ViewPanel.of_layers(layers, marks)
    view = view or CameraView.of_points(panels[0].points)
    aspect = float(np.clip(view.aspect, NARROWEST, WIDEST))
    columns = min(MOST_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    height = ALONE if len(panels) == 1 else AMONG
    first, *notes = title.splitlines()
    figure = new_figure(height * aspect * columns + 1.6, height * rows + STRIP + 0.8, first, *notes)
    grid = figure.add_gridspec(rows + 1, columns, height_ratios=[height] * rows + [STRIP])
    drawn = []
    projection = Projection(view, round(height * aspect * dpi), round(height * dpi))
    for number, panel in enumerate(panels):
        axes = figure.add_subplot(grid[number // columns, number % columns])
        axes.set_axis_off()
        axes.set_xlim(0, projection.width)
        axes.set_ylim(projection.height, 0)
        axes.set_aspect("equal")
        if with_points:
            axes.imshow(panel.painted(projection), interpolation="none")
        if len(panels) > 1:
            axes.set_title(panel.name, fontsize=9, pad=2)
        drawn.append(axes)
    strip = _arrow_strip(figure, grid[rows, :])
    if with_points:
        draw_arrows(strip, projection, panels[0].axes)
    draw_legend(figure, drawn, panels[0].legend, shrink=0.7)
    return figure


def draw_arrows(axes: Axes, projection: Projection, names: Sequence[str]) -> list[Any]:
    """Draw where the three axes point on the page, with their names; return what was drawn.

    ``axes`` is the strip below the panels, in inches from the arrows' origin.
    """
    drawn: list[Any] = []
    taken: list[npt.NDArray[np.float64]] = []
    for reach, name in zip(projection.axes_on_page() * ARROW, names, strict=True):
        if name == "–":
            continue
        drawn += axes.plot([0, reach[0]], [0, reach[1]], color=MUTED, linewidth=1.0)
        away = reach / max(float(np.linalg.norm(reach)), 1e-9)
        side = "left" if away[0] > 0.35 else "right" if away[0] < -0.35 else "center"
        place = reach + away * np.array([0.05, 0.1])
        place = _free_place(place, taken)
        taken.append(place)
        drawn.append(axes.text(place[0], place[1], name, fontsize=7, color=MUTED, ha=side, va="center"))
    return drawn


def _free_place(
    place: npt.NDArray[np.float64], taken: Sequence[npt.NDArray[np.float64]]
) -> npt.NDArray[np.float64]:
    """Move a name up or down until it stands apart from those that are there."""
    up_first = 1.0 if place[1] > 0 else -1.0
    for step in (0.0, 1.0, -1.0, 2.0, -2.0):
        moved = np.asarray(place + np.array([0.0, up_first * step * LINE]), dtype=np.float64)
        if all(abs(moved[1] - other[1]) > 0.9 * LINE or abs(moved[0] - other[0]) > WORD for other in taken):
            return moved
    return place


def _arrow_strip(figure: Figure, cell: Any) -> Axes:
    """Return the empty strip below the panels in which the arrows are drawn, the figure's last axes."""
    axes = figure.add_subplot(cell)
    axes.set_axis_off()
    axes.set_xlim(-STRIP_WIDTH / 2, STRIP_WIDTH / 2)
    axes.set_ylim(-STRIP / 2, STRIP / 2)
    axes.set_aspect("equal", anchor="W")
    return axes
