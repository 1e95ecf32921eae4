"""The story of a first visit, by mouse and keys: open, train, best latent, a lap, its table, and back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QFileDialog, QInputDialog, QLineEdit, QScrollArea

from napari_unison import get_workspace
from napari_unison.contributions import read_layers
from napari_unison.sessions import write_sessions

pytestmark = pytest.mark.gui
PATIENCE = 120_000
LEFT = Qt.MouseButton.LeftButton
NO_KEY = Qt.KeyboardModifier.NoModifier


def drop(widget, *paths) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    place = QPoint(1, 1).toPointF()
    widget.dropEvent(QDropEvent(place, Qt.DropAction.CopyAction, data, LEFT, NO_KEY))


def open_tab(unison, title: str) -> None:
    titles = [unison.tabs.tabText(number) for number in range(unison.tabs.count())]
    unison.tabs.setCurrentIndex(titles.index(title))


def write(qtbot, field, text: str) -> None:
    """Type a value into a field of the form."""
    line = field.findChild(QLineEdit) or field
    line.selectAll()
    qtbot.keyClicks(line, text)
    qtbot.keyClick(line, Qt.Key.Key_Return)


def save_as(monkeypatch, path) -> list[str]:
    """Answer the next questions for a file, and return what was asked and proposed."""
    asked: list[str] = []

    def reply(_parent, title, place, *_arguments, **_options):
        asked.extend([title, place])
        return str(path), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", reply)
    return asked


def choose(unison, title: str) -> None:
    (entry,) = [entry for entry in unison.keep_button.menu().actions() if entry.text() == title]
    entry.trigger()


def train(unison, qtbot) -> None:
    """Start a short training, as the form says."""
    open_tab(unison, "Train")
    tab = unison.train
    qtbot.keyClicks(tab.preset, "quick look")
    tab.preset.activated.emit(tab.preset.currentIndex())
    for name, value in (("max_iterations", "12"), ("batch_size", "64"), ("output_dimension", "4")):
        write(qtbot, tab.form.editors[name].widget, value)
    assert unison.workspace.config.max_iterations == 12
    qtbot.mouseClick(tab.start_button, LEFT)
    qtbot.waitUntil(lambda: unison.workspace.run is not None, timeout=PATIENCE)
    qtbot.waitUntil(lambda: unison.decode.scatter.points is not None, timeout=PATIENCE)


def choose_best_latent(unison, qtbot) -> int:
    """Click the point of the latent that is best for the position; return its number from 0."""
    scatter = unison.decode.scatter
    best = unison.workspace.run.best_latents("aligned")[0]
    qtbot.mouseClick(scatter, LEFT, pos=QPointF(*scatter.places()[best]).toPoint())
    return int(best)


def test_from_a_dropped_file_to_the_table_of_a_lap_and_back(
    shown, unison, viewer, small_sessions, tmp_path, monkeypatch, qtbot, make_napari_viewer
):
    workspace = unison.workspace
    write_sessions(tmp_path / "rats.npz", small_sessions)
    drop(unison.sessions, tmp_path / "rats.npz")
    qtbot.waitUntil(lambda: unison.sessions.table.rowCount() == 2, timeout=PATIENCE)
    assert unison.sessions.summary.text().startswith("2 sessions, 168 neurons")

    train(unison, qtbot)
    best = choose_best_latent(unison, qtbot)
    assert workspace.display.latent == best
    assert viewer.canvas.overlays.text.text.splitlines()[1].startswith(f"latent {best + 1}")
    assert any(f"latent {best + 1}" in title for title in unison.traces.plots.titles)

    traces = unison.traces
    qtbot.waitUntil(lambda: traces.plots.native.isValid())
    middle = QPoint(round(traces.plots.pixel_of(4.0)), 30)
    qtbot.mouseClick(traces.plots.native, LEFT, NO_KEY, middle)
    assert workspace.cursor[0] == "rat 1"
    traces.setFocus()
    qtbot.keyClick(traces, Qt.Key.Key_L)
    selected = workspace.selection.bins("rat 1")
    assert len(np.unique(workspace.sessions[0].labels["direction"][selected])) == 1
    qtbot.keyClick(traces, Qt.Key.Key_K)
    line = traces.findChild(QInputDialog).findChild(QLineEdit)
    line.selectAll()
    qtbot.keyClicks(line, "lap 2")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert unison.explore.selecting.words.text().startswith("lap 2 · ")

    asked = save_as(monkeypatch, tmp_path / "lap")
    choose(unison, "Export selected bins…")
    assert asked[0].startswith("Export selected bins of the aligned embedding: lap 2 · ")
    assert asked[1] == "lap 2 aligned.csv"
    table = pd.read_csv(tmp_path / "lap.csv")
    shown_part = workspace.embedding.sessions[0]
    assert len(table) == workspace.selection.bins(shown_part).sum()
    assert table["set lap 2"].all()
    assert {"position_m", "direction", "time_s", f"latent_{best + 1}"} <= set(table)

    save_as(monkeypatch, tmp_path / "mine")
    choose(unison, "Save workspace…")
    qtbot.waitUntil(lambda: "Saved in" in unison.keep_line.message.text(), timeout=PATIENCE)
    other = make_napari_viewer()
    ((data, attributes, _),) = read_layers(str(tmp_path / "mine.unison-workspace"))
    other.add_points(data, **attributes)
    again = get_workspace(other)
    qtbot.waitUntil(lambda: again.run is not None, timeout=PATIENCE)
    assert again.selection.sets == workspace.selection.sets
    assert again.selection.name == "lap 2"
    assert again.display.latent == best


def test_exporting_selected_bins_without_a_selection_says_how_to_select(unison, qtbot):
    told = []
    unison.workspace.events.failed.connect(told.append)
    choose(unison, "Export selected bins…")
    assert told == ["Nothing is selected: drag in Traces, or draw around points with the lasso."]


def test_the_lasso_stays_in_sight_however_far_the_form_is_scrolled(unison):
    (area,) = unison.explore.findChildren(QScrollArea)
    assert not area.isAncestorOf(unison.explore.selecting.lasso_button)


def test_presets_say_what_they_are_for(unison):
    preset = unison.train.preset
    helps = [preset.itemData(row, Qt.ItemDataRole.ToolTipRole) for row in range(preset.count())]
    assert all(helps)
    assert helps[preset.findText("quick look")].endswith("1,000 steps of 512 samples.")
