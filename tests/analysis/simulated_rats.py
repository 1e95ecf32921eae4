"""Simulated rats with laps, some of them with neurons that tell nothing, and an encoder that is quick."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_unison import sample_sessions
from napari_unison.encoder import EncoderConfig
from napari_unison.sessions import Session, segment_laps


def rats(*names: str, n_bins: int, first: int = 1000) -> list[Session]:
    """Return the first laps of rats that run the whole track."""
    return [
        segment_laps(session[first : first + n_bins])
        for session in sample_sessions("linear-track", names=names)
    ]


def with_noise(session: Session, seed: int = 0) -> Session:
    """Keep every neuron's rate and shuffle its activity in time: nothing of the labels is left in it."""
    random = np.random.default_rng(seed)
    return session.replace(neural=random.permuted(np.asarray(session.neural), axis=0))


def quick_config(**changes: Any) -> EncoderConfig:
    """Return parameters of an encoder that learns the simulated track within a second."""
    values: dict[str, Any] = {
        "batch_size": 128,
        "max_iterations": 100,
        "learning_rate": 5e-3,
        "output_dimension": 4,
        "num_hidden_units": 16,
        "masks": {"SessionMask": True},
        "device": "cpu",
        "verbose": False,
    }
    return EncoderConfig(**values | changes)
