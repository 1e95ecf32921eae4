from __future__ import annotations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from napari_unison.analysis.consistency import consistency
from napari_unison.display.figures.consistency import consistency_figure
from napari_unison.display.figures.layout import figure_title


@pytest.fixture
def sessions(make_session):
    return [make_session(f"rat {number}", 1200) for number in (1, 2, 3)]


def test_every_cell_holds_its_value(sessions, make_embedding) -> None:
    result = consistency(make_embedding(sessions, kind="label-free"))
    figure = consistency_figure(result)
    FigureCanvasAgg(figure).draw()
    cells = [text.get_text() for text in figure.axes[0].texts]
    assert cells == [f"{value:.2f}" for value in result.r2.ravel()]
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == list(result.names)
    assert "label-free" in figure_title(figure)
    assert "circular" not in figure_title(figure)
    assert result.summary in " ".join(figure_title(figure).split())


def test_an_aligned_embedding_is_called_circular(sessions, make_embedding) -> None:
    title = figure_title(consistency_figure(consistency(make_embedding(sessions))))
    assert "circular (labels used)" in " ".join(title.split())


def test_a_pair_without_a_number_is_a_dash(sessions, make_embedding) -> None:
    near, far = (
        np.asarray(way(sessions[0].labels["position"])) for way in (lambda p: p < 0.7, lambda p: p > 1)
    )
    apart = [sessions[0][near], sessions[1][far]]
    figure = consistency_figure(consistency(make_embedding(apart)))
    FigureCanvasAgg(figure).draw()
    assert figure.axes[0].texts[1].get_text() == "–"
