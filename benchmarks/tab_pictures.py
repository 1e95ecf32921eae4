"""Pictures of the tabs Sessions and Train for the documentation, in the dark and the light theme.

Four simulated rats and a short training, which is stopped so that it can go on. Needs a display, or xvfb-run.

    python benchmarks/tab_pictures.py [--to docs/pictures]
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from heartbeat import with_display

TAB_SIZE = (360, 1180)
PATIENCE = 120_000


def wait(milliseconds: int) -> None:
    """Let the window work."""
    from qtpy.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def wait_until(is_so: Callable[[], bool]) -> None:
    """Let the window work until something is so."""
    for _ in range(PATIENCE // 200):
        if is_so():
            return
        wait(200)
    raise TimeoutError("the window did not come as far as the picture needs it")


def prepare(unison: Any) -> None:
    """Open the sample, use a part of a session, train for a while, and stop."""
    workspace = unison.workspace
    workspace.open_sample("linear-track", background=True)
    wait_until(lambda: len(workspace.sessions) == 4)
    workspace.time_ranges["rat 3"] = 100, 900
    unison.sessions.table.selectRow(2)
    unison.sessions.view.order.setCurrentText("by place field")
    wait_until(lambda: not unison.sessions.overlap.plot.isHidden())
    workspace.configure(batch_size=512, learning_rate=1e-3, max_iterations=1000, random_state=0)
    job = workspace.train()
    wait_until(lambda: job.progress is not None and job.progress.iteration > 600)
    job.stop()
    wait_until(lambda: not job.is_running)


def main() -> None:
    """Take a picture of each tab in each theme."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    docs = Path(__file__).parents[1] / "docs" / "pictures"
    parser.add_argument("--to", type=Path, default=docs)
    options = parser.parse_args()
    with_display()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NAPARI_CONFIG"] = str(Path(folder) / "settings.yaml")
        import napari
        from napari.settings import get_settings

        viewer = napari.Viewer()
        unison: Any = viewer.window.add_plugin_dock_widget("napari-unison", "Unison workspace")[1]
        wait(1000)
        prepare(unison)
        for theme in ("dark", "light"):
            get_settings().appearance.theme = theme
            for name in ("sessions", "train"):
                tab = getattr(unison, name)
                unison.tabs.setCurrentWidget(tab)
                # as tall as all of it: a dock scrolls
                tab.setFixedSize(*TAB_SIZE)
                wait(1000)
                picture = options.to / f"{name}-{theme}.png"
                tab.grab().save(str(picture))
                print(picture)
                tab.setMinimumSize(0, 0)
                tab.setMaximumSize(16_777_215, 16_777_215)
        viewer.close()


if __name__ == "__main__":
    main()
