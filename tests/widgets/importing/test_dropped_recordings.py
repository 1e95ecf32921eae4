"""Recordings of other makes that are dropped on napari's viewer."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from napari_unison import get_workspace
from napari_unison.contributions import get_reader, open_recording, read_layers
from napari_unison.sessions.importing import FileMapping, open_contents
from napari_unison.workspace.mappings import RememberedMappings

pytestmark = pytest.mark.gui

MAPPING = FileMapping.model_validate(
    {"neural": "lab/activity", "bin_width": 0.05, "labels": {"place": {"source": "lab/pos", "unit": "m"}}}
)


@pytest.fixture
def shown_errors(monkeypatch):
    """What napari would show in its corner."""
    told = []
    monkeypatch.setattr("napari.utils.notifications.show_error", told.append)
    return told


def test_a_recording_whose_mapping_is_remembered_is_read_in_the_background_and_shown(
    viewer, lab_file, qtbot, monkeypatch
):
    with open_contents(lab_file) as contents:
        RememberedMappings().remember(contents, MAPPING)
    threads = []
    load = open_contents

    def noted(path, *more):
        threads.append(threading.current_thread())
        return load(path, *more)

    monkeypatch.setattr("napari_unison.workspace.file_imports.open_contents", noted)
    monkeypatch.setattr("napari_unison.sessions.readers.open_contents", noted)
    open_recording(viewer, lab_file)
    qtbot.waitUntil(lambda: len(viewer.layers) == 1, timeout=30_000)
    workspace = get_workspace(viewer)
    assert [session.name for session in workspace.sessions] == ["mouse"]
    assert workspace.sessions[0].units == {"place": "m"}
    assert viewer.layers[0].data.shape == (6, 400)
    assert threads
    assert threading.main_thread() not in threads
    assert "'place': {'source': 'lab/pos', 'unit': 'm'}" in workspace.script()


def test_what_the_guess_left_out_of_a_dropped_recording_is_said(viewer, write_lab_file, qtbot, monkeypatch):
    told = []
    monkeypatch.setattr("napari.utils.notifications.show_info", told.append)
    file = write_lab_file(
        "short.jl", pos=np.ones(393), position=np.linspace(0, 1, 400), t=np.arange(400) * 0.05
    )
    open_recording(viewer, file)
    qtbot.waitUntil(lambda: len(viewer.layers) == 1, timeout=30_000)
    assert any(said.startswith("short.jl: lab/pos (393 values) was left out") for said in told)


def test_without_the_workspace_what_is_missing_is_said(viewer, lab_file, shown_errors, qtbot):
    open_recording(viewer, lab_file)
    qtbot.waitUntil(lambda: bool(shown_errors), timeout=30_000)
    assert shown_errors[0].startswith("mouse.jl: its neural array has no times")
    assert shown_errors[0].endswith("Open the Unison workspace and import it there.")
    assert len(get_workspace(viewer).sessions) == 0


def test_with_the_workspace_open_what_is_missing_is_asked(unison, viewer, lab_file, qtbot):
    open_recording(viewer, lab_file)
    qtbot.waitUntil(lambda: unison.sessions.dialog is not None, timeout=30_000)
    dialog = unison.sessions.dialog
    qtbot.waitUntil(lambda: "bin width" in dialog.message.text(), timeout=30_000)
    dialog.form.bin_width.setValue(0.05)
    qtbot.waitUntil(dialog.import_button.isEnabled, timeout=30_000)
    dialog.accept()
    qtbot.waitUntil(lambda: unison.sessions.dialog is None, timeout=30_000)
    assert [session.name for session in unison.workspace.sessions] == ["mouse"]


def test_a_recording_that_is_dropped_twice_is_asked_for_another_name(unison, viewer, lab_file, qtbot):
    with open_contents(lab_file) as contents:
        RememberedMappings().remember(contents, MAPPING)
    open_recording(viewer, lab_file)
    qtbot.waitUntil(lambda: len(viewer.layers) == 1, timeout=30_000)
    open_recording(viewer, lab_file)
    qtbot.waitUntil(lambda: unison.sessions.dialog is not None, timeout=30_000)
    dialog = unison.sessions.dialog
    qtbot.waitUntil(lambda: dialog.problem.name_button.isVisible(), timeout=30_000)
    dialog.problem.name_button.click()
    qtbot.waitUntil(dialog.import_button.isEnabled, timeout=30_000)
    dialog.reject()
    assert len(viewer.layers) == 1


def test_without_the_workspace_a_name_that_is_taken_is_said_and_nothing_stays(
    viewer, lab_file, shown_errors, qtbot
):
    with open_contents(lab_file) as contents:
        RememberedMappings().remember(contents, MAPPING)
    for _ in range(2):
        open_recording(viewer, lab_file)
        qtbot.waitUntil(lambda: len(viewer.layers) == 1, timeout=30_000)
    qtbot.waitUntil(lambda: bool(shown_errors), timeout=30_000)
    assert shown_errors[0].startswith("mouse.jl: A session named 'mouse' is open already.")
    assert len(viewer.layers) == 1


def test_a_window_that_closes_while_the_dialog_is_open_leaves_nothing_running(
    unison, viewer, lab_file, qtbot
):
    unison.sessions.import_files([str(lab_file)])
    qtbot.waitUntil(lambda: unison.sessions.dialog is not None, timeout=30_000)
    files = unison.sessions.dialog.files
    unison.sessions.dialog.check()
    viewer.close()
    assert not files.is_busy


@pytest.mark.realdata
def test_an_nwb_file_is_dropped_and_its_sessions_are_shown(viewer, real_data, qtbot):
    file = real_data / "nwb" / "A2929-200711_neurosuite.nwb"
    assert get_reader(str(file)) is read_layers
    # no layer yet: napari's sign for a file that was read all the same
    assert read_layers(str(file)) == [(None,)]
    qtbot.waitUntil(lambda: len(viewer.layers) == 1, timeout=60_000)
    (session,) = get_workspace(viewer).sessions
    assert session.n_neurons == 15
    assert viewer.layers[0].data.shape == (15, session.n_bins)


@pytest.mark.realdata
def test_an_nwb_file_without_behaviour_says_what_is_missing(viewer, real_data, shown_errors, qtbot):
    read_layers(str(real_data / "nwb" / "A8604-211122.nwb"))
    qtbot.waitUntil(lambda: bool(shown_errors), timeout=60_000)
    assert "A8604-211122.nwb: nothing in it is clearly a label" in shown_errors[0]
    assert len(viewer.layers) == 0
