"""Fetch the published run of CEBRA's demo notebook, and take it through every figure."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from napari_unison.commands.paths import EXISTING, NEW
from napari_unison.commands.progress import progress_bar
from napari_unison.commands.train import describe_sessions, refuse_existing

if TYPE_CHECKING:
    from napari_unison.sessions import Session

RUN = "reference-run.unison"
PAGE = "reference-run.html"


@click.command("reference-run")
@click.argument("paths", nargs=-1, type=EXISTING, metavar="[SESSIONS]...")
@click.option("--to", "folder", type=NEW, required=True, metavar="DIR", help="Folder for run, figures, page.")
@click.option(
    "--checkpoint", type=EXISTING, metavar="FILE",
    help="A copy of the run, as it is downloaded (.zip) or out of its archive (.pt); fetched once unless "
    "given.",
)  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace the run that is already there.")
def reference_run(paths: tuple[Path, ...], folder: Path, checkpoint: Path | None, overwrite: bool) -> None:
    """Fetch the published run of CEBRA's demo notebook, and draw its figures.

    It was trained on the first 80 % of four rats: achilles, buddy, cicero, gatsby. SESSIONS are their files;
    without them the sample rat-hippocampus is used, which is downloaded once.

    With some of the four only: label-free embeddings and scores of those are the published encoder's.
    Aligned ones lack the neurons of the others, and so differ.
    """
    refuse_existing(folder / RUN, overwrite)

    from napari_unison.display.figures import write_figures
    from napari_unison.display.report import write_report
    from napari_unison.encoder import Run, UnifiedEncoder, save_run
    from napari_unison.encoder.cebra_checkpoint import reference_run as published
    from napari_unison.sessions import load_sessions, split_sessions

    with progress_bar() as show:
        if checkpoint is None:
            checkpoint = published.reference_checkpoint(show)
        elif published.is_reference_archive(checkpoint):
            folder.mkdir(parents=True, exist_ok=True)
            published.unpack_reference(checkpoint, folder / published.NAME)
            checkpoint = folder / published.NAME
        sessions = load_sessions(paths) if paths else _rats_at_hand(list(published.RATS))
    seen, held_out = split_sessions(sessions, published.TRAINED_SHARE)
    describe_sessions(sessions, held_out, "trained on")
    encoder = UnifiedEncoder.from_cebra(checkpoint, seen, trained_on=published.RATS)
    run = Run(encoder, encoder.embed(), tuple(held_out))
    saved = save_run(run, folder / RUN, overwrite=overwrite)
    with progress_bar() as show:
        for file in write_figures(run, folder, on_progress=show):
            click.echo(file)
    with progress_bar() as show:
        click.echo(write_report(saved, folder / PAGE, on_progress=show))
    click.echo(f"Run saved in {saved}: open it in napari, or go on with napari-unison decode {saved}.")


def _rats_at_hand(names: list[str]) -> list[Session]:
    """Return the four rats, or those that a folder of one's own holds."""
    from napari_unison.sessions import sample_sessions
    from napari_unison.sessions.samples import DATA_FOLDER_VARIABLE

    folder = os.environ.get(DATA_FOLDER_VARIABLE)
    if folder:
        place = Path(folder).expanduser()
        here = [n for n in names if any((place / f"{n}{end}").is_file() for end in (".jl", ".jl.gz"))]
        # with none of them, the sample says what is missing
        names = here or names
    return sample_sessions("rat-hippocampus", names=names)
