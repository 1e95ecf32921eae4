"""Every latent as a point: which labels make the axes, and what is said of a latent."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unison.analysis import LatentScores, choose_latents
from napari_unison.display.latent_points import latent_points


@pytest.fixture
def points(embedding):
    return latent_points(choose_latents(embedding), embedding.sessions[0])


def scores_of(**r2) -> LatentScores:
    values = {label: np.asarray(values, dtype=float) for label, values in r2.items()}
    return LatentScores(
        values, "euclidean", 36, "scored on the test bins", "label-free (own neurons only)", False, None
    )


def test_position_stands_over_direction(points, embedding) -> None:
    scores = choose_latents(embedding)
    assert (points.across, points.up) == ("direction R²", "position R²")
    np.testing.assert_array_equal(points.x, scores.r2["direction"])
    np.testing.assert_array_equal(points.y, scores.r2["position"])


def test_the_title_names_the_kind_and_the_description_what_was_scored(points) -> None:
    assert points.kind == "aligned (labels used)"
    assert points.description.startswith("aligned (labels used, partners from the training sessions); ")
    assert "chosen inside this part" in points.description


def test_label_free_is_named_so(make_embedding, make_session) -> None:
    embedding = make_embedding([make_session()], kind="label-free")
    points = latent_points(choose_latents(embedding), embedding.sessions[0])
    assert points.kind == "label-free (own neurons only)"


def test_with_one_label_the_points_lie_over_their_numbers(make_session) -> None:
    points = latent_points(scores_of(position=[0.1, 0.9, 0.4]), make_session(direction=False))
    assert points.is_strip
    np.testing.assert_array_equal(points.x, [1, 2, 3])
    assert points.in_words(1) == "latent 2: position R² 0.90; best for position"


def test_a_label_that_does_not_vary_makes_no_axis(make_session) -> None:
    nan = float("nan")
    points = latent_points(scores_of(position=[0.1, 0.9], direction=[nan, nan]), make_session())
    assert points.is_strip
    assert latent_points(scores_of(position=[nan, nan]), make_session()) is None


def test_words_of_a_latent_count_from_one_and_say_what_it_is_best_for(make_session) -> None:
    points = latent_points(scores_of(position=[0.83, 0.1], direction=[0.2, 0.15]), make_session())
    assert (
        points.in_words(0) == "latent 1: position R² 0.83, direction R² 0.20; best for position and direction"
    )
    assert points.in_words(1) == "latent 2: position R² 0.10, direction R² 0.15"
