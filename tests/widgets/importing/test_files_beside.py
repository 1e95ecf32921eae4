"""A second file is opened beside the recording in the import dialog, used like it, and taken out again."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import joblib
import numpy as np
import pytest
from qtpy.QtCore import QObject, QPoint, Qt, Signal
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QApplication, QFileDialog, QLineEdit

from napari_unison.sessions import load_session
from napari_unison.sessions.importing import FileMapping
from napari_unison.widgets.importing import ImportDialog
from napari_unison.workspace import Workspace, open_companions


def write_recording(folder: Path, animal: str = "m1", n_bins: int = 400) -> Path:
    """Write activity (n_bins, 6) that has no label with it."""
    activity = np.random.default_rng(n_bins).poisson(1.0, (n_bins, 6)).astype(np.float64)
    joblib.dump({"activity": activity}, folder / f"{animal}_spikes.jl")
    return folder / f"{animal}_spikes.jl"


def write_behaviour(folder: Path, animal: str = "m1", n_bins: int = 400, **more: np.ndarray) -> Path:
    """Write where the animal was, and its state."""
    arrays = {"position": np.abs(np.linspace(-1, 1, n_bins)), "state": np.arange(n_bins)[:, None] // 200}
    joblib.dump(arrays | more, folder / f"{animal}_behaviour.jl")
    return folder / f"{animal}_behaviour.jl"


@pytest.fixture
def recording(tmp_path):
    return write_recording(tmp_path)


@pytest.fixture
def behaviour(tmp_path, recording):
    return write_behaviour(tmp_path)


@pytest.fixture
def choose(monkeypatch):
    """Has the file chooser return a file."""

    def choosing(path: Path | None) -> list[str]:
        proposed = []

        def ask(parent, title, place, *more):
            proposed.append(place)
            return ("" if path is None else str(path)), ""

        monkeypatch.setattr(QFileDialog, "getOpenFileName", ask)
        return proposed

    return choosing


@pytest.fixture
def click(qtbot):
    return lambda button: qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture
def beside(open_dialog, recording, behaviour, choose, click):
    """The dialog for a recording, to which the file with the behaviour was added."""
    dialog = open_dialog(recording)
    choose(behaviour)
    click(dialog.entries.beside_button)
    return dialog


def complete(dialog) -> None:
    """Give what the proposal could not know."""
    dialog.form.bin_width.setValue(0.05)
    dialog.check()


def test_a_file_is_added_by_a_click_and_its_labels_are_proposed(beside, workspace, qtbot):
    assert beside.tree.names() == ["behaviour"]
    assert beside.tree.paths() == ["activity", "behaviour:position", "behaviour:state"]
    assert list(beside.labels.labels()) == ["position"]
    complete(beside)
    assert beside.message.text() == ""
    assert [plot.title for plot in beside.preview.plots] == ["position · continuous"]
    qtbot.keyClick(beside.tree, Qt.Key.Key_Return)
    (session,) = workspace.sessions
    np.testing.assert_allclose(session.labels["position"], np.abs(np.linspace(-1, 1, 400)))


def test_a_file_is_added_by_the_keyboard_and_the_one_that_goes_with_it_is_proposed(
    open_dialog, recording, behaviour, choose, qtbot
):
    dialog = open_dialog(recording)
    assert dialog.message.text().endswith("If labels are in m1_behaviour.jl: press Add a file beside…")
    proposed = choose(behaviour)
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    qtbot.keyClick(dialog.tree, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: bool(proposed))
    assert proposed == [str(behaviour)]
    assert dialog.tree.names() == ["behaviour"]
    assert dialog.entries.beside_button.accessibleName() == "Add a file beside"
    assert "Ctrl+B" in dialog.entries.beside_button.toolTip()


def test_nothing_changes_where_no_file_was_chosen(open_dialog, recording, choose, click):
    dialog = open_dialog(recording)
    before = dialog.fields()
    choose(None)
    click(dialog.entries.beside_button)
    assert dialog.fields() == before
    assert dialog.tree.names() == []
    assert dialog.entries.remove_button.isHidden()


def test_its_entries_are_used_like_those_of_the_recording(beside, qtbot):
    complete(beside)
    beside.tree.choose(["behaviour:state"])
    beside.tree.setFocus()
    qtbot.keyClick(beside.tree, Qt.Key.Key_Space)
    assert beside.labels.labels()["state"] == {"source": ["behaviour:state"], "kind": "discrete"}
    segments = beside.form.segments
    segments.way.setCurrentText("in the file")
    segments.way.activated.emit(1)
    assert segments.what.findText("behaviour:state") >= 0
    segments.what.setCurrentText("behaviour:state")
    segments.what.activated.emit(segments.what.currentIndex())
    beside.check()
    assert beside.message.text() == ""
    assert len(beside.checked.sessions[0].segment_slices()) == 2
    assert beside.form.time.findText("behaviour:position") >= 0


def test_its_entries_are_dragged_into_fields(beside):
    beside.tree.choose(["behaviour:state"])
    data = beside.tree.mimeData(beside.tree.selectedItems())
    event = QDropEvent(
        QPoint(5, 5).toPointF(),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    beside.labels.table.dropEvent(event)
    assert list(beside.labels.labels()) == ["position", "state"]
    beside.form.time.dropEvent(event)
    assert beside.fields()["time"] == "behaviour:state"


def test_one_label_may_have_columns_in_both_files(open_dialog, tmp_path, choose, click):
    recording = write_recording(tmp_path)
    joblib.dump(joblib.load(recording) | {"x": np.linspace(0, 1, 400)}, recording)
    dialog = open_dialog(recording)
    choose(write_behaviour(tmp_path, y=np.linspace(1, 2, 400)))
    click(dialog.entries.beside_button)
    complete(dialog)
    dialog.tree.choose(["x", "behaviour:y"])
    click(dialog.labels.add_button)
    dialog.check()
    assert dialog.message.text() == ""
    assert dialog.labels.labels()["x y"]["source"] == ["x", "behaviour:y"]
    assert dialog.checked.sessions[0].labels["x y"].shape == (400, 2)


def test_labels_that_are_there_already_stay(open_dialog, lab_file, tmp_path, choose, click):
    dialog = open_dialog(lab_file)
    choose(write_behaviour(tmp_path, "mouse"))
    click(dialog.entries.beside_button)
    assert list(dialog.labels.labels()) == ["pos"]
    assert dialog.tree.names() == ["behaviour"]


@pytest.mark.parametrize("way", ["button", "key"])
def test_a_file_is_taken_out_with_all_that_came_from_it(beside, way, click, qtbot):
    complete(beside)
    beside.labels.make("speed")
    beside.check()
    if way == "button":
        click(beside.entries.remove_button)
    else:
        beside.tree.show_name("behaviour")
        qtbot.keyClick(beside.tree, Qt.Key.Key_Delete)
    assert beside.tree.names() == []
    assert beside.tree.paths() == ["activity"]
    assert beside.labels.labels() == {}
    assert "beside" not in beside.fields()
    assert beside.files.companions.contents == {}
    assert beside.message.text().startswith("Add a label")
    assert beside.entries.remove_button.isHidden()


def rename(dialog, name, qtbot) -> None:
    """Type another name of the file beside into the tree."""
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    dialog.tree.setFocus()
    dialog.tree.show_name("behaviour")
    qtbot.keyClick(dialog.tree, Qt.Key.Key_F2)
    (line,) = [line for line in dialog.tree.findChildren(QLineEdit) if line.isVisible()]
    line.selectAll()
    qtbot.keyClicks(line, name)
    qtbot.keyClick(line, Qt.Key.Key_Return)
    QApplication.processEvents()


def test_another_name_goes_into_all_paths(beside, qtbot):
    complete(beside)
    rename(beside, "video", qtbot)
    assert beside.tree.names() == ["video"]
    assert beside.fields()["beside"] == {"video": ("spikes", "behaviour")}
    assert beside.labels.labels()["position"]["source"] == ["video:position"]
    assert beside.message.text() == ""
    assert beside.import_button.isEnabled()


def test_two_files_cannot_have_one_name(beside, tmp_path, choose, click, qtbot):
    joblib.dump({"lick": np.arange(400) % 7}, tmp_path / "m1_licks.jl")
    choose(tmp_path / "m1_licks.jl")
    click(beside.entries.beside_button)
    assert beside.tree.names() == ["behaviour", "licks"]
    complete(beside)
    rename(beside, "licks", qtbot)
    assert "Another file beside is called 'licks' already" in beside.message.text()
    assert beside.tree.names() == ["behaviour", "licks"]
    rename(beside, "a:b", qtbot)
    assert "needs a name without" in beside.message.text()
    click(beside.entries.beside_button)
    assert beside.message.text() == "m1_licks.jl is there already, as 'licks'"
    assert beside.tree.names() == ["behaviour", "licks"]


def test_of_several_files_the_selected_one_is_taken_out(beside, tmp_path, choose, click):
    joblib.dump({"lick": np.arange(400) % 7}, tmp_path / "m1_licks.jl")
    choose(tmp_path / "m1_licks.jl")
    click(beside.entries.beside_button)
    beside.tree.setCurrentItem(beside.tree.topLevelItem(0))
    assert not beside.entries.remove_button.isEnabled()
    beside.tree.show_name("licks")
    click(beside.entries.remove_button)
    assert beside.tree.names() == ["behaviour"]
    assert list(beside.labels.labels()) == ["position"]


def test_a_file_that_cannot_be_used_is_said_and_nothing_changes(
    open_dialog, recording, tmp_path, choose, click
):
    dialog = open_dialog(recording)
    before = dialog.fields()
    (tmp_path / "m1_broken.jl").write_bytes(b"nothing")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for file, words in (
        (tmp_path / "m1_broken.jl", "m1_broken.jl"),
        (recording, "is the recording itself"),
        (write_behaviour(elsewhere), "lies in"),
        (tmp_path / "gone.jl", "gone.jl"),
    ):
        choose(file)
        click(dialog.entries.beside_button)
        assert words in dialog.message.text()
        assert dialog.fields() == before
        assert dialog.tree.names() == []
        assert dialog.entries.beside_button.isEnabled()


def test_a_mapping_that_names_a_file_beside_opens_it(open_dialog, recording, behaviour, tmp_path):
    mapping = FileMapping(
        neural="activity",
        bin_width=0.05,
        beside={"video": ("spikes", "behaviour")},
        labels={"place": {"source": "video:position"}},
    )
    mapping.save(tmp_path / "lab.toml")
    dialog = open_dialog(recording)
    dialog.load_mapping(str(tmp_path / "lab.toml"))
    assert dialog.tree.names() == ["video"]
    assert dialog.checked.mapping == mapping
    assert dialog.message.text() == ""
    assert "see As text" not in dialog.note.text()
    behaviour.unlink()
    dialog.text.text.setPlainText(dialog.text.text.toPlainText().replace("behaviour", "walk"))
    dialog.check()
    assert "Its companion 'video' is missing" in dialog.message.text()
    # it is in the tree, so that it can be taken out of the mapping
    assert dialog.tree.names() == ["video"]
    assert dialog.tree.paths() == ["activity"]
    dialog.entries.remove_button.click()
    assert dialog.tree.names() == []
    assert "beside" not in dialog.fields()


def test_what_was_imported_is_filled_in_for_the_next_recording(
    beside, open_dialog, workspace, tmp_path, mappings_of_their_own
):
    complete(beside)
    beside.accept()
    second = write_recording(tmp_path, "m2", 300)
    write_behaviour(tmp_path, "m2", 300)
    again = open_dialog(second)
    assert again.tree.names() == ["behaviour"]
    assert again.import_button.isEnabled()
    again.guess_button.click()
    assert again.tree.names() == ["behaviour"]
    assert list(again.labels.labels()) == ["position"]
    complete(again)
    again.keep.save(str(tmp_path / "lab.toml"))
    session = load_session(second, mapping=tmp_path / "lab.toml")
    np.testing.assert_array_equal(session.labels["position"], again.checked.sessions[0].labels["position"])


def test_of_a_batch_it_is_said_which_files_lack_a_companion(
    open_dialog, recording, behaviour, tmp_path, workspace, choose, click
):
    other_name = write_recording(tmp_path, "m5").rename(tmp_path / "day5.jl")
    with_it, without = write_recording(tmp_path, "m2"), write_recording(tmp_path, "m3")
    other = write_recording(tmp_path, "m4")
    write_behaviour(tmp_path, "m2")
    joblib.dump({"position": np.zeros((400, 2, 2))}, tmp_path / "m4_behaviour.jl")
    dialog = open_dialog(recording, with_it, without, other_name, other)
    choose(behaviour)
    click(dialog.entries.beside_button)
    words = dialog.file_line.words.text()
    assert "m3_spikes.jl (its companion &#x27;behaviour&#x27; is missing, m3_behaviour.jl)" in words
    assert "day5.jl (its name has no &#x27;spikes&#x27;" in dialog.file_line.words.text()
    assert "m4_spikes.jl (in m4_behaviour.jl, its companion &#x27;behaviour&#x27;: its position is" in words
    assert "m2_spikes.jl" not in words
    click(dialog.file_line.leave_button)
    complete(dialog)
    dialog.accept()
    assert [session.name for session in workspace.sessions] == ["m1_spikes", "m2_spikes"]


def test_a_text_that_is_no_mapping_is_not_overwritten(beside, tmp_path, choose, click):
    joblib.dump({"lick": np.arange(400) % 7}, tmp_path / "m1_licks.jl")
    choose(tmp_path / "m1_licks.jl")
    for text in ("neural = [", 'labels = "pos"', "beside = 3\nname = 5"):
        beside.text.text.setPlainText(text)
        for act in (
            lambda: click(beside.entries.beside_button),
            lambda: beside.beside.remove("behaviour"),
            lambda: beside.beside.rename("behaviour", "video"),
        ):
            act()
            assert "Mend the text" in beside.message.text()
            assert beside.text.text.toPlainText() == text


def test_objects_of_pynapple_in_files_of_their_own_make_one_session(open_dialog, tmp_path, choose, click):
    times = np.sort(np.random.default_rng(0).uniform(0, 20, 600))
    spikes = {"t": times, "index": np.arange(600) % 3, "keys": np.arange(3), "start": [0.0], "end": [20.0]}
    walk = {"t": np.arange(0, 20, 0.1), "d": np.sin(np.arange(0, 20, 0.1)), "start": [0.0], "end": [20.0]}
    np.savez(tmp_path / "a_spikes.npz", **spikes, type=np.array(["TsGroup"]))
    np.savez(tmp_path / "a_position.npz", **walk, type=np.array(["Tsd"]))
    np.savez(tmp_path / "a_runs.npz", start=[2.0, 9.0], end=[6.0, 12.0], type=np.array(["IntervalSet"]))
    dialog = open_dialog(tmp_path / "a_spikes.npz")
    for name in ("a_position.npz", "a_runs.npz"):
        choose(tmp_path / name)
        click(dialog.entries.beside_button)
    if not dialog.labels.labels():
        dialog.add_labels([("position:values", "")])
    during = dialog.form.during.intervals
    during.setCurrentText("runs:intervals")
    during.activated.emit(during.currentIndex())
    dialog.check()
    assert dialog.message.text() == ""
    (session,) = dialog.checked.sessions
    assert session.n_bins == 7 / 0.025
    assert dialog.labels.labels().popitem()[1]["source"] == ["position:values"]
    dialog.reject()


def test_companions_that_a_folder_has_by_itself_are_shown_and_guessed_again(open_dialog, tmp_path):
    folder = tmp_path / "rat"
    folder.mkdir()
    np.save(folder / "spike_times.npy", np.sort(np.random.default_rng(0).integers(0, 600_000, 500)))
    np.save(folder / "spike_clusters.npy", np.arange(500) % 4)
    (folder / "params.py").write_text("sample_rate = 30000.\n")
    rows = [f"{n / 10},{n % 40}" for n in range(200)]
    (folder / "tracking.csv").write_text("\n".join(["time,x", *rows]))
    dialog = open_dialog(folder)
    assert dialog.tree.names() == ["clusters", "tracking"]
    before = dialog.fields()
    assert dialog.message.text() == ""
    dialog.guess_button.click()
    assert dialog.fields() == before
    assert dialog.tree.names() == ["clusters", "tracking"]


def open_files() -> set[str]:
    """Return the files that this process has open."""
    numbers = Path("/proc/self/fd")
    found = set()
    for number in numbers.iterdir():
        try:
            found.add(os.readlink(number))
        except OSError:
            continue
    return found


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are listed by Linux")
@pytest.mark.parametrize("end", ["remove", "escape"])
def test_no_file_stays_open(open_dialog, tmp_path, choose, click, qtbot, end):
    import h5py

    for name, arrays in (
        ("m1_spikes.h5", {"activity": np.ones((400, 6))}),
        ("m1_video.h5", {"position": np.linspace(0, 1, 400)}),
    ):
        with h5py.File(tmp_path / name, "w") as file:
            for key, values in arrays.items():
                file[key] = values
    dialog = open_dialog(tmp_path / "m1_spikes.h5")
    choose(tmp_path / "m1_video.h5")
    click(dialog.entries.beside_button)
    assert dialog.tree.names() == ["video"]
    assert str(tmp_path / "m1_video.h5") in open_files()
    if end == "remove":
        click(dialog.entries.remove_button)
    else:
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: str(tmp_path / "m1_video.h5") not in open_files())


class Relay(QObject):
    """Brings functions into the main thread."""

    relayed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.relayed.connect(lambda function: function(), Qt.ConnectionType.QueuedConnection)


class InBackground:
    """Runs jobs in threads; what they tell is told in the main thread."""

    def __init__(self) -> None:
        self.relay = Relay()
        self.threads: list[threading.Thread] = []

    def start(self, job) -> None:
        self.threads.append(threading.Thread(target=job.perform, args=(self.relay.relayed.emit,)))
        self.threads[-1].start()

    def wait(self, job, timeout) -> None:
        while job.is_running:
            QApplication.processEvents()

    def close(self) -> None:
        for thread in self.threads:
            thread.join()


def test_opening_that_takes_long_shows_its_progress_and_can_be_stopped(
    window, recording, behaviour, choose, click, qtbot, monkeypatch
):
    go_on = threading.Event()
    really_open = open_companions.open_contents

    def slowly(path, on_progress):
        on_progress(0.25, "reading the behaviour")
        assert go_on.wait(30)
        on_progress(0.5, "reading on")
        return really_open(path)

    workspace = Workspace(runner=InBackground())
    files = workspace.prepare_import(recording)
    files.look().wait()
    dialog = ImportDialog(workspace, files, window)
    dialog.open()
    choose(behaviour)
    monkeypatch.setattr(open_companions, "open_contents", slowly)
    click(dialog.entries.beside_button)
    qtbot.waitUntil(lambda: dialog.busy.isVisible() and "behaviour" in dialog.busy.progress.format())
    assert dialog.busy.progress.value() == 250
    assert not dialog.entries.beside_button.isEnabled()
    click(dialog.busy.stop_button)
    go_on.set()
    qtbot.waitUntil(dialog.entries.beside_button.isEnabled)
    assert dialog.tree.names() == []
    assert files.companions.contents == {}
    assert dialog.message.text() == "Stopped; m1_behaviour.jl was not added."
    monkeypatch.setattr(open_companions, "open_contents", really_open)
    click(dialog.entries.beside_button)
    qtbot.waitUntil(lambda: dialog.tree.names() == ["behaviour"])
    dialog.reject()
    workspace.close()


def test_a_file_that_is_being_opened_when_the_dialog_closes_is_closed_too(recording, behaviour, monkeypatch):
    go_on, opened = threading.Event(), []
    really_open = open_companions.open_contents

    def slowly(path, _):
        assert go_on.wait(30)
        opened.append(really_open(path))
        opened[0].close = lambda: closed.append(path)
        return opened[0]

    closed: list[Path] = []
    runner = InBackground()
    workspace = Workspace(runner=runner)
    files = workspace.prepare_import(recording)
    files.look().wait()
    monkeypatch.setattr(open_companions, "open_contents", slowly)
    files.add_beside(behaviour)
    files.close()
    go_on.set()
    runner.close()
    assert closed == ([behaviour] if opened else [])
    workspace.close()
