from __future__ import annotations

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from napari_unison.analysis import behaviour_overlap
from napari_unison.display.figures import draw_overlap
from napari_unison.display.figures.layout import figure_title


def drawn(result):
    figure = draw_overlap(result)
    FigureCanvasAgg(figure).draw()
    return figure


def test_places_and_shares_are_drawn_with_units(make_session) -> None:
    whole = make_session("rat 1", 600).replace(units={"position": "m"})
    short = make_session("rat 2", 600).replace(units={"position": "m"})
    short = short[short.labels["position"] < 0.8]
    result = behaviour_overlap([whole, short])
    figure = drawn(result)
    assert " ".join(figure_title(figure).split()).endswith(result.summary)
    above, below = figure.subfigs
    left, right, bar = above.axes
    assert [left.get_title(), right.get_title()] == ["left", "right"]
    assert left.get_xlabel() == "position (m)"
    assert bar.get_ylabel() == "time (s); white: never there"
    np.testing.assert_array_equal(left.images[0].get_array().mask, result.coverage.seconds[:, 0] == 0)
    titles = [axes.get_title() for axes in below.axes[:3]]
    assert titles == ["all labels", "position alone", "direction alone"]
    cells = [text.get_text() for text in below.axes[0].texts]
    assert cells == [f"{share:.0%}" for share in result.overlap.share.ravel()]
    assert below.axes[3].get_ylabel() == f"share nearer than {result.near}"


def test_without_direction_there_is_one_panel(make_session) -> None:
    sessions = [make_session(name, direction=False) for name in ("rat 1", "rat 2")]
    figure = drawn(behaviour_overlap(sessions))
    assert len(figure.subfigs[0].axes) == 2
    assert [axes.get_title() for axes in figure.subfigs[1].axes] == ["all labels", ""]


def test_many_sessions_have_no_number_in_each_cell(make_session) -> None:
    figure = drawn(behaviour_overlap([make_session(f"rat {number}", 100) for number in range(15)]))
    assert list(figure.subfigs[1].axes[0].texts) == []
