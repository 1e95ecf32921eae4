"""Say what a recording holds, what is made of it, and keep that as a mapping or as sessions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from napari_unison.commands.paths import EXISTING, NEW
from napari_unison.commands.progress import LONG, progress_bar

if TYPE_CHECKING:
    from napari_unison.sessions.importing import Contents, FileMapping


@click.command()
@click.argument("path", metavar="FILE", type=EXISTING)
@click.option(
    "--mapping", "mapping_file", type=EXISTING, metavar="LAB.toml",
    help="What of the file is neural activity and what a label; guessed unless given.",
)  # fmt: skip
@click.option(
    "--mapping-to", type=NEW, metavar="LAB.toml",
    help="Write the mapping, to change it and to use it for all files of the same make.",
)  # fmt: skip
@click.option(
    "--to", "file", type=NEW, metavar="FILE",
    help="Write the sessions, which then need no mapping: .npz; one session also .nwb, .csv or .parquet.",
)  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace files that are already there.")
def contents(
    path: Path, mapping_file: Path | None, mapping_to: Path | None, file: Path | None, overwrite: bool
) -> None:
    """Say what a recording holds, and which sessions are made of it.

    FILE is a recording: NWB, MATLAB, NumPy, HDF5, table or joblib.

    The mapping says what of the file is neural activity and what a label. It is guessed from what the file
    says and how things are called; write it with --mapping-to, change it, and give it with --mapping here,
    to train and to embed.
    """
    for new in (mapping_to, file):
        if new is not None and new.exists() and not overwrite:
            raise click.UsageError(f"{new}: the file exists already; choose another name, or --overwrite.")
    from napari_unison.sessions.writing import SESSION_ENDINGS

    if file is not None and file.suffix not in SESSION_ENDINGS:
        raise click.UsageError(f"--to {file}: the name must end in {', '.join(SESSION_ENDINGS)}.")

    from napari_unison.sessions import load_sessions, write_sessions
    from napari_unison.sessions.importing import checked_mapping, open_contents
    from napari_unison.sessions.readers import needs_mapping

    if mapping_file is not None or needs_mapping(path):
        with open_contents(path) as held:
            click.echo(f"{path} holds\n{held.listed()}\n")
            if not _describe_mapping(
                held, checked_mapping(mapping_file) if mapping_file else None, mapping_to
            ):
                return
    with progress_bar(LONG) as tell:
        sessions = load_sessions(path, mapping=mapping_file, on_progress=tell)
    for session in sessions:
        click.echo(str(session))
    if file is not None:
        write_sessions(file, sessions)
        click.echo(f"{len(sessions)} session(s) in {file}.")


def _describe_mapping(held: Contents, given: FileMapping | None, target: Path | None) -> bool:
    """Print the mapping, and write it where asked; return whether sessions can be made with it."""
    from napari_unison.sessions.importing import propose_mapping

    mapping = given
    if given is None:
        proposal = propose_mapping(held)
        mapping = proposal.mapping
        if mapping is None:
            click.echo("What is missing to make a session of it:")
            for sentence in proposal.missing:
                click.echo(f"  {sentence}")
            if target is not None:
                raise click.ClickException(f"{target} was not written: the mapping is not complete")
            return False
        click.echo(f"Mapping as guessed:\n\n{mapping.to_toml()}")
    if target is not None and mapping is not None:
        mapping.save(target)
        click.echo(f"Mapping in {target}.\n")
    return True
