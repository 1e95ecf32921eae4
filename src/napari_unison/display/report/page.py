"""The page about a run: its parts in order, written as one HTML file that needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from napari_unison.analysis.study_files import recordings, study_of_run
from napari_unison.display.figures.notebook import notebook_figures
from napari_unison.display.report.commands import repeat_blocks
from napari_unison.display.report.contents import Paragraph, Picture, Section, picture
from napari_unison.display.report.decoding import study_blocks
from napari_unison.display.report.neurons import attribution_blocks, consistency_blocks
from napari_unison.display.report.run_tables import (
    configuration_table,
    facts_table,
    in_a_line,
    sessions_table,
)
from napari_unison.encoder.runs import load_run

if TYPE_CHECKING:
    from napari_unison.analysis.progress import OnProgress
    from napari_unison.encoder.runs import Run

KINDS_WORDS: Final = (
    "Aligned: a bin is embedded from its session's own neurons together with the neurons of every other "
    "session at the bins whose labels are nearest. The label of the bin decides what the others contribute, "
    "so whatever is predicted from such an embedding was partly put in. It is for looking at the manifold "
    "that the sessions share.",
    "Label-free: the bin's own neurons alone, the other sessions silent. No label enters. Only a score on "
    "such an embedding is called decoding on this page.",
)
CAPTIONS: Final[Mapping[str, str]] = {
    "training-history": "Loss and goodness of fit while the encoder learned. They are those of training "
    "samples, which are aligned by labels: a good fit is no evidence that neurons tell the labels.",
    "embedding": "The aligned embedding of the training part, each session by itself and all together.",
    "latent-scores": "How well each latent by itself predicts the labels. Aligned panels use labels; the "
    "silenced control and the label-free panel say how much of them comes from the neurons.",
    "best-latents": "The latents that go best with position and direction, over time. They were chosen "
    "inside the training part.",
    "flow-field": "Where the embedding moves, on average, in the plane of two latents. No step crosses the "
    "border of a lap or session.",
    "first-bins-position": "Behaviour in the first bins of each session.",
    "first-bins-embedding": "The aligned embedding of these bins, session by session.",
    "first-bins-together": "The same bins of all sessions together.",
    "quick-scores": "Quick scores on the end of each session, which was held out. Only the label-free rows "
    "are decoding.",
}
QUICK_WORDS: Final = (
    "The protocol of a decoding claim was not run for this run. What follows are quick scores: one split in "
    "time, one seed, no intervals, no baselines. A hundredth of R² is noise there."
)


def write_report(folder: str | Path, file: str | Path, *, on_progress: OnProgress | None = None) -> Path:
    """Write one self-contained page about a saved run: pictures are inside, nothing is loaded from anywhere.

    Parameters
    ----------
    folder : path
        A saved run; its decoding study is shown if there is one.
    file : path
        The page, such as "report.html"; replaced if it is there.
    on_progress : callable, optional
        Called with the share that is done and what comes next.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    RunError, StudyFileError
        If the run or its study cannot be read.
    """
    say = on_progress or _silent
    source, target = Path(folder).resolve(), Path(file)
    say(0.0, "reading the run")
    run = load_run(source)
    facts = json.loads((source / "run.json").read_text(encoding="utf-8"))
    sections = _sections(run, source, facts, target, say)
    environment = Environment(
        loader=PackageLoader("napari_unison.display.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html").render(
        title=source.name.removesuffix(".unison"),
        summary=in_a_line(run.encoder.training_sessions_, run.encoder.config_, run.encoder.n_iter_),
        sections=sections,
        version=version("napari-unison"),
        written=datetime.now(UTC).isoformat(timespec="minutes"),
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page, encoding="utf-8")
    say(1.0, "done")
    return target


def _silent(_share: float, _what: str) -> None:
    """Tell nobody."""


def _sections(run: Run, folder: Path, facts: Mapping[str, Any], page: Path, say: OnProgress) -> list[Section]:
    """Return all parts of the page, in order."""
    study = study_of_run(folder)
    pictures = _notebook_pictures(run, lambda share, what: say(0.7 * share, what))
    history = pictures.pop("training-history", None)
    quick = pictures.pop("quick-scores", None)
    the_run = Section("The run", "run", [sessions_table(run, facts), facts_table(run, facts)])
    if history is not None:
        the_run.blocks.append(history)
    kinds = Section("Aligned and label-free", "kinds", [Paragraph(text) for text in KINDS_WORDS])
    embedding = Section("The embedding", "embedding", [*pictures.values()])
    decoding = Section("Decoding", "decoding")
    if study is not None:
        decoding.blocks += study_blocks(study, recordings(run))
    else:
        hint = f"napari-unison decode {folder.name} runs the protocol; write this page again after it."
        decoding.blocks += [Paragraph(QUICK_WORDS, is_warning=True), Paragraph(hint)]
    if quick is not None:
        decoding.blocks.append(quick)
    elif study is None:
        decoding.blocks.append(Paragraph("Nothing was held out in this run, so there are no quick scores."))
    say(0.7, "consistency")
    consistency = Section("Consistency between sessions", "consistency", consistency_blocks(run))
    say(0.75, "attribution")
    attribution = Section("Which neurons carry it", "neurons", attribution_blocks(run))
    parameters = Section("Parameters", "parameters", [configuration_table(run.encoder.config_)])
    repeat = Section("Do it again", "again", repeat_blocks(run, folder, study, page))
    return [the_run, kinds, embedding, decoding, consistency, attribution, parameters, repeat]


def _notebook_pictures(run: Run, say: OnProgress) -> dict[str, Picture]:
    """Draw every figure of the notebook; by name without its number."""
    pictures = {}
    for numbered, figure in notebook_figures(run, on_progress=say):
        name = numbered.partition("-")[2]
        pictures[name] = picture(figure, CAPTIONS[name])
    return pictures
