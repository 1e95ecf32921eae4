"""Train one encoder on several sessions, and save the run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from napari_unison.commands.paths import EXISTING, NEW
from napari_unison.commands.sample import read_sample
from napari_unison.configuration_options import (
    PRESET_NAMES,
    SectionedCommand,
    configuration_options,
    read_configuration,
)
from napari_unison.interruption import interruptible

if TYPE_CHECKING:
    from napari_unison.sessions import Session


@click.command(cls=SectionedCommand)
@click.argument("paths", nargs=-1, type=EXISTING)
@click.option(
    "--sample", metavar="NAME",
    help="Train on a sample instead of files: linear-track (simulated) or rat-hippocampus (real rats, "
    "downloaded once).",
)  # fmt: skip
@click.option(
    "--mapping", type=EXISTING, metavar="LAB.toml",
    help="What of the files is neural activity and what a label (see: napari-unison contents); guessed "
    "unless given.",
)  # fmt: skip
@click.option(
    "--to", "folder", type=NEW, required=True, metavar="RUN.unison", help="Folder to save the run in."
)
@click.option("--overwrite", is_flag=True, help="Replace the run that is already there.")
@click.option(
    "--preset", type=click.Choice(PRESET_NAMES), default="notebook", show_default=True,
    help="Parameters to start from.",
)  # fmt: skip
@click.option(
    "--config", "config_file", type=EXISTING, metavar="FILE.toml",
    help="Parameters from a file, such as the config.toml of a saved run; options below go before it.",
)  # fmt: skip
@click.option(
    "--validation-share", type=click.FloatRange(0, 1, max_open=True), default=0.2, show_default=True,
    help="Share of each session, at its end, that is held out and saved beside the run; 0 trains on all.",
)  # fmt: skip
@configuration_options
def train(
    paths: tuple[Path, ...],
    sample: str | None,
    mapping: Path | None,
    folder: Path,
    overwrite: bool,
    preset: str,
    config_file: Path | None,
    validation_share: float,
    **parameters: Any,
) -> None:
    """Train one encoder on several sessions, and save the run.

    PATHS are files of sessions, all of which are trained on together.

    Options that are not given keep the preset's values (each "Default" below is the preset notebook's).
    Ctrl-C stops the training after its current step; the encoder so far is saved and says so.
    """
    if bool(paths) == (sample is not None):
        raise click.UsageError("Give either files to train on, or --sample NAME.")
    if sample is not None and mapping is not None:
        raise click.UsageError("--mapping is for files; a sample needs none.")
    refuse_existing(folder, overwrite)
    config = read_configuration(preset, config_file, parameters)

    from napari_unison.encoder import Run, UnifiedEncoder, save_run
    from napari_unison.sessions import load_sessions, split_sessions

    sessions = read_sample(sample) if sample else load_sessions(paths, mapping=mapping)
    training, held_out = (
        split_sessions(sessions, 1 - validation_share) if validation_share else (sessions, [])
    )
    describe_sessions(sessions, held_out)
    encoder = UnifiedEncoder.from_config(config)
    with interruptible() as control:
        encoder.fit(training, control=control)
    if encoder.was_stopped_:
        done = f"{encoder.n_iter_} of {config.max_iterations} iterations"
        click.echo(f"Stopped after {done}; the encoder so far is saved.")
    saved = save_run(Run(encoder, encoder.embed(), tuple(held_out)), folder, overwrite=overwrite)
    click.echo(f"Run saved in {saved}.")


def refuse_existing(folder: Path, overwrite: bool) -> None:
    """Refuse before the training what could not be saved after it."""
    from napari_unison.encoder import is_run

    if folder.suffix != ".unison":
        raise click.UsageError(
            f"--to {folder}: the name of a run ends in .unison, such as {folder.name}.unison."
        )
    if is_run(folder) and not overwrite:
        raise click.UsageError(f"--to {folder}: there is a run already; choose another name, or --overwrite.")
    if folder.exists() and not is_run(folder):
        raise click.UsageError(f"--to {folder}: something that is no run has that name; choose another.")


def describe_sessions(
    sessions: Sequence[Session], held_out: Sequence[Session], used: str = "to train on"
) -> None:
    """Say in a table what is, or was, trained on."""
    width = max(len(session.name) for session in sessions)
    for i, session in enumerate(sessions):
        kept = session.n_bins - (held_out[i].n_bins if held_out else 0)
        click.echo(
            f"{session.name:<{width}}  {session.n_neurons:>5} neurons  {session.n_bins:>8} bins of "
            f"{session.bin_width * 1000:g} ms ({session.duration:.0f} s), {kept} {used}"
        )
