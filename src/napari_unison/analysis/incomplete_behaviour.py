"""A session that has seen a part of the behaviour only: what the others add, and what the labels put in.

Aligned, such a session appears on the whole manifold, for the labels of its unseen bins call up the other
sessions' neurons. Whether its own neurons say anything about behaviour that was not in training is asked
here: label-free, on laps that nothing was fitted on, apart for what the part holds and what it does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_unison.analysis.encoders.encoder_fits import EncoderFits
from napari_unison.analysis.encoders.encoder_methods import fit_on_sessions
from napari_unison.analysis.incomplete_scores import (
    ALIGNED,
    ALONE,
    CIRCULAR_WAYS,
    COMPLETE,
    GUESS,
    SEEN,
    SILENCED,
    UNSEEN,
    WAYS,
    WITH_OTHERS,
    WITH_OTHERS_ALL,
    WITH_OTHERS_OWN,
    IncompleteBehaviour,
)
from napari_unison.analysis.progress import OnProgress
from napari_unison.analysis.protocol.folds import Fold, guard_bins, lap_folds, with_laps
from napari_unison.analysis.protocol.predictions import Prediction
from napari_unison.analysis.protocol.result import MethodRuns, ProtocolResult
from napari_unison.analysis.targets import label_values, session_targets
from napari_unison.encoder.alignment import LabelIndex
from napari_unison.encoder.label_space import LabelSpace
from napari_unison.encoder.overlap import NEAR, take_gaps_as_known
from napari_unison.encoder.repeated_warnings import each_warning_once
from napari_unison.sessions import validate_same_labels

if TYPE_CHECKING:
    from napari_unison.analysis.decoders.fitting import DecoderKind
    from napari_unison.encoder import EncoderConfig, UnifiedEncoder
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
    guard = guard_bins(config)
    folds = lap_folds(sessions, n_folds, guard=guard, test_segments="hidden")
    ways = _Ways(number, config, decoder, guard, fits or EncoderFits())
    say = on_progress or _silent
    found: dict[str, _ByWay] = {SEEN: {}, UNSEEN: {}}
    shares = []
    for step, (seed, fold) in enumerate((seed, fold) for seed in seeds for fold in folds):
        say(step / (len(seeds) * n_folds), f"fold {fold.number + 1} of {n_folds}, seed {seed}")
        reduced = _with_part(fold, number, used, sessions[number])
        shares.append(reduced.train[number].n_bins / fold.train[number].n_bins)
        is_seen = _is_near(space, reduced.train[number], fold.test[number], near)
        for way, predictions in ways.predict(fold, reduced, seed):
            for behaviour, kept in ((SEEN, is_seen), (UNSEEN, ~is_seen)):
                parts = [_in_bins(one, fold.test[number], kept, sessions[number]) for one in predictions]
                found[behaviour].setdefault(way, {}).setdefault(seed, []).append(parts)
    say(1.0, "done")
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


class _Ways:
    """Predicts the test laps of the incomplete session in all ways."""

    def __init__(
        self, number: int, config: EncoderConfig, decoder: DecoderKind, guard: int, fits: EncoderFits
    ) -> None:
        self._number = number
        self._config = config
        self._decoder = decoder
        self._guard = guard
        self._fits = fits

    def predict(self, fold: Fold, reduced: Fold, seed: int) -> Iterator[tuple[str, list[Prediction]]]:
        """Yield each way with its predictions, one a label."""
        own = [self._number]
        others = [number for number in range(len(fold.train)) if number != self._number]
        test = fold.test[self._number]
        together = self._fits.fitted(self._config, reduced.train, seed)
        for way, chosen in (
            (WITH_OTHERS, others),
            (WITH_OTHERS_OWN, own),
            (WITH_OTHERS_ALL, [*others, *own]),
        ):
            yield way, self._decoded(together, reduced.train, chosen, test, seed)
        for way in (ALIGNED, SILENCED):
            everybody = list(range(len(fold.train)))
            silent = way == SILENCED
            yield (
                way,
                self._decoded(together, reduced.train, everybody, test, seed, align=True, silence_own=silent),
            )
        single = self._config.model_copy(update={"sessions_per_step": None})
        part = [reduced.train[self._number]]
        yield ALONE, self._decoded(self._fits.fitted(single, part, seed), part, [0], test, seed)
        complete = self._fits.fitted(self._config, fold.train, seed)
        yield COMPLETE, self._decoded(complete, fold.train, own, test, seed)
        yield GUESS, _guessed(reduced.train, test)

    def _decoded(
        self,
        encoder: UnifiedEncoder,
        train: Sequence[Session],
        chosen: Sequence[int],
        test: Session,
        seed: int,
        *,
        align: bool = False,
        silence_own: bool = False,
    ) -> list[Prediction]:
        known = encoder.embed(train, align=align)
        latents = encoder.embed([test], align=align, silence_own=silence_own).values[0]
        fitted = fit_on_sessions(train, known.values, chosen, self._decoder, seed, self._guard)
        return [Prediction.of(test, label, values) for label, values in fitted.predict(latents).items()]


def _guessed(train: Sequence[Session], test: Session) -> list[Prediction]:
    """Predict every bin by the mean (most frequent category, mean angle) of all training bins."""
    predictions = []
    for label, target in session_targets(*train).items():
        mean = target.values[target.known].mean(axis=0)
        guess = np.broadcast_to(mean, (test.n_bins, len(mean)))
        predictions.append(Prediction.of(test, label, label_values(target, guess)))
    return predictions


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


def _with_part(fold: Fold, number: int, used: Bins, session: Session) -> Fold:
    """Return a fold whose training part of one session holds the used bins only."""
    complete = fold.train[number]
    kept = np.isin(complete.time, session.time[used])
    if not kept.any():
        raise ValueError(
            f"nothing of the part of {session.name!r} is left to train on in fold {fold.number + 1}: give a "
            f"larger part, or one that is spread over more laps"
        )
    train = list(fold.train)
    train[number] = complete[kept]
    return replace(fold, train=tuple(train))


def _is_near(space: LabelSpace, part: Session, test: Session, near: float) -> Bins:
    """Return which test bins behave as some bin of the part does, (T,)."""
    index = LabelIndex(space.encode(part), space.tie_tolerance)
    points = space.encode(test)
    known = ~np.isnan(points).any(axis=1)
    is_near = np.zeros(test.n_bins, dtype=bool)
    is_near[known] = index.match(points[known]).distance <= near
    return is_near


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
    methods = []
    for way in WAYS:
        methods.append(
            MethodRuns(
                name=way,
                settings=way,
                uses_labels_of_test=way in CIRCULAR_WAYS,
                is_random=way != GUESS,
                folds={seed: tuple(range(n_folds)) for seed in seeds},
                predictions=joined[way],
            )
        )
    n_fits = len(seeds) * n_folds
    return ProtocolResult(tuple(methods), (session,), n_folds, guard, tuple(seeds), n_fits, n_fits)


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
