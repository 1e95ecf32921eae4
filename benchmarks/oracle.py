"""How good could anyone be: every method beside oracles that know the simulator's truth.

Simulated rats 1 and 2 as they are, contiguous folds of laps, borders of the laps to decode hidden. Oracles
name the best place for each measure; the whole-recording oracle is told borders, directions and all other
laps, and how much that alone is worth shows the same oracle without neurons. Methods that are random run
with one seed.

    python benchmarks/oracle.py [--cache FOLDER] [--folds 5] [--iterations 800]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np

from machine import describe_machine, write_result
from napari_unison import Session
from napari_unison.analysis import (
    BayesianPlaceDecoder,
    LabelFreeEncoder,
    Method,
    OracleDecoder,
    Prediction,
    PrincipalComponents,
    ProtocolResult,
    SingleSessionEncoder,
    SmoothedNeighbours,
    SupervisedNetwork,
    cross_validate,
    guard_bins,
)
from napari_unison.analysis.baselines.oracle_estimates import BestFor
from napari_unison.analysis.protocol.scores import MEASURES, Measure
from napari_unison.encoder import PRESETS
from napari_unison.sessions import SimulatedRecording, simulate_recordings

RATS = ("rat 1", "rat 2")


class OracleWithoutNeurons(OracleDecoder):
    """Knows all but the counts, which it is made to believe to tell nothing."""

    @property
    def name(self) -> str:
        """For tables."""
        return super().name.replace("oracle", "oracle without neurons")

    @property
    def settings(self) -> str:
        """All parameters as text."""
        return super().settings.replace("oracle", "oracle without neurons")

    def predict(self, train: Sequence[Session], test: Sequence[Session], seed: int) -> list[Prediction]:
        """Predict with flat fields."""
        flat = [
            session.replace(neurons={**session.neurons, "place_field": np.ones((session.n_neurons, 2, 64))})
            for session in test
        ]
        return super().predict(train, flat, seed)


def oracles(recordings: Sequence[SimulatedRecording]) -> list[OracleDecoder]:
    """Return oracles that know the window, everything, or everything but the neurons."""
    kinds = ((OracleDecoder, 0.25), (OracleDecoder, None), (OracleWithoutNeurons, None))
    return [
        kind(recordings, window_s, best_for) for kind, window_s in kinds for best_for in get_args(BestFor)
    ]


def table(result: ProtocolResult, told: Sequence[OracleDecoder]) -> dict[str, Any]:
    """Return scores by session and method; an oracle only in the measures that it bounds."""
    best_for = {oracle.name: oracle.best_for for oracle in told}
    found: dict[str, dict[str, dict[str, list[float]]]] = {}
    for score in result.scores():
        name = score.method.split(", l")[0] if score.method in best_for else score.method
        row = found.setdefault(score.session, {}).setdefault(name, {})
        for measure in MEASURES[score.kind]:
            if measure in (best_for.get(score.method, measure), "accuracy"):
                estimate = score.measure(measure)
                row[measure] = [round(v, 5) for v in (estimate.value, estimate.low, estimate.high)]
    return found


def exceptions(result: ProtocolResult, told: Sequence[OracleDecoder]) -> list[str]:
    """Name the methods that were better than an oracle of the same window, or of everything."""
    scores = {(s.method, s.session, s.label): s for s in result.scores()}
    names = {oracle.name for oracle in told}
    found = []
    for (method, session, label), score in scores.items():
        for oracle in told:
            if method in names or isinstance(oracle, OracleWithoutNeurons):
                continue
            measure: Measure = oracle.best_for if label == "position" else "accuracy"
            ours, bound = (
                score.measure(measure).value,
                scores[oracle.name, session, label].measure(measure).value,
            )
            if ours < bound if "error" in measure else ours > bound:
                found.append(f"{session}, {measure}: {method} {ours:.5f}, {oracle.name} {bound:.5f}")
    return found


def main() -> None:
    """Run the protocol and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, help="fits are kept here")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--iterations", type=int, default=800)
    parser.add_argument("--to", type=Path)
    options = parser.parse_args()
    recordings = simulate_recordings(0, RATS)
    changes = {"max_iterations": options.iterations, "verbose": False}
    config = PRESETS["label-free decoding"].model_copy(update=changes)
    told = oracles(recordings)
    methods: list[Method] = [
        *told,
        BayesianPlaceDecoder(),
        SmoothedNeighbours(),
        PrincipalComponents(),
        SupervisedNetwork(),
        SingleSessionEncoder(config),
        LabelFreeEncoder(config),
    ]
    result = cross_validate(
        methods,
        [recording.in_laps() for recording in recordings],
        n_folds=options.folds,
        seeds=[0],
        guard=guard_bins(config),
        cache=options.cache,
    )
    document = {
        "about": " ".join(__doc__.split("\n    python")[0].split()),
        "machine": describe_machine("scikit-learn"),
        "encoder": config.model_dump(mode="json", exclude_defaults=True),
        "protocol": result.in_words(),
        "columns": "value, and 95 % interval over laps; errors in m",
        "scores": table(result, told),
        "better than an oracle": exceptions(result, told),
    }
    write_result(document, options.to or "oracle")


if __name__ == "__main__":
    main()
