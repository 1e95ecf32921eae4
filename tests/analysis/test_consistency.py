from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_unison import UnifiedEncoder, sample_sessions
from napari_unison.analysis.consistency import consistency


def _noise(embedding, n_latents=8, seed=0):
    random = np.random.default_rng(seed)
    values = tuple(random.normal(size=(len(rows), n_latents)).astype(np.float32) for rows in embedding.values)
    return replace(embedding, values=values)


def _turned(embedding, seed=0):
    """The same latents after another linear map."""
    mixing = np.random.default_rng(seed).normal(size=(embedding.n_latents, embedding.n_latents))
    values = tuple((rows @ mixing + 2).astype(np.float32) for rows in embedding.values)
    return replace(embedding, values=values)


@pytest.fixture
def pair(make_session, make_embedding):
    return make_embedding(
        [make_session("rat 1", 1600), make_session("rat 2", 1200)], noise=0.05, kind="label-free"
    )


def test_sessions_with_the_same_latents_are_consistent(pair) -> None:
    result = consistency(pair)
    assert result.names == ("rat 1", "rat 2")
    assert result.mean > 0.9
    assert result.n_cells.tolist() == [[80, 80], [80, 80]]


def test_a_linear_map_between_sessions_does_not_matter(pair) -> None:
    turned = replace(pair, values=(pair.values[0], _turned(pair).values[1]))
    assert consistency(turned).mean > 0.9


def test_noise_is_not_consistent_where_a_fit_would_be(pair) -> None:
    noise = _noise(pair, n_latents=32)
    assert consistency(noise).r2.max() < 0.1


def test_noise_that_runs_share_is_not_consistency(pair) -> None:
    """Two runs that pass the same noise on agree bin by bin, but not about the labels."""
    noise = _noise(pair)
    assert consistency([noise, _turned(noise)]).r2.max() < 0.1


def test_a_session_of_noise_stands_out(make_session, make_embedding) -> None:
    sessions = [make_session(f"rat {i}", 1200) for i in range(3)]
    embedding = make_embedding(sessions, noise=0.05, kind="label-free")
    values = (*embedding.values[:2], _noise(embedding, embedding.n_latents).values[2])
    result = consistency(replace(embedding, values=values))
    assert result.r2[0, 1] > 0.75
    assert result.r2[[0, 1, 2, 2], [2, 2, 0, 1]].max() < 0.1


def test_direction_is_respected(pair) -> None:
    """Latents that mean the opposite for the other direction are no linear map over position alone."""
    sign = [np.where(s.labels["direction"] == "right", 1.0, -1.0) for s in pair.sessions]
    place = [s.labels["position"] - 0.8 for s in pair.sessions]
    by_direction = [np.stack([p * w, p], axis=1) for p, w in zip(place, sign, strict=True)]
    same = replace(pair, values=tuple(v.astype(np.float32) for v in by_direction))
    assert consistency(same).mean > 0.99
    averaged = consistency(same, categories=())
    assert averaged.binned_by == "40 bins of position"
    assert averaged.n_cells_in_all == 40


def test_a_circular_label_can_be_binned(pair) -> None:
    result = consistency(pair, label="phase", categories=())
    assert result.mean > 0.8
    assert "40 bins of phase" in str(result)


def test_seeds_are_compared_over_the_bins_of_all_sessions(pair) -> None:
    result = consistency([pair, _turned(pair), _noise(pair)], names=["a", "b", "noise"])
    assert result.by == "seeds"
    assert result.n_cells_in_all == 160
    assert result.r2[0, 1] > 0.75
    assert result.r2[0, 2] < 0.1


def test_encoders_of_one_session_each_can_be_compared(make_session, make_embedding) -> None:
    single = [make_embedding([make_session(name, 1200)], noise=0.05) for name in ("rat 1", "rat 2")]
    assert consistency(single, by="sessions").names == ("rat 1", "rat 2")
    twice = consistency([single[0], single[0]], by="sessions")
    assert twice.names == ("run 1: rat 1", "run 2: rat 1")


def test_bins_that_a_session_does_not_visit_are_left_out_and_counted(make_session, make_embedding) -> None:
    whole = make_session("rat 1", 1200)
    part = make_session("rat 2", 1200)
    short = part[np.asarray(part.labels["position"] < 0.8)]
    result = consistency(make_embedding([whole, short], noise=0.05))
    assert result.n_cells[0, 0] == 80
    assert result.n_cells[0, 1] == result.n_cells[1, 1] == 40
    assert "40 of 80 label bins used a pair" in str(result)
    assert sorted(set(result.to_frame()["label_bins"])) == [40, 80]


def test_too_little_in_common_gives_no_number(make_session, make_embedding) -> None:
    session = make_session("rat 1", 1200)
    near, far = session.labels["position"] < 0.7, session.labels["position"] > 0.9
    result = consistency(make_embedding([session[near], session[far].replace(name="rat 2")]))
    assert np.isnan(result.r2[0, 1])
    assert np.isnan(result.mean)
    assert "–" in str(result)


def test_an_aligned_embedding_is_called_circular_everywhere(pair, make_embedding) -> None:
    aligned = consistency(make_embedding(pair.sessions, noise=0.05))
    assert aligned.is_circular
    assert "circular" in str(aligned).splitlines()[0]
    assert set(aligned.to_frame()["meaning"]) == {"circular (labels used)"}
    free = consistency(pair)
    assert not free.is_circular
    assert "circular" not in str(free)


def test_frame_has_a_row_for_every_ordered_pair(pair) -> None:
    frame = consistency(pair).to_frame()
    assert frame.shape[0] == 4
    assert set(frame["embedding"]) == {"label-free (own neurons only)"}
    row = frame[(frame["from"] == "rat 1") & (frame["to"] == "rat 2")]
    assert row["r2"].item() == consistency(pair).r2[0, 1]


def test_errors_say_what_to_do(pair, make_session, make_embedding) -> None:
    with pytest.raises(ValueError, match="no embedding is given"):
        consistency([])
    with pytest.raises(ValueError, match="only 'rat 1' to compare"):
        consistency(make_embedding([make_session()]))
    with pytest.raises(ValueError, match="label-free ones with label-free ones"):
        consistency([pair, make_embedding(pair.sessions)])
    with pytest.raises(ValueError, match="same bins of the same sessions"):
        consistency([pair, make_embedding(pair.sessions[:1], kind="label-free")])
    with pytest.raises(ValueError, match="a name of its own"):
        consistency([pair, pair], names=["a", "a"])
    with pytest.raises(ValueError, match="choose 'sessions' or 'seeds'"):
        consistency(pair, by="rats")  # type: ignore[arg-type]
    with pytest.raises(KeyError, match="no label is called 'place'"):
        consistency(pair, label="place")


def test_a_session_of_noise_is_consistent_only_where_labels_fill_it_in() -> None:
    """The trap that makes an aligned embedding circular: the other session's neurons stand in for it."""
    rat, other = (session[:1500] for session in sample_sessions("linear-track", names=("rat 1", "rat 2")))
    noise = np.random.default_rng(0).poisson(0.03, other.neural.shape).astype(np.float32)
    encoder = UnifiedEncoder(
        batch_size=256,
        output_dimension=8,
        learning_rate=2e-3,
        max_iterations=100,
        random_state=0,
        verbose=False,
    ).fit([rat, other.replace(neural=noise)])
    aligned, free = (
        consistency(encoder.embed(), n_bins=20),
        consistency(encoder.embed(align=False), n_bins=20),
    )
    assert aligned.mean > 0.8
    assert aligned.is_circular
    assert free.r2[0, 0] > 0.8
    assert free.mean < 0.2
