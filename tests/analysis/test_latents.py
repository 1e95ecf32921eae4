from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import r2_score
from sklearn.neighbors import KNeighborsRegressor

from napari_unison.analysis import choose_latents, divide_embedding, score_latents
from napari_unison.analysis.neighbours import neighbour_means_on_line
from napari_unison.encoder.embedding import Embedding


def test_planted_latents_are_found(train: Embedding, test_part: Embedding) -> None:
    scores = score_latents(train, test_part)
    assert scores.best("position") == 0
    assert scores.best("direction") == 1
    assert scores.r2["position"][0] > 0.97
    assert scores.r2["direction"][1] > 0.97
    assert scores.r2["position"][4] < 0.1
    assert scores.best("position", exclude=[0]) != 0


def test_euclidean_scores_are_those_of_scikit_learn(train: Embedding, test_part: Embedding) -> None:
    scores = score_latents(train, test_part)
    fitted, asked = train.stacked()[0], test_part.stacked()[0]
    for latent in range(train.n_latents):
        regressor = KNeighborsRegressor(36).fit(fitted[:, latent : latent + 1], train.label("position"))
        predicted = regressor.predict(asked[:, latent : latent + 1])
        expected = r2_score(test_part.label("position"), predicted)
        assert scores.r2["position"][latent] == pytest.approx(expected, abs=1e-3)


def test_cosine_keeps_only_the_sign(train: Embedding, test_part: Embedding) -> None:
    """The notebook's variant has two predictions, so a graded latent cannot score well."""
    cosine = score_latents(train, test_part, metric="cosine")
    euclidean = score_latents(train, test_part)
    assert cosine.metric == "cosine"
    assert cosine.r2["position"][0] < euclidean.r2["position"][0] - 0.2
    assert cosine.r2["direction"][1] > 0.97
    fitted, asked = train.stacked()[0][:, :1], test_part.stacked()[0][:, :1]
    predicted = KNeighborsRegressor(36, metric="cosine").fit(fitted, train.label("position")).predict(asked)
    expected = r2_score(test_part.label("position"), predicted)
    assert cosine.r2["position"][0] == pytest.approx(expected, abs=0.2)
    assert len(np.unique(predicted)) == 2


@given(
    points=st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=40),
    queries=st.lists(st.floats(-120, 120, width=32), min_size=1, max_size=10),
    neighbours=st.integers(1, 50),
)
def test_neighbours_on_a_line_are_the_nearest(
    points: list[float], queries: list[float], neighbours: int
) -> None:
    """Averaging the distance itself shows which points were taken: no other choice is nearer."""
    line, asked = np.asarray(points, dtype=np.float32), np.asarray(queries, dtype=np.float32)
    for query in asked:
        distance = np.abs(line.astype(np.float64) - float(query))
        mean = neighbour_means_on_line(line, np.asarray([query]), distance[:, np.newaxis], neighbours)
        nearest = np.sort(distance)[: min(neighbours, len(line))]
        assert mean[0, 0] == pytest.approx(nearest.mean(), abs=1e-6)


def test_latents_are_chosen_without_looking_at_other_data(train: Embedding) -> None:
    scores = choose_latents(train)
    assert scores.best("position") == 0
    assert "first 80 %" in scores.scored_on
    assert scores.embedding_description == train.description
    first, rest = divide_embedding(train, 0.8)
    assert [len(values) for values in first.values] == [320, 480]
    assert [len(values) for values in rest.values] == [80, 120]
    assert rest.sessions[0].time[0] == pytest.approx(320 * 0.025)


def test_table_begins_with_the_kind(train: Embedding) -> None:
    scores = choose_latents(train)
    assert str(scores).startswith("embedding: aligned")
    frame = scores.to_frame()
    assert list(frame["latent"]) == [1, 2, 3, 4, 5]
    assert "position R²" in frame


def test_label_that_does_not_vary_chooses_nothing(make_session, make_embedding) -> None:
    still = make_session("rat 1", 90)
    scores = score_latents(make_embedding([still]), make_embedding([still]))
    assert scores.scored_labels == ("position", "phase")
    with pytest.raises(
        ValueError,
        match=r"no latent has a score .* the same in all bins .* \(scored on the test bins\); choose",
    ):
        scores.best("direction")


def test_excluding_all_latents_is_not_blamed_on_the_label(train: Embedding) -> None:
    with pytest.raises(ValueError, match="no latent is left for label 'position': all 5 are excluded"):
        choose_latents(train).best("position", exclude=range(5))


def test_table_says_that_aligned_scores_need_their_controls(
    train: Embedding, test_part: Embedding, make_session, make_embedding
) -> None:
    aligned = str(score_latents(train, test_part)).splitlines()[0]
    for words in ("circular", "not decoding", "label-free score", "own neurons silenced"):
        assert words in aligned
    control = [replace(part, control="silenced") for part in (train, test_part)]
    silenced = str(score_latents(control[0], control[1])).splitlines()[0]
    assert "control of the aligned score" in silenced
    assert "circular" not in silenced
    free = choose_latents(make_embedding([make_session()], kind="label-free"))
    assert str(free).splitlines()[0] == "embedding: label-free (own neurons only)"
    with pytest.raises(ValueError, match=r"aligned, silenced control with 5\): give two"):
        score_latents(train, control[1])


def test_errors_say_what_is_wrong(train: Embedding, make_session, make_embedding) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        choose_latents(train, share=1.5)
    with pytest.raises(ValueError, match="'rat 1' has 1 bins: too few"):
        choose_latents(make_embedding([make_session("rat 1", 1)]))
    with pytest.raises(KeyError, match="the labels are position, direction, phase"):
        choose_latents(train).best("speed")
    with pytest.raises(ValueError, match="one encoder and one kind"):
        score_latents(train, make_embedding([make_session()], kind="label-free"))


def test_four_rats_are_scored_within_seconds(make_session, make_embedding) -> None:
    """32 latents of 65k bins take less than 15 s of one core; these are five latents."""
    embedding = make_embedding([make_session("rat 1", 60_000)], noise=0.1)
    begin = time.process_time()
    choose_latents(embedding)
    assert time.process_time() - begin < 5 / 32 * 15
