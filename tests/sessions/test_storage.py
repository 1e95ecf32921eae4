"""Sessions come back from a file exactly as they were written."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from napari_unison.sessions import Session, SessionError, read_sessions, write_sessions
from napari_unison.sessions.storage import read_sessions_with_extra


def rich_session(name="Ratte 1 · 東", as_sparse=False):
    random = np.random.default_rng(0)
    counts = random.poisson(0.1, (30, 4)).astype(np.uint8)
    whole = Session(
        name,
        sparse.csr_array(counts) if as_sparse else counts,
        {
            "position": np.where(np.arange(30) == 3, np.nan, random.random(30)).astype(np.float32),
            "Kopf/richtung": random.uniform(-3, 3, 30),
            "direction": np.array(["links", "右"] * 15),
            "running": random.random(30) > 0.5,
            "trial": np.arange(30, dtype=np.int16),
            "xy": random.random((30, 2)),
        },
        0.1 / 3,
        start=1e5 / 7,
        kinds={"trial": "discrete", "Kopf/richtung": "circular"},
        weights={"position": 1 / 3},
        units={"position": "m"},
        segment=np.repeat([5, -2, 5], 10),
        neurons={"id": ["a", "b", "c", "d"], "place_field": random.random((4, 2, 64)), "good": [True] * 4},
    )
    return whole[np.arange(30) % 7 != 0]


def assert_same(left: Session, right: Session) -> None:
    assert type(left.neural) is type(right.neural)
    assert left.neural.dtype == right.neural.dtype
    if sparse.issparse(left.neural):
        for part in ("data", "indices", "indptr"):
            np.testing.assert_array_equal(getattr(left.neural, part), getattr(right.neural, part))
    else:
        np.testing.assert_array_equal(left.neural, right.neural)
    for what in ("name", "bin_width", "start", "kinds", "weights"):
        assert getattr(left, what) == getattr(right, what)
    for what in ("labels", "neurons"):
        assert list(getattr(left, what)) == list(getattr(right, what))
        for name, values in getattr(left, what).items():
            assert values.dtype == getattr(right, what)[name].dtype
            np.testing.assert_array_equal(values, getattr(right, what)[name])
    for what in ("time", "segment"):
        np.testing.assert_array_equal(getattr(left, what), getattr(right, what))


def test_everything_comes_back(tmp_path):
    written = [rich_session(), rich_session("rat 2", as_sparse=True)]
    write_sessions(tmp_path / "rats.npz", written)
    for before, after in zip(written, read_sessions(tmp_path / "rats.npz"), strict=True):
        assert_same(before, after)


@st.composite
def any_session(draw):
    n_bins, n_neurons = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    kind = draw(st.sampled_from(["u1", "i8", "f4", "f8", "?"]))
    limits = {"allow_nan": False, "allow_infinity": False} if kind[0] == "f" else None
    neural = draw(hnp.arrays(kind, (n_bins, n_neurons), elements=limits))
    labels = {"x": np.arange(n_bins, dtype=float)}
    text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4)
    labels["where"] = np.array(draw(st.lists(text, min_size=n_bins, max_size=n_bins)))
    segment = draw(hnp.arrays(np.int64, n_bins))
    session = Session(
        draw(text.filter(str.strip)),
        sparse.csr_array(neural) if draw(st.booleans()) else neural,
        labels,
        draw(st.floats(1e-6, 1e3)),
        start=draw(st.floats(-1e6, 1e6)),
        segment=segment,
    )
    mask = draw(hnp.arrays(np.bool_, n_bins))
    return session[mask] if mask.any() else session


@given(sessions=st.lists(any_session(), min_size=1, max_size=3))
def test_any_sessions_come_back(tmp_path_factory, sessions):
    file = tmp_path_factory.mktemp("storage") / "sessions.npz"
    write_sessions(file, sessions)
    for before, after in zip(sessions, read_sessions(file), strict=True):
        assert_same(before, after)


def test_arrays_beside_the_sessions_come_back(tmp_path):
    write_sessions(tmp_path / "s.npz", [rich_session()], extra={"embedding": np.eye(3)})
    sessions, extra = read_sessions_with_extra(tmp_path / "s.npz")
    assert len(sessions) == 1
    np.testing.assert_array_equal(extra["embedding"], np.eye(3))


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    file = tmp_path / "rats.npz"
    write_sessions(file, [rich_session()])
    before = file.read_bytes()

    def fail(stream, **arrays):
        stream.write(b"half")
        raise OSError("the disk is full")

    monkeypatch.setattr(np, "savez_compressed", fail)
    with pytest.raises(OSError, match="the disk is full"):
        write_sessions(file, [rich_session("new")])
    assert file.read_bytes() == before
    assert os.listdir(tmp_path) == ["rats.npz"]


def test_there_must_be_a_session_to_write(tmp_path):
    with pytest.raises(SessionError, match=r"rats\.npz: there are no sessions to write"):
        write_sessions(tmp_path / "rats.npz", [])


def message(file) -> str:
    with pytest.raises(SessionError) as caught:
        read_sessions(file)
    assert file.name in str(caught.value)
    return str(caught.value)


def test_foreign_files_are_refused_by_name(tmp_path):
    file = tmp_path / "other.npz"
    np.savez(file, a=np.ones(3))
    assert "holds no sessions of napari-unison" in message(file)
    np.save(tmp_path / "array.npy", np.ones(3))
    assert "holds no sessions of napari-unison" in message(tmp_path / "array.npy")
    file.write_bytes(b"not a zip file at all")
    assert "is damaged or no file of sessions" in message(file)
    file.write_bytes(b"")
    assert "is damaged or no file of sessions" in message(file)


def test_a_missing_file_and_a_folder_say_so(tmp_path):
    assert "does not exist" in message(tmp_path / "missing.npz")
    assert "is a folder" in message(tmp_path)


def test_a_cut_file_is_refused(tmp_path):
    file = tmp_path / "rats.npz"
    write_sessions(file, [rich_session()])
    file.write_bytes(file.read_bytes()[:-200])
    assert "is damaged or no file of sessions" in message(file)


def test_objects_in_a_file_are_never_unpickled(tmp_path):
    file = tmp_path / "rats.npz"
    np.savez(file, **{"napari-unison sessions": np.array([{"a": 1}], dtype=object)})
    assert "is damaged or no file of sessions" in message(file)


def changed(tmp_path, change):
    """Write a session, change what the file says of it, and return the file."""
    file = tmp_path / "rats.npz"
    write_sessions(file, [rich_session()])
    with np.load(file) as arrays:
        held = dict(arrays)
    contents = json.loads(held["napari-unison sessions"].tobytes())
    change(contents)
    held["napari-unison sessions"] = np.frombuffer(json.dumps(contents).encode(), np.uint8)
    np.savez(file, **held)
    return file


def test_a_newer_format_asks_for_an_update(tmp_path):
    assert "written by a newer napari-unison (format 99)" in message(
        changed(tmp_path, lambda contents: contents.update(version=99))
    )


def test_what_a_session_finds_wrong_names_the_file_too(tmp_path):
    text = message(changed(tmp_path, lambda contents: contents["sessions"][0].update(bin_width=-1)))
    assert "bin_width is -1 s" in text


def test_missing_parts_are_damage(tmp_path):
    text = message(changed(tmp_path, lambda contents: contents["sessions"][0]["labels"].append("more")))
    assert "is damaged" in text


def test_an_impossible_sparse_table_is_damage(tmp_path):
    file = tmp_path / "rats.npz"
    write_sessions(file, [rich_session(as_sparse=True)])
    with np.load(file) as arrays:
        held = dict(arrays)
    held["0/neural.indices"] = held["0/neural.indices"] + 1000
    np.savez(file, **held)
    assert "is damaged" in message(file)
