"""The Bayesian place decoder on codes whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from napari_unison import Session, load_sessions, split_sessions
from napari_unison.analysis.baselines.bayesian import BayesianPlaceDecoder
from napari_unison.analysis.baselines.event_counts import event_scale
from napari_unison.analysis.targets import r_squared

LAP = 80
WIDTH = 0.025


def code(values: np.ndarray, centres: np.ndarray, *, width: float, circular: bool = False) -> np.ndarray:
    """Return the counts that neurons with Gaussian fields have without noise, (T, N)."""
    distance = values[:, None] - centres[None]
    if circular:
        distance = np.angle(np.exp(1j * distance))
    return np.round(30 * np.exp(-0.5 * (distance / width) ** 2))


def runner(n_laps: int, *, start: float = 0.0) -> Session:
    """Run to and fro; half of the neurons fire on the way right only, half on the way left."""
    bins = np.arange(n_laps * LAP)
    right = (bins // LAP) % 2 == 0
    share = (bins % LAP + 0.5) / LAP
    position = np.where(right, share, 1 - share)
    fields = code(position, np.linspace(0, 1, 15), width=0.08)
    counts = np.concatenate([fields * right[:, None], fields * ~right[:, None]], axis=1)
    labels = {"position": position, "direction": np.where(right, "right", "left")}
    return Session("rat", counts, labels, WIDTH, start=start, units={"position": "m"}, segment=bins // LAP)


def predicted(train: Session, test: Session, decoder: BayesianPlaceDecoder) -> dict[str, np.ndarray]:
    return {one.label: one.predicted for one in decoder.predict([train], [test], seed=0)}


def test_a_place_code_without_noise_is_read_exactly():
    train, test = runner(10), runner(4, start=100)
    one_bin = BayesianPlaceDecoder(window_s=WIDTH, position_bins=(40,), smoothing=(0.5,), least_rate=(0.01,))
    position, direction = one_bin.predict([train], [test], seed=0)
    assert position.errors().max() < 1 / 40
    assert direction.errors().sum() == 0
    assert (position.session, position.label, position.unit) == ("rat", "position", "m")


def test_angles_are_read_around_the_circle():
    random = np.random.default_rng(0)
    heading = np.angle(np.exp(1j * np.cumsum(0.3 * random.normal(size=3000))))
    counts = code(heading, np.linspace(-np.pi, np.pi, 12, endpoint=False), width=0.5, circular=True)
    session = Session("mouse", counts, {"heading": heading}, WIDTH, kinds={"heading": "circular"})
    train, test = split_sessions([session])
    decoder = BayesianPlaceDecoder(window_s=WIDTH)
    (prediction,) = decoder.predict(train, test, seed=0)
    assert prediction.errors().max() < 0.25
    # near the seam too, where a mean of numbers would say 0
    at_seam = np.abs(prediction.truth[:, 0]) > 3.0
    assert at_seam.any()
    assert np.median(prediction.errors()[at_seam]) < 0.1


def test_categories_alone_are_read():
    bins = np.arange(1200)
    odour = np.array(["apple", "banana", "cherry"])[(bins // 40) % 3]
    counts = np.stack([3.0 * (odour == name) for name in ("apple", "banana", "cherry")], axis=1)
    session = Session("mouse", counts, {"odour": odour}, WIDTH, segment=bins // 40)
    train, test = split_sessions([session])
    (prediction,) = BayesianPlaceDecoder().predict(train, test, seed=0)
    assert prediction.errors().sum() == 0
    assert prediction.predicted.dtype == odour.dtype


def test_sparse_and_dense_counts_say_the_same():
    train, test = runner(8), runner(2, start=100)
    dense = predicted(train, test, BayesianPlaceDecoder())
    as_sparse = [part.replace(neural=sparse.csr_array(part.neural)) for part in (train, test)]
    found = predicted(*as_sparse, BayesianPlaceDecoder())
    np.testing.assert_allclose(found["position"], dense["position"])
    np.testing.assert_array_equal(found["direction"], dense["direction"])


def test_bins_without_a_place_are_left_out():
    train, test = runner(10), runner(4, start=100)
    unknown = np.arange(train.n_bins) % 3 == 0
    labels = dict(train.labels) | {"position": np.where(unknown, np.nan, train.labels["position"])}
    # what neurons do where the place is unknown must not matter to fields of single bins
    noisy = np.where(unknown[:, None], 9.0, train.neural)
    decoder = BayesianPlaceDecoder(window_s=WIDTH, position_bins=(40,), smoothing=(1.0,), least_rate=(0.01,))
    with_holes = predicted(train.replace(labels=labels, neural=noisy), test, decoder)
    assert np.abs(with_holes["position"][:, 0] - test.labels["position"]).max() < 1 / 20


def test_neurons_that_were_silent_in_training_say_nothing():
    train, test = runner(8), runner(2, start=100)
    silent = train.replace(neural=np.column_stack([train.neural, np.zeros(train.n_bins)]))
    busy = test.replace(neural=np.column_stack([test.neural, np.full(test.n_bins, 50.0)]))
    np.testing.assert_allclose(
        predicted(silent, busy, BayesianPlaceDecoder())["position"],
        predicted(train, test, BayesianPlaceDecoder())["position"],
    )


def test_labels_of_the_test_part_change_nothing():
    train, test = runner(10), runner(4, start=100)
    random = np.random.default_rng(0)
    poisoned = test.replace(
        labels={
            "position": random.uniform(-9, 9, test.n_bins),
            "direction": random.permutation(test.labels["direction"]),
        }
    )
    clean, other = (predicted(train, part, BayesianPlaceDecoder()) for part in (test, poisoned))
    for label in clean:
        np.testing.assert_array_equal(clean[label], other[label])


def test_choices_are_among_those_given_and_the_same_every_time():
    decoder = BayesianPlaceDecoder(position_bins=(10, 30), smoothing=(1.0, 2.0), least_rate=(0.05,))
    session = runner(10)
    first, again = decoder.fit(session), decoder.fit(session)
    assert first.chosen == again.chosen
    assert first.chosen["position_bins"] in (10, 30)
    assert first.chosen["least_rate"] == 0.05


def test_events_count_as_one_whatever_their_unit():
    session = runner(6)
    np.testing.assert_array_equal(event_scale(session), 1)
    events = session.replace(neural=0.37 * (session.neural > 12))
    fired = np.asarray(events.neural).any(axis=0)
    np.testing.assert_allclose(event_scale(events)[fired], 1 / 0.37)
    train, test = split_sessions([events])
    (position, _) = BayesianPlaceDecoder().predict(train, test, seed=0)
    assert np.median(position.errors()) < 0.05


def test_what_is_no_count_is_refused_with_another_baseline_to_take():
    session = runner(4)
    fluorescence = session.replace(neural=session.neural - 0.1)
    with pytest.raises(ValueError, match=r"session 'rat' has activity below 0, as ΔF/F.*SmoothedNeighbours"):
        BayesianPlaceDecoder().predict([fluorescence], [fluorescence], seed=0)


def test_labels_that_are_no_place_are_refused():
    session = runner(4)
    plane = session.replace(labels={"xy": np.zeros((session.n_bins, 2))})
    with pytest.raises(ValueError, match=r"label 'xy' has 2 columns"):
        BayesianPlaceDecoder().fit(plane)
    speed = session.replace(labels=dict(session.labels) | {"speed": session.labels["position"]})
    with pytest.raises(ValueError, match=r"position \(continuous\), direction \(discrete\), speed"):
        BayesianPlaceDecoder().fit(speed)
    with pytest.raises(ValueError, match="position_bins is"):
        BayesianPlaceDecoder(position_bins=(1,))


REFERENCE = {  # window (s), rat: position R², direction R² (0/1 regressed), median error (cm)
    (0.25, "achilles"): (0.859, 0.57, 5.7),
    (0.25, "buddy"): (0.823, 0.561, 11.5),
    (0.5, "achilles"): (0.931, 0.637, 4.9),
    (0.5, "buddy"): (0.903, 0.558, 10.1),
}


@pytest.mark.realdata
@pytest.mark.parametrize(("window_s", "rat"), REFERENCE)
def test_real_rats_are_decoded_as_by_the_reference(window_s, rat, real_rats):
    train, test = (part[0] for part in split_sessions(load_sessions([real_rats / f"{rat}.jl.gz"])))
    decoder = BayesianPlaceDecoder(window_s, position_bins=(40,), smoothing=(1.5,), least_rate=(0.01,))
    fitted = decoder.fit(train)
    regressed = fitted.regress(test)
    position = test.labels["position"].reshape(-1, 1)
    right = fitted.targets["direction"].categories.tolist().index("right")
    is_right = (test.labels["direction"] == "right").astype(float)[:, None]
    r2, direction_r2, centimetres = REFERENCE[window_s, rat]
    assert r_squared(position, regressed["position"]) == pytest.approx(r2, abs=0.015)
    assert r_squared(is_right, regressed["direction"][:, [right]]) == pytest.approx(direction_r2, abs=0.015)
    error = 100 * np.median(np.abs(position - regressed["position"]))
    assert error == pytest.approx(centimetres, abs=0.4)
