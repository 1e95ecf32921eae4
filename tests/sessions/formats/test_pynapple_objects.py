"""pynapple's objects in memory: the same counts and labels as pynapple computes."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unison import session_from_pynapple
from napari_unison.sessions import SessionError

nap = pytest.importorskip("pynapple")

RNG = np.random.default_rng(3)
EPOCHS = nap.IntervalSet([0, 60], [40, 100])


def group(support=EPOCHS, n_neurons=4):
    trains = {2 * i + 1: nap.Ts(np.sort(RNG.uniform(0, 100, 400))) for i in range(n_neurons)}
    areas = ["CA1", "CA3", "CA1", "CA3"][:n_neurons]
    return nap.TsGroup(trains, time_support=support, metadata={"area": areas})


def position(support=EPOCHS):
    time = np.arange(0, 100, 0.02)
    return nap.Tsd(time, 80 * np.sin(time / 7), time_support=support)


def in_bins(session, counts):
    """Return pynapple's counts in the bins of a session, which lie at the middles of its own."""
    middles = session.time + session.bin_width / 2
    same = np.argmin(np.abs(counts.index.values[:, None] - middles), axis=0)
    np.testing.assert_allclose(counts.index.values[same], middles)
    return counts.values[same], middles


def test_counts_and_position_are_those_that_pynapple_computes():
    spikes, place = group(), position()
    session = session_from_pynapple(
        "mouse 1", spikes, {"position": place}, bin_width=0.5, units={"position": "cm"}
    )
    counts, middles = in_bins(session, spikes.count(0.5))
    np.testing.assert_array_equal(session.neural.toarray(), counts)
    np.testing.assert_allclose(
        session.labels["position"], place.interpolate(nap.Ts(middles), EPOCHS).values, atol=1e-9
    )
    assert session.name == "mouse 1"
    assert session.units["position"] == "cm"
    assert session.neurons["id"].tolist() == [1, 3, 5, 7]
    assert session.neurons["area"].tolist() == ["CA1", "CA3", "CA1", "CA3"]


def test_bins_outside_of_any_time_support_are_left_out():
    spikes, place = group(), position(nap.IntervalSet([0, 70], [30, 90]))
    session = session_from_pynapple(
        "m", spikes, {"position": place}, bin_width=0.5, during=nap.IntervalSet([10, 80], [20, 200])
    )
    middles = session.time + 0.25
    assert ((middles > 10) & (middles < 20) | (middles > 80) & (middles < 90)).all()
    assert session.n_bins == 40
    assert len(session.segment_slices()) == 2


def test_a_heading_goes_the_shorter_way_round_and_a_choice_is_that_of_the_nearest_sample():
    time = np.arange(0, 100, 0.1)
    heading = nap.Tsd(time, np.mod(time, 2 * np.pi), time_support=EPOCHS)
    state = nap.Tsd(time, (time // 10).astype(int), time_support=EPOCHS)
    session = session_from_pynapple(
        "m",
        group(),
        {"heading": heading, "state": state},
        bin_width=0.3,
        kinds={"heading": "circular", "state": "discrete"},
    )
    middles = session.time + 0.15
    apart = np.angle(np.exp(1j * (session.labels["heading"] - middles)))
    np.testing.assert_allclose(apart, 0, atol=1e-2)
    nearest = nap.Ts(middles).value_from(state, EPOCHS).values
    # in the very middle between two samples, either is the nearest
    clear = np.abs(np.mod(middles / 0.1, 1) - 0.5) > 1e-6
    np.testing.assert_array_equal(session.labels["state"][clear], nearest[clear])
    assert dict(session.kinds) == {"heading": "circular", "state": "discrete"}


def test_a_frame_is_activity_with_a_column_a_neuron():
    time = np.arange(0, 20, 0.1)
    values = RNG.random((200, 3)).astype(np.float32)
    frame = nap.TsdFrame(time, values, columns=["a", "b", "c"], metadata={"depth": [1.0, 2.0, 3.0]})
    place = nap.TsdFrame(time, RNG.random((200, 2)), columns=["x", "y"])
    session = session_from_pynapple("m", frame, {"position": place}, units={"position": "m"})
    np.testing.assert_array_equal(session.neural, values)
    np.testing.assert_allclose(session.labels["position"], place.values)
    assert session.neurons["id"].tolist() == ["a", "b", "c"]
    assert session.neurons["depth"].tolist() == [1, 2, 3]
    assert session.bin_width == pytest.approx(0.1)
    assert session.neural.shape == (200, 3)


def test_neurons_that_are_too_quiet_take_their_names_along():
    time = np.arange(0, 20, 0.1)
    frame = nap.TsdFrame(time, np.outer(np.ones(200), [0.0, 5.0]), columns=["quiet", "loud"])
    session = session_from_pynapple("m", frame, {"place": nap.Tsd(time, time)}, min_rate=1)
    assert session.neurons["id"].tolist() == ["loud"]


def test_one_neuron_may_be_a_series_of_its_own():
    time = np.arange(0, 20, 0.1)
    session = session_from_pynapple("m", nap.Tsd(time, time**2), {"place": nap.Tsd(time, time)})
    np.testing.assert_array_equal(session.neural[:, 0], time**2)


def test_trials_and_events_are_labels():
    trials = nap.IntervalSet(
        [0, 20, 70], [10, 35, 90], metadata={"choice": ["l", "r", "l"], "reward": [1.0, 0.5, 2.0]}
    )
    session = session_from_pynapple(
        "m",
        group(),
        {
            "choice": (trials, "choice"),
            "reward": (trials, "reward"),
            "progress": (trials, "phase"),
            "trial": (trials, "number"),
            "since lick": nap.Ts([0.0, 25.0, 75.0]),
        },
        bin_width=0.5,
    )
    middles = session.time + 0.25
    assert set(zip(session.labels["trial"].tolist(), session.labels["choice"].tolist(), strict=True)) == {
        (1, "l"), (2, "r"), (3, "l")
    }  # fmt: skip
    second = session.labels["trial"] == 2
    assert set(session.labels["reward"][second]) == {0.5}
    np.testing.assert_allclose(session.labels["progress"][second], (middles[second] - 20) / 15)
    np.testing.assert_allclose(session.labels["since lick"][middles > 75], middles[middles > 75] - 75)
    assert session.units["since lick"] == "s"


def test_the_only_column_of_intervals_need_not_be_named():
    trials = nap.IntervalSet([0, 70], [30, 90], metadata={"side": ["l", "r"]})
    session = session_from_pynapple("m", group(), {"side": trials}, bin_width=0.5)
    assert set(session.labels["side"]) == {"l", "r"}


def test_labels_can_be_made_from_labels():
    labels = {"position": position(), "speed": {"made": "speed", "of": "position"}}
    session = session_from_pynapple("m", group(), labels, bin_width=0.1, units={"position": "cm"})
    assert session.units["speed"] == "cm/s"
    expected = np.abs(80 / 7 * np.cos((session.time + 0.05) / 7))
    np.testing.assert_allclose(np.median(np.abs(session.labels["speed"] - expected)), 0, atol=0.05)


def test_spikes_are_binned_in_25_ms_unless_told_otherwise():
    assert session_from_pynapple("{m}", group(), {"position": position()}).bin_width == 0.025
    assert session_from_pynapple("{m}", group(), {"position": position()}).name == "{m}"


@pytest.mark.parametrize(
    ("neural", "labels", "given", "told"),
    [
        (np.ones((3, 3)), {}, {}, "session 'm': neural is a ndarray; give a TsGroup"),
        (nap.Ts([1.0, 2.0]), {}, {}, "neural is a Ts; give a TsGroup"),
        (group(), {"a": [1, 2]}, {}, "session 'm': label 'a' is a list; give a Tsd"),
        (group(), {"a": nap.TsdTensor(np.arange(3.0), np.ones((3, 2, 2)))}, {}, "label 'a' is a TsdTensor"),
        (group(), {"a": EPOCHS}, {}, r"its intervals have not one column; give \(intervals, name\)"),
        (group(), {"a": (EPOCHS, "b")}, {}, "have no column 'b'; give .*no columns"),
        (group(), {"a": (position(), "b")}, {}, "label 'a' is a Tsd with 'b'"),
        (group(), {"a": position()}, {"kinds": {"b": "circular"}}, "kinds names 'b', which is no label"),
        (
            group(),
            {"a": position()},
            {"kinds": {"a": "round"}},
            r"session 'm' does not fit:\n  labels\.a\.kind",
        ),
        (
            group(),
            {"a": position()},
            {"during": position()},
            "session 'm': during is a Tsd; give an Interval",
        ),
        (group(), {"a": position()}, {"smooth": 1}, "smooth: there is no such setting"),
        (group(), {}, {}, "labels"),
        (group(), {"a": position(nap.IntervalSet(45, 55))}, {}, "share no stretch of time"),
    ],
)
def test_what_does_not_fit_is_said_by_name(neural, labels, given, told):
    with pytest.raises(SessionError, match=told):
        session_from_pynapple("m", neural, labels, **given)
