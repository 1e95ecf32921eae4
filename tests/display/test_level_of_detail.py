"""Long curves are drawn with all of their extremes, by a number of points that the picture decides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unison.display import Trace, decimate

WIDTH = 0.025


def _trace(values: np.ndarray, breaks: tuple[int, ...] = ()) -> Trace:
    time = np.arange(len(values)) * WIDTH
    return Trace("x", "", time, values.astype(float), None, np.asarray(breaks, dtype=np.intp))


@given(
    seed=st.integers(0, 1000),
    length=st.integers(2, 5000),
    columns=st.integers(1, 60),
    part=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_every_value_lies_between_what_is_drawn_within_a_pixel_of_it(seed, length, columns, part) -> None:
    values = np.random.default_rng(seed).normal(size=length)
    trace = _trace(values)
    start, stop = sorted(share * length * WIDTH for share in part)
    stop = max(stop, start + 4 * WIDTH)
    shown = decimate(trace, start, stop, columns)
    assert len(shown.time) <= 4 * columns + 8
    assert (np.diff(shown.time) > 0).all()
    pixel = (stop - start) / columns + 1e-9
    seen = np.flatnonzero((trace.time >= start) & (trace.time <= stop))
    for number in seen[:: max(1, len(seen) // 50)]:
        near = np.abs(shown.time - trace.time[number]) <= max(pixel, WIDTH) + WIDTH
        assert shown.values[near].min() <= values[number] <= shown.values[near].max()


@given(seed=st.integers(0, 100), columns=st.integers(1, 50))
def test_the_whole_curve_keeps_its_extremes_and_ends(seed: int, columns: int) -> None:
    values = np.random.default_rng(seed).normal(size=2001)
    trace = _trace(values, (700, 1400))
    shown = decimate(trace, 0, 51, columns)
    assert shown.values.max() == values.max()
    assert shown.values.min() == values.min()
    assert (shown.time[0], shown.time[-1]) == (trace.time[0], trace.time[-1])
    for border in shown.breaks:
        assert any(shown.time[border - 1] < trace.time[b] <= shown.time[border] for b in (700, 1400))


def test_borders_stay_between_their_segments() -> None:
    shown = decimate(_trace(np.arange(2000), (700, 1400)), 0, 50, 100)
    assert len(shown.breaks) == 2


def test_gaps_stay_gaps() -> None:
    values = np.sin(np.arange(100_000) / 50)
    values[40_000:60_000] = np.nan
    shown = decimate(_trace(values), 0, 2500, 100)
    inside = (shown.time > 40_000 * WIDTH) & (shown.time < 60_000 * WIDTH)
    assert inside.any()
    assert np.isnan(shown.values[inside]).all()


def test_what_fits_is_not_decimated() -> None:
    trace = _trace(np.arange(100))
    shown = decimate(trace, 1.0, 2.0, 200)
    assert shown.time[0] == pytest.approx(0.975)
    assert shown.time[-1] == pytest.approx(2.025)


def test_empty_time_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="nothing can be drawn"):
        decimate(_trace(np.arange(10)), 1.0, 1.0, 10)
