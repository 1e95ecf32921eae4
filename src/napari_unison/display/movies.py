"""A turning movie of a view, frame by frame, and the files that it goes into."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from napari_unison.display.camera_view import CameraView
from napari_unison.display.figures.view import ViewPanel, draw_arrows, view_figure
from napari_unison.display.marks import PanelMarks
from napari_unison.display.painting import Projection
from napari_unison.display.points import LayerData
from napari_unison.sessions.whole_files import whole_file

Frame = npt.NDArray[np.uint8]
MOVIE_ENDINGS: Final = (".mp4", ".gif")
#: Points an inch; a panel alone is five inches high.
MOVIE_DPI: Final = 130


class MovieError(ValueError):
    """A movie cannot be written; the message says what to do."""


def check_movie_file(file: Path) -> None:
    """Refuse a file that no movie can be written to here.

    Raises
    ------
    MovieError
        If the ending is another one, or what writes ``.mp4`` is not installed.
    """
    if file.suffix.lower() not in MOVIE_ENDINGS:
        raise MovieError(f"{file.name}: the name of a movie ends in {' or '.join(MOVIE_ENDINGS)}")
    if file.suffix.lower() == ".mp4":
        try:
            import imageio_ffmpeg  # noqa: F401 - only whether it is there
        except ImportError as error:
            raise MovieError(
                '.mp4 needs imageio-ffmpeg: pip install "napari-unison[movie]", or write a .gif'
            ) from error


def turning_frames(
    layers: list[LayerData],
    view: CameraView | None,
    title: str,
    *,
    n_frames: int,
    turns: float = 1.0,
    marks: Sequence[PanelMarks] = (),
) -> Iterator[Frame]:
    """Paint the frames of a movie that walks around a view.

    Parameters
    ----------
    layers : list of LayerData
        One panel each.
    view : CameraView or None
        Where it begins; what is up there stays up.
    title : str
        Lines above the panels.
    n_frames : int
        How many frames.
    turns : float
        How often around.
    marks : sequence of PanelMarks, optional
        What is painted below and above the points of each layer.

    Yields
    ------
    ndarray of uint8, (height, width, 3)
        Height and width are even, as video codecs want it.
    """
    panels = ViewPanel.of_layers(layers, marks)
    view = view or CameraView.of_points(panels[0].points)
    figure = view_figure(layers, view, title, dpi=MOVIE_DPI, with_points=False)
    figure.set_dpi(MOVIE_DPI)
    canvas = FigureCanvasAgg(figure)
    page = _even(_drawn(canvas)[..., :3])
    # The layout is made: from now on only panels change.
    figure.set_layout_engine("none")
    places = [_place(axes, page.shape[0]) for axes in figure.axes[: len(panels)]]
    arrows = _Arrows(figure.axes[len(panels)], panels[0].axes, page.shape[0])
    for number in range(n_frames):
        frame = page.copy()
        for panel, (top, left, height, width) in zip(panels, places, strict=True):
            projection = Projection(view, width, height).turned(2 * np.pi * turns * number / n_frames)
            region = frame[top : top + height, left : left + width]
            region[:] = np.round(panel.painted(projection) * 255).astype(np.uint8)
        arrows.paint(frame, projection)
        yield frame


def _even(pixels: Frame) -> Frame:
    """Leave out the last row and column where their number is odd."""
    height, width = (size - size % 2 for size in pixels.shape[:2])
    return np.ascontiguousarray(pixels[:height, :width])


def _drawn(canvas: FigureCanvasAgg) -> Frame:
    """Draw a figure anew and return its pixels (height, width, 4)."""
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]


def _place(axes: Axes, page_height: int) -> tuple[int, int, int, int]:
    """Return top, left, height and width (pixels) of a panel."""
    box = axes.get_window_extent()
    top, left = max(0, round(page_height - box.y1)), max(0, round(box.x0))
    # at least one pixel less than the box: both ends are rounded
    return top, left, min(int(box.height), page_height - top), int(box.width)


class _Arrows:
    """The strip of the page in which arrows name the axes; drawn anew for every frame.

    Parameters
    ----------
    axes : Axes
        The strip on the page.
    names : tuple of str
        Of the three axes.
    """

    def __init__(self, axes: Axes, names: tuple[str, ...], page_height: int) -> None:
        self._names = names
        self._place = _place(axes, page_height)
        _, _, height, width = self._place
        figure = Figure(figsize=(width / MOVIE_DPI, height / MOVIE_DPI), dpi=MOVIE_DPI)
        self._axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self._axes.set_axis_off()
        self._axes.set_xlim(axes.get_xlim())
        self._axes.set_ylim(axes.get_ylim())
        self._canvas = FigureCanvasAgg(figure)

    def paint(self, frame: Frame, projection: Projection) -> None:
        """Draw the arrows of a projection into a frame (height, width, 3)."""
        drawn = draw_arrows(self._axes, projection, self._names)
        pixels = _drawn(self._canvas)
        for artist in drawn:
            artist.remove()
        top, left, height, width = self._place
        region = frame[top : top + height, left : left + width]
        region[:] = pixels[: region.shape[0], : region.shape[1], :3]


def write_movie(file: Path, frames: Iterable[Frame], frames_per_second: float) -> Path:
    """Write frames into a movie, which appears complete or not at all.

    Parameters
    ----------
    file : Path
        Ends in ``.mp4`` (H.264) or ``.gif``; what stands there is replaced.
    frames : iterable of ndarray of uint8, (height, width, 3)
        All of the same, even size; taken one by one. If it raises, nothing is left behind.
    frames_per_second : float
        How fast.

    Returns
    -------
    Path
        The file.
    """
    check_movie_file(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    write = _write_mp4 if file.suffix.lower() == ".mp4" else _write_gif
    with whole_file(file) as fresh:
        write(fresh, frames, frames_per_second)
    return file


def _write_mp4(file: Path, frames: Iterable[Frame], frames_per_second: float) -> None:
    from imageio_ffmpeg import write_frames

    writer = None
    try:
        for frame in frames:
            if writer is None:
                size = (frame.shape[1], frame.shape[0])
                writer = write_frames(file, size, fps=frames_per_second, quality=8, macro_block_size=2)
                writer.send(None)
            writer.send(np.ascontiguousarray(frame))
    finally:
        if writer is not None:
            writer.close()


def _write_gif(file: Path, frames: Iterable[Frame], frames_per_second: float) -> None:
    from PIL import Image

    images = (Image.fromarray(frame) for frame in frames)
    first = next(images)
    # One palette for all frames: colours that changed from frame to frame would flicker.
    palette = first.quantize(256, method=Image.Quantize.MEDIANCUT)
    rest = (image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images)
    palette.save(
        file,
        format="GIF",
        save_all=True,
        append_images=rest,
        duration=max(20, round(1000 / frames_per_second)),
        loop=0,
        disposal=1,
    )
