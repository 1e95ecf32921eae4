"""Pictures of the tour through the window, in the dark and the light theme.

Trains on the four simulated rats, or on the real ones in the folder that ``NAPARI_UNISON_TEST_DATA`` names,
studies decoding for a quick look, opens the run in a window and takes a picture of each dock. A saved run,
with what was studied of it, can be given instead. Where there is no display, it starts itself again under
``xvfb-run``.

    python docs/make_tour.py [--to docs/pictures/tour] [--run RUN] [--theme dark] [--only traces grid]
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from qtpy.QtCore import QBuffer, QEventLoop, Qt, QTimer
from qtpy.QtWidgets import QScrollArea

from napari_unison import Session, load_sessions, sample_sessions
from napari_unison._compat import dock_of, main_canvas, main_window, scene_camera
from napari_unison.demo import has_display
from napari_unison.encoder import PRESETS, EncoderConfig
from napari_unison.workspace import Workspace

TRAIN = "train"
PICTURES = ("window", "sessions", TRAIN, "explore", "grid", "traces", "decode", "keep")
THEMES = ("dark", "light")
WINDOW_SIZE = (1280, 800)
SCREEN = "-screen 0 1280x800x24 +extension GLX"
PATIENCE = 900.0
"""How long the window may take to come as far as a picture needs it (s)."""
LEARNED = 450
"""After so many iterations a picture of a training is taken."""
ZOOM = 0.8
LARGEST = 300_000
"""Pictures of more bytes get a palette."""
CONFIG = PRESETS["label-free decoding"].model_copy(update={"random_state": 0})
STUDY_ITERATIONS = 250
METHODS = ("label-free", "other-sessions", "single-session", "bayesian", "neighbours")


def recordings() -> list[Session]:
    """Read the real rats where there are some, or take the simulated ones."""
    folder = Path(os.environ.get("NAPARI_UNISON_TEST_DATA", "")) / "rat_hippocampus"
    files = [folder / f"{name}.jl.gz" for name in ("achilles", "buddy")]
    return load_sessions(files) if all(file.is_file() for file in files) else sample_sessions("linear-track")


def make_run(folder: Path, sessions: Sequence[Session]) -> None:
    """Train, study decoding and save, without a window."""
    workspace = Workspace(sessions)
    workspace.config = CONFIG
    workspace.train().wait()
    workspace.decode("quick", iterations=STUDY_ITERATIONS, methods=METHODS).wait()
    workspace.save(folder, overwrite=True)
    workspace.close()


class Tour:
    """A window with a run, and pictures of it.

    Parameters
    ----------
    viewer : napari.Viewer
        An empty one, on a display.
    to : Path
        Folder of the pictures.
    size : (int, int)
        Width and height of the window (pixels).
    pause : int
        How long the window is left to draw what has changed (ms).
    """

    def __init__(
        self, viewer: Any, to: Path, size: tuple[int, int] = WINDOW_SIZE, *, pause: int = 500
    ) -> None:
        self.viewer, self.to, self.size, self.pause = viewer, to, size, pause
        self.window = main_window(viewer)
        self.unison: Any = viewer.window.add_plugin_dock_widget("napari-unison", "Unison workspace")[1]
        self.workspace: Workspace = self.unison.workspace

    def open(self, run: Path) -> None:
        """Open a saved run; set the time cursor and a set of laps, so that there is something to be seen."""
        self._fit_window()
        self.workspace.open(run)
        self.wait_until(lambda: not self.workspace.jobs)
        first = self.workspace.sessions[0]
        self.unison.sessions.table.selectRow(0)
        self.unison.sessions.view.order.setCurrentText("by place field")
        self.unison.decode.choose_latent(self.workspace.run.best_latents("aligned")[0])
        choice = self.unison.decode.choice
        if "quick" in self.workspace.run.studies:
            choice.setCurrentIndex(choice.findData("quick"))
        self.workspace.cursor = first.name, first.start + min(20.0, 0.75 * first.duration)
        self.settle()

    def take(self, theme: str, names: Sequence[str] = PICTURES, config: EncoderConfig = CONFIG) -> list[Path]:
        """Take pictures in a theme; that of a training while one is under way."""
        from napari.settings import get_settings

        get_settings().appearance.theme = theme
        self._fit_window()
        return [self._take(name, theme, config) for name in names]

    def _take(self, name: str, theme: str, config: EncoderConfig) -> Path:
        picture = self.to / f"{name}-{theme}.png"
        if name == TRAIN:
            self._while_training(lambda: self._grab_tab(name, picture), config)
        elif name in ("sessions", "explore"):
            self._grab_tab(name, picture)
        else:
            getattr(self, f"_take_{name}")(picture)
        return picture

    # -- each picture ----------------------------------------------------------------------------------

    def _take_window(self, picture: Path) -> None:
        self.unison.tabs.setCurrentWidget(self.unison.explore)
        self._fit_window()
        camera = scene_camera(self.viewer)
        fitted = camera.zoom
        # Room for the legend.
        camera.zoom = ZOOM * fitted
        self.settle()
        save(self.window.grab(), picture)
        camera.zoom = fitted

    def _grab_tab(self, name: str, picture: Path) -> None:
        tab = getattr(self.unison, name)
        self.unison.tabs.setCurrentWidget(tab)
        self._grab_whole(self.unison, tab, picture)

    def _grab_whole(self, widget: Any, scrolling: Any, picture: Path) -> None:
        """Draw a widget as tall as what scrolls in it: in a low window one sees a part at a time."""
        self.settle()
        area = scrolling.findChildren(QScrollArea)[0]
        least, before = area.minimumHeight(), widget.size()
        # Put back before the window learns of it, which would grow.
        area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        contents = area.widget().layout()
        # Sentences need more lines the narrower they are.
        needed = max(contents.sizeHint().height(), contents.totalHeightForWidth(area.viewport().width()))
        height = before.height() + needed - area.viewport().height()
        area.setMinimumHeight(needed)
        widget.resize(before.width(), height)
        save(widget.grab(), picture)
        area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        area.setMinimumHeight(least)
        widget.resize(before)
        self.settle()

    def _take_grid(self, picture: Path) -> None:
        """Draw the canvas with a cell a session, and some laps selected."""
        before = self.workspace.display
        self.workspace.show(grid=True)
        self.settle()
        canvas = main_canvas(self.viewer)
        corner = canvas.mapTo(self.window, canvas.rect().topLeft())
        save(self.window.grab(canvas.rect().translated(corner)), picture)
        self.workspace.show(grid=before.grid)
        self.settle()

    def _take_traces(self, picture: Path) -> None:
        selection = self.workspace.selection
        name, time_ = self.workspace.cursor
        selection.select_lap(name, time_)
        self.settle()
        save(dock_of(self.unison.traces).grab(), picture)
        selection.clear()
        self.settle()

    def _take_decode(self, picture: Path) -> None:
        self._grab_whole(self.unison.decode, self.unison.decode, picture)

    def _take_keep(self, picture: Path) -> None:
        menu = self.unison.keep_button.menu()
        menu.adjustSize()
        save(menu.grab(), picture)

    def _while_training(self, take: Callable[[], None], config: EncoderConfig) -> None:
        """Train for a while, take a picture, and leave everything as it was."""
        runs = list(self.workspace.runs)
        shown = self.workspace.run
        self.workspace.config = config
        job = self.workspace.train()
        enough = min(LEARNED, config.max_iterations // 2)
        self.wait_until(lambda: not job.is_running or (job.progress and job.progress.iteration > enough))
        take()
        job.stop()
        self.wait_until(lambda: not self.workspace.jobs)
        for run in [run for run in self.workspace.runs if run not in runs]:
            self.workspace.runs.remove(run)
        self.workspace.run = shown
        self.settle()

    # -- waiting ---------------------------------------------------------------------------------------

    def wait_until(self, is_so: Callable[[], Any]) -> None:
        """Let the window work until something is so."""
        began = time.monotonic()
        while not is_so():
            if time.monotonic() - began > PATIENCE:
                raise TimeoutError("the window did not come as far as a picture needs it")
            wait(50)

    def settle(self) -> None:
        """Let the window draw what it was told to."""
        wait(self.pause)

    def _fit_window(self) -> None:
        # Docks ask for their own sizes once they are arranged, and can grow the window.
        for _ in range(2):
            self.window.resize(*self.size)
            self.settle()


def wait(milliseconds: int) -> None:
    """Let the window work."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def save(pixmap: Any, file: Path) -> None:
    """Write a picture, with a palette if it would be large."""
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    pixmap.save(buffer, "PNG")
    picture = Image.open(io.BytesIO(bytes(buffer.data()))).convert("RGB")
    picture.save(file, optimize=True)
    if file.stat().st_size > LARGEST:
        picture.quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)


def in_virtual_display() -> None:
    """Start again in a virtual display."""
    xvfb = shutil.which("xvfb-run")
    if xvfb is None:
        raise SystemExit(
            "There is no display, and no xvfb-run to make one: see scripts/install-system-packages.sh"
        )
    os.execv(xvfb, [xvfb, "-a", "-s", SCREEN, sys.executable, *sys.argv])  # noqa: S606


def main() -> None:
    """Make the run unless it is given, open the window, and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=Path, default=Path(__file__).parent / "pictures" / "tour")
    parser.add_argument("--run", type=Path, help="a saved run; made unless given")
    parser.add_argument("--theme", nargs="+", choices=THEMES, default=THEMES)
    parser.add_argument("--only", nargs="+", choices=PICTURES, default=PICTURES)
    given = parser.parse_args()
    if not has_display():
        in_virtual_display()
    given.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        run = given.run or Path(folder) / "tour.unison"
        if given.run is None:
            make_run(run, recordings())
        # The pictures shall not depend on how somebody's napari is set up.
        os.environ["NAPARI_CONFIG"] = str(Path(folder) / "settings.yaml")
        import napari

        tour = Tour(napari.Viewer(), given.to)
        tour.open(run)
        # A training tells that it has ended in the window: it comes last.
        for names in ([name for name in given.only if name != TRAIN], [TRAIN] * (TRAIN in given.only)):
            for theme in given.theme:
                for picture in tour.take(theme, names):
                    print(picture, flush=True)
        tour.viewer.close()


if __name__ == "__main__":
    main()
