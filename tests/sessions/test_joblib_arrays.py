"""Arrays come out of joblib files; nothing in such a file is ever run."""

from __future__ import annotations

import contextlib
import gzip
import os
import pickle
import zlib

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unison.sessions import SessionError
from napari_unison.sessions.joblib_arrays import read_joblib

ARRAYS = {
    "spikes": np.asfortranarray(np.arange(600.0).reshape(100, 6)),
    "position": np.arange(300.0).reshape(100, 3),
    "bytes": np.arange(7, dtype=np.uint8),
    "swapped": np.arange(5, dtype=">i4"),
    "empty": np.zeros((0, 3)),
    "flags": np.array([True, False]),
}


def refused(file) -> str:
    with pytest.raises(SessionError) as caught:
        read_joblib(file)
    assert file.name in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("compress", [0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("lzma", 3), ("xz", 3)])
def test_arrays_come_out_as_joblib_wrote_them(tmp_path, protocol, compress):
    file = tmp_path / "a.jl"
    joblib.dump(ARRAYS, file, compress=compress, protocol=protocol)
    if compress and compress[0] == "lzma":  # the old format has no magic number that tells it from a pickle
        refused(file)
        return
    found = read_joblib(file)
    assert list(found) == list(ARRAYS)
    for name, values in ARRAYS.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values)


def test_containers_texts_and_numbers_come_along(tmp_path):
    held = {"a": [1, 2.5, None, True, "text", b"bytes"], "b": (np.arange(3), [np.arange(2)]), 4: -(2**70)}
    held["a scalar"] = np.float32(1.5)
    joblib.dump(held, tmp_path / "a.jl")
    found = read_joblib(tmp_path / "a.jl")
    assert found["a"] == held["a"]
    assert found[4] == held[4]
    assert found["a scalar"] == 1.5
    np.testing.assert_array_equal(found["b"][1][0], [0, 1])


def test_an_array_that_stands_twice_comes_twice(tmp_path):
    values = np.arange(4.0)
    joblib.dump({"a": values, "b": values, "list": [[1]] * 2}, tmp_path / "a.jl")
    found = read_joblib(tmp_path / "a.jl")
    np.testing.assert_array_equal(found["a"], found["b"])
    assert found["list"] == [[1], [1]]


class Hostile:
    def __init__(self, call, *arguments):
        self.parts = (call, arguments)

    def __reduce__(self):
        return self.parts


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize(
    "packer", [lambda raw: raw, gzip.compress, zlib.compress], ids=["plain", "gzip", "zlib"]
)
def test_a_hostile_file_runs_nothing_and_names_what_it_wanted(tmp_path, protocol, packer):
    trap = tmp_path / "trapped"
    payload = {"spikes": Hostile(os.system, f"touch {trap}"), "position": np.ones(3)}
    file = tmp_path / "evil.jl"
    file.write_bytes(packer(pickle.dumps(payload, protocol)))
    text = refused(file)
    assert "system" in text or "pickle instruction" in text
    assert "nothing in them is run" in text
    assert not trap.exists()


@pytest.mark.parametrize(
    "payload",
    [
        Hostile(eval, "open('trapped', 'w')"),
        Hostile(open, "trapped", "w"),
        Hostile(np.load, "trapped"),
        Hostile(np.fromfile, "trapped"),
        Hostile(__import__, "antigravity"),
        np.ndarray,
        np.dtype("f8"),
        {1, 2},
        slice(3),
        1j,
    ],
)
def test_whatever_is_not_an_array_is_refused(tmp_path, monkeypatch, payload):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.jl").write_bytes(pickle.dumps({"spikes": payload}))
    assert "only numpy arrays of numbers are read" in refused(tmp_path / "a.jl")
    assert not (tmp_path / "trapped").exists()


def test_arrays_of_objects_are_refused(tmp_path):
    trap = tmp_path / "trapped"
    objects = np.array([Hostile(os.system, f"touch {trap}"), None], dtype=object)
    joblib.dump({"spikes": objects}, tmp_path / "a.jl")
    assert "an array of the type 'O8'" in refused(tmp_path / "a.jl")
    assert not trap.exists()


def test_arrays_of_texts_and_with_fields_are_refused(tmp_path):
    joblib.dump(np.array(["a"]), tmp_path / "a.jl")
    assert "an array of the type 'U1'" in refused(tmp_path / "a.jl")
    joblib.dump(np.zeros(2, dtype=[("a", "f8")]), tmp_path / "a.jl")
    assert "an array of the type 'V8'" in refused(tmp_path / "a.jl")


def test_arrays_of_other_classes_are_refused(tmp_path):
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix([[1.0]])
    joblib.dump(matrix, tmp_path / "a.jl")
    assert "matrix" in refused(tmp_path / "a.jl")


def with_shape(tmp_path, before: bytes, after: bytes):
    file = tmp_path / "a.jl"
    joblib.dump(np.arange(1000.0).reshape(500, 2), file, protocol=3)
    content = file.read_bytes()
    assert before in content
    file.write_bytes(content.replace(before, after, 1))
    return file


def test_an_array_larger_than_its_file_is_refused_before_memory_is_taken(tmp_path):
    # (500, 2) becomes (2147483647, 2): 32 GiB
    text = refused(with_shape(tmp_path, b"M\xf4\x01", b"J\xff\xff\xff\x7f"))
    assert "needs 34359738352 bytes, and 8001 are left in the file" in text


def test_negative_and_odd_shapes_are_refused(tmp_path):
    assert "an array of shape (-1, 2)" in refused(with_shape(tmp_path, b"M\xf4\x01", b"J\xff\xff\xff\xff"))
    assert "an array of shape (None, 2)" in refused(with_shape(tmp_path, b"M\xf4\x01", b"N"))
    assert "an array in order 'X'" in refused(
        with_shape(tmp_path, b"\x01\x00\x00\x00C", b"\x01\x00\x00\x00X")
    )


def test_arrays_that_are_put_together_oddly_are_refused(tmp_path):
    text = refused(with_shape(tmp_path, b"\x01\x00\x00\x00<", b"\x01\x00\x00\x00?"))
    assert "the number type of an array is not readable" in text
    text = refused(with_shape(tmp_path, b"cnumpy\nndarray\n", b"cnumpy\ndtype\n"))
    assert "an array of a class other than numpy.ndarray" in text
    (tmp_path / "a.jl").write_bytes(b"\x80\x03cnumpy\nndarray\n)\x81.")
    assert "an object of numpy.ndarray" in refused(tmp_path / "a.jl")


def test_a_number_type_that_does_not_exist_is_damage(tmp_path):
    text = refused(with_shape(tmp_path, b"\x02\x00\x00\x00f8", b"\x02\x00\x00\x00f7"))
    assert "there is no number type 'f7'" in text


@pytest.mark.parametrize("kept", [1, 10, 100, 300, 3000, -1])
@pytest.mark.parametrize("compress", [0, ("gzip", 3), ("zlib", 3), ("bz2", 3)])
def test_cut_files_say_that_they_are(tmp_path, kept, compress):
    file = tmp_path / "a.jl"
    random = np.random.default_rng(0)
    joblib.dump({"spikes": random.random((100, 6))}, file, compress=compress)
    file.write_bytes(file.read_bytes()[:kept])
    text = refused(file)
    assert "copy or download it again" in text or kept == 1


def test_an_empty_file_a_folder_and_a_missing_file_say_so(tmp_path):
    (tmp_path / "a.jl").write_bytes(b"")
    assert "is empty" in refused(tmp_path / "a.jl")
    assert "does not exist; check the path" in refused(tmp_path / "b.jl")
    (tmp_path / "c.jl").mkdir()
    assert "is a folder; give a file" in refused(tmp_path / "c.jl")


def test_a_gz_file_that_is_not_compressed_says_so(tmp_path):
    joblib.dump(np.ones(3), tmp_path / "a.jl")
    (tmp_path / "a.jl").rename(tmp_path / "a.jl.gz")
    assert "ends in .gz but is not compressed with gzip" in refused(tmp_path / "a.jl.gz")


def test_a_file_that_unpacks_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("napari_unison.sessions.unpacking._LARGEST_CONTENT", 2**20)
    file = tmp_path / "a.jl"
    file.write_bytes(gzip.compress(bytes(3 * 2**20)))
    assert "cannot be unpacked: it unpacks to more than" in refused(file)
    file.write_bytes(zlib.compress(bytes(3 * 2**20)))
    assert "cannot be unpacked" in refused(file)


def test_endless_instructions_are_refused(tmp_path):
    (tmp_path / "a.jl").write_bytes(b"\x80\x02" + b"K\x01" * 200_000 + b".")
    assert "too many parts" in refused(tmp_path / "a.jl")


def test_a_file_that_cannot_be_read_says_why(tmp_path, monkeypatch):
    def deny(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", deny)
    assert "cannot be read: Permission denied" in refused(tmp_path / "a.jl")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_in_words(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("any") / "a.jl"
    file.write_bytes(content)
    with contextlib.suppress(SessionError):
        read_joblib(file)


@given(st.data())
def test_any_flipped_byte_is_read_or_refused_in_words(tmp_path_factory, data):
    file = tmp_path_factory.mktemp("flip") / "a.jl"
    joblib.dump({"spikes": np.ones((3, 2)), "position": np.float64(3)}, file)
    content = bytearray(file.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    file.write_bytes(content)
    with contextlib.suppress(SessionError):
        read_joblib(file)
