"""Time of the aligned embedding of four sessions, ours and cebra's, in one run on one machine.

The four simulated rats, first 80 %, after one training step (the weights do not matter), with the notebook's
network. cebra's ``transform`` always aligns; ours is timed aligned and label-free. Needs the dependency group
``peer``. Prints one line of JSON and writes it under ``benchmarks/results``.

    python benchmarks/embedding.py
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from cebra_loop import cebra_solver
from machine import describe_machine, write_result
from napari_unison import UnifiedEncoder, sample_sessions, split_sessions
from napari_unison.encoder.label_space import LabelSpace


def time_ours(sessions: list[Any], repeats: int) -> dict[str, float]:
    """Return the median time (s) of embedding all sessions, aligned and label-free."""
    encoder = UnifiedEncoder(max_iterations=1, random_state=0, verbose=False).fit(sessions)
    times: dict[str, list[float]] = {"aligned": [], "label-free": []}
    for _ in range(repeats):
        for kind, measured in times.items():
            begin = time.perf_counter()
            encoder.embed(sessions, align=kind == "aligned")
            measured.append(time.perf_counter() - begin)
    return {kind: round(statistics.median(measured), 4) for kind, measured in times.items()}


def time_cebra(sessions: list[Any]) -> float:
    """Return the time (s) of cebra's ``transform`` of all sessions, batch size 300 as in the notebook."""
    import torch

    solver, loader = cebra_solver(sessions, masks=None, iterations=1)
    solver.fit(loader)
    space = LabelSpace(sessions)
    neural = [torch.tensor(np.asarray(session.neural), dtype=torch.float32) for session in sessions]
    labels = [torch.tensor(space.encode(session), dtype=torch.float32) for session in sessions]
    begin = time.perf_counter()
    for number in range(len(sessions)):
        solver.transform(neural, labels=labels, session_id=number, batch_size=300)
    return time.perf_counter() - begin


def main() -> None:
    """Time both and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--to", type=Path)
    options = parser.parse_args()
    sessions, _ = split_sessions(sample_sessions("linear-track"), 0.8)
    ours = time_ours(sessions, options.repeats)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    cebra = time_cebra(sessions)
    result = {
        "about": "Seconds to embed all training bins of the four simulated rats (first 80 %).",
        "bins": sum(session.n_bins for session in sessions),
        "napari-unison": ours,
        "cebra": round(cebra, 2),
        "ratio": {kind: round(cebra / seconds, 1) for kind, seconds in ours.items()},
        "peak_memory_gib_ours": round(peak, 2),
        "machine": describe_machine("cebra"),
    }
    write_result(result, options.to or "embedding")


if __name__ == "__main__":
    main()
