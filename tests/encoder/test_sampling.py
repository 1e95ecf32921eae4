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
    bins = sampler(rats).draw_pseudo_animals(300, np.random.default_rng(0))
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
    rng = np.random.default_rng(0)
    shared = sampler(rats, positives="shared")
    bins = shared.draw_pseudo_animals(300, rng)
    positive = shared.draw_positives(bins, rng)
    points = shared.alignment.points
    np.testing.assert_allclose(points[0][positive[0]], points[1][positive[1]], atol=1e-9)
    independent = sampler(rats).draw_positives(bins, rng)
    assert np.abs(points[0][independent[0]] - points[1][independent[1]]).max() > 0.1


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
