"""Draw every figure of a saved run."""

from __future__ import annotations

from pathlib import Path

import click

from napari_unison.commands.paths import EXISTING, NEW
from napari_unison.commands.progress import progress_bar


@click.command()
@click.argument("run_folder", metavar="RUN", type=EXISTING)
@click.option("--to", "folder", type=NEW, required=True, metavar="DIR", help="Folder for the figures.")
@click.option(
    "--format", "file_format", type=click.Choice(["png", "pdf", "svg"]), default="png", show_default=True,
    help="Kind of file.",
)  # fmt: skip
def figures(run_folder: Path, folder: Path, file_format: str) -> None:
    """Draw every figure of a saved run.

    Every title names the kind of the embedding; label-free scores and the silenced control stand beside
    each aligned one.
    """
    from napari_unison.display.figures import write_figures
    from napari_unison.encoder import load_run

    run = load_run(run_folder)
    with progress_bar() as show:
        files = write_figures(run, folder, [file_format], on_progress=show)
    for file in files:
        click.echo(file)
