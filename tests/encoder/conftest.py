"""Small sessions that the tests of the encoder share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from napari_unison import Session, UnifiedEncoder

SMALL = {"batch_size": 64, "max_iterations": 5, "random_state": 0, "verbose": False, "num_hidden_units": 8}


def run_along_track(n_bins: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Position (m) and direction of runs to and fro on a 1.6 m track."""
    rng = np.random.default_rng(seed)
    phase = np.cumsum(rng.uniform(0.01, 0.03, n_bins)) + rng.random()
    position = 1.6 * np.abs((phase % 2) - 1)
    return position, np.where((phase % 2) < 1, "left", "right")


@pytest.fixture(scope="session")
def make_session() -> Callable[..., Session]:
    """Return a function that simulates one rat with place fields."""

    def make(name: str = "rat", n_bins: int = 600, n_neurons: int = 12, seed: int = 0, **options) -> Session:
        rng = np.random.default_rng(seed)
        position, direction = run_along_track(n_bins, seed)
        centre, prefers = rng.uniform(0, 1.6, n_neurons), rng.choice(["left", "right"], n_neurons)
        rate = np.exp(-(((position[:, None] - centre) / 0.2) ** 2)) * (direction[:, None] == prefers)
        labels = {"position": position, "direction": direction}
        return Session(name, rng.poisson(rate).astype(np.float32), labels, 0.025, **options)

    return make


@pytest.fixture(scope="session")
def rats(make_session) -> list[Session]:
    """Three rats with different lengths and neurons."""
    return [
        make_session("anna", 700, 12, 1),
        make_session("bert", 500, 7, 2),
        make_session("cleo", 900, 15, 3),
    ]


@pytest.fixture(scope="session")
def fitted(rats) -> UnifiedEncoder:
    """An encoder after a few steps on the three rats; tests must not change it."""
    return UnifiedEncoder(**SMALL).fit(rats)
