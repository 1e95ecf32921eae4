"""Samples are there by name; the published rats come from a folder or are downloaded and checked."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from napari_unison.encoder import TrainingControl
from napari_unison.sessions import (
    SAMPLE_NAMES,
    DownloadStoppedError,
    SessionError,
    sample_sessions,
    samples,
)
from served_files import RATS, packed_rat, status

PUBLISHED = samples._RATS


def message(*arguments, **options) -> str:
    with pytest.raises(SessionError) as caught:
        sample_sessions(*arguments, **options)
    return str(caught.value)


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
    assert "those that are there" not in text
    for name in RATS[:2]:
        (tmp_path / f"{name}.jl.gz").write_bytes(packed_rat())
    text = message("rat-hippocampus")
    assert "lacks cicero, gatsby (.jl or .jl.gz)" in text
    assert "open those that are there as files (in Python: names=('achilles', 'buddy'))" in text
    chosen = sample_sessions("rat-hippocampus", names=("buddy",))
    assert [session.name for session in chosen] == ["buddy"]


# -- downloaded; what servers may do is tested in test_downloads ------------------------------------------


def test_the_published_rats_are_downloaded_once(rat_server):
    assert samples.needs_download("rat-hippocampus")
    assert [session.name for session in sample_sessions("rat-hippocampus")] == list(RATS)
    assert not samples.needs_download("rat-hippocampus")
    sample_sessions("rat-hippocampus")
    assert [path for path, _ in rat_server.asked] == [f"/{name}.jl.gz" for name in RATS]


def test_only_the_chosen_rats_are_downloaded(rat_server):
    (session,) = sample_sessions("rat-hippocampus", names=["cicero"])
    assert session.name == "cicero"
    assert [path for path, _ in rat_server.asked] == ["/cicero.jl.gz"]


def test_a_folder_of_ones_own_needs_no_download(rat_server, tmp_path, monkeypatch):
    (tmp_path / "buddy.jl.gz").write_bytes(packed_rat())
    monkeypatch.setenv("NAPARI_UNISON_DATA", str(tmp_path))
    assert not samples.needs_download("rat-hippocampus")
    assert [rat.name for rat in sample_sessions("rat-hippocampus", names="buddy")] == ["buddy"]
    assert rat_server.asked == []


def test_the_home_folder_can_be_written_as_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("NAPARI_UNISON_DATA", "~")
    (tmp_path / "buddy.jl.gz").write_bytes(packed_rat())
    assert [rat.name for rat in sample_sessions("rat-hippocampus", names="buddy")] == ["buddy"]


def test_a_sample_that_cannot_be_downloaded_names_the_variable_for_a_copy(rat_server):
    rat_server.answers.append(status(404))
    text = message("rat-hippocampus")
    assert text.startswith("achilles could not be downloaded from http://")
    assert text.endswith(
        "put the files into a folder and set the environment variable NAPARI_UNISON_DATA to it"
    )


def test_a_training_control_stops_the_download_of_a_sample(rat_server):
    control = TrainingControl()
    control.stop()
    with pytest.raises(DownloadStoppedError, match="the download of achilles was stopped"):
        sample_sessions("rat-hippocampus", control=control)


@pytest.mark.realdata
def test_the_real_files_pass_the_check_of_downloads(rat_server, real_rats, monkeypatch):
    published = {"achilles": (10178, 120), "buddy": (6577, 48)}
    checksums = {name: PUBLISHED.checksums[name] for name in published}
    monkeypatch.setattr(samples, "_RATS", replace(samples._RATS, checksums=checksums))
    for name, shape in published.items():
        rat_server.files[f"{name}.jl.gz"] = (real_rats / f"{name}.jl.gz").read_bytes()
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
        "heavy = {'pandas', 'pooch', 'requests', 'filelock', "
        "'joblib', 'torch', 'sklearn', 'napari', 'qtpy', 'h5py'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stderr.strip() == ""
