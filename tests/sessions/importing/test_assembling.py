"""From contents and a mapping to the sessions that a person meant."""

from __future__ import annotations

import numpy as np
import pytest
from recorded import events, intervals, spikes, track

from napari_unison.sessions import SessionError
from napari_unison.sessions.importing import Contents, array_entry, checked_mapping, sessions_from

POSITION = {"source": "position"}


def session_of(contents: Contents, **mapping):
    return sessions_from(contents, checked_mapping(mapping))[0]


def test_spikes_and_behaviour_of_another_rate_come_onto_common_bins():
    session = session_of(track(), neural="units", bin_width=0.1, labels={"position": POSITION})
    assert session.neural.shape == (199, 4)  # from the first to the last sample of the position
    middles = session.time + 0.05
    assert session.labels["position"] == pytest.approx(0.5 - 0.5 * np.cos(2 * np.pi * middles / 4), abs=1e-3)
    assert session.units["position"] == "m"
    assert session.name == "day"


def test_degrees_become_radians_and_go_around():
    session = session_of(
        track(), neural="units", bin_width=0.1, labels={"heading": {"source": "heading", "kind": "circular"}}
    )
    wanted = np.mod(session.time + 0.05, 2 * np.pi)
    assert np.cos(session.labels["heading"] - wanted) == pytest.approx(1, abs=1e-4)
    assert session.units["heading"] == "rad"


def test_trials_give_their_bins_labels_and_the_time_between_is_left_out():
    session = session_of(
        track(),
        neural="units",
        bin_width=0.5,
        during="trials",
        segments={"source": "trials"},
        labels={
            "kind": {"source": "trials", "field": "kind"},
            "phase": {"source": "trials", "made": "phase"},
            "trial": {"source": "trials", "made": "number"},
            "since reward": {"source": "rewards", "made": "time since"},
        },
    )
    assert len(session.segment_slices()) == 5
    first = session[session.labels["trial"] == 2]
    assert set(first.labels["kind"]) == {"b"}
    assert first.time[[0, -1]].tolist() == [4.0, 6.5]
    assert first.labels["phase"] == pytest.approx((first.time + 0.25 - 4) / 3)
    assert first.labels["since reward"][0] == pytest.approx(2.25)
    assert np.isnan(session.labels["since reward"][0])


def test_what_comes_after_the_reading_is_told_too():
    told = []
    mapping = checked_mapping({"neural": "units", "bin_width": 0.1, "labels": {"position": POSITION}})
    sessions_from(track(), mapping, on_progress=lambda share, words: told.append((share, words)))
    assert told[-2:] == [(1.0, "making the session"), (1.0, "done")]


def test_a_pause_that_a_trial_holds_is_no_time_in_the_trial():
    starts = np.arange(0, 20, 2.0)
    stops = np.append(starts[1:], 200.0)  # the last trial ends minutes later, with the recording
    contents = Contents("a.lab", [
        spikes("units", [np.arange(0, 200, 0.5)]),
        intervals("trials", starts, stops),
        events("rewards", starts + 1),
    ])  # fmt: skip
    session = session_of(
        contents,
        neural="units",
        bin_width=0.5,
        labels={
            "time in trial": {"source": "trials", "made": "time since"},
            "phase": {"source": "trials", "made": "phase"},
            "since reward": {"source": "rewards", "made": "time since"},
        },
    )
    assert session.n_bins == 400
    since, phase = session.labels["time in trial"], session.labels["phase"]
    last = session.time >= 18
    assert np.nanmax(since[~last]) == 1.75
    assert np.nanmax(since) == 9.75  # five times two seconds
    assert np.isnan(phase[last]).all()
    assert np.nanmax(phase) == pytest.approx(0.875)
    assert np.nanmax(session.labels["since reward"]) == 1.75


def test_trials_without_a_value_are_left_out():
    contents = Contents("a.lab", [
        spikes("units", [[1.0, 5.0]]),
        intervals("trials", [0, 4, 8], [3, 7, 11], answer=[1.0, np.nan, 2.0], name=["a", "", "c"]),
    ])  # fmt: skip
    for field in ("answer", "name"):
        session = session_of(
            contents,
            neural="units",
            bin_width=1,
            labels={"answer": {"source": "trials", "field": field, "kind": "discrete"}},
        )
        assert session.time.tolist() == [0, 1, 2, 8, 9, 10]
        assert len(np.unique(session.labels["answer"])) == 2


def test_only_chosen_epochs_are_kept():
    contents = Contents("a.lab", [
        *track().entries.values(),
        intervals("epochs", [0, 5, 12], [5, 12, 20], tags=["sleep", "wake", "sleep"]),
    ])  # fmt: skip
    mapping = {"neural": "units", "bin_width": 0.5, "labels": {"position": POSITION}, "during": "epochs"}
    session = session_of(contents, **mapping, during_values={"tags": "wake"})
    assert (session.time[0], session.time[-1]) == (5.0, 11.5)
    with pytest.raises(
        SessionError, match=r"epochs has no row with tags = 'rest'; there are 'sleep', 'wake'"
    ):
        session_of(contents, **mapping, during_values={"tags": "rest"})


def test_labels_are_made_from_a_position():
    session = session_of(
        track(),
        neural="units",
        bin_width=0.05,
        labels={
            "lap": {"made": "lap", "of": "direction"},
            "direction": {"made": "running direction", "of": "position"},
            "speed": {"made": "speed", "of": "position"},
            "position": POSITION,
        },
    )
    assert list(session.labels) == ["lap", "direction", "speed", "position"]
    rising = np.sin(2 * np.pi * (session.time + 0.025) / 4)
    clear = np.abs(rising) > 0.3
    assert ((session.labels["direction"] == "right") == (rising > 0))[clear].all()
    wanted = np.abs(rising) * 0.5 * 2 * np.pi / 4
    inner = slice(20, -20)
    assert session.labels["speed"][inner] == pytest.approx(wanted[inner], abs=0.08)
    assert session.units["speed"] == "m/s"
    assert session.labels["lap"][-1] == 10


def test_slow_bins_and_silent_neurons_can_be_left_out():
    contents = Contents("a.lab", [*track().entries.values(), spikes("cells", [[0.5], np.arange(0, 20, 0.1)])])
    mapping = {"neural": "cells", "bin_width": 0.1, "labels": {"position": POSITION}}
    whole = session_of(contents, **mapping)
    session = session_of(contents, **mapping, min_speed=0.4, min_rate=1.0)
    assert session.neurons["id"].tolist() == [1]
    assert 0.3 < len(session) / len(whole) < 0.9
    assert len(session.segment_slices()) > 5
    with pytest.raises(SessionError, match="no neuron has 100 /s or more"):
        session_of(contents, **mapping, min_rate=100)
    with pytest.raises(SessionError, match=r"no time bin is left .* at 9 or faster"):
        session_of(contents, **mapping, min_speed=9)


def array_file(neural, **labels):
    return Contents("a.lab", [array_entry("neural", neural)] + [array_entry(k, v) for k, v in labels.items()])


def test_the_axis_of_time_is_known_from_the_labels():
    neural = np.arange(60.0).reshape(20, 3)
    for table in (neural, neural.T):
        session = session_of(
            array_file(table.copy(), position=np.arange(20.0)),
            neural="neural",
            bin_width=0.1,
            labels={"position": POSITION},
        )
        assert (session.neural == neural).all()
    square = array_file(np.eye(20), position=np.arange(20.0))
    with pytest.raises(SessionError, match=r"is square .*give orientation"):
        session_of(square, neural="neural", bin_width=0.1, labels={"position": POSITION})
    said = session_of(
        square, neural="neural", bin_width=0.1, labels={"position": POSITION}, orientation="neurons × bins"
    )
    assert said.neural.shape == (20, 20)
    with pytest.raises(SessionError, match=r"a\.lab: neural has shape \(20, 3\), and the labels have 7"):
        session_of(
            array_file(neural, position=np.arange(7.0)),
            neural="neural",
            bin_width=0.1,
            labels={"position": POSITION},
        )


def test_an_array_needs_a_bin_width_or_times():
    contents = array_file(np.ones((20, 3)), position=np.arange(20.0), t=np.arange(20) * 0.2 + 5)
    with pytest.raises(SessionError, match="give bin_width"):
        session_of(contents, neural="neural", labels={"position": POSITION})
    session = session_of(contents, neural="neural", labels={"position": POSITION}, time="t")
    assert session.bin_width == pytest.approx(0.2)
    assert session.start == 5.0


def test_a_faster_recording_is_binned_with_its_labels():
    contents = array_file(np.ones((20, 3), dtype=np.int64), position=np.arange(20.0), t=np.arange(20) * 0.1)
    session = session_of(contents, neural="neural", labels={"position": POSITION}, time="t", bin_width=0.4)
    assert (session.neural == 4).all()
    assert session.labels["position"] == pytest.approx([2.0, 6.0, 10.0, 14.0, 18.0])
    with pytest.raises(SessionError, match="would mostly be empty"):
        session_of(contents, neural="neural", labels={"position": POSITION}, time="t", bin_width=0.01)


def test_gaps_between_frames_stay_gaps():
    time = np.concatenate([np.arange(10) * 0.1, 5 + np.arange(10) * 0.1])
    contents = Contents("a.lab", [
        array_entry("dff", np.ones((20, 3)), time=time),
        array_entry("position", np.arange(20.0), time=time),
    ])  # fmt: skip
    session = session_of(contents, neural="dff", labels={"position": POSITION})
    assert session.time == pytest.approx(time)
    assert [part.stop - part.start for part in session.segment_slices()] == [10, 10]
    assert session.labels["position"] == pytest.approx(np.arange(20.0))


def test_a_list_of_spikes_with_their_neurons_is_sorted_out():
    contents = Contents("a.lab", [
        array_entry("spike_times", np.array([3100, 6100, 9100, 45100])),
        array_entry("spike_clusters", np.array([7, 3, 7, 3])),
        array_entry("position", np.arange(30.0), time=np.arange(30) * 0.1),
    ])  # fmt: skip
    session = session_of(
        contents,
        neural="spike_times",
        spike_ids="spike_clusters",
        sampling_rate=30000,
        bin_width=0.1,
        labels={"position": POSITION},
    )
    assert session.neurons["id"].tolist() == [3, 7]
    assert [np.flatnonzero(column).tolist() for column in session.neural.toarray().T] == [[2, 15], [1, 3]]


def test_columns_of_one_neuron_each_stand_side_by_side():
    contents = array_file(
        np.zeros(6),
        cell_1=np.arange(6.0),
        cell_2=np.ones(6),
        position=np.arange(6.0),
        cell_name=np.array(list("abcdef")),
    )
    session = session_of(contents, neural=["cell_1", "cell_2"], bin_width=1, labels={"position": POSITION})
    assert session.neurons["id"].tolist() == ["cell_1", "cell_2"]
    with pytest.raises(SessionError, match=r"cell_name.* cannot be one neuron"):
        session_of(contents, neural="cell_*", bin_width=1, labels={"position": POSITION})


def test_jumps_of_the_position_are_borders():
    contents = array_file(np.ones((9, 2)), position=np.array([0.0, 1, 2, 0, 1, 2, 0, 1, 2]))
    session = session_of(
        contents,
        neural="neural",
        bin_width=1,
        labels={"position": POSITION},
        segments={"jumps_of": "position", "jump": 2},
    )
    assert [part.start for part in session.segment_slices()] == [0, 3, 6]


def cells():
    return Contents("M1_spikes.lab", [
        array_entry(f"{what}[{day},{way}]", np.full(shape, 10 * day + way, dtype=np.float64))
        for day in range(2)
        for way in range(2)
        for what, shape in (("spikes", (4 + way, 3)), ("place", (4 + way,)))
    ])  # fmt: skip


CELLS = {
    "neural": "spikes[{day},{direction}]",
    "labels": {"place": {"source": "place[{day},{direction}]"}},
    "bin_width": 0.05,
    "each": {"day": (0, 1)},
    "name": "{stem} day {day}",
    "parts": {"label": "direction", "values": {"right": 0, "left": 1}},
}


def test_one_file_gives_a_session_a_day_from_parts_that_are_stored_apart():
    sessions = sessions_from(cells(), checked_mapping(CELLS))
    assert [session.name for session in sessions] == ["M1_spikes day 0", "M1_spikes day 1"]
    assert sessions[1].labels["direction"].tolist() == ["right"] * 4 + ["left"] * 5
    assert sessions[1].labels["place"].tolist() == [10.0] * 4 + [11.0] * 5
    assert [part.start for part in sessions[1].segment_slices()] == [0, 4]


def test_sessions_of_one_name_are_refused():
    with pytest.raises(SessionError, match=r"several sessions 'day'; put what tells them apart .* \{day\}"):
        sessions_from(cells(), checked_mapping(CELLS | {"name": "day"}))


def test_what_is_missing_is_named_with_what_there_is():
    with pytest.raises(SessionError, match=r"day\.lab holds no 'place'; it holds\n  units: spike times of 4"):
        session_of(track(), neural="units", bin_width=0.1, labels={"place": {"source": "place"}})
    with pytest.raises(SessionError, match=r"spike times need bin_width"):
        session_of(track(), neural="units", labels={"position": POSITION})
    with pytest.raises(SessionError, match=r"holds nothing like 'cell_\*'"):
        session_of(track(), neural="cell_*", bin_width=0.1, labels={"position": POSITION})
    with pytest.raises(SessionError, match=r"trials \(intervals\) is no neural activity"):
        session_of(track(), neural="trials", labels={"position": POSITION})
    with pytest.raises(SessionError, match=r"has no column 'colour'|have no column 'colour'"):
        session_of(
            track(), neural="units", bin_width=1, labels={"c": {"source": "trials", "field": "colour"}}
        )


def test_clocks_that_share_no_time_are_told():
    contents = Contents("a.lab", [
        spikes("units", [[1.0]]),
        array_entry("position", np.arange(10.0), time=np.arange(10.0)),
        intervals("trials", [100], [110]),
    ])  # fmt: skip
    with pytest.raises(SessionError, match="share no stretch of time"):
        session_of(contents, neural="units", bin_width=1, labels={"position": POSITION}, during="trials")


def test_reading_can_be_stopped_by_whoever_is_told():
    class StoppedError(Exception):
        pass

    def stop(share, words):
        raise StoppedError

    with pytest.raises(StoppedError):
        sessions_from(cells(), checked_mapping(CELLS), on_progress=stop)


def test_events_make_borders():
    contents = Contents("a.lab", [*track().entries.values(), events("doors", [5.0, 10.0])])
    session = session_of(
        contents, neural="units", bin_width=1, labels={"position": POSITION}, segments={"source": "doors"}
    )
    assert [part.start for part in session.segment_slices()] == [0, 5, 10]
