"""What a figure shows besides its points: the selection, the trail, the flow field."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unison.display.camera_view import CameraView
from napari_unison.display.figures.view import ViewPanel
from napari_unison.display.painting import Projection
from napari_unison.workspace.pages import Page, page_of


@pytest.fixture
def study(workspace):
    """A workspace with a run."""
    workspace.train().wait()
    return workspace


def page(study, **how) -> Page:
    return page_of(study.run, study.embedding, study.display, **how)


def painted(shown: Page) -> np.ndarray:
    """Return the last panel as seen from a usual side, (200, 300, 3)."""
    panel = ViewPanel.of_layers(shown.layers, shown.marks)[-1]
    return panel.painted(Projection(CameraView.of_points(panel.points), 300, 200))


def darkness(image: np.ndarray) -> np.ndarray:
    return 1 - image.max(axis=2)


def test_the_trail_is_drawn_in_black_up_to_the_cursor(study):
    study.show(trail=3.0)
    without, with_trail = page(study), page(study, cursor=("rat 1", 5.0))
    assert not without.marks[-1].above
    line, rim, end = with_trail.marks[-1].above
    assert line.points.shape[0] > 100
    np.testing.assert_allclose(rim.points, end.points)
    added = darkness(painted(with_trail)) - darkness(painted(without))
    assert added.max() > 0.5
    assert not page(study, cursor=("nobody", 5.0)).marks[-1].above


def test_a_trail_of_a_session_that_is_not_drawn_is_left_out(study):
    study.show(sessions=("rat 2",))
    assert not page(study, cursor=("rat 1", 5.0)).marks[-1].above


def test_flow_arrows_lie_below_the_points_in_their_colours(study):
    study.show(flow="1 and 2")
    (arrows,) = page(study).marks[-1].below
    points = page(study).layers[-1][0]
    assert len(arrows.points) > 100
    assert arrows.points[:, 2].max() < points[:, 2].min()
    study.show(flow=None)
    without = painted(page(study))
    study.show(flow="1 and 2")
    assert np.abs(painted(page(study)) - without).max() > 0.2


def test_each_panel_of_a_grid_shows_the_trail_of_its_own_session(study):
    study.show(grid=True)
    shown = page(study, cursor=("rat 2", 5.0))
    names = [layer[1]["metadata"]["session"] for layer in shown.layers]
    assert [bool(marks.above) for marks in shown.marks] == [name in ("rat 2", None) for name in names]


def test_points_that_are_not_selected_stand_back(study):
    study.selection.select("rat 1", 2.0, 4.0)
    marks = [study.selection.bins(session) for session in study.embedding.sessions]
    plain, shown = page(study).layers[-1], page(study, selected=marks).layers[-1]
    told = shown[1]["metadata"]
    is_selected = (told["session_index"] == 0) & marks[0][np.minimum(told["bins"], len(marks[0]) - 1)]
    colours, before = np.asarray(shown[1]["face_color"]), np.asarray(plain[1]["face_color"])
    np.testing.assert_array_equal(colours[is_selected], before[is_selected])
    assert (colours[~is_selected, 3] <= 0.2 * before[~is_selected, 3]).all()
    assert 0 < is_selected.sum() < len(colours)


def test_nothing_stands_back_where_nothing_is_selected(study):
    marks = [np.zeros(session.n_bins, dtype=bool) for session in study.embedding.sessions]
    shown = page(study, selected=marks).layers[-1]
    np.testing.assert_array_equal(shown[1]["face_color"], page(study).layers[-1][1]["face_color"])


def test_a_figure_of_the_workspace_shows_selection_and_trail(study):
    before = study.figure(dpi=50)
    study.cursor = ("rat 1", 5.0)
    study.selection.select("rat 1", 2.0, 4.0)
    after = study.figure(dpi=50)
    first, second = (np.asarray(figure.axes[0].images[0].get_array()) for figure in (before, after))
    assert first.shape == second.shape
    assert np.abs(first - second).mean() > 0.001
