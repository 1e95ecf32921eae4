"""NumPy's files: what they hold, in blocks, without pickles; and what pynapple saved as .npz."""

from __future__ import annotations

import io
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from napari_unison.sessions import SessionError, load_session, read_sessions, write_sessions
from napari_unison.sessions.formats import npy_arrays
from napari_unison.sessions.formats.numpy_files import open_contents
from napari_unison.sessions.importing import memory

COUNTS = np.random.default_rng(0).poisson(0.5, (200, 7)).astype(np.int16)
POSITION = np.linspace(0, 1.6, 200)


def read(path, entry):
    with open_contents(path) as contents:
        return contents.read(entry).values


def npy_bytes(values, version=None):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, values, version=version, allow_pickle=True)
    return stream.getvalue()


def npy_of_header(header, values=b""):
    text = header.encode() + b" " * 20 + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + values


def test_arrays_of_an_archive_are_a_session(tmp_path):
    file = tmp_path / "rat 1.npz"
    np.savez_compressed(file, spikes=COUNTS, position=POSITION)
    session = load_session(file, bin_width=0.025)
    assert session.name == "rat 1"
    np.testing.assert_array_equal(session.neural, COUNTS)
    np.testing.assert_array_equal(session.labels["position"], POSITION)


def test_neurons_by_bins_are_turned_by_the_length_of_the_labels(tmp_path):
    np.savez(tmp_path / "a.npz", spikes=COUNTS.T, position=POSITION)
    np.testing.assert_array_equal(load_session(tmp_path / "a.npz", bin_width=0.025).neural, COUNTS)


def test_foreign_keys_are_listed_and_a_mapping_takes_them(tmp_path):
    file = tmp_path / "a.npz"
    np.savez(file, A=COUNTS, B=POSITION * 100)
    with pytest.raises(SessionError, match=r"a\.npz: .*name one \(labels\).*\n.*A: array \(200, 7\) int16"):
        load_session(file, neural="A", bin_width=0.02)
    mapping = {
        "neural": "A",
        "bin_width": 0.02,
        "labels": {"position": {"source": "B", "scale": 0.01, "unit": "m"}},
    }
    session = load_session(file, mapping=mapping)
    np.testing.assert_allclose(session.labels["position"], POSITION)
    assert session.units["position"] == "m"


def test_an_array_of_a_file_is_called_as_the_file(tmp_path):
    np.save(tmp_path / "counts.npy", COUNTS)
    np.save(tmp_path / "counts_position.npy", POSITION)
    session = load_session(
        tmp_path / "counts.npy",
        neural="counts",
        bin_width=0.025,
        beside={"behaviour": ("counts", "counts_position")},
        labels={"position": {"source": "behaviour:counts_position"}},
    )
    np.testing.assert_array_equal(session.neural, COUNTS)


@pytest.mark.parametrize(
    "values",
    [
        COUNTS.astype(">f4"),
        np.asfortranarray(COUNTS),
        np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)),
        np.asfortranarray(np.zeros((0, 3, 4))),
        COUNTS.T,
        np.asfortranarray(COUNTS.T),
        np.asfortranarray(COUNTS[:, :2]).astype(">i4"),
        np.array([["a", "bc", "d"], ["e", "f", "g"]]),
        COUNTS > 0,
        np.array(["left", "rechts", "größer"]),
        np.array([b"left", b"right"]),
        np.zeros((0, 5)),
        np.array(3.5),
        np.array([1500, 2500], "m8[ms]"),
        np.float16([0.5, np.nan]),
    ],
)
@pytest.mark.parametrize("block", [npy_arrays.BLOCK, 96])
def test_values_are_those_that_were_saved_whatever_their_type_and_order(tmp_path, monkeypatch, values, block):
    monkeypatch.setattr(npy_arrays, "BLOCK", block)
    np.savez(tmp_path / "a.npz", values=values)
    np.save(tmp_path / "a.npy", values)
    expected = values / np.timedelta64(1, "s") if values.dtype.kind == "m" else values
    expected = np.char.decode(expected) if values.dtype.kind == "S" else expected
    for found in (read(tmp_path / "a.npz", "values"), read(tmp_path / "a.npy", "a")):
        np.testing.assert_array_equal(found, expected)
        assert found.dtype.isnative


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("table", [COUNTS, COUNTS.T])
def test_a_session_takes_over_what_was_read_whichever_way_the_file_has_its_axes(
    tmp_path, monkeypatch, order, table
):
    were_read, reading = [], npy_arrays.StoredArray.read
    monkeypatch.setattr(
        npy_arrays.StoredArray, "read", lambda *given: were_read.append(reading(*given)) or were_read[-1]
    )
    monkeypatch.setattr(npy_arrays, "BLOCK", 100)
    np.savez(tmp_path / "a.npz", spikes=np.asarray(table, order=order), position=POSITION)
    session = load_session(tmp_path / "a.npz", bin_width=0.025)
    np.testing.assert_array_equal(session.neural, COUNTS)
    assert any(np.shares_memory(session.neural, values) for values in were_read)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.one_of(
        arrays.arrays(
            st.one_of(
                arrays.boolean_dtypes(),
                arrays.integer_dtypes(endianness="?"),
                arrays.floating_dtypes(endianness="?"),
            ),
            arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=7),
        ),
        arrays.arrays(st.just(np.dtype("U3")), arrays.array_shapes(max_dims=2)),
    ),
    order=st.sampled_from("CF"),
    block=st.sampled_from([1, 40, npy_arrays.BLOCK]),
    compressed=st.booleans(),
)
def test_any_array_comes_back_as_it_was(tmp_path, values, order, block, compressed):
    save = np.savez_compressed if compressed else np.savez
    save(tmp_path / "any.npz", values=np.asarray(values, order=order))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(npy_arrays, "BLOCK", block)
        found = read(tmp_path / "any.npz", "values")
    np.testing.assert_array_equal(found, values)
    assert found.dtype == values.dtype.newbyteorder("=")


def test_columns_of_a_structured_array_are_entries(tmp_path):
    table = np.zeros(4, dtype=[("x", "f4"), ("place", "f8", (2,)), ("side", "U5"), ("位置", "i2")])
    table["x"], table["side"] = [1, 2, 3, 4], "left"
    with pytest.warns(UserWarning, match="format 3"):
        np.save(tmp_path / "t.npy", table)
    with open_contents(tmp_path / "t.npy") as contents:
        said = {path: (entry.shape, entry.dtype) for path, entry in contents.entries.items()}
        assert said == {
            "t/x": ((4,), "float32"),
            "t/place": ((4, 2), "float64"),
            "t/side": ((4,), "str"),
            "t/位置": ((4,), "int16"),
        }
        assert contents.read("t/x").values.tolist() == [1, 2, 3, 4]
        assert contents.read("t/side").values.tolist() == ["left"] * 4


def test_pickles_are_listed_refused_by_name_and_never_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    np.savez(tmp_path / "a.npz", spikes=COUNTS, position=POSITION, notes=np.array([Bomb()], dtype=object))
    with open_contents(tmp_path / "a.npz") as contents:
        assert contents.entries["notes"].kind == "other"
        with pytest.raises(SessionError, match=r"a\.npz: notes is a pickle of Python objects"):
            contents.read("notes")
    # what is not needed does not stand in the way
    assert load_session(tmp_path / "a.npz", bin_width=0.025).n_neurons == 7
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", r"a\.npy: a is no numpy array"),
        (b"hello, this is text", r"a\.npy: a is no numpy array"),
        (npy_bytes(COUNTS)[:-5], r"says that it holds \(200, 7\) values of int16, 2,928 bytes, but .*2,923"),
        (npy_bytes(COUNTS) + npy_bytes(COUNTS), "one array a file"),
        (b"\x93NUMPY\x07\x00" + bytes(80), r"has version \(7, 0\)"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff", "header of 4,294,967,295 bytes"),
        (npy_of_header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}"), "damaged header"),
        (npy_of_header("{'descr': '<f8', 'fortran_order': 3, 'shape': (1,)}", bytes(8)), "damaged header"),
        (npy_of_header("__import__('os')"), "damaged header"),
        (npy_of_header("(" * 9000), "damaged header"),
        (npy_of_header("-" * 9000 + "1"), "damaged header"),
        (npy_of_header("{'descr': '|V0', 'fortran_order': False, 'shape': (9,)}"), "without a size"),
        (
            npy_of_header("{'descr': ('<f8', (2,)), 'fortran_order': False, 'shape': (1,)}", bytes(16)),
            "damaged",
        ),
        (npy_bytes(np.array([1j])), "a is an array of complex128"),
        (npy_bytes(np.array(["2020-01-01"], "M8[s]")), "a is an array of dates; save times as seconds"),
        (npy_of_header("{'descr': '<U1', 'fortran_order': False, 'shape': (1,)}", b"\xff" * 4), "letters"),
        (npy_of_header("{'descr': '|S1', 'fortran_order': False, 'shape': (1,)}", b"\xff"), "no UTF-8"),
        (
            npy_of_header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': (0, {2**70})}}"),
            "cannot be read",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, content, told):
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(SessionError, match=told), open_contents(tmp_path / "a.npy") as contents:
        contents.read("a")


def test_a_file_that_says_to_be_larger_than_memory_is_refused_before_memory_is_taken(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", spikes=np.zeros((50_000, 8)))
    monkeypatch.setattr(memory, "available_memory", lambda: 1_000_000)
    monkeypatch.setattr(npy_arrays.np, "empty", lambda *_: pytest.fail("memory was taken"))
    with pytest.raises(SessionError, match=r"a\.npz: spikes would take 3\.2 MB of memory, and 1\.0 MB are"):
        read(tmp_path / "a.npz", "spikes")


def test_an_archive_that_says_to_unpack_to_more_than_it_can_is_refused(tmp_path):
    header = npy_of_header("{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000,)}")
    file = tmp_path / "a.npz"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", header)
    content = bytearray(file.read_bytes())
    at = content.find(b"PK\x01\x02") + 24
    content[at : at + 4] = struct.pack("<I", 1_000_000_000)
    file.write_bytes(content)
    with pytest.raises(
        SessionError, match=r"a says that \d+ bytes unpack to 1,000,000,000, which they cannot"
    ):
        open_contents(file)


def test_archives_that_numpy_would_not_write_are_refused(tmp_path):
    file = tmp_path / "a.npz"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("a.npy", npy_bytes(COUNTS))
    with pytest.raises(SessionError, match=r"a\.npz: a is compressed in a way that numpy does not use"):
        open_contents(file)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "nothing here")
    with pytest.raises(SessionError, match=r"a\.npz holds no array"):
        open_contents(file)
    file.write_bytes(b"PK nothing")
    with pytest.raises(SessionError, match=r"a\.npz is damaged or no \.npz file"):
        open_contents(file)


def test_a_version_of_zip_that_there_is_not_is_damage(tmp_path):
    file = tmp_path / "a.npz"
    np.savez(file, spikes=COUNTS)
    content = bytearray(file.read_bytes())
    content[content.find(b"PK\x01\x02") + 6] = 255
    file.write_bytes(content)
    for read_it in (open_contents, load_session, read_sessions):
        with pytest.raises(SessionError, match=r"a\.npz is damaged or no .*zip file version 25\.5"):
            read_it(file)


def test_a_byte_that_was_changed_is_noticed(tmp_path):
    file = tmp_path / "a.npz"
    np.savez(file, spikes=COUNTS)
    content = bytearray(file.read_bytes())
    content[600] ^= 1
    file.write_bytes(content)
    with pytest.raises(SessionError, match=r"a\.npz: spikes cannot be read, or is damaged"):
        read(file, "spikes")


def test_progress_is_told_block_by_block_and_its_error_ends_the_reading(tmp_path, monkeypatch):
    monkeypatch.setattr(npy_arrays, "BLOCK", 700)
    np.savez(tmp_path / "a.npz", spikes=COUNTS, turned=np.asfortranarray(COUNTS))
    for name in ("spikes", "turned"):
        told = []
        with open_contents(tmp_path / "a.npz") as contents:
            contents.read(name, lambda share, words, told=told: told.append((share, words)))
        shares = [share for share, _ in told]
        assert len(shares) > 2
        assert shares == sorted(shares)
        assert told[-1] == (1.0, f"reading {name}")

    class StoppedError(Exception):
        pass

    def stop(share, words):
        raise StoppedError

    with pytest.raises(StoppedError):
        load_session(
            tmp_path / "a.npz",
            neural="spikes",
            bin_width=0.1,
            labels={"a": {"source": "turned"}},
            on_progress=stop,
        )
    (tmp_path / "a.npz").unlink()


def test_our_own_layout_is_read_as_it_was_written(tmp_path):
    np.savez(tmp_path / "a.npz", spikes=COUNTS, position=POSITION)
    session = load_session(tmp_path / "a.npz", bin_width=0.025)
    write_sessions(tmp_path / "b.npz", [session])
    again = load_session(tmp_path / "b.npz")
    assert again.name == "a"
    np.testing.assert_array_equal(again.neural, session.neural)
    with open_contents(tmp_path / "b.npz") as contents:
        assert "0/neural" in contents.entries


def save_like_pynapple(path, kind, **arrays):
    np.savez(path, type=np.array([kind]), start=np.array([0.0]), end=np.array([10.0]), **arrays)


def test_a_group_of_pynapple_beside_its_behaviour_is_a_session(tmp_path):
    rng = np.random.default_rng(1)
    t, index = np.sort(rng.uniform(0, 10, 300)), rng.integers(0, 3, 300) * 10
    save_like_pynapple(
        tmp_path / "r_spikes.npz",
        "TsGroup",
        t=t,
        index=index,
        keys=np.array([0, 10, 20, 30]),
        _metadata=np.array({"area": ["CA1"]}, dtype=object),
    )
    time = np.arange(0, 10, 0.1)
    save_like_pynapple(tmp_path / "r_position.npz", "Tsd", t=time, d=np.sin(time))
    session = load_session(
        tmp_path / "r_spikes.npz",
        bin_width=0.5,
        beside={"position": ("spikes", "position")},
        labels={"position": {"source": "position:values", "unit": "m"}},
    )
    expected = np.column_stack(
        [np.histogram(t[index == key], np.arange(0, 10, 0.5))[0] for key in (0, 10, 20, 30)]
    )
    np.testing.assert_array_equal(session.neural.toarray(), expected)
    assert session.neurons["id"].tolist() == [0, 10, 20, 30]
    np.testing.assert_allclose(session.labels["position"], np.sin(session.time + 0.25), atol=2e-3)
    with open_contents(tmp_path / "r_spikes.npz") as contents:
        assert "metadata are a pickle, which is not read" in contents.entries["spikes"].description


@pytest.mark.parametrize("kind", ["TsGroup", "Tsd", "TsdFrame", "TsdTensor", "Ts", "IntervalSet"])
def test_what_pynapple_itself_saves_is_recognised(tmp_path, kind):
    nap = pytest.importorskip("pynapple")
    t = np.array([0.0, 1, 2, 5])
    support = nap.IntervalSet([0, 4], [2.5, 6])
    made = {
        "TsGroup": lambda: nap.TsGroup({4: nap.Ts(t), 7: nap.Ts(t[:2])}, time_support=support),
        "Tsd": lambda: nap.Tsd(t, t**2, time_support=support),
        "TsdFrame": lambda: nap.TsdFrame(t, np.ones((4, 2)), columns=["x", "y"], time_support=support),
        "TsdTensor": lambda: nap.TsdTensor(t, np.ones((4, 2, 3)), time_support=support),
        "Ts": lambda: nap.Ts(t, time_support=support),
        "IntervalSet": lambda: support,
    }[kind]()
    made.save(str(tmp_path / "a.npz"))
    with open_contents(tmp_path / "a.npz") as contents:
        entries = list(contents.entries.values())
        values = contents.read(entries[0].path)
        if kind != "IntervalSet":
            observed = contents.read("time support")
            assert (observed.start.tolist(), observed.stop.tolist()) == ([0, 4], [2.5, 6])
    said = {
        "TsGroup": ("spikes", "spikes", (2,)),
        "Tsd": ("values", "series", (4,)),
        "TsdFrame": ("values", "series", (4, 2)),
        "TsdTensor": ("values", "series", (4, 2, 3)),
        "Ts": ("events", "events", (4,)),
        "IntervalSet": ("intervals", "intervals", (2,)),
    }
    assert (entries[0].path, entries[0].kind, entries[0].shape) == said[kind]
    if kind == "TsGroup":
        assert [times.tolist() for times in values.times] == [[0, 1, 2, 5], [0, 1]]
        assert values.neurons["id"].tolist() == [4, 7]
        np.testing.assert_array_equal(values.observed, [[0, 2.5], [4, 6]])
    elif kind == "IntervalSet":
        assert values.start.tolist() == [0, 4]
    else:
        assert values.time.tolist() == t.tolist()


def test_names_of_columns_are_said_where_they_are_no_pickle(tmp_path):
    arrays = {"t": np.arange(4.0), "d": np.ones((4, 2)), "columns": np.array(["x", "y"])}
    save_like_pynapple(tmp_path / "a.npz", "TsdFrame", **arrays)
    with open_contents(tmp_path / "a.npz") as contents:
        assert contents.entries["values"].description == "TsdFrame of pynapple; its columns are x, y"


def test_foreign_arrays_called_start_and_end_are_no_intervals_of_pynapple(tmp_path):
    np.savez(tmp_path / "a.npz", start=POSITION, end=POSITION, spikes=COUNTS)
    with open_contents(tmp_path / "a.npz") as contents:
        assert list(contents.entries) == ["start", "end", "spikes"]


def test_an_object_of_pynapple_whose_arrays_do_not_go_together_is_refused(tmp_path):
    save_like_pynapple(tmp_path / "a.npz", "Tsd", t=np.arange(5.0), d=np.arange(4.0))
    with pytest.raises(SessionError, match=r"a\.npz: d has shape \(4,\), and t has 5 values"):
        open_contents(tmp_path / "a.npz")
