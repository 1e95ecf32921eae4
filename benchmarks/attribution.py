"""How well attribution finds the place cells of simulated rats, whose truth is known.

Area under the curve of place cells against cells without a field, for the score and for the score per spike,
by both methods, for the latents and for the decoded position. Three conditions: a trained encoder; the same
without training (what rates and random weights give); and one trained on sessions whose cells without a field
fire at 2 Hz, more than most place cells. The mean rate alone stands beside. Prints one line of JSON and
writes it under ``benchmarks/results``.

    python benchmarks/attribution.py
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from machine import describe_machine, write_result
from napari_unison import Session, UnifiedEncoder, sample_sessions
from napari_unison.analysis import SessionAttribution, attribute

TRUTH = "is_place_cell"
BACKGROUND_RATE = 2.0  # Hz


def with_loud_background(session: Session, seed: int) -> Session:
    """Return a session whose cells without a field fire at random, at 2 Hz."""
    random = np.random.default_rng(seed)
    neural, background = np.array(session.neural), ~session.neurons[TRUTH]
    expected = BACKGROUND_RATE * session.bin_width
    neural[:, background] = random.poisson(expected, (session.n_bins, background.sum()))
    return session.replace(neural=neural)


def area_of_rates(session: Session) -> float:
    """Return the area under the curve of the mean rate alone."""
    rate, truth = session.rate(), session.neurons[TRUTH]
    above = rate[truth][:, None] - rate[~truth]
    return float(np.mean(above > 0) + 0.5 * np.mean(above == 0))


def areas(scores: SessionAttribution) -> dict[str, float]:
    """Return both areas under the curve of one session."""
    return {
        "score": round(scores.area_under_curve(TRUTH), 3),
        "per spike": round(scores.area_under_curve(TRUTH, per_activity=True), 3),
    }


def measure(sessions: list[Session], iterations: int, seed: int) -> dict[str, Any]:
    """Train, attribute by both methods to both targets, and return areas by session."""
    encoder = UnifiedEncoder(
        batch_size=512,
        output_dimension=8,
        # a step of no size leaves the random weights as they are
        learning_rate=2e-3 if iterations else 1e-12,
        max_iterations=max(iterations, 1),
        random_state=seed,
        verbose=False,
    ).fit(sessions)
    found: dict[str, Any] = {"rate": {s.name: round(area_of_rates(s), 3) for s in sessions}}
    for target in ("latents", "position"):
        for method in ("gradient", "ablation"):
            begin = time.perf_counter()
            result = attribute(encoder, target=target, method=method)
            found[f"{target}, {method}"] = {
                "seconds": round(time.perf_counter() - begin, 2),
                **{scores.session.name: areas(scores) for scores in result.sessions},
            }
    return found


def main() -> None:
    """Measure all conditions and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bins", type=int, default=3000)
    parser.add_argument("--iterations", type=int, default=400)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--to", type=Path)
    options = parser.parse_args()
    conditions: dict[str, list[Any]] = {"trained": [], "untrained": [], "loud background": []}
    for seed in range(options.seeds):
        rats = sample_sessions("linear-track", seed=seed, names=("rat 1", "rat 2"))
        sessions = [session[: options.bins] for session in rats]
        conditions["trained"].append(measure(sessions, options.iterations, seed))
        conditions["untrained"].append(measure(sessions, 0, seed))
        loud = [with_loud_background(session, seed) for session in sessions]
        conditions["loud background"].append(measure(loud, options.iterations, seed))
    result = {"machine": describe_machine("napari-unison"), "bins": options.bins}
    result |= {"iterations": options.iterations, "area under the curve": conditions}
    write_result(result, options.to or "attribution")


if __name__ == "__main__":
    main()
