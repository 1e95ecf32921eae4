"""Embed sessions with the encoder of a saved run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from napari_unison.commands.paths import EXISTING, NEW

if TYPE_CHECKING:
    from napari_unison.encoder import Embedding
    from napari_unison.sessions import Session


@click.command()
@click.argument("run_folder", metavar="RUN", type=EXISTING)
@click.argument("paths", nargs=-1, type=EXISTING)
@click.option(
    "--mapping", type=EXISTING, metavar="LAB.toml",
    help="What of the files is neural activity and what a label; guessed unless given.",
)  # fmt: skip
@click.option(
    "--to", "file", type=NEW, required=True, metavar="FILE",
    help="File to write: .npz (for Embedding.load), .csv or .parquet (one row a time bin).",
)  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace a file that is already there.")
@click.option("--held-out", is_flag=True, help="Embed the part of the sessions that the run held out.")
@click.option(
    "--label-free", is_flag=True,
    help="Use each session's own neurons only; no label enters. Only such an embedding may be decoded.",
)  # fmt: skip
@click.option(
    "--partners", type=click.Choice(["training", "given"]), default="training", show_default=True,
    help="Where aligned embeddings find the other sessions' neurons: in training sessions or in PATHS.",
)  # fmt: skip
def embed(
    run_folder: Path,
    paths: tuple[Path, ...],
    mapping: Path | None,
    file: Path,
    overwrite: bool,
    held_out: bool,
    label_free: bool,
    partners: Literal["training", "given"],
) -> None:
    """Embed sessions with the encoder of a saved run.

    PATHS are files of sessions; without them, the sessions that the encoder was trained on are embedded.
    A session is recognised by its name and its number of neurons: give new data of the sessions that the
    encoder knows.
    """
    if file.suffix not in _WRITERS:
        raise click.UsageError(f"--to {file}: the name must end in {', '.join(_WRITERS)}.")
    if file.exists() and not overwrite:
        raise click.UsageError(f"--to {file}: the file exists already; choose another name, or --overwrite.")
    if held_out and paths:
        raise click.UsageError("Give either files to embed, or --held-out.")

    from napari_unison.encoder import load_run
    from napari_unison.sessions import load_sessions

    run = load_run(run_folder)
    if held_out and not run.held_out:
        raise click.UsageError(f"--held-out: the run {run_folder} held nothing out.")
    sessions: Sequence[Session] | None = None
    if held_out or paths:
        sessions = run.held_out if held_out else load_sessions(paths, mapping=mapping)
    embedding = run.encoder.embed(sessions, align=not label_free, partners=partners)
    _WRITERS[file.suffix](embedding, file)
    n_bins = sum(len(values) for values in embedding.values)
    click.echo(f"{n_bins} bins of {len(embedding.values)} session(s) in {file}: {embedding.description}.")


def _write_table(embedding: Embedding, file: Path) -> None:
    from napari_unison.display.export import ExportError, write_export

    try:
        write_export(embedding, file)
    except ExportError as error:
        raise click.ClickException(str(error)) from error


def _write_npz(embedding: Embedding, file: Path) -> None:
    embedding.save(file)


_WRITERS = {".npz": _write_npz, ".csv": _write_table, ".parquet": _write_table}
