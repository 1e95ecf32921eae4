"""What napari is given when it opens our files and samples."""

from __future__ import annotations

import shutil
from pathlib import Path

import joblib
import numpy as np
import pytest
from napari.layers import Image

from napari_unison import Session, UnifiedEncoder, sample_sessions
from napari_unison.contributions import get_reader, linear_track, raster_layer
from napari_unison.encoder import Run, save_run
from napari_unison.workspace.layers import FOLDER_KEY, SESSION_KEY


@pytest.fixture
def rat_file(tmp_path: Path) -> Path:
    """A file in the layout of the published recordings."""
    draw = np.random.default_rng(0)
    position = np.column_stack([np.linspace(0, 1.6, 40), np.ones(40), np.zeros(40)])
    joblib.dump({"spikes": draw.poisson(0.2, (40, 5)), "position": position}, tmp_path / "remy.jl")
    return tmp_path / "remy.jl"


def test_a_recording_comes_as_a_raster_that_carries_its_session(rat_file):
    (layer,) = get_reader(str(rat_file))(str(rat_file))
    raster, attributes, kind = layer
    assert kind == "image"
    assert raster.shape == (5, 40)
    session = attributes["metadata"][SESSION_KEY]
    assert isinstance(session, Session)
    assert session.name == "remy"


def test_a_raster_of_few_neurons_over_minutes_fills_the_canvas_and_keeps_its_seconds():
    activity = np.zeros((40_000, 5))
    activity[::100] = 1
    activity[0] = 1000
    session = Session("quiet", activity, {"place": np.linspace(0, 1, 40_000)}, 0.025, start=100.0)
    raster, attributes, _ = raster_layer(session)
    layer = Image(raster, **attributes)
    (top, begin), (bottom, end) = layer.extent.world
    # the middles of the first and the last bin
    assert (begin, end) == pytest.approx((100.0125, 1099.9875))
    assert 0.4 < (bottom - top) / (end - begin) < 0.8
    # one large value leaves the others as bright as they would be without it
    assert layer.contrast_limits == [0.0, 1.0]


def test_several_recordings_come_together(rat_file):
    other = rat_file.with_name("toto.jl")
    shutil.copy(rat_file, other)
    layers = get_reader([str(rat_file), str(other)])([str(rat_file), str(other)])
    assert [layer[1]["metadata"][SESSION_KEY].name for layer in layers] == ["remy", "toto"]


@pytest.mark.parametrize("name", ["photos", "data.zarr", "archive.jl", "empty.unison.zip"])
def test_foreign_folders_are_turned_down(tmp_path, name):
    (tmp_path / name).mkdir()
    assert get_reader(str(tmp_path / name)) is None


def test_foreign_files_are_turned_down(rat_file):
    foreign = rat_file.with_name("image.tif")
    foreign.touch()
    assert get_reader(str(foreign)) is None
    assert get_reader([str(rat_file), str(foreign)]) is None
    assert get_reader([]) is None


def test_a_saved_run_comes_as_points_that_carry_it(tmp_path):
    sessions = [session[:600] for session in sample_sessions()[:2]]
    encoder = UnifiedEncoder(
        max_iterations=2, batch_size=32, output_dimension=4, num_hidden_units=8, verbose=False
    ).fit(sessions)
    folder = tmp_path / "first.unison"
    save_run(Run(encoder, encoder.embed(), ()), folder)
    ((data, attributes, kind),) = get_reader(str(folder))(str(folder))
    assert kind == "points"
    assert data.shape == (1200, 3)
    assert attributes["name"] == "all sessions · aligned"
    assert attributes["metadata"][FOLDER_KEY] == folder


def test_the_sample_comes_as_one_raster_a_session():
    layers = linear_track()
    assert [layer[0].shape for layer in layers] == [(120, 10178), (48, 6577), (55, 47431), (66, 17026)]


def test_a_raster_of_silence_can_be_drawn():
    silent = Session("silent", np.zeros((20, 3)), {"speed": np.linspace(0, 1, 20)}, 0.025)
    assert raster_layer(silent)[1]["contrast_limits"] == (0.0, 1.0)


def test_an_nwb_file_is_claimed_and_so_is_nwb_in_a_zarr_folder_but_no_other_folder(tmp_path):
    (tmp_path / "rat.nwb").touch()
    assert get_reader(str(tmp_path / "rat.nwb")) is not None
    for name, is_claimed in (("rat.nwb.zarr", True), ("image.zarr", False), ("rat.nwb.d", False)):
        (tmp_path / name).mkdir()
        assert (get_reader(str(tmp_path / name)) is not None) == is_claimed
