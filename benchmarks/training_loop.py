"""Time of a training iteration, ours and cebra's own loop, in one run on one machine.

Both train on the first 80 % of two real rats (or the four simulated ones) with the notebook's settings and
the same number of threads; ours for many iterations, cebra's for a few after a warm-up. Needs the dependency
group ``peer``. Prints and writes one JSON document.

    python benchmarks/training_loop.py FOLDER [--iterations 1000] [--cebra-iterations 12]
    python benchmarks/training_loop.py --simulated
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import statistics
import time
import warnings
from pathlib import Path
from typing import Any

from machine import describe_machine
from napari_unison import UnifiedEncoder, load_sessions, sample_sessions, split_sessions
from napari_unison.encoder.label_space import LabelSpace

RATIOS = [round(0.3 + 0.05 * i, 2) for i in range(14)]
MASKS = {"RandomNeuronMask": RATIOS, "RandomTimestepMask": RATIOS}


def time_ours(sessions: list[Any], iterations: int) -> list[float]:
    """Return the duration of each iteration (s)."""
    encoder = UnifiedEncoder(masks=MASKS, max_iterations=iterations, random_state=0).fit(sessions)
    seconds = encoder.history_["seconds"]
    return [float(after - before) for before, after in itertools.pairwise(seconds)]


def time_cebra(sessions: list[Any], iterations: int, warm_up: int = 2) -> list[float]:
    """Return the duration of each iteration of cebra's loop (s): indices, batch, solver step."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import cebra.data
        import cebra.models
        import cebra.solver
        import torch
    space = LabelSpace(sessions)
    dataset = cebra.data.UnifiedDataset(
        *(
            cebra.data.TensorDataset(
                torch.tensor(session.neural, dtype=torch.float32),
                continuous=torch.tensor(space.encode(session), dtype=torch.float32),
            )
            for session in sessions
        )
    )
    dataset.set_masks(MASKS)
    loader = cebra.data.UnifiedLoader(
        dataset, conditional="time_delta", num_steps=warm_up + iterations, batch_size=2048, time_offset=10
    )
    neurons = sum(session.n_neurons for session in sessions)
    model = cebra.models.init("offset10-model", num_neurons=neurons, num_units=32, num_output=32)
    dataset.configure_for(model)
    criterion = cebra.models.FixedCosineInfoNCE(temperature=1)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-4)
    solver = cebra.solver.UnifiedSolver(model=model, criterion=criterion, optimizer=optimizer, tqdm_on=False)
    durations = []
    begin = time.perf_counter()
    for batch in loader:
        solver.step(batch)
        now = time.perf_counter()
        durations.append(now - begin)
        begin = now
    return durations[warm_up:]


def main() -> None:
    """Time both and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--simulated", action="store_true", help="the four simulated rats")
    parser.add_argument("--iterations", type=int, default=1000)
    parser.add_argument("--cebra-iterations", type=int, default=12)
    parser.add_argument("--to", type=Path)
    options = parser.parse_args()
    if options.simulated:
        sessions, data = sample_sessions("linear-track"), "four simulated rats"
    elif options.folder:
        files = [options.folder / "achilles.jl.gz", options.folder / "buddy.jl.gz"]
        sessions, data = load_sessions(files), "achilles + buddy"
    else:
        parser.error("give the folder of achilles.jl.gz and buddy.jl.gz, or --simulated")
    train, _ = split_sessions(sessions, 0.8)
    ours = time_ours(train, options.iterations)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    cebra = time_cebra(train, options.cebra_iterations)
    document = {
        "about": "Seconds an iteration, preset notebook with 14 mask ratios, batch 2048; median.",
        "data": data,
        "machine": describe_machine("cebra"),
        "napari-unison": round(statistics.median(ours), 4),
        "cebra": round(statistics.median(cebra), 4),
        "ratio": round(statistics.median(cebra) / statistics.median(ours), 1),
        "iterations": {"napari-unison": len(ours) + 1, "cebra": len(cebra)},
        "peak_memory_gib_ours": round(peak, 2),
    }
    name = "training-loop-simulated.json" if options.simulated else "training-loop.json"
    target = options.to or Path(__file__).parent / "results" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(document))


if __name__ == "__main__":
    main()
