"""The Decode dock: latents to click on, scores in the background, tables that follow the run."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import QPoint, QPointF, QRectF, Qt
from qtpy.QtGui import QFontMetricsF, QGuiApplication
from qtpy.QtWidgets import QTableWidget

from made_scores import BETTER, MAIN, made_study
from napari_unison._compat import dock_of, main_window
from napari_unison.analysis import DecodingStudyError
from napari_unison.analysis.unfinished_studies import StudyMark
from napari_unison.display.latent_points import LatentPoints
from napari_unison.widgets.decode import DecodeDock, DecodeWidget
from napari_unison.widgets.latent_scatter import LatentScatter
from napari_unison.widgets.score_table import ScoreTable
from napari_unison.workspace import Workspace

pytestmark = pytest.mark.gui

PATIENCE = 60_000


@pytest.fixture
def decode(unison, small_sessions) -> DecodeDock:
    """The dock, with a run."""
    unison.workspace.sessions.extend(small_sessions)
    unison.workspace.train(
        max_iterations=3, batch_size=64, output_dimension=4, num_hidden_units=8, random_state=0
    ).wait(60)
    return unison.decode


@pytest.fixture
def study(monkeypatch) -> threading.Event:
    """A study that ends once the event is set, or when it is stopped."""
    may_end = threading.Event()

    def run(sessions, config, options, *, cache, on_progress, control):
        mark = StudyMark(cache, options)
        mark.told_to(on_progress)(0.25, "fold 2 of 5")
        while not may_end.wait(0.01) and not control.is_stopped:
            pass
        if control.is_stopped:
            raise ValueError("this TrainingControl has stopped a training already: make a new one")
        mark.take_away()
        return made_study(options)

    monkeypatch.setattr("napari_unison.analysis.study_decoding", run)
    return may_end


def click(qtbot, button) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def choose(decode: DecodeWidget, key: str) -> None:
    decode.choice.setCurrentIndex(decode.choice.findData(key))


def other_latent(decode: DecodeWidget) -> int:
    """Return a latent that is not among the axes."""
    return min(set(range(4)) - set(decode.workspace.run.best_latents("aligned")))


def place_of(decode: DecodeWidget, latent: int) -> QPoint:
    """Return where a latent is drawn, after its neighbours were moved out of the way."""
    points = decode.scatter.points
    points.x[:] = np.linspace(0.1, 0.9, len(points.x))
    points.y[:] = np.linspace(0.1, 0.9, len(points.y))
    return QPointF(*decode.scatter.places()[latent]).toPoint()


def cells(table: QTableWidget) -> list[list[str]]:
    return [
        [
            item.text()
            for column in range(table.columnCount())
            if (item := table.item(row, column)) is not None
        ]
        for row in range(table.rowCount())
    ]


# -- latents ---------------------------------------------------------------------------------------------


def test_a_click_on_a_point_chooses_that_latent_everywhere(decode, unison, viewer, qtbot) -> None:
    latent = other_latent(decode)
    qtbot.mouseClick(decode.scatter, Qt.MouseButton.LeftButton, pos=place_of(decode, latent))
    assert decode.workspace.display.latent == latent
    assert decode.scatter.latent == latent
    assert unison.explore.axes.latents[0].currentData() == latent
    assert unison.explore.axes.choice.currentText() == "chosen below"
    assert viewer.canvas.overlays.text.text.splitlines()[1].startswith(f"latent {latent + 1} /")
    assert unison.traces.plots.titles[-1] == f"latent {latent + 1} · aligned"


def test_a_latent_that_is_chosen_in_the_console_is_marked(decode) -> None:
    decode.workspace.choose_latent(2)
    assert decode.scatter.latent == 2
    decode.workspace.choose_latent(None)
    assert decode.scatter.latent is None


def test_a_click_beside_the_points_chooses_nothing(decode, qtbot) -> None:
    place_of(decode, 0)
    qtbot.mouseClick(decode.scatter, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert decode.workspace.display.latent is None


def test_a_point_tells_number_and_scores(decode) -> None:
    place = place_of(decode, 1)
    words = decode.scatter.tip_at(QPointF(place))
    assert words.startswith("latent 2: position R² 0.37, direction R² 0.37")
    assert "not results" in decode.scatter.tip_at(QPointF(5, 5))


def test_latents_can_be_chosen_by_the_keyboard(decode, qtbot) -> None:
    for _ in range(2):
        qtbot.keyClick(decode.scatter, Qt.Key.Key_Right)
    assert decode.scatter.accessibleDescription().startswith("latent 2: ")
    qtbot.keyClick(decode.scatter, Qt.Key.Key_Return)
    assert decode.workspace.display.latent == 1
    qtbot.keyClick(decode.scatter, Qt.Key.Key_Left)
    qtbot.keyClick(decode.scatter, Qt.Key.Key_Left)
    qtbot.keyClick(decode.scatter, Qt.Key.Key_Space)
    assert decode.workspace.display.latent == 3


def test_the_scatter_names_the_kind_of_the_embedding_and_follows_it(decode, qtbot) -> None:
    assert decode.scatter.points.kind == "aligned (labels used)"
    decode.workspace.show(kind="label-free")
    qtbot.waitUntil(lambda: decode.workspace.embedding is not None, timeout=PATIENCE)
    assert decode.scatter.points.kind == "label-free (own neurons only)"


def test_useless_latents_do_not_squeeze_the_others_and_stay_inside(qtbot, decode) -> None:
    points = decode.scatter.points
    points.y[0] = -40.0
    (_, (lowest, _)) = decode.scatter.limits()
    assert lowest == -0.3
    assert decode.scatter.frame().adjusted(-1, -1, 1, 1).contains(QPointF(*decode.scatter.places()[0]))


# -- scores ----------------------------------------------------------------------------------------------


def test_quick_scores_say_what_is_decoding_and_what_is_circular(decode, qtbot) -> None:
    choose(decode, "held-out")
    assert decode.scores.isHidden()
    click(qtbot, decode.start_button)
    assert not decode.start_button.isEnabled()
    qtbot.waitUntil(lambda: not decode.scores.isHidden(), timeout=PATIENCE)
    names = [row[0] for row in cells(decode.scores.table)]
    assert names == [
        "decoding · scored on the last 20 % of each session",
        "label-free",
        "not decoding: the aligned score beside its control",
        "aligned",
        "aligned, own neurons silenced",
    ]
    tip = decode.scores.table.item(3, 0).toolTip()
    assert tip == "aligned: circular (labels used)"
    sessions = [decode.scores.session.itemText(index) for index in range(decode.scores.session.count())]
    assert sessions == ["all sessions", "rat 1", "rat 2"]
    assert "aligned score" in decode.scores.words.text()


def test_a_study_runs_in_the_background_with_progress_and_time_left(decode, study, qtbot) -> None:
    choose(decode, "quick")
    click(qtbot, decode.start_button)
    qtbot.waitUntil(lambda: "fold 2 of 5" in decode.status.text(), timeout=PATIENCE)
    assert "left" in decode.status.text()
    assert decode.progress.value() == 250
    assert not decode.progress.isHidden()
    assert not decode.start_button.isEnabled()
    assert decode.stop_button.isEnabled()
    study.set()
    qtbot.waitUntil(lambda: not decode.scores.isHidden(), timeout=PATIENCE)
    assert decode.progress.isHidden()
    assert decode.status.text().startswith("Quick decoding study, a first look")
    assert "single-session is left out." in decode.status.text()
    table = cells(decode.scores.table)
    assert [row[0] for row in table[1:3]] == [MAIN, BETTER]
    assert "[" in table[1][1]
    assert f"Better than it: {BETTER} by" in decode.scores.words.text()


def test_a_stopped_study_goes_on_by_the_button(decode, study, qtbot) -> None:
    choose(decode, "quick")
    assert decode.resume_button.isHidden()
    click(qtbot, decode.start_button)
    qtbot.waitUntil(lambda: "fold 2 of 5" in decode.status.text(), timeout=PATIENCE)
    click(qtbot, decode.stop_button)
    qtbot.waitUntil(lambda: not decode.workspace.jobs, timeout=PATIENCE)
    assert decode.status.text() == "Quick study, stopped at 25%: Resume goes on from there."
    assert decode.scores.isHidden()
    assert decode.start_button.isEnabled()
    assert decode.workspace.run.studies == {}
    study.set()
    click(qtbot, decode.resume_button)
    qtbot.waitUntil(lambda: not decode.scores.isHidden(), timeout=PATIENCE)
    assert decode.resume_button.isHidden()
    assert list(decode.workspace.run.studies) == ["quick"]


def test_the_null_is_asked_for_by_a_tick(decode, study, qtbot) -> None:
    study.set()
    choose(decode, "held-out")
    assert not decode.null.isEnabled()
    choose(decode, "full")
    decode.null.setChecked(True)
    click(qtbot, decode.start_button)
    qtbot.waitUntil(lambda: not decode.scores.isHidden(), timeout=PATIENCE)
    options = decode.workspace.run.studies["full"].options
    assert (options.n_permutations, options.is_quick) == (20, False)
    assert "null: labels permuted by lap" in [row[0] for row in cells(decode.scores.table)]


def test_an_error_is_the_cores_sentence(decode, monkeypatch, qtbot) -> None:
    def fail(*args, **kwargs):
        raise DecodingStudyError("session 'rat 1' has 3 laps, too few for 5 folds")

    monkeypatch.setattr("napari_unison.analysis.study_decoding", fail)
    choose(decode, "quick")
    click(qtbot, decode.start_button)
    qtbot.waitUntil(lambda: not decode.workspace.jobs, timeout=PATIENCE)
    assert decode.message.text() == "session 'rat 1' has 3 laps, too few for 5 folds"
    assert decode.start_button.isEnabled()


def test_switching_runs_switches_the_tables(decode, study) -> None:
    study.set()
    workspace = decode.workspace
    choose(decode, "quick")
    first = workspace.run
    workspace.decode().wait(60)
    assert not decode.scores.isHidden()
    workspace.train(random_state=1).wait(60)
    assert decode.scores.isHidden()
    workspace.run = first
    assert not decode.scores.isHidden()
    choose(decode, "full")
    assert decode.scores.isHidden()


def test_the_scatter_makes_room_for_the_table_and_can_still_be_clicked(decode, study, qtbot) -> None:
    study.set()
    choose(decode, "quick")
    high = decode.scatter.height()
    decode.workspace.decode().wait(60)
    assert decode.scatter.height() < high - 50
    place = decode.scatter.places()[0]
    qtbot.mouseClick(decode.scatter, Qt.MouseButton.LeftButton, pos=QPointF(*place).toPoint())
    near = np.hypot(*(decode.scatter.places() - place).T)
    assert near[decode.scatter.latent] < 2
    choose(decode, "full")
    assert decode.scatter.height() == high


def test_without_a_run_or_something_held_out_the_dock_says_what_to_do(decode, qtbot) -> None:
    empty = DecodeWidget(Workspace())
    qtbot.addWidget(empty)
    assert not empty.start_button.isEnabled()
    assert empty.status.text() == "Train an encoder first (tab Train), or open a run."
    choose(decode, "held-out")
    decode.workspace.train(validation_share=0.0).wait(60)
    assert not decode.start_button.isEnabled()
    assert "held nothing out" in decode.status.text()
    choose(decode, "quick")
    assert decode.start_button.isEnabled()


def test_the_table_of_another_session_is_shown_and_kept(decode, study) -> None:
    study.set()
    choose(decode, "quick")
    decode.workspace.decode().wait(60)
    before = cells(decode.scores.table)
    decode.scores.session.setCurrentText("rat 2")
    assert cells(decode.scores.table) != before
    decode.workspace.decode(n_folds=3).wait(60)
    assert decode.scores.session.currentText() == "rat 2"


def test_the_table_can_be_copied_and_exported(decode, study, qtbot, tmp_path) -> None:
    study.set()
    choose(decode, "quick")
    decode.workspace.decode().wait(60)
    click(qtbot, decode.scores.copy_button)
    copied = QGuiApplication.clipboard().text()
    assert copied.startswith("Quick decoding study, a first look")
    assert f"{MAIN}\tdecoding\t" in copied
    decode.scores.export(tmp_path / "scores")
    assert (tmp_path / "scores.csv").read_text(encoding="utf-8").startswith("method,meaning,session,label")
    assert decode.scores.message.text() == f"Written: {tmp_path / 'scores.csv'}."
    decode.scores.export(tmp_path / "missing" / "scores.csv")
    assert decode.scores.message.text().startswith("The table was not written.")


def test_the_table_is_copied_by_the_keyboard(qtbot) -> None:
    table = ScoreTable()
    qtbot.addWidget(table)
    table.set_scores(made_study())
    table.show()
    table.activateWindow()
    table.table.setFocus()
    qtbot.waitUntil(table.table.hasFocus, timeout=PATIENCE)
    QGuiApplication.clipboard().clear()
    qtbot.keyClick(table.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert f"{MAIN}\tdecoding\t" in QGuiApplication.clipboard().text()


# -- runs, figure and page -------------------------------------------------------------------------------


def test_two_runs_stand_side_by_side_in_one_table(decode, study, qtbot) -> None:
    study.set()
    workspace = decode.workspace
    choose(decode, "quick")
    workspace.decode().wait(60)
    assert decode.runs.isHidden()
    workspace.train(temperature=0.5).wait(60)
    assert decode.runs.button.text() == "2 runs side by side · quick study"
    click(qtbot, decode.runs.button)
    qtbot.waitUntil(lambda: decode.runs.notes.text() == "Run 2: no quick study yet.", timeout=PATIENCE)
    assert [row[0] for row in cells(decode.runs.scores.table)[1:]] == ["run 1"]
    click(qtbot, decode.start_button)
    qtbot.waitUntil(lambda: decode.runs.scores.table.rowCount() == 3, timeout=PATIENCE)
    table = cells(decode.runs.scores.table)
    assert table[0] == [f"decoding · {MAIN}"]
    assert [row[0] for row in table[1:]] == ["run 1", "run 2"]
    assert all("[" in cell for row in table[1:] for cell in row[1:])
    headers = [decode.runs.scores.table.horizontalHeaderItem(column).text() for column in range(4)]
    assert headers == ["run", "position\nmedian\nerror (cm)", "position\nR²", "direction\naccuracy"]
    differs = decode.runs.differs
    assert differs.verticalHeaderItem(0).text() == "temperature"
    assert cells(differs)[0] == ["1", "0.5"]
    assert decode.shown_run.text() == "run 2, quick study"
    assert not decode.shown_run.isHidden()
    click(qtbot, decode.runs.scores.copy_button)
    assert QGuiApplication.clipboard().text().startswith("Runs side by side, quick study: run 1, run 2")
    choose(decode, "held-out")
    assert decode.runs.notes.text() == "Run 1, run 2: no quick scores yet."
    click(qtbot, decode.runs.button)
    assert decode.runs.scores.isHidden()
    workspace.runs.pop()
    assert decode.runs.isHidden()


def test_the_figure_of_a_study_opens_in_a_window_and_is_saved(decode, study, qtbot, tmp_path) -> None:
    study.set()
    choose(decode, "quick")
    assert decode.figure_button.isHidden()
    decode.workspace.decode().wait(60)
    click(qtbot, decode.figure_button)
    window = decode.figure_window
    assert window.windowTitle() == "run 1, quick study"
    pixels = window.picture.pixmap()
    assert pixels.width() > 500
    window.save(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 10_000
    window.save(tmp_path / "missing" / "figure.png")
    assert window.message.text().startswith("The figure was not written.")
    window.close()


def test_the_page_about_a_saved_run_is_written_and_opened(
    decode, study, qtbot, tmp_path, monkeypatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(
        "napari_unison.widgets.decode.QDesktopServices.openUrl", lambda url: opened.append(url.toLocalFile())
    )
    written: list[Path] = []

    def write(folder, file, *, on_progress):
        on_progress(0.5, "figures")
        written.append(folder)
        return file

    monkeypatch.setattr("napari_unison.display.report.write_report", write)
    study.set()
    choose(decode, "quick")
    decode.workspace.decode().wait(60)
    click(qtbot, decode.report_button)
    assert "save the run first" in decode.message.text()
    folder = decode.workspace.save(tmp_path / "rats")
    decode.write_page(tmp_path / "page.html")
    qtbot.waitUntil(lambda: bool(opened), timeout=PATIENCE)
    assert opened == [str(tmp_path / "page.html")]
    assert written == [folder]
    assert decode.message.text() == f"Written: {tmp_path / 'page.html'}."


# -- the dock --------------------------------------------------------------------------------------------


def test_the_dock_stands_on_the_right_and_comes_back_by_the_button(shown, unison, viewer, qtbot) -> None:
    window = main_window(viewer)
    dock = dock_of(unison.decode)
    assert window.dockWidgetArea(dock) == Qt.DockWidgetArea.RightDockWidgetArea
    closed = unison.decode
    dock.title.close_button.click()
    qtbot.waitUntil(lambda: "Decode (napari-unison)" not in viewer.window.dock_widgets, timeout=PATIENCE)
    click(qtbot, unison.decode_button)
    assert unison.decode is not closed
    assert unison.decode.isVisible()


def test_the_menu_finds_the_dock_that_is_there(unison, viewer) -> None:
    _, again = viewer.window.add_plugin_dock_widget("napari-unison", "Decode")
    assert again is unison.decode


def test_the_dock_works_without_the_rest_of_the_workspace(viewer) -> None:
    _, decode = viewer.window.add_plugin_dock_widget("napari-unison", "Decode")
    assert decode.status.text() == "Train an encoder first (tab Train), or open a run."


def test_all_docks_fit_a_small_screen(shown, unison, viewer, qtbot) -> None:
    window = main_window(viewer)
    window.resize(1280, 800)
    qtbot.waitUntil(lambda: unison.decode.width() > 300, timeout=PATIENCE)
    assert window.width() <= 1280
    assert window.height() <= 800
    assert unison.decode.scatter.width() <= unison.decode.width()


def test_numbers_of_latents_lie_over_no_other_number(qtbot):
    scatter = LatentScatter()
    qtbot.addWidget(scatter)
    scatter.resize(330, 230)
    # the best for one label and the best for the other are nearly as good for both
    x, y = np.array([0.60, 0.61, 0.1, 1.0]), np.array([0.70, 0.71, 0.2, 0.0])
    best = {0: "position", 1: "direction", 3: "speed"}
    scatter.set_points(LatentPoints("aligned", "aligned", "direction R²", "position R²", x, y, best), None)
    places = scatter.number_places(QFontMetricsF(scatter.font()))
    assert set(places) == set(best)
    assert not places[0].intersects(places[1])
    for rect in places.values():
        assert QRectF(scatter.rect()).contains(rect)
