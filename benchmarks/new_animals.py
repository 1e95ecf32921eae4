"""A new animal joins an encoder: error over minutes of its labelled data, against training from scratch.

Each of the four simulated rats in turn is new to the other three, and, with ``--real FOLDER`` (achilles.jl.gz
and buddy.jl.gz), each of the two real rats to the other. The last 20 % of each rat's laps are held out. All
is label-free; the decoder (36 nearest neighbours, cosine) is fitted on the labelled laps of the new rat:

- added: the encoder of the others, joined by ``add_session``
- from the start: one encoder of all, trained with the new rat
- alone: an encoder of the new rat alone
- Bayesian: memoryless place decoder, 250 ms

Trainings are kept in ``--runs`` and taken from there when the script runs again.

    python benchmarks/new_animals.py --runs FOLDER [--real FOLDER] [--minutes 0.5 1.5] [--iterations 2000]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from machine import describe_machine, write_result
from napari_unison import Session, UnifiedEncoder, load_sessions, sample_sessions
from napari_unison.analysis import decode
from napari_unison.analysis.baselines.bayesian import BayesianPlaceDecoder
from napari_unison.encoder.runs import session_checksum
from napari_unison.sessions import segment_laps

SETTINGS: dict[str, Any] = {"batch_size": 512, "learning_rate": 1e-3, "random_state": 0, "verbose": False}
MASKS: dict[str, dict[str, Any]] = {
    "neurons or sessions": {"RandomNeuronMask": (0.3, 0.9, 0.05), "SessionMask": True},
    "notebook": {"RandomNeuronMask": (0.3, 0.9, 0.05), "RandomTimestepMask": (0.3, 0.9, 0.05)},
}
#: Rats whose error is followed over minutes of labelled data.
CURVE = ("achilles", "buddy", "rat 1")
#: What was tried before, each with one seed; median errors (cm) of the new rat's held-out laps.
TRIED: dict[str, Any] = {
    "about": "masks neurons or sessions, 300 steps unless said; buddy new to achilles, achilles to buddy, "
    "rat 1 and rat 2 to the other three; from the start: 11.5, 7.3, 2.4, 4.0",
    "regression on aligned latents, cosine": [14.8, 8.5, None, 4.4],
    "the same with other labels' latents as negatives": [14.3, 8.2, 2.8, 4.3],
    "contrast within the new rat alone": [14.1, 7.9, 2.8, None],
    "contrast within it and with aligned latents": [15.0, 8.4, 2.7, None],
    "pseudo-animals, 512 samples, step size 0.01": [13.3, 8.3, 2.8, 4.3],
    "pseudo-animals begun by the regression, 0.003": [13.5, None, None, None],
    "pseudo-animals, 0.02 falling to 0": [13.0, 8.1, 2.6, 4.1],
    "the same, a tenth of the initial weights": [14.4, 8.4, 2.7, 4.2],
    "the same, 0.04": [12.8, 7.9, 2.8, 4.2],
    "the same, 600 steps": [13.2, 8.1, 2.7, 4.0],
    "the same, SessionMask alone": [14.1, 8.8, 2.9, 4.5],
    "the same, 256 samples, 500 steps": [14.4, 8.3, 2.8, 3.9],
    "the same, 1024 samples (chosen)": [13.2, 7.7, 2.6, 4.0],
    "the same, 1024 samples, 500 steps": [13.8, 8.0, 2.6, 3.9],
    "the same, 2048 samples": [13.4, 8.0, 2.6, 3.9],
    "the trunk learns too, after the regression": [12.9, None, None, None],
}


class Encoders:
    """Trains encoders, or takes those that were trained before on the same sessions in the same way."""

    def __init__(self, folder: Path, iterations: int) -> None:
        self.folder = folder
        self.iterations = iterations

    def of(self, sessions: Sequence[Session], masks: str) -> UnifiedEncoder:
        """Return the encoder of sessions."""
        settings = SETTINGS | {"max_iterations": self.iterations, "masks": MASKS[masks]}
        facts = json.dumps([[(s.name, session_checksum(s)) for s in sessions], settings], sort_keys=True)
        folder = self.folder / f"{hashlib.sha256(facts.encode()).hexdigest()[:16]}.unison"
        if not folder.exists():
            UnifiedEncoder(**settings).fit(sessions).save(folder)
        return UnifiedEncoder.load(folder)


def divided(session: Session) -> tuple[Session, Session]:
    """Return the first 80 % of a session's laps, and the others."""
    laps = session.segment_slices()
    cut = laps[int(0.8 * len(laps))].start
    return session[:cut], session[cut:]


def first_laps(session: Session, minutes: float | None) -> Session:
    """Return the first whole laps that last so long, at least one; all where ``minutes`` is None."""
    if minutes is None:
        return session
    ends = np.array([lap.stop for lap in session.segment_slices()])
    return session[: ends[min(np.searchsorted(ends * session.bin_width, 60 * minutes), len(ends) - 1)]]


def scores(encoder: UnifiedEncoder, train: Session, test: Session) -> dict[str, float]:
    """Decode the held-out laps, label-free."""
    found = decode(encoder.embed([train], align=False), encoder.embed([test], align=False))
    position, direction = (found.row(train.name, label) for label in ("position", "direction"))
    return {
        "median_error_cm": round(100 * position.median_error, 2),
        "mean_error_cm": round(100 * position.mean_error, 2),
        "position_r2": round(position.r2, 3),
        "direction_accuracy": round(direction.accuracy, 3),
    }


def bayesian(train: Session, test: Session) -> dict[str, float]:
    """Decode the held-out laps with place fields."""
    position, direction = BayesianPlaceDecoder().predict([train], [test], 0)
    if position.label != "position":
        position, direction = direction, position
    errors = position.errors()
    return {
        "median_error_cm": round(100 * float(np.median(errors)), 2),
        "mean_error_cm": round(100 * float(np.mean(errors)), 2),
        "direction_accuracy": round(1 - float(direction.errors().mean()), 3),
    }


def compare(
    encoders: Encoders, parts: Sequence[tuple[Session, Session]], new: int, minutes: float | None, masks: str
) -> dict[str, Any]:
    """Let one rat be new to the others, with so many minutes of labelled laps."""
    others = [train for i, (train, _) in enumerate(parts) if i != new]
    train, test = first_laps(parts[new][0], minutes), parts[new][1]
    known = encoders.of(others, masks)
    begin, begin_cpu = time.perf_counter(), time.process_time()
    added = known.add_session(train)
    seconds, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
    everybody = [train if i == new else other for i, (other, _) in enumerate(parts)]
    result: dict[str, Any] = {
        "new": train.name,
        "known": [other.name for other in others],
        "masks": masks,
        "minutes": round(train.duration / 60, 2),
        "all_its_laps": minutes is None,
        "add_session_seconds": round(seconds, 1),
        "add_session_processor_seconds": round(cpu, 1),
        "added": scores(added, train, test),
        "from the start": scores(encoders.of(everybody, masks), train, test),
    }
    if masks == next(iter(MASKS)):
        result["alone"] = scores(encoders.of([train], masks), train, test)
        result["Bayesian"] = bayesian(train, test)
    result["ratio_to_from_the_start"] = round(
        result["added"]["median_error_cm"] / result["from the start"]["median_error_cm"], 3
    )
    return result


def main() -> None:
    """Compare all rats and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, required=True, help="trainings are kept here")
    parser.add_argument("--real", type=Path, help="folder with achilles.jl.gz and buddy.jl.gz")
    parser.add_argument("--minutes", type=float, nargs="*", default=[0.5, 1.5])
    parser.add_argument("--iterations", type=int, default=2000)
    parser.add_argument("--to", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore", UserWarning)  # short stretches do not cover every place
    groups = [sample_sessions("linear-track")]
    if options.real:
        groups.insert(0, load_sessions([options.real / f"{rat}.jl.gz" for rat in ("achilles", "buddy")]))
    groups = [[divided(segment_laps(session)) for session in sessions] for sessions in groups]
    encoders = Encoders(options.runs, options.iterations)
    results = []
    whole = [(None, masks) for masks in MASKS]
    parts_of_it = [(minutes, next(iter(MASKS))) for minutes in options.minutes]
    for minutes, masks in whole + parts_of_it:
        for parts in groups:
            for new, (train, _) in enumerate(parts):
                if minutes is not None and train.name not in CURVE:
                    continue
                results.append(compare(encoders, parts, new, minutes, masks))
    document = {
        "about": " ".join(__doc__.split("\n    python")[0].split()),
        "settings": SETTINGS | {"max_iterations": options.iterations, "masks": MASKS},
        "machine": describe_machine("scikit-learn"),
        "tried before": TRIED,
        "results": results,
    }
    write_result(document, options.to or "new-animals")


if __name__ == "__main__":
    main()
