"""MATLAB files of version 7.3: HDF5 files in which axes are reversed and cells are references."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import scipy
from scipy import sparse

from napari_unison.sessions import SessionError, load_session
from napari_unison.sessions.importing import Contents, SparseSamples, open_contents

CLASSES = {"f8": "double", "f4": "single", "i2": "int16", "u1": "uint8", "i8": "int64", "?": "logical"}


def put(group: Any, name: str, value: Any, matlab_class: str = "") -> None:
    """Write a value as MATLAB does."""
    if isinstance(value, dict):
        fields = group.create_group(name)
        fields.attrs["MATLAB_class"] = np.bytes_("struct")
        for key, member in value.items():
            put(fields, key, member)
        return
    if isinstance(value, str):
        value, matlab_class = np.frombuffer(value.encode("utf-16-le"), "<u2")[None, :], "char"
    if sparse.issparse(value):
        table = sparse.csc_array(value)
        item = group.create_group(name)
        item.attrs["MATLAB_sparse"] = np.uint64(table.shape[0])
        for key, part in (("data", table.data), ("ir", table.indices), ("jc", table.indptr)):
            item[key] = part if key == "data" else part.astype(np.uint64)
        matlab_class = "double"
    elif value.dtype == object:
        refs = group.file.require_group("#refs#")
        made = np.empty(value.shape, dtype=h5py.ref_dtype)
        for at in np.ndindex(value.shape):
            key = f"c{len(refs)}"
            put(refs, key, value[at])
            made[at] = refs[key].ref
        item = group.create_dataset(name, data=made.T, dtype=h5py.ref_dtype)
        matlab_class = matlab_class or "cell"
    elif value.size == 0:
        item = group.create_dataset(name, data=np.array(value.shape, np.uint64))
        item.attrs["MATLAB_empty"] = np.uint8(1)
        matlab_class = "double"
    else:
        stored = value.astype("u1") if value.dtype == bool else value
        item = group.create_dataset(name, data=stored.T, chunks=True if value.size > 100 else None)
        matlab_class = matlab_class or CLASSES[value.dtype.str[1:].replace("b1", "?")]
    if matlab_class != "field":
        item.attrs["MATLAB_class"] = np.bytes_(matlab_class)


@pytest.fixture(autouse=True)
def no_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that these tests write are not walked through beforehand, which takes a process each."""
    monkeypatch.setattr("napari_unison.sessions.formats.hdf5_soundness.require_sound_hdf5", lambda path: None)


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Contents]:
    def save(**variables: Any) -> Contents:
        with h5py.File(tmp_path / "lab.mat", "w", userblock_size=512) as file:
            for name, value in variables.items():
                put(file, name, value)
        return open_contents(tmp_path / "lab.mat")

    return save


def cells(*values: Any, shape: tuple[int, ...]) -> np.ndarray:
    made = np.empty(len(values), dtype=object)
    for number, value in enumerate(values):
        made[number] = value
    return made.reshape(shape)


@pytest.mark.parametrize("shape", [(7, 3), (1, 9), (9, 1), (4, 3, 2), (0, 3), (1, 1), (40, 30)])
@pytest.mark.parametrize("dtype", list(CLASSES))
def test_an_array_comes_back_in_matlabs_order_of_axes(saved, shape, dtype):
    table = (np.arange(np.prod(shape)).reshape(shape) % 100).astype(dtype)
    if table.size == 0:
        table = table.astype("f8")
    with saved(table=table) as contents:
        assert contents.entry("table").shape == shape
        values = contents.read("table").values
    np.testing.assert_array_equal(values, table)
    assert values.dtype == table.dtype
    assert values.flags.c_contiguous
    assert values.flags.owndata


def test_what_matlab_wrote_itself_is_read():
    file = Path(scipy.__file__).parent / "io/matlab/tests/data/testhdf5_7.4_GLNX86.mat"
    if not file.is_file():
        pytest.skip("this scipy came without its test files")
    with open_contents(file) as contents:
        np.testing.assert_allclose(contents.read("testdouble").values, np.arange(9)[None, :] * np.pi / 4)


def test_cells_and_fields_have_paths(saved):
    grid = cells(*(np.full((2, k + 2), float(k)) for k in range(16)), shape=(2, 4, 2))
    trials = cells({"x": np.ones((1, 5))}, {"x": np.zeros((1, 3))}, shape=(2, 1))
    with saved(grid=grid, session={"trials": trials}) as contents:
        np.testing.assert_array_equal(contents.read("grid[1,3,0]").values, grid[1, 3, 0])
        np.testing.assert_array_equal(contents.read("grid[0,2,1]").values, grid[0, 2, 1])
        np.testing.assert_array_equal(contents.read("session/trials[1]/x").values, np.zeros((1, 3)))


def test_fields_of_a_struct_array_are_cell_arrays(saved, tmp_path):
    with h5py.File(tmp_path / "units.mat", "w") as file:
        group = file.create_group("units")
        group.attrs["MATLAB_class"] = np.bytes_("struct")
        put(group, "times", cells(np.array([[0.1, 0.4, 0.5]]), np.array([[0.3, 0.9]]), shape=(2, 1)), "field")
        put(group, "depth", cells(np.array([[7.0]]), np.array([[9.0]]), shape=(2, 1)), "field")
    with open_contents(tmp_path / "units.mat") as contents:
        np.testing.assert_array_equal(contents.read("units/times[1]").values, [[0.3, 0.9]])
        np.testing.assert_array_equal(contents.read("units[0]/times").values, [[0.1, 0.4, 0.5]])
        np.testing.assert_array_equal(contents.read("units/depth").values, [[7.0], [9.0]])


def test_texts_are_texts(saved):
    with saved(names=cells("left", "right", shape=(1, 2)), one="Größe") as contents:
        assert contents.read("names").values.tolist() == [["left", "right"]]
        assert contents.read("one").values.tolist() == ["Größe"]


def test_cells_with_rising_numbers_are_spike_times_of_neurons(saved):
    random = np.random.default_rng(0)
    times = [np.sort(random.uniform(0, 10, (1, 20 + k))) for k in range(3)]
    with saved(spikes=cells(*times, shape=(1, 3))) as contents:
        for got, wanted in zip(contents.read("spikes").times, times, strict=True):
            np.testing.assert_array_equal(got, wanted.ravel())


def test_a_sparse_table_stays_sparse(saved):
    table = sparse.random_array((50, 8), density=0.1, rng=np.random.default_rng(0))
    with saved(table=table, nothing=sparse.csc_array((6, 5))) as contents:
        read = contents.read("table")
        assert isinstance(read, SparseSamples)
        np.testing.assert_array_equal(read.values.toarray(), table.toarray())
        assert contents.read("nothing").values.shape == (6, 5)


def test_objects_and_functions_are_listed_with_the_reason(tmp_path):
    with h5py.File(tmp_path / "lab.mat", "w") as file:
        table = file.create_dataset("trials", data=np.zeros((1, 6), np.uint32))
        table.attrs["MATLAB_class"] = np.bytes_("table")
        table.attrs["MATLAB_object_decode"] = np.int32(3)
    with open_contents(tmp_path / "lab.mat") as contents:
        assert "trials: a MATLAB object (table), which only MATLAB can read" in contents.listed()
        with pytest.raises(SessionError, match="table2struct"):
            contents.read("trials")


def test_a_session_is_made_of_it(tmp_path):
    random = np.random.default_rng(0)
    neural, position = random.normal(size=(300, 12)), np.linspace(0, 1, 300)[:, None]
    with h5py.File(tmp_path / "day 1.mat", "w") as file:
        put(file, "activity", neural)
        put(file, "position", position)
    session = load_session(tmp_path / "day 1.mat", bin_width=0.05)
    np.testing.assert_array_equal(session.neural, neural)
    np.testing.assert_array_equal(session.labels["position"], position.ravel())


def test_a_cell_that_holds_itself_is_not_followed_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr("napari_unison.sessions.formats.matlab_files.MOST_LISTED", 100)
    with h5py.File(tmp_path / "lab.mat", "w") as file:
        held = file.create_dataset("held", (1, 2), h5py.ref_dtype)
        held.attrs["MATLAB_class"] = np.bytes_("cell")
        held[0, 0] = held[0, 1] = held.ref
    with open_contents(tmp_path / "lab.mat") as contents:
        assert 0 < len(contents.entries) < 200


def test_a_struct_that_holds_itself_is_not_followed_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr("napari_unison.sessions.formats.matlab73_files._MOST_FIELDS", 100)
    with h5py.File(tmp_path / "lab.mat", "w") as file:
        group = file.create_group("held")
        group["a"] = group["b"] = group
        group["x"] = np.ones((3, 3))
    with open_contents(tmp_path / "lab.mat") as contents:
        assert 0 < len(contents.entries) < 200


def test_a_shape_without_numbers_is_refused(tmp_path):
    with h5py.File(tmp_path / "lab.mat", "w") as file:
        table = file.create_dataset("table", (10**6, 10**6), "f8", chunks=(1000, 1000))
        table.attrs["MATLAB_class"] = np.bytes_("double")
    with (
        open_contents(tmp_path / "lab.mat") as contents,
        pytest.raises(SessionError, match=r"table says to be 8,000\.0 GB large, and the file holds 0 bytes"),
    ):
        contents.read("table")


def test_a_link_into_another_file_is_not_opened(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = np.ones((3, 3))
    with h5py.File(tmp_path / "lab.mat", "w") as file:
        file["x"] = h5py.ExternalLink("other.h5", "x")
    with (
        open_contents(tmp_path / "lab.mat") as contents,
        pytest.raises(SessionError, match=r"a link into another file \(other.h5\), which is not opened"),
    ):
        contents.read("x")


def test_neurons_by_bins_are_turned_without_a_second_copy(saved):
    table = np.random.default_rng(0).normal(size=(6, 90))
    with saved(spikes=table) as contents:
        values = contents.entry("spikes").read_turned(lambda share, words: None).values
    assert values.flags.owndata
    assert values.flags.c_contiguous
    np.testing.assert_array_equal(values, table.T)
