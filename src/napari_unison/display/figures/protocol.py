"""The protocol as a figure: every method in every session, with intervals, circular ones apart."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from napari_unison.analysis.meanings import CIRCULAR, DECODING
from napari_unison.analysis.protocol.score_tables import readable_unit
from napari_unison.display.figures.layout import MUTED, new_figure, plain
from napari_unison.display.palettes import LEFT_COLOUR
from napari_unison.display.roles import with_unit

if TYPE_CHECKING:
    from napari_unison.analysis.decoding_study import DecodingStudy
    from napari_unison.analysis.protocol.result import ProtocolResult
    from napari_unison.analysis.protocol.scores import Estimate, ProtocolScore

MOST_COLUMNS: Final = 4
NAME_CHARACTERS: Final = 34
CIRCULAR_GAP: Final = 0.6
#: Of the names of methods (inch).
LINE_HEIGHT: Final = 0.15
#: Between two of them (lines).
BETWEEN_NAMES: Final = 0.6
MOST_TICKS: Final = 5
LINES_WORDS: Final = "lines: 95 % interval over laps"
POINTS_WORDS: Final = f"points: mean over seeds; {LINES_WORDS}; ticks: single seeds"
NULL_COLOUR: Final = "#f2c14e"

Null = Mapping[tuple[str, str], tuple[float, float]]


@dataclass(frozen=True)
class _Panel:
    """One label of one session."""

    session: str
    scores: Mapping[str, ProtocolScore]
    null: tuple[float, float] | None


@dataclass(frozen=True)
class _Scale:
    """What is drawn of a label, in which unit and between which limits."""

    title: str
    factor: float
    limits: tuple[float, float]


def protocol_figure(
    result: ProtocolResult,
    *,
    labels: Sequence[str] | None = None,
    null: Null | None = None,
    note: str = "",
) -> Figure:
    """Draw the median error (of discrete labels the accuracy) of every method in every session.

    Parameters
    ----------
    result : ProtocolResult
        What is drawn.
    labels : sequence of str, optional
        Labels to draw; all of them unless given.
    null : mapping of (str, str) to (float, float), optional
        By session and label, the interval of the same score where labels were permuted by lap: of errors in
        the label's unit, of discrete labels the accuracy.
    note : str
        A line below what the points are.

    Returns
    -------
    Figure
        A row of panels a label, a panel a session. Methods that used labels of the decoded bins stand below
        the others, hatched.

    Raises
    ------
    ValueError
        If there is no score to draw, or a label is not among those that were predicted.
    """
    scores = result.scores()
    if not scores:
        raise ValueError("there is nothing to draw: no fit of the protocol is done")
    shown = list(result.labels if labels is None else labels)
    unknown = [label for label in shown if label not in result.labels]
    if unknown or not shown:
        raise ValueError(
            f"there are no scores of {', '.join(map(repr, unknown)) or 'no label'}: the labels are "
            f"{', '.join(result.labels)}"
        )
    places = _places(scores, [method.name for method in result.methods])
    sessions = [name for name in result.sessions if any(score.session == name for score in scores)]
    columns = min(MOST_COLUMNS, len(sessions))
    lines = -(-len(sessions) // columns)
    most_lines = max(len(_wrapped(name)) for name in places)
    height = LINE_HEIGHT * (max(2, most_lines) + BETWEEN_NAMES) * (max(places.values()) + 1.4) + 0.75
    figure = new_figure(
        2.7 * columns + 2.6,
        height * lines * len(shown) + 1.5,
        _title(scores),
        result.in_words(),
        POINTS_WORDS if any(score.n_seeds > 1 for score in scores) else LINES_WORDS,
        note,
    )
    panels_of_rows = figure.subplots(lines * len(shown), columns, squeeze=False)
    for number, label in enumerate(shown):
        panels = [_panel(scores, session, label, null or {}) for session in sessions]
        scale = _scale(label, panels)
        rows = panels_of_rows[number * lines : (number + 1) * lines].ravel()
        for index, (axes, panel) in enumerate(zip(rows, panels, strict=False)):
            _draw(axes, panel, scale, places, named=index % columns == 0)
        for axes in rows[len(panels) :]:
            axes.set_visible(False)
    _legend(figure, scores, has_null=bool(null))
    return figure


def study_figure(study: DecodingStudy) -> Figure:
    """Draw a decoding study: its protocol, with the null where there is one, and what kind of study it is.

    Raises
    ------
    ValueError
        If no fit of it is done.
    """
    null = {}
    if study.null is not None:
        null = {
            (score.session, score.label): (min(score.null), max(score.null))
            for score in study.null.scores
            if score.measure == "accuracy" and score.has_null
        }
    steps = f"{study.config.max_iterations} training steps"
    note = f"quick study, a first look: {steps}" if study.options.is_quick else steps
    return protocol_figure(study.protocol, null=null or None, note=note)


def _wrapped(name: str) -> list[str]:
    """Return the name of a method in lines; a number stays with its unit."""
    joined = re.sub(r"(\d) (m?s)\b", "\\1\u00a0\\2", name)
    return [line.replace("\u00a0", " ") for line in textwrap.wrap(joined, NAME_CHARACTERS)]


def _title(scores: Sequence[ProtocolScore]) -> str:
    circular = {score.is_circular for score in scores}
    if circular == {True}:
        return "Circular scores of laps that were left out: labels used, no decoding"
    return "Decoding of laps that were left out" + (", circular scores apart" if True in circular else "")


def _places(scores: Sequence[ProtocolScore], order: Sequence[str]) -> dict[str, float]:
    """Return the height of each method, from 0 at the top: circular ones last, after a gap."""
    circular = {score.method: score.is_circular for score in scores}
    decoding = [name for name in order if name in circular and not circular[name]]
    others = [name for name in order if circular.get(name)]
    gap = CIRCULAR_GAP if decoding else 0.0
    places = {name: float(place) for place, name in enumerate(decoding)}
    return places | {name: len(decoding) + place + gap for place, name in enumerate(others)}


def _panel(scores: Sequence[ProtocolScore], session: str, label: str, null: Null) -> _Panel:
    found = {s.method: s for s in scores if (s.session, s.label) == (session, label)}
    return _Panel(session, found, null.get((session, label)))


def _estimate(score: ProtocolScore) -> Estimate:
    return score.accuracy if score.kind == "discrete" else score.median_error


def _scale(label: str, panels: Sequence[_Panel]) -> _Scale:
    """Return what all panels of a label share, so that sessions can be compared."""
    scores = [score for panel in panels for score in panel.scores.values()]
    values = [v for score in scores for e in [_estimate(score)] for v in (*e.by_seed, e.low, e.high)]
    values += [value for panel in panels if panel.null is not None for value in panel.null]
    known = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    if scores and scores[0].kind == "discrete":
        lowest = max(0.0, min(known) - 0.05)
        return _Scale(f"{label} accuracy", 1.0, (lowest, 1.02))
    factor, unit = readable_unit(scores[0].unit if scores else "", known)
    return _Scale(with_unit(f"{label} median error", unit), factor, (0.0, 1.06 * factor * max(known) or 1.0))


def _draw(axes: Axes, panel: _Panel, scale: _Scale, places: Mapping[str, float], *, named: bool) -> None:
    axes.set_xlim(*scale.limits)
    axes.set_ylim(max(places.values()) + 0.7, -0.7)
    axes.set_title(panel.session, fontsize=9)
    axes.set_xlabel(scale.title, fontsize=8)
    plain(axes)
    axes.xaxis.set_major_locator(MaxNLocator(MOST_TICKS, steps=[1, 2, 2.5, 5, 10]))
    axes.grid(axis="x", color="0.92", linewidth=0.8)
    axes.set_axisbelow(True)
    names = list(places) if named else []
    axes.set_yticks(
        list(places.values()) if named else [],
        ["\n".join(_wrapped(name)) for name in names],
        fontsize=8,
    )
    axes.tick_params(axis="y", length=0)
    if panel.null is not None:
        low, high = (scale.factor * value for value in panel.null)
        axes.axvspan(low, high, color=NULL_COLOUR, alpha=0.35, linewidth=0, zorder=0.5)
    circular = [places[score.method] for score in panel.scores.values() if score.is_circular]
    if circular:
        axes.axhspan(min(circular) - 0.5, max(circular) + 0.5, **_HATCHED, zorder=0.4)
    for score in panel.scores.values():
        estimate = _estimate(score)
        style = _CIRCULAR_POINT if score.is_circular else _DECODING_POINT
        place = places[score.method]
        axes.plot(
            [scale.factor * estimate.low, scale.factor * estimate.high],
            [place, place],
            color=style["color"],
            linewidth=2.2,
            solid_capstyle="butt",
        )
        if len(estimate.by_seed) > 1:
            seeds = [scale.factor * value for value in estimate.by_seed]
            axes.plot(seeds, [place + 0.24] * len(seeds), **_SEED_TICK)
        axes.plot(scale.factor * estimate.value, place, **style)


def _legend(figure: Figure, scores: Sequence[ProtocolScore], *, has_null: bool) -> None:
    """Name the kinds of points that are there."""
    handles: list[Any] = []
    names: list[str] = []
    if any(not score.is_circular for score in scores):
        handles.append(Line2D([], [], **_DECODING_POINT))
        names.append(DECODING)
    if any(score.is_circular for score in scores):
        handles.append((Patch(**_HATCHED), Line2D([], [], **_CIRCULAR_POINT)))
        names.append(f"{CIRCULAR}: no decoding")
    if any(score.n_seeds > 1 for score in scores):
        handles.append(Line2D([], [], **_SEED_TICK))
        names.append("one seed")
    if has_null:
        handles.append(Patch(color=NULL_COLOUR, alpha=0.35))
        names.append("null: labels permuted by lap")
    figure.legend(handles, names, loc="outside lower center", ncols=5, fontsize=8, frameon=False)


_DECODING_POINT: Final[dict[str, Any]] = {
    "color": LEFT_COLOUR,
    "marker": "o",
    "markersize": 4.5,
    "linestyle": "",
}
_CIRCULAR_POINT: Final[dict[str, Any]] = {
    "color": MUTED,
    "marker": "o",
    "markersize": 4.5,
    "linestyle": "",
    "markerfacecolor": "white",
}
_SEED_TICK: Final[dict[str, Any]] = {"color": "0.55", "marker": "|", "markersize": 4, "linestyle": ""}
_HATCHED: Final[dict[str, Any]] = {
    "facecolor": "white",
    "edgecolor": "0.8",
    "hatch": "////",
    "linewidth": 0.0,
}
