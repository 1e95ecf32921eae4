"""Small sessions on a track, embedded as a ring."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from napari_unison.encoder.embedding import Embedding
from napari_unison.sessions import Session

MakeSession = Callable[..., Session]
MakeEmbedding = Callable[..., Embedding]


def _session(name: str = "rat 1", n_bins: int = 400, *, direction: bool = True, lap: int = 100) -> Session:
    bins = np.arange(n_bins)
    right = (bins // lap) % 2 == 0
    share = (bins % lap) / lap
    labels: dict[str, object] = {"position": 1.6 * np.where(right, share, 1 - share)}
    if direction:
        labels["direction"] = np.where(right, "right", "left")
    return Session(name, np.zeros((n_bins, 3)), labels, 0.025, segment=bins // lap)


def _embedding(
    sessions: Sequence[Session],
    *,
    n_latents: int = 4,
    kind: str = "aligned",
    partners: str = "training",
    control: str | None = None,
) -> Embedding:
    values, residual = [], []
    for number, session in enumerate(sessions):
        generator = np.random.default_rng(number)
        angle = np.pi * session.labels["position"] / 1.6
        right = np.ones(len(angle))
        if "direction" in session.labels:
            right = np.where(session.labels["direction"] == "right", 1.0, -1.0)
        ring = np.stack([np.cos(angle), right * np.sin(angle), 0.3 * right, 0.1 * np.sin(2 * angle)], axis=1)
        ring += 0.05 * generator.normal(size=ring.shape)
        values.append(np.nan_to_num(ring)[:, :n_latents].astype(np.float32))
        distances = np.full((len(angle), len(sessions)), np.nan, dtype=np.float32)
        distances[:, number] = 0
        if kind == "aligned":
            for other in set(range(len(sessions))) - {number}:
                distances[:, other] = np.linspace(0, 0.1 * (other + 1), len(angle))
        residual.append(distances)
    return Embedding(
        values=tuple(values),
        sessions=tuple(sessions),
        kind=kind,  # type: ignore[arg-type]
        partners=partners if kind == "aligned" else "none",  # type: ignore[arg-type]
        residual=tuple(residual),
        partner_names=tuple(session.name for session in sessions),
        control=control,  # type: ignore[arg-type]
    )


@pytest.fixture
def make_session() -> MakeSession:
    return _session


@pytest.fixture
def make_embedding() -> MakeEmbedding:
    return _embedding


@pytest.fixture
def embedding() -> Embedding:
    return _embedding([_session("rat 1"), _session("rat 2", 600)])
