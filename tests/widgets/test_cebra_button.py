"""The button in Explore that imports a CEBRA checkpoint."""

from __future__ import annotations

import pytest
from qtpy.QtWidgets import QFileDialog, QInputDialog

from made_checkpoints import save_checkpoint

pytestmark = pytest.mark.gui


@pytest.fixture
def chosen(monkeypatch, tmp_path):
    """What the dialogs answer: a file, a held-out share in percent, and whether it was confirmed."""
    answers = {"file": str(tmp_path / "model.pt"), "share": (20, True)}
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (answers["file"], ""))
    monkeypatch.setattr(QInputDialog, "getInt", lambda *_: answers["share"])
    return answers


@pytest.fixture
def runs(unison, small_sessions):
    unison.workspace.sessions.extend(small_sessions)
    unison.tabs.setCurrentWidget(unison.explore)
    return unison.explore.runs


def test_a_checkpoint_is_chosen_imported_and_shown(
    unison, runs, chosen, small_sessions, viewer, tmp_path, qtbot
):
    save_checkpoint(tmp_path / "model.pt", [session.n_neurons for session in small_sessions])
    runs.import_button.click()
    qtbot.waitUntil(lambda: unison.workspace.run is not None, timeout=60_000)
    assert [session.n_bins for session in unison.workspace.run.held_out] == [120, 120]
    assert runs.choice.currentText() == "model · 2 sessions · 3 iterations"
    qtbot.waitUntil(lambda: any("aligned" in layer.name for layer in viewer.layers), timeout=60_000)
    assert "ws.open_cebra(" in unison.workspace.script()


def test_nothing_is_imported_where_a_dialog_is_left(unison, runs, chosen):
    chosen["share"] = (20, False)
    runs.import_button.click()
    chosen["file"] = ""
    runs.import_button.click()
    assert "importing" not in [job.kind for job in unison.workspace.jobs]
    assert len(unison.workspace.runs) == 0


def test_what_is_wrong_with_a_file_is_shown(unison, runs, chosen, tmp_path, qtbot):
    (tmp_path / "model.pt").write_bytes(b"no checkpoint")
    failed = []
    unison.workspace.events.failed.connect(failed.append)
    runs.import_button.click()
    qtbot.waitUntil(lambda: bool(failed), timeout=60_000)
    assert "model.pt is no checkpoint" in failed[0]


def test_without_sessions_it_says_what_to_do_first(unison, chosen):
    unison.explore.runs.import_button.click()
    assert "there are no sessions yet: open those that model.pt was trained on" in (
        unison.explore.message.text()
    )
