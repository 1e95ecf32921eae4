"""The whole notebook run on the four simulated rats: how long each part takes, and what it comes to.

Trains the preset ``notebook`` on the first 80 % of each session, embeds the training bins aligned and
label-free, and scores on the last 20 %. Prints one line of JSON and writes it under ``benchmarks/results``.

    python benchmarks/notebook_run.py [--iterations 5000]
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from machine import describe_machine, write_result
from napari_unison import UnifiedEncoder, sample_sessions, split_sessions
from napari_unison.analysis import quick_scores
from napari_unison.encoder import PRESETS

#: Steps at the end of the training whose goodness of fit is averaged.
LAST = 500


class Stopwatch:
    """Time of each part (s), by its name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time what is done inside."""
        begin = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - begin, 2)


def run(iterations: int, seed: int) -> dict[str, Any]:
    """Run all parts and return what they took and gave."""
    watch = Stopwatch()
    with watch.part("reading the sessions"):
        train, test = split_sessions(sample_sessions("linear-track"), 0.8)
    parameters = {"random_state": seed, "max_iterations": iterations}
    encoder = UnifiedEncoder.from_config(PRESETS["notebook"].model_copy(update=parameters))
    with watch.part("training"):
        encoder.fit(train)
    with watch.part("aligned embedding"):
        encoder.embed()
    with watch.part("label-free embedding"):
        encoder.embed(align=False)
    with watch.part("quick scores"):
        scores = quick_scores(encoder, train, test)
    fit = encoder.history_["goodness_of_fit"]
    return {
        "iterations": encoder.n_iter_,
        "training_bins": sum(session.n_bins for session in train),
        "seconds": watch.seconds,
        "seconds_in_all": round(sum(watch.seconds.values()), 2),
        "goodness_of_fit_bits": round(float(fit[-LAST:].mean()), 4),
        "scores": {
            name: {
                session: {
                    "position_r2": round(part.row(session, "position").r2, 4),
                    "position_median_error_cm": round(100 * part.row(session, "position").median_error, 2),
                    "direction_r2": round(part.row(session, "direction").r2, 4),
                }
                for session in part.sessions
            }
            for name, _, part in scores.parts()
        },
    }


def main() -> None:
    """Run and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--iterations", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--to", type=Path)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    measured = run(options.iterations, options.seed)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    document = {
        "about": "The notebook's run on the four simulated rats: seconds of each part, goodness of fit (mean "
        f"of the last {LAST} steps), scores on the last 20 %. Aligned scores are circular; only label-free "
        "ones are decoding.",
        **measured,
        "peak_memory_gib": round(peak / (2**30 if sys.platform == "darwin" else 2**20), 2),
        "load_before": round(load, 2),
        "machine": describe_machine("numba", "scikit-learn"),
    }
    write_result(document, options.to or "notebook-run")


if __name__ == "__main__":
    main()
