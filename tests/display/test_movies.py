"""A turning movie: frames that differ, files that play, nothing left behind after an error."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from PIL import Image

from napari_unison.display import feature_colours, point_layers
from napari_unison.display.movies import MovieError, turning_frames, write_movie


@pytest.fixture
def frames(embedding):
    layers = point_layers(embedding, "pca", feature_colours(embedding), separate=False)
    return list(turning_frames(layers, None, "aligned · run 1", n_frames=4))


def test_frames_turn_and_the_page_stays(frames):
    shapes = {frame.shape for frame in frames}
    assert len(shapes) == 1
    height, width, _ = shapes.pop()
    assert height % 2 == 0
    assert width % 2 == 0
    title, legend = (slice(0, 40), slice(None)), (slice(None), slice(width - 60, None))
    for frame in frames[1:]:
        assert (frame != frames[0]).any()
        for part in (title, legend):
            np.testing.assert_array_equal(frame[part], frames[0][part])


def test_a_gif_plays(frames, tmp_path):
    file = write_movie(tmp_path / "turning.gif", frames, 10)
    with Image.open(file) as image:
        assert image.n_frames == 4
        assert image.info["duration"] == 100
        assert image.size == frames[0].shape[1::-1]


def test_an_mp4_plays(frames, tmp_path):
    ffmpeg = pytest.importorskip("imageio_ffmpeg")
    file = write_movie(tmp_path / "turning.mp4", frames, 10)
    assert ffmpeg.count_frames_and_secs(str(file))[0] == 4
    reader = ffmpeg.read_frames(str(file))
    size = next(reader)["size"]
    reader.close()
    assert size == frames[0].shape[1::-1]


@pytest.mark.parametrize("ending", [".gif", ".mp4"])
def test_after_an_error_the_earlier_movie_is_there(frames, tmp_path, ending):
    file = tmp_path / f"turning{ending}"
    file.write_bytes(b"earlier")

    def broken():
        yield frames[0]
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_movie(file, broken(), 10)
    assert file.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [file]


def test_what_cannot_be_written_says_why(frames, tmp_path, monkeypatch):
    with pytest.raises(MovieError, match=r"ends in \.mp4 or \.gif"):
        write_movie(tmp_path / "turning.avi", frames, 10)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(MovieError, match=r'pip install "napari-unison\[movie\]"'):
        write_movie(tmp_path / "turning.mp4", frames, 10)
