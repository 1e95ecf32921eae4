"""Sessions come back from every kind of file exactly as they were."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from scipy import sparse

from any_sessions import any_sessions, assert_same
from napari_unison.sessions import (
    Session,
    SessionError,
    load_session,
    load_sessions,
    sample_sessions,
    write_session_nwb,
    write_sessions,
)
from napari_unison.sessions.formats import hdf5_soundness

WALK_THROUGH = hdf5_soundness.require_sound_hdf5
ENDINGS = [".npz", ".csv", ".parquet", ".nwb"]
TABLES_AND_NWB = [".csv", ".parquet", ".nwb"]


@pytest.fixture(scope="module", autouse=True)
def no_other_process():
    """Files that these tests write whole are not walked through beforehand, which takes a process each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hdf5_soundness, "require_sound_hdf5", lambda path: None)
        yield


def small_session(name="rat 1", **changes) -> Session:
    random = np.random.default_rng(0)
    session = Session(
        name,
        random.poisson(0.4, (60, 4)).astype(np.uint8),
        {
            "position": np.linspace(0, 1.6, 60),
            "xy": random.random((60, 2)),
            "heading": random.uniform(-3, 3, 60),
            "direction": np.array(["left", "right"] * 30),
            "speed": random.random(60).astype(np.float32),
        },
        0.025,
        start=12.5,
        kinds={"heading": "circular"},
        units={"position": "m", "xy": "cm", "speed": "m/s"},
        segment=np.repeat([4, 9], 30),
        neurons={"id": ["a", "b", "c", "d"], "place_field": random.random((4, 2, 8))},
    )
    return session.replace(**changes)


@pytest.mark.parametrize("ending", ENDINGS)
@settings(max_examples=40)
@given(session=any_sessions())
def test_any_session_comes_back(tmp_path_factory, ending, session):
    file = tmp_path_factory.mktemp("any") / f"session{ending}"
    write_sessions(file, [session])
    assert_same(session, load_session(file))


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_large_sparse_session_comes_back_in_blocks(tmp_path, ending):
    counts = sparse.random_array((40_000, 60), density=0.01, format="csr", rng=np.random.default_rng(1))
    session = Session("long", counts, {"position": np.arange(40_000.0)}, 0.02)[np.arange(40_000) % 999 > 5]
    write_sessions(tmp_path / f"long{ending}", [session])
    assert_same(session, load_session(tmp_path / f"long{ending}"))


def test_a_table_has_time_labels_with_units_and_a_column_for_each_neuron(tmp_path):
    session = small_session()
    write_sessions(tmp_path / "rat.csv", [session])
    write_sessions(tmp_path / "rat.parquet", [session])
    text = pd.read_csv(tmp_path / "rat.csv", float_precision="round_trip")
    frame = pd.read_parquet(tmp_path / "rat.parquet")
    for table in (text, frame):
        assert list(table.columns[:6]) == ["session", "time_s", "segment", "position_m", "xy_1_cm", "xy_2_cm"]
        assert list(table.columns[-4:]) == ["neuron_a", "neuron_b", "neuron_c", "neuron_d"]
        np.testing.assert_array_equal(table["time_s"], session.time)
        np.testing.assert_array_equal(table["position_m"], session.labels["position"])
    np.testing.assert_array_equal(text["speed_m/s"].astype(np.float32), session.labels["speed"])
    assert frame["neuron_a"].dtype == np.uint8


def test_columns_of_one_name_are_told_apart(tmp_path):
    session = small_session().replace(labels={"segment": np.arange(60.0), "time_s": np.arange(60.0)})
    write_sessions(tmp_path / "rat.csv", [session])
    header = (tmp_path / "rat.csv").read_text().splitlines()[0]
    assert header.startswith("session,time_s,segment,segment (2),time_s (2),")
    assert_same(session, load_session(tmp_path / "rat.csv"))


def test_other_programs_find_behaviour_where_nwb_has_it(tmp_path):
    import pynwb

    session = small_session()
    write_session_nwb(tmp_path / "rat.nwb", session)
    with pynwb.NWBHDF5IO(tmp_path / "rat.nwb", "r") as file:
        nwb = file.read()
        behaviour = nwb.processing["behavior"]
        position = behaviour["Position"]["position"]
        assert (position.unit, position.rate, position.starting_time) == ("meters", 40.0, 12.5)
        assert behaviour["CompassDirection"]["heading"].unit == "radians"
        direction = behaviour["BehavioralTimeSeries"]["direction"]
        assert "0 = 'left', 1 = 'right'" in direction.description
        assert direction.data[:3].tolist() == [0, 1, 0]
        assert nwb.processing["unison"]["activity"].data.shape == (60, 4)
        assert nwb.intervals["segments"].to_dataframe()["segment"].tolist() == [4, 9]
        neurons = nwb.processing["unison"]["neurons"]
        assert list(neurons["neuron_id"][:]) == ["a", "b", "c", "d"]
        assert neurons["place_field"].data.shape == (4, 2, 8)


def test_gaps_stand_in_the_timestamps(tmp_path):
    session = small_session()[np.arange(60) % 20 > 3]
    write_session_nwb(tmp_path / "rat.nwb", session)
    with h5py.File(tmp_path / "rat.nwb") as file:
        np.testing.assert_array_equal(file["processing/unison/activity/timestamps"], session.time)
        stops = file["intervals/segments/stop_time"][:]
        last = [session.time[part.stop - 1] for part in session.segment_slices()]
        np.testing.assert_allclose(stops, np.array(last) + 0.025)
    assert_same(session, load_session(tmp_path / "rat.nwb"))


@pytest.mark.parametrize("has_gaps", [False, True])
def test_nwb_files_pass_the_inspector(tmp_path, has_gaps):
    import nwbinspector
    import pynwb

    session = small_session()
    write_session_nwb(
        tmp_path / "rat.nwb",
        session[np.arange(60) % 20 > 3] if has_gaps else session,
        metadata={"session_start_time": datetime(2024, 5, 1, tzinfo=UTC), "experimenter": ["Doe, Jo"]},
        subject={"subject_id": "rat 1", "species": "Rattus norvegicus", "sex": "F", "age": "P90D"},
    )
    assert pynwb.validate(path=tmp_path / "rat.nwb") == []
    found = list(nwbinspector.inspect_nwbfile(tmp_path / "rat.nwb"))
    assert {message.importance.name for message in found} <= {"BEST_PRACTICE_SUGGESTION"}, found


def test_a_date_that_nobody_told_is_said_to_be_unknown(tmp_path):
    import pynwb

    write_session_nwb(tmp_path / "rat.nwb", small_session())
    with pynwb.NWBHDF5IO(tmp_path / "rat.nwb", "r") as file:
        nwb = file.read()
        assert "The date of the recording is not known" in nwb.session_description
        assert nwb.subject is None


@pytest.mark.parametrize("ending", TABLES_AND_NWB)
def test_several_sessions_need_a_file_each_or_npz(tmp_path, ending):
    sessions = [small_session(), small_session("rat 2")]
    with pytest.raises(SessionError, match=r"holds one session, and these are 2"):
        write_sessions(tmp_path / f"rats{ending}", sessions)
    for session in sessions:
        write_sessions(tmp_path / f"{session.name}{ending}", [session])
    loaded = load_sessions([tmp_path / f"rat {number}{ending}" for number in (1, 2)])
    assert [session.name for session in loaded] == ["rat 1", "rat 2"]


@pytest.mark.parametrize("ending", TABLES_AND_NWB)
def test_what_a_file_cannot_carry_is_refused_and_leaves_nothing(tmp_path, ending):
    wide = small_session(neurons={"depth": np.arange(4, dtype=np.longdouble)})
    with pytest.raises(SessionError, match=r"column 'depth' of neurons holds .*, which only \.npz can carry"):
        write_sessions(tmp_path / f"rat{ending}", [wide])
    assert list(tmp_path.iterdir()) == []


def test_half_letters_are_refused_by_tables_and_zeros_by_nwb(tmp_path):
    session = small_session()
    half = session.replace(labels={"direction": np.array(["left", "\ud800"] * 30)})
    for ending in (".csv", ".parquet"):
        with pytest.raises(SessionError, match=r"label 'direction' holds .*give it another name"):
            write_sessions(tmp_path / f"rat{ending}", [half])
    write_sessions(tmp_path / "rat.nwb", [half])
    assert_same(half, load_session(tmp_path / "rat.nwb"))
    zero = session.replace(neurons={"area": ["CA\x001", "CA3", "CA3", "CA3"]})
    with pytest.raises(SessionError, match=r"column 'area' of neurons holds a text that NWB cannot carry"):
        write_sessions(tmp_path / "other.nwb", [zero])
    assert [file.name for file in tmp_path.iterdir()] == ["rat.nwb"]


@pytest.mark.parametrize(("ending", "package"), [(".nwb", "pynwb"), (".parquet", "pyarrow")])
def test_what_is_not_installed_is_named(tmp_path, monkeypatch, ending, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SessionError, match=r'pip install "napari-unison\[(nwb|table)\]"'):
        write_sessions(tmp_path / f"rat{ending}", [small_session()])
    assert list(tmp_path.iterdir()) == []


def test_a_table_that_was_changed_is_told_from_the_one_that_was_written(tmp_path):
    file = tmp_path / "rat.csv"
    write_sessions(file, [small_session()])
    file.write_text(file.read_text().replace("left", "LEFT"))
    with pytest.raises(SessionError, match=r"rat\.csv: is not the table that rat\.csv\.json was written for"):
        load_session(file)


def test_a_table_replaces_one_of_the_same_name(tmp_path):
    write_sessions(tmp_path / "rat.csv", [small_session()])
    write_sessions(tmp_path / "rat.csv", [small_session("rat 2")])
    assert load_session(tmp_path / "rat.csv").name == "rat 2"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["rat.csv", "rat.csv.json"]


def damaged(file, change) -> str:
    change(file)
    with pytest.raises(SessionError) as caught:
        load_session(file)
    assert file.name in str(caught.value)
    return str(caught.value)


def test_facts_that_do_not_fit_the_table_are_damage(tmp_path):
    def widen(file):
        facts = json.loads(file.with_name("rat.csv.json").read_text())
        facts["session"]["shape"] = [60, 5]
        file.with_name("rat.csv.json").write_text(json.dumps(facts))

    write_sessions(tmp_path / "rat.csv", [small_session()])
    assert "has 13 columns instead of 14" in damaged(tmp_path / "rat.csv", widen)


def cut_a_column(file):
    with h5py.File(file, "r+") as opened:
        values = opened["processing/behavior/Position/position/data"][:10]
        del opened["processing/behavior/Position/position/data"]
        opened["processing/behavior/Position/position/data"] = values


def forget_the_segments(file):
    with h5py.File(file, "r+") as opened:
        opened["intervals/segments/n_bins"][0] = 3


def newer(file):
    with h5py.File(file, "r+") as opened:
        facts = json.loads(opened["scratch/napari-unison session"].asstr()[()])
        opened["scratch/napari-unison session"][()] = json.dumps(facts | {"version": 99})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (cut_a_column, "has shape (10,) instead of (60,)"),
        (forget_the_segments, "does not cover the 60 bins"),
        (newer, "written by a newer napari-unison (layout 99)"),
        (lambda file: file.write_bytes(file.read_bytes()[:30_000]), ""),
    ],
)
def test_damaged_nwb_files_are_refused_by_name(tmp_path, monkeypatch, change, told):
    monkeypatch.setattr(hdf5_soundness, "require_sound_hdf5", WALK_THROUGH)
    write_sessions(tmp_path / "rat.nwb", [small_session()])
    assert told in damaged(tmp_path / "rat.nwb", change)


def test_a_cut_parquet_file_is_refused(tmp_path):
    write_sessions(tmp_path / "rat.parquet", [small_session()])
    damaged(tmp_path / "rat.parquet", lambda file: file.write_bytes(b"PAR1" + file.read_bytes()[2000:]))


def test_the_sample_goes_through_nwb(tmp_path):
    session = sample_sessions("linear-track")[0]
    write_sessions(tmp_path / "rat.nwb", [session])
    assert_same(session, load_session(tmp_path / "rat.nwb"))
    assert load_session(tmp_path / "rat.nwb", name="other").name == "other"
