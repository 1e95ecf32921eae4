"""Thousands of damaged, wrong and hostile files: each is loaded, or refused in words that name the file.

Small valid files of every format are written, and from them, with a seed, files that are cut off,
overwritten, spliced, named as another format, of wrong shapes and numbers, and pickles that would run
something. Each is loaded by ``load_sessions`` in a process that the parent watches: time, memory, an end
without an answer, and whether anything in a file was run. What is loaded must be sessions that a second look
finds whole. Prints one line of JSON and writes it under ``benchmarks/results``.

    python benchmarks/fuzz_files.py [--files 10000] [--seed 0] [--format nwb] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from file_damage import DAMAGES, hostile_files
from machine import describe_machine, write_result
from small_recordings import FORMATS, Written, write_small

#: Longer than this for one small file is a hang (s); the walk through HDF5 may take a third of it.
PATIENCE = 60.0
#: More than this for one small file is a blow-up (bytes).
MOST_MEMORY = 1_000_000_000


@dataclass(frozen=True)
class Case:
    """One file to load."""

    number: int
    format: str
    damage: str
    path: Path
    mapping: dict[str, Any] | None


def cases(n_files: int, seed: int, formats: list[str], folder: Path) -> Iterator[Case]:
    """Write one file after the other; each follows from the seed and its number alone."""
    originals = {name: write_small(name, folder / "originals" / name) for name in formats}
    marker = folder / "was-run"
    for number in range(n_files):
        draw = np.random.default_rng([seed, number])
        name = formats[number % len(formats)]
        written: Written = originals[name][draw.integers(len(originals[name]))]
        place = folder / "files" / f"{number:06d}"
        place.mkdir(parents=True)
        path, damage = damaged(written, draw, place, originals, marker)
        mapping = written.mapping if draw.random() < 0.5 else None
        yield Case(number, name, damage, path, mapping)


def damaged(
    written: Written,
    draw: np.random.Generator,
    place: Path,
    originals: dict[str, list[Written]],
    marker: Path,
) -> tuple[Path, str]:
    """Write a damaged file made from a valid one; return it and what was done."""
    kind = draw.choice(["bytes", "bytes", "bytes", "name", "hostile", "none"])
    if kind == "hostile":
        content, how = hostile_files(draw, written.path, marker)
        path = place / written.path.name
        path.write_bytes(content)
        return path, how
    if kind == "name":
        other = originals[str(draw.choice(list(originals)))]
        source = other[draw.integers(len(other))].path
        path = place / written.path.name
        copy_of(source, path)
        return path, "named as another format"
    path = place / written.path.name
    copy_of(written.path, path)
    if kind == "none":
        return path, "none"
    how = str(draw.choice(list(DAMAGES)))
    target = path
    if path.is_dir():
        inside = sorted(p for p in path.rglob("*") if p.is_file())
        target = inside[draw.integers(len(inside))]
    target.write_bytes(DAMAGES[how](target.read_bytes(), draw))
    return path, how


def copy_of(source: Path, target: Path) -> None:
    """Copy a file or a folder."""
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)


def serve(answers: Connection) -> None:
    """Load what is asked for, and answer what came of it, until there is nothing more."""
    from napari_unison.sessions import SessionError, load_sessions

    warnings.simplefilter("ignore")
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (virtual_memory() + 4 * MOST_MEMORY, hard))
    while (asked := answers.recv()) is not None:
        path, mapping = asked
        before = peak_memory()
        begin = time.perf_counter()
        try:
            sessions = load_sessions(path, mapping=mapping)
            problem = broken(sessions)
            outcome = ("loaded", "") if not problem else ("partial", problem)
        except SessionError as error:
            told = str(error)
            named = Path(path).name in told and len(told.replace(str(path), "").strip(" :")) > 5
            outcome = ("refused", told) if named else ("unnamed", told)
        except BaseException:  # noqa: BLE001 - whatever else comes out is what is looked for
            outcome = ("error", traceback.format_exc())
        grown = peak_memory() - before
        if grown > MOST_MEMORY:
            outcome = ("memory", f"{grown / 1e6:.0f} MB")
        answers.send((*outcome, time.perf_counter() - begin))


def broken(sessions: list[Any]) -> str:
    """Return what is wrong with loaded sessions; empty if they are whole."""
    if not sessions:
        return "no session"
    for session in sessions:
        if session.n_bins < 1 or session.n_neurons < 1 or not session.labels:
            return f"{session!r} is empty"
        if any(len(values) != session.n_bins for values in session.labels.values()):
            return f"{session!r}: a label of another length"
        if len(session.time) != session.n_bins or (np.diff(session.time) <= 0).any():
            return f"{session!r}: times do not rise"
        if session[: max(1, session.n_bins // 2)].neural.shape[1] != session.n_neurons:
            return f"{session!r}: cannot be sliced"
    return ""


def peak_memory() -> int:
    """Return the largest resident memory of this process so far, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def virtual_memory() -> int:
    """Return the address space of this process, bytes."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


class Loader:
    """A process that loads, and is started anew when it ends or hangs."""

    def __init__(self) -> None:
        self.process: Any = None

    def start(self) -> None:
        """Fork a process that loads."""
        context = multiprocessing.get_context("fork")
        self.answers, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()

    def load(self, case: Case) -> tuple[str, str, float]:
        """Return outcome, words and seconds."""
        if self.process is None:
            self.start()
        self.answers.send((str(case.path), case.mapping))
        try:
            if self.answers.poll(PATIENCE):
                return self.answers.recv()
            outcome = ("hang", f"no answer in {PATIENCE:g} s", PATIENCE)
        except EOFError:
            self.process.join()
            outcome = ("crash", f"the process ended with {self.process.exitcode}", 0.0)
        self.process.kill()
        self.process = None
        return outcome


def run(n_files: int, seed: int, formats: list[str], keep: Path | None) -> dict[str, Any]:
    """Load all files, and return what came of them."""
    # loaded once, before processes are forked from here
    for module in (
        "pynwb",
        "hdmf_zarr",
        "pandas",
        "pyarrow.parquet",
        "napari_unison.sessions",
    ):
        __import__(module)
    loader, begin = Loader(), time.perf_counter()
    outcomes: dict[str, Counter[str]] = {name: Counter() for name in formats}
    damages: dict[str, Counter[str]] = {}
    wrong: list[dict[str, Any]] = []
    slowest = 0.0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for case in cases(n_files, seed, formats, folder):
            outcome, words, seconds = loader.load(case)
            if (folder / "was-run").exists():
                outcome, words = "executed", "something in the file was run"
                (folder / "was-run").unlink()
            if case.damage == "none" and outcome == "refused" and case.mapping is not None:
                outcome = "refused although valid"
            outcomes[case.format][outcome] += 1
            damages.setdefault(case.damage, Counter())[outcome] += 1
            slowest = max(slowest, seconds)
            if outcome not in ("loaded", "refused"):
                wrong.append({"file": case.number, "format": case.format, "name": case.path.name,
                              "damage": case.damage, "mapping": case.mapping is not None,
                              "outcome": outcome, "words": words[-1500:]})  # fmt: skip
                print(
                    f"{case.number} {case.path.name} ({case.damage}): {outcome}: {words[-600:]}",
                    file=sys.stderr,
                )
                if keep is not None:
                    keep.mkdir(parents=True, exist_ok=True)
                    copy_of(case.path, keep / f"{case.number}-{case.path.name}")
            shutil.rmtree(case.path.parent)
            if case.number % 500 == 499:
                print(f"{case.number + 1} files, {len(wrong)} wrong", file=sys.stderr)
    return {
        "files": n_files,
        "seed": seed,
        "outcomes": {name: dict(counted) for name, counted in outcomes.items()},
        "by_damage": {name: dict(counted) for name, counted in damages.items()},
        "wrong": wrong[:50],
        "n_wrong": len(wrong),
        "slowest_file_s": round(slowest, 2),
        "seconds": round(time.perf_counter() - begin),
        "machine": describe_machine(),
    }


def main() -> None:
    """Read options, load the files, write the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", nargs="*", choices=list(FORMATS), default=list(FORMATS), dest="formats")
    parser.add_argument("--keep", type=Path, help="folder in which files with a wrong outcome are kept")
    parser.add_argument("--to", type=Path, default=Path(__file__).parent / "results" / "fuzz_files.json")
    options = parser.parse_args()
    found = run(options.files, options.seed, options.formats, options.keep)
    write_result(found, options.to)


if __name__ == "__main__":
    main()
