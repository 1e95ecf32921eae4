"""Decoding scores that are made, not measured, for tests of what shows them."""

from __future__ import annotations

import numpy as np

from napari_unison.analysis import (
    AlignedControls,
    DecodingScores,
    DecodingStudy,
    LabelScore,
    MethodRuns,
    NullDistribution,
    Prediction,
    ProtocolResult,
    QuickScores,
    StudyOptions,
)
from napari_unison.analysis.controls.verdicts import NullScore
from napari_unison.encoder import EncoderConfig

MAIN = "unified encoder, label-free"
BETTER, ALIKE = "Bayesian place decoder", "principal components"
SESSIONS = ("rat 1", "rat 2")
N_LAPS, LAP = 12, 20


def made_runs(name: str, error: float, *, seed: int = 0, sessions: tuple[str, ...] = SESSIONS) -> MethodRuns:
    """Return a method that errs by ``error`` m, and as often in the direction."""
    lap = np.repeat(np.arange(N_LAPS), LAP)
    time = 0.025 * np.arange(len(lap))
    position = np.tile(np.linspace(0, 1.6, LAP), N_LAPS)[:, None]
    direction = np.where(lap % 2 == 0, "right", "left")[:, None]
    random = np.random.default_rng(seed)
    found = []
    for session in sessions:
        said = position + error * random.normal(size=position.shape)
        turned = np.where(direction == "left", "right", "left")
        way = np.where(random.random(direction.shape) < error, turned, direction)
        found.append(Prediction(session, "position", "continuous", "m", time, lap, position, said))
        found.append(Prediction(session, "direction", "discrete", "", time, lap, direction, way))
    return MethodRuns(name, name, False, False, {0: (0, 1)}, {0: tuple(found)})


def made_parts(r2: float, description: str, *, is_circular: bool) -> DecodingScores:
    """Return scores of both sessions that have this R²."""
    nan = float("nan")
    rows = []
    for session in ("all sessions", *SESSIONS):
        rows.append(LabelScore(session, "position", "continuous", "m", 240, r2, 0.05, 0.07, nan))
        rows.append(LabelScore(session, "direction", "discrete", "", 240, r2, nan, nan, 0.9))
    return DecodingScores(
        tuple(rows), description, is_circular, 36, "euclidean", frozenset({"direction"}), description
    )


def made_quick_scores() -> QuickScores:
    """Return quick scores whose aligned part is as good without the own neurons."""
    return QuickScores(
        made_parts(0.6, "label-free (own neurons only)", is_circular=False),
        made_parts(0.95, "aligned", is_circular=True),
        made_parts(0.94, "aligned, silenced", is_circular=True),
        "scored on the last 20 % of each session",
    )


def made_study(options: StudyOptions | None = None) -> DecodingStudy:
    """Return a quick study in which one baseline beats the encoder and one does not, with controls."""
    options = options or StudyOptions(is_quick=True, n_folds=2)
    methods = (made_runs(MAIN, 0.2), made_runs(BETTER, 0.05, seed=1), made_runs(ALIKE, 0.2, seed=0))
    protocol = ProtocolResult(methods, SESSIONS, n_folds=2, guard=10, seeds=(0,), n_done=6, n_planned=6)
    controls = AlignedControls(
        made_quick_scores(),
        made_parts(0.9, "aligned", is_circular=True),
        made_parts(-0.5, "aligned", is_circular=True),
        dict.fromkeys(SESSIONS, 0.0),
    )
    null = None
    if options.n_permutations:
        by_chance = tuple(np.linspace(-0.1, 0.05, options.n_permutations))
        found = [NullScore(name, "position", "r2", 0.8, by_chance, 0.0) for name in SESSIONS]
        null = NullDistribution(MAIN, False, tuple(found), 2, 10, 0)
    config = EncoderConfig(max_iterations=500)
    return DecodingStudy(
        options, config, protocol, MAIN, controls, null, ("single-session is left out.",), {}
    )
