"""The demo: four simulated rats, from the recordings to napari's window."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from napari_unison.interruption import interruptible

if TYPE_CHECKING:
    from napari_unison.encoder import Run
    from napari_unison.sessions import Session

PICTURE = "window.png"
RUN = "demo.unison"
WINDOW_SIZE = (1400, 1000)
"""Width and height of the window on the picture, and of the virtual display (pixels)."""


def run_demo(folder: Path, *, stay_open: bool | None, seed: int) -> None:
    """Train on the simulated rats, save and draw everything into a folder, and show it in napari.

    Parameters
    ----------
    folder : Path
        Where the run, the figures and the picture of the window are written.
    stay_open : bool or None
        Leave the window to the user; else take its picture and close it. None: where there is a display.
    seed : int
        Seed of the simulation and of the training.

    Raises
    ------
    click.ClickException
        If a window is wanted and there is no display, and no virtual one either.
    """
    if not has_display():
        if stay_open:
            raise click.ClickException("There is no display to open a window on; leave --window out.")
        _repeat_in_virtual_display(folder, seed)
    began = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    run, sessions = _train(seed)
    _save_and_draw(run, folder)
    stays = stay_open is not False
    if stays:
        click.echo(f"Everything is in {folder} after {time.perf_counter() - began:.0f} s; opening napari …")
    _open_window(folder / RUN, sessions, picture=None if stays else folder / PICTURE)
    if not stays:
        click.echo(f"Everything is in {folder} after {time.perf_counter() - began:.0f} s.")


def has_display() -> bool:
    """Whether windows can be opened here."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _repeat_in_virtual_display(folder: Path, seed: int) -> None:
    """Replace this process by the demo inside ``xvfb-run``; its exit status is the demo's."""
    xvfb_run = shutil.which("xvfb-run")
    if xvfb_run is None:
        raise click.ClickException(
            "There is no display, and no xvfb-run to make a virtual one: install xvfb and xauth "
            "(Debian, Ubuntu: apt-get install xvfb xauth)."
        )
    click.echo("There is no display here: napari will open in a virtual one, and its picture be taken.")
    sys.stdout.flush()
    environment = {name: value for name, value in os.environ.items() if name != "QT_QPA_PLATFORM"}
    screen = f"-screen 0 {WINDOW_SIZE[0]}x{WINDOW_SIZE[1]}x24 +extension GLX"
    command = [sys.executable, "-m", "napari_unison", "demo", "--no-window"]
    command += ["--to", str(folder), "--seed", str(seed)]
    os.execve(xvfb_run, ["xvfb-run", "-a", "-s", screen, *command], environment)  # noqa: S606


@contextmanager
def _timed(what: str) -> Iterator[None]:
    """Say what is done, and how long it took."""
    click.echo(f"{what} …")
    began = time.perf_counter()
    yield
    click.echo(f"    {time.perf_counter() - began:.1f} s")


def _train(seed: int) -> tuple[Run, list[Session]]:
    with _timed("Loading torch"):
        from napari_unison.encoder import PRESETS, Run, UnifiedEncoder
        from napari_unison.sessions import sample_sessions, split_sessions
    with _timed("Simulating four rats on a linear track"):
        sessions = sample_sessions("linear-track", seed=seed)
        training, held_out = split_sessions(sessions, 0.8)
    config = PRESETS["quick look"].model_copy(update={"random_state": seed})
    encoder = UnifiedEncoder.from_config(config)
    with (
        _timed(f"Training one encoder on the first 80 % of each session, {config.max_iterations} iterations"),
        interruptible() as control,
    ):
        encoder.fit(training, control=control)
    with _timed("Embedding the training sessions (aligned)"):
        embedding = encoder.embed()
    return Run(encoder, embedding, tuple(held_out)), sessions


def _save_and_draw(run: Run, folder: Path) -> None:
    with _timed(f"Saving the run as {folder / RUN}"):
        from napari_unison.encoder import save_run

        save_run(run, folder / RUN, overwrite=True)
    with _timed(f"Drawing the figures into {folder}"):
        from napari_unison.display.figures import write_figures

        write_figures(run, folder)


def _open_window(run_folder: Path, sessions: list[Session], *, picture: Path | None) -> None:
    """Open napari with the workspace's docks, the sessions and the run."""
    with _timed("Opening napari"):
        import napari

        from napari_unison.workspace import get_workspace

        viewer = napari.Viewer(title="napari-unison: demo", show=True)
        viewer.window.resize(*WINDOW_SIZE)
        viewer.window.add_plugin_dock_widget("napari-unison", "Unison workspace")
        workspace = get_workspace(viewer)
        workspace.sessions.extend(sessions)
        workspace.open(run_folder)
        workspace.show()
    if picture is None:
        napari.run()
        return
    with _timed("Scoring the held-out end of each session"):
        from napari_unison.workspace.scoring import score_run

        score_run(workspace).wait()
    with _timed(f"Taking the window's picture, {picture}"):
        _take_picture(viewer, workspace, picture)
        viewer.close()


def _take_picture(viewer: Any, workspace: Any, picture: Path) -> None:
    """Write a picture of the whole window once nothing is left to be computed or drawn."""
    from qtpy.QtWidgets import QApplication

    if workspace.job is not None and workspace.job.is_running:
        workspace.job.wait()
    # The docks ask for their own sizes once they are arranged, and can grow the window beyond the screen.
    for _ in range(2):
        QApplication.processEvents()
        viewer.window.resize(*WINDOW_SIZE)
    QApplication.processEvents()
    viewer.screenshot(str(picture), canvas_only=False, flash=False)
