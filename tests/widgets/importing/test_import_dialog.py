"""The import dialog: a proposal is filled in, checked live, changed, remembered, and used."""

from __future__ import annotations

import numpy as np
import pytest
from napari.qt import get_stylesheet
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QDropEvent, QGuiApplication, QWheelEvent
from qtpy.QtWidgets import QAbstractButton, QAbstractSpinBox, QApplication, QComboBox, QLineEdit

from napari_unison.sessions.importing import FileMapping, open_contents
from napari_unison.widgets.importing.marking import is_marked
from napari_unison.widgets.sessions import SessionsWidget


def complete(dialog) -> None:
    """Give what the proposal could not know."""
    dialog.form.bin_width.setValue(0.05)
    dialog.check()


def test_the_proposal_is_filled_in_and_what_it_lacks_is_said(dialog):
    assert dialog.form.neural.paths() == ["lab/activity"]
    assert list(dialog.labels.labels()) == ["pos"]
    assert not dialog.import_button.isEnabled()
    assert "give bin width (s)" in dialog.message.text()
    assert is_marked(dialog.form.bin_width)
    assert not is_marked(dialog.form.smoothing)


def test_what_the_guess_left_out_is_said_until_another_mapping_is_loaded(
    open_dialog, write_lab_file, tmp_path
):
    dialog = open_dialog(
        write_lab_file("short.jl", pos=np.linspace(0, 1, 393), position=np.linspace(0, 1, 400))
    )
    assert "lab/pos (393 values) was left out" in dialog.note.text()
    dialog.guess()
    assert "was left out" in dialog.note.text()
    complete(dialog)
    assert dialog.message.text() == ""
    dialog.keep.save(str(tmp_path / "lab.toml"))
    dialog.load_mapping(str(tmp_path / "lab.toml"))
    assert "was left out" not in dialog.note.text()


def test_a_complete_mapping_is_previewed_in_words_and_pictures(dialog):
    complete(dialog)
    assert dialog.message.text() == ""
    assert not is_marked(dialog.form.bin_width)
    assert dialog.import_button.isEnabled()
    assert dialog.preview.summary.text() == str(dialog.checked.sessions[0])
    assert "400 bins of 50 ms" in dialog.preview.summary.text()
    assert dialog.preview.raster.raster.levels.shape[0] == 6
    assert [plot.title for plot in dialog.preview.plots] == ["pos · continuous"]


def test_enter_imports_a_valid_mapping_and_nothing_else(dialog, workspace, qtbot):
    assert dialog.focusWidget() is dialog.tree
    qtbot.keyClick(dialog.tree, Qt.Key.Key_Return)
    assert len(workspace.sessions) == 0
    assert dialog.isVisible()
    complete(dialog)
    qtbot.keyClick(dialog.tree, Qt.Key.Key_Return)
    assert [session.name for session in workspace.sessions] == ["mouse"]
    assert workspace.sessions[0].bin_width == 0.05


def test_a_name_that_is_open_already_is_changed_by_a_click(open_dialog, dialog, workspace, lab_file, qtbot):
    complete(dialog)
    dialog.accept()
    again = open_dialog(lab_file)
    assert "A session named 'mouse' is open already" in again.message.text()
    assert is_marked(again.form.name)
    assert not again.import_button.isEnabled()
    assert again.problem.name_button.text() == "Name it mouse (2)"
    qtbot.mouseClick(again.problem.name_button, Qt.MouseButton.LeftButton)
    assert again.form.name.text() == "{stem} (2)"
    assert again.problem.name_button.isHidden()
    again.accept()
    assert [session.name for session in workspace.sessions] == ["mouse", "mouse (2)"]


def test_what_is_stopped_is_not_imported_and_the_mapping_stays(dialog, workspace):
    complete(dialog)
    workspace.events.job.connect(lambda job: job.is_running and job.kind == "opening" and job.stop())
    dialog.accept()
    assert len(workspace.sessions) == 0
    assert dialog.message.text() == "Stopped; nothing was imported."
    assert dialog.import_button.isEnabled()


def test_escape_imports_nothing(dialog, workspace, qtbot):
    complete(dialog)
    closed = []
    dialog.finished.connect(closed.append)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert closed == [0]
    assert len(workspace.sessions) == 0


def test_a_change_is_checked_a_moment_later_and_not_imported_before(dialog, qtbot):
    complete(dialog)
    dialog.form.min_rate.setValue(1e5)
    assert not dialog.import_button.isEnabled()
    qtbot.waitUntil(lambda: "no neuron has" in dialog.message.text())
    assert is_marked(dialog.form.min_rate)
    # the last valid preview stays to be seen, as no longer true
    assert dialog.preview.sessions
    assert not dialog.preview.isEnabled()


def test_an_entry_becomes_a_label_by_a_double_click(dialog):
    complete(dialog)
    dialog.tree.activated_entry.emit("lab/state", "")
    dialog.check()
    assert dialog.labels.labels()["state"] == {"source": ["lab/state"], "kind": "discrete"}
    assert [plot.title for plot in dialog.preview.plots] == ["pos · continuous", "state · discrete"]


def test_several_selected_entries_are_columns_of_one_label(dialog):
    dialog.tree.choose(["lab/pos", "lab/state"])
    dialog.labels.add_button.click()
    added = list(dialog.labels.labels().values())[-1]
    assert added["source"] == ["lab/pos", "lab/state"]


def drag(tree, target, *paths) -> None:
    """Drag entries of the tree onto a widget."""
    tree.choose(paths)
    data = tree.mimeData(tree.selectedItems())
    event = QDropEvent(
        QPoint(5, 5).toPointF(),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    target.dropEvent(event)


def test_entries_are_dragged_into_the_table_and_into_fields(dialog):
    drag(dialog.tree, dialog.labels.table, "lab/xy", "lab/state")
    assert list(dialog.labels.labels()) == ["pos", "xy", "state"]
    drag(dialog.tree, dialog.form.neural, "lab/xy")
    assert dialog.fields()["neural"] == "lab/xy"


def test_selected_entries_become_the_activity(dialog):
    dialog.tree.choose(["lab/xy"])
    dialog.activity_button.click()
    assert dialog.form.neural.paths() == ["lab/xy"]


def test_a_label_is_renamed_given_a_unit_and_removed(dialog):
    complete(dialog)
    dialog.labels.table.item(0, 0).setText("place")
    dialog.labels.table.item(0, 3).setText("m")
    dialog.check()
    assert dialog.checked.sessions[0].units == {"place": "m"}
    dialog.labels.remove_button.click()
    dialog.check()
    assert dialog.message.text().startswith("Add a label")
    assert dialog.checked.fields == ("labels",)


def test_a_label_that_is_wrong_is_marked(dialog):
    complete(dialog)
    dialog.labels.table.add("state", {"source": ["lab/state"]})
    dialog.check()
    assert dialog.labels.table.marked() == {"state"}
    assert "integers" in dialog.message.text()


def test_speed_direction_and_laps_are_made_of_labels(dialog):
    complete(dialog)
    for made in ("speed", "running direction", "lap"):
        dialog.labels.make(made)
    dialog.check()
    assert dialog.message.text() == ""
    labels = dialog.checked.mapping.labels
    assert [labels[name].of for name in ("speed", "running direction", "lap")] == [
        "pos",
        "pos",
        "running direction",
    ]
    assert list(dialog.checked.sessions[0].labels) == ["pos", "speed", "running direction", "lap"]


def test_the_keyboard_stays_in_a_field_of_the_table_and_the_wheel_passes_it(dialog, qtbot):
    complete(dialog)
    kind = dialog.labels.table.cellWidget(0, 2)
    kind.setCurrentText("circular")
    kind.activated.emit(kind.currentIndex())
    assert dialog.labels.table.cellWidget(0, 2) is kind
    assert dialog.labels.labels()["pos"]["kind"] == "circular"
    dialog.filter.setFocus()
    wheel = QWheelEvent(
        QPointF(5, 5),
        QPointF(5, 5),
        QPoint(0, -120),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(kind, wheel)
    assert kind.currentText() == "circular"


def test_details_of_the_selected_label_are_changed(dialog):
    complete(dialog)
    details = dialog.labels.details
    details.lines["scale"].setText("100")
    details.lines["scale"].editingFinished.emit()
    dialog.check()
    assert dialog.checked.sessions[0].labels["pos"].max() == 100
    dialog.tree.activated_entry.emit("lab/state", "")
    details.lines["values"].setText("0 = rest, 1 = run")
    details.lines["values"].editingFinished.emit()
    dialog.check()
    assert set(np.unique(dialog.checked.sessions[0].labels["state"])) == {"rest", "run"}


def test_segments_end_where_a_label_changes(dialog):
    complete(dialog)
    dialog.tree.activated_entry.emit("lab/state", "")
    dialog.form.segments.way.setCurrentText("changes of")
    dialog.form.segments.way.activated.emit(2)
    dialog.check()
    assert dialog.checked.mapping.segments.changes_of == "state"
    assert len(dialog.checked.sessions[0].segment_slices()) == 2


def test_form_and_text_are_one_mapping(dialog):
    complete(dialog)
    assert FileMapping.model_validate(dialog.text.fields_or_problem()) == dialog.checked.mapping
    dialog.text.text.setPlainText(dialog.text.text.toPlainText().replace("0.05", "0.1"))
    assert dialog.form.bin_width.value() == 0.1
    dialog.text.text.setPlainText("neural = [")
    assert dialog.message.text().startswith("The text is no toml")
    assert not dialog.import_button.isEnabled()


def test_a_text_with_fields_of_other_types_is_refused_and_the_form_goes_on(dialog):
    complete(dialog)
    for wrong in ('labels = "pos"', "bin_width = [1]", "during_values = 3", "name = 5", "each = 1"):
        text = 'neural = "lab/activity"\n' + wrong + '\n[labels.pos]\nsource = "lab/pos"\n'
        if wrong.startswith("labels"):
            text = wrong
        dialog.text.text.setPlainText(text)
        dialog.check() if dialog.checked is None else None
        assert not dialog.import_button.isEnabled()
        assert dialog.message.text()
    dialog.text.text.setPlainText('neural = "lab/activity"\n[labels.pos]\nsource = "lab/pos"\n')
    complete(dialog)
    assert dialog.import_button.isEnabled()


def test_enter_in_the_field_that_finds_entries_goes_on_to_the_tree(dialog, workspace, qtbot):
    complete(dialog)
    dialog.filter.setText("sta")
    assert dialog.tree.paths() == ["lab/state"]
    dialog.activateWindow()
    dialog.filter.setFocus()
    qtbot.waitUntil(dialog.filter.hasFocus)
    qtbot.keyClick(dialog.filter, Qt.Key.Key_Return)
    assert len(workspace.sessions) == 0
    assert dialog.tree.chosen() == [("lab/state", "")]
    qtbot.keyClick(dialog.tree, Qt.Key.Key_Space)
    assert "state" in dialog.labels.labels()


def test_what_only_the_text_can_say_is_kept_when_the_form_is_changed(dialog):
    text = 'neural = "lab/{what}"\nbin_width = 0.05\nname = "{stem} {what}"\n'
    text += '[each]\nwhat = ["activity", "xy"]\n[labels.pos]\nsource = "lab/pos"\n'
    dialog.text.text.setPlainText(text)
    dialog.form.bin_width.setValue(0.1)
    dialog.check()
    assert [session.name for session in dialog.checked.sessions] == ["mouse activity", "mouse xy"]
    assert dialog.preview.session_choice.count() == 2
    dialog.preview.session_choice.setCurrentIndex(1)
    dialog.preview.session_choice.activated.emit(1)
    assert "mouse xy" in dialog.preview.summary.text()


def test_the_mapping_is_remembered_for_files_of_the_layout(
    open_dialog, dialog, write_lab_file, mappings_of_their_own
):
    complete(dialog)
    dialog.accept()
    assert len(list(mappings_of_their_own.glob("*.toml"))) == 1
    again = open_dialog(write_lab_file("second.jl"))
    assert "imported last" in again.note.text()
    assert again.import_button.isEnabled()
    assert again.form.bin_width.value() == 0.05
    again.guess_button.click()
    assert "imported last" not in again.note.text()
    assert again.form.bin_width.value() == 0


def test_a_mapping_is_saved_and_loaded(dialog, tmp_path):
    complete(dialog)
    dialog.keep.save(str(tmp_path / "lab"))
    assert FileMapping.load(tmp_path / "lab.toml") == dialog.checked.mapping
    dialog.form.bin_width.setValue(0.5)
    dialog.load_mapping(str(tmp_path / "lab.toml"))
    assert dialog.form.bin_width.value() == 0.05
    (tmp_path / "bad.toml").write_text("bin_width = 1")
    dialog.load_mapping(str(tmp_path / "bad.toml"))
    assert "bad.toml does not fit" in dialog.message.text()
    assert dialog.form.bin_width.value() == 0.05


def test_the_script_that_is_copied_loads_the_same(dialog):
    complete(dialog)
    dialog.keep.copy_button.click()
    names: dict = {}
    exec(QGuiApplication.clipboard().text(), names)
    (session,) = names["sessions"]
    np.testing.assert_array_equal(session.neural, dialog.checked.sessions[0].neural)


def test_a_batch_is_imported_by_one_mapping(open_dialog, workspace, write_lab_file, lab_file):
    dialog = open_dialog(lab_file, write_lab_file("second.jl"), write_lab_file("third.jl"))
    complete(dialog)
    assert dialog.import_button.text() == "Import 3 files"
    dialog.accept()
    assert [session.name for session in workspace.sessions] == ["mouse", "second", "third"]


def test_files_that_do_not_fit_are_named_and_nothing_is_imported(
    open_dialog, workspace, write_lab_file, lab_file
):
    other = write_lab_file("other.jl", activity=np.ones((399, 6)), pos=np.ones((400, 2, 2)))
    dialog = open_dialog(lab_file, other)
    complete(dialog)
    assert "other.jl (its lab/pos is array (400, 2, 2)" in dialog.file_line.words.text()
    dialog.accept()
    assert len(workspace.sessions) == 0
    assert dialog.isVisible()
    assert "other.jl" in dialog.message.text()
    dialog.file_line.leave_button.click()
    assert dialog.import_button.text() == "Import"
    dialog.accept()
    assert [session.name for session in workspace.sessions] == ["mouse"]


def test_large_recordings_are_read_on_demand(dialog, monkeypatch):
    monkeypatch.setattr("napari_unison.workspace.mapping_checks.LARGE", 1000)
    complete(dialog)
    assert dialog.preview_button.isVisible()
    assert dialog.import_button.isEnabled()
    assert "large" in dialog.preview.summary.text()
    dialog.preview_button.click()
    assert not dialog.preview_button.isVisible()
    assert dialog.preview.sessions


def test_every_control_has_a_tooltip_and_a_name(dialog):
    complete(dialog)
    fields = [
        one
        for kind in (QAbstractButton, QComboBox, QAbstractSpinBox, QLineEdit)
        for one in dialog.findChildren(kind)
        if one.isVisible() and "qt_" not in one.objectName()
    ]
    fields = [one for one in fields if not isinstance(one.parent(), QComboBox | QAbstractSpinBox)]
    assert len(fields) > 20
    said = [one for one in fields if isinstance(one, QAbstractButton) or one.accessibleName()]
    assert [one for one in fields if one not in said] == []
    silent = [one.accessibleName() or one.text() for one in fields if not one.toolTip()]
    assert silent == []


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_dialog_fits_a_low_window(dialog, theme):
    complete(dialog)
    dialog.setStyleSheet(get_stylesheet(theme))
    assert dialog.minimumSizeHint().width() <= 1200
    assert dialog.minimumSizeHint().height() <= 720


def test_nothing_lies_over_the_buttons(dialog, qtbot):
    qtbot.waitExposed(dialog)
    button = dialog.import_button
    for corner in (button.rect().topLeft(), button.rect().bottomRight()):
        assert dialog.childAt(button.mapTo(dialog, corner)) is button


@pytest.fixture
def tab(qtbot, workspace):
    tab = SessionsWidget(workspace)
    qtbot.addWidget(tab)
    return tab


def test_recordings_of_other_makes_are_asked_about_and_ours_are_opened(
    tab, lab_file, tmp_path, small_sessions
):
    from napari_unison.sessions import write_sessions

    write_sessions(tmp_path / "ours.npz", small_sessions)
    tab.open_files([str(tmp_path / "ours.npz"), str(lab_file)])
    assert len(tab.workspace.sessions) == 2
    assert tab.dialog.files.files == [lab_file]
    tab.dialog.reject()
    assert tab.dialog is None


def test_how_far_a_long_table_has_been_read_is_said_before_the_dialog_opens(tab, lab_file, monkeypatch):
    said = []

    def slow(path, on_progress):
        on_progress(0.4, "reading")
        said.append(tab.message.text())
        return open_contents(path)

    monkeypatch.setattr("napari_unison.workspace.file_imports.open_contents", slow)
    tab.import_files([str(lab_file)])
    assert said == ["Looking into mouse.jl … 40%"]
    assert tab.message.text() == ""
    tab.dialog.reject()


def test_a_file_that_cannot_be_looked_into_is_said_in_the_tab(tab, tmp_path):
    (tmp_path / "broken.jl").write_bytes(b"nothing")
    tab.open_files([str(tmp_path / "broken.jl")])
    assert tab.dialog is None
    assert "broken.jl" in tab.message.text()


def test_import_asks_about_our_own_files_as_well(tab, tmp_path, write_lab_file):
    rat = write_lab_file("rat.jl")
    tab.import_files([str(rat)])
    assert tab.dialog.files.files == [rat]
    tab.dialog.reject()
