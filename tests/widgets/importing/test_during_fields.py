"""During which intervals activity is used."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unison.sessions.importing import Contents, Entry, Intervals, array_entry
from napari_unison.widgets.importing import ImportDialog
from napari_unison.workspace.file_imports import FileImport

EPOCHS = Intervals(np.array([0.0, 4.0]), np.array([4.0, 10.0]), {"tags": np.array(["sleep", "wake"])})


@pytest.fixture
def recorded():
    """A file with activity, a place and two epochs, in memory."""
    time = np.arange(200) * 0.05
    return Contents(
        "rat.jl",
        [
            array_entry("counts", np.ones((200, 4)), time=time, role="neural"),
            array_entry("pos", np.sin(time), time=time, role="behaviour", unit="m"),
            Entry("epochs", "intervals", (2,), "", lambda _: EPOCHS, fields=("tags",)),
        ],
    )


@pytest.fixture
def dialog(window, workspace, recorded, monkeypatch, lab_file):
    monkeypatch.setattr("napari_unison.workspace.file_imports.open_contents", lambda *_: recorded)
    files: FileImport = workspace.prepare_import(lab_file, own_too=True)
    files.look().wait()
    dialog = ImportDialog(workspace, files, window)
    dialog.open()
    return dialog


def choose(field, text):
    field.setCurrentText(text)
    field.activated.emit(field.currentIndex())


def test_intervals_are_chosen_by_the_value_of_a_column(dialog):
    during = dialog.form.during
    choose(during.intervals, "epochs")
    assert [during.column.itemText(row) for row in range(during.column.count())] == ["all of them", "tags"]
    choose(during.column, "tags")
    assert [during.value.itemText(row) for row in range(during.value.count())] == ["sleep", "wake"]
    choose(during.value, "wake")
    dialog.check()
    assert dialog.checked.mapping.during_values == {"tags": "wake"}
    (session,) = dialog.checked.sessions
    assert session.start == pytest.approx(4.0)


def test_a_mapping_with_intervals_offers_their_values_at_once(dialog):
    dialog.show_fields(dialog.fields() | {"during": "epochs", "during_values": {"tags": "sleep"}})
    during = dialog.form.during
    assert during.value.currentText() == "sleep"
    assert during.value.count() == 2
    choose(during.intervals, "all of the time")
    assert "during" not in dialog.fields()
    assert "during_values" not in dialog.fields()


def test_a_column_of_intervals_becomes_a_label(dialog):
    dialog.tree.activated_entry.emit("epochs", "tags")
    dialog.tree.activated_entry.emit("epochs", "")
    labels = dialog.labels.labels()
    assert labels["tags"] == {"source": ["epochs"], "field": "tags", "kind": "discrete"}
    assert labels["time since epochs"] == {"source": ["epochs"], "made": "time since"}
    made = dialog.labels.table.cellWidget(2, 4)
    choose(made, "phase")
    dialog.check()
    assert dialog.message.text() == ""
    values = dialog.checked.sessions[0].labels["time since epochs"]
    assert 0 <= values.min() < values.max() <= 1
