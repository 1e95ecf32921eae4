"""Show the whole way on four simulated rats."""

from __future__ import annotations

from pathlib import Path

import click

from napari_unison.commands.paths import NEW


@click.command()
@click.option(
    "--to", "folder", type=NEW, default="demo-output", show_default=True, metavar="DIR",
    help="Folder for the run, the figures and the picture of the window.",
)  # fmt: skip
@click.option(
    "--window/--no-window", default=None,
    help="Leave the window open, or close it once its picture is taken. Default: open if there is a display.",
)  # fmt: skip
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Seed of all chance."
)
def demo(folder: Path, window: bool | None, seed: int) -> None:
    """Show the whole way on four simulated rats.

    Trains, embeds, saves, draws the figures and opens napari.
    Without a display napari opens in a virtual one (xvfb-run), and its picture is taken.
    """
    from napari_unison.demo import run_demo

    run_demo(folder, stay_open=window, seed=seed)
