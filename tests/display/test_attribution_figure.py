from __future__ import annotations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from napari_unison.analysis.attribution.scores import Attribution, SessionAttribution
from napari_unison.display.figures.attribution import attribution_figure
from napari_unison.display.figures.layout import figure_title
from napari_unison.sessions import Session


def _attribution(neurons: dict[str, np.ndarray]) -> Attribution:
    random = np.random.default_rng(0)
    session = Session(
        "rat 1",
        random.poisson(0.1, (200, 6)),
        {"position": np.linspace(0, 1.6, 200)},
        0.025,
        units={"position": "m"},
        neurons=neurons,
    )
    score = np.array([0.1, 0.6, 0.5, 0.2, 0.3, 0.4])
    scores = SessionAttribution(session, score[:, None], score[:, None], score, 200, 0.9)
    return Attribution((scores,), "ablation", "position", "m", ("position",), "label-free (own neurons only)")


KNOWN = {"is_place_cell": np.array([False, True, True, False, False, True])}


def test_bars_are_ranked_and_coloured_by_the_truth() -> None:
    figure = attribution_figure(_attribution(KNOWN), "rat 1")
    FigureCanvasAgg(figure).draw()
    ranked = figure.axes[0]
    heights = {round(bar.get_x() + bar.get_width() / 2): bar.get_height() for bar in ranked.patches}
    assert [heights[rank] for rank in range(1, 7)] == [0.6, 0.5, 0.4, 0.3, 0.2, 0.1]
    assert [text.get_text() for text in ranked.get_legend().get_texts()] == ["place cell", "not place cell"]
    assert ranked.get_ylabel() == "contribution to position (m)"
    title = figure_title(figure)
    assert "label-free" in title
    assert "area under the curve 1.00" in title


def test_place_fields_have_a_panel_where_they_are_known() -> None:
    places = np.column_stack([np.linspace(0, 1.5, 6), np.full(6, np.nan)])
    figure = attribution_figure(_attribution({**KNOWN, "preferred_position": places}), "rat 1")
    FigureCanvasAgg(figure).draw()
    assert len(figure.axes) == 3
    assert figure.axes[2].get_xlabel() == "preferred position (m)"


def test_without_truth_there_are_ranks_and_rates() -> None:
    figure = attribution_figure(_attribution({"id": np.arange(6)}), "rat 1", note="two laps")
    FigureCanvasAgg(figure).draw()
    assert [axes.get_xlabel() for axes in figure.axes] == ["rank of the neuron", "mean activity (1/s)"]
    assert "area under" not in figure_title(figure)
    assert "two laps" in figure_title(figure)


def test_an_unknown_session_is_an_error() -> None:
    with pytest.raises(KeyError, match="only for 'rat 1'"):
        attribution_figure(_attribution(KNOWN), "rat 2")
