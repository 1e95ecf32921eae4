"""A new animal joins an encoder: error over minutes of its labelled data, against training from scratch.

Each session in turn is new to the others: the four simulated rats, the two real rats, the four days of
mouse C24M3 in each of two environments. Three of five lap folds, each with a seed of its own; all is
label-free, with the preset "label-free decoding" and nearest neighbours that see the time around a bin:

- added: the encoder of the others, joined by ``add_session``
- from the start: one encoder of all, trained with the new session
- alone: an encoder of the new session alone
- Bayesian: memoryless place decoder, 500 ms

Trainings are kept in ``--runs`` and taken from there when the script runs again.

    python benchmarks/new_animals.py --runs FOLDER [--data FOLDER] [--groups simulated rats C24M3-2]
        [--minutes 0.5 1.5] [--threads 2]
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from label_free_methods import PRESET, data_sets
from machine import describe_machine, write_result
from napari_unison import Session, UnifiedEncoder, sample_sessions
from napari_unison.analysis import (
    DEFAULT_CONTEXT,
    BayesianPlaceDecoder,
    EncoderFits,
    Prediction,
    decode_label_free,
    guard_bins,
    lap_folds,
)
from napari_unison.encoder.config import PRESETS
from napari_unison.sessions import segment_laps
from recordings import data_folder

CONFIG = PRESETS[PRESET].model_copy(update={"verbose": False})
N_FOLDS = 5
#: Folds that are scored; the number is the seed, too.
SCORED = (0, 2, 4)
GROUPS = ("simulated", "rats", "C24M3-1", "C24M3-2")
#: Sessions whose error is followed over minutes of labelled data, on the last fold.
CURVE = ("achilles", "buddy", "rat 1", "C24M3 env 2 day 1")
#: What was tried before, each with one seed; median errors (cm) of the new rat's held-out laps.
TRIED: dict[str, Any] = {
    "about": "batches of 512, step size 1e-3, 2000 steps, last fifth of the laps, decoder sees one bin; "
    "masks neurons or sessions, add_session of 300 steps unless said; buddy new to achilles, achilles to "
    "buddy, rat 1 and rat 2 to the other three; from the start: 11.5, 7.3, 2.4, 4.0",
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


def first_laps(session: Session, minutes: float | None) -> Session:
    """Return the first whole laps that last so long, at least one; all where ``minutes`` is None."""
    if minutes is None:
        return session
    ends = np.array([lap.stop for lap in session.segment_slices()])
    return session[: ends[min(np.searchsorted(ends * session.bin_width, 60 * minutes), len(ends) - 1)]]


def scores(predictions: Sequence[Prediction]) -> dict[str, float]:
    """Return the errors of one session."""
    by_label = {one.label: one.errors() for one in predictions}
    return {
        "median_error_cm": round(100 * float(np.median(by_label["position"])), 2),
        "mean_error_cm": round(100 * float(by_label["position"].mean()), 2),
        "direction_accuracy": round(1 - float(by_label["direction"].mean()), 3),
    }


def compare(
    fits: EncoderFits,
    train: Sequence[Session],
    test: Sequence[Session],
    new: int,
    minutes: float | None,
    seed: int,
) -> dict[str, Any]:
    """Let one session be new to the others, with so many minutes of labelled laps."""
    labelled, asked = first_laps(train[new], minutes), test[new]
    others = [part for i, part in enumerate(train) if i != new]
    everybody = [labelled if i == new else part for i, part in enumerate(train)]

    def decoded(encoder: UnifiedEncoder) -> dict[str, float]:
        return scores(decode_label_free(encoder, [labelled], [asked], "knn", seed, context=DEFAULT_CONTEXT))

    known = fits.fitted(CONFIG, others, seed)
    begin, begin_cpu = time.perf_counter(), time.process_time()
    added = known.add_session(labelled)
    seconds, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
    return {
        "new": labelled.name,
        "known": [other.name for other in others],
        "fold": seed,
        "minutes": round(labelled.n_bins * labelled.bin_width / 60, 2),
        "all_its_laps": minutes is None,
        "add_session_seconds": round(seconds, 1),
        "add_session_processor_seconds": round(cpu, 1),
        "added": decoded(added),
        "from the start": decoded(fits.fitted(CONFIG, everybody, seed)),
        "alone": decoded(fits.fitted(CONFIG, [labelled], seed)),
        "Bayesian": scores(BayesianPlaceDecoder(0.5).predict([labelled], [asked], seed)),
    }


def ratios(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return mean errors of sessions that joined with all their laps, beside the other ways."""
    found: dict[str, Any] = {}
    for name in dict.fromkeys(row["new"] for row in results):
        mine = [row for row in results if row["new"] == name and row["all_its_laps"]]
        means = {
            way: float(np.mean([row[way]["median_error_cm"] for row in mine]))
            for way in ("added", "from the start", "alone", "Bayesian")
        }
        found[name] = {way: round(value, 2) for way, value in means.items()}
        found[name]["ratio_to_from_the_start"] = round(means["added"] / means["from the start"], 3)
        found[name]["add_session_seconds"] = float(np.mean([row["add_session_seconds"] for row in mine]))
    return found


def _sessions(group: str, data: Path | None) -> list[Session]:
    if group == "simulated":
        return [segment_laps(session) for session in sample_sessions("linear-track")]
    return data_sets()[group].load(data_folder(data))


def main() -> None:
    """Compare all sessions and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, required=True, help="trainings are kept here")
    parser.add_argument("--data", type=Path, help="folder of recordings")
    parser.add_argument("--groups", nargs="+", choices=GROUPS, default=list(GROUPS))
    parser.add_argument("--minutes", type=float, nargs="*", default=[0.5, 1.5])
    parser.add_argument("--threads", type=int, help="threads of this process")
    parser.add_argument("--to", type=Path)
    options = parser.parse_args()
    if options.threads:
        import torch

        torch.set_num_threads(options.threads)
    warnings.simplefilter("ignore", UserWarning)  # short stretches do not cover every place
    fits = EncoderFits(options.runs, n_in_memory=2)
    results = []
    for group in options.groups:
        sessions = _sessions(group, options.data)
        guard = guard_bins(CONFIG, context=DEFAULT_CONTEXT.width(sessions[0].bin_width))
        folds = lap_folds(sessions, N_FOLDS, guard=guard, test_segments="hidden")
        for fold in (folds[number] for number in SCORED):
            for new, session in enumerate(sessions):
                is_followed = session.name in CURVE and fold.number == SCORED[-1]
                for minutes in [None, *(options.minutes if is_followed else ())]:
                    results.append(compare(fits, fold.train, fold.test, new, minutes, fold.number))
                    print(json.dumps(results[-1]), flush=True)
    document = {
        "about": " ".join(__doc__.split("\n    python")[0].split()),
        "settings": CONFIG.model_dump(mode="json"),
        "machine": describe_machine("scikit-learn"),
        "means": ratios(results),
        "tried before": TRIED,
        "results": results,
    }
    write_result(document, options.to or "new-animals")


if __name__ == "__main__":
    main()
