"""The command ``napari-unison``: train, embed and draw without a window, and the demo.

Rooms are imported inside the commands that need them, so that ``--help`` answers at once.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from tqdm import tqdm

from napari_unison import __version__
from napari_unison.configuration_options import (
    PRESET_NAMES,
    SectionedCommand,
    configuration_options,
    read_configuration,
)
from napari_unison.encoder.config import ConfigurationError
from napari_unison.interruption import interruptible

if TYPE_CHECKING:
    from napari_unison.encoder import Embedding
    from napari_unison.sessions import Session

EXISTING = click.Path(exists=True, path_type=Path)
NEW = click.Path(path_type=Path)
HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class WrongParameterError(click.ClickException):
    """A parameter of the encoder is not what it may be."""

    exit_code = 2


class PlainErrors(click.Group):
    """A group whose commands answer a known problem with its sentence, not with a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; turn errors and warnings that are written for a person into plain sentences."""
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            try:
                return super().invoke(ctx)
            except (ValueError, RuntimeError, OSError) as error:
                if not _is_for_the_person(error):
                    raise
                wrong_parameter = isinstance(error, ConfigurationError)
                raise (WrongParameterError if wrong_parameter else click.ClickException)(
                    str(error)
                ) from error


def _is_for_the_person(error: Exception) -> bool:
    """Whether the message was written for a person: those of this package, and those about files."""
    ours = type(error).__module__.partition(".")[0] == "napari_unison"
    return ours or isinstance(error, OSError)


def _show_warning(message: Warning | str, *_where: Any, **_also: Any) -> None:
    click.echo(f"Warning: {message}", err=True)


@click.group(cls=PlainErrors, context_settings=HELP)
@click.version_option(__version__, prog_name="napari-unison")
def main() -> None:
    """One encoder, many sessions: align neural recordings by behaviour.

    \b
    Begin with:
      napari-unison demo
      napari-unison train --sample linear-track --preset quick-look --to first.unison
      napari-unison figures first.unison --to figures
    """  # noqa: D301 - click reads the escaped character


@main.command(cls=SectionedCommand)
@click.argument("paths", nargs=-1, type=EXISTING)
@click.option(
    "--sample", metavar="NAME",
    help="Train on a sample instead of files: linear-track (simulated) or rat-hippocampus (real rats, "
    "downloaded once).",
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
    _refuse_existing(folder, overwrite)
    config = read_configuration(preset, config_file, parameters)

    from napari_unison.encoder import Run, UnifiedEncoder, save_run
    from napari_unison.sessions import load_sessions, sample_sessions, split_sessions

    sessions = sample_sessions(sample) if sample else load_sessions(paths)
    training, held_out = (
        split_sessions(sessions, 1 - validation_share) if validation_share else (sessions, [])
    )
    _describe(sessions, held_out)
    encoder = UnifiedEncoder.from_config(config)
    with interruptible() as control:
        encoder.fit(training, control=control)
    if encoder.was_stopped_:
        done = f"{encoder.n_iter_} of {config.max_iterations} iterations"
        click.echo(f"Stopped after {done}; the encoder so far is saved.")
    saved = save_run(Run(encoder, encoder.embed(), tuple(held_out)), folder, overwrite=overwrite)
    click.echo(f"Run saved in {saved}.")


@main.command()
@click.argument("run_folder", metavar="RUN", type=EXISTING)
@click.argument("paths", nargs=-1, type=EXISTING)
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
    sessions: Sequence[Session] | None = run.held_out if held_out else load_sessions(paths) if paths else None
    embedding = run.encoder.embed(sessions, align=not label_free, partners=partners)
    _WRITERS[file.suffix](embedding, file)
    n_bins = sum(len(values) for values in embedding.values)
    click.echo(f"{n_bins} bins of {len(embedding.values)} session(s) in {file}: {embedding.description}.")


def _write_csv(embedding: Embedding, file: Path) -> None:
    embedding.to_frame().to_csv(file, index=False)


def _write_parquet(embedding: Embedding, file: Path) -> None:
    try:
        embedding.to_frame().to_parquet(file, index=False)
    except ImportError as error:
        message = 'Parquet files need pyarrow: pip install "napari-unison[table]", or write .csv or .npz.'
        raise click.ClickException(message) from error


def _write_npz(embedding: Embedding, file: Path) -> None:
    embedding.save(file)


_WRITERS = {".npz": _write_npz, ".csv": _write_csv, ".parquet": _write_parquet}


@main.command()
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
    with tqdm(bar_format="{desc:<24} {percentage:3.0f}%|{bar}|", total=1) as bar:

        def show(share: float, what: str) -> None:
            bar.set_description_str(what, refresh=False)
            bar.update(share - bar.n)

        files = write_figures(run, folder, [file_format], on_progress=show)
    for file in files:
        click.echo(file)


@main.command()
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


def _refuse_existing(folder: Path, overwrite: bool) -> None:
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


def _describe(sessions: Sequence[Session], held_out: Sequence[Session]) -> None:
    """Say in a table what will be trained on."""
    width = max(len(session.name) for session in sessions)
    for i, session in enumerate(sessions):
        kept = session.n_bins - (held_out[i].n_bins if held_out else 0)
        click.echo(
            f"{session.name:<{width}}  {session.n_neurons:>5} neurons  {session.n_bins:>8} bins of "
            f"{session.bin_width * 1000:g} ms ({session.duration:.0f} s), {kept} to train on"
        )
