"""Write one page about a saved run."""

from __future__ import annotations

from pathlib import Path

import click

from napari_unison.commands.paths import EXISTING, NEW
from napari_unison.commands.progress import progress_bar


@click.command()
@click.argument("run_folder", metavar="RUN", type=EXISTING)
@click.option(
    "--to", "file", type=NEW, metavar="FILE.html",
    help="File to write. Default: the run's name with .html, beside the run.",
)  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace a file that is already there.")
def report(run_folder: Path, file: Path | None, overwrite: bool) -> None:
    """Write one self-contained page about a saved run.

    It holds what the run is, every figure, the decoding of `napari-unison decode` if that was run (else
    quick scores), consistency, attribution, all parameters, and the commands that repeat it. Pictures are
    inside; nothing is loaded from anywhere.
    """
    target = run_folder.with_suffix(".html") if file is None else file
    if target.suffix != ".html":
        raise click.UsageError(f"--to {target}: the name of a page ends in .html.")
    if target.exists() and not overwrite:
        raise click.UsageError(f"{target} exists already; choose another name with --to, or --overwrite.")

    from napari_unison.display.report import write_report

    with progress_bar() as show:
        write_report(run_folder, target, on_progress=show)
    click.echo(f"{target} ({target.stat().st_size / 1e6:.1f} MB)")
