"""Time of a training step, ours and cebra's own loop, in one run on one machine.

Both train on the first 80 % of the four simulated rats (or of two real ones) with the notebook's settings and
the same number of threads; ours for many steps, cebra's for a few after a warm-up. Needs the dependency
group ``peer``. Prints one line of JSON and writes it under ``benchmarks/results``.

    python benchmarks/training_step.py [--dense]
    python benchmarks/training_step.py --real FOLDER --iterations 1000
"""

from __future__ import annotations

import argparse
import itertools
import resource
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.signal import lfilter

from cebra_loop import MASKS, cebra_solver
from machine import describe_machine, write_result
from napari_unison import UnifiedEncoder, load_sessions, sample_sessions, split_sessions


def time_ours(sessions: list[Any], iterations: int) -> list[float]:
    """Return the duration of each iteration (s)."""
    encoder = UnifiedEncoder(masks=MASKS, max_iterations=iterations, random_state=0).fit(sessions)
    seconds = encoder.history_["seconds"]
    return [float(after - before) for before, after in itertools.pairwise(seconds)]


def time_cebra(sessions: list[Any], iterations: int, warm_up: int = 2) -> list[float]:
    """Return the duration of each iteration of cebra's loop (s): indices, batch, solver step."""
    solver, loader = cebra_solver(sessions, masks=MASKS, iterations=warm_up + iterations)
    durations = []
    begin = time.perf_counter()
    for batch in loader:
        solver.step(batch)
        now = time.perf_counter()
        durations.append(now - begin)
        begin = now
    return durations[warm_up:]


def as_fluorescence(sessions: list[Any]) -> list[Any]:
    """Return the sessions with dense activity like ΔF/F: counts smoothed by a slow decay, plus noise."""
    rng = np.random.default_rng(0)
    dense = []
    for session in sessions:
        trace = lfilter([1.0], [1.0, -0.95], np.asarray(session.neural, dtype=np.float64), axis=0)
        noise = rng.normal(0, 0.1, trace.shape)
        dense.append(session.replace(neural=(trace + noise).astype(np.float32)))
    return dense


def main() -> None:
    """Time both and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", type=Path, metavar="FOLDER", help="achilles.jl.gz and buddy.jl.gz")
    parser.add_argument("--dense", action="store_true", help="dense activity like ΔF/F instead of counts")
    parser.add_argument("--iterations", type=int, default=100)
    parser.add_argument("--cebra-iterations", type=int, default=6)
    parser.add_argument("--to", type=Path)
    options = parser.parse_args()
    name = "training-step"
    if options.real:
        files = [options.real / "achilles.jl.gz", options.real / "buddy.jl.gz"]
        sessions, data, name = load_sessions(files), "achilles + buddy", f"{name}-real"
    else:
        sessions, data = sample_sessions("linear-track"), "four simulated rats"
    if options.dense:
        sessions, data, name = as_fluorescence(sessions), f"{data}, dense", f"{name}-dense"
    train, _ = split_sessions(sessions, 0.8)
    ours = time_ours(train, options.iterations)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    cebra = time_cebra(train, options.cebra_iterations)
    result = {
        "about": "Seconds a training step, preset notebook with 14 mask ratios, batch 2048; median.",
        "data": data,
        "napari-unison": round(statistics.median(ours), 4),
        "cebra": round(statistics.median(cebra), 4),
        "ratio": round(statistics.median(cebra) / statistics.median(ours), 1),
        "steps": {"napari-unison": len(ours), "cebra": len(cebra)},
        "peak_memory_gib": {
            "napari-unison": round(peak, 2),
            "both": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        },
        "machine": describe_machine("cebra"),
    }
    write_result(result, options.to or name)


if __name__ == "__main__":
    main()
