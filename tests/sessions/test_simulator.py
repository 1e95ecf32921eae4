"""The simulated rats look like the published ones, and their position can be decoded."""

from __future__ import annotations

import time

import numpy as np
import pytest

from napari_unison.sessions import sample_sessions, segment_laps, split_sessions, validate_same_labels
from napari_unison.sessions.simulator import simulate_recordings

NAMES = ["rat 1", "rat 2", "rat 3", "rat 4"]


@pytest.fixture(scope="module")
def rats():
    return {session.name: session for session in sample_sessions("linear-track")}


def test_shapes_are_those_of_the_published_rats(rats):
    assert list(rats) == NAMES
    assert [rat.neural.shape for rat in rats.values()] == [(10178, 120), (6577, 48), (47431, 55), (17026, 66)]
    assert {rat.bin_width for rat in rats.values()} == {0.025}
    assert {rat.neural.dtype for rat in rats.values()} == {np.dtype(np.float32)}
    for rat in rats.values():
        assert rat.kinds == {"position": "continuous", "direction": "discrete"}
        assert set(rat.labels["direction"]) == {"left", "right"}
        assert rat.segment_slices() == [slice(0, len(rat))]
    validate_same_labels(list(rats.values()))


def test_the_sample_takes_less_than_two_seconds():
    before = time.process_time()
    sample_sessions(seed=3)
    assert time.process_time() - before < 2


def test_the_same_seed_gives_the_same_rats_and_another_does_not(rats):
    again = sample_sessions("linear-track", seed=0)[1]
    np.testing.assert_array_equal(again.neural, rats["rat 2"].neural)
    np.testing.assert_array_equal(again.labels["position"], rats["rat 2"].labels["position"])
    other = sample_sessions("linear-track", seed=1)[1]
    assert (other.neural != rats["rat 2"].neural).any()
    assert (other.labels["position"] != rats["rat 2"].labels["position"]).any()


@pytest.mark.parametrize("name", NAMES)
def test_counts_are_whole_and_sparse(rats, name):
    counts = rats[name].neural
    assert (counts == np.round(counts)).all()
    assert counts.min() == 0
    assert 0.015 < (counts > 0).mean() < 0.025


@pytest.mark.parametrize("name", NAMES)
def test_the_rats_run_to_and_fro_at_a_natural_speed(rats, name):
    rat = rats[name]
    position, right = rat.labels["position"], rat.labels["direction"] == "right"
    assert 0 <= position.min() < 0.1
    assert 1.5 < position.max() <= 1.6
    step = np.diff(position)
    turn = right[1:] != right[:-1]
    assert np.abs(step[turn]).max() < 0.08  # m: time is cut at the ends, the rat does not jump
    assert (step[~turn] > 0).tolist() == right[1:][~turn].tolist()
    speed = np.abs(step[~turn]) / 0.025
    assert 0.5 < np.median(speed) < 0.7
    assert speed.max() < 1.5
    laps = np.array([s.stop - s.start for s in segment_laps(rat).segment_slices()[10:-1]])
    assert 100 <= np.median(laps) <= 150
    assert laps.std() > 5


def test_rats_3_and_4_stay_away_from_the_far_end_in_their_first_1000_bins_only(rats):
    for name, farthest in (("rat 1", 1.5), ("rat 2", 1.5), ("rat 3", 0), ("rat 4", 0)):
        first = rats[name].labels["position"][:1000]
        assert first.max() > farthest
        if farthest == 0:
            assert first.max() <= 1.2
            assert rats[name].labels["position"][1000:1300].max() > 1.5


@pytest.mark.parametrize("name", NAMES)
def test_the_truth_comes_along(rats, name):
    rat = rats[name]
    truth = rat.neurons
    assert truth["place_field"].shape == (rat.n_neurons, 2, 64)
    assert truth["preferred_position"].shape == (rat.n_neurons, 2)
    cells = truth["is_place_cell"]
    assert 0 < (~cells).sum() < cells.sum()
    assert np.isnan(truth["preferred_position"][~cells]).all()
    assert np.isfinite(truth["preferred_position"][cells]).any(axis=1).all()
    one_way = np.isnan(truth["preferred_position"]).sum(axis=1) == 1
    assert one_way.any()
    flat = truth["place_field"][~cells]
    np.testing.assert_allclose(flat, flat[:, :1, :1] * np.ones((1, 2, 64)))
    place = truth["place_field"].argmax(axis=2) * 0.025 + 0.0125
    has_field = np.isfinite(truth["preferred_position"])
    assert np.abs(place - truth["preferred_position"])[has_field].max() < 0.02


@pytest.mark.parametrize("name", NAMES)
def test_counts_follow_the_true_fields(rats, name):
    rat = rats[name]
    place = np.minimum((rat.labels["position"] / 0.025).astype(int), 63)
    way = (rat.labels["direction"] == "left").astype(int)
    expected = rat.neurons["place_field"][:, way, place].sum(axis=1) * 0.025
    found = rat.neural.sum(axis=0)
    assert (np.abs(found - expected) < 6 * np.sqrt(expected) + 3).all()


def test_cells_keep_to_the_theta_rhythm(rats):
    """The spectrum of all counts of a phase-aligned population peaks near 8 Hz."""
    rat = rats["rat 1"]
    phase = rat.neurons["theta_phase"]
    signal = rat.neural @ np.exp(1j * phase)
    power = np.zeros(200)
    for start in range(0, len(rat) - 200, 100):
        power += np.abs(np.fft.fft(signal[start : start + 200] * np.hanning(200))) ** 2
    frequency = np.fft.fftfreq(200, 0.025)
    band = frequency > 4
    assert abs(frequency[band][power[band].argmax()] - 8) < 0.6


def decoding_error(rat, window=20):
    """Return the median error (m) of a memoryless Bayesian decoder, on the last 20 % of time."""
    (train,), (test,) = split_sessions([rat], 0.8)

    def place(part):
        return np.minimum((part.labels["position"] / 0.05).astype(int), 31)

    occupied = np.bincount(place(train), minlength=32)[:, None]
    counts = np.zeros((32, rat.n_neurons))
    np.add.at(counts, place(train), train.neural)
    rates = (counts + 0.05) / (occupied + 1)
    total = np.cumsum(np.vstack([np.zeros(rat.n_neurons), test.neural]), axis=0)
    bins = np.arange(len(test))
    low, high = np.maximum(bins - window // 2, 0), np.minimum(bins + window // 2, len(test))
    summed = total[high] - total[low]
    likelihood = summed @ np.log(rates).T - (high - low)[:, None] * rates.sum(axis=1)
    prior = np.log(occupied.ravel() + 1)
    found = (likelihood + prior).argmax(axis=1) * 0.05 + 0.025
    return np.median(np.abs(found - test.labels["position"]))


@pytest.mark.parametrize("name", NAMES)
def test_position_can_be_decoded_from_each_rat(rats, name):
    assert decoding_error(rats[name]) < 0.15


def test_recordings_hold_the_sample_and_what_it_came_from(rats):
    (recording,) = simulate_recordings(0, ("rat 2",))
    session = recording.session
    np.testing.assert_array_equal(session.neural, rats["rat 2"].neural)
    np.testing.assert_array_equal(session.labels["position"], rats["rat 2"].labels["position"])
    assert (recording.gain == 1).all()
    assert recording.laps[-1].start < len(session) <= recording.laps[-1].start + recording.laps[-1].n_bins
    for number, lap in enumerate(recording.laps[:-1]):
        position = session.labels["position"][lap.start : lap.start + lap.n_bins]
        assert position[-1] == pytest.approx(lap.there)
        assert abs(position[0] - lap.here) < 0.05
        assert lap.rightward == (number % 2 == 0)
        assert (np.sign(np.diff(position)) == (1 if lap.rightward else -1)).all()
        assert abs(recording.laps[number + 1].here - lap.there) < 0.06


def test_the_rhythm_that_is_told_is_the_one_cells_keep_to():
    (recording,) = simulate_recordings(0, ("rat 1",))
    phase = recording.session.neurons["theta_phase"]
    order = recording.session.neural @ np.exp(1j * phase) * np.exp(-1j * recording.theta_phase)
    assert order.sum().real > 0.25 * recording.session.neural.sum()
    assert abs(order.sum().imag) < 0.05 * recording.session.neural.sum()


def test_laps_can_differ_in_speed_and_in_gain():
    usual, varied = (
        simulate_recordings(2, ("rat 2",), n_bins=20_000, **spreads)[0]
        for spreads in ({}, {"speed_spread": 0.3, "gain_spread": 0.5})
    )
    for recording, speed, gain in ((usual, 0.12, 0), (varied, 0.3, 0.5)):
        lengths = np.log([lap.n_bins for lap in recording.laps])
        assert lengths.std() == pytest.approx(speed, rel=0.25)
        laps = recording.laps[:-1]
        gains = np.array([recording.gain[lap.start] for lap in laps])
        assert np.log(gains).std() == pytest.approx(gain, rel=0.25)
        counts = np.array(
            [recording.session.neural[lap.start : lap.start + lap.n_bins].mean() for lap in laps]
        )
        if gain:
            assert np.corrcoef(gains, counts)[0, 1] > 0.9
        else:
            assert counts.std() < 0.2 * counts.mean()


def test_whole_laps_on_the_whole_track_can_be_taken():
    (recording,) = simulate_recordings(0, ("rat 3",), n_bins=5000)
    session = recording.in_laps()
    laps = [session[stretch] for stretch in session.segment_slices()]
    known = {lap.start: lap.n_bins for lap in recording.laps}
    assert len(laps) > 25
    for lap in laps:
        assert known[round(lap.start / 0.025)] == len(lap)
        assert len(set(lap.labels["direction"])) == 1
        assert np.ptp(lap.labels["position"]) > 1.3
    assert session.start >= 1000 * 0.025


def test_impossible_recordings_are_refused():
    with pytest.raises(ValueError, match="give 0 or more"):
        simulate_recordings(gain_spread=-0.1)
    with pytest.raises(ValueError, match="n_bins is 1"):
        simulate_recordings(n_bins=1)
