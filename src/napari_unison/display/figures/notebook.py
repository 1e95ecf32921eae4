"""Every figure of the method's demo notebook, and the quick scores beside them, from one run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matplotlib.figure import Figure

from napari_unison.analysis.flow import flow_field
from napari_unison.analysis.latents import LatentScores, choose_latents, score_latents
from napari_unison.analysis.progress import OnProgress
from napari_unison.analysis.quick_scores import quick_scores
from napari_unison.display.colours import Colouring, Limits, colour_modes, feature_colours, first_column
from napari_unison.display.figures.behaviour import position_figure
from napari_unison.display.figures.embedding import embedding_figure
from napari_unison.display.figures.flow import flow_figure
from napari_unison.display.figures.latents import best_latents_figure, latent_scores_figure
from napari_unison.display.figures.layout import new_figure
from napari_unison.display.figures.scores import quick_scores_figure
from napari_unison.display.figures.training import training_history_figure
from napari_unison.display.palettes import value_limits
from napari_unison.display.points import EmbeddingAxes, embedding_axes
from napari_unison.display.roles import LabelRoles, label_roles

if TYPE_CHECKING:
    from napari_unison.encoder.embedding import Embedding
    from napari_unison.encoder.runs import Run
    from napari_unison.sessions import Session

FIRST_BINS: Final = 1000
NOTHING_HELD_OUT: Final = "nothing was held out: latents are chosen and scored inside the training part"


class _Material:
    """What the figures of one run share, each part computed when a figure first needs it."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.sessions: list[Session] = list(run.encoder.training_sessions_)
        self.held_out: list[Session] = list(run.held_out)

    @cached_property
    def embedding(self) -> Embedding:
        """The aligned embedding of the training part."""
        saved = self.run.embedding
        names = tuple(session.name for session in self.sessions)
        lengths = [session.n_bins for session in self.sessions]
        if (
            saved is not None
            and (saved.kind, saved.control, saved.session_names) == ("aligned", None, names)
            and [len(values) for values in saved.values] == lengths
        ):
            return saved
        return self.run.encoder.embed()

    @cached_property
    def held_out_embedding(self) -> Embedding:
        """The aligned embedding of the held-out part, partners from that part, as in the notebook."""
        return self.run.encoder.embed(self.held_out, partners="given")

    @cached_property
    def label_free(self) -> tuple[Embedding, ...]:
        """The label-free embeddings of the training part and, if there is one, of the held-out part."""
        parts = [self.sessions, self.held_out] if self.held_out else [self.sessions]
        return tuple(self.run.encoder.embed(part, align=False) for part in parts)

    @cached_property
    def silenced(self) -> tuple[Embedding, ...]:
        """The same parts aligned with the own neurons silenced, partners as in the aligned embeddings."""
        embed = self.run.encoder.embed
        training = embed(self.sessions, silence_own=True)
        if not self.held_out:
            return (training,)
        return (training, embed(self.held_out, partners="given", silence_own=True))

    @cached_property
    def first_bins(self) -> Embedding:
        """The aligned embedding of the first bins alone, partners from these bins."""
        first = [session[:FIRST_BINS] for session in self.sessions]
        return self.run.encoder.embed(first, partners="given")

    @cached_property
    def chosen(self) -> LatentScores:
        """Scores inside the training part, by which the best latents are chosen."""
        return choose_latents(self.embedding)

    @cached_property
    def axes(self) -> EmbeddingAxes:
        """The same three axes for all figures."""
        return embedding_axes(self.embedding)

    @cached_property
    def roles(self) -> LabelRoles:
        """The labels that play position and direction."""
        return label_roles(self.sessions[0])

    @cached_property
    def limits(self) -> Limits | None:
        """The range of the position over the whole training part, for all colour scales."""
        if self.roles.position is None:
            return None
        return value_limits(first_column(self.embedding.label(self.roles.position)))

    def colours(self, embedding: Embedding) -> Colouring:
        """Colour an embedding on the scale that all figures share."""
        return feature_colours(embedding, colour_modes(embedding)[0], limits=self.limits)

    def best_pair(self) -> tuple[tuple[int, int], tuple[str, str] | None]:
        """Return the latents of the flow field, two different ones, and what each is best for."""
        scores = self.chosen
        labels = [
            label for label in (self.roles.position, self.roles.direction) if label in scores.scored_labels
        ]
        if not labels:
            return (0, 1), None
        best = scores.best(labels[0])
        other = scores.best(labels[-1], exclude=[best])
        second = "second best" if len(labels) == 1 else "best"
        return (best, other), (f"best for {labels[0]}", f"{second} for {labels[-1]}")


def notebook_figures(run: Run, *, on_progress: OnProgress | None = None) -> Iterator[tuple[str, Figure]]:
    """Draw every figure of the notebook from a run, and the quick scores.

    The best latents are chosen inside the training part; where sessions were held out, scores are those of
    the held-out bins. Without held-out sessions the titles say so and there is no table of quick scores.

    Parameters
    ----------
    run : Run
        A fitted encoder, with the held-out part of its sessions if there is one.
    on_progress : callable, optional
        Called with the share that is done and what comes next.

    Yields
    ------
    tuple of str and Figure
        Name for a file, such as "01-training-history", and the figure.
    """
    say = on_progress or _silent
    material = _Material(run)
    # weights from elsewhere may come without their history
    steps = [("training-history", _training_history)] if material.run.encoder.n_iter_ else []
    steps += [
        ("embedding", _embedding),
        ("latent-scores", _latent_scores),
        ("best-latents", _best_latents),
        ("flow-field", _flow_field),
    ]
    if material.roles.position is not None:
        steps.append(("first-bins-position", _first_bins_position))
    steps += [
        ("first-bins-embedding", _first_bins_embedding),
        ("first-bins-together", _first_bins_together),
    ]
    if material.held_out:
        steps.append(("quick-scores", _quick_scores))
    for number, (name, draw) in enumerate(steps):
        say(number / len(steps), name.replace("-", " "))
        yield f"{number + 1:02d}-{name}", draw(material)
    say(1.0, "done")


def write_figures(
    run: Run,
    folder: str | Path,
    formats: Sequence[str] = ("png",),
    *,
    on_progress: OnProgress | None = None,
) -> list[Path]:
    """Draw every figure of the notebook into a folder.

    Parameters
    ----------
    run : Run
        See :func:`notebook_figures`.
    folder : path
        Made if it is not there; files of the same names are replaced.
    formats : sequence of str, default ("png",)
        File types that matplotlib writes, such as "png", "pdf", "svg".
    on_progress : callable, optional
        Called with the share that is done and what comes next.

    Returns
    -------
    list of Path
        The files, in the order of the figures.

    Raises
    ------
    ValueError
        If a format is not known, before anything is computed.
    """
    known = Figure().canvas.get_supported_filetypes()
    unknown = [kind for kind in formats if kind not in known]
    if unknown or not formats:
        raise ValueError(
            f"figures cannot be written as {', '.join(unknown) or 'nothing'}: give some of "
            f"{', '.join(sorted(known))}"
        )
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name, figure in notebook_figures(run, on_progress=on_progress):
        for kind in formats:
            path = target / f"{name}.{kind}"
            figure.savefig(path)
            written.append(path)
    return written


def _silent(_share: float, _what: str) -> None:
    """Tell nobody."""


def _training_history(material: _Material) -> Figure:
    encoder = material.run.encoder
    return training_history_figure(encoder.history_, stopped=encoder.was_stopped_)


def _embedding(material: _Material) -> Figure:
    return embedding_figure(
        material.embedding, latents=material.axes, colouring=material.colours(material.embedding)
    )


def _latent_scores(material: _Material) -> Figure:
    if material.held_out:
        on_held_out = partial(score_latents, scored_on="scored on held-out bins, all sessions pooled")
        aligned = (material.embedding, material.held_out_embedding)
        scores = [
            on_held_out(*aligned),
            on_held_out(*material.silenced),
            on_held_out(*material.label_free),
            on_held_out(*aligned, metric="cosine"),
        ]
        note = "the marked latents were chosen inside the aligned training part"
    else:
        scores = [
            material.chosen,
            choose_latents(*material.silenced),
            choose_latents(*material.label_free),
            choose_latents(material.embedding, metric="cosine"),
        ]
        note = NOTHING_HELD_OUT
    return latent_scores_figure(scores, material.sessions[0], chosen=material.chosen, note=note)


def _best_latents(material: _Material) -> Figure:
    return best_latents_figure(material.embedding, material.chosen, n_bins=FIRST_BINS)


def _flow_field(material: _Material) -> Figure:
    if material.embedding.n_latents < 2:
        return new_figure(
            6, 1.2, "Flow field", material.embedding.description, "not drawn: one latent has no plane"
        )
    latents, names = material.best_pair()
    flow = flow_field(material.embedding, latents)
    note = (
        "latents chosen inside the training part" if names else "no label varies enough to choose latents by"
    )
    return flow_figure(flow, material.embedding, names=names, note=note)


def _first_bins_position(material: _Material) -> Figure:
    return position_figure(
        material.sessions,
        n_bins=FIRST_BINS,
        limits=material.limits,
        note="behaviour alone; the next figures show the aligned embeddings of these bins",
    )


def _first_bins_embedding(material: _Material) -> Figure:
    return embedding_figure(
        material.first_bins,
        latents=material.axes,
        colouring=material.colours(material.first_bins),
        together=False,
        background=material.embedding,
        title=f"First {FIRST_BINS} bins of each session",
        note="grey: the whole training part",
    )


def _first_bins_together(material: _Material) -> Figure:
    return embedding_figure(
        material.first_bins,
        latents=material.axes,
        colouring=material.colours(material.first_bins),
        separate=False,
        title=f"First {FIRST_BINS} bins of all sessions together",
    )


def _quick_scores(material: _Material) -> Figure:
    scores = quick_scores(
        material.run.encoder,
        material.sessions,
        material.held_out,
        aligned=(material.embedding, material.held_out_embedding),
        label_free=(material.label_free[0], material.label_free[1]),
        silenced=(material.silenced[0], material.silenced[1]),
    )
    return quick_scores_figure(scores)
