from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import r2_score
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from napari_unison.analysis import decode
from napari_unison.encoder.embedding import Embedding


def test_planted_labels_are_decoded(train: Embedding, test_part: Embedding) -> None:
    scores = decode(train, test_part, n_neighbors=5)
    assert scores.sessions == ("all sessions", "rat 1", "rat 2")
    assert scores.row("all sessions", "position").r2 > 0.97
    assert scores.row("rat 1", "position").median_error < 0.1
    assert scores.row("rat 2", "direction").accuracy > 0.98
    assert scores.row("rat 2", "phase").median_error < 0.3


def test_scores_are_those_of_scikit_learn(train: Embedding, test_part: Embedding) -> None:
    scores = decode(train, test_part, metric="cosine")
    fitted, asked = train.stacked()[0], test_part.stacked()[0]
    regressor = KNeighborsRegressor(36, metric="cosine").fit(fitted, train.label("position"))
    predicted, truth = regressor.predict(asked), test_part.label("position")
    row = scores.row("all sessions", "position")
    assert row.r2 == pytest.approx(r2_score(truth, predicted), abs=1e-3)
    assert row.median_error == pytest.approx(np.median(np.abs(truth - predicted)), abs=1e-3)
    assert row.mean_error == pytest.approx(np.mean(np.abs(truth - predicted)), abs=1e-3)
    right = (train.label("direction") == "right").astype(float)
    ones = KNeighborsRegressor(36, metric="cosine").fit(fitted, right).predict(asked)
    asked_right = (test_part.label("direction") == "right").astype(float)
    assert scores.row("all sessions", "direction").r2 == pytest.approx(r2_score(asked_right, ones), abs=1e-3)
    votes = KNeighborsClassifier(36, metric="cosine").fit(fitted, right).score(asked, asked_right)
    assert scores.row("all sessions", "direction").accuracy == pytest.approx(votes, abs=5e-3)


def test_noise_decodes_nothing(train: Embedding, test_part: Embedding) -> None:
    generator = np.random.default_rng(0)
    noise = [
        replace(part, values=tuple(generator.normal(size=v.shape).astype(np.float32) for v in part.values))
        for part in (train, test_part)
    ]
    row = decode(*noise).row("all sessions", "position")
    assert row.r2 < 0.1
    assert row.median_error > 0.2


def test_phase_near_its_turn_is_close_to_itself(make_session, make_embedding) -> None:
    """An angle of 0.01 and one of 2π - 0.01 are neighbours, not strangers."""
    session = make_session("rat 1", 200)
    shifted = session.replace(
        labels=dict(session.labels) | {"phase": np.mod(session.labels["phase"] - 0.01, 2 * np.pi)}
    )
    row = decode(make_embedding([session]), make_embedding([shifted]), n_neighbors=1).row("rat 1", "phase")
    assert row.mean_error < 0.1


def test_table_begins_with_the_kind_and_marks_circular_scores(
    train: Embedding, make_session, make_embedding
) -> None:
    aligned = str(decode(train, train))
    assert aligned.splitlines()[0].startswith("embedding: aligned (labels used")
    assert "circular" in aligned.splitlines()[0]
    assert "direction R² (0/1)" in aligned
    assert "position median error" in aligned
    assert "fitted on" not in aligned
    free = make_embedding([make_session()], kind="label-free")
    table = str(decode(free, free))
    assert table.splitlines()[0] == "embedding: label-free (own neurons only)"


def test_frame_has_one_row_a_session_and_label(train: Embedding, test_part: Embedding) -> None:
    frame = decode(train, test_part).to_frame()
    assert len(frame) == 3 * 3
    assert frame["embedding"].str.startswith("aligned").all()


def test_bins_without_label_are_left_out(make_session, make_embedding) -> None:
    session = make_session("rat 1", 300)
    position = np.array(session.labels["position"])
    holes = session.replace(
        labels=dict(session.labels) | {"position": np.where(np.arange(300) < 100, np.nan, position)}
    )
    embedding = make_embedding([session], noise=0.02)
    gaps = replace(embedding, sessions=(holes,))
    scores = decode(gaps, gaps)
    assert scores.row("rat 1", "position").n_bins == 200
    assert scores.row("rat 1", "direction").n_bins == 300
    assert np.isfinite(scores.row("rat 1", "position").r2)


def test_session_whose_label_is_nowhere_known_has_no_score(make_session, make_embedding) -> None:
    one, other = make_session("rat 1", 200), make_session("rat 2", 200)
    position = np.full(200, np.nan)
    position[:2] = 0.5
    early = other.replace(labels=dict(other.labels) | {"position": position})[:100]
    late = other.replace(labels=dict(other.labels) | {"position": position[::-1].copy()})[:100]
    train_part = replace(make_embedding([one, other[:100]]), sessions=(one, early))
    asked = replace(make_embedding([one, other[:100]]), sessions=(one, late))
    scores = decode(train_part, asked)
    assert scores.row("rat 2", "position").n_bins == 0
    assert np.isnan(scores.row("rat 2", "position").r2)
    assert np.isfinite(scores.row("all sessions", "position").r2)


def test_aligned_bins_do_not_fit_a_label_free_decoder(make_session, make_embedding) -> None:
    sessions = [make_session()]
    with pytest.raises(ValueError, match="aligned and the one to decode is label-free"):
        decode(make_embedding(sessions), make_embedding(sessions, kind="label-free"))


def test_header_says_where_the_decoders_partners_came_from(train: Embedding) -> None:
    given = replace(train, partners="given")
    lines = str(decode(train, given)).splitlines()
    assert "partners from the given sessions" in lines[0]
    assert lines[1].endswith("fitted on: aligned (labels used, partners from the training sessions)")


def test_silenced_bins_do_not_fit_a_decoder_with_neurons(train: Embedding, test_part: Embedding) -> None:
    control = replace(test_part, control="silenced")
    with pytest.raises(ValueError, match="the one to decode has its own neurons silenced and the decoder's"):
        decode(train, control)
    with pytest.raises(ValueError, match="the decoder's embedding has its own neurons silenced"):
        decode(control, test_part)
    assert "own neurons silenced" in str(decode(control, control))


def test_errors_say_what_to_do(train: Embedding, make_session, make_embedding) -> None:
    with pytest.raises(ValueError, match=r"no decoder for rat 9.*rat 1, rat 2"):
        decode(train, make_embedding([make_session("rat 9")]))
    with pytest.raises(ValueError, match="give 'cosine' or 'euclidean'"):
        decode(train, train, metric="manhattan")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least one neighbour"):
        decode(train, train, n_neighbors=0)
    with pytest.raises(KeyError, match="the labels are position, direction, phase"):
        decode(train, train).row("rat 1", "speed")
    other = _without_phase(make_session)
    lacking = replace(make_embedding([make_session("rat 1")]), sessions=(other,))
    with pytest.raises(ValueError, match="same labels"):
        decode(train, lacking)


def _without_phase(make_session):
    session = make_session("rat 1")
    return session.replace(labels={name: session.labels[name] for name in ("position", "direction")})
