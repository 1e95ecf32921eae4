"""Write the embedding that a saved run holds: as a table, or into a copy of a session's NWB file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from napari_unison.commands.paths import EXISTING, NEW

if TYPE_CHECKING:
    from napari_unison.encoder import Embedding, Run

_ENDINGS = (".nwb", ".csv", ".npz", ".parquet")


@click.command()
@click.argument("run_folder", metavar="RUN", type=EXISTING)
@click.option(
    "--to", "file", type=NEW, required=True, metavar="FILE",
    help="File to write: .csv, .npz or .parquet (one row a time bin), or .nwb, a copy of --source.",
)  # fmt: skip
@click.option(
    "--source", type=EXISTING, metavar="RECORDING.nwb",
    help="The NWB file that the session came from; it is only read.",
)  # fmt: skip
@click.option("--session", metavar="NAME", help="The session that goes into the NWB file.")
@click.option(
    "--label-free", is_flag=True, help="The embedding that uses each session's own neurons only, no label."
)
@click.option("--overwrite", is_flag=True, help="Replace a file that is already there; never the source.")
def export(
    run_folder: Path,
    file: Path,
    source: Path | None,
    session: str | None,
    label_free: bool,
    overwrite: bool,
) -> None:
    """Write the embedding of a saved run for other programs.

    A table holds session, time, labels, latents and residual, with units in the names of its columns. An NWB
    file holds all of the recording, and beside it latents, residual, labels as the run's decoding study
    predicted them, and where they come from.

    The embedding is that of the sessions that the run was trained on; it is computed where it was not saved.
    New data are embedded by the command embed.
    """
    if file.suffix not in _ENDINGS:
        raise click.UsageError(f"--to {file}: the name must end in {', '.join(_ENDINGS)}.")
    if file.exists() and not overwrite:
        raise click.UsageError(f"--to {file}: the file exists already; choose another name, or --overwrite.")
    is_nwb = file.suffix == ".nwb"
    if is_nwb and source is None:
        raise click.UsageError(
            "An NWB file is a copy of the recording: give the file that the session came from with --source."
        )
    if not is_nwb and (source is not None or session is not None):
        raise click.UsageError("--source and --session are for NWB files; a table holds all sessions.")

    from napari_unison.display.export import write_export
    from napari_unison.encoder import load_run

    run = load_run(run_folder)
    embedding = _embedding(run, label_free=label_free)
    if source is None:
        write_export(embedding, file)
        n_bins = sum(map(len, embedding.values))
        click.echo(f"{n_bins} bins of {len(embedding.values)} session(s) in {file}: {embedding.description}.")
    else:
        _write_copy(run, embedding, run_folder, file, source, session)


def _embedding(run: Run, *, label_free: bool) -> Embedding:
    saved = run.embedding
    if saved is not None and not saved.control and (saved.kind == "label-free") == label_free:
        return saved
    return run.encoder.embed(align=not label_free)


def _write_copy(
    run: Run, embedding: Embedding, run_folder: Path, file: Path, source: Path, session: str | None
) -> None:
    from napari_unison.display.nwb_export import write_embedding_nwb
    from napari_unison.display.nwb_results import decoded_in
    from napari_unison.workspace.decoding import saved_studies
    from napari_unison.workspace.runs import StudyRun

    studies = saved_studies(StudyRun(run_folder.stem, run.encoder, run.held_out), run_folder)
    decoded, method = decoded_in(studies)
    write_embedding_nwb(
        embedding,
        file,
        source=source,
        session=session,
        decoded=decoded,
        method=method,
        run=run_folder.stem,
        config=run.encoder.config_,
        overwrite=True,
    )
    also = f", and what the {method} decoded" if decoded else ""
    click.echo(f"{source.name} with the embedding {embedding.description}{also} in {file}.")
