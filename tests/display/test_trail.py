"""The way to the time cursor: as long as asked for, fading, and never across a border."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unison.display import embedding_axes
from napari_unison.display.trail import MOST_STEPS, bin_at, cursor_trail


def test_the_trail_ends_where_the_cursor_is_and_is_as_long_as_asked(embedding) -> None:
    axes = embedding_axes(embedding, (0, 1, 2))
    trail = cursor_trail(embedding, axes, ("rat 2", 1.255), 1.0)
    values = 100 * embedding.values[1][:, :3]
    np.testing.assert_allclose(trail.here, values[50:51], rtol=1e-5)
    assert len(trail.steps) == 40
    np.testing.assert_allclose(trail.steps[0, 0], values[10], rtol=1e-5)
    np.testing.assert_allclose(trail.steps[-1].sum(axis=0), values[50], rtol=1e-4, atol=1e-4)
    assert (np.diff(trail.alphas) > 0).all()
    assert trail.alphas[-1] == 1


def test_no_step_crosses_the_border_of_a_segment(embedding) -> None:
    """Laps of 100 bins: of the 20 bins before bin 110, ten belong to another lap."""
    trail = cursor_trail(embedding, embedding_axes(embedding, (0, 1, 2)), ("rat 1", 110 * 0.025), 0.5)
    assert len(trail.steps) == 19


def test_a_trail_of_minutes_is_thinned(make_session, make_embedding) -> None:
    long = make_embedding([make_session("rat 1", 8000, lap=8000)])
    trail = cursor_trail(long, embedding_axes(long, (0, 1, 2)), ("rat 1", 199.9), 600)
    assert len(trail.steps) == MOST_STEPS - 1


@pytest.mark.parametrize("cursor", [None, ("cat", 1.0), ("rat 1", -1.0), ("rat 1", 10.1)])
def test_outside_of_the_embedding_there_is_nothing(embedding, cursor) -> None:
    trail = cursor_trail(embedding, embedding_axes(embedding, (0, 1, 2)), cursor, 2.0)
    assert (len(trail.steps), len(trail.here)) == (0, 0)


def test_without_length_only_the_place_is_left(embedding) -> None:
    trail = cursor_trail(embedding, embedding_axes(embedding, (0, 1, 2)), ("rat 1", 2.0), 0.0)
    assert (len(trail.steps), len(trail.here)) == (0, 1)


def test_a_time_belongs_to_its_bin_and_a_gap_to_none(make_session) -> None:
    session = make_session()
    assert [bin_at(session, time) for time in (0.0, 0.024, 0.025, 9.99)] == [0, 0, 1, 399]
    gap = session[(session.time < 2.5 - 1e-6) | (session.time > 5 - 1e-6)]
    assert bin_at(gap, 3.0) is None
    assert bin_at(gap, 5.0) == 100
