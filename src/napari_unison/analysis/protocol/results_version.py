"""What kept results are kept under besides settings, sessions and seed: the code that computed them."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

RESULTS_VERSION: Final = 2
"""Version of whatever decides a fit or a prediction: sampling, masks, loss, training step, embedding, folds,
decoders, baselines. Raise it with every change after which the same settings, sessions and seed give other
results (beyond rounding): kept encoders and predictions are then computed again. Changes of speed, names,
tables or figures do not count, nor do new methods or new parameters, whose names and values are settings."""


def code_version() -> str:
    """Return the version of the package and of its results."""
    return f"{version('napari-unison')}, results {RESULTS_VERSION}"
