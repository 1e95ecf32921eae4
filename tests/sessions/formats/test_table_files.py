"""Tables: every column by its name, times in seconds, and what is wrong with the line it is on."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_unison.sessions import SessionError, load_session
from napari_unison.sessions.formats import table_columns, text_tables, told_streams
from napari_unison.sessions.formats.table_files import open_contents
from napari_unison.sessions.importing import memory
from napari_unison.sessions.importing.time_names import seconds_in_name

RNG = np.random.default_rng(0)
TIME = np.arange(60) * 0.05 + 3
COUNTS = RNG.poisson(1.0, (60, 3))
POSITION = np.linspace(0, 160, 60)


def table(**columns):
    neurons = {f"neuron_{1 + i}": COUNTS[:, i] for i in range(3)}
    return pd.DataFrame({"time": TIME, **neurons, "position (cm)": POSITION, **columns})


def written(path, frame):
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, sep="\t" if path.suffix == ".tsv" else ",", index=False)
    return path


MAPPING = {
    "neural": "neuron_*",
    "labels": {
        "position": {"source": "position (cm)", "scale": 0.01, "unit": "m"},
        "side": {"source": "side"},
    },
}


@pytest.mark.parametrize("name", ["rat.csv", "rat.csv.gz", "rat.tsv", "rat.parquet"])
def test_a_table_of_any_kind_is_a_session(tmp_path, name):
    side = np.where(np.arange(60) < 30, "left", "größer")
    session = load_session(written(tmp_path / name, table(side=side)), mapping=MAPPING)
    assert session.name == "rat"
    np.testing.assert_array_equal(session.neural, COUNTS)
    assert session.neurons["id"].tolist() == ["neuron_1", "neuron_2", "neuron_3"]
    np.testing.assert_allclose(session.time, TIME)
    assert session.bin_width == pytest.approx(0.05)
    np.testing.assert_allclose(session.labels["position"], POSITION / 100, atol=1e-12)
    assert session.units["position"] == "m"
    assert session.labels["side"].tolist() == side.tolist()


def test_columns_are_entries_with_type_unit_and_rate(tmp_path):
    frame = table(side="left", moving=True, speed=1.5).rename(columns={"speed": "speed (m/s)"})
    with open_contents(written(tmp_path / "a.csv", frame)) as contents:
        said = {path: (e.kind, e.dtype, e.unit) for path, e in contents.entries.items()}
        assert contents.entries["neuron_1"].rate == pytest.approx(20)
    assert said == {
        "time": ("array", "float64", "s"),
        "neuron_1": ("series", "int64", ""),
        "neuron_2": ("series", "int64", ""),
        "neuron_3": ("series", "int64", ""),
        "position (cm)": ("series", "float64", "cm"),
        "side": ("series", "str", ""),
        "moving": ("series", "bool", ""),
        "speed (m/s)": ("series", "float64", "m/s"),
    }


def times_of(path):
    with open_contents(path) as contents:
        return next(iter(contents.entries.values())), contents.read(list(contents.entries)[1]).time


@pytest.mark.parametrize(
    ("name", "unit"),
    [("time", 1), ("Time [s]", 1), ("t", 1), ("time_ms", 1e-3), ("time (ms)", 1e-3), ("Timestamps_us", 1e-6)],
)
def test_times_are_seconds_whatever_the_name_of_their_column_says(tmp_path, name, unit):
    for file in ("a.csv", "a.parquet"):
        frame = pd.DataFrame({name: [2.0, 4.0, 6.0], "x": [1, 2, 3]})
        entry, time = times_of(written(tmp_path / file, frame))
        assert (entry.path, entry.unit) == (name, "s")
        np.testing.assert_allclose(time, np.array([2.0, 4.0, 6.0]) * unit)


def test_dates_are_seconds_since_the_first(tmp_path):
    texts = ["2026-01-05T10:00:00.000", "2026-01-05T10:00:00.500", "2026-01-05 10:00:01"]
    _, time = times_of(written(tmp_path / "a.csv", pd.DataFrame({"time": texts, "x": [1, 2, 3]})))
    np.testing.assert_allclose(time, [0, 0.5, 1])
    for zone in (None, "Europe/Zurich"):
        dates = pd.DatetimeIndex(pd.to_datetime(texts, format="ISO8601")).tz_localize(zone)
        frame = pd.DataFrame({"when": dates, "x": [1, 2, 3]})
        _, time = times_of(written(tmp_path / "a.parquet", frame))
        np.testing.assert_allclose(time, [0, 0.5, 1])


def test_a_column_called_time_that_does_not_rise_is_no_time_of_the_rows(tmp_path):
    frame = pd.DataFrame({"time": [0, 1, 0, 1], "x": [1, 2, 3, 4]})
    with open_contents(written(tmp_path / "a.csv", frame)) as contents:
        assert {entry.kind for entry in contents.entries.values()} == {"array"}


def test_a_name_is_of_time_only_if_it_says_so():
    named = {name: seconds_in_name(name) for name in ("timer", "trial_time", "speed_ms", "spike_time_ms")}
    assert named == {"timer": None, "trial_time": None, "speed_ms": None, "spike_time_ms": 1e-3}


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("time;x\n0,5;1\n1,5;2,25\n", {"time": [0.5, 1.5], "x": [1, 2.25]}),
        ("\ufefftime, x\r\n0.5, 1\r\n1.5, 2.25\r\n", {"time": [0.5, 1.5], "x": [1, 2.25]}),
        ("# time\tx\n0.5\t1\n\n1.5\t2.25\n", {"time": [0.5, 1.5], "x": [1, 2.25]}),
        ("0.5,1\n1.5,2.25\n", {"column 1": [0.5, 1.5], "column 2": [1, 2.25]}),
        ("0,1\n0.5,1\n1.5,2.25\n", {"0": [0.5, 1.5], "1": [1, 2.25]}),
        (",x\n0,1\n1,2.25\n", {"column 1": [0, 1], "x": [1, 2.25]}),
        ("time,x,\n0.5,1,\n1.5,2.25,\n", {"time": [0.5, 1.5], "x": [1, 2.25]}),
        ("x\n1\nNaN\n", {"x": [1, np.nan]}),
        ('a,"b, c"\n1,"l ""r"""\n2,\n', {"a": [1, 2], "b, c": ['l "r"', ""]}),
        ("a,b\n1,True\n2,NA\n", {"a": [1, 2], "b": ["True", ""]}),
        ("a;b\n1;2,5\n1;2.5\n", {"a": [1, 1], "b": ["2,5", "2.5"]}),
    ],
)
def test_tables_are_read_as_programs_write_them(tmp_path, text, columns):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8", newline="")
    with open_contents(tmp_path / "a.csv") as contents:
        found = {path: contents.read(path).values for path in contents.entries}
    assert list(found) == list(columns)
    for name, values in columns.items():
        np.testing.assert_array_equal(found[name], values)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", r"a\.csv is empty"),
        (b"\n  \n", r"a\.csv is empty"),
        (b"time,x\n", r"a\.csv has names of columns, but no rows"),
        (b"time,x\n1,2\n3\n", r"a\.csv: line 3 has 1 columns, and the first has 2"),
        (b"\ntime,x\n1,2\n3,4,5\n", r"a\.csv: line 4 has 3 columns"),
        (b"time,x, x\n1,2,3\n", r"a\.csv has 1 name\(s\) on more than one column: 'x'"),
        (b"time,x\n1,2\n2,Gr\xf6\xdfe\n", r"a\.csv is not UTF-8 \(line 3, byte 4\)"),
        ("time,x\n1,2\n".encode("utf-16"), r"a\.csv is no table of text \(line 1\)|not UTF-8 \(line 1"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", r"a\.csv is not UTF-8 \(line 1"),
        (b"time,x\r1,2\r3,4\r", r"a\.csv: line 1 has a carriage return inside"),
        (b'time,"x" y\n1,2\n' + b'"' * 3 + b",4\n", r"a\.csv: line 3 cannot be read"),
        (b'time,x\n1,"2\n3,4\n', r"a\.csv: line \d cannot be read \(.*quote that is not closed"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_with_its_line(tmp_path, content, told):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(SessionError, match=told):
        open_contents(tmp_path / "a.csv")


def test_damaged_files_are_refused_by_name(tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"time,x\n" + b"1,2\n" * 1000)[:-20])
    with pytest.raises(SessionError, match=r"a\.csv\.gz cannot be read, or is damaged"):
        open_contents(tmp_path / "a.csv.gz")
    (tmp_path / "b.csv.gz").write_bytes(b"time,x\n1,2\n")
    with pytest.raises(SessionError, match=r"b\.csv\.gz cannot be read, or is damaged"):
        open_contents(tmp_path / "b.csv.gz")
    file = written(tmp_path / "c.parquet", table())
    file.write_bytes(file.read_bytes()[:-30])
    with pytest.raises(SessionError, match=r"c\.parquet cannot be read, or is damaged"):
        open_contents(file)
    file = written(tmp_path / "d.parquet", table(side="left"))
    content = bytearray(file.read_bytes())
    content[4:60] = bytes(56)
    file.write_bytes(content)
    with pytest.raises(SessionError, match=r"d\.parquet cannot be read, or is damaged"):
        load_session(file, mapping={**MAPPING, "time": "time"})


def test_what_unpacks_to_more_than_the_memory_is_refused_while_it_is_unpacked(tmp_path, monkeypatch):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"time,x\n" + b"1,2\n" * 50_000))
    monkeypatch.setattr(text_tables, "available_memory", lambda: 100_000)
    with pytest.raises(SessionError, match=r"a\.csv\.gz is longer than the memory that is free"):
        open_contents(tmp_path / "a.csv.gz")
    monkeypatch.setattr(text_tables, "available_memory", lambda: 10**9)
    monkeypatch.setattr(memory, "available_memory", lambda: 1_000_000)
    with pytest.raises(SessionError, match=r"a\.csv\.gz: the table would take 1\.6 MB of memory"):
        open_contents(tmp_path / "a.csv.gz")


def test_one_long_text_among_many_does_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 1_000_000)
    with pytest.raises(SessionError, match=r"a\.csv: note would take 400\.0 MB"):
        table_columns.texts_array(["x"] * 9_999 + ["x" * 10_000], "a.csv", "note")


def test_parquet_columns_keep_their_types_and_gaps(tmp_path):
    frame = pd.DataFrame(
        {
            "small": np.array([1, 2, 3], np.int8),
            "half": np.array([1, 2, 3], np.float32),
            "gap": pd.array([1, None, 3], "Int64"),
            "maybe": pd.array([True, None, False], "boolean"),
            "text": ["a", None, "c"],
            "category": pd.Categorical(["l", "r", "l"]),
            "lasted": pd.to_timedelta([1, 2, 3], unit="s"),
        }
    )
    frame.to_parquet(tmp_path / "a.parquet", row_group_size=2)
    with open_contents(tmp_path / "a.parquet") as contents:
        said = {path: entry.dtype for path, entry in contents.entries.items()}
        found = {path: contents.read(path).values for path in contents.entries}
    assert said["small"] == "int8"
    assert found["small"].dtype == np.int8
    assert found["half"].dtype == np.float32
    np.testing.assert_array_equal(found["gap"], [1, np.nan, 3])
    np.testing.assert_array_equal(found["maybe"], [1, np.nan, 0])
    assert found["text"].tolist() == ["a", "", "c"]
    assert found["category"].tolist() == ["l", "r", "l"]
    assert found["lasted"].tolist() == [1, 2, 3]


def test_nested_parquet_columns_are_refused_by_name_and_the_others_read(tmp_path):
    file = tmp_path / "a.parquet"
    table(spikes=[[1.0]] * 60, side="left").to_parquet(file)
    assert load_session(file, mapping=MAPPING).n_neurons == 3
    with (
        open_contents(file) as contents,
        pytest.raises(SessionError, match=r"a\.parquet: spikes is a column of list<.*double>.*spread it"),
    ):
        contents.read("spikes")


def test_an_empty_parquet_table_and_a_name_twice_are_refused(tmp_path):
    table().iloc[:0].to_parquet(tmp_path / "a.parquet")
    with pytest.raises(SessionError, match=r"a\.parquet has no rows"):
        open_contents(tmp_path / "a.parquet")
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pa.table([[1], [2]], names=["x", "x"]), tmp_path / "b.parquet")
    with pytest.raises(SessionError, match=r"b\.parquet has 1 name\(s\) on more than one column: 'x'"):
        open_contents(tmp_path / "b.parquet")


def test_parquet_tells_progress_for_each_group_of_rows(tmp_path):
    pd.DataFrame({"x": np.arange(10), "name": "a"}).to_parquet(tmp_path / "a.parquet", row_group_size=4)
    for name in ("x", "name"):
        told = []
        with open_contents(tmp_path / "a.parquet") as contents:
            contents.read(name, lambda share, words, told=told: told.append((share, words)))
        assert told == [(1 / 3, f"reading {name}"), (2 / 3, f"reading {name}"), (1.0, f"reading {name}")]


def test_what_progress_raises_passes_through_and_leaves_nothing_open(tmp_path):
    pd.DataFrame({"x": np.arange(10), "name": "a"}).to_parquet(tmp_path / "a.parquet", row_group_size=4)

    def stop(share, words):
        raise ValueError("stopped by a person")

    for name in ("x", "name"):
        with (
            open_contents(tmp_path / "a.parquet") as contents,
            pytest.raises(ValueError, match="stopped by a person") as stopped,
        ):
            contents.read(name, stop)
        assert not isinstance(stopped.value, SessionError)
    (tmp_path / "a.parquet").unlink()


def test_texts_of_a_parquet_table_that_are_no_utf8_are_damage(tmp_path):
    file = tmp_path / "a.parquet"
    pd.DataFrame({"name": [f"side {i}" for i in range(20)]}).to_parquet(file, compression=None)
    file.write_bytes(file.read_bytes().replace(b"side 7", b"sid\xff 7"))
    with (
        open_contents(file) as contents,
        pytest.raises(SessionError, match=r"a\.parquet cannot be read, or is"),
    ):
        contents.read("name")


NUMBERS = st.one_of(
    st.lists(st.integers(-(2**40), 2**40), min_size=3, max_size=3),
    st.lists(st.floats(allow_infinity=False, width=64), min_size=3, max_size=3),
)
TEXTS = st.lists(
    st.text('abzäß"\n,;\t', min_size=1, max_size=5).map(lambda text: f"_{text}"), min_size=3, max_size=3
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    columns=st.lists(st.one_of(NUMBERS, TEXTS), min_size=1, max_size=5),
    separator=st.sampled_from([",", ";", "\t"]),
    ends=st.sampled_from(["\n", "\r\n"]),
)
def test_any_table_that_pandas_writes_comes_back_as_it_was(tmp_path, columns, separator, ends):
    frame = pd.DataFrame({f"a{i} of it": values for i, values in enumerate(columns)})
    frame.to_csv(tmp_path / "any.csv", sep=separator, index=False, lineterminator=ends)
    with open_contents(tmp_path / "any.csv") as contents:
        assert list(contents.entries) == list(frame.columns)
        for name, values in frame.items():
            np.testing.assert_array_equal(contents.read(name).values, values.to_numpy())


class StoppedError(Exception):
    """Somebody pressed stop."""


@pytest.mark.parametrize("name", ["long.csv", "long.csv.gz"])
@pytest.mark.parametrize("share", [0.2, 0.7])
def test_reading_a_long_table_is_told_and_can_be_stopped(tmp_path, monkeypatch, name, share):
    monkeypatch.setattr(told_streams, "BLOCK", 2000)
    frame = table(side="left")
    path = written(tmp_path / name, pd.concat([frame.assign(time=TIME + 10 * i) for i in range(40)]))
    told = []
    session = load_session(path, mapping=MAPPING, on_progress=lambda share, _: told.append(share))
    assert session.n_bins == 2400
    assert told == sorted(told)
    assert len([1 for each in told if each < 0.9]) > 10
    assert told[-1] == 1

    def stop(done, words):
        if done > share:
            raise StoppedError(words)

    with pytest.raises(StoppedError, match="long"):
        load_session(path, mapping=MAPPING, on_progress=stop)
    path.unlink()  # nothing holds it open, also where open files cannot be removed
