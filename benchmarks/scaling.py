"""How training grows with the number of sessions: time of a step, preparation and memory, ours and cebra's.

Sessions of 500 neurons and 20 000 bins with 2 % non-zero counts (and, for the smallest number, dense activity
like ΔF/F), preset notebook: batch 2048, offset10, neuron and time-step masks. Each measurement is made in a
process of its own, so that its peak memory is its own. Ours gets the counts as ``scipy.sparse``, cebra as a
dense array, for it takes no other; it gives up where it needs more than 20 GiB. Preparation lasts from the
call of ``fit`` to the end of the first step; compiled kernels are loaded by then, for a tiny training comes
before it. That one is timed, too, once with an empty cache of kernels, as after installing. Needs the
dependency group ``peer`` for cebra.

Steps are the first ones of a training, in which partners are still searched; once found they are kept.
Prints one line of JSON and writes it under ``benchmarks/results``.

    python benchmarks/scaling.py [--sessions 4 16 64] [--no-cebra] [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from cebra_loop import MASKS, cebra_solver
from machine import describe_machine, write_result
from simulated_sessions import simulated_sessions

#: Memory (GiB) at which a measurement gives itself up, and the exit status that says so.
MOST_MEMORY = 20.0
TOO_MUCH_MEMORY = 3
#: What 64 sessions should need, at most (s, GiB), and how many times faster than cebra 16 sessions should be.
TARGET = {"step_s": 2.5, "step_of_8_s": 0.3, "preparation_s": 120, "peak_memory_gib": 6, "ratio_of_16": 20}
WARM_UP = 3
#: Sessions up to which cebra is asked: its search takes minutes a step with 16 of them already.
CEBRA_UP_TO = 16


@dataclass(frozen=True)
class Case:
    """One measurement.

    Attributes
    ----------
    program : {"napari-unison", "cebra"}
        What trains.
    sessions, neurons, bins : int
        Number of sessions, and the size of each.
    kind : {"counts", "fluorescence"}
        Activity.
    steps : int
        Steps to measure, after the warm-up.
    sessions_per_step : int, optional
        Sessions that take part in a step; all unless given.
    """

    program: str
    sessions: int
    neurons: int
    bins: int
    kind: str
    steps: int
    sessions_per_step: int | None = None

    @property
    def description(self) -> str:
        """What is measured, in words."""
        part = "" if self.sessions_per_step is None else f", {self.sessions_per_step} a step"
        return f"{self.program}: {self.sessions} sessions of {self.kind}{part}"


def peak_memory() -> float:
    """Return the most memory that this process has held (GiB)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak / (2**30 if sys.platform == "darwin" else 2**20))


def held_by(sessions: list[Any]) -> float:
    """Return the memory of the sessions' activity and labels (GiB)."""
    arrays = []
    for session in sessions:
        neural = session.neural
        arrays += [neural.data, neural.indices, neural.indptr] if sparse.issparse(neural) else [neural]
        arrays += [session.time, session.segment, *session.labels.values()]
    return float(sum(array.nbytes for array in arrays) / 2**30)


def measure_ours(case: Case) -> dict[str, Any]:
    """Train some steps of ours."""
    from napari_unison import UnifiedEncoder

    parameters: dict[str, Any] = {"masks": MASKS, "random_state": 0, "verbose": False}
    parameters["sessions_per_step"] = case.sessions_per_step
    begin = time.perf_counter()
    tiny = simulated_sessions(max(2, case.sessions_per_step or 2), 50, 2000, kind=case.kind)
    UnifiedEncoder(max_iterations=2, **parameters).fit(tiny)
    warm_up = time.perf_counter() - begin
    sessions = simulated_sessions(case.sessions, case.neurons, case.bins, kind=case.kind)
    before = peak_memory()
    first: list[float] = []
    begin = time.perf_counter()
    encoder = UnifiedEncoder(max_iterations=1 + WARM_UP + case.steps, **parameters)
    encoder.fit(sessions, on_progress=lambda _: first.append(time.perf_counter()))
    steps = np.diff(encoder.history_["seconds"])
    return {
        "preparation_s": round(first[0] - begin, 2),
        "step_s": round(float(np.median(steps[WARM_UP:])), 4),
        "steps": len(steps) - WARM_UP,
        "peak_memory_gib": round(peak_memory(), 2),
        "training_memory_gib": round(peak_memory() - before, 2),
        "partner_tables_in_the_end_gib": round(
            8 * case.sessions * (case.sessions - 1) * case.bins / 2**30, 2
        ),
        "sessions_gib": round(held_by(sessions), 2),
        "first_training_s": round(warm_up, 2),
    }


def measure_cebra(case: Case) -> dict[str, Any]:
    """Train some steps in cebra's own loop: indices, batch, solver step."""
    kind = "counts as a dense array" if case.kind == "counts" else case.kind
    sessions = simulated_sessions(case.sessions, case.neurons, case.bins, kind=kind)
    held = held_by(sessions)
    begin = time.perf_counter()
    solver, loader = cebra_solver(sessions, masks=MASKS, iterations=1 + case.steps)
    sessions.clear()
    ends = []
    for batch in loader:
        solver.step(batch)
        ends.append(time.perf_counter())
    durations = np.diff(ends)
    return {
        "preparation_s": round(ends[0] - begin, 2),
        "step_s": round(statistics.median(durations.tolist()), 3),
        "steps": len(durations),
        "peak_memory_gib": round(peak_memory(), 2),
        "sessions_gib": round(held, 2),
    }


def compile_kernels() -> float:
    """Return the time (s) of a tiny training in a process of its own, whose cache of kernels is empty."""
    case = Case("napari-unison", 2, 50, 2000, "counts", 1)
    with tempfile.TemporaryDirectory() as folder:
        numbers = measure(case, {**os.environ, "NUMBA_CACHE_DIR": folder})
    return float(numbers["first_training_s"])


def give_up_at(gib: float) -> None:
    """End this process when it holds too much memory."""

    def watch() -> None:
        while peak_memory() < gib:
            time.sleep(0.05)
        os._exit(TOO_MUCH_MEMORY)

    threading.Thread(target=watch, daemon=True).start()


def measure(case: Case, environment: dict[str, str] | None = None) -> dict[str, Any]:
    """Measure in a process of its own; where that needs too much memory, the result says so."""
    command = [sys.executable, __file__, "--case", json.dumps(asdict(case))]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment)
    if done.returncode == TOO_MUCH_MEMORY:
        numbers = {"gave_up": f"more than {MOST_MEMORY:.0f} GiB"}
    elif done.returncode != 0:
        raise SystemExit(f"{case.description}: the measurement failed, see above")
    else:
        numbers = json.loads(done.stdout.splitlines()[-1])
    print(f"{case.description}: {numbers}", file=sys.stderr)
    return {**asdict(case), **numbers}


def cases(options: argparse.Namespace) -> list[Case]:
    """Return what is to be measured."""
    neurons, bins = (50, 2000) if options.quick else (500, 20_000)
    found = []
    for number in options.sessions:
        steps = 3 if options.quick else 10 if number > 16 else 30
        found.append(Case("napari-unison", number, neurons, bins, "counts", steps))
        if number > 8:
            found.append(Case("napari-unison", number, neurons, bins, "counts", 3 * steps, 8))
    smallest = min(options.sessions)
    found.append(Case("napari-unison", smallest, neurons, bins, "fluorescence", 3 if options.quick else 30))
    if options.cebra:
        found.append(Case("cebra", smallest, neurons, bins, "fluorescence", 3))
        found += [
            Case("cebra", number, neurons, bins, "counts", 3 if number < 16 else 2)
            for number in options.sessions
            if number <= CEBRA_UP_TO
        ]
    return found


def ratios(results: list[dict[str, Any]]) -> dict[str, float]:
    """Return how many times longer cebra's steps take."""
    steps = {
        (one["program"], one["sessions"], one["kind"]): one["step_s"]
        for one in results
        if one["sessions_per_step"] is None and "step_s" in one
    }
    return {
        f"{number} sessions of {kind}": round(seconds / steps["napari-unison", number, kind], 1)
        for (program, number, kind), seconds in steps.items()
        if program == "cebra"
    }


def main() -> None:
    """Measure all cases and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, nargs="+", default=[4, 16, 64])
    parser.add_argument("--cebra", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--quick", action="store_true", help="small sessions, few steps: does it run?")
    parser.add_argument("--to", type=Path)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        case = Case(**json.loads(options.case))
        give_up_at(MOST_MEMORY)
        print(json.dumps(measure_ours(case) if case.program == "napari-unison" else measure_cebra(case)))
        return
    load = os.getloadavg()[0]
    compiled = compile_kernels()
    results = [measure(case) for case in cases(options)]
    document = {
        "about": "Training with the preset notebook on simulated sessions: median seconds of a step, seconds "
        "from the call of fit to the end of the first step, peak memory of the process in GiB, and how much "
        "of it came with the training. The first, tiny training of a process loads the compiled kernels.",
        "first_training_with_compiling_s": compiled,
        "measurements": results,
        "ratio": ratios(results),
        "target": TARGET,
        "load_before": round(load, 2),
        "machine": describe_machine("numba", "cebra"),
    }
    write_result(document, options.to or ("scaling-quick" if options.quick else "scaling"))


if __name__ == "__main__":
    main()
