"""HDF5 files of any layout: what they hold by path, what their attributes say, and what is not opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from napari_unison.sessions import SessionError, load_session
from napari_unison.sessions.importing import Contents, Samples, Spikes, open_contents


@pytest.fixture(autouse=True)
def no_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that these tests write are not walked through beforehand, which takes a process each."""
    monkeypatch.setattr("napari_unison.sessions.formats.hdf5_soundness.require_sound_hdf5", lambda path: None)


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Contents]:
    def save(write: Callable[[h5py.File], Any]) -> Contents:
        with h5py.File(tmp_path / "lab.h5", "w") as file:
            write(file)
        return open_contents(tmp_path / "lab.h5")

    return save


@pytest.mark.parametrize(
    "options",
    [{}, {"chunks": True, "compression": "gzip", "shuffle": True}, {"chunks": (7, 3)}, {"fletcher32": True}],
)
@pytest.mark.parametrize("dtype", ["f8", "f4", "i2", ">f8", "?"])
def test_a_dataset_comes_back_in_this_machines_types(saved, options, dtype):
    table = (np.arange(300).reshape(50, 6) % 100).astype(dtype)
    with saved(lambda file: file.create_dataset("a/b/table", data=table, **options)) as contents:
        entry = contents.entry("a/b/table")
        assert (entry.shape, entry.dtype) == ((50, 6), str(table.dtype.newbyteorder("=")))
        values = contents.read("a/b/table").values
    np.testing.assert_array_equal(values, table)
    assert values.dtype.isnative
    assert values.flags.owndata
    assert values.flags.c_contiguous


def test_attributes_give_unit_and_rate(saved):
    def write(file):
        file["position"] = np.linspace(0, 1, 100)
        file["position"].attrs.update({"units": "m", "sampling_rate": 50.0, "starting_time": 2.0})
        file["spikes"] = np.zeros((4, 200), np.int32)
        file["spikes"].attrs["fs"] = np.array([100])
        file["odd"] = np.zeros(3)
        file["odd"].attrs.update({"rate": "fast", "unit": 5})

    with saved(write) as contents:
        position, spikes, odd = (contents.entry(name) for name in ("position", "spikes", "odd"))
        assert (position.kind, position.unit, position.rate, position.time_axis) == ("series", "m", 50.0, 0)
        values = contents.read("position")
        assert isinstance(values, Samples)
        np.testing.assert_allclose(values.time, 2 + np.arange(100) / 50)
        assert (spikes.kind, spikes.rate, spikes.time_axis) == ("series", 100.0, 1)
        assert (odd.kind, odd.unit, odd.rate) == ("array", "", None)


def test_a_session_is_made_of_series_of_different_rates(tmp_path):
    random = np.random.default_rng(0)
    with h5py.File(tmp_path / "day.h5", "w") as file:
        file["calcium"] = random.normal(size=(400, 12))
        file["calcium"].attrs["rate"] = 20.0
        file["position"] = np.linspace(0, 1, 1000)
        file["position"].attrs.update({"rate": 50.0, "unit": "m"})
    session = load_session(tmp_path / "day.h5")
    assert session.bin_width == pytest.approx(0.05)
    assert session.units["position"] == "m"
    np.testing.assert_allclose(session.labels["position"][:390], session.time[:390] * 50 / 999, atol=1e-9)


def test_columns_of_tables_are_entries(saved):
    table = np.zeros(5, dtype=[("x", "f8"), ("pose", "f4", (3, 2)), ("choice", "S5")])
    table["x"], table["choice"] = np.arange(5), b"left"
    with saved(lambda file: file.create_dataset("trials", data=table)) as contents:
        assert list(contents.entries) == ["trials/x", "trials/pose", "trials/choice"]
        np.testing.assert_array_equal(contents.read("trials/x").values, np.arange(5))
        assert contents.read("trials/pose").values.shape == contents.entry("trials/pose").shape == (5, 3, 2)
        assert contents.read("trials/choice").values.tolist() == ["left"] * 5


def test_texts_of_any_length_are_texts(saved):
    def write(file):
        file.create_dataset("free", data=["left", "größer"], dtype=h5py.string_dtype())
        file["fixed"] = np.array([b"a", b"bc"])

    with saved(write) as contents:
        assert contents.read("free").values.tolist() == ["left", "größer"]
        assert contents.read("fixed").values.tolist() == ["a", "bc"]
        assert contents.entry("fixed").dtype == "str"


def test_lists_of_numbers_are_spike_times(saved):
    times = [np.array([0.1, 0.4]), np.array([]), np.array([0.2, 0.3, 0.9])]

    def write(file):
        made = file.create_dataset("units", (3,), h5py.vlen_dtype(np.float64))
        for number, one in enumerate(times):
            made[number] = one

    with saved(write) as contents:
        read = contents.read("units")
        assert isinstance(read, Spikes)
        for got, wanted in zip(read.times, times, strict=True):
            np.testing.assert_array_equal(got, wanted)


def test_links_are_followed_inside_of_the_file_only(saved, tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as other:
        other["x"] = np.arange(3)

    def write(file):
        file["day/x"] = np.arange(4)
        file["soft"] = h5py.SoftLink("/day/x")
        file["round"] = h5py.SoftLink("/")
        file["day/up"] = file["day"]
        file["broken"] = h5py.SoftLink("/nothing")
        file["outside"] = h5py.ExternalLink("secret.h5", "x")

    with saved(write) as contents:
        np.testing.assert_array_equal(contents.read("soft").values, np.arange(4))
        assert len(contents.entries) < 10
        with pytest.raises(SessionError, match=r"lab.h5: outside is a link into another file \(secret.h5\)"):
            contents.read("outside")
        with pytest.raises(SessionError, match="broken is a link to something that is not in the file"):
            contents.read("broken")


def test_values_that_lie_in_other_files_are_not_opened(saved, tmp_path):
    (tmp_path / "secret.bin").write_bytes(bytes(80))
    with h5py.File(tmp_path / "part.h5", "w") as other:
        other["x"] = np.arange(5)

    def write(file):
        file.create_dataset("raw", (10,), "f8", external=[(str(tmp_path / "secret.bin"), 0, 80)])
        layout = h5py.VirtualLayout((5,), "i8")
        layout[:] = h5py.VirtualSource(str(tmp_path / "part.h5"), "x", (5,))
        file.create_virtual_dataset("whole", layout)

    with saved(write) as contents:
        with pytest.raises(SessionError, match=r"raw is kept in another file \(.*secret.bin\), which is not"):
            contents.read("raw")
        with pytest.raises(SessionError, match="whole is put together from other files"):
            contents.read("whole")


def test_references_and_pickles_are_refused_with_the_way_out(saved):
    def write(file):
        file["x"] = np.arange(3)
        file.create_dataset("pointers", data=file["x"].ref, dtype=h5py.ref_dtype)
        pickled = file.create_dataset("objects", (1,), h5py.vlen_dtype(np.uint8))
        pickled[0] = np.frombuffer(b"\x80\x04.", np.uint8)
        pickled.attrs["PSEUDOATOM"] = b"object"
        file["blob"] = np.void(b"\x80\x04.")

    with saved(write) as contents:
        for path, why in (("pointers", "references"), ("objects", "pickled"), ("blob", "pickled or binary")):
            assert contents.entry(path).kind == "other"
            with pytest.raises(SessionError, match=why):
                contents.read(path)


def test_a_shape_without_values_is_refused_before_memory_is_taken(saved):
    def write(file):
        file.create_dataset("huge", (2**40, 1000), "f8", chunks=(1000, 1000))
        file.create_dataset("texts", (2**40,), h5py.string_dtype(), chunks=(1000,))
        file.create_dataset("table", (2**40,), [("x", "f8"), ("name", "S9")], chunks=(1000,))
        file.create_dataset("lists", (2**40,), h5py.vlen_dtype(np.float64), chunks=(1000,))

    with saved(write) as contents:
        for path in ("huge", "texts", "table/x", "table/name", "lists"):
            with pytest.raises(SessionError, match="and the file holds 0 bytes of it; the file is damaged"):
                contents.read(path)


def test_what_does_not_fit_into_memory_is_refused(saved, monkeypatch):
    monkeypatch.setattr("napari_unison.sessions.importing.memory.available_memory", lambda: 1000)
    with (
        saved(lambda file: file.create_dataset("table", data=np.ones((100, 5)))) as contents,
        pytest.raises(SessionError, match="table would take 4,000 bytes of memory, and 1,000 bytes are free"),
    ):
        contents.read("table")


@pytest.mark.parametrize("chunks", [None, (30, 7), (1000, 1), (1, 40)])
def test_reading_tells_how_far_it_is_and_can_be_ended(saved, monkeypatch, chunks):
    monkeypatch.setattr("napari_unison.sessions.formats.hdf5_arrays.BLOCK", 32_000)
    table = np.random.default_rng(0).normal(size=(1000, 40))
    told: list[float] = []
    with saved(lambda file: file.create_dataset("table", data=table, chunks=chunks)) as contents:
        values = contents.read("table", lambda share, words: told.append(share)).values
        np.testing.assert_array_equal(values, table)
        assert len(told) > 3
        assert told == sorted(told)
        assert told[-1] == 1

        def end(share, words):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            contents.read("table", end)
        np.testing.assert_array_equal(contents.read("table").values, table)


def test_a_damaged_block_is_named(tmp_path):
    file = tmp_path / "lab.h5"
    with h5py.File(file, "w") as made:
        made.create_dataset("table", data=np.random.default_rng(0).normal(size=(50, 4)), fletcher32=True)
        at = made["table"].id.get_chunk_info(0).byte_offset
    content = bytearray(file.read_bytes())
    content[at + 8] ^= 0xFF
    file.write_bytes(content)
    with (
        open_contents(file) as contents,
        pytest.raises(SessionError, match=r"lab.h5: table is damaged or cannot be read"),
    ):
        contents.read("table")


@pytest.mark.parametrize("content", [b"", b"no hdf5 file", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_what_is_no_hdf5_file_is_refused(tmp_path, content):
    (tmp_path / "lab.h5").write_bytes(content)
    with pytest.raises(SessionError, match=r"lab\.h5 is no HDF5 file, or is damaged"):
        open_contents(tmp_path / "lab.h5")


@pytest.mark.parametrize("rate", [None, 20.0])
@pytest.mark.parametrize("chunks", [None, (2, 50)])
def test_neurons_by_bins_are_turned_without_a_second_copy(tmp_path, chunks, rate, monkeypatch):
    monkeypatch.setattr("napari_unison.sessions.formats.hdf5_arrays.BLOCK", 1000)
    table = np.random.default_rng(0).normal(size=(6, 300)).astype(np.float32)
    with h5py.File(tmp_path / "lab.h5", "w") as file:
        file.create_dataset("spikes", data=table, chunks=chunks)
        file["position"] = np.linspace(0, 1, 300)
        if rate:
            file["spikes"].attrs["rate"] = file["position"].attrs["rate"] = rate
    mapping = {"neural": "spikes", "bin_width": 0.05, "labels": {"position": {"source": "position"}}}
    session = load_session(tmp_path / "lab.h5", mapping=mapping)
    np.testing.assert_array_equal(session.neural, table.T)
    with open_contents(tmp_path / "lab.h5") as contents:
        values = contents.entry("spikes").read_turned(lambda share, words: None).values
    assert values.flags.owndata
    assert values.flags.c_contiguous


def test_the_orientation_that_is_said_goes_before_that_of_the_lengths(tmp_path):
    table = np.random.default_rng(0).normal(size=(40, 40))
    with h5py.File(tmp_path / "square.h5", "w") as file:
        file["spikes"], file["position"] = table, np.linspace(0, 1, 40)
    mapping = {"neural": "spikes", "bin_width": 0.05, "labels": {"position": {"source": "position"}}}
    with pytest.raises(SessionError, match="is square"):
        load_session(tmp_path / "square.h5", mapping=mapping)
    for orientation, wanted in (("neurons × bins", table.T), ("bins × neurons", table)):
        session = load_session(tmp_path / "square.h5", mapping={**mapping, "orientation": orientation})
        np.testing.assert_array_equal(session.neural, wanted)


def test_a_file_that_was_closed_says_so(saved):
    with saved(lambda file: file.create_dataset("table", data=np.zeros((50, 6)))) as contents:
        entry = contents.entry("table")
    with pytest.raises(
        SessionError, match=r"lab\.h5 is closed, so that table can no longer be read; open it"
    ):
        contents.read("table")
    with pytest.raises(SessionError, match="is closed"):
        entry.read_turned(lambda share, words: None)
