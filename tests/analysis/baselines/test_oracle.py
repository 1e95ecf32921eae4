from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from simulated_rats import quick_config

from napari_unison.analysis import (
    BayesianPlaceDecoder,
    LabelFreeEncoder,
    SmoothedNeighbours,
    SupervisedNetwork,
    cross_validate,
)
from napari_unison.analysis.baselines.oracle import OracleDecoder
from napari_unison.analysis.baselines.oracle_estimates import best_places, expected_median_error
from napari_unison.analysis.baselines.oracle_windows import N_CELLS, WindowPaths
from napari_unison.analysis.targets import r_squared
from napari_unison.sessions import Session
from napari_unison.sessions.simulator import SimulatedRecording, simulate_recordings

EDGES = np.linspace(0, 1.6, N_CELLS + 1)
CENTRES = (EDGES[1:] + EDGES[:-1]) / 2
DRAWS = {0.25: 400, None: 4000}
MEASURES = ("median_error", "mean_error", "r2")


@pytest.fixture(scope="module")
def recording() -> SimulatedRecording:
    return simulate_recordings(0, ("rat 2",), n_bins=6600)[0]


def hidden(session: Session) -> Session:
    """Return a session in one segment: windows run through the ends of its laps."""
    return session.replace(segment=np.zeros(session.n_bins, dtype=np.int64))


@pytest.fixture(scope="module")
def parts(recording) -> tuple[Session, Session]:
    """30 laps to fit on, and as many to decode whose borders are hidden."""
    session = recording.in_laps()
    cut = session.segment_slices()[30].start
    return session[:cut], hidden(session[cut:])


def measures(predictions) -> dict[str, float]:
    """Return all measures, errors with a minus: more is better."""
    by_label = {p.label: p for p in predictions}
    errors = by_label["position"].errors()
    return {
        "median_error": -float(np.median(errors)),
        "mean_error": -float(errors.mean()),
        "r2": r_squared(by_label["position"].truth, by_label["position"].predicted),
        "accuracy": 1 - float(by_label["direction"].errors().mean()),
    }


def oracle(recording, window_s, best_for="median_error", **changes) -> OracleDecoder:
    return OracleDecoder([recording], window_s, best_for, n_draws=DRAWS[window_s], **changes)


@pytest.fixture(scope="module")
def posteriors(recording, parts):
    """How likely places and directions are in the part to decode, by window."""
    return {window_s: oracle(recording, window_s).posterior(parts[1]) for window_s in DRAWS}


def reached(posterior: np.ndarray, session: Session) -> dict[str, float]:
    """Return the measures of the best places for each of them."""
    position = session.labels["position"]
    errors = {
        measure: np.abs(best_places(place_of(posterior), EDGES, measure) - position) for measure in MEASURES
    }
    right = posterior[:, :N_CELLS].sum(axis=1) > 0.5
    return {
        "median_error": -float(np.median(errors["median_error"])),
        "mean_error": -float(np.mean(errors["mean_error"])),
        "r2": 1 - float(np.mean(errors["r2"] ** 2) / np.var(position)),
        "accuracy": float(np.mean(right == (session.labels["direction"] == "right"))),
    }


@pytest.fixture(scope="module")
def bounds(posteriors, parts):
    """What oracles reach in each measure, by window."""
    return {window_s: reached(posterior, parts[1]) for window_s, posterior in posteriors.items()}


def place_of(posterior: np.ndarray) -> np.ndarray:
    return posterior[:, :N_CELLS] + posterior[:, N_CELLS:]


@pytest.mark.parametrize(
    "method",
    [
        BayesianPlaceDecoder(),
        SmoothedNeighbours(),
        SupervisedNetwork(),
        LabelFreeEncoder(quick_config(max_iterations=300)),
    ],
    ids=lambda method: method.name,
)
def test_no_method_beats_the_oracle(method, parts, bounds) -> None:
    train, test = parts
    found = measures(method.predict([train], [test], 0))
    for measure, bound in bounds[0.25].items():
        assert found[measure] < bound
        assert found[measure] < bounds[None][measure]


def test_more_than_a_window_tells_more(bounds) -> None:
    for measure, bound in bounds[0.25].items():
        assert bound < bounds[None][measure]


def require_calibrated(posterior: np.ndarray, session: Session) -> None:
    """Make sure that a posterior foretells its own errors: too wide or too narrow a one does not."""
    found, place = reached(posterior, session), place_of(posterior)
    assert -found["median_error"] == pytest.approx(expected_median_error(place, EDGES), rel=0.1)
    mean = place @ CENTRES
    expected = np.sqrt(np.mean(place @ CENTRES**2 - mean**2))
    errors = np.sqrt(np.mean((mean - session.labels["position"]) ** 2))
    assert errors == pytest.approx(expected, rel=0.25)  # a few large errors decide
    right = posterior[:, :N_CELLS].sum(axis=1)
    assert found["accuracy"] == pytest.approx(np.mean(np.maximum(right, 1 - right)), abs=0.008)


@pytest.mark.parametrize("window_s", DRAWS)
def test_oracles_err_as_much_as_they_expect(posteriors, parts, window_s) -> None:
    require_calibrated(posteriors[window_s], parts[1])


def test_borders_of_laps_that_are_known_are_used(recording, parts, bounds) -> None:
    session = recording.in_laps()
    known = session[session.segment_slices()[30].start :]
    posterior = oracle(recording, 0.25).posterior(known)
    require_calibrated(posterior, known)
    assert reached(posterior, known)["accuracy"] > bounds[0.25]["accuracy"]


@pytest.mark.parametrize("best_for", MEASURES)
def test_what_an_oracle_predicts_is_best_for_its_measure(recording, parts, bounds, best_for) -> None:
    predictions = oracle(recording, 0.25, best_for).predict([], [parts[1]], 0)
    assert measures(predictions)[best_for] == pytest.approx(bounds[0.25][best_for])
    assert measures(predictions)["accuracy"] == bounds[0.25]["accuracy"]


@pytest.mark.parametrize("window_s", DRAWS)
def test_other_draws_of_laps_say_the_same(recording, parts, bounds, window_s) -> None:
    other = oracle(recording, window_s, draws_seed=1).posterior(parts[1])
    for measure in ("mean_error", "r2"):
        assert reached(other, parts[1])[measure] == pytest.approx(bounds[window_s][measure], rel=0.05)


def test_a_window_of_one_bin_is_bayes_rule(recording) -> None:
    """Prior by cell times the likelihood of its field bin, counted here from the laps themselves."""
    random = np.random.default_rng(0)
    likelihood = random.normal(size=(50, 128))
    paths = WindowPaths(0.55, 0.12, (0, 1), through_laps=True, n_laps=200, seed=3)
    prior = np.bincount(paths._cells, minlength=2 * N_CELLS)
    field_bin = np.arange(2 * N_CELLS) // 10
    expected = prior * np.exp(likelihood[:, field_bin])
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(paths.posterior(likelihood, np.array([50])), expected, atol=1e-12)


def test_without_information_windows_tell_nothing(recording) -> None:
    session = recording.in_laps()[:3000]
    last = session.segment_slices()[-2].stop
    flat = np.ones_like(session.neurons["place_field"])
    dull = hidden(session[:last].replace(neurons={**session.neurons, "place_field": flat}))
    found = measures(oracle(recording, 0.25, "r2").predict([], [dull], 0))
    assert abs(found["r2"]) < 0.05
    assert 0.3 < found["accuracy"] < 0.7


def test_gains_and_left_out_neurons_are_taken_into_account() -> None:
    (varied,) = simulate_recordings(1, ("rat 2",), n_bins=2500, gain_spread=0.5)
    session = hidden(varied.in_laps())
    known = measures(oracle(varied, 0.25).predict([], [session], 0))
    without = replace(varied, gain=np.full_like(varied.gain, varied.gain.mean()))
    unknown = measures(oracle(without, 0.25).predict([], [session], 0))
    assert known["mean_error"] > unknown["mean_error"]
    half = session.replace(
        neural=session.neural[:, ::2], neurons={k: v[::2] for k, v in session.neurons.items()}
    )
    fewer = measures(oracle(varied, 0.25).predict([], [half], 0))
    assert fewer["mean_error"] < known["mean_error"]


def test_oracles_stand_in_the_protocol_beside_other_methods(recording) -> None:
    methods = [oracle(recording, 0.25), oracle(recording, None), BayesianPlaceDecoder()]
    session = recording.in_laps()
    some = session[: session.segment_slices()[20].start]
    result = cross_validate(methods, [some], n_folds=2, seeds=[0], guard=10)
    window, whole, bayesian = (s for s in result.scores() if s.label == "position")
    assert window.method == "oracle (250 ms), least median error"
    assert whole.method == "oracle (whole recording), least median error"
    assert whole.is_circular
    assert not window.is_circular
    assert whole.median_error.value < window.median_error.value < bayesian.median_error.value


def test_errors_say_what_an_oracle_needs(recording) -> None:
    session = recording.in_laps()
    decoder = oracle(recording, 0.25)
    with pytest.raises(
        ValueError, match=r"'rat 2': the segment from 2.95 s on does not consist of whole laps"
    ):
        decoder.predict([], [session[:200]], 0)
    with pytest.raises(ValueError, match="'rat 1' is not among the recordings that the oracle was told"):
        decoder.predict([], [session.replace(name="rat 1")], 0)
    unknown = session.replace(neurons={"theta_phase": session.neurons["theta_phase"]})
    with pytest.raises(ValueError, match="has no place_field of its neurons"):
        decoder.predict([], [unknown], 0)
    with pytest.raises(ValueError, match="choose 'median_error', 'mean_error', 'r2'"):
        OracleDecoder([recording], best_for="accuracy")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="run at least two laps"):
        OracleDecoder([recording], n_draws=1)
