"""Small synthetic embeddings whose latents are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from napari_unison.encoder.embedding import Embedding
from napari_unison.sessions import Session

MakeSession = Callable[..., Session]
MakeEmbedding = Callable[..., Embedding]


def _session(name: str = "rat 1", n_bins: int = 400, *, start: float = 0.0, lap: int = 100) -> Session:
    """Run up and down a track, one lap after the other."""
    bins = np.arange(n_bins)
    right = (bins // lap) % 2 == 0
    share = (bins % lap) / lap
    return Session(
        name,
        np.zeros((n_bins, 3)),
        {
            "position": 1.6 * np.where(right, share, 1 - share),
            "direction": np.where(right, "right", "left"),
            "phase": 2 * np.pi * share,
        },
        0.025,
        start=start,
        kinds={"phase": "circular"},
        segment=bins // lap,
    )


def _embedding(
    sessions: Sequence[Session], *, noise: float = 0.0, seed: int = 0, kind: str = "aligned"
) -> Embedding:
    """Embed with latent 1 = position, latent 2 = direction, latents 3 and 4 = phase, latent 5 = noise."""
    generator = np.random.default_rng(seed)
    values = []
    for session in sessions:
        right = np.where(session.labels["direction"] == "right", 1.0, -1.0)
        phase = session.labels["phase"]
        columns = [session.labels["position"] - 0.8, right, np.cos(phase), np.sin(phase)]
        latents = np.stack([*columns, generator.normal(size=len(phase))], axis=1)
        values.append((latents + noise * generator.normal(size=latents.shape)).astype(np.float32))
    names = tuple(session.name for session in sessions)
    return Embedding(
        values=tuple(values),
        sessions=tuple(sessions),
        kind=kind,  # type: ignore[arg-type]
        partners="training" if kind == "aligned" else "none",
        residual=tuple(np.zeros((len(rows), len(names)), dtype=np.float32) for rows in values),
        partner_names=names,
    )


@pytest.fixture
def make_session() -> MakeSession:
    return _session


@pytest.fixture
def make_embedding() -> MakeEmbedding:
    return _embedding


@pytest.fixture
def train(make_session: MakeSession) -> Embedding:
    return _embedding([make_session("rat 1"), make_session("rat 2", 600)], noise=0.02)


@pytest.fixture
def test_part(make_session: MakeSession) -> Embedding:
    sessions = [make_session("rat 1", 300, start=50.0), make_session("rat 2", 200, start=50.0)]
    return _embedding(sessions, noise=0.02, seed=1)
