"""MATLAB files of versions 4 to 7: what MATLAB wrote, and what people keep in cells, structs and texts."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
import scipy
from scipy import sparse
from scipy.io import loadmat, savemat

from napari_unison.sessions import SessionError, load_session
from napari_unison.sessions.formats import matlab_files
from napari_unison.sessions.importing import Contents, Spikes, open_contents

BY_MATLAB = Path(scipy.__file__).parent / "io/matlab/tests/data"


def opened(tmp_path: Path, compress: bool = True, **variables: object) -> Contents:
    savemat(tmp_path / "lab.mat", variables, do_compression=compress)
    return open_contents(tmp_path / "lab.mat")


def cells(*values: object, shape: tuple[int, ...] | None = None) -> np.ndarray:
    made = np.empty(len(values), dtype=object)
    for number, value in enumerate(values):
        made[number] = value
    return made if shape is None else made.reshape(shape)


def written_by_matlab() -> list[Path]:
    return sorted(BY_MATLAB.glob("test*_*.mat")) if BY_MATLAB.is_dir() else []


@pytest.mark.skipif(not written_by_matlab(), reason="this scipy came without its test files")
@pytest.mark.parametrize("file", written_by_matlab(), ids=lambda file: file.stem)
def test_numbers_are_those_that_matlab_wrote(file):
    if "hdf5" in file.name:
        pytest.skip("scipy does not read version 7.3")
    wanted = loadmat(file)
    with open_contents(file) as contents:
        for name, entry in contents.entries.items():
            if entry.kind != "array" or entry.dtype == "str" or name not in wanted:
                continue
            values = contents.read(name).values
            dense, other = (
                table.toarray() if sparse.issparse(table) else table for table in (values, wanted[name])
            )
            if other.dtype != object:
                np.testing.assert_array_equal(dense, other)
                assert str(dense.dtype) == entry.dtype
                assert dense.shape == entry.shape


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("shape", [(7, 3), (1, 9), (9, 1), (4, 3, 2), (0, 3), (1, 1)])
@pytest.mark.parametrize("dtype", ["f8", "f4", "i2", "u1", "i8", "?"])
def test_an_array_comes_back_in_c_order_and_belongs_to_nobody_else(tmp_path, shape, dtype, compress):
    table = (np.arange(np.prod(shape)).reshape(shape) % 100).astype(dtype)
    with opened(tmp_path, compress, table=table) as contents:
        assert contents.entry("table").shape == shape
        values = contents.read("table").values
    np.testing.assert_array_equal(values, table)
    assert values.dtype == table.dtype
    assert values.flags.c_contiguous
    assert values.flags.owndata


def test_whole_numbers_that_matlab_keeps_small_stay_of_their_class():
    """MATLAB stores a double of whole numbers in a byte each, which does not make it a uint8."""
    file = BY_MATLAB / "testmatrix_7.4_GLNX86.mat"
    if not file.is_file():
        pytest.skip("this scipy came without its test files")
    assert loadmat(file)["testmatrix"].dtype == np.uint8
    with open_contents(file) as contents:
        assert contents.read("testmatrix").values.dtype == np.float64


def test_cells_and_fields_have_paths(tmp_path):
    trials = cells({"position": np.arange(5.0)}, {"position": np.arange(3.0)})
    grid = cells(*(np.full((2, k + 2), k) for k in range(16)), shape=(2, 4, 2))
    with opened(tmp_path, session={"trials": trials}, grid=grid) as contents:
        np.testing.assert_array_equal(contents.read("grid[1,3,0]").values, grid[1, 3, 0])
        np.testing.assert_array_equal(contents.read("grid[0,2,1]").values, grid[0, 2, 1])
        np.testing.assert_array_equal(contents.read("session/trials[1]/position").values, [[0, 1, 2]])
        assert sum(path.startswith("grid[") for path in contents.entries) == 16


def test_a_struct_array_is_a_struct_of_cell_arrays(tmp_path):
    units = np.array([([0.1, 0.4, 0.5], 7), ([0.3, 0.9], 9)], dtype=[("times", object), ("depth", object)])
    with opened(tmp_path, units=units) as contents:
        assert "units/times[1]" in contents.entries
        # one number in each element is an array over the elements
        np.testing.assert_array_equal(contents.read("units/depth").values.ravel(), [7, 9])
        for path in ("units/times[1]", "units[1]/times", "units[0,1]/times"):
            np.testing.assert_array_equal(contents.read(path).values, [[0.3, 0.9]])


def test_texts_are_texts(tmp_path):
    names = cells("left", "right", "left", shape=(3, 1))
    with opened(tmp_path, names=names, one="Größe", rows=np.array(["one", "three"])) as contents:
        assert contents.entry("names").dtype == "str"
        assert contents.read("names").values.ravel().tolist() == ["left", "right", "left"]
        assert contents.read("one").values.tolist() == ["Größe"]
        assert contents.read("rows").values.tolist() == ["one", "three"]


def spike_times(n_neurons: int = 3) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [np.sort(random.uniform(0, 10, 20 + k)) for k in range(n_neurons)]


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_cells_with_rising_numbers_are_spike_times_of_neurons(tmp_path, shape):
    times = spike_times()
    with opened(tmp_path, spikes=cells(*times, shape=shape)) as contents:
        assert contents.entry("spikes").kind == "spikes"
        read = contents.read("spikes")
        assert isinstance(read, Spikes)
        for got, wanted in zip(read.times, times, strict=True):
            np.testing.assert_array_equal(got, wanted)
        np.testing.assert_array_equal(contents.read("spikes[2]").values.ravel(), times[2])


def test_cells_with_traces_or_clocks_are_no_spike_times(tmp_path):
    traces = cells(np.sin(np.arange(30.0)), np.sin(np.arange(20.0)))
    clocks = cells(0.02 * np.arange(30), 0.02 * np.arange(20))
    with opened(tmp_path, traces=traces, clocks=clocks) as contents:
        assert {entry.kind for entry in contents.entries.values()} == {"array"}


def test_spike_times_in_samples_become_seconds_by_the_sampling_rate(tmp_path):
    times = spike_times()
    variables = {
        "spikes": cells(*(np.round(one * 30_000) for one in times)),
        "position": np.linspace(0, 1, 101)[:, None],
        "clock": np.linspace(0, 10, 101)[:, None],
    }
    savemat(tmp_path / "samples.mat", variables)
    session = load_session(
        tmp_path / "samples.mat",
        mapping={
            "neural": "spikes",
            "bin_width": 0.5,
            "sampling_rate": 30_000,
            "labels": {"position": {"source": "position", "time": "clock"}},
        },
    )
    assert session.n_bins == 20
    assert session.neural.sum() == sum(len(one) for one in times)


def test_a_sparse_table_stays_sparse_on_its_way_into_a_session(tmp_path):
    table = sparse.random_array((200, 30), density=0.02, rng=np.random.default_rng(0), format="csc")
    variables = {"spikes": table, "position": np.linspace(0, 1, 200)[:, None], "licks": table[:, [0]]}
    savemat(tmp_path / "sparse.mat", variables, do_compression=True)
    given = {"neural": "spikes", "labels": {"position": {"source": "position"}, "licks": {"source": "licks"}}}
    session = load_session(tmp_path / "sparse.mat", mapping={**given, "bin_width": 0.05})
    assert isinstance(session.neural, sparse.csr_array)
    np.testing.assert_array_equal(session.neural.toarray(), table.toarray())
    np.testing.assert_array_equal(session.labels["licks"], table[:, [0]].toarray().ravel())
    savemat(tmp_path / "turned.mat", {**variables, "spikes": table.T})
    turned = load_session(tmp_path / "turned.mat", mapping={**given, "bin_width": 0.05})
    np.testing.assert_array_equal(turned.neural.toarray(), table.toarray())


def test_a_sparse_table_is_averaged_over_wider_bins(tmp_path):
    table = sparse.random_array((200, 30), density=0.1, rng=np.random.default_rng(0), format="csc")
    clock = 0.05 * np.arange(200)
    savemat(tmp_path / "fast.mat", {"spikes": table, "position": clock[:, None], "clock": clock[:, None]})
    session = load_session(
        tmp_path / "fast.mat",
        mapping={
            "neural": "spikes",
            "bin_width": 0.1,
            "time": "clock",
            "labels": {"position": {"source": "position"}},
        },
    )
    np.testing.assert_allclose(session.neural.toarray(), table.toarray().reshape(100, 2, 30).mean(axis=1))


def test_many_cells_are_one_line_and_can_be_named(tmp_path, monkeypatch):
    monkeypatch.setattr(matlab_files, "MOST_CELLS", 10)
    trials = cells(*(np.full((3, k + 2), k) for k in range(12)))
    with opened(tmp_path, trials=trials) as contents:
        assert list(contents.entries) == ["trials"]
        assert "a cell array (1 × 12); name one of its cells, trials[0] to trials[11]" in contents.listed()
        np.testing.assert_array_equal(contents.read("trials[11]").values, trials[11])
        with pytest.raises(SessionError, match=r"lab.mat: trials is a cell array"):
            contents.read("trials")


def test_wrong_paths_are_told_what_there_is(tmp_path):
    grid = cells(*(np.full((2, k + 2), k) for k in range(8)), shape=(4, 2))
    with opened(tmp_path, grid=grid, session={"x": np.ones((3, 2))}, table=np.ones((3, 2))) as contents:
        with pytest.raises(
            SessionError, match=r"4 × 2, and its cells are numbered from 0: \[0,0\] to \[3,1\]"
        ):
            contents.read("grid[4,0]")
        with pytest.raises(SessionError, match=r"grid\[1\] does not exist"):
            contents.read("grid[1]")
        with pytest.raises(SessionError, match=r"grid is a cell array \(4 × 2\); name one of its cells"):
            contents.read("grid")
        with pytest.raises(SessionError, match=r"table\[0\] has an index, and there is no cell array"):
            contents.read("table[0]")
        with pytest.raises(SessionError, match="session is a struct; name one of its fields: x"):
            contents.read("session")
        for missing in ("other", "session/y", "grid[", "", "/table"):
            with pytest.raises(SessionError, match="it holds"):
                contents.read(missing)


@pytest.mark.parametrize("name", ["testfunc_7.4_GLNX86", "testobject_7.4_GLNX86"])
def test_what_only_matlab_reads_is_listed_with_the_reason(name):
    file = BY_MATLAB / f"{name}.mat"
    if not file.is_file():
        pytest.skip("this scipy came without its test files")
    with open_contents(file) as contents:
        (entry,) = contents.entries.values()
        assert entry.kind == "other"
        with pytest.raises(SessionError, match="which only MATLAB can read"):
            contents.read(entry.path)


def test_complex_activity_is_refused_where_it_is_used(tmp_path):
    savemat(tmp_path / "c.mat", {"spikes": np.ones((9, 3)) * 1j, "position": np.arange(9.0)[:, None]})
    with pytest.raises(SessionError, match="spikes holds complex128; activity is real numbers"):
        load_session(
            tmp_path / "c.mat",
            mapping={"neural": "spikes", "bin_width": 0.1, "labels": {"position": {"source": "position"}}},
        )


def test_reading_tells_how_far_it_is_and_can_be_ended(tmp_path, monkeypatch):
    table = np.random.default_rng(0).normal(size=(1000, 40))
    monkeypatch.setattr("napari_unison.sessions.formats.matlab_values.BLOCK", 5_000)
    told: list[tuple[float, str]] = []
    with opened(tmp_path, table=table) as contents:
        values = contents.read("table", lambda share, words: told.append((share, words)))
        np.testing.assert_array_equal(values.values, table)
        assert [share for share, _ in told] == pytest.approx(np.arange(1, 9) / 8)
        assert told[0][1] == "reading table"

        def end(share, words):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            contents.read("table", end)
        np.testing.assert_array_equal(contents.read("table").values, table)


def test_long_columns_are_read_in_pieces_too(tmp_path, monkeypatch):
    monkeypatch.setattr("napari_unison.sessions.formats.matlab_values.BLOCK", 7)
    tables = {"two": np.arange(40.0).reshape(20, 2), "three": np.arange(120.0).reshape(20, 3, 2)}
    with opened(tmp_path, **tables) as contents:
        for name, table in tables.items():
            np.testing.assert_array_equal(contents.read(name).values, table)


def test_compressed_cells_are_read_in_any_order(tmp_path, monkeypatch):
    monkeypatch.setattr("napari_unison.sessions.formats.matlab_bytes._WINDOW", 1_000)
    monkeypatch.setattr("napari_unison.sessions.formats.matlab_bytes._BETWEEN_MARKS", 4_000)
    random = np.random.default_rng(0)
    held = cells(*(random.normal(size=(30, k + 2)) for k in range(20)))
    with opened(tmp_path, held=held) as contents:
        for number in random.permutation(20):
            np.testing.assert_array_equal(contents.read(f"held[{number}]").values, held[number])


def test_a_file_without_clear_activity_lists_its_cells(tmp_path):
    grid = cells(*(np.full((20 + k, 4), k) for k in range(8)), shape=(2, 4))
    savemat(tmp_path / "lab.mat", {"stuff": grid})
    with pytest.raises(SessionError, match=r"stuff\[1,3\]: array \(27, 4\)") as caught:
        load_session(tmp_path / "lab.mat")
    assert "lab.mat: " in str(caught.value)
    assert "Give a mapping" in str(caught.value)


def compressed(tmp_path: Path) -> bytes:
    buffer = io.BytesIO()
    savemat(buffer, {"table": np.random.default_rng(0).normal(size=(50, 4))}, do_compression=True)
    return buffer.getvalue()


def read_all(file: Path) -> None:
    with open_contents(file) as contents:
        for path in contents.entries:
            contents.read(path)


def refused(tmp_path: Path, content: bytes) -> str:
    file = tmp_path / "bad.mat"
    file.write_bytes(content)
    with pytest.raises(SessionError) as caught:
        read_all(file)
    assert "bad.mat" in str(caught.value)
    return str(caught.value)


def test_damaged_files_are_refused_by_name(tmp_path):
    whole = compressed(tmp_path)
    assert "is damaged or cut off" in refused(tmp_path, whole[:-40])
    assert "does not begin as a MATLAB file does" in refused(
        tmp_path, b"hello, this is a text of some length. " * 20
    )
    assert "is empty" in refused(tmp_path, b"")
    assert "is damaged or cut off" in refused(tmp_path, b"MATLAB 5.0")
    assert "no HDF5 file, or is damaged" in refused(tmp_path, b"\x89HDF\r\n\x1a\n" + bytes(600))


def test_changed_numbers_are_noticed_by_the_checksum(tmp_path):
    content = bytearray(compressed(tmp_path))
    raw = bytearray(zlib.decompress(content[136:]))
    raw[-60] ^= 1
    # the stream is whole, and its checksum is that of other numbers
    changed = zlib.compress(bytes(raw))[:-4] + content[-4:]
    head = content[:132] + len(changed).to_bytes(4, "little")
    assert "cannot be unpacked" in refused(tmp_path, bytes(head) + changed)


def test_a_shape_of_more_numbers_than_there_are_is_refused(tmp_path):
    buffer = io.BytesIO()
    savemat(buffer, {"table": np.ones((50, 4))}, do_compression=False)
    content = buffer.getvalue().replace(
        np.array([50, 4], "<i4").tobytes(), np.array([2**31 - 1, 2**31 - 1], "<i4").tobytes()
    )
    assert "table needs 36893488113059364" in refused(tmp_path, content)


def test_a_few_bytes_that_unpack_to_gigabytes_are_refused(tmp_path):
    # a row of zeros shrinks a thousandfold, and again when what is packed is packed
    n_bytes = 2**32 - 4096
    head = np.array([6, 8, 6, 0, 5, 8, 1, n_bytes // 8, 1 | 1 << 16, ord("x"), 9, n_bytes], "<u4").tobytes()
    matrix = np.array([14, len(head) + n_bytes], "<u4").tobytes() + head
    packer = zlib.compressobj(9)
    packed = packer.compress(matrix + bytes(2**20)) + packer.flush()
    element = np.array([15, len(packed)], "<u4").tobytes() + packed
    content = b"MATLAB".ljust(124) + b"\x00\x01IM" + element
    assert "x says to be 4.3 GB large, and the file holds 1,077 bytes of it" in refused(tmp_path, content)


@pytest.mark.parametrize("version", ["5", "4"])
def test_neurons_by_bins_are_turned_without_a_second_copy(tmp_path, version, monkeypatch):
    monkeypatch.setattr("napari_unison.sessions.formats.matlab_values.BLOCK", 100)
    table = np.random.default_rng(0).normal(size=(6, 90))
    savemat(tmp_path / "lab.mat", {"spikes": table, "position": np.linspace(0, 1, 90)}, format=version)
    mapping = {"neural": "spikes", "bin_width": 0.1, "labels": {"position": {"source": "position"}}}
    session = load_session(tmp_path / "lab.mat", mapping=mapping)
    np.testing.assert_array_equal(session.neural, table.T)
    with open_contents(tmp_path / "lab.mat") as contents:
        np.testing.assert_array_equal(contents.read("spikes").values, table)
        turned = contents.entry("spikes").read_turned
        if version == "5":
            values = turned(lambda share, words: None).values
            assert values.flags.owndata
            assert values.flags.c_contiguous
            np.testing.assert_array_equal(values, table.T)


@pytest.mark.parametrize("version", ["5", "4"])
def test_a_sparse_table_of_billions_of_empty_rows_is_refused(tmp_path, version):
    buffer = io.BytesIO()
    rows = 123_457
    savemat(buffer, {"table": sparse.csc_array(([1.0], ([5], [2])), shape=(rows, 40))}, format=version)
    number = "<i4" if version == "5" else "<f8"
    many = buffer.getvalue().replace(
        np.array([rows], number).tobytes(), np.array([2**31 - 2], number).tobytes()
    )
    assert "table says to be 17.2 GB large" in refused(tmp_path, many)
