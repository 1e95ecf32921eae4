"""Which neurons carry an output: ranked, beside their rates, and along their place fields where known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from napari_unison.display.colours import LEFT_COLOUR, RIGHT_COLOUR
from napari_unison.display.figures.layout import new_figure, plain

if TYPE_CHECKING:
    from napari_unison.analysis.attribution.scores import Attribution, SessionAttribution
    from napari_unison.sessions import Session

WITH_COLOUR: Final = "#3b6fb6"
WITHOUT_COLOUR: Final = "0.72"
FIELD_COLOURS: Final = (RIGHT_COLOUR, LEFT_COLOUR)


def attribution_figure(
    result: Attribution,
    session: str,
    *,
    known: str = "is_place_cell",
    place: str = "preferred_position",
    note: str = "",
) -> Figure:
    """Draw the scores of a session's neurons: ranked, against their rates, and against their place fields.

    Parameters
    ----------
    result : Attribution
        What is drawn.
    session : str
        Name of the session.
    known : str, default "is_place_cell"
        A column of true and false in the session's table of neurons that colours them, where there is one.
    place : str, default "preferred_position"
        A column with the place-field position of each neuron, (N,) or (N, 2) for running right and left, NaN
        without a field; the panel is left out where there is none.
    note : str
        A line below the kind of embedding.

    Raises
    ------
    KeyError
        If there is no such session.
    """
    scores = result.session(session)
    neurons = scores.session.neurons
    has_places = place in neurons and neurons[place].ndim <= 2 and neurons[place].dtype.kind == "f"
    is_known = known in neurons and neurons[known].dtype == np.bool_ and neurons[known].ndim == 1
    figure = new_figure(
        10.5 if has_places else 7.5,
        4.4,
        f"Attribution by {result.method}: {result.score_name}",
        f"{session}, {len(scores.score)} neurons, {scores.n_bins} bins · {result.embedding_description}",
        _told_apart(scores, known) if is_known else "",
        note,
    )
    panels = figure.subplots(1, 3 if has_places else 2, width_ratios=[1.6, 1, 1] if has_places else [1.6, 1])
    has_it = neurons[known] if is_known else None
    _draw_ranked(panels[0], scores, has_it, _in_words(known))
    _draw_rates(panels[1], scores, has_it)
    if has_places:
        _draw_places(panels[2], scores, neurons[place].reshape(len(scores.score), -1), place)
        panels[2].set_xlabel(_with_unit_of_position(_in_words(place), scores.session))
    panels[0].set_ylabel(result.score_name)
    for axes in panels:
        axes.set_ylim(0, max(float(scores.score.max()), 1e-12) * 1.05)
        plain(axes)
    return figure


def _told_apart(scores: SessionAttribution, known: str) -> str:
    """Say how well the scores tell neurons apart."""
    area = scores.area_under_curve(known)
    if np.isnan(area):
        return ""
    per_activity = scores.area_under_curve(known, per_activity=True)
    return f"{_in_words(known)} or not: area under the curve {area:.2f}, per activity {per_activity:.2f}"


def _in_words(column: str) -> str:
    """Write the name of a column as words: "place cell" for "is_place_cell"."""
    return column.removeprefix("is_").replace("_", " ")


def _colours(has_it: npt.NDArray[np.bool_] | None, n: int) -> npt.NDArray[np.str_]:
    """Return one colour a neuron, (n,)."""
    return np.where(np.ones(n, dtype=bool) if has_it is None else has_it, WITH_COLOUR, WITHOUT_COLOUR)


def _draw_ranked(
    axes: Axes, scores: SessionAttribution, has_it: npt.NDArray[np.bool_] | None, name: str
) -> None:
    """Draw one bar a neuron, the highest score first."""
    order = scores.ranking()
    ranks = np.arange(1, len(order) + 1)
    colours = _colours(has_it, len(order))
    for colour, label in ((WITH_COLOUR, name), (WITHOUT_COLOUR, f"not {name}")):
        shown = colours[order] == colour
        axes.bar(ranks[shown], scores.score[order][shown], width=0.9, color=colour, label=label)
    if has_it is not None:
        axes.legend(fontsize=8, frameon=False)
    axes.set_xlabel("rank of the neuron")


def _draw_rates(axes: Axes, scores: SessionAttribution, has_it: npt.NDArray[np.bool_] | None) -> None:
    """Draw the score against the rate, which alone makes a part of it."""
    axes.scatter(scores.session.rate(), scores.score, c=_colours(has_it, len(scores.score)), s=14)
    axes.set_xlabel("mean activity (1/s)")


def _draw_places(axes: Axes, scores: SessionAttribution, places: npt.NDArray[np.float64], name: str) -> None:
    """Draw the score along the place-field positions (N, k); a neuron with two fields stands twice."""
    two = places.shape[1] == 2
    for column, values in enumerate(places.T):
        colour = FIELD_COLOURS[column] if two else WITH_COLOUR
        label = f"running {('right', 'left')[column]}" if two and name == "preferred_position" else None
        axes.scatter(values, scores.score, color=colour, s=14, label=label)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8, frameon=False)


def _with_unit_of_position(text: str, session: Session) -> str:
    unit = session.units.get("position", "")
    return f"{text} ({unit})" if unit else text
