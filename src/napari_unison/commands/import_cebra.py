"""Make a run of a CEBRA checkpoint and the sessions that it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from napari_unison.commands.paths import EXISTING, NEW
from napari_unison.commands.train import describe_sessions, refuse_existing
from napari_unison.configuration_options import SectionedCommand, configuration_options

if TYPE_CHECKING:
    from napari_unison.encoder import UnifiedEncoder

#: Parameters that CEBRA's solver does not save, and that matter from now on.
NOT_TOLD = ("batch_size", "time_offsets", "masks")


def _read_trained_on(
    ctx: click.Context, param: click.Parameter, given: Sequence[str]
) -> dict[str, int] | None:
    """Read ``NAME=NEURONS`` one by one."""
    known: dict[str, int] = {}
    for text in given:
        name, _, neurons = text.rpartition("=")
        if not name or not neurons.isdecimal() or int(neurons) < 1 or name in known:
            message = f"{text!r}: give each session once, as NAME=NEURONS, such as achilles=120"
            raise click.BadParameter(message, ctx, param)
        known[name] = int(neurons)
    return known or None


@click.command("import-cebra", cls=SectionedCommand)
@click.argument("checkpoint", type=EXISTING)
@click.argument("paths", nargs=-1, required=True, type=EXISTING, metavar="SESSIONS...")
@click.option(
    "--to", "folder", type=NEW, required=True, metavar="RUN.unison", help="Folder to save the run in."
)
@click.option("--overwrite", is_flag=True, help="Replace the run that is already there.")
@click.option(
    "--validation-share", type=click.FloatRange(0, 1, max_open=True), default=0.0, show_default=True,
    help="Share of each session, at its end, that the training in CEBRA has not seen (0.2 in its demo "
    "notebook): scores are those of this part.",
)  # fmt: skip
@click.option(
    "--trained-on", multiple=True, callback=_read_trained_on, metavar="NAME=NEURONS",
    help="Where only some of the sessions are here: all that it was trained on, in that order, one by one.",
)  # fmt: skip
@click.option(
    "--mapping", type=EXISTING, metavar="LAB.toml",
    help="What of the files is neural activity and what a label (see: napari-unison contents); guessed "
    "unless given.",
)  # fmt: skip
@configuration_options
def import_cebra(
    checkpoint: Path,
    paths: tuple[Path, ...],
    folder: Path,
    overwrite: bool,
    validation_share: float,
    trained_on: dict[str, int] | None,
    mapping: Path | None,
    **parameters: Any,
) -> None:
    """Make a run of a CEBRA checkpoint and the sessions that it was trained on.

    CHECKPOINT is a file that CEBRA's UnifiedSolver saved. Nothing in it is run. SESSIONS are files, in the
    order in which CEBRA was given them.

    CEBRA does not save all parameters: batch size, time offsets and masks are those of its demo notebook
    unless they are given by the options below. What the checkpoint tells need not be given.
    """
    refuse_existing(folder, overwrite)

    from napari_unison.encoder import Run, UnifiedEncoder, save_run
    from napari_unison.sessions import load_sessions, split_sessions

    sessions = load_sessions(paths, mapping=mapping)
    seen, held_out = split_sessions(sessions, 1 - validation_share) if validation_share else (sessions, [])
    describe_sessions(sessions, held_out, "trained on")
    given = {name: value for name, value in parameters.items() if value is not None}
    encoder = UnifiedEncoder.from_cebra(checkpoint, seen, trained_on=trained_on, **given)
    click.echo(in_words(encoder, given))
    saved = save_run(Run(encoder, encoder.embed(), tuple(held_out)), folder, overwrite=overwrite)
    click.echo(f"Run saved in {saved}.")


def in_words(encoder: UnifiedEncoder, given: dict[str, Any]) -> str:
    """Say what was imported, and what had to be assumed."""
    config = encoder.config_
    steps = f"{encoder.n_iter_} training steps" if encoder.n_iter_ else "no history"
    lines = [
        f"{encoder.origin_}: {config.model_architecture}, {config.num_hidden_units} hidden units, "
        f"{config.output_dimension} latents, {steps}."
    ]
    assumed = [name for name in NOT_TOLD if name not in given]
    if assumed and "written by napari-unison" not in encoder.origin_:
        options = ", ".join(f"--{'mask' if name == 'masks' else name.replace('_', '-')}" for name in assumed)
        lines.append(
            f"If the checkpoint does not tell them, these are the demo notebook's: "
            f"{', '.join(name.replace('_', ' ') for name in assumed)}. Give {options} where that training "
            f"had others; they count for the goodness of fit in bits and for training that goes on."
        )
    return "\n".join(lines)
