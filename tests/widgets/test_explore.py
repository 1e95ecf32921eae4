"""The Explore tab: every choice is a call of workspace.show, and the points follow."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from qtpy.QtCore import QPointF, Qt
from qtpy.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QScrollArea

from napari_unison.display.decoding_errors import DecodingErrors
from napari_unison.widgets.explore import ExploreWidget
from napari_unison.widgets.trace_plots import round_to_span
from napari_unison.workspace import Workspace, colouring

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


def test_colour_changes_in_place(unison, explore, viewer):
    layer, before = viewer.layers[0], viewer.layers[0].face_color.copy()
    choose(explore.colours.mode, "session")
    assert viewer.layers[0] is layer
    assert not np.array_equal(layer.face_color, before)
    assert len(np.unique(layer.face_color, axis=0)) == 2
    assert unison.canvas_legend.legend.title == "session"


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
    assert explore.points.shown.text() == f"{len(viewer.layers[0].data)} of 960 points drawn"
    explore.points.max_points.setValue(10_000)
    assert len(viewer.layers[0].data) == 960


def test_chosen_latents_become_the_axes(explore, viewer):
    embedding = explore.workspace.embedding
    for combo, latent in zip(explore.axes.latents, (3, 1, 0), strict=True):
        combo.setCurrentIndex(latent)
        combo.activated.emit(latent)
    np.testing.assert_allclose(
        viewer.layers[0].data, 100 * np.concatenate(embedding.values)[:, [3, 1, 0]], rtol=1e-5
    )
    choose(explore.axes.choice, "principal components")
    assert "component 1" in viewer.canvas.overlays.text.text
    assert not explore.axes.latents[0].isEnabled()
    assert explore.axes.latents[0].placeholderText() == "component 1"


def test_a_latent_of_another_axis_changes_places_with_it(explore):
    explore.workspace.show(latents=(0, 1, 2))
    combo = explore.axes.latents[0]
    combo.setCurrentIndex(2)
    combo.activated.emit(2)
    assert explore.workspace.display.latents == (2, 1, 0)
    assert [combo.currentData() for combo in explore.axes.latents] == [2, 1, 0]
    assert explore.axes.choice.currentText() == "chosen below"


def test_a_latent_chosen_in_decode_becomes_the_first_axis(unison, explore, qtbot):
    explore.workspace.show(latents=(0, 1, 2))
    scatter = unison.decode.scatter
    qtbot.mouseClick(scatter, Qt.MouseButton.LeftButton, pos=QPointF(*scatter.places()[3]).toPoint())
    assert explore.workspace.display.latents[0] == scatter.latent
    assert explore.axes.latents[0].currentData() == scatter.latent


def test_best_latents_are_named_in_the_lists(explore):
    run = explore.workspace.run
    scores = run.latent_scores["aligned"]
    best = scores.best("position")
    combo = explore.axes.latents[0]
    assert "position" in combo.itemText(best)
    assert "R²" in combo.itemData(best, Qt.ItemDataRole.ToolTipRole)


def test_the_palette_colours_picture_and_traces(unison, explore, viewer):
    before = viewer.layers[0].face_color.copy()
    choose(explore.colours.palette_choice, "colour-blind safe")
    assert not np.allclose(viewer.layers[0].face_color, before)
    assert unison.canvas_legend.legend.bars[0].text == "position · left (m)"
    assert "#3d8fd1" in unison.traces.colours.text()


def test_decoding_errors_can_be_chosen_once_a_study_is_there(explore, viewer, monkeypatch):
    combo = explore.colours.mode
    place = combo.findText("decoding error")
    assert not combo.model().item(place).isEnabled()
    assert "Decode" in combo.itemData(place, Qt.ItemDataRole.ToolTipRole)
    embedding = explore.workspace.embedding
    errors = DecodingErrors(np.linspace(0, 0.5, 960), "position", "m", "label-free + kNN")
    monkeypatch.setattr(colouring, "decoding_errors", lambda study, shown: errors)
    explore.workspace.run.studies["quick"] = SimpleNamespace(main="label-free + kNN")
    explore.colours.update_fields()
    assert combo.model().item(combo.findText("decoding error")).isEnabled()
    choose(combo, "decoding error")
    assert explore.workspace.embedding is embedding
    assert viewer.layers[0].metadata["legend"].title == "decoding error, position"


def test_sessions_are_ticked_in_a_menu_and_the_last_one_stays(explore, viewer, qtbot):
    section = explore.sessions
    assert section.button.text() == "all 2 sessions"
    every, first, second = (action for action in section.menu.actions() if not action.isSeparator())
    section.menu.popup(explore.mapToGlobal(explore.rect().topLeft()))
    qtbot.mouseClick(section.menu, Qt.MouseButton.LeftButton, pos=section.menu.actionGeometry(first).center())
    assert section.menu.isVisible()
    section.menu.setActiveAction(second)
    qtbot.keyClick(section.menu, Qt.Key.Key_Space)
    assert (first.isChecked(), second.isChecked(), every.isChecked()) == (False, True, False)
    assert section.button.text() == "rat 2"
    assert viewer.layers[0].name == "rat 2 · aligned"
    assert "1 of 2 sessions" in viewer.canvas.overlays.text.text
    every.trigger()
    assert explore.workspace.display.sessions is None
    assert viewer.layers[0].name == "all sessions · aligned"
    section.menu.close()


def test_the_trail_is_as_long_as_its_field_says(explore, viewer):
    explore.workspace.cursor = ("rat 1", 8.0)
    trail = viewer.layers["trail"]
    long = len(trail.data)
    explore.trail.seconds.setValue(0.5)
    assert 0 < len(trail.data) < long
    explore.trail.seconds.setValue(0)
    assert explore.trail.seconds.text() == "cursor only"
    assert len(trail.data) == 0


def test_the_flow_field_is_switched_on_by_its_plane(explore, viewer):
    explore.workspace.show(latents=(0, 1, 2))
    choose(explore.flow.plane, "1 and 3")
    flow = viewer.layers["flow field"]
    assert len(flow.data) > 10
    assert np.ptp(flow.data[:, 0, 1]) == 0
    # the camera looks down on the plane, not at its edge
    assert abs(viewer.scene.camera.view_direction[1]) > 0.5
    n_arrows = len(flow.data)
    explore.flow.step.setValue(1.5)
    assert len(flow.data) < n_arrows
    choose(explore.flow.plane, "off")
    assert "flow field" not in viewer.layers


def test_runs_are_compared_once_there_are_two(explore, qtbot):
    section = explore.comparison
    assert section.isHidden()
    explore.workspace.train(temperature=0.3).wait(60)
    assert not section.isHidden()
    assert section.button.text() == "2 runs: 1 thing differs"
    qtbot.mouseClick(section.button, Qt.MouseButton.LeftButton)
    assert section.table.verticalHeaderItem(0).text() == "temperature"
    assert [section.table.item(0, column).text() for column in (0, 1)] == ["1", "0.3"]
    assert section.table.item(0, 1).font().bold()
    section.table.horizontalHeader().sectionClicked.emit(0)
    assert explore.workspace.run.name == "run 1"
    assert section.table.item(0, 0).font().bold()
    explore.workspace.runs.pop()
    assert section.isHidden()


def test_traces_follow_the_run(unison, explore):
    before = unison.traces.plots.titles
    explore.workspace.train(random_state=5).wait(60)
    explore.runs.choice.setCurrentIndex(0)
    explore.runs.choice.activated.emit(0)
    assert explore.workspace.run.name == "run 1"
    assert unison.traces.plots.titles == before


def test_the_kind_stays_in_sight_however_far_the_form_is_scrolled(explore):
    (area,) = explore.findChildren(QScrollArea)
    assert not area.isAncestorOf(explore.kind)
    assert "circular" in explore.kind.words.text()


def test_every_control_explains_itself(explore):
    fields = [
        field
        for kind in (QAbstractSpinBox, QComboBox, QAbstractButton)
        for field in explore.findChildren(kind)
        if not field.objectName().startswith("qt_") and field.parent() is not explore.comparison.table
    ]
    assert len(fields) > 15
    assert [field for field in fields if not field.toolTip()] == []


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
