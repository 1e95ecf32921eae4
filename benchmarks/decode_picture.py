"""Picture of the dock Decode for the documentation: simulated rats, a short training, a quick study.

Needs a display, or xvfb-run.

    python benchmarks/decode_picture.py [--to docs/pictures/decode.png] [--run RUN]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import napari
from qtpy.QtCore import QEventLoop, QTimer

from napari_unison import Session, sample_sessions
from napari_unison._compat import dock_of
from napari_unison.widgets.unison import UnisonWidget
from napari_unison.workspace import Workspace

WINDOW_SIZE = (1400, 1000)
DOCK_WIDTH = 420
BINS = 5000
METHODS = ("label-free", "other-sessions", "single-session", "bayesian", "neighbours")


def made_run(folder: Path) -> None:
    """Train, study and save, without a window."""
    sessions: list[Session] = [session[:BINS] for session in sample_sessions("linear-track")]
    workspace = Workspace(sessions)
    workspace.train(
        batch_size=512,
        learning_rate=1e-3,
        max_iterations=600,
        output_dimension=16,
        random_state=0,
        masks={"RandomNeuronMask": (0.3, 0.9, 0.05), "SessionMask": True},
    ).wait()
    workspace.decode("quick", iterations=250, methods=METHODS).wait()
    workspace.save(folder, overwrite=True)
    workspace.close()


def wait(milliseconds: int) -> None:
    """Let the window work."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def take_picture(folder: Path, picture: Path) -> None:
    """Open the run in a window, choose a latent, and write the dock's picture."""
    viewer = napari.Viewer(show=True)
    viewer.window.resize(*WINDOW_SIZE)
    unison: UnisonWidget = viewer.window.add_plugin_dock_widget("napari-unison", "Unison workspace")[1]
    unison.workspace.open(folder)
    wait(1000)
    decode = unison.decode
    decode.choice.setCurrentIndex(decode.choice.findData("quick"))
    decode.choose_latent(unison.workspace.run.best_latents("aligned")[0])
    dock = dock_of(decode)
    dock.setFixedWidth(DOCK_WIDTH)
    wait(1000)
    dock.grab().save(str(picture))
    viewer.close()


def main() -> None:
    """Make the run unless it is there, and take the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    docs = Path(__file__).parents[1] / "docs" / "pictures"
    parser.add_argument("--to", type=Path, default=docs / "decode.png")
    parser.add_argument("--run", type=Path, default=Path("decode-picture.unison"))
    given = parser.parse_args()
    if not given.run.is_dir():
        made_run(given.run)
    take_picture(given.run, given.to)
    print(given.to)


if __name__ == "__main__":
    main()
