"""The commands that repeat a run, its decoding and its report."""

from __future__ import annotations

import math
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from napari_unison.display.report.contents import Block, Command, Paragraph

if TYPE_CHECKING:
    from napari_unison.analysis.decoding_study import DecodingStudy
    from napari_unison.encoder.runs import Run


def repeat_blocks(run: Run, folder: Path, study: DecodingStudy | None, page: Path) -> list[Block]:
    """Write the commands, with what has to be known to run them.

    Parameters
    ----------
    run : Run
        What is repeated.
    folder : Path
        Where it is saved.
    study : DecodingStudy or None
        Its decoding, if there is one.
    page : Path
        The report.
    """
    encoder = run.encoder
    name = shlex.quote(folder.name)
    repeats = (
        f"The encoder was {encoder.origin_}: what was trained there is not repeated from here."
        if encoder.origin_
        else "The same seed on the same device with the same versions gives the same weights."
    )
    blocks: list[Block] = [Paragraph(f"In the folder that holds the run. {repeats}")]
    config = f"--config {name}/config.toml --random-state {encoder.seed_}"
    if encoder.n_iter_ != encoder.config_.max_iterations:
        config += f" --max-iterations {encoder.n_iter_}"
    share = _share_held_out(run)
    if encoder.added_sessions_:
        blocks.append(
            Paragraph(
                f"{', '.join(encoder.added_sessions_)} joined after the training (add_session), which the "
                f"command line does not repeat.",
                is_warning=True,
            )
        )
    elif share is not None and not encoder.origin_:
        blocks.append(
            Command(
                f"Train again. FILES are the recordings of {', '.join(encoder.session_names_)}, in this "
                f"order.",
                f"napari-unison train FILES {config} --validation-share {share:g} --to again.unison",
            )
        )
    if not encoder.added_sessions_ and not encoder.origin_:
        blocks.append(
            Command(
                "Train again without the files, on the part that this run was trained on, which it holds.",
                f"napari-unison train {name}/sessions.npz {config} --validation-share 0 --to again.unison",
            )
        )
    decode = f"napari-unison decode {name}"
    if study is not None:
        decode += "".join(f" {option}" for option in decode_options(study))
    return [
        *blocks,
        Command("Run the protocol of decoding.", decode),
        Command("Draw the figures one by one.", f"napari-unison figures {name} --to figures"),
        Command("Write this page.", f"napari-unison report {name} --to {shlex.quote(page.name)}"),
    ]


def decode_options(study: DecodingStudy) -> list[str]:
    """Return the options of the command ``decode`` that repeat a study."""
    options = study.options
    written = ["--quick"] if options.is_quick else [f"--seeds {len(options.used_seeds)}"]
    written.append(f"--folds {options.n_folds}")
    if options.iterations is not None:
        written.append(f"--iterations {options.iterations}")
    if options.methods != type(options)().methods:
        written.append(f"--methods {','.join(options.methods)}")
    written.append(f"--decoder {options.decoder}")
    if options.context is None:
        written.append("--single-bins")
    if options.n_permutations:
        written.append(f"--null {options.n_permutations}")
    return written


def _share_held_out(run: Run) -> float | None:
    """Return the share that divides the sessions as they are; None where no single one does."""
    if not run.held_out:
        return 0.0
    held_out = {session.name: session.n_bins for session in run.held_out}
    parts = [(session.n_bins, held_out.get(session.name, 0)) for session in run.encoder.training_sessions_]
    for share in (hundredth / 100 for hundredth in range(1, 100)):
        if all(math.floor((1 - share) * (first + rest)) == first for first, rest in parts):
            return share
    return None
