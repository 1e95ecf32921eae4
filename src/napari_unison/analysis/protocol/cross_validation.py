"""The protocol of every decoding claim: each method on the same folds of laps, with several seeds."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_unison.analysis.progress import OnProgress
from napari_unison.analysis.protocol.cache import (
    DifferentPredictionsError,
    PredictionCache,
    complete,
    fold_checksum,
)
from napari_unison.analysis.protocol.folds import Fold, TestSegments, lap_folds, with_laps
from napari_unison.analysis.protocol.predictions import Prediction
from napari_unison.analysis.protocol.result import MethodRuns, ProtocolResult
from napari_unison.encoder.repeated_warnings import each_warning_once
from napari_unison.sessions import validate_same_labels
from napari_unison.sessions.segments import numbered_from_borders

if TYPE_CHECKING:
    from napari_unison.analysis.protocol.methods import Method
    from napari_unison.encoder import TrainingControl
    from napari_unison.sessions import Session

_Done: TypeAlias = "dict[tuple[str, int], dict[int, list[Prediction]]]"
"""Predictions by method and seed, then by fold."""


@dataclass(frozen=True)
class _Fit:
    """One method on one fold with one seed."""

    method: Method
    fold: Fold
    seed: int

    def in_words(self, n_folds: int) -> str:
        seed = f", seed {self.seed}" if self.method.is_random else ""
        return f"{self.method.name}, fold {self.fold.number + 1} of {n_folds}{seed}"


@each_warning_once()
def cross_validate(
    methods: Sequence[Method],
    sessions: Sequence[Session],
    *,
    n_folds: int = 5,
    seeds: Sequence[int] = range(5),
    guard: int,
    test_segments: TestSegments = "hidden",
    cache: str | Path | None = None,
    missing: Literal["fit", "skip"] = "fit",
    on_progress: OnProgress | None = None,
    control: TrainingControl | None = None,
) -> ProtocolResult:
    """Fit every method on every training fold of laps and let it predict the laps that were left out.

    Seeds come one after the other, and all methods of a fold together: what is there after a stop compares
    methods in the same laps. What is wrong with the sessions' labels is warned of once, not in every fit.

    Parameters
    ----------
    methods : sequence of Method
        Encoders with decoders, and baselines; each with a name of its own.
    sessions : sequence of Session
        Sessions with the same labels. Segments are laps; a session in one piece gets laps from its direction,
        see :func:`~napari_unison.analysis.with_laps`.
    n_folds : int, default 5
        Contiguous folds.
    seeds : sequence of int, default 0 to 4
        Seeds of methods that are random. Others run once, with seed 0.
    guard : int
        Bins left out of training on either side of the laps to decode, see
        :func:`~napari_unison.analysis.guard_bins`.
    test_segments : {"hidden", "known"}
        Whether methods are shown where the laps to decode begin and end. That is known from labels: a window
        that ends at such a border tells that the animal is at an end of its track. Scores are by lap
        either way.
    cache : path, optional
        Folder in which each fit's predictions are kept. Those that are there are not computed again.
    missing : {"fit", "skip"}
        What becomes of fits that the cache does not hold: computed, or left out of the result, which then
        shows what is there so far.
    on_progress : callable, optional
        Called with the share that is done and what is running.
    control : TrainingControl, optional
        A pause or a stop takes effect between two fits.

    Returns
    -------
    ProtocolResult
        Predictions, scores and comparisons. After a stop, what is there, with ``is_complete`` False.

    Raises
    ------
    ValueError
        If a parameter is out of range, a session has too few laps, two methods cannot be told apart, or a
        method does not predict what it was asked for.
    """
    methods, seeds = list(methods), list(seeds)
    _require_distinct(methods, seeds, kept=cache is not None)
    sessions = with_laps(sessions)
    validate_same_labels(sessions)
    folds = lap_folds(sessions, n_folds, guard=guard, test_segments=test_segments)
    fits = _planned(methods, folds, seeds)
    n_planned = len(fits)
    kept = None if cache is None else _Kept(PredictionCache(Path(cache)), folds)
    if missing == "skip":
        fits = [fit for fit in fits if kept is not None and kept.read(fit) is not None]
    done = _run(fits, n_folds, kept, on_progress, control)
    laps = {session.name: _lap_numbers(session) for session in sessions}
    times = {session.name: session.time for session in sessions}
    return ProtocolResult(
        methods=tuple(_runs(method, done, times, laps) for method in methods),
        sessions=tuple(session.name for session in sessions),
        n_folds=n_folds,
        guard=guard,
        test_segments=test_segments,
        seeds=tuple(seeds),
        n_done=sum(len(of_seed) for of_seed in done.values()),
        n_planned=n_planned,
    )


def count_kept(
    methods: Sequence[Method],
    sessions: Sequence[Session],
    *,
    n_folds: int,
    seeds: Sequence[int],
    guard: int,
    test_segments: TestSegments = "hidden",
    cache: str | Path,
) -> int:
    """Count the fits of :func:`cross_validate` that a folder holds from before; files are not opened.

    All parameters are those of :func:`cross_validate`.
    """
    if not Path(cache).is_dir():
        return 0
    folds = lap_folds(with_laps(sessions), n_folds, guard=guard, test_segments=test_segments)
    kept = _Kept(PredictionCache(Path(cache)), folds)
    return sum(kept.has(fit) for fit in _planned(list(methods), folds, list(seeds)))


def _run(
    fits: Sequence[_Fit],
    n_folds: int,
    kept: _Kept | None,
    on_progress: OnProgress | None,
    control: TrainingControl | None,
) -> _Done:
    """Return predictions by method, seed and fold; after a stop, those that are there."""
    done: _Done = defaultdict(dict)
    n_done = 0
    for fit in fits:
        if control is not None:
            control.wait_while_paused()
            if control.is_stopped:
                break
        if on_progress is not None:
            on_progress(n_done / len(fits), fit.in_words(n_folds))
        predictions = _predicted(fit, n_folds, kept, control)
        if predictions is None:
            break
        done[fit.method.name, fit.seed][fit.fold.number] = predictions
        n_done += 1
    if on_progress is not None:
        on_progress(n_done / max(len(fits), 1), "done" if n_done == len(fits) else "stopped")
    return done


class _Kept:
    """Predictions in files, with the checksum of each fold."""

    def __init__(self, cache: PredictionCache, folds: Sequence[Fold]) -> None:
        self._cache = cache
        self._checksums = {fold.number: fold_checksum(fold) for fold in folds}

    def read(self, fit: _Fit) -> list[Prediction] | None:
        return self._cache.read(fit.method, fit.fold, self._checksums[fit.fold.number], fit.seed)

    def has(self, fit: _Fit) -> bool:
        return self._cache.has(fit.method, fit.fold, self._checksums[fit.fold.number], fit.seed)

    def write(self, fit: _Fit, predictions: list[Prediction]) -> None:
        checksum = self._checksums[fit.fold.number]
        self._cache.write(fit.method, fit.fold, checksum, fit.seed, predictions)


def _require_distinct(methods: Sequence[Method], seeds: Sequence[int], *, kept: bool) -> None:
    if not methods:
        raise ValueError("there are no methods to run; give at least one")
    if not seeds or len(set(seeds)) != len(seeds):
        raise ValueError(f"seeds are {list(seeds)}: give at least one, each once")
    by_name: dict[str, Method] = {}
    by_settings: dict[str, Method] = {}
    for method in methods:
        if method.name in by_name:
            raise ValueError(f"two methods are called {method.name!r}: tables could not tell them apart")
        other = by_settings.get(method.settings)
        if kept and other is not None:
            raise ValueError(
                f"the methods {other.name!r} and {method.name!r} have the same settings, so that the kept "
                f"results of one would be taken for those of the other; leave one out"
            )
        by_name[method.name] = by_settings[method.settings] = method


def _planned(methods: Sequence[Method], folds: Sequence[Fold], seeds: Sequence[int]) -> list[_Fit]:
    """Return all fits in the order in which they run."""
    return [
        _Fit(method, fold, seed if method.is_random else 0)
        for round_number, seed in enumerate(seeds)
        for fold in folds
        for method in methods
        if method.is_random or round_number == 0
    ]


def _predicted(
    fit: _Fit, n_folds: int, kept: _Kept | None, control: TrainingControl | None
) -> list[Prediction] | None:
    """Return the predictions of a fit, computed or kept; None if it was stopped."""
    found = None if kept is None else kept.read(fit)
    if found is not None:
        return found
    try:
        predictions = complete(fit.method.predict(fit.fold.train, fit.fold.test, fit.seed), fit.fold.test)
    except DifferentPredictionsError as error:
        raise ValueError(f"{fit.in_words(n_folds)}: {error}") from error
    except Exception as error:
        if control is not None and control.is_stopped and _is_stop(error):
            return None
        error.add_note(f"This happened in {fit.in_words(n_folds)}.")
        raise
    if kept is not None:
        try:
            kept.write(fit, predictions)
        except OSError as error:
            warnings.warn(
                f"{fit.in_words(n_folds)} could not be kept ({error}): this study goes on, but one that is "
                f"stopped computes this fit again",
                stacklevel=2,
            )
    return predictions


def _is_stop(error: Exception) -> bool:
    """Say whether a method ended early because its training was stopped."""
    # Encoders load torch, which a protocol of baselines alone does not need.
    from napari_unison.analysis.encoders.encoder_fits import FitStoppedError

    return isinstance(error, FitStoppedError)


def _lap_numbers(session: Session) -> npt.NDArray[np.int64]:
    """Return the lap of each bin, (T,): the segment, or a number of its own where segments share numbers."""
    if len(session.segment_slices()) == len(np.unique(session.segment)):
        return session.segment
    return numbered_from_borders(session.segment[1:] != session.segment[:-1])


def _runs(
    method: Method,
    done: _Done,
    times: dict[str, npt.NDArray[np.float64]],
    laps: dict[str, npt.NDArray[np.int64]],
) -> MethodRuns:
    by_seed = {seed: folds for (name, seed), folds in done.items() if name == method.name}
    predictions = {}
    for seed, folds in by_seed.items():
        parts = zip(*(folds[number] for number in sorted(folds)), strict=True)
        predictions[seed] = tuple(
            _joined(part, times[part[0].session], laps[part[0].session]) for part in parts
        )
    return MethodRuns(
        name=method.name,
        settings=method.settings,
        uses_labels_of_test=method.uses_labels_of_test,
        is_random=method.is_random,
        folds={seed: tuple(sorted(folds)) for seed, folds in by_seed.items()},
        predictions=predictions,
    )


def _joined(
    parts: Sequence[Prediction], time: npt.NDArray[np.float64], lap: npt.NDArray[np.int64]
) -> Prediction:
    """Join the folds of one label of one session, with the laps of the whole session."""
    times = np.concatenate([part.time for part in parts])
    return replace(
        parts[0],
        time=times,
        lap=lap[np.searchsorted(time, times)],
        truth=np.concatenate([part.truth for part in parts]),
        predicted=np.concatenate([part.predicted for part in parts]),
    )
