"""A session that has seen a part of the behaviour only: what the others add, and what the labels put in.

Aligned, such a session appears on the whole manifold, for the labels of its unseen bins call up the other
sessions' neurons. Whether its own neurons say anything about behaviour that was not in training is asked
here: label-free, on laps that nothing was fitted on, apart for what the part holds and what it does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_unison.analysis.encoders.encoder_fits import EncoderFits
from napari_unison.analysis.incomplete_scores import (
    CIRCULAR_WAYS,
    GUESS,
    SEEN,
    UNSEEN,
    WAYS,
    IncompleteBehaviour,
)
from napari_unison.analysis.incomplete_ways import IncompleteWays
from napari_unison.analysis.progress import OnProgress
from napari_unison.analysis.protocol.folds import Fold, guard_bins, lap_folds, with_laps
from napari_unison.analysis.protocol.predictions import Prediction
from napari_unison.analysis.protocol.result import MethodRuns, ProtocolResult
from napari_unison.encoder.alignment import LabelIndex
from napari_unison.encoder.label_space import LabelSpace
from napari_unison.encoder.overlap import NEAR, take_gaps_as_known
from napari_unison.encoder.repeated_warnings import each_warning_once
from napari_unison.sessions import validate_same_labels

if TYPE_CHECKING:
    from napari_unison.analysis.decoders.fitting import DecoderKind
    from napari_unison.encoder import EncoderConfig
    from napari_unison.sessions import Session

Bins = npt.NDArray[np.bool_]
_ByWay: TypeAlias = "dict[str, dict[int, list[list[Prediction]]]]"
"""Predictions of each label by way, seed and fold."""


@each_warning_once()
def incomplete_behaviour(
    sessions: Sequence[Session],
    session: str,
    part: Bins | tuple[float, float],
    config: EncoderConfig,
    *,
    decoder: DecoderKind = "knn",
    n_folds: int = 5,
    seeds: Sequence[int] = (0,),
    near: float | None = None,
    fits: EncoderFits | None = None,
    on_progress: OnProgress | None = None,
) -> IncompleteBehaviour:
    """Train on a part of one session's behaviour, and score it on seen and unseen behaviour of other laps.

    In every fold of laps three encoders are trained: one on the part together with the other sessions, one on
    the part alone, and one on all that the session did, for comparison. Decoders of latents are fitted on the
    session's part (which holds no unseen label to predict), on the other sessions, or on both.

    Parameters
    ----------
    sessions : sequence of Session
        All sessions, complete, with laps or with a direction that makes some.
    session : str
        Name of the one that is made incomplete.
    part : ndarray of bool (T,), or (float, float)
        Its bins that may be trained on, or start and stop of their time (s).
    config : EncoderConfig
        Parameters of all encoders; its ``random_state`` gives way to the seeds.
    decoder : {"knn", "linear", "mlp"}
        Decoder of latents.
    n_folds : int, default 5
        Contiguous folds of laps.
    seeds : sequence of int, default (0,)
        Seeds of encoders and decoders.
    near : float, optional
        Label distance up to which a bin's behaviour counts as seen; a tenth of the labels' overall spread
        unless given.
    fits : EncoderFits, optional
        Gives trained encoders, such as those kept in a folder.
    on_progress : callable, optional
        Called with the share that is done and what is running.

    Returns
    -------
    IncompleteBehaviour
        Label-free ways beside one guess for all bins, and the two circular ones: aligned, and aligned without
        the session's own neurons.

    Raises
    ------
    ValueError
        If there is no such session or no other one, the part does not fit it, or laps are too few.
    """
    sessions = with_laps(sessions)
    validate_same_labels(sessions)
    others = [other.name for other in sessions if other.name != session]
    number = _number_of(session, sessions)
    used = _used_bins(sessions[number], part)
    take_gaps_as_known(session, others, list(sessions[0].labels))
    space = LabelSpace(sessions, config.label_scaling)
    near = near if near is not None else NEAR * float(np.hypot.reduce(list(space.spread.values())))
    incomplete = _Incomplete(number, sessions[number], used, space, near)
    guard = guard_bins(config)
    folds = lap_folds(sessions, n_folds, guard=guard, test_segments="hidden")
    ways = IncompleteWays(number, config, decoder, guard, fits or EncoderFits())
    found, shares = _predicted_apart(incomplete, ways, folds, seeds, on_progress or _silent)
    results = {
        behaviour: _result(by_way, session, n_folds, guard, seeds) for behaviour, by_way in found.items()
    }
    return IncompleteBehaviour(
        session=session,
        others=tuple(others),
        share_used=float(np.mean(shares)),
        near=near,
        seen=results[SEEN],
        unseen=results[UNSEEN],
    )


@dataclass(frozen=True, eq=False)
class _Incomplete:
    """Which session is incomplete, its bins that may be trained on (T,), and which behaviour they hold."""

    number: int
    session: Session
    used: Bins
    space: LabelSpace
    near: float

    def reduced(self, fold: Fold) -> Fold:
        """Return a fold whose training part of the session holds the used bins only."""
        complete = fold.train[self.number]
        kept = np.isin(complete.time, self.session.time[self.used])
        if not kept.any():
            raise ValueError(
                f"nothing of the part of {self.session.name!r} is left to train on in fold "
                f"{fold.number + 1}: give a larger part, or one that is spread over more laps"
            )
        train = list(fold.train)
        train[self.number] = complete[kept]
        return replace(fold, train=tuple(train))

    def is_seen(self, part: Session, test: Session) -> Bins:
        """Return which test bins behave as some bin of the part does, (T,)."""
        index = LabelIndex(self.space.encode(part), self.space.tie_tolerance)
        points = self.space.encode(test)
        known = ~np.isnan(points).any(axis=1)
        is_seen = np.zeros(test.n_bins, dtype=bool)
        is_seen[known] = index.match(points[known]).distance <= self.near
        return is_seen


def _predicted_apart(
    incomplete: _Incomplete,
    ways: IncompleteWays,
    folds: Sequence[Fold],
    seeds: Sequence[int],
    say: OnProgress,
) -> tuple[dict[str, _ByWay], list[float]]:
    """Predict the test laps of every fold; return seen and unseen behaviour apart, and each fold's share."""
    found: dict[str, _ByWay] = {SEEN: {}, UNSEEN: {}}
    shares = []
    number = incomplete.number
    for step, (seed, fold) in enumerate(product(seeds, folds)):
        say(step / (len(seeds) * len(folds)), f"fold {fold.number + 1} of {len(folds)}, seed {seed}")
        reduced = incomplete.reduced(fold)
        shares.append(reduced.train[number].n_bins / fold.train[number].n_bins)
        is_seen = incomplete.is_seen(reduced.train[number], fold.test[number])
        for way, predictions in ways.predict(fold, reduced, seed):
            for behaviour, kept in ((SEEN, is_seen), (UNSEEN, ~is_seen)):
                parts = [_in_bins(one, fold.test[number], kept, incomplete.session) for one in predictions]
                found[behaviour].setdefault(way, {}).setdefault(seed, []).append(parts)
    say(1.0, "done")
    return found, shares


def _number_of(name: str, sessions: Sequence[Session]) -> int:
    names = [session.name for session in sessions]
    if name not in names:
        raise ValueError(f"there is no session {name!r}; the sessions are {', '.join(map(repr, names))}")
    if len(names) < 2:
        raise ValueError(f"session {name!r} is alone: give others that have done what it has not")
    return names.index(name)


def _used_bins(session: Session, part: Bins | tuple[float, float]) -> Bins:
    """Return which bins of a session may be trained on, (T,)."""
    if isinstance(part, tuple):
        return np.isin(session.time, session.between(*part).time)
    bins = np.asarray(part)
    if bins.dtype != np.bool_ or bins.shape != (session.n_bins,):
        raise ValueError(
            f"part holds {bins.dtype} of shape {bins.shape}: give one boolean for each of the "
            f"{session.n_bins} bins of {session.name!r}, or start and stop in s"
        )
    return bins


def _in_bins(prediction: Prediction, test: Session, kept: Bins, session: Session) -> Prediction:
    """Return a prediction in some of the test bins, with the laps of the whole session."""
    inside = np.isin(prediction.time, test.time[kept])
    time = prediction.time[inside]
    return replace(
        prediction,
        time=time,
        lap=np.asarray(session.segment)[np.searchsorted(session.time, time)],
        truth=prediction.truth[inside],
        predicted=prediction.predicted[inside],
    )


def _result(
    by_way: _ByWay,
    session: str,
    n_folds: int,
    guard: int,
    seeds: Sequence[int],
) -> ProtocolResult | None:
    """Join the folds of every way; None where none has a bin."""
    joined = {
        way: {seed: tuple(map(_joined, *folds)) for seed, folds in by_seed.items()}
        for way, by_seed in by_way.items()
    }
    if not any(len(one.time) for one in joined[GUESS][seeds[0]]):
        return None
    methods = tuple(
        MethodRuns(
            name=way,
            settings=way,
            uses_labels_of_test=way in CIRCULAR_WAYS,
            is_random=way != GUESS,
            folds={seed: tuple(range(n_folds)) for seed in seeds},
            predictions=joined[way],
        )
        for way in WAYS
    )
    n_fits = len(seeds) * n_folds
    return ProtocolResult(methods, (session,), n_folds, guard, tuple(seeds), n_fits, n_fits)


def _joined(*folds: Prediction) -> Prediction:
    """Join the folds of one label."""
    return replace(
        folds[0],
        time=np.concatenate([fold.time for fold in folds]),
        lap=np.concatenate([fold.lap for fold in folds]),
        truth=np.concatenate([fold.truth for fold in folds]),
        predicted=np.concatenate([fold.predicted for fold in folds]),
    )


def _silent(_share: float, _what: str) -> None:
    """Tell nobody."""
