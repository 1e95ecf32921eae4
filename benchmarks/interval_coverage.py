"""Whether the protocol's intervals hold the score of a fitted pipeline on endless other laps.

Each repetition simulates an animal of its own whose laps differ in speed and in gain, fits pipelines on its
first laps, scores the next 15, 30 and 60 of them with the protocol's interval over laps at level 0.9, and
then more than a thousand laps further. Counted is how often that score lies inside. What pipelines predict
is kept in ``--kept``, so that a run that was stopped goes on from there, and intervals can be counted anew
without fitting again.

    OMP_NUM_THREADS=1 python benchmarks/interval_coverage.py --kept FOLDER [--repetitions 100] [--encoders 30]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest

from machine import describe_machine, write_result
from napari_unison.analysis import (
    BayesianPlaceDecoder,
    Estimate,
    LabelFreeEncoder,
    Method,
    MethodRuns,
    Prediction,
    ProtocolResult,
    SmoothedNeighbours,
)
from napari_unison.analysis.protocol.bootstrap import interval
from napari_unison.analysis.protocol.scores import MEASURES, LapSampler, in_laps
from napari_unison.encoder import EncoderConfig
from napari_unison.sessions import simulate_recordings

LEVEL = 0.9
TRAINING_LAPS = 40
GUARD_LAPS = 2
HELD_OUT_LAPS = (15, 30, 60)
RAT = "rat 2"
BINS_OF_LAP = 115
SPEED_SPREAD = 0.2
GAIN_SPREAD = 0.3
ENCODER = EncoderConfig(
    batch_size=256,
    learning_rate=2e-3,
    max_iterations=300,
    output_dimension=8,
    masks={"RandomNeuronMask": (0.3, 0.9, 0.05)},
    verbose=False,
)


PIPELINES: dict[str, Method] = {
    "bayesian": BayesianPlaceDecoder(),
    "neighbours": SmoothedNeighbours(n_neighbors=36, metric="cosine"),
    "encoder": LabelFreeEncoder(ENCODER),
}


@dataclass(frozen=True)
class Repetition:
    """What one fitted pipeline says about the laps to score, and how it scores on many more."""

    near: tuple[Prediction, ...]
    truth: dict[str, float]
    n_long_laps: int
    processor_seconds: float


def repetition(number: int, method: Method, long_laps: int) -> Repetition:
    """Simulate, fit and predict once."""
    begin = time.process_time()
    n_laps = TRAINING_LAPS + 2 * GUARD_LAPS + max(HELD_OUT_LAPS) + long_laps
    (recording,) = simulate_recordings(
        number, (RAT,), n_bins=BINS_OF_LAP * n_laps, speed_spread=SPEED_SPREAD, gain_spread=GAIN_SPREAD
    )
    session = recording.in_laps()
    starts = [lap.start for lap in session.segment_slices()]
    train, asked = session[: starts[TRAINING_LAPS]], session[starts[TRAINING_LAPS + GUARD_LAPS] :]
    # as in the protocol, the borders of the laps to decode are hidden: windows run through them
    hidden = asked.replace(segment=np.zeros(asked.n_bins, dtype=np.int64))
    predictions = [replace(p, lap=asked.segment) for p in method.predict([train], [hidden], number)]
    laps = np.unique(predictions[0].lap)
    near, far = laps[: max(HELD_OUT_LAPS)], laps[max(HELD_OUT_LAPS) + GUARD_LAPS :]
    truth = {measure: found.value for measure, found in measured([in_laps(p, far) for p in predictions])}
    seconds = round(time.process_time() - begin, 1)
    return Repetition(tuple(in_laps(p, near) for p in predictions), truth, len(far), seconds)


def keep(done: Repetition, file: Path) -> None:
    """Write a repetition."""
    facts = {name: getattr(done, name) for name in ("truth", "n_long_laps", "processor_seconds")}
    arrays: dict[str, Any] = {"facts": json.dumps(facts)}
    for p in done.near:
        arrays |= {f"{p.label} {part}": getattr(p, part) for part in ("time", "lap", "truth", "predicted")}
    np.savez_compressed(file, **arrays)


def kept(file: Path) -> Repetition:
    """Read a repetition."""
    with np.load(file) as arrays:
        near = tuple(
            Prediction(
                RAT,
                label,
                kind,
                unit,
                **{part: arrays[f"{label} {part}"] for part in ("time", "lap", "truth", "predicted")},
            )
            for label, kind, unit in (("position", "continuous", "m"), ("direction", "discrete", ""))
        )
        return Repetition(near, **json.loads(str(arrays["facts"])))


def measured(predictions: Sequence[Prediction]) -> Iterator[tuple[str, Estimate]]:
    """Yield every measure with its interval, as the protocol reports them."""
    runs = MethodRuns("pipeline", "", False, False, {0: (0,)}, {0: tuple(predictions)})
    result = ProtocolResult((runs,), (RAT,), 2, 0, (0,), 1, 1)
    for score in result.scores(level=LEVEL):
        for measure in MEASURES[score.kind]:
            yield measure, score.measure(measure)


def percentiles(predictions: Sequence[Prediction]) -> Iterator[tuple[str, Estimate]]:
    """Yield what the widened percentile interval would be, for comparison; medians have it anyway."""
    sampler = LapSampler(2000, 0)
    for prediction in predictions:
        for measure, sample in sampler.samples("pipeline", [prediction]).items():
            if sample.ratios is not None:
                bounds = interval(sample.draws, LEVEL, n_units=sample.n_laps)
                yield f"{measure}, percentile interval", Estimate(sample.by_seed, *bounds)


def coverage(repetitions: Sequence[Repetition]) -> dict[str, dict[str, Any]]:
    """Count by number of laps and measure."""
    table: dict[str, dict[str, Any]] = {}
    for n_laps in HELD_OUT_LAPS:
        found: dict[str, list[tuple[float, Estimate]]] = {}
        for done in repetitions:
            laps = np.unique(done.near[0].lap)[:n_laps]
            near = [in_laps(p, laps) for p in done.near]
            for name, estimate in chain(measured(near), percentiles(near)):
                found.setdefault(name, []).append((done.truth[name.split(",")[0]], estimate))
        table[str(n_laps)] = {name: counted(*zip(*rows, strict=True)) for name, rows in found.items()}
    return table


def counted(truths: Sequence[float], estimates: Sequence[Estimate]) -> dict[str, Any]:
    """Return how many intervals hold the truth, and on which side the others miss it."""
    truth = np.array(truths)
    low, high, value = (np.array([getattr(e, name) for e in estimates]) for name in ("low", "high", "value"))
    covered = int(np.sum((low <= truth) & (truth <= high)))
    certain = binomtest(covered, len(truth)).proportion_ci(0.95)
    return {
        "repetitions": len(truth),
        "covered": covered,
        "share": round(covered / len(truth), 3),
        "share_interval_95": [round(certain.low, 3), round(certain.high, 3)],
        "truth_below": int(np.sum(truth < low)),
        "truth_above": int(np.sum(truth > high)),
        "median_width": round(float(np.median(high - low)), 5),
        "mean_truth": round(float(np.mean(truth)), 5),
        "mean_value": round(float(np.mean(value)), 5),
    }


def main() -> None:
    """Run all repetitions that are not kept yet, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kept", type=Path, required=True, help="predictions are kept here")
    parser.add_argument("--repetitions", type=int, default=100)
    parser.add_argument("--encoders", type=int, default=30, help="repetitions that train an encoder too")
    parser.add_argument("--long-laps", type=int, default=1500)
    parser.add_argument("--to", type=Path)
    options = parser.parse_args()
    options.kept.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = {}
    for short, method in PIPELINES.items():
        found = []
        for number in range(options.encoders if short == "encoder" else options.repetitions):
            file = options.kept / f"{short}-{number}-{options.long_laps}.npz"
            if not file.exists():
                keep(repetition(number, method, options.long_laps), file)
            found.append(kept(file))
        if found:
            results[method.name] = {
                "long_laps": [min(r.n_long_laps for r in found), max(r.n_long_laps for r in found)],
                "processor_seconds": round(sum(r.processor_seconds for r in found)),
                "coverage": coverage(found),
            }
    document = {
        "about": " ".join(__doc__.split("\n    OMP")[0].split()),
        "machine": describe_machine("scikit-learn"),
        "level": LEVEL,
        "animal": {"like": RAT, "speed_spread": SPEED_SPREAD, "gain_spread": GAIN_SPREAD},
        "training_laps": TRAINING_LAPS,
        "encoder": ENCODER.model_dump(mode="json", exclude_defaults=True),
        "pipelines": results,
    }
    write_result(document, options.to or "interval-coverage")


if __name__ == "__main__":
    main()
