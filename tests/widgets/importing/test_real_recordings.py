"""The dialog opens real recordings: by what it proposes, or by a mapping from a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from napari_unison.sessions.importing import FileMapping
from napari_unison.widgets.importing import ImportDialog

MAPPINGS = Path(__file__).parents[3] / "docs" / "mappings"

pytestmark = pytest.mark.realdata

RAT = FileMapping.model_validate(
    {
        "neural": "spikes",
        "bin_width": 0.025,
        "labels": {
            "position": {"source": "position", "columns": [0], "unit": "m"},
            "direction": {
                "source": "position",
                "columns": [1],
                "kind": "discrete",
                "values": {"0": "left", "1": "right"},
            },
        },
    }
)


def test_what_is_proposed_for_nwb_files_is_imported_as_it_is(open_dialog, workspace, real_data):
    for file, n_neurons, labels in (
        ("A2929-200711_neurosuite.nwb", 15, {"position", "head direction"}),
        ("sub_anm00239123_ses_20170627T093549_ecephys_and_ogen.nwb", 4, None),
    ):
        workspace.sessions.clear()
        dialog = open_dialog(real_data / "nwb" / file)
        assert dialog.message.text() == ""
        dialog.accept()
        (session,) = workspace.sessions
        assert session.n_neurons == n_neurons
        assert labels is None or set(session.labels) == labels


def test_a_file_without_behaviour_asks_for_a_label(open_dialog, real_data):
    dialog = open_dialog(real_data / "nwb" / "A8604-211122.nwb")
    assert dialog.form.neural.paths() == ["units"]
    assert dialog.message.text().startswith("Add a label")
    assert not dialog.import_button.isEnabled()


def test_two_rats_are_imported_as_a_batch(window, workspace, real_rats, tmp_path):
    RAT.save(tmp_path / "rats.toml")
    files = workspace.prepare_import([real_rats / "achilles.jl.gz", real_rats / "buddy.jl.gz"], own_too=True)
    files.look().wait()
    dialog = ImportDialog(workspace, files, window)
    dialog.load_mapping(str(tmp_path / "rats.toml"))
    assert files.misfits == {}
    dialog.accept()
    assert [(s.name, s.n_bins, s.n_neurons) for s in workspace.sessions] == [
        ("achilles", 10178, 120),
        ("buddy", 6577, 48),
    ]


def test_the_four_days_of_a_mouse_are_previewed_and_imported(open_dialog, workspace, real_data):
    dialog = open_dialog(real_data / "calcium_linear_track" / "C24M3_spike_train.mat")
    dialog.load_mapping(str(MAPPINGS / "calcium-mouse-days.toml"))
    assert dialog.message.text() == ""
    assert dialog.preview.session_choice.count() == 4
    assert "each" in dialog.note.text()
    dialog.accept()
    assert len(workspace.sessions) == 4


def test_the_behaviour_of_a_mouse_is_added_from_the_file_beside(
    open_dialog, workspace, real_data, monkeypatch, qtbot
):
    folder = real_data / "calcium_linear_track"
    chosen = str(folder / "C24M3_stimulus_trace.mat")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (chosen, ""))
    dialog = open_dialog(folder / "C24M3_spike_train.mat")
    qtbot.mouseClick(dialog.entries.beside_button, Qt.MouseButton.LeftButton)
    assert dialog.fields()["beside"] == {"stimulus_trace": ("spike_train", "stimulus_trace")}
    assert len(dialog.tree.paths()) == 32
    dialog.form.bin_width.setValue(0.05)
    dialog.check()
    assert dialog.message.text() == ""
    dialog.accept()
    (session,) = workspace.sessions
    (label,) = session.labels.values()
    assert len(label) == session.n_bins == 3062
