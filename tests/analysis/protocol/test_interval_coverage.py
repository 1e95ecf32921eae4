"""Intervals hold the score of a fitted decoder on very many other laps; bins as units would not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from napari_unison.analysis import BayesianPlaceDecoder, MethodRuns, Prediction, ProtocolResult
from napari_unison.analysis.protocol.scores import MEASURES, in_laps
from napari_unison.sessions.simulator import simulate_recordings

TRAINING_LAPS = 30
LAPS_AT_ONCE = 20
QUICK = BayesianPlaceDecoder(position_bins=(20,), smoothing=(1.5,), least_rate=(0.1,))


@pytest.fixture(scope="module")
def predictions() -> list[Prediction]:
    """Decode about a thousand laps, whose gains differ, with what was fitted on the first ones."""
    (recording,) = simulate_recordings(5, ("rat 2",), n_bins=120_000, speed_spread=0.2, gain_spread=0.3)
    session = recording.in_laps()
    first = session.segment_slices()[TRAINING_LAPS].start
    return QUICK.predict([session[:first]], [session[first:]], 0)


def measured(predictions: Sequence[Prediction], n_draws: int = 300) -> dict[str, tuple[float, float, float]]:
    """Return value and interval of each measure."""
    runs = MethodRuns("decoder", "", False, False, {0: (0,)}, {0: tuple(predictions)})
    scores = ProtocolResult((runs,), ("rat 2",), 2, 0, (0,), 1, 1).scores(level=0.9, n_draws=n_draws)
    estimates = {m: score.measure(m) for score in scores for m in MEASURES[score.kind]}
    return {measure: (found.value, found.low, found.high) for measure, found in estimates.items()}


def coverage(
    predictions: Sequence[Prediction], *, units: str, n_times: int, n_draws: int = 300
) -> dict[str, float]:
    """Return how often intervals of a few laps hold the score of all of them."""
    truth = measured(predictions)
    laps = np.unique(predictions[0].lap)
    assert len(laps) >= n_times * LAPS_AT_ONCE
    covered: dict[str, list[bool]] = {measure: [] for measure in truth}
    for first in range(0, n_times * LAPS_AT_ONCE, LAPS_AT_ONCE):
        some = [in_laps(p, laps[first : first + LAPS_AT_ONCE]) for p in predictions]
        if units == "bins":
            some = [replace(p, lap=np.arange(len(p.lap))) for p in some]
        for measure, (_, low, high) in measured(some, n_draws).items():
            covered[measure].append(low <= truth[measure][0] <= high)
    return {measure: float(np.mean(found)) for measure, found in covered.items()}


def test_intervals_over_laps_cover_the_score_on_endless_laps(predictions) -> None:
    """Of 50 intervals that hold it with probability 0.9, fewer than 38 do so once in a thousand times."""
    for measure, share in coverage(predictions, units="laps", n_times=50).items():
        assert share >= 0.75, measure


def test_intervals_over_bins_would_not(predictions) -> None:
    shares = coverage(predictions, units="bins", n_times=20, n_draws=100)
    assert max(shares["mean_error"], shares["r2"], shares["accuracy"]) < 0.6
