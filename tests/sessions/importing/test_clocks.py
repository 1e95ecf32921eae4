"""Times that are no seconds, and spikes and labels of different clocks, are found out."""

from __future__ import annotations

import numpy as np
import pytest
from recorded import intervals, spikes

from napari_unison.sessions import Session, SessionError
from napari_unison.sessions.importing import Contents, array_entry, checked_mapping, sessions_from

DRAW = np.random.default_rng(1)


def session_of(times, *, stop: float = 100.0, more=(), **mapping) -> Session:
    """A session of three neurons with these spike times, beside a position that is known until `stop`."""
    time = np.arange(0, stop, 0.05)
    contents = Contents("day.lab", [
        spikes("units", times),
        array_entry("position", np.sin(time), time=time, unit="m"),
        *more,
    ])  # fmt: skip
    given = {"neural": "units", "bin_width": 0.05, "labels": {"position": {"source": "position"}}, **mapping}
    return sessions_from(contents, checked_mapping(given))[0]


def spike_times(until: float = 100.0, n: int = 900) -> list[np.ndarray]:
    return [np.sort(DRAW.uniform(0, until, n)) for _ in range(3)]


def test_spikes_counted_in_samples_need_a_sampling_rate():
    samples = [np.floor(times * 30_000) for times in spike_times()]
    with pytest.raises(
        SessionError,
        match=r"spike times run from .* to 2,99.* s and the labels from 0 to 99.95 s; .* give sampling_rate",
    ):
        session_of(samples)
    assert session_of(samples, sampling_rate=30_000).neural.sum() > 2600


def test_spikes_in_milliseconds_are_not_taken_for_seconds():
    with pytest.raises(SessionError, match="1000 for milliseconds"):
        session_of([times * 1000 for times in spike_times(n=200)])


def test_a_sampling_rate_for_times_that_are_seconds_is_refused():
    with pytest.raises(SessionError, match=r"divided by sampling_rate 30000.*leave sampling_rate out"):
        session_of(spike_times(), sampling_rate=30_000)


def test_spikes_of_another_moment_are_refused():
    with pytest.raises(SessionError, match=r"0 of 2,700 spikes lie within.*one clock"):
        session_of([times + 5000 for times in spike_times()])


def test_behaviour_of_a_part_of_a_recording_is_taken_and_what_is_left_out_is_said():
    with pytest.warns(UserWarning, match=r"of 27,000 spikes lie within, and the others are left out"):
        session = session_of(spike_times(until=6000, n=9000))
    assert session.duration == pytest.approx(99.95)


def test_a_part_that_was_chosen_is_not_warned_of():
    epochs = intervals("epochs", [10.0], [50.0])
    session = session_of(spike_times(until=6000, n=9000), more=[epochs], during="epochs")
    assert session.duration == pytest.approx(40, abs=0.1)


def test_a_recording_whose_spikes_go_on_a_little_longer_is_nothing_to_speak_of():
    assert session_of([np.floor(times) for times in spike_times(until=120)]).n_bins == 1999


@pytest.mark.parametrize("width", [25, 3])
def test_a_bin_width_in_milliseconds_is_refused(width):
    with pytest.raises(
        SessionError, match=rf"bin_width is {width} s.*in\s+seconds: {width} ms are 0.0*{width}"
    ):
        session_of(spike_times(until=40), stop=40, bin_width=width)


def test_activity_that_was_sampled_slowly_has_its_own_wide_bins():
    time = 10.0 * np.arange(50)
    contents = Contents("slow.lab", [
        array_entry("cells", DRAW.random((50, 3)), time=time),
        array_entry("position", np.sin(time), time=time),
    ])  # fmt: skip
    mapping = {"neural": "cells", "bin_width": 10, "labels": {"position": {"source": "position"}}}
    assert sessions_from(contents, checked_mapping(mapping))[0].bin_width == 10


def test_labels_in_milliseconds_beside_spikes_in_seconds_are_found_out():
    time = 50.0 * np.arange(2000)
    contents = Contents("day.lab", [
        spikes("units", spike_times()),
        array_entry("position", np.sin(time), unit="m"),
        array_entry("t", time),
    ])  # fmt: skip
    label = {"source": "position", "time": "t"}
    mapping = {"neural": "units", "bin_width": 0.05, "labels": {"position": label}}
    with pytest.raises(SessionError, match=r"over long before the labels end.*timestamps \(ms\)"):
        sessions_from(contents, checked_mapping(mapping))
    mapping["labels"] = {"position": {**label, "time": "t (ms)"}}
    assert sessions_from(contents, checked_mapping(mapping))[0].duration == pytest.approx(99.95)


def test_behaviour_that_went_on_after_the_recording_is_taken():
    assert session_of(spike_times(until=10), stop=150).duration == pytest.approx(149.95)


@pytest.mark.parametrize("apart", [True, False])
def test_spike_times_in_columns_are_not_taken_for_activity(apart):
    times = np.sort(DRAW.uniform(0, 300, (400, 3)), axis=0)
    times[350:, 1] = np.nan
    cells = (
        [array_entry(f"unit_{i}", column) for i, column in enumerate(times.T)]
        if apart
        else [array_entry("units", times)]
    )
    contents = Contents("wide.lab", [*cells, array_entry("x", np.linspace(0, 1, 400))])
    mapping = {"neural": "unit*", "bin_width": 0.05, "labels": {"x": {"source": "x"}}}
    with pytest.raises(SessionError, match=r"wide\.lab: .*every neuron rise.*Those are spike times"):
        sessions_from(contents, checked_mapping(mapping))


def test_one_neuron_that_bleaches_upwards_is_activity():
    cells = np.column_stack([np.arange(400.0), DRAW.random(400)])
    contents = Contents("drift.lab", [array_entry("dff", cells), array_entry("x", np.linspace(0, 1, 400))])
    mapping = {"neural": "dff", "bin_width": 0.05, "labels": {"x": {"source": "x"}}}
    assert sessions_from(contents, checked_mapping(mapping))[0].n_neurons == 2


def test_spikes_and_labels_in_microseconds_are_told_how_to_be_said_so():
    time = 1e12 + 1e6 * np.arange(0, 100, 0.05)
    contents = Contents("cheetah.lab", [
        spikes("units", [1e12 + 1e6 * times for times in spike_times()]),
        array_entry("x", np.sin(time / 1e6)),
        array_entry("ts", time),
    ])  # fmt: skip
    mapping = {"neural": "units", "bin_width": 0.05, "labels": {"x": {"source": "x", "time": "ts"}}}
    with pytest.raises(SessionError, match=r"sampling_rate says .* 1e6 for microseconds"):
        sessions_from(contents, checked_mapping(mapping))
    mapping |= {"sampling_rate": 1e6, "labels": {"x": {"source": "x", "time": "ts (us)"}}}
    assert sessions_from(contents, checked_mapping(mapping))[0].duration == pytest.approx(99.95)
