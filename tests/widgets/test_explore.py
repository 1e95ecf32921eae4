"""The Explore tab: every choice is a call of workspace.show, and the points follow."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_unison.widgets.explore import ExploreWidget
from napari_unison.widgets.trace_plots import round_to_span
from napari_unison.workspace import Workspace

pytestmark = pytest.mark.gui


@pytest.fixture
def explore(unison, small_sessions):
    """The tab, with a run."""
    unison.workspace.sessions.extend(small_sessions)
    unison.workspace.train(
        max_iterations=3, batch_size=64, output_dimension=4, num_hidden_units=8, random_state=0
    ).wait(60)
    unison.tabs.setCurrentWidget(unison.explore)
    return unison.explore


def test_a_runs_description_is_not_cut_off_in_a_narrow_dock(qtbot):
    explore = ExploreWidget(Workspace())
    qtbot.addWidget(explore)
    explore.resize(345, 300)
    explore.show()
    longest = "run 12 · 4 sessions · 10000 iterations"
    assert explore.runs.choice.fontMetrics().horizontalAdvance(longest) < explore.runs.choice.width() - 50


def choose(combo, text: str) -> None:
    combo.setCurrentText(text)
    combo.activated.emit(combo.currentIndex())


def test_label_free_is_computed_and_named(explore, viewer, qtbot):
    layer = viewer.layers[0]
    qtbot.mouseClick(
        explore.kind.buttons["label-free"],
        Qt.MouseButton.LeftButton,
        pos=explore.kind.buttons["label-free"].rect().center() / 4,
    )
    qtbot.waitUntil(lambda: viewer.layers[0].name == "all sessions · label-free", timeout=60_000)
    assert viewer.layers[0] is layer
    assert "own neurons only" in explore.kind.words.text()
    assert viewer.canvas.overlays.text.text.startswith("label-free · 2 sessions")


def test_ticks_are_as_exact_as_their_axis_needs():
    assert round_to_span(4.3e-05, 1.6) == 0
    assert round_to_span(0.017, 1.6) == pytest.approx(0.0176, abs=0.001)
    assert round_to_span(5.0, 0.0) == 5.0


def test_colour_changes_in_place(explore, viewer):
    layer, before = viewer.layers[0], viewer.layers[0].face_color.copy()
    choose(explore.colours.mode, "session")
    assert viewer.layers[0] is layer
    assert not np.array_equal(layer.face_color, before)
    assert len(np.unique(layer.face_color, axis=0)) == 2
    assert explore.legend.legend.title == "session"


def test_the_usual_colours_are_named_again_when_an_embedding_lacks_the_chosen_ones(explore, qtbot):
    choose(explore.colours.mode, "residual")
    explore.workspace.show(kind="label-free")
    qtbot.waitUntil(lambda: explore.workspace.embedding is not None, timeout=60_000)
    assert explore.colours.mode.findText("residual") == -1
    assert explore.colours.mode.currentText() == "position and direction"
    choose(explore.colours.mode, "session")
    explore.workspace.show(colour="best")
    assert explore.colours.mode.currentText() == "position and direction"


def test_size_and_opacity_reach_the_layer(explore, viewer):
    explore.points.size_field.setValue(3.0)
    explore.points.opacity.setValue(0.5)
    assert set(viewer.layers[0].size) == {3.0}
    assert viewer.layers[0].opacity == 0.5


def test_the_grid_has_a_cell_a_session_and_one_with_all(explore, viewer):
    explore.grid.grid.setChecked(True)
    assert viewer.canvas.grid.enabled
    assert {layer.name for layer in viewer.layers} == {
        "rat 1 · aligned",
        "rat 2 · aligned",
        "all sessions · aligned",
    }
    explore.grid.grid.setChecked(False)
    assert [layer.name for layer in viewer.layers] == ["all sessions · aligned"]
    assert not viewer.canvas.grid.enabled


def test_fewer_points_are_drawn_if_wanted_and_the_number_is_told(explore, viewer):
    explore.points.max_points.setValue(100)
    assert len(viewer.layers[0].data) <= 100
    assert explore.shown.text() == f"{len(viewer.layers[0].data)} of 960 time bins drawn"
    explore.points.max_points.setValue(10_000)
    assert len(viewer.layers[0].data) == 960


def test_chosen_latents_become_the_axes(explore, viewer):
    embedding = explore.workspace.embedding
    for spin, latent in zip(explore.axes.latents, (4, 2, 1), strict=True):
        spin.setValue(latent)
    np.testing.assert_allclose(
        viewer.layers[0].data, 100 * np.concatenate(embedding.values)[:, [3, 1, 0]], rtol=1e-5
    )
    choose(explore.axes.choice, "principal components")
    assert "component 1" in viewer.canvas.overlays.text.text
    assert not explore.axes.latents[0].isEnabled()


def test_choosing_another_run_draws_it(explore, viewer):
    before = viewer.layers[0].data.copy()
    explore.workspace.train(random_state=1).wait(60)
    assert explore.runs.choice.count() == 2
    assert not np.array_equal(viewer.layers[0].data, before)
    explore.runs.choice.setCurrentIndex(0)
    explore.runs.choice.activated.emit(0)
    np.testing.assert_array_equal(viewer.layers[0].data, before)


def test_a_points_layer_that_was_deleted_comes_back(explore, viewer):
    viewer.layers.clear()
    explore.workspace.show(colour="time")
    assert [layer.name for layer in viewer.layers] == ["all sessions · aligned"]
