"""A folder of Kilosort or phy needs no words where params.py and a table of behaviour lie in it."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unison.sessions import SessionError, load_session
from napari_unison.sessions.importing import open_contents, propose_mapping
from napari_unison.sessions.readers import readable

PARAMS = "dat_path = 'x.dat'\nn_channels_dat = 64\nsample_rate = 30000.  # Hz\nhp_filtered = False\n"
TIME = np.arange(0, 20, 1 / 30)


@pytest.fixture
def folder(tmp_path):
    """Two units, of which one is good, and an animal that runs along x."""
    folder = tmp_path / "rat 7"
    folder.mkdir()
    samples = np.sort(np.random.default_rng(0).integers(0, 600_000, 800)).astype(np.uint64)
    np.save(folder / "spike_times.npy", samples[:, None])
    np.save(folder / "spike_clusters.npy", np.arange(800, dtype=np.int32) % 2 * 5 + 3)
    (folder / "params.py").write_text(PARAMS)
    (folder / "cluster_group.tsv").write_text("cluster_id\tgroup\n3\tgood\n8\tnoise\n")
    rows = [f"{t:.4f},{50 - 50 * np.cos(t):.3f},{5 + t % 1:.3f}\n" for t in TIME]
    (folder / "walk.csv").write_text("time,x_cm,y_cm\n" + "".join(rows))
    return folder


@pytest.mark.parametrize("opened", ["", "spike_times.npy", "spike_clusters.npy"])
def test_the_folder_and_its_files_give_the_same_session(folder, opened):
    assert readable(folder / opened)
    with pytest.warns(UserWarning, match=r"cluster_group\.tsv calls 1 of 2 units good"):
        session = load_session(folder / opened, bin_width=0.1)
    assert session.name == "rat 7"
    assert session.neurons["id"].tolist() == [3, 8]
    assert session.duration == pytest.approx(20, abs=0.2)
    samples = np.load(folder / "spike_times.npy")
    assert session.neural.sum() == (samples < 30_000 * (session.time[-1] + 0.1)).sum()
    # y hardly varies
    np.testing.assert_allclose(session.labels["position"], 50 - 50 * np.cos(session.time + 0.05), atol=0.1)


def proposed(folder, **given):
    with open_contents(folder) as contents:
        return propose_mapping(contents, **given)


def test_the_guess_says_where_the_rate_comes_from_and_that_all_units_are_read(folder):
    notes = proposed(folder).notes
    assert "30000 a second, as params.py says" in notes[0]
    assert "cluster_group.tsv calls 1 of 2 units good" in notes[1]


def test_params_are_read_and_never_run(folder):
    trap = folder / "was run"
    (folder / "params.py").write_text(f"open({str(trap)!r}, 'w')\nsample_rate = 25000\n")
    assert proposed(folder).mapping.sampling_rate == 25_000
    (folder / "params.py").write_text("sample_rate = 3 * 10000\n")
    with pytest.raises(SessionError, match=r"counted in samples, and there is no params\.py.*sampling_rate"):
        load_session(folder)
    assert not trap.exists()


def test_without_behaviour_it_is_asked_for(folder):
    (folder / "walk.csv").write_text("time\n")
    proposal = proposed(folder)
    assert proposal.missing[0].startswith("nothing in it is clearly a label")
    assert proposal.fields["spike_ids"] == "clusters:spike_clusters"


def test_what_a_person_gives_goes_first(folder):
    (folder / "params.py").unlink()
    beside = {"video": ("spike_times.npy", "walk.csv")}
    mapping = proposed(folder, sampling_rate=20_000.0, beside=beside).mapping
    assert mapping.sampling_rate == 20_000
    assert mapping.labels["position"].source == ("video:x_cm",)
    mapping = proposed(folder, sampling_rate=1.0, beside=beside, labels={"height": "video:y_cm"}).mapping
    assert mapping.labels["height"].source == ("video:y_cm",)


def test_another_folder_is_no_recording(tmp_path):
    np.save(tmp_path / "spike_times.npy", np.arange(3))
    with pytest.raises(SessionError, match=r"is a folder; give a file of it: spike_times\.npy"):
        load_session(tmp_path)
