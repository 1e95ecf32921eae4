from __future__ import annotations

import numpy as np
import pytest

from napari_unison import Session, UnifiedEncoder, sample_sessions
from napari_unison.analysis.attribution.attribute import attribute

PARAMETERS = {
    "batch_size": 512,
    "output_dimension": 8,
    "learning_rate": 2e-3,
    "random_state": 0,
    "verbose": False,
}


@pytest.fixture(scope="module")
def encoder() -> UnifiedEncoder:
    sessions = [session[:2000] for session in sample_sessions("linear-track", names=("rat 1", "rat 2"))]
    return UnifiedEncoder(max_iterations=200, **PARAMETERS).fit(sessions)


@pytest.fixture(scope="module")
def small(small_sessions) -> UnifiedEncoder:
    """Hardly trained: for what does not depend on it."""
    sessions = []
    for session in small_sessions:
        labels = {**session.labels, "phase": session.labels["position"] * 3}
        sessions.append(session.replace(labels=labels, kinds={**session.kinds, "phase": "circular"}))
    return UnifiedEncoder(max_iterations=3, **{**PARAMETERS, "batch_size": 64}).fit(sessions)


@pytest.mark.parametrize("target", ["latents", "position"])
@pytest.mark.parametrize("method", ["gradient", "ablation"])
def test_place_cells_rank_first(encoder, method, target) -> None:
    result = attribute(encoder, target=target, method=method, n_bins=800)
    for scores in result.sessions:
        assert scores.area_under_curve("is_place_cell") >= 0.9


def test_per_spike_place_cells_say_more_than_neurons_that_fire_as_much() -> None:
    """Background neurons at 2 Hz, more than most place cells: the score of the network's use misleads."""
    random = np.random.default_rng(0)
    sessions = []
    for session in sample_sessions("linear-track", names=("rat 1", "rat 2")):
        session = session[:2000]
        neural, background = np.array(session.neural), ~session.neurons["is_place_cell"]
        neural[:, background] = random.poisson(2 * session.bin_width, (2000, background.sum()))
        sessions.append(session.replace(neural=neural))
    encoder = UnifiedEncoder(max_iterations=200, **PARAMETERS).fit(sessions)
    for scores in attribute(encoder, n_bins=800).sessions:
        assert scores.area_under_curve("is_place_cell", per_activity=True) >= 0.9


def test_methods_agree(encoder) -> None:
    gradient, ablation = (
        attribute(encoder, method=method, n_bins=400).sessions[0] for method in ("gradient", "ablation")
    )
    assert np.corrcoef(gradient.score, ablation.score)[0, 1] > 0.9


@pytest.mark.parametrize("method", ["gradient", "ablation"])
def test_a_silent_neuron_scores_nothing(small, method) -> None:
    session = small.training_sessions_[0]
    neural = np.array(session.neural)
    neural[:, 7] = 0
    scores = attribute(small, [session.replace(neural=neural)], method=method).sessions[0]
    assert scores.score[7] == scores.score_per_activity[7] == 0
    assert scores.ranking()[-1] == 7 or scores.score.min() == 0


@pytest.mark.parametrize("method", ["gradient", "ablation"])
def test_scores_are_means_over_bins(small, method) -> None:
    scores = attribute(small, method=method, n_bins=100).sessions[1]
    assert scores.n_bins == 100
    assert (np.abs(scores.signed) <= scores.absolute + 1e-9).all()
    assert (scores.absolute.max(axis=1) <= scores.score + 1e-9).all()
    assert (scores.score <= scores.absolute.sum(axis=1) + 1e-9).all()


def test_outputs_and_units_follow_the_target(small) -> None:
    assert attribute(small, n_bins=20).outputs[:2] == ("latent 1", "latent 2")
    position = attribute(small, target="position", n_bins=20)
    assert (position.outputs, position.unit) == (("position",), "m")
    assert "contribution to position (m)" in str(position)
    assert "R² of the decoder" in str(position)
    direction = attribute(small, target="direction", n_bins=20)
    assert direction.outputs == ("direction left", "direction right")
    phase = attribute(small, target="phase", n_bins=20)
    assert (phase.outputs, phase.unit) == (("phase",), "rad")


@pytest.mark.parametrize("method", ["gradient", "ablation"])
def test_angles_change_by_angles(small, method) -> None:
    """What leaving a neuron out does to the decoded angle is never more than half a turn."""
    scores = attribute(small, target="phase", method=method, n_bins=200).sessions[0]
    assert np.isfinite(scores.score).all()
    if method == "ablation":
        assert scores.score.max() <= np.pi


def test_table_joins_what_is_known_of_the_neurons(small) -> None:
    frame = attribute(small, target="position", n_bins=50).to_frame()
    assert len(frame) == sum(session.n_neurons for session in small.training_sessions_)
    assert {"session", "id", "rank", "score", "score_per_activity", "rate", "is_place_cell"} <= set(frame)
    assert {"preferred_position_1", "preferred_position_2", "absolute position", "signed position"} <= set(
        frame
    )
    assert "place_field" not in frame
    first = frame[frame["session"] == "rat 1"].sort_values("rank")
    assert first["score"].is_monotonic_decreasing
    assert set(frame["embedding"]) == {"label-free (own neurons only)"}


def test_a_column_of_the_recording_does_not_replace_the_score(small) -> None:
    session = small.training_sessions_[0]
    named = session.replace(neurons={"id": np.arange(120), "score": np.full(120, -1.0)})
    frame = attribute(small, [named], n_bins=20).to_frame()
    assert (frame["score"] >= 0).all()
    assert (frame["neuron_score"] == -1).all()


def test_result_names_the_strongest_neurons(small) -> None:
    result = attribute(small, n_bins=50)
    scores = result.session("rat 2")
    text = str(result)
    assert text.startswith("embedding: label-free")
    assert f"\n{scores.session.neurons['id'][scores.ranking()[0]]} " in text.split("rat 2")[1]


def test_area_under_the_curve_is_a_probability(small) -> None:
    session = small.training_sessions_[0]
    best = attribute(small, [session], n_bins=50).sessions[0].ranking()[:30]
    is_best = np.isin(np.arange(120), best)
    table = {"best": is_best, "worst": ~is_best, "all": np.ones(120, dtype=bool), "number": np.arange(120.0)}
    scores = attribute(small, [session.replace(neurons=table)], n_bins=50).sessions[0]
    assert scores.area_under_curve("best") == 1
    assert scores.area_under_curve("worst") == 0
    assert np.isnan(scores.area_under_curve("all"))
    with pytest.raises(ValueError, match="does not hold true and false"):
        scores.area_under_curve("number")
    with pytest.raises(KeyError, match="'best', 'worst'"):
        scores.area_under_curve("is_place_cell")


def test_errors_say_what_is_allowed(small, small_sessions) -> None:
    with pytest.raises(ValueError, match="choose 'ablation' or 'gradient'"):
        attribute(small, method="saliency")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least one bin"):
        attribute(small, n_bins=0)
    with pytest.raises(KeyError, match="the labels are 'position', 'direction', 'phase'"):
        attribute(small, target="speed")
    with pytest.raises(KeyError, match="only for 'rat 1', 'rat 2'"):
        attribute(small, n_bins=5).session("rat 3")
    unknown = small.training_sessions_[0]
    place = np.array(unknown.labels["position"])
    place[2:] = np.nan
    partly: Session = unknown.replace(labels={**unknown.labels, "position": place})
    with pytest.raises(ValueError, match="known in 2 bins, too few to decode"):
        attribute(small, [partly], target="position")
