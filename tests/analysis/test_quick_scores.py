from __future__ import annotations

import numpy as np
import pytest

from napari_unison.analysis import quick_scores
from napari_unison.encoder import UnifiedEncoder
from napari_unison.sessions import Session, split_sessions


def _track(name: str, seed: int, *, tuned: bool) -> Session:
    """Return a rat on a track with place cells, or with neurons that are pure noise."""
    generator = np.random.default_rng(seed)
    position = 0.8 + 0.8 * np.sin(np.arange(900) / 25)
    centres = np.linspace(0, 1.6, 12)
    rate = np.exp(-((position[:, None] - centres) ** 2) / 0.02) if tuned else np.full((900, 12), 0.3)
    neural = generator.poisson(2 * rate).astype(np.float32)
    return Session(name, neural, {"position": position}, 0.025)


@pytest.fixture(scope="module")
def split():
    return split_sessions([_track("tuned", 0, tuned=True), _track("noise", 1, tuned=False)], 0.8)


@pytest.fixture(scope="module")
def encoder(split):
    return UnifiedEncoder(
        batch_size=128, output_dimension=4, max_iterations=60, learning_rate=3e-3,
        verbose=False, random_state=0, device="cpu",
    ).fit(split[0])  # fmt: skip


@pytest.fixture(scope="module")
def scores(encoder, split):
    train, test = split
    told: list[tuple[float, str]] = []
    return quick_scores(
        encoder, train, test, on_progress=lambda share, what: told.append((share, what))
    ), told


def test_noise_scores_high_when_aligned_and_low_label_free(scores) -> None:
    quick, _ = scores
    assert quick.aligned.row("noise", "position").r2 > 0.7
    assert quick.label_free.row("noise", "position").r2 < 0.3
    assert quick.label_free.row("tuned", "position").r2 > 0.6


def test_the_product_says_that_noise_was_not_decoded(scores) -> None:
    quick, _ = scores
    lines = quick.verdicts()
    assert any("says nothing about the neurons of noise" in line for line in lines)


def test_table_says_which_rows_are_decoding(scores) -> None:
    quick, _ = scores
    text = str(quick)
    assert "Quick scores" in text
    assert "last 20 % of each session" in text
    for words in ("decoding", "circular (labels used)", "control of the aligned score"):
        assert words in text
    _, rows = quick.table()
    assert [row[1] for row in rows[:3]] == ["label-free", "aligned", "aligned, own neurons silenced"]
    assert set(quick.to_frame()["part"]) == {"label-free", "aligned", "aligned, own neurons silenced"}


def test_kinds_are_kept_apart(scores) -> None:
    quick, _ = scores
    assert not quick.label_free.is_circular
    assert quick.aligned.is_circular
    assert "silenced" in quick.silenced.embedding_description


def test_progress_runs_from_start_to_end(scores) -> None:
    _, told = scores
    shares = [share for share, _ in told]
    assert shares[0] == 0
    assert shares[-1] == 1
    assert shares == sorted(shares)


def test_bins_the_encoder_was_trained_on_are_not_scored(encoder, split) -> None:
    train, _ = split
    halves = split_sessions(train, 0.5)
    with pytest.raises(
        ValueError,
        match=r"session 'tuned': 360 of the 360 bins to score lie in the encoder's training.*split_sessions",
    ):
        quick_scores(encoder, *halves)


def test_bins_the_decoder_is_fitted_on_are_not_scored(encoder, split) -> None:
    _, test = split
    later, _ = split_sessions(test, 0.5)
    with pytest.raises(ValueError, match=r"'tuned': 90 of the 180 bins to score lie in train"):
        quick_scores(encoder, later, test)


def test_last_share_is_said_only_of_later_bins(encoder, split) -> None:
    _, test = split
    first, last = split_sessions(test, 0.5)
    assert quick_scores(encoder, first, last).split == "scored on the last 50 % of each session"
    assert quick_scores(encoder, last, first).split == "scored on the bins given"


def test_given_embeddings_are_of_their_kind_and_bins(encoder, split) -> None:
    train, test = split
    free = (encoder.embed(train, align=False), encoder.embed(test, align=False))
    silenced = (encoder.embed(train, silence_own=True), encoder.embed(test, silence_own=True))
    with pytest.raises(ValueError, match=r"aligned holds an embedding that is label-free .*align=True"):
        quick_scores(encoder, train, test, aligned=free)
    with pytest.raises(ValueError, match=r"aligned holds .* own neurons silenced; give those"):
        quick_scores(encoder, train, test, aligned=silenced)
    with pytest.raises(ValueError, match=r"label_free holds an embedding that is aligned .*align=False"):
        quick_scores(encoder, train, test, label_free=silenced)
    with pytest.raises(ValueError, match="label_free does not hold the sessions of train bin by bin"):
        quick_scores(encoder, train, test, label_free=free[::-1])
    assert not quick_scores(encoder, train, test, label_free=free, silenced=silenced).label_free.is_circular
