from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from napari_unison import Session
from napari_unison.encoder.alignment import NO_BIN
from napari_unison.encoder.label_space import LabelSpace
from napari_unison.encoder.sampling import BatchSampler
from napari_unison.sessions import SessionError


def sampler(sessions, **options):
    options = {"time_offsets": 10} | options
    return BatchSampler(sessions, LabelSpace(sessions), **options)


def test_a_batch_is_repeated_by_its_seed(rats):
    drawing = sampler(rats)
    first, second = (drawing.draw(50, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first.positive, second.positive)
    np.testing.assert_array_equal(first.negative, second.negative)


def test_reference_and_negative_are_independent(rats):
    drawing = sampler(rats)
    rng = np.random.default_rng(0)
    batches = [drawing.draw(50, rng) for _ in range(200)]
    reference = [batch.reference[0].mean() for batch in batches]
    negative = [batch.negative[0].mean() for batch in batches]
    assert abs(np.corrcoef(reference, negative)[0, 1]) < 0.25


def test_pseudo_animals_stand_at_the_same_place_in_all_sessions(rats):
    bins = sampler(rats).draw(300, np.random.default_rng(0)).reference
    positions = [rat.labels["position"][chosen] for rat, chosen in zip(rats, bins, strict=True)]
    directions = [rat.labels["direction"][chosen] for rat, chosen in zip(rats, bins, strict=True)]
    assert np.ptp(positions, axis=0).max() < 0.15
    assert (directions[0] == directions[1]).all()
    assert (directions[0] == directions[2]).all()


def test_label_changes_never_cross_a_segment_border():
    position = np.concatenate([np.linspace(0, 1, 30), np.linspace(5, 6, 30)])
    rat = Session("rat", np.ones((60, 2)), {"position": position}, 0.1, segment=np.repeat([0, 1], 30))
    assert sampler([rat]).changes.max() < 0.5


def test_segments_shorter_than_the_offset_are_told(make_session):
    rat = make_session("short", 40, segment=np.arange(40) // 5)
    with pytest.raises(SessionError, match=r"no label change over 10 time bins.*longest segment has 5 bins"):
        sampler([rat])


def test_a_session_without_known_labels_is_told(make_session):
    x, y = np.zeros(100), np.zeros(100)
    x[50:], y[:50] = np.nan, np.nan
    rat = make_session("rat", 100)
    good = rat.replace(labels={"x": np.arange(100.0), "y": np.arange(100.0)})
    lost = rat.replace(name="lost", labels={"x": x, "y": y})
    with pytest.raises(SessionError, match=r"'lost' has no bin in which all labels are known"):
        sampler([good, lost])


def test_labels_that_are_known_too_seldom_are_told(make_session):
    position = np.full(400, np.nan)
    position[::11] = 1.0
    rat = make_session("rat", 400)
    seldom = rat.replace(labels={"position": position, "direction": rat.labels["direction"]})
    with pytest.raises(SessionError, match=r"no two bins that far apart .* have all their labels"):
        sampler([seldom])


def test_bins_with_missing_labels_are_never_drawn(make_session):
    rat = make_session("rat", 300)
    position = rat.labels["position"].copy()
    position[100:200] = np.nan
    rats = [rat.replace(labels={**rat.labels, "position": position}), make_session("other", 200, seed=4)]
    drawing = sampler(rats)
    rng = np.random.default_rng(0)
    for _ in range(10):
        batch = drawing.draw(200, rng)
        for bins in (batch.reference, batch.positive, batch.negative):
            assert not ((bins[0] >= 100) & (bins[0] < 200)).any()


def test_shared_positives_take_one_change_for_all_sessions(make_session):
    rats = [make_session("a", 2000, seed=1), make_session("b", 2000, seed=1, n_neurons=3)]

    def differences(positives):
        drawing = sampler(rats, positives=positives)
        first, second = drawing.draw(300, np.random.default_rng(0)).positive
        return np.abs(drawing.alignment.points[0][first] - drawing.alignment.points[1][second])

    np.testing.assert_allclose(differences("shared"), 0, atol=1e-9)
    assert differences("independent").max() > 0.1


def test_partners_beyond_the_label_distance_are_silent_in_the_whole_sample():
    everywhere = Session("a", np.ones((100, 1)), {"x": np.linspace(0, 10, 100)}, 0.1)
    near_zero = Session("b", np.ones((100, 1)), {"x": np.linspace(0, 1, 100)}, 0.1)
    drawing = sampler([everywhere, near_zero], max_label_distance=0.5)
    rng = np.random.default_rng(0)
    for _ in range(5):
        batch = drawing.draw(200, rng)
        beyond = everywhere.labels["x"][batch.reference[0]] > 1.6
        assert (batch.reference[1, beyond & (batch.reference[0] >= 0)] == NO_BIN).all()
        assert (batch.positive[batch.reference == NO_BIN] == NO_BIN).all()


@pytest.mark.parametrize("distance", [0.001, 0.02, 0.2])
def test_no_sample_is_silent_in_all_sessions(rats, distance):
    drawing = sampler(rats, max_label_distance=distance)
    rng = np.random.default_rng(0)
    for _ in range(5):
        batch = drawing.draw(200, rng)
        assert (batch.reference != NO_BIN).any(axis=0).all()
        assert (batch.positive != NO_BIN).any(axis=0).all()


@pytest.fixture(scope="module")
def six_rats(make_session):
    return [make_session(f"rat {seed}", 300 + 10 * seed, seed=seed) for seed in range(6)]


@pytest.mark.parametrize(
    "options", [{}, {"sessions_per_step": 3}, {"positives": "shared"}, {"max_label_distance": 0.005}]
)
def test_threads_do_not_change_what_is_drawn(six_rats, options):
    alone, threaded = (sampler(six_rats, **options) for _ in range(2))
    first, second = np.random.default_rng(5), np.random.default_rng(5)
    with ThreadPoolExecutor(3) as executor:
        for _ in range(5):
            expected, found = alone.draw(100, first), threaded.draw(100, second, executor)
            for name in ("reference", "positive", "negative", "sessions"):
                np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_an_error_in_a_thread_is_not_lost(six_rats):
    drawing = sampler(six_rats)
    drawing.changes = drawing.changes[:, :1].repeat(2, axis=1)
    with ThreadPoolExecutor(2) as executor, pytest.raises(ValueError, match="broadcast"):
        drawing.draw(10, np.random.default_rng(0), executor)


def test_all_sessions_take_part_unless_a_number_is_given(six_rats):
    for options in ({}, {"sessions_per_step": 6}, {"sessions_per_step": 99}):
        batch = sampler(six_rats, **options).draw(20, np.random.default_rng(0))
        np.testing.assert_array_equal(batch.sessions, np.arange(6))
        assert batch.reference.shape == batch.positive.shape == batch.negative.shape == (6, 20)


def test_a_subset_of_sessions_is_drawn_anew_for_each_batch(six_rats):
    drawing = sampler(six_rats, sessions_per_step=2)
    rng = np.random.default_rng(0)
    times_drawn = np.zeros(6)
    for _ in range(600):
        batch = drawing.draw(4, rng)
        assert batch.reference.shape == (2, 4)
        assert batch.sessions[0] < batch.sessions[1]
        times_drawn[batch.sessions] += 1
    np.testing.assert_allclose(times_drawn / 600, 1 / 3, atol=0.06)


def test_rows_of_a_subset_belong_to_its_sessions(six_rats):
    drawing = sampler(six_rats, sessions_per_step=3)
    rng = np.random.default_rng(0)
    for _ in range(20):
        batch = drawing.draw(50, rng)
        for bins in (batch.reference, batch.negative):
            positions = [
                six_rats[session].labels["position"][chosen]
                for session, chosen in zip(batch.sessions, bins, strict=True)
            ]
            assert np.ptp(positions, axis=0).max() < 0.15


@pytest.mark.parametrize("sessions_per_step", [None, 3])
def test_every_session_is_the_reference_equally_often(sessions_per_step):
    """Sessions stand at labels of their own, so that the reference's session shows in its bins."""
    rng = np.random.default_rng(0)
    sessions = [Session(f"s{i}", np.ones((40, 1)), {"x": np.arange(40.0) + 1000 * i}, 0.1) for i in range(4)]
    drawing = sampler(sessions, sessions_per_step=sessions_per_step)
    anchors = {"reference": np.zeros(4), "negative": np.zeros(4)}
    for _ in range(1000):
        batch = drawing.draw(30, rng)
        for role, counts in anchors.items():
            # all bins of the anchor are drawn from, of the others only the first or the last
            distinct = [len(np.unique(bins)) for bins in getattr(batch, role)]
            counts[batch.sessions[int(np.argmax(distinct))]] += 1
    for counts in anchors.values():
        np.testing.assert_allclose(counts / 1000, 0.25, atol=0.05)
