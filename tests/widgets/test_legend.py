"""The legend says what colours mean, and stands where it covers nothing that speaks."""

from __future__ import annotations

import numpy as np
from qtpy.QtWidgets import QWidget

from napari_unison.display import ColourBar, Legend, Swatch
from napari_unison.display.palettes import circular_map, colour_map
from napari_unison.widgets.legend import CanvasLegend, bar_labels

POSITION = ColourBar("position", "m", (0.0, 1.6), colour_map("viridis"))


def test_an_angle_is_written_in_parts_of_a_turn():
    turn = ColourBar("heading", "rad", (0.0, 2 * np.pi), circular_map(), is_circular=True)
    assert bar_labels(turn) == ("0", "π", "2π")
    assert bar_labels(POSITION) == ("0", "0.8", "1.6")


def test_it_stands_above_notifications_and_in_a_grid_below_the_names(qtbot):
    canvas, owner = QWidget(), QWidget()
    qtbot.addWidget(canvas)
    qtbot.addWidget(owner)
    canvas.resize(600, 500)
    legend = CanvasLegend.on(canvas, owner)
    legend.set_legend(Legend("position", (POSITION,)))
    assert (legend.x() + legend.width(), legend.y()) == (590, 10)
    legend.set_legend(Legend("position", (POSITION,)), is_low=True)
    assert legend.y() + legend.height() == 490


def test_it_never_covers_the_title(qtbot):
    canvas, owner = QWidget(), QWidget()
    qtbot.addWidget(canvas)
    qtbot.addWidget(owner)
    canvas.resize(900, 500)
    legend = CanvasLegend.on(canvas, owner)
    title = "aligned · 4 of 12 sessions · second cohort, both probes\nlatent 20 / latent 13 / latent 32"
    legend.set_legend(Legend("position", (POSITION,)), title=title)
    assert legend.y() == 10
    canvas.resize(500, 500)
    legend.set_legend(Legend("position", (POSITION,)), title=title)
    assert legend.y() > 10 + 2 * 16
    legend.set_legend(Legend("position", (POSITION,)), is_low=True, title=title)
    assert legend.y() + legend.height() < 490 - 2 * 16


def test_a_long_name_does_not_run_out_of_the_legend(qtbot):
    canvas, owner = QWidget(), QWidget()
    qtbot.addWidget(canvas)
    qtbot.addWidget(owner)
    canvas.resize(600, 500)
    legend = CanvasLegend.on(canvas, owner)
    name = "animal_of_the_second_cohort_day_17_morning_session_with_both_probes"
    legend.set_legend(Legend("session", (Swatch(name, (1.0, 1.0, 1.0, 1.0)),)))
    picture = legend.grab().toImage()
    edge = [picture.pixelColor(picture.width() - 3, y).lightness() for y in range(22, picture.height() - 8)]
    assert max(edge) < 150
