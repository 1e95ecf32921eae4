from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgba

from napari_unison.analysis import choose_latents
from napari_unison.display import RIGHT_COLOUR, Trace, decimate, latent_trace, session_traces


def test_position_and_best_latents_are_traced(embedding) -> None:
    scores = choose_latents(embedding)
    traces = session_traces(embedding, "rat 2", scores)
    best = scores.best("position") + 1
    assert [trace.name for trace in traces] == [
        "position",
        f"latent {best}, best for position · aligned",
        f"latent {scores.best('direction') + 1}, best for direction · aligned",
    ]
    assert traces[0].unit == ""
    np.testing.assert_array_equal(traces[0].time, embedding.sessions[1].time)
    np.testing.assert_array_equal(traces[1].values, embedding.values[1][:, best - 1])
    np.testing.assert_allclose(traces[0].colours[0], to_rgba(RIGHT_COLOUR), rtol=1e-6)


def test_segments_are_kept_apart(embedding) -> None:
    trace = session_traces(embedding, 0)[0]
    assert trace.breaks.tolist() == [100, 200, 300]
    assert np.flatnonzero(~trace.connect).tolist() == [99, 199, 299]


def test_session_without_direction_has_no_direction_trace(make_session, make_embedding) -> None:
    embedding = make_embedding([make_session(direction=False)])
    traces = session_traces(embedding, 0, choose_latents(embedding))
    assert len(traces) == 2
    assert traces[0].colours is None


def test_colours_are_alike_in_all_sessions(make_session, make_embedding) -> None:
    """A rat that never runs the whole track has the colours of its positions, not of its own range."""
    whole, short = make_session("rat 1"), make_session("rat 2", 60)
    embedding = make_embedding([whole, short])
    np.testing.assert_array_equal(
        latent_trace(embedding, "rat 1", 0).colours[:60], latent_trace(embedding, "rat 2", 0).colours
    )


def test_errors_name_what_there_is(embedding) -> None:
    with pytest.raises(ValueError, match="it holds rat 1, rat 2"):
        session_traces(embedding, "rat 9")
    with pytest.raises(ValueError, match="among the 4 latents"):
        latent_trace(embedding, 0, 4)


def _trace(values: np.ndarray, breaks: tuple[int, ...] = ()) -> Trace:
    time = np.arange(len(values)) * 0.025
    return Trace("x", "", time, values.astype(float), None, np.asarray(breaks, dtype=np.intp))


@given(seed=st.integers(0, 100), columns=st.integers(1, 50))
def test_decimation_shows_the_same_extremes(seed: int, columns: int) -> None:
    values = np.random.default_rng(seed).normal(size=2000)
    trace = _trace(values, (700, 1400))
    shown = decimate(trace, 0, 50, columns)
    assert len(shown.time) <= 4 * columns
    assert shown.values.max() == values.max()
    assert shown.values.min() == values.min()
    assert (shown.time[0], shown.time[-1]) == (trace.time[0], trace.time[-1])
    assert (np.diff(shown.time) > 0).all()
    for border in shown.breaks:
        assert any(shown.time[border - 1] < trace.time[b] <= shown.time[border] for b in (700, 1400))


def test_borders_stay_between_their_segments() -> None:
    shown = decimate(_trace(np.arange(2000), (700, 1400)), 0, 50, 100)
    assert len(shown.breaks) == 2


def test_what_fits_is_not_decimated() -> None:
    trace = _trace(np.arange(100))
    shown = decimate(trace, 1.0, 2.0, 200)
    assert shown.time[0] == pytest.approx(0.975)
    assert shown.time[-1] == pytest.approx(2.025)


def test_empty_time_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="nothing can be drawn"):
        decimate(_trace(np.arange(10)), 1.0, 1.0, 10)
