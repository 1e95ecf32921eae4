"""The script of the tour takes a picture of every dock, at the size that the tour promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from make_tour import PICTURES, WINDOW_SIZE, Tour
from PIL import Image

from napari_unison import Session
from napari_unison.encoder import EncoderConfig
from napari_unison.workspace import Workspace

TINY = EncoderConfig(batch_size=32, max_iterations=20, random_state=0)


def test_every_dock_has_its_picture(
    make_napari_viewer: Any, tmp_path: Path, small_sessions: list[Session]
) -> None:
    run = tmp_path / "two rats.unison"
    workspace = Workspace(small_sessions)
    workspace.config = TINY
    workspace.train().wait()
    workspace.save(run)
    workspace.close()

    tour = Tour(make_napari_viewer(show=True), tmp_path, pause=20)
    tour.open(run)
    written = tour.take("dark", config=TINY)

    assert [picture.name for picture in written] == [f"{name}-dark.png" for name in PICTURES]
    sizes = {}
    for picture in written:
        with Image.open(picture) as opened:
            sizes[picture.name] = opened.size
            # more than a background: letters and lines
            assert len(opened.convert("RGB").quantize(64).getcolors()) > 8
    assert sizes["window-dark.png"] == WINDOW_SIZE
    assert [run.name for run in tour.workspace.runs] == ["two rats"]
