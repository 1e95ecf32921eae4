"""A movie in another viewer and the time cursor follow each other."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_unison import get_workspace
from napari_unison.workspace import Workspace, WorkspaceError


@pytest.fixture
def movie():
    """A viewer with 120 frames."""
    viewer = ViewerModel()
    viewer.add_image(np.zeros((120, 4, 5)))
    return viewer


@pytest.fixture
def study(small_sessions):
    """Two rats of 15 s."""
    workspace = Workspace(small_sessions)
    yield workspace
    workspace.close()


def frame(viewer) -> int:
    return viewer.dims.current_step[0]


def test_the_movie_follows_the_cursor(study, movie):
    study.link_movie(movie, frame_rate=10, offset=2.0, session="rat 1")
    for time, shown in ((2.0, 0), (2.1, 1), (2.19, 1), (7.35, 53), (0.5, 0), (14.9, 119)):
        study.cursor = ("rat 1", time)
        assert frame(movie) == shown
        assert study.cursor == ("rat 1", time)


def test_the_movie_drives_the_cursor(study, movie, recorded):
    told = recorded(study.events.cursor)
    study.link_movie(movie, frame_rate=10, offset=2.0, session="rat 2")
    movie.dims.set_current_step(0, 30)
    assert study.cursor == ("rat 2", 5.0)
    assert len(told) == 1


def test_a_cursor_inside_a_frame_is_left_where_it_is(study, movie):
    study.link_movie(movie, frame_rate=10, session="rat 1")
    study.cursor = ("rat 1", 3.07)
    movie.dims.set_current_step(1, 2)
    assert study.cursor == ("rat 1", 3.07)


def test_a_cursor_in_another_session_leaves_the_movie(study, movie):
    study.link_movie(movie, frame_rate=10, session="rat 1")
    study.cursor = ("rat 1", 3.0)
    study.cursor = ("rat 2", 8.0)
    assert frame(movie) == 30


def test_two_movies_show_the_same_time(study, movie):
    other = ViewerModel()
    other.add_image(np.zeros((60, 4, 5)))
    study.link_movie(movie, frame_rate=10, session="rat 1")
    study.link_movie(other, frame_rate=5, offset=1.0, session="rat 1")
    movie.dims.set_current_step(0, 40)
    assert study.cursor == ("rat 1", 4.0)
    assert frame(other) == 15
    other.dims.set_current_step(0, 20)
    assert study.cursor == ("rat 1", 5.0)
    assert frame(movie) == 50


def test_the_session_of_the_cursor_is_taken_unless_one_is_named(study, movie):
    with pytest.raises(WorkspaceError, match="say which session was filmed"):
        study.link_movie(movie, frame_rate=10)
    study.cursor = ("rat 2", 3.0)
    assert study.link_movie(movie, frame_rate=10).session == "rat 2"
    assert frame(movie) == 30


def test_unlinked_they_go_their_own_ways(study, movie):
    link = study.link_movie(movie, frame_rate=10, session="rat 1")
    assert study.link_movie(movie, frame_rate=20, session="rat 1").is_linked
    assert not link.is_linked
    assert len(study.movies) == 1
    study.unlink_movie(movie)
    study.cursor = ("rat 1", 3.0)
    movie.dims.set_current_step(0, 7)
    assert study.cursor == ("rat 1", 3.0)
    assert len(study.movies) == 0


def test_a_closed_workspace_leaves_the_movie_alone(study, movie):
    study.link_movie(movie, frame_rate=10, session="rat 1")
    study.close()
    movie.dims.set_current_step(0, 7)
    assert study.cursor is None


def test_a_removed_session_ends_the_link(study, movie):
    link = study.link_movie(movie, frame_rate=10, session="rat 1")
    study.remove("rat 1")
    movie.dims.set_current_step(0, 7)
    assert not link.is_linked


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"frame_rate": 0.0}, "frames a second, above 0"),
        ({"frame_rate": float("nan")}, "frames a second, above 0"),
        ({"frame_rate": 10, "offset": float("inf")}, "time of the first frame"),
        ({"frame_rate": 10, "axis": 1}, "axis 1 has no slider"),
        ({"frame_rate": 10, "session": "rat 9"}, "the sessions are 'rat 1', 'rat 2'"),
    ],
)
def test_what_cannot_be_linked_says_why(study, movie, choices, message):
    with pytest.raises(WorkspaceError, match=message):
        study.link_movie(movie, **{"session": "rat 1"} | choices)
    assert len(study.movies) == 0


@pytest.mark.gui
def test_either_window_can_be_closed_first(make_napari_viewer, small_sessions):
    first = make_napari_viewer()
    workspace = get_workspace(first)
    workspace.sessions.extend(small_sessions)
    movies = [make_napari_viewer() for _ in range(2)]
    for viewer in movies:
        viewer.add_image(np.zeros((120, 4, 5)))
        workspace.link_movie(viewer, frame_rate=10, session="rat 1")
    movies[0].close()
    assert [link.viewer for link in workspace.movies] == [movies[1]]
    workspace.cursor = ("rat 1", 3.0)
    assert frame(movies[1]) == 30
    first.close()
    movies[1].dims.set_current_step(0, 7)
    assert len(workspace.movies) == 0
