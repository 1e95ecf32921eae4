"""Samples are there by name; the published rats come from a folder or are downloaded and checked."""

from __future__ import annotations

import gzip
import io
import shutil
import subprocess
import sys
from types import SimpleNamespace

import joblib
import numpy as np
import pooch
import pytest

from napari_unison.sessions import SAMPLE_NAMES, SessionError, sample_sessions, samples

RATS = ("achilles", "buddy", "cicero", "gatsby")


def message(*arguments, **options) -> str:
    with pytest.raises(SessionError) as caught:
        sample_sessions(*arguments, **options)
    return str(caught.value)


def packed_rat(n_neurons=2) -> bytes:
    position = np.column_stack([np.linspace(0, 1, 8), np.ones(8), np.zeros(8)])
    raw = io.BytesIO()
    joblib.dump({"spikes": np.ones((8, n_neurons)), "position": position}, raw)
    return gzip.compress(raw.getvalue())


def test_an_unknown_sample_names_those_there_are():
    assert SAMPLE_NAMES == ("linear-track", "rat-hippocampus")
    assert "there is no sample 'mice'; the samples are linear-track, rat-hippocampus" in message("mice")


@pytest.mark.parametrize("seed", [-1, 0.5, None])
def test_the_seed_is_a_natural_number(seed):
    assert f"the seed of the simulation is {seed!r}; give an integer of 0 or more" in message(seed=seed)


def test_sessions_of_a_sample_can_be_chosen():
    assert [session.name for session in sample_sessions(names=("rat 4", "rat 2"))] == ["rat 4", "rat 2"]
    assert [session.name for session in sample_sessions(names="rat 2")] == ["rat 2"]
    assert "'linear-track' has no session 'rat 9'; its sessions are rat 1, rat 2" in message(names=["rat 9"])
    assert "its sessions are achilles, buddy, cicero, gatsby" in message(
        "rat-hippocampus", names=["Achilles"]
    )
    assert "(no name given)" in message(names=[])


def test_the_published_rats_are_read_from_a_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_UNISON_DATA", str(tmp_path))
    for name in RATS[:3]:
        (tmp_path / f"{name}.jl.gz").write_bytes(packed_rat())
    (tmp_path / "gatsby.jl").write_bytes(gzip.decompress(packed_rat()))
    assert [session.name for session in sample_sessions("rat-hippocampus")] == list(RATS)


def test_rats_that_the_folder_lacks_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_UNISON_DATA", str(tmp_path))
    text = message("rat-hippocampus")
    assert f"the folder {tmp_path} ($NAPARI_UNISON_DATA) lacks achilles, buddy, cicero, gatsby" in text
    assert "unset NAPARI_UNISON_DATA to download them" in text
    assert "choose those" not in text
    for name in RATS[:2]:
        (tmp_path / f"{name}.jl.gz").write_bytes(packed_rat())
    text = message("rat-hippocampus")
    assert "lacks cicero, gatsby (.jl or .jl.gz)" in text
    assert "names=('achilles', 'buddy')" in text
    chosen = sample_sessions("rat-hippocampus", names=("buddy",))
    assert [session.name for session in chosen] == ["buddy"]


@pytest.fixture
def downloads(tmp_path, monkeypatch):
    """Serve downloads from memory: set ``content``, read ``addresses``."""

    served = SimpleNamespace(content=packed_rat(), addresses=[])

    def retrieve(address, known_hash, fname, path):
        served.addresses.append(address)
        if isinstance(served.content, Exception):
            raise served.content
        path.mkdir(parents=True, exist_ok=True)
        (path / fname).write_bytes(served.content)
        return str(path / fname)

    monkeypatch.delenv("NAPARI_UNISON_DATA", raising=False)
    monkeypatch.setattr(pooch, "retrieve", retrieve)
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / project)
    return served


def test_the_published_rats_are_downloaded_and_checked(downloads, monkeypatch, tmp_path):
    checksum = samples.hashlib.md5(gzip.decompress(downloads.content)).hexdigest()
    monkeypatch.setitem(samples._CHECKSUMS, "buddy", checksum)
    (session,) = sample_sessions("rat-hippocampus", names=["buddy"])
    assert session.name == "buddy"
    assert downloads.addresses == [
        "https://cebra.fra1.digitaloceanspaces.com/data/rat_hippocampus/buddy.jl.gz"
    ]
    assert (tmp_path / "napari-unison" / "rat_hippocampus" / "buddy.jl.gz").is_file()


def test_another_file_than_the_published_one_is_removed(downloads, tmp_path):
    text = message("rat-hippocampus", names=["buddy"])
    assert "is not the published file (md5 " in text
    assert "36341322907708c466871bf04bc133c2" in text
    assert not (tmp_path / "napari-unison" / "rat_hippocampus" / "buddy.jl.gz").exists()


def test_a_broken_download_is_removed(downloads, tmp_path):
    downloads.content = downloads.content[:50]
    assert "cut off or damaged" in message("rat-hippocampus", names=["buddy"])
    assert not (tmp_path / "napari-unison" / "rat_hippocampus" / "buddy.jl.gz").exists()


def test_being_offline_says_what_to_do(downloads):
    downloads.content = ConnectionError("no route to host")
    text = message("rat-hippocampus")
    assert "achilles could not be downloaded from https://" in text
    assert "no route to host" in text
    assert "connect to the internet, or put the file into a folder and set NAPARI_UNISON_DATA to it" in text


@pytest.mark.realdata
def test_the_real_files_pass_the_check_of_downloads(downloads, real_rats, tmp_path):
    for name, shape in (("achilles", (10178, 120)), ("buddy", (6577, 48))):
        downloads.content = (real_rats / f"{name}.jl.gz").read_bytes()
        (session,) = sample_sessions("rat-hippocampus", names=[name])
        assert session.neural.shape == shape


@pytest.mark.realdata
def test_the_folder_of_test_recordings_serves_two_of_the_rats(real_rats, tmp_path, monkeypatch):
    for name in ("achilles", "buddy"):
        shutil.copy(real_rats / f"{name}.jl.gz", tmp_path)
    monkeypatch.setenv("NAPARI_UNISON_DATA", str(tmp_path))
    assert "lacks cicero, gatsby" in message("rat-hippocampus")
    both = sample_sessions("rat-hippocampus", names=("achilles", "buddy"))
    assert [len(session) for session in both] == [10178, 6577]


def test_importing_sessions_brings_no_heavy_libraries():
    code = (
        "import sys, napari_unison.sessions\n"
        "heavy = {'pandas', 'pooch', 'joblib', 'torch', 'sklearn', 'napari', 'qtpy', 'h5py'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stderr.strip() == ""
