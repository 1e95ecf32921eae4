"""Spikes, activity and behaviour come onto common bins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from napari_unison.sessions import SessionError
from napari_unison.sessions.importing.binning import (
    bin_edges,
    bin_samples,
    count_spikes,
    resample,
    smooth_over_time,
)


def test_bins_cover_what_is_whole_and_do_not_drift():
    assert bin_edges(0, 1, 0.1) == pytest.approx(np.arange(11) / 10)
    assert len(bin_edges(0, 0.95, 0.1)) == 10
    edges = bin_edges(1e6, 1e6 + 3600, 0.001)
    assert edges[-1] == pytest.approx(1e6 + 3600, abs=1e-9)
    assert len(edges) == 3_600_001


@pytest.mark.parametrize(
    ("times", "width", "said"),
    [((0, 1), 0, "positive"), ((0, 1), np.nan, "positive"), ((0, np.inf), 0.1, "both ends"),
     ((0, 0.01), 0.1, "no whole bin"), ((5, 1), 0.1, "no whole bin"), ((0, 1e18), 0.01, "in seconds")],
)  # fmt: skip
def test_bins_that_cannot_be_are_refused(times, width, said):
    with pytest.raises(SessionError, match=said):
        bin_edges(*times, width)


def test_spikes_are_counted_where_they_are():
    counts = count_spikes([[0.0, 0.05, 0.1, 0.999], [], [-1.0, 1.0, 2.0]], bin_edges(0, 1, 0.1)).toarray()
    assert counts[:, 0].tolist() == [2, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert counts[:, 1:].sum() == 0  # none, and only some before the first and from the last edge on


@given(
    arrays.arrays(np.float64, st.integers(0, 50), elements=st.floats(-1, 11)),
    st.sampled_from([0.1, 0.25, 3.0]),
)
def test_every_spike_counts_once(times, width):
    edges = bin_edges(0, 10, width)
    counts = count_spikes([times], edges).toarray()[:, 0]
    assert (counts == np.histogram(times[(times < edges[-1])], edges)[0]).all()


def test_spike_times_that_are_no_times_name_the_neuron():
    with pytest.raises(SessionError, match="neuron 1"):
        count_spikes([[0.1], [np.nan]], bin_edges(0, 1, 0.1))


def test_counts_are_added_up_and_rates_averaged():
    time, edges = np.arange(6) * 0.1, bin_edges(0, 0.6, 0.2)
    counts, _ = bin_samples(time, np.array([[1], [2], [3], [4], [5], [6]]), edges)
    assert counts[:, 0].tolist() == [3, 7, 11]
    as_floats, _ = bin_samples(time, np.array([[1.0], [2], [3], [4], [5], [6]]), edges)
    assert as_floats[:, 0].tolist() == [3, 7, 11]
    rates, known = bin_samples(time[:4], np.float32([[0.25], [0.75], [2], [3]]), edges)
    assert rates[:, 0].tolist() == [0.5, 2.5, 0.0]
    assert rates.dtype == np.float32
    assert known.tolist() == [True, True, False]


def test_smoothing_stays_within_a_stretch():
    neural = np.zeros((20, 1))
    neural[9] = 1
    smooth = smooth_over_time(neural, [slice(0, 10), slice(10, 20)], 2.0)
    assert (smooth[10:] == 0).all()
    assert smooth.sum() == pytest.approx(1, abs=1e-6)


def test_continuous_labels_are_interpolated_and_gaps_stay_unknown():
    time = np.array([0.0, 1, 2, 3, 20, 21, 22])
    values, known = resample(time, time * 2, "continuous", np.array([0.5, 3.0, 10.0, 20.0, 24.0, 30.0]))
    assert values[[0, 1, 3]].tolist() == [1.0, 6.0, 40.0]
    assert np.isnan(values[[2, 5]]).all()
    assert known.tolist() == [True, True, False, True, True, False]


def test_samples_without_a_value_are_bridged_where_the_gap_is_short():
    time = np.arange(10.0)
    position = np.where(time == 4, np.nan, time)
    assert resample(time, position, "continuous", np.array([4.0]))[0] == pytest.approx([4.0])
    position[2:9] = np.nan
    assert np.isnan(resample(time, position, "continuous", np.array([4.0]))[0]).all()


def test_angles_go_the_shorter_way_around():
    values, _ = resample(np.array([0.0, 1.0]), np.radians([350.0, 10.0]), "circular", np.array([0.5]))
    assert np.cos(values) == pytest.approx([1.0])


def test_categories_take_the_nearest_sample():
    values, known = resample(
        np.array([0.0, 1, 2]), np.array(["a", "b", "c"]), "discrete", np.array([0.4, 0.6, 9])
    )
    assert values[:2].tolist() == ["a", "b"]
    assert known.tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("time", "values", "said"),
    [([0.0, 2, 1], [1.0, 2, 3], "rise"), ([0.0, 1], [1.0, 2, 3], "one time for each"),
     ([0.0, np.nan], [1.0, 2], "finite"), ([0.0, 1], [np.nan, np.nan], "no sample has a value")],
)  # fmt: skip
def test_samples_that_make_no_sense_are_refused(time, values, said):
    with pytest.raises(SessionError, match=said):
        resample(np.array(time), np.array(values), "continuous", np.array([0.5]))
