"""Single latents: what each says about position and direction, and the best ones over time."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from napari_unison.display.colours import colour_modes, feature_colours
from napari_unison.display.figures.layout import MUTED, draw_legend, new_figure, plain
from napari_unison.display.legends import Legend
from napari_unison.display.roles import LabelRoles, label_roles, with_unit
from napari_unison.display.traces import session_number, session_traces

if TYPE_CHECKING:
    from napari_unison.analysis.latents import LatentScores
    from napari_unison.encoder.embedding import Embedding
    from napari_unison.sessions import Session

LOWEST_SHOWN: Final = -2.1
PANEL_CHARACTERS: Final = 50
METRIC_TITLES: Final = {
    "euclidean": "Euclidean neighbours",
    "cosine": "cosine neighbours (notebook's variant: sign only)",
}


def latent_scores_figure(
    scores: Sequence[LatentScores], session: Session, *, chosen: LatentScores | None = None, note: str = ""
) -> Figure:
    """Draw the R² of every latent for position against that for direction, a panel for each scoring.

    Panels of several embeddings name theirs, and those of one metric have the same axes.

    Parameters
    ----------
    scores : sequence of LatentScores
        The same latents, scored on one or more embeddings. An aligned one belongs beside its silenced control
        and the label-free one.
    session : Session
        Any session of the embedding: it says which labels play position and direction.
    chosen : LatentScores, optional
        Scores that the best latents are chosen by; their best are marked.
    note : str
        A line below the kind of embedding.
    """
    roles = label_roles(session)
    labels = [label for label in (roles.position, roles.direction) if label in scores[0].scored_labels]
    embeddings = list(dict.fromkeys(score.embedding_description for score in scores))
    columns = min(len(scores), 2)
    rows = math.ceil(len(scores) / columns)
    figure = new_figure(
        4.4 * columns + 0.4,
        4.2 * rows + 0.8,
        "R² of each latent by itself",
        _kinds(scores, embeddings),
        scores[0].scored_on,
        note,
    )
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in panels[len(scores) :]:
        axes.set_axis_off()
    for axes, score in zip(panels, scores, strict=False):
        axes.set_title(_panel_title(score, names_embedding=len(embeddings) > 1), fontsize=8)
        if len(labels) == 2:
            alike = [other for other in scores if other.metric == score.metric]
            _scatter_two(axes, score, labels[1], labels[0], chosen, _lowest(alike, labels))
        else:
            _strip(axes, score, labels, chosen)
        plain(axes)
    return figure


def _kinds(scores: Sequence[LatentScores], embeddings: Sequence[str]) -> str:
    """Name the one embedding of all panels, or say how to read several of them."""
    if len(embeddings) == 1:
        return embeddings[0] + (" · labels used: not decoding" if scores[0].is_circular else "")
    return "aligned embeddings use labels: not decoding; read them beside the silenced control and label-free"


def _panel_title(score: LatentScores, *, names_embedding: bool) -> str:
    """Say what a panel shows: the embedding where there are several, what its scores are, the metric."""
    lines = textwrap.wrap(score.embedding_description, PANEL_CHARACTERS) if names_embedding else []
    lines += [f"→ {score.meaning}"] if names_embedding else []
    return "\n".join([*lines, METRIC_TITLES[score.metric]])


def _lowest(scores: Sequence[LatentScores], labels: Sequence[str]) -> float:
    """Return the lower end of the panels' axes, one for all, so that they can be compared."""
    lowest = min(float(np.nanmin([score.r2[label] for label in labels])) for score in scores)
    return min(-0.1, max(LOWEST_SHOWN, lowest - 0.1))


def _scatter_two(
    axes: Axes, score: LatentScores, across: str, up: str, chosen: LatentScores | None, low: float
) -> None:
    """Draw each latent's R² for two labels; those below ``low`` are counted in words."""
    x, y = score.r2[across], score.r2[up]
    good = (x > 0) | (y > 0)
    inside = (x >= low) & (y >= low)
    axes.axhline(0, color="0.6", linestyle="--", linewidth=0.8)
    axes.axvline(0, color="0.6", linestyle="--", linewidth=0.8)
    for chosen_ones, colour, name in (
        (good & inside, "green", "above 0 for one of them"),
        (~good & inside, "black", "below 0 for both"),
    ):
        if chosen_ones.any():
            axes.scatter(
                x[chosen_ones], y[chosen_ones], s=14, color=colour, label=name, alpha=0.8, linewidths=0
            )
    markers = ((up, "s"), (across, "D"))
    for label, marker in markers:
        if chosen is None or label not in chosen.scored_labels:
            continue
        latent = chosen.best(label)
        axes.scatter(
            [max(x[latent], low)],
            [max(y[latent], low)],
            s=70,
            marker=marker,
            facecolors="none",
            edgecolors="crimson",
            linewidths=1.1,
            label=f"best for {label}: latent {latent + 1}",
        )
    hidden = int((~inside).sum())
    if hidden:
        axes.text(
            0.02,
            0.02,
            f"{hidden} below {low:.1f} not shown",
            transform=axes.transAxes,
            fontsize=7,
            color=MUTED,
        )
    axes.set_xlim(low, 1.0)
    axes.set_ylim(low, 1.0)
    axes.set_aspect("equal")
    axes.set_xlabel(f"{across} R²")
    axes.set_ylabel(f"{up} R²")
    axes.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.16), frameon=False, ncols=2)


def _strip(axes: Axes, score: LatentScores, labels: list[str], chosen: LatentScores | None) -> None:
    """Draw R² over the number of the latent, where there are not two labels to plot against each other."""
    numbers = np.arange(1, score.n_latents + 1)
    for label in labels or score.scored_labels:
        axes.plot(numbers, score.r2[label], "o", markersize=4, label=label)
        if chosen is not None and label in chosen.scored_labels:
            latent = chosen.best(label)
            name = f"best for {label}: latent {latent + 1}"
            axes.plot(latent + 1, score.r2[label][latent], "s", color="crimson", fillstyle="none", label=name)
    axes.axhline(0, color="0.6", linestyle="--", linewidth=0.8)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("latent (number)")
    axes.set_ylabel("R²")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.13), frameon=False, ncols=2)
    else:
        axes.text(0.5, 0.5, "no label varies in these bins", transform=axes.transAxes, ha="center")


def best_latents_figure(
    embedding: Embedding, scores: LatentScores, *, session: str | int = 0, n_bins: int = 1000
) -> Figure:
    """Draw position, best position latent and best direction latent of a session's first bins.

    Parameters
    ----------
    embedding : Embedding
        Embedding that holds the session.
    scores : LatentScores
        Scores that choose the latents.
    session : str or int, default 0
        Session by name or number.
    n_bins : int, default 1000
        Bins from the start of the session.
    """
    number = session_number(embedding, session)
    traces = session_traces(embedding, number, scores)
    recording = embedding.sessions[number]
    end = min(n_bins, recording.n_bins)
    figure = new_figure(
        9,
        1.6 * max(len(traces), 1) + 1.8,
        f"Best latents of {recording.name}, first {end} bins",
        f"{embedding.description} · latents {scores.scored_on}",
    )
    panels = figure.subplots(max(len(traces), 1), 1, sharex=True, squeeze=False)[:, 0]
    for axes, trace in zip(panels, traces, strict=False):
        axes.scatter(
            trace.time[:end],
            trace.values[:end],
            c="0.3" if trace.colours is None else trace.colours[:end],
            s=4,
            linewidths=0,
            rasterized=True,
        )
        axes.set_ylabel(with_unit(trace.name.split(",")[0], trace.unit), fontsize=8)
        axes.set_title(trace.name, fontsize=8, loc="left")
        plain(axes)
    panels[-1].set_xlabel("time (s)")
    draw_legend(figure, list(panels), _legend(embedding, label_roles(recording)))
    return figure


def _legend(embedding: Embedding, roles: LabelRoles) -> Legend:
    """Explain both colourings that the traces use: by position and direction, and by direction alone."""
    first = feature_colours(embedding, colour_modes(embedding)[0]).legend
    if roles.direction is None or not first.bars:
        return first
    return Legend(first.title, (*first.entries, *feature_colours(embedding, "direction").legend.swatches))
