"""What makes label-free embedding good: one choice at a time, scored on inner laps only.

Every variant differs from the preset "label-free decoding" in what its name says. For each of the five
outer folds one inner fold of its training part is scored, with a seed of its own: five fits, five seeds; the
outer test laps are never looked at. Fits are kept in ``--cache``; processes with one cache share the work.

    python benchmarks/label_free_choices.py --cache FOLDER [--data FOLDER] [--datasets rats C24M3-1 C24M3-2]
        [--variants "the preset" "notebook masks"] [--threads 1] [--tables-only]

Writes ``benchmarks/results/label_free_choices.json`` and ``docs/science/label-free-choices.md``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from label_free_methods import PRESET, data_sets
from machine import describe_machine
from napari_unison import Session
from napari_unison.analysis import (
    DEFAULT_CONTEXT,
    BayesianPlaceDecoder,
    BayesianStateSpaceDecoder,
    EncoderFits,
    LabelFreeEncoder,
    Method,
    Prediction,
    SingleSessionEncoder,
    SmoothedNeighbours,
    TimeContext,
    lap_folds,
)
from napari_unison.analysis.decoders.fitting import DecoderKind
from napari_unison.analysis.encoders.encoder_methods import FittedOn
from napari_unison.analysis.protocol.results_version import code_version
from napari_unison.encoder.config import NOTEBOOK_MASKS, PRESETS
from recordings import data_folder
from shared_work import Part, do_all

ROOT = Path(__file__).parents[1]
N_FOLDS = 5
#: Seconds on either side of held-out laps: enough for the encoder's window and the longest context.
GUARD_S = 2.75
NEURONS = {"RandomNeuronMask": (0.3, 0.9, 0.05)}
SESSIONS = {"SessionMask": True}
STEPS = {"RandomTimestepMask": (0.3, 0.9, 0.05)}


@dataclass(frozen=True)
class Variant:
    """A way to decode: what differs from the preset, what the decoder is fitted on, and what it sees."""

    group: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    decoder: DecoderKind = "knn"
    fitted_on: FittedOn = "label-free"
    single_session: bool = False
    context: TimeContext | None = DEFAULT_CONTEXT

    def method(self, folder: Path) -> Method:
        """Return the method; its encoders are kept in a folder, since several variants share one."""
        values = PRESETS[PRESET].model_dump() | {"verbose": False} | dict(self.changes)
        config = type(PRESETS[PRESET]).from_parameters(values)
        fits = EncoderFits(folder, n_in_memory=1)
        if self.single_session:
            return SingleSessionEncoder(config, self.decoder, context=self.context, fits=fits)
        return LabelFreeEncoder(config, self.decoder, self.fitted_on, context=self.context, fits=fits)


VARIANTS: dict[str, Variant] = {
    "the preset": Variant("preset"),
    "no masks": Variant("masks", {"masks": {}}),
    "neurons only": Variant("masks", {"masks": NEURONS}),
    "whole sessions only": Variant("masks", {"masks": SESSIONS}),
    "neurons, steps, sessions": Variant("masks", {"masks": NEURONS | STEPS | SESSIONS}),
    "notebook masks (neurons, steps)": Variant("masks", {"masks": dict(NOTEBOOK_MASKS)}),
    "half of the neurons, sessions": Variant("masks", {"masks": {"RandomNeuronMask": [0.5]} | SESSIONS}),
    "few neurons masked (0.1 to 0.3), sessions": Variant(
        "masks", {"masks": {"RandomNeuronMask": (0.1, 0.3, 0.05)} | SESSIONS}
    ),
    "temperature 1": Variant("loss", {"temperature": 1.0}),
    "temperature 0.5": Variant("loss", {"temperature": 0.5}),
    "temperature 0.1": Variant("loss", {"temperature": 0.1}),
    "Euclidean distance": Variant("loss", {"distance": "euclidean", "temperature": 1.0}),
    "shared positives": Variant("positives", {"positives": "shared"}),
    "label change over 2 bins": Variant("positives", {"time_offsets": 2}),
    "label change over 10 bins": Variant("positives", {"time_offsets": 10}),
    "labels scaled by range": Variant("positives", {"label_scaling": "range"}),
    "window of 5 bins": Variant("network", {"model_architecture": "offset5-model"}),
    "window of 36 bins": Variant("network", {"model_architecture": "offset36-model"}),
    "64 hidden units": Variant("network", {"num_hidden_units": 64}),
    "8 latents": Variant("network", {"output_dimension": 8}),
    "learning rate 3e-4 (notebook)": Variant("training", {"learning_rate": 3e-4}),
    "learning rate 1e-3": Variant("training", {"learning_rate": 1e-3}),
    "learning rate 1e-2": Variant("training", {"learning_rate": 1e-2}),
    "half as many iterations": Variant("training", {"max_iterations": PRESETS[PRESET].max_iterations // 2}),
    "twice as many iterations": Variant("training", {"max_iterations": PRESETS[PRESET].max_iterations * 2}),
    "batches of 256": Variant("training", {"batch_size": 256}),
    "decoder sees one bin": Variant("context", context=None),
    "average over 0.5 s": Variant("context", context=TimeContext(0.5, ())),
    "average over 1 s": Variant("context", context=TimeContext(1.0, ())),
    "bin, 0.5 s around": Variant("context", context=TimeContext(0.0, (0.5,))),
    "average over 0.5 s, 0.5 s around": Variant("context", context=TimeContext(0.5, (0.5,))),
    "average over 1 s, 1 s around": Variant("context", context=TimeContext(1.0, (1.0,))),
    "average over 0.25 s, 0.25 to 1 s around": Variant(
        "context", context=TimeContext(0.25, (0.25, 0.5, 0.75, 1.0))
    ),
    "linear decoder": Variant("decoder", decoder="linear"),
    "network decoder": Variant("decoder", decoder="mlp"),
    "decoder on the aligned bank": Variant("decoder", fitted_on="aligned bank"),
    "decoder on the other sessions": Variant("decoder", fitted_on="other sessions"),
    "one encoder per session": Variant("pooling", {"masks": NEURONS}, single_session=True),
    "the notebook's encoder": Variant("preset", PRESETS["notebook"].model_dump(exclude={"verbose"})),
}

BASELINES: dict[str, Callable[[], Method]] = {
    "Bayesian place decoder, 250 ms": lambda: BayesianPlaceDecoder(0.25),
    "Bayesian place decoder, 500 ms": lambda: BayesianPlaceDecoder(0.5),
    "Bayesian place decoder, 1 s": lambda: BayesianPlaceDecoder(1.0),
    "Bayesian state-space decoder": BayesianStateSpaceDecoder,
    "nearest neighbours, 250 ms": lambda: SmoothedNeighbours(0.25),
    "nearest neighbours, with context": lambda: SmoothedNeighbours(0.5, offsets_s=DEFAULT_CONTEXT.offsets_s),
}


def inner_splits(sessions: Sequence[Session]) -> Iterator[tuple[int, list[Session], list[Session]]]:
    """Yield seed, training and scored part: of each outer fold's training part one inner fold."""
    guard = round(GUARD_S / sessions[0].bin_width)
    for number, outer in enumerate(lap_folds(sessions, N_FOLDS, guard=guard)):
        # another stretch of the recording each time, so that together they span it
        inner = lap_folds(outer.train, N_FOLDS, guard=guard, test_segments="hidden")
        chosen = inner[(number + 2) % N_FOLDS]
        yield number, list(chosen.train), list(chosen.test)


@cache
def splits_of(data_set: str, data: Path) -> list[tuple[int, list[Session], list[Session]]]:
    """Return the inner splits of a data set, read once a process."""
    return list(inner_splits(data_sets()[data_set].load(data)))


def measured(predictions: Sequence[Prediction]) -> dict[str, dict[str, float]]:
    """Return the errors of each session's labels: in cm for places, as a share for categories."""
    found: dict[str, dict[str, float]] = {}
    for prediction in predictions:
        errors = prediction.errors()
        own = found.setdefault(prediction.session, {})
        if prediction.kind == "discrete":
            own["accuracy"] = float(1 - errors.mean())
        else:
            own["median_cm"] = float(100 * np.median(errors))
            own["mean_cm"] = float(100 * errors.mean())
    return found


@dataclass(frozen=True)
class Choices:
    """All variants on some data sets, with what is kept."""

    data: Path
    folder: Path
    data_sets: Sequence[str]
    variants: Sequence[str]

    def splits(self, data_set: str) -> list[tuple[int, list[Session], list[Session]]]:
        """Return the splits of a data set."""
        return splits_of(data_set, self.data)

    def methods(self) -> dict[str, Method]:
        """Return what is compared."""
        encoders = {name: VARIANTS[name].method(self.folder / "encoders") for name in self.variants}
        return {name: make() for name, make in BASELINES.items()} | encoders

    def file(self, data_set: str, method: Method, seed: int) -> Path:
        """Return where one fit's errors are kept."""
        facts = [data_set, method.settings, seed, GUARD_S, N_FOLDS, code_version()]
        return self.folder / f"{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:20]}.json"

    def parts(self) -> list[Part]:
        """Return one part a variant and data set."""
        return [
            Part(f"{data_set}, {name}", f"{data_set} {name}", N_FOLDS, self._work(data_set, method))
            for name, method in self.methods().items()
            for data_set in self.data_sets
        ]

    def _work(self, data_set: str, method: Method) -> Callable[[Callable[[float, str], None]], None]:
        def work(tell: Callable[[float, str], None]) -> None:
            for seed in range(N_FOLDS):
                file = self.file(data_set, method, seed)
                if not file.exists():
                    _, train, test = self.splits(data_set)[seed]
                    found = measured(method.predict(train, test, seed))
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_text(json.dumps(found))
                tell((seed + 1) / N_FOLDS, "fitted")

        return work

    def rows(self) -> list[dict[str, Any]]:
        """Return what is there: a row a variant, data set and session, with one value a seed."""
        rows = []
        for name, method in self.methods().items():
            for data_set in self.data_sets:
                files = [self.file(data_set, method, seed) for seed in range(N_FOLDS)]
                found = [json.loads(file.read_text()) for file in files if file.exists()]
                for session in found[0] if len(found) == N_FOLDS else ():
                    values = {measure: [one[session][measure] for one in found] for measure in MEASURES}
                    rows.append({"variant": name, "data_set": data_set, "session": session, **values})
        return rows


MEASURES = {"median_cm": "median error (cm)", "mean_cm": "mean error (cm)", "accuracy": "direction accuracy"}


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write a table a data set: mean over sessions, and the paired difference to the preset over seeds."""
    text = ["# What makes label-free embedding good: choices on inner laps", "", INTRODUCTION]
    for data_set in dict.fromkeys(row["data_set"] for row in rows):
        mine = [row for row in rows if row["data_set"] == data_set]
        by_variant = {
            name: {m: np.mean([row[m] for row in mine if row["variant"] == name], axis=0) for m in MEASURES}
            for name in dict.fromkeys(row["variant"] for row in mine)
        }
        title = data_sets()[data_set].title
        columns = [f"{words} | to the preset" for words in MEASURES.values()]
        text += ["", f"## {title}", "", f"| variant | {' | '.join(columns)} |", "|---" * 7 + "|"]
        for name, values in by_variant.items():
            cells = [_cells(values[m], by_variant["the preset"][m], m) for m in MEASURES]
            text.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(text) + "\n"


INTRODUCTION = """Made by `python benchmarks/label_free_choices.py`; [what follows from it](label-free.md).
One inner fold of each outer fold's training part, with a seed of its own: five fits a variant. Mean over
sessions and fits; beside it the paired difference to the preset, mean ± standard error over the five. The
decoder is nearest neighbours unless said. Errors are position errors of the bins decoded label-free."""


def _cells(values: Any, preset: Any, measure: str) -> str:
    digits = 3 if measure == "accuracy" else 2
    difference = values - preset
    error = difference.std(ddof=1) / np.sqrt(len(difference))
    compared = "" if (difference == 0).all() else f"{difference.mean():+.{digits}f} ± {error:.{digits}f}"
    return f"{values.mean():.{digits}f} | {compared}"


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, required=True, help="fits are kept here")
    parser.add_argument("--data", type=Path, help="folder of recordings")
    chosen_on = ["rats", "C24M3-1", "C24M3-2"]
    parser.add_argument("--datasets", nargs="+", choices=chosen_on, default=chosen_on, metavar="NAME")
    parser.add_argument(
        "--variants", nargs="+", choices=list(VARIANTS), default=list(VARIANTS), metavar="NAME"
    )
    parser.add_argument("--threads", type=int, help="threads of this process")
    parser.add_argument("--tables-only", action="store_true", help="fit nothing: tables of what is there")
    parser.add_argument(
        "--to", type=Path, default=ROOT / "benchmarks" / "results" / "label_free_choices.json"
    )
    parser.add_argument("--document", type=Path, default=ROOT / "docs" / "science" / "label-free-choices.md")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit what is missing, then write tables of everything that is there."""
    options = options_of(arguments)
    if options.threads:
        import torch

        torch.set_num_threads(options.threads)
    # laps of a fold need not cover every place
    warnings.simplefilter("ignore", UserWarning)
    variants = list(dict.fromkeys(["the preset", *options.variants]))
    choices = Choices(data_folder(options.data), options.cache, options.datasets, variants)
    if not options.tables_only:
        do_all(choices.parts(), options.cache / "taken")
    rows = choices.rows()
    document = {
        "about": " ".join(__doc__.split("\n    python")[0].split()),
        "code": code_version(),
        "preset": PRESETS[PRESET].model_dump(mode="json"),
        "machine": describe_machine("scikit-learn", "napari-unison"),
        "rows": rows,
    }
    options.to.parent.mkdir(parents=True, exist_ok=True)
    options.to.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    options.document.write_text(markdown(rows), encoding="utf-8")
    print(f"wrote {options.to} and {options.document}")


if __name__ == "__main__":
    main()
