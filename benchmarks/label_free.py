"""Label-free decoding by the whole protocol: unified encoder, baselines, rats and mice, with intervals.

Contiguous folds of laps, five seeds, decoders chosen on inner laps, borders of the laps to decode hidden.
Every fit is kept in ``--cache``, and a run that was stopped goes on from there. Processes that are given one
cache share the work: each takes parts that no other has. What is there so far becomes tables with
``--tables-only``.

    python benchmarks/label_free.py --cache FOLDER [--data FOLDER] [--datasets rats C23M4-1] [--methods …]
        [--decoders knn] [--seeds 0 1] [--null 20] [--threads 1] [--tables-only]

Writes ``benchmarks/results/label_free.json``, ``docs/science/label-free-tables.md`` and, with ``--pictures``,
a figure for each data set; of the data sets, methods and seeds that are asked for.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

from label_free_methods import (
    METHODS,
    DataSet,
    cebra_method,
    data_sets,
    encoder_config,
    guard_of,
    methods_of,
)
from label_free_tables import markdown, null_facts, pictured, result_facts
from machine import describe_machine
from napari_unison import Session
from napari_unison.analysis import EncoderFits, Method, ProtocolResult, cross_validate, null_distribution
from napari_unison.analysis.decoders.fitting import DecoderKind
from napari_unison.analysis.protocol.results_version import code_version
from napari_unison.encoder import EncoderConfig, TrainingControl
from recordings import data_folder
from shared_work import Part, do_all

ROOT = Path(__file__).parents[1]
Tell = Callable[[float, str], None]


@dataclass(frozen=True)
class Study:
    """One data set with its methods, as the command line asks for them."""

    data_set: DataSet
    data: Path
    cache: Path
    config: EncoderConfig
    options: argparse.Namespace

    @cached_property
    def sessions(self) -> list[Session]:
        """The recordings."""
        return self.data_set.load(self.data)

    @property
    def seeds(self) -> list[int]:
        """Seeds that are run on these recordings."""
        return list(self.options.seeds[: self.data_set.most_seeds])

    @property
    def guard(self) -> int:
        """Guard bins."""
        return guard_of(self.config, self.sessions[0].bin_width)

    def methods(self) -> list[Method]:
        """Return all methods but the reference implementation, with encoders that they share."""
        fits = EncoderFits(self.cache / "encoders", n_in_memory=len(self.sessions) + 2)
        return methods_of(self.options.methods, self.options.decoders, self.config, self.sessions, fits)

    def run(self, methods: Sequence[Method], seeds: Sequence[int], **how: Any) -> ProtocolResult:
        """Cross-validate methods, with what is kept."""
        return cross_validate(
            methods,
            self.sessions,
            n_folds=self.options.folds,
            seeds=seeds,
            guard=self.guard,
            cache=self.cache / "predictions",
            **how,
        )

    def parts(self) -> list[Part]:
        """Return what processes can take: methods that are not random, the others seed by seed, nulls."""
        name, n_folds = self.data_set.name, self.options.folds
        random = [method for method in self.methods() if method.is_random]
        fixed = [method for method in self.methods() if not method.is_random]
        found = []
        if fixed:
            work = self._fits_of(fixed, 0)
            found.append(Part(f"{name}, not random", f"{name} not random", len(fixed) * n_folds, work))
        for seed in self.seeds if random else ():
            work = self._fits_of(random, seed)
            found.append(Part(f"{name}, seed {seed}", f"{name} random", len(random) * n_folds, work))
        for method in self.null_methods():
            title = f"{name}, null of {method.name}"
            found.append(Part(title, title, (self.options.null + 1) * n_folds, self._null_of(method)))
        if "cebra" in self.options.methods:
            title = f"{name}, cebra"
            found.append(Part(title, title, self.options.cebra_folds, self._cebra))
        return found

    def null_methods(self) -> list[Method]:
        """Return methods that are held against permuted labels; their encoders are not kept."""
        if not self.options.null:
            return []
        decoders = self.options.decoders[:1]
        fits = EncoderFits(n_in_memory=len(self.sessions) + 1)
        return methods_of(self.options.null_methods, decoders, self.config, self.sessions, fits)

    def null_file(self, method: Method) -> Path:
        """Return where the null of a method is kept."""
        facts = [self.data_set.name, method.settings, self.options.null, self.options.folds, code_version()]
        digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
        return self.cache / "nulls" / f"{self.data_set.name}-{digest}.json"

    def _fits_of(self, methods: Sequence[Method], seed: int) -> Callable[[Tell], None]:
        return lambda tell: void(self.run(methods, [seed], on_progress=tell))

    def _null_of(self, method: Method) -> Callable[[Tell], None]:
        def work(tell: Tell) -> None:
            file = self.null_file(method)
            if file.exists():
                return
            null = null_distribution(
                method,
                self.sessions,
                n_permutations=self.options.null,
                n_folds=self.options.folds,
                guard=self.guard,
                cache=self.cache / "predictions",
                on_progress=tell,
            )
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(null_facts(null)))

        return work

    def _cebra(self, tell: Tell) -> None:
        """Run the reference on the first folds only: it is slow."""
        control, n_folds = TrainingControl(), self.options.cebra_folds

        def told(share: float, what: str) -> None:
            n_done = round(share * self.options.folds)
            tell(min(1.0, n_done / n_folds), what)
            if n_done >= n_folds - 1:
                control.stop()  # takes effect after the fit that begins now

        self.run([cebra_method(self.options.cebra_iterations)], [0], on_progress=told, control=control)

    def found(self, *, with_picture: Path | None) -> dict[str, Any]:
        """Return all that is there so far, and draw it."""
        methods = self.methods()
        if "cebra" in self.options.methods:
            methods.append(cebra_method(self.options.cebra_iterations))
        result = self.run(methods, self.seeds, missing="skip")
        files = [self.null_file(method) for method in self.null_methods()]
        nulls = [row for file in files if file.exists() for row in json.loads(file.read_text())]
        [main] = methods_of(
            ["label-free"], self.options.decoders[:1], self.config, self.sessions, EncoderFits()
        )
        if with_picture is not None and result.n_done:
            pictured(result, self.data_set, with_picture, self.options.decoders[0], nulls)
        return result_facts(result, self.data_set, self.sessions, main.name, nulls)


def void(_result: object) -> None:
    """Drop a result that is kept in the cache."""


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    known = list(data_sets())
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, required=True, help="fits are kept here")
    parser.add_argument("--data", type=Path, help="folder of recordings")
    parser.add_argument(
        "--datasets", nargs="+", choices=known, default=known, metavar="NAME", help=str(known)
    )
    usual = [name for name in METHODS if name != "cebra"]
    parser.add_argument(
        "--methods", nargs="+", choices=list(METHODS), default=usual, metavar="NAME", help=str(list(METHODS))
    )
    kinds = list(get_args(DecoderKind))
    parser.add_argument(
        "--decoders", nargs="+", choices=kinds, default=["knn"], help="of encoders; the first is compared"
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(5)))
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument(
        "--config", type=Path, help="toml with the encoder's parameters, instead of the preset"
    )
    parser.add_argument("--iterations", type=int, help="training steps, instead of the preset's")
    parser.add_argument("--null", type=int, default=0, metavar="N", help="lap permutations; 0: no null")
    parser.add_argument("--null-methods", nargs="+", choices=usual, default=["label-free"], metavar="NAME")
    parser.add_argument("--cebra-iterations", type=int, default=5000)
    parser.add_argument("--cebra-folds", type=int, default=1, help="folds that cebra runs on, with one seed")
    parser.add_argument("--threads", type=int, help="threads of this process")
    parser.add_argument("--tables-only", action="store_true", help="fit nothing: tables of what is there")
    parser.add_argument("--to", type=Path, default=ROOT / "benchmarks" / "results" / "label_free.json")
    parser.add_argument("--document", type=Path, default=ROOT / "docs" / "science" / "label-free-tables.md")
    parser.add_argument("--pictures", type=Path, help="folder for a figure of each data set")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit what is missing, then write tables of everything that is there."""
    options = options_of(arguments)
    if options.threads:
        import torch

        torch.set_num_threads(options.threads)
    # laps of a fold need not cover every place; the overlap of the sessions is told in the documentation
    warnings.simplefilter("ignore", UserWarning)
    data = data_folder(options.data)
    config, source = encoder_config(options.config, options.iterations)
    known = data_sets()
    studies = [Study(known[name], data, options.cache, config, options) for name in options.datasets]
    if not options.tables_only:
        parts = [study.parts() for study in studies]
        # the first parts of all data sets first: what is there after a stop then says something of each
        most = max(map(len, parts))
        ordered = [of_study[number] for number in range(most) for of_study in parts if number < len(of_study)]
        do_all(ordered, options.cache / "taken")
    document = {
        "about": " ".join(__doc__.split("\n    python")[0].split()),
        "code": code_version(),
        "settings": source,
        "config": config.model_dump(mode="json"),
        "null_permutations": options.null,
        "cebra_folds": options.cebra_folds if "cebra" in options.methods else 0,
        "machine": describe_machine("scikit-learn", "napari-unison"),
        "data_sets": [study.found(with_picture=options.pictures) for study in studies],
    }
    for file, text in (
        (options.to, json.dumps(document, indent=1, ensure_ascii=False) + "\n"),
        (options.document, markdown(document)),
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        print(f"wrote {file}")


if __name__ == "__main__":
    main()
