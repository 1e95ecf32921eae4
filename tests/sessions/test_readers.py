"""Files are read by their suffix, all of them or none."""

from __future__ import annotations

import joblib
import numpy as np
import pytest

from napari_unison.sessions import (
    Session,
    SessionError,
    load_session,
    load_sessions,
    readable,
    write_sessions,
)
from napari_unison.sessions.importing import open_contents


@pytest.fixture
def rats(tmp_path):
    position = np.column_stack([np.linspace(0, 1, 8), np.ones(8), np.zeros(8)])
    (tmp_path / "other").mkdir()
    files = [tmp_path / "a.jl", tmp_path / "b.jl", tmp_path / "other" / "a.jl"]
    for file in files:
        joblib.dump({"spikes": np.ones((8, 2)), "position": position}, file)
    return files


def test_sessions_come_in_the_order_of_the_files(rats):
    assert [session.name for session in load_sessions([rats[1], rats[0]])] == ["b", "a"]
    assert [session.name for session in load_sessions(str(rats[0]))] == ["a"]


def test_options_go_to_every_reader(rats):
    assert {session.bin_width for session in load_sessions(rats[:2], bin_width=0.1)} == {0.1}


def test_an_unknown_option_names_those_there_are(rats):
    with pytest.raises(
        TypeError, match=r"a\.jl: the reader has no option binsize; its options are bin_width"
    ):
        load_session(rats[0], binsize=0.1)
    write_sessions(rats[0].parent / "s.npz", [load_session(rats[0])])
    with pytest.raises(TypeError, match=r"s\.npz: the reader has no option bin_width; its options are none"):
        load_session(rats[0].parent / "s.npz", bin_width=0.1)


def test_one_bad_file_means_none_is_loaded(rats):
    rats[1].write_bytes(b"broken")
    with pytest.raises(SessionError, match=r"b\.jl"):
        load_sessions(rats[:2])


def test_two_sessions_of_one_name_say_what_to_do(rats):
    with pytest.raises(SessionError) as caught:
        load_sessions([rats[0], rats[2]])
    assert f"{rats[0]} and {rats[2]} both give a session 'a'" in str(caught.value)
    assert "load_session(path, name=…)" in str(caught.value)


def test_a_name_can_be_given_to_one_file(rats):
    assert load_session(rats[0], name="rat 7").name == "rat 7"
    assert load_sessions([rats[0]], name="rat 7")[0].name == "rat 7"
    with pytest.raises(SessionError, match="one name cannot be given to 2 files"):
        load_sessions(rats[:2], name="rat 7")


def test_a_file_of_several_sessions_loads_whole(rats, tmp_path):
    file = tmp_path / "s.npz"
    sessions = load_sessions(rats[:2])
    write_sessions(file, sessions)
    assert [session.name for session in load_sessions([file])] == ["a", "b"]
    with pytest.raises(SessionError, match=r"s\.npz holds 2 sessions \('a', 'b'\); use load_sessions"):
        load_session(file)


def test_unknown_kinds_of_files_name_those_that_are_known(tmp_path):
    with pytest.raises(
        SessionError, match=r"a\.xyz: no reader knows this kind of file; .*\.nwb, .*\.npz, .*\.jl\.gz"
    ):
        load_session(tmp_path / "a.xyz")


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("rat.xlsx", "Save it as csv$"),
        ("rat.TXT", "with commas between columns$"),
        ("rat.pkl", "numpy.savez"),
    ],
)
def test_files_that_people_often_have_come_with_a_way_out(tmp_path, name, way):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(SessionError, match=rf"no reader knows this kind of file; .*{way}"):
        load_session(tmp_path / name)


@pytest.mark.parametrize("door", [load_session, open_contents])
def test_of_a_folder_it_is_said_which_files_in_it_can_be_opened(tmp_path, door):
    folder = tmp_path / "phy"
    for name in ("spike_times.npy", "positions.csv", "params.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    (folder / "day.nwb.zarr").mkdir()
    with pytest.raises(
        SessionError,
        match=r"phy is a folder; give a file of it: day.nwb.zarr, positions.csv, spike_times.npy$",
    ):
        door(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SessionError, match=r"empty is a folder; .* Nothing in it can be opened"):
        door(tmp_path / "empty")


def test_missing_files_and_folders_say_so(tmp_path):
    with pytest.raises(SessionError, match=r"a\.jl does not exist"):
        load_sessions([tmp_path / "a.jl"])
    (tmp_path / "b.jl").mkdir()
    with pytest.raises(SessionError, match=r"b\.jl is a folder; give a file"):
        load_session(tmp_path / "b.jl")
    with pytest.raises(SessionError, match="there are no files to load"):
        load_sessions([])


def test_readable_goes_by_the_name(tmp_path):
    for name in ("a.jl", "A.JL.GZ", "a.b.jl", "a.npz"):
        assert readable(tmp_path / name)
        assert readable(str(tmp_path / name))
    for name in ("a.txt", "jl", "a.gz", "a.jl.txt"):
        assert not readable(tmp_path / name)
    (tmp_path / "folder.jl").mkdir()
    assert not readable(tmp_path / "folder.jl")


def test_a_session_that_was_loaded_is_a_session(rats):
    assert isinstance(load_session(rats[0]), Session)
