"""Files are looked into, mappings tried and remembered, before anything is opened."""

from __future__ import annotations

import runpy
import threading
from pathlib import Path

import joblib
import numpy as np
import pytest

from napari_unison.sessions import SessionError, write_sessions
from napari_unison.sessions.importing import Contents, FileMapping, array_entry, keeping_reads
from napari_unison.workspace import Workspace
from napari_unison.workspace.foreign_files import may_need_mapping, needs_mapping
from napari_unison.workspace.mappings import RememberedMappings

MAPPING = {
    "neural": "activity",
    "bin_width": 0.05,
    "labels": {"place": {"source": "x", "unit": "m"}},
}


def write_lab_file(path: Path, seed: int = 0, **more: np.ndarray) -> Path:
    """Write a file as somebody's lab does: activity (400, 6), a place, a running number."""
    random = np.random.default_rng(seed)
    arrays = {
        "activity": random.poisson(1.0, (400, 6)).astype(np.float64),
        "x": np.abs(np.linspace(-1, 1, 400)),
        "state": np.arange(400) // 200,
        **more,
    }
    joblib.dump(arrays, path)
    return path


@pytest.fixture
def lab_file(tmp_path):
    return write_lab_file(tmp_path / "mouse.jl")


@pytest.fixture
def empty():
    workspace = Workspace()
    yield workspace
    workspace.close()


@pytest.fixture
def looked(empty, lab_file):
    """A file that was looked into."""
    files = empty.prepare_import(lab_file)
    files.look().wait()
    yield files
    files.close()


def test_what_a_file_holds_and_a_guess_are_known_after_a_look(looked):
    assert list(looked.contents.entries) == ["activity", "x", "state"]
    assert looked.proposal.fields["neural"] == "activity"
    assert not looked.is_remembered


def test_files_that_need_no_mapping_are_put_aside(empty, tmp_path, lab_file, small_sessions):
    write_sessions(tmp_path / "ours.npz", small_sessions)
    rats = write_lab_file(tmp_path / "rat.jl", spikes=np.zeros((400, 3)))
    files = empty.prepare_import([tmp_path / "ours.npz", lab_file, rats])
    files.look().wait()
    assert files.own == [tmp_path / "ours.npz", rats]
    assert files.files == [lab_file]
    assert not needs_mapping(tmp_path / "ours.npz")


def test_a_folder_of_sorted_spikes_is_asked_about_as_its_spike_times_are(tmp_path):
    for name in ("spike_times", "spike_clusters"):
        np.save(tmp_path / f"{name}.npy", np.arange(100))
    for path in (tmp_path, tmp_path / "spike_times.npy"):
        assert may_need_mapping(path)
        assert needs_mapping(path)
    (tmp_path / "other").mkdir()
    assert not may_need_mapping(tmp_path / "other")


def test_a_file_that_cannot_be_read_ends_the_look_with_its_name(empty, tmp_path):
    (tmp_path / "broken.jl").write_bytes(b"nothing")
    with pytest.raises(SessionError, match=r"broken\.jl"):
        empty.prepare_import(tmp_path / "broken.jl").look().wait()


def test_a_mapping_is_tried_and_gives_the_sessions(looked):
    checked = looked.check(MAPPING).wait()
    assert checked.is_valid
    assert [str(session).splitlines()[0] for session in checked.sessions] == ["mouse"]
    assert checked.sessions[0].neural.shape == (400, 6)
    assert checked.sessions[0].units["place"] == "m"


@pytest.mark.parametrize(
    ("change", "words", "fields"),
    [
        ({"neural": ()}, "neural", ("neural",)),
        ({"labels": {}}, "Add a label", ("labels",)),
        ({"bin_width": -1}, "bin width: input should be greater than 0", ("bin_width",)),
        ({"neural": "nothing"}, "The file holds no 'nothing'", ("neural",)),
        ({"labels": {"place": {"source": "state"}}}, "integers", ("labels.place",)),
        ({"labels": {"place": {"source": "posit"}}}, "The file holds no 'posit'", ("labels.place",)),
        ({"during": "x"}, "during needs intervals", ("during",)),
        ({"segments": {"changes_of": "lap"}}, "no label of that name", ("segments",)),
        ({"min_rate": 1e6}, "no neuron has", ("min_rate",)),
    ],
)
def test_what_is_wrong_is_said_in_words_with_the_field(looked, change, words, fields):
    checked = looked.check(MAPPING | change).wait()
    assert not checked.is_valid
    assert words.lower() in checked.problem.lower()
    assert checked.fields == fields
    assert str(looked.files[0]) not in checked.problem
    assert "it holds\n" not in checked.problem


def test_of_several_tries_the_last_one_counts(empty, lab_file):
    files = empty.prepare_import(lab_file)
    files.look().wait()
    go_on, reads = threading.Event(), []
    values = np.ones((400, 6))

    def slow(on_progress):
        reads.append(1)
        go_on.wait(10)
        on_progress(0.5, "half")
        return array_entry("activity", values).read(on_progress)

    entry = files.contents.entries["activity"]
    object.__setattr__(entry, "read", slow)
    told = []
    files.events.checked.connect(lambda checked: told.append(checked.mapping.bin_width))
    first = files.check(MAPPING | {"bin_width": 0.1})
    last = files.check(MAPPING | {"bin_width": 0.2})
    go_on.set()
    assert last.wait(30).mapping.bin_width == 0.2
    first.wait(30)
    assert told == [0.2]
    assert first.state == "dropped"
    files.close()


def test_large_activity_is_read_on_demand_alone(looked, monkeypatch):
    monkeypatch.setattr("napari_unison.workspace.mapping_checks.LARGE", 1000)
    checked = looked.check(MAPPING).wait()
    assert checked.is_valid
    assert checked.sessions == ()
    assert len(looked.check(MAPPING, read_large=True).wait().sessions) == 1


def test_files_that_are_laid_out_otherwise_are_named_and_can_be_left_out(empty, tmp_path, lab_file):
    alike = write_lab_file(tmp_path / "second.jl", seed=1)
    joblib.dump({"activity": np.ones((10, 2))}, tmp_path / "other.jl")
    flat = write_lab_file(tmp_path / "flat.jl", x=np.ones((400, 2)))
    files = empty.prepare_import([lab_file, alike, tmp_path / "other.jl", flat])
    files.look().wait()
    files.compare().wait()
    assert files.misfits == {
        tmp_path / "other.jl": "it holds no x",
        flat: "its x is array (400, 2) instead of array (400,)",
    }
    files.leave_out(list(files.misfits))
    assert files.files == [lab_file, alike]
    assert files.misfits == {}
    files.close()


def test_a_mapping_is_remembered_for_files_of_one_layout(empty, tmp_path, lab_file, looked):
    looked.remember(FileMapping.model_validate(MAPPING))
    other = write_lab_file(tmp_path / "second.jl", seed=1)
    again = empty.prepare_import(other)
    again.look().wait()
    assert again.is_remembered
    assert again.proposal.mapping == FileMapping.model_validate(MAPPING)
    again.guess().wait()
    assert not again.is_remembered
    assert again.proposal.fields["neural"] == "activity"
    again.close()


def test_a_remembered_mapping_that_is_damaged_is_as_good_as_none(tmp_path):
    kept = RememberedMappings(tmp_path / "kept")
    contents = Contents("a.jl", [array_entry("activity", np.ones((5, 2)))])
    assert kept.find(contents) is None
    kept.remember(contents, FileMapping.model_validate(MAPPING))
    assert kept.find(contents) == FileMapping.model_validate(MAPPING)
    kept.file_of(contents).write_text("neural = [")
    assert kept.find(contents) is None
    kept.forget(contents)
    assert not kept.file_of(contents).exists()


def test_what_was_read_once_is_kept_up_to_a_size():
    reads = []

    def read(on_progress):
        reads.append(1)
        return array_entry("a", np.ones(100)).read(on_progress)

    entry = array_entry("a", np.ones(100))
    object.__setattr__(entry, "read", read)
    for most, times in ((1000, 1), (10, 2)):
        reads.clear()
        contents = keeping_reads(Contents("a.jl", [entry]), most)
        np.testing.assert_array_equal(contents.read("a").values, contents.read("a").values)
        assert len(reads) == times


def test_labels_and_choices_of_intervals_are_proposed(looked):
    name, label = looked.propose_label(["state"], taken=["state"]).wait()
    assert (name, label.kind) == ("state'", "discrete")
    assert looked.interval_values("x").wait() == {}


def test_a_script_holds_the_mapping_with_which_a_file_was_opened(empty, lab_file, tmp_path):
    mapping = FileMapping.model_validate(MAPPING)
    empty.open(lab_file, mapping=mapping)
    text = empty.script()
    assert "'labels': {'place': {'source': 'x', 'unit': 'm'}}" in text
    again = runpy.run_path(str(empty.save_script(tmp_path / "again.py")))["ws"]
    np.testing.assert_array_equal(again.sessions[0].neural, empty.sessions[0].neural)
    assert again.sessions[0].units == empty.sessions[0].units
    again.close()


def test_a_long_mapping_is_written_on_lines_that_can_be_read(empty, lab_file):
    labels = {f"position of animal {n}": {"source": "x", "unit": "m", "scale": 0.0125} for n in range(3)}
    labels |= {
        "the state of the animal in each trial": {"source": "state", "kind": "discrete", "offset": 1.0}
    }
    mapping = FileMapping.model_validate(MAPPING | {"labels": labels})
    empty.open(lab_file, mapping=mapping)
    lines = [line for line in empty.script().splitlines() if str(lab_file) not in line]
    assert max(map(len, lines)) <= 100
    assert "        'labels': {" in lines


def test_a_mapping_in_a_file_is_named_in_the_script(empty, lab_file, tmp_path):
    FileMapping.model_validate(MAPPING).save(tmp_path / "lab.toml")
    empty.open(lab_file, mapping=tmp_path / "lab.toml")
    assert repr(str(tmp_path / "lab.toml")) in empty.script()


def test_of_a_batch_all_files_are_opened_or_none(empty, lab_file, tmp_path):
    joblib.dump({"activity": np.ones((10, 2))}, tmp_path / "other.jl")
    with pytest.raises(SessionError, match=r"other\.jl"):
        empty.open([lab_file, tmp_path / "other.jl"], mapping=MAPPING)
    assert len(empty.sessions) == 0
    empty.open([lab_file, write_lab_file(tmp_path / "second.jl", seed=1)], mapping=MAPPING)
    assert [session.name for session in empty.sessions] == ["mouse", "second"]


def test_opening_that_is_stopped_adds_nothing(empty, lab_file, monkeypatch):
    def load(paths, *, on_progress, **options):
        on_progress(0.2, "reading")
        empty.job.stop()
        on_progress(0.4, "reading more")
        raise AssertionError("it goes on")

    monkeypatch.setattr("napari_unison.workspace.state.load_sessions", load)
    begun = empty.open(lab_file, mapping=MAPPING, background=True)
    begun.wait(30)
    assert begun.state == "stopped"
    assert begun.phase == "Opening mouse.jl was stopped; nothing was added"
    assert len(empty.sessions) == 0


def test_sessions_that_do_not_go_with_the_open_ones_are_told_before_they_are_opened(looked, empty, lab_file):
    empty.open(lab_file, mapping=MAPPING)
    checked = looked.check(MAPPING).wait()
    assert not checked.is_valid
    assert checked.problem == (
        "A session named 'mouse' is open already. Give this one another name, such as 'mouse (2)', or remove "
        "the open one first."
    )
    assert checked.fields == ("name",)
    assert looked.check(MAPPING | {"name": checked.taken.free_name}).wait().sessions[0].name == "mouse (2)"
    other = MAPPING | {"name": "other", "labels": {"x": {"source": "x"}}}
    checked = looked.check(other).wait()
    assert "lacks place and has also x" in checked.problem
    # it can be looked at all the same
    assert len(checked.sessions) == 1
    assert looked.check(MAPPING | {"name": "other"}).wait().is_valid


def test_where_labels_are_missing_the_file_that_goes_with_it_is_named(empty, tmp_path):
    for name in ("m1_day2_spikes.mat", "m1_day3_spikes.mat", "m2_day2_position.mat"):
        (tmp_path / name).touch()
    file = tmp_path / "m1_day2_spikes.jl"
    joblib.dump({"activity": np.ones((40, 6))}, file)
    files = empty.prepare_import(file)
    files.look().wait()
    incomplete = {"neural": "activity", "bin_width": 0.05}
    assert files.check(incomplete).wait().problem == (
        "Add a label, such as a position: drag an entry into the table of labels."
    )
    joblib.dump({"x": np.arange(40.0)}, tmp_path / "m1_day2_position.jl")
    problem = files.check(incomplete).wait().problem
    assert problem.endswith("If labels are in m1_day2_position.jl: press Add a file beside…")
    beside = {"beside": {"labels": ["spikes", "position"]}}
    labels = {"labels": {"place": {"source": "labels:x"}}}
    assert files.check(incomplete | beside | labels).wait().is_valid
    files.close()


def test_names_that_are_taken_are_told_before_anything_is_read(looked, empty, lab_file, monkeypatch):
    empty.open(lab_file, mapping=MAPPING | {"name": "{stem} (2)"})
    empty.open(lab_file, mapping=MAPPING | {"name": "mouse a"})
    monkeypatch.delattr("napari_unison.workspace.mapping_checks.sessions_from")
    # a number is counted on, not put behind another
    assert looked.check(MAPPING | {"name": "{stem} (2)"}).wait().taken.free_name == "{stem} (3)"
    several = MAPPING | {"name": "{stem} {day}", "each": {"day": ["a", "b"]}}
    checked = looked.check(several).wait()
    assert "'mouse a' is open already" in checked.problem
    assert checked.taken.free_name == "{stem} {day} (2)"


def test_files_of_one_name_are_told_before_anything_is_read_and_told_apart_by_their_folders(empty, tmp_path):
    for folder in ("monday", "tuesday"):
        (tmp_path / folder).mkdir()
    twins = [write_lab_file(tmp_path / folder / "m1.jl") for folder in ("monday", "tuesday")]
    files = empty.prepare_import(twins)
    files.look().wait()
    checked = files.check(MAPPING).wait()
    assert checked.problem.startswith("Two of these files would make a session named 'm1'")
    assert (checked.fields, checked.taken.example) == (("name",), "monday m1")
    renamed = MAPPING | {"name": checked.taken.free_name}
    assert files.check(renamed).wait().is_valid
    assert [one.name for one in empty.open(twins, mapping=renamed).result] == ["monday m1", "tuesday m1"]
    # once more, folders do not help
    assert files.check(MAPPING).wait().taken.free_name == ""
    files.close()


def test_a_number_against_a_taken_name_is_not_remembered(looked):
    looked.remember(FileMapping.model_validate(MAPPING | {"name": "{stem} (2)"}))
    assert looked.remembered.find(looked.contents).name == "{stem}"


def test_a_file_is_closed_once_nobody_reads_it(empty, lab_file, monkeypatch):
    closed = threading.Event()
    contents = Contents("a.jl", [array_entry("activity", np.ones((5, 2)))], close=closed.set)
    monkeypatch.setattr("napari_unison.workspace.file_imports.open_contents", lambda *_: contents)
    files = empty.prepare_import(lab_file, own_too=True)
    files.look().wait()
    assert not closed.is_set()
    files.close()
    files.close()
    assert closed.wait(30)
    with pytest.raises(SessionError, match="no file is open"):
        files.check(MAPPING).wait()
