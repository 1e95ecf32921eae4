"""Say what a recording holds, what is made of it, and keep that as a mapping or as sessions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from napari_unison.commands.paths import EXISTING, NEW
from napari_unison.commands.progress import LONG, progress_bar

if TYPE_CHECKING:
    from napari_unison.sessions.importing import Contents, FileMapping, Proposal


@click.command()
@click.argument("path", metavar="FILE", type=EXISTING)
@click.option(
    "--mapping", "mapping_file", type=EXISTING, metavar="LAB.toml",
    help="What of the file is neural activity and what a label; guessed unless given.",
)  # fmt: skip
@click.option(
    "--bin-width", type=click.FloatRange(0, min_open=True), metavar="SECONDS",
    help="Width of a time bin (s), before the guess or what the mapping says.",
)  # fmt: skip
@click.option(
    "--mapping-to", type=NEW, metavar="LAB.toml",
    help="Write the mapping, to change it and to use it for all files of the same make; where the guess is "
    "not complete, with comments that say what to fill in.",
)  # fmt: skip
@click.option(
    "--to", "file", type=NEW, metavar="FILE",
    help="Write the sessions, which then need no mapping: .npz; one session also .nwb, .csv or .parquet.",
)  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace files that are already there.")
def contents(
    path: Path,
    mapping_file: Path | None,
    bin_width: float | None,
    mapping_to: Path | None,
    file: Path | None,
    overwrite: bool,
) -> None:
    """Say what a recording holds, and which sessions are made of it.

    FILE is a recording: NWB, MATLAB, NumPy, HDF5, table or joblib.

    The mapping says what of the file is neural activity and what a label. It is guessed from what the file
    says and how things are called; write it with --mapping-to, change it, and give it with --mapping here,
    to train and to embed. Where the guess does not go far enough, it is told what is missing, and
    --mapping-to writes what is known with comments that say what to fill in (the exit status is 1).
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

    mapping = checked_mapping(mapping_file) if mapping_file else None
    if mapping is None and not needs_mapping(path):
        if bin_width is not None or mapping_to is not None:
            raise click.UsageError(f"{path} holds sessions as they are, with their bins: it has no mapping.")
    else:
        with open_contents(path) as held:
            click.echo(f"{path} holds\n{held.listed()}\n")
            mapping = _mapping_of(held, mapping, bin_width, mapping_to)
        if mapping is None:
            if file is not None:
                raise click.ClickException(f"{file} was not written: there is no session without the above")
            return
    with progress_bar(LONG) as tell:
        sessions = load_sessions(path, mapping=mapping, on_progress=tell)
    for session in sessions:
        click.echo(str(session))
    if file is not None:
        write_sessions(file, sessions)
        click.echo(f"{len(sessions)} session(s) in {file}.")


def _mapping_of(
    held: Contents, given: FileMapping | None, bin_width: float | None, target: Path | None
) -> FileMapping | None:
    """Return the mapping, told and written where asked; None where the guess does not go far enough."""
    from napari_unison.sessions.importing import propose_mapping

    if given is not None:
        mapping = given if bin_width is None else given.model_copy(update={"bin_width": bin_width})
    else:
        proposal = propose_mapping(held, **({} if bin_width is None else {"bin_width": bin_width}))
        if proposal.mapping is None:
            _tell_what_is_missing(held, proposal, target)
            return None
        mapping = proposal.mapping
        click.echo(f"Mapping as guessed:\n\n{mapping.to_toml()}")
        for note in proposal.notes:
            click.echo(f"Note: {note}.\n")
    if target is not None:
        mapping.save(target)
        click.echo(f"Mapping in {target}.\n")
    return mapping


def _tell_what_is_missing(held: Contents, proposal: Proposal, target: Path | None) -> None:
    """Print what is missing, and write what is known where asked."""
    from napari_unison.sessions.importing import unfinished_toml
    from napari_unison.sessions.whole_files import whole_file

    click.echo("What is missing to make a session of it:")
    for sentence in proposal.missing:
        click.echo(f"  {sentence}")
    for note in proposal.notes:
        click.echo(f"Note: {note}.")
    if target is not None:
        with whole_file(target) as fresh:
            fresh.write_text(unfinished_toml(proposal, held), encoding="utf-8")
        raise click.ClickException(
            f'{target} has what is known, and is not complete: fill in the lines below each "FILL IN", then '
            f"look again with --mapping {target}"
        )
