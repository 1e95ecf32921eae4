"""The notebook's run on two real rats: goodness of fit, aligned, label-free and silenced scores.

Reads achilles.jl.gz and buddy.jl.gz from the folder given; trains the preset ``notebook`` with the
reference's 14 mask ratios as a list (its grid overshoots to 0.95) on the first 80 % of each session;
scores on the last 20 %. Prints and writes one JSON document.

    python benchmarks/rat_hippocampus.py FOLDER [--seeds 0 1 2] [--iterations 5000] [--runs FOLDER]
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from pathlib import Path
from typing import Any

from cebra_loop import MASKS
from machine import describe_machine, write_result
from napari_unison import UnifiedEncoder, load_sessions, split_sessions
from napari_unison.analysis import quick_scores


def run(sessions: list[Any], seed: int, iterations: int, runs: Path | None) -> dict[str, Any]:
    """Train with one seed and score."""
    train, test = split_sessions(sessions, 0.8)
    encoder = UnifiedEncoder(max_iterations=iterations, masks=MASKS, random_state=seed)
    begin = time.perf_counter()
    encoder.fit(train)
    seconds = time.perf_counter() - begin
    scores = quick_scores(encoder, train, test)
    if runs is not None:
        encoder.save(runs / f"seed-{seed}.unison", embedding=encoder.embed(), held_out=test)
    fit = encoder.history_["goodness_of_fit"]
    spans = {"400-600": (400, 600), "1400-1600": (1400, 1600), "2800-3000": (2800, 3000)}
    return {
        "seed": seed,
        "fit_seconds": round(seconds, 1),
        "goodness_of_fit_bits": {
            name: round(float(fit[a:b].mean()), 4) for name, (a, b) in spans.items() if len(fit) >= b
        }
        | {"last 1000": round(float(fit[-1000:].mean()), 4)},
        "scores": {
            name: {
                session: [
                    round(part.row(session, "position").r2, 4),
                    round(part.row(session, "direction").r2, 4),
                    round(100 * part.row(session, "position").median_error, 2),
                ]
                for session in part.sessions
            }
            for name, _, part in scores.parts()
        },
    }


def summarise(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return means over the seeds, and the spread (standard deviation) where there are several."""

    def mean_and_spread(values: list[float]) -> list[float]:
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        return [round(statistics.mean(values), 4), round(spread, 4)]

    scores = {
        part: {
            session: [
                mean_and_spread([result["scores"][part][session][i] for result in results]) for i in range(3)
            ]
            for session in sessions
        }
        for part, sessions in results[0]["scores"].items()
    }
    fits = [result["goodness_of_fit_bits"]["last 1000"] for result in results]
    return {"goodness_of_fit_bits, last 1000": mean_and_spread(fits), "scores": scores}


def main() -> None:
    """Run all seeds and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--iterations", type=int, default=5000)
    parser.add_argument("--runs", type=Path, help="keep the runs here")
    parser.add_argument("--to", type=Path)
    options = parser.parse_args()
    sessions = load_sessions([options.folder / "achilles.jl.gz", options.folder / "buddy.jl.gz"])
    results = [run(sessions, seed, options.iterations, options.runs) for seed in options.seeds]
    document = {
        "about": "achilles + buddy, preset notebook with 14 mask ratios, trained on the first 80 % of each "
        "session, k nearest neighbours (36, cosine) on the last 20 %. Scores: position R², direction R² "
        "(0/1 regressed), median position error in cm; in the summary each as mean and standard deviation "
        "over seeds. Aligned scores are circular; only label-free ones are decoding.",
        "iterations": options.iterations,
        "machine": describe_machine("scikit-learn"),
        "peak_memory_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "summary": summarise(results),
        "runs": results,
    }
    write_result(document, options.to or "rat-hippocampus")


if __name__ == "__main__":
    main()
