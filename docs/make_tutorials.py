"""Pictures of the tutorials on real recordings: calcium imaging of two mice, and head direction.

Does in the window what the pages say, on the files in the folder that is given or that
``NAPARI_UNISON_TEST_DATA`` names, and takes a picture of each step. Where there is no display, it starts
itself again under ``xvfb-run``.

    python docs/make_tutorials.py [--data FOLDER] [--to docs/pictures] [--only calcium-mice]
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from make_tour import Tour, in_virtual_display, save

from napari_unison._compat import dock_of, main_canvas
from napari_unison.demo import has_display
from napari_unison.encoder import PRESETS, EncoderConfig

MAPPING = Path(__file__).parent / "mappings" / "calcium-mouse-days.toml"
MICE = ("C24M3", "C23M4")
HEAD_DIRECTION = Path("nwb/A2929-200711_neurosuite.nwb")
CONFIG = PRESETS["label-free decoding"].model_copy(update={"random_state": 0})
STUDY_ITERATIONS = 500
METHODS = ("label-free", "untrained", "bayesian", "neighbours")
"""Of the study of head direction."""
COUNTS = 0.05
"""Width of the bins in which the spikes of the recording of head direction are counted (s)."""
BLOCKS = 20.0
"""Length of the stretches of that recording that stand for laps (s)."""
MOMENT = 30.0
"""Where the time cursor stands in the traces, after the session's start (s)."""


class TutorialWindow(Tour):
    """A window in which recordings are imported, trained on and looked at, with a picture after each step."""

    def open_dialog(self, file: Path) -> Any:
        """Import a file with a mapping, and return the dialog once it has looked into it."""
        self._fit_window()
        sessions = self.unison.sessions
        self.unison.tabs.setCurrentWidget(sessions)
        sessions.import_files([str(file)])
        self.wait_until(lambda: sessions.dialog is not None)
        self.wait_for_check(sessions.dialog)
        return sessions.dialog

    def wait_for_check(self, dialog: Any) -> None:
        """Let the dialog try the mapping as it is now."""
        self.wait_until(lambda: dialog.checked is not None and not dialog.files.is_busy)

    def accept(self, dialog: Any) -> None:
        """Press Import, wait for the sessions, and look at the first one."""
        dialog.accept()
        self.wait_until(lambda: self.unison.sessions.dialog is None and not self.workspace.jobs)
        self.unison.sessions.table.selectRow(0)

    def train(self, config: EncoderConfig) -> None:
        """Train on the open sessions, and wait for the embeddings of both kinds."""
        self.workspace.config = config
        self.workspace.train()
        for kind in ("aligned", "label-free"):
            self.wait_until(lambda: not self.workspace.jobs)
            self.workspace.show(kind=kind)
        self.wait_until(lambda: not self.workspace.jobs)
        first = self.workspace.sessions[0]
        self.workspace.cursor = first.name, first.start + min(MOMENT, 0.75 * first.duration)

    def score(self) -> None:
        """Press Decode for the quick scores."""
        self.unison.decode.start()
        self._choose("held-out")

    def study(self, methods: Sequence[str], iterations: int) -> None:
        """Study decoding for a quick look."""
        self.workspace.decode("quick", iterations=iterations, methods=tuple(methods))
        self._choose("quick")

    def _choose(self, what: str) -> None:
        self.wait_until(lambda: not self.workspace.jobs)
        choice = self.unison.decode.choice
        choice.setCurrentIndex(choice.findData(what))

    # -- pictures --------------------------------------------------------------------------------------

    def take_dialog(self, dialog: Any, name: str) -> None:
        """Draw the import dialog."""
        self.settle()
        save(dialog.grab(), self.to / f"{name}.png")

    def take_sessions(self, name: str) -> None:
        """Draw the tab Sessions, whole."""
        self._grab_tab("sessions", self.to / f"{name}.png")

    def take_window(self, name: str) -> None:
        """Draw the window with Explore."""
        self._take_window(self.to / f"{name}.png")

    def take_canvas(self, name: str) -> None:
        """Draw what the canvas shows."""
        self.settle()
        canvas = main_canvas(self.viewer)
        corner = canvas.mapTo(self.window, canvas.rect().topLeft())
        save(self.window.grab(canvas.rect().translated(corner)), self.to / f"{name}.png")

    def take_traces(self, name: str) -> None:
        """Draw the dock Traces."""
        self.settle()
        save(dock_of(self.unison.traces).grab(), self.to / f"{name}.png")

    def take_decode(self, name: str) -> None:
        """Draw the dock Decode, whole."""
        self._take_decode(self.to / f"{name}.png")


def calcium_mouse(window: TutorialWindow, data: Path, mouse: str, config: EncoderConfig) -> None:
    """Import four days of a mouse, train, explore and decode; what is as in the first is not taken again."""
    dialog = window.open_dialog(data / "calcium_linear_track" / f"{mouse}_spike_train.mat")
    is_first = mouse == MICE[0]
    if not dialog.files.is_remembered:
        if is_first:
            window.take_dialog(dialog, f"dialog-first-{mouse}")
        dialog.load_mapping(str(MAPPING))
        window.wait_for_check(dialog)
    if is_first:
        window.take_dialog(dialog, f"dialog-{mouse}")
    window.accept(dialog)
    if is_first:
        window.unison.sessions.view.order.setCurrentText("by place field")
        window.take_sessions(f"sessions-{mouse}")
    window.train(config)
    window.workspace.show(kind="aligned")
    window.take_window(f"window-{mouse}")
    window.workspace.show(kind="label-free", grid=True)
    window.take_canvas(f"grid-{mouse}")
    window.workspace.show(grid=False)
    if is_first:
        window.take_traces(f"traces-{mouse}")
    window.score()
    window.take_decode(f"scores-{mouse}")


def head_direction(window: TutorialWindow, data: Path, config: EncoderConfig, iterations: int) -> None:
    """Import an NWB file with fewer labels than it has, train, explore and decode."""
    dialog = window.open_dialog(data / HEAD_DIRECTION)
    table = dialog.labels.table
    table.selectRow(list(table.labels()).index("position"))
    table.remove_current()
    dialog.form.bin_width.setValue(COUNTS)
    window.wait_for_check(dialog)
    window.take_dialog(dialog, "dialog")
    window.accept(dialog)
    sessions = window.workspace.sessions
    blocks = (sessions[0].time - sessions[0].start) // BLOCKS
    sessions[0] = sessions[0].replace(segment=blocks.astype(int))
    window.unison.sessions.table.selectRow(0)
    window.take_sessions("sessions")
    window.train(config)
    window.workspace.show(latents="pca")
    window.take_window("window")
    window.take_traces("traces")
    window.score()
    window.take_decode("scores")
    window.study(METHODS, iterations)
    window.take_decode("study")


def take_mouse(mouse: str) -> Callable[..., None]:
    """Return what takes the pictures of a mouse."""
    return lambda window, data, config, _: calcium_mouse(window, data, mouse, config)


#: Name, folder of the pictures, and what takes them; a window each.
PARTS: dict[str, tuple[str, Callable[..., None]]] = {
    **{mouse: ("calcium-mice", take_mouse(mouse)) for mouse in MICE},
    "head-direction": ("head-direction", head_direction),
}


def take_pictures(
    viewer: Any,
    part: str,
    data: Path,
    to: Path,
    config: EncoderConfig = CONFIG,
    iterations: int = STUDY_ITERATIONS,
    pause: int = 500,
) -> list[Path]:
    """Take the pictures of one part in an empty viewer; return them."""
    from napari.settings import get_settings

    settings = get_settings()
    settings.appearance.theme = "dark"
    # what is told in the corner would lie over the canvas
    settings.application.gui_notification_level = "error"
    folder, take = PARTS[part]
    (to / folder).mkdir(parents=True, exist_ok=True)
    before = set((to / folder).iterdir())
    take(TutorialWindow(viewer, to / folder, pause=pause), data, config, iterations)
    return sorted(set((to / folder).iterdir()) - before)


def main(arguments: Sequence[str] | None = None) -> None:
    """Open a window for each part, and take its pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    named = os.environ.get("NAPARI_UNISON_TEST_DATA")
    parser.add_argument("--data", type=Path, default=named and Path(named), help="folder of recordings")
    parser.add_argument("--to", type=Path, default=Path(__file__).parent / "pictures")
    parser.add_argument("--only", nargs="+", choices=tuple(PARTS), default=tuple(PARTS))
    given = parser.parse_args(arguments)
    if given.data is None:
        parser.error("give the folder of recordings with --data, or set NAPARI_UNISON_TEST_DATA to it")
    if not has_display():
        in_virtual_display()
    with tempfile.TemporaryDirectory() as folder:
        # The pictures shall not depend on how somebody's napari is set up.
        os.environ["NAPARI_CONFIG"] = str(Path(folder) / "settings.yaml")
        os.environ["XDG_CONFIG_HOME"] = folder
        import napari

        for part in given.only:
            viewer = napari.Viewer()
            for picture in take_pictures(viewer, part, given.data, given.to):
                print(picture, flush=True)
            viewer.close()


if __name__ == "__main__":
    main()
