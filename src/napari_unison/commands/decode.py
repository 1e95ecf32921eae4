"""Run the protocol of every decoding claim on the sessions of a saved run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from napari_unison.commands.paths import EXISTING
from napari_unison.commands.progress import LONG, progress_bar
from napari_unison.interruption import interruptible

if TYPE_CHECKING:
    from napari_unison.analysis import DecodingStudy, StudyOptions
    from napari_unison.encoder import Run
    from napari_unison.sessions import Session

# the names that StudyOptions knows, repeated so that --help does not load the analysis
METHODS = (
    "label-free", "aligned-bank", "other-sessions", "single-session", "untrained",
    "bayesian", "state-space", "neighbours", "components", "network",
)  # fmt: skip
SEEDS = 5


def _read_methods(ctx: click.Context, param: click.Parameter, given: str | None) -> tuple[str, ...]:
    """Read names with commas between them."""
    names = METHODS if given is None else tuple(name.strip() for name in given.split(",") if name.strip())
    unknown = [name for name in names if name not in METHODS]
    if unknown or not names:
        message = f"there is no method {', '.join(unknown) or given!r}; choose from {', '.join(METHODS)}"
        raise click.BadParameter(message, ctx, param)
    return names


@click.command()
@click.argument("run_folder", metavar="RUN", type=EXISTING)
@click.option(
    "--folds", "n_folds", type=click.IntRange(2), default=5, show_default=True,
    help="Contiguous groups of laps; each is left out once, of encoder and decoder alike.",
)  # fmt: skip
@click.option(
    "--seeds", "n_seeds", type=click.IntRange(1), metavar="N",
    help=f"Seeds 0 to N - 1 for all that is random. Default: {SEEDS}; 1 with --quick.",
)  # fmt: skip
@click.option(
    "--iterations", type=click.IntRange(1), metavar="N",
    help="Training steps of every encoder. Default: those of the run.",
)  # fmt: skip
@click.option(
    "--methods", callback=_read_methods, metavar="NAME,NAME",
    help=f"Some of {', '.join(METHODS)}. Default: all that apply.",
)  # fmt: skip
@click.option(
    "--decoder", type=click.Choice(["knn", "linear", "mlp"]), default="knn", show_default=True,
    help="What decodes latents: nearest neighbours, ridge and logistic regression, or a small network.",
)  # fmt: skip
@click.option(
    "--single-bins", is_flag=True,
    help="Decoders see one bin at a time, not averages over half a second there and up to 1 s around.",
)  # fmt: skip
@click.option(
    "--null", "n_permutations", type=click.IntRange(0), default=0, show_default=True, metavar="N",
    help="Refit the first method N times on labels permuted by lap; 19 or more give a verdict.",
)  # fmt: skip
@click.option(
    "--quick", is_flag=True,
    help="A first look, named quick: one seed and at most 500 training steps. Kept beside a full one.",
)  # fmt: skip
@click.option(
    "--resume", is_flag=True,
    help="Go on with the study that was stopped, here or in napari, with the options that it had.",
)  # fmt: skip
@click.pass_context
def decode(
    ctx: click.Context,
    run_folder: Path,
    n_folds: int,
    n_seeds: int | None,
    iterations: int | None,
    methods: tuple[str, ...],
    decoder: Literal["knn", "linear", "mlp"],
    single_bins: bool,
    n_permutations: int,
    quick: bool,
    resume: bool,
) -> None:
    """Decode the labels of a run's sessions, as a claim about neurons asks for.

    The sessions of RUN are put together again, the held-out part included, and divided into folds of laps.
    In every fold encoders are trained anew with the parameters of RUN; each method decodes laps that it has
    never seen, label-free. Beside them stand baselines without an encoder, and an aligned score with the
    controls that tell what it is worth.

    All of it is kept in RUN/decoding. Ctrl-C stops; the same command, or --resume, then goes on where it
    was.
    """
    if resume:
        _refuse_options_beside_resume(ctx)
    if quick and n_seeds not in (None, 1):
        raise click.UsageError("--quick runs one seed: leave --seeds out, or --quick.")

    from napari_unison.analysis import DEFAULT_CONTEXT, StudyOptions, study_decoding
    from napari_unison.analysis.study_files import FITS, recordings, study_folder
    from napari_unison.encoder import load_run

    asked = StudyOptions(
        methods=methods,
        decoder=decoder,
        context=None if single_bins else DEFAULT_CONTEXT,
        n_folds=n_folds,
        seeds=tuple(range(n_seeds or (1 if quick else SEEDS))),
        iterations=iterations,
        n_permutations=n_permutations,
        is_quick=quick,
    )
    options = _options_of_stopped(run_folder / FITS, quick=quick) if resume else asked
    run = load_run(run_folder)
    sessions = recordings(run)
    _announce(run, sessions, options, run_folder / FITS)
    with interruptible() as control, progress_bar(LONG) as show:
        study = study_decoding(
            sessions,
            run.encoder.config_,
            options,
            cache=run_folder / FITS,
            on_progress=show,
            control=control,
        )
    click.echo(str(study))
    _keep(study, study_folder(run_folder, quick=quick))


def _refuse_options_beside_resume(ctx: click.Context) -> None:
    """Refuse options that the study which was stopped has answered already."""
    others = {"n_folds", "n_seeds", "iterations", "methods", "decoder", "single_bins", "n_permutations"}
    given = [
        parameter.opts[0]
        for parameter in ctx.command.params
        if parameter.name in others
        and ctx.get_parameter_source(parameter.name) is click.core.ParameterSource.COMMANDLINE
    ]
    if given:
        raise click.UsageError(
            f"--resume takes the options that the study had: leave {', '.join(given)} out, or --resume."
        )


def _options_of_stopped(fits: Path, *, quick: bool) -> StudyOptions:
    """Return the options of the study that was stopped."""
    from napari_unison.analysis import unfinished_study

    found = unfinished_study(fits, quick=quick)
    if found is None:
        which, other = (
            ("quick", "") if quick else ("full", " A quick one is gone on with by --quick --resume.")
        )
        hint = other if not quick and unfinished_study(fits, quick=True) is not None else ""
        raise click.UsageError(f"no {which} study of this run was stopped: leave --resume out.{hint}")
    click.echo(f"{found}: going on.")
    return found.options


def _announce(run: Run, sessions: Sequence[Session], options: StudyOptions, fits: Path) -> None:
    """Say what is going to be run, how long its trainings take, and what is there from before."""
    from napari_unison.analysis import kept_fits
    from napari_unison.analysis.study_plan import with_enough_laps

    laps = with_enough_laps(sessions, options.n_folds)
    width = max(len(session.name) for session in laps)
    for session in laps:
        click.echo(
            f"{session.name:<{width}}  {session.n_neurons:>5} neurons  {session.n_bins:>8} bins of "
            f"{session.bin_width * 1000:g} ms ({session.duration:.0f} s), "
            f"{len(session.segment_slices())} laps"
        )
    encoder = run.encoder
    steps = options.config_for_fits(encoder.config_).max_iterations
    trainings = options.n_folds * (len(options.used_seeds) + options.n_permutations)
    time = ""
    # an encoder that was trained elsewhere does not tell how long that took
    if encoder.n_iter_ and not encoder.origin_:
        seconds = trainings * steps * float(encoder.history_["seconds"][-1]) / encoder.n_iter_
        time = f", about {_duration(seconds)} at the speed of the run's own training"
    click.echo(
        f"{options.n_folds} folds, seeds {', '.join(map(str, options.used_seeds))}, "
        f"{len(options.methods)} methods. There are {trainings} trainings of {steps} steps on all "
        f"sessions{time}; decoders, baselines and encoders of single sessions come on top. Ctrl-C stops, and "
        f"what is done is kept."
    )
    found = kept_fits(sessions, encoder.config_, options, fits)
    if found.n_kept:
        click.echo(f"{found} from before: they are not computed again.")


def _duration(seconds: float) -> str:
    """Write a time as a person says it."""
    minutes = seconds / 60
    if minutes < 2:
        return f"{seconds:.0f} s"
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def _keep(study: DecodingStudy, folder: Path) -> None:
    """Write the study; an incomplete one does not replace one that is complete."""
    from napari_unison.analysis.study_files import has_study, load_study, save_study

    if not study.is_complete:
        done, planned = study.protocol.n_done, study.protocol.n_planned
        click.echo(f"\nStopped after {done} of {planned} fits; the same command goes on from there.")
        if not done or (has_study(folder) and load_study(folder).is_complete):
            return
    save_study(study, folder)
    click.echo(f"\nKept in {folder}: tables.txt, scores.csv and others.")
