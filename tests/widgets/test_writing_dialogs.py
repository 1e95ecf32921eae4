"""Embeddings into NWB files and sessions into files, by the menu Keep."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pynwb
import pytest
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QFileDialog, QInputDialog

from napari_unison.sessions import load_session, write_session_nwb
from napari_unison.widgets import keep_actions
from napari_unison.widgets.recording_copy import RecordingCopyDialog

pytestmark = pytest.mark.gui
PATIENCE = 60_000
SHORT = {"batch_size": 32, "max_iterations": 2, "output_dimension": 4, "num_hidden_units": 8, "device": "cpu"}


@pytest.fixture
def study(unison, small_sessions):
    """The workspace of an open window, with a run."""
    unison.workspace.sessions.extend(small_sessions)
    unison.workspace.train(**SHORT).wait(60)
    return unison.workspace


def choose(unison, title: str) -> None:
    (action,) = [action for action in unison.keep_button.menu().actions() if action.text() == title]
    action.trigger()


def answer_file(monkeypatch, path, used: str) -> list[str]:
    """Answer where to write, and return which kinds of files were offered."""
    offered: list[str] = []

    def answer(parent, title, place, filters, **_):
        offered[:] = filters.split(";;")
        return str(path), used

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    return offered


def test_the_embedding_goes_into_a_copy_of_the_recording(unison, study, tmp_path, monkeypatch, qtbot):
    write_session_nwb(tmp_path / "rat 2.nwb", study.sessions[1])
    offered = answer_file(monkeypatch, tmp_path / "copy", "Copy of the NWB recording (*.nwb)")
    proposed = []

    def answer(dialog):
        dialog.session.setCurrentText("rat 2")
        proposed.append(dialog.source.text())
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(RecordingCopyDialog, "exec", answer)
    choose(unison, "Export embedding…")
    assert "Copy of the NWB recording (*.nwb)" in offered
    assert proposed == [str(tmp_path / "rat 2.nwb")]
    qtbot.waitUntil(lambda: "Saved in" in unison.keep_line.message.text(), timeout=PATIENCE)
    with pynwb.NWBHDF5IO(tmp_path / "copy.nwb", "r") as file:
        latents = file.read().processing["unison"]["latents_aligned"]
        np.testing.assert_array_equal(latents.data[:], study.embedding.values[1])


def test_a_dialog_that_is_left_writes_nothing(unison, study, tmp_path, monkeypatch):
    answer_file(monkeypatch, tmp_path / "copy.nwb", "")
    monkeypatch.setattr(RecordingCopyDialog, "exec", lambda dialog: QDialog.DialogCode.Rejected)
    choose(unison, "Export embedding…")
    assert list(tmp_path.iterdir()) == []


def test_the_recording_must_be_there_before_it_goes_on(qtbot, tmp_path, monkeypatch):
    known = tmp_path / "known.nwb"
    known.touch()
    dialog = RecordingCopyDialog(["rat 1", "rat 2"], {"rat 2": known}, str(tmp_path))
    qtbot.addWidget(dialog)
    ok = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
    assert not ok.isEnabled()
    dialog.session.setCurrentText("rat 2")
    assert ok.isEnabled()
    assert dialog.choices() == ("rat 2", known)
    dialog.session.setCurrentText("rat 1")
    assert not ok.isEnabled()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: (str(known), ""))
    dialog.browse_button.click()
    assert dialog.choices() == ("rat 1", known)


def test_what_goes_wrong_is_told_in_words(unison, study, tmp_path, monkeypatch, qtbot):
    told = []
    study.events.failed.connect(told.append)
    broken = tmp_path / "broken.nwb"
    broken.write_text("no recording")
    answer_file(monkeypatch, tmp_path / "copy.nwb", "")

    def answer(dialog):
        dialog.source.setText(str(broken))
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(RecordingCopyDialog, "exec", answer)
    choose(unison, "Export embedding…")
    qtbot.waitUntil(lambda: bool(told), timeout=PATIENCE)
    assert "broken.nwb cannot be opened as an NWB file" in told[0]
    assert list(tmp_path.iterdir()) == [broken]


@pytest.mark.parametrize(("used", "ending"), list(keep_actions.SESSION_FILTERS.items()))
def test_a_session_is_exported_without_a_run(
    unison, small_sessions, tmp_path, monkeypatch, qtbot, used, ending
):
    unison.workspace.sessions.extend(small_sessions)
    answer_file(monkeypatch, tmp_path / "mine", used)
    asked = []

    def pick(parent, title, question, names, *_):
        asked.append(names)
        return names[1], True

    monkeypatch.setattr(QInputDialog, "getItem", pick)
    choose(unison, "Export session…")
    assert asked == [["rat 1", "rat 2"]]
    qtbot.waitUntil(lambda: "Saved in" in unison.keep_line.message.text(), timeout=PATIENCE)
    assert load_session(Path(tmp_path / f"mine{ending}")).name == "rat 2"


def test_without_sessions_it_says_what_to_do(unison):
    told = []
    unison.workspace.events.failed.connect(told.append)
    choose(unison, "Export session…")
    assert told == ["There are no sessions yet: open recordings or a sample first."]
