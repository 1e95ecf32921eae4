"""Everything that is to be said about decoding from some sessions, in one go.

The protocol with all methods, the controls of the aligned score and, if wanted, the null: what the command
``napari-unison decode`` and the window run, and what the report shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from napari_unison.analysis.controls.aligned_controls import AlignedControls, aligned_controls
from napari_unison.analysis.controls.kept_controls import kept_controls
from napari_unison.analysis.controls.null_distribution import (
    NullDistribution,
    NullStoppedError,
    null_distribution,
)
from napari_unison.analysis.encoders.encoder_fits import EncoderFits, FitStoppedError
from napari_unison.analysis.protocol.cross_validation import cross_validate
from napari_unison.analysis.protocol.folds import guard_bins, lap_folds, with_laps
from napari_unison.analysis.study_methods import choose_methods
from napari_unison.analysis.study_options import DecodingStudyError, StudyOptions
from napari_unison.analysis.study_progress import StudyProgress

if TYPE_CHECKING:
    import pandas as pd

    from napari_unison.analysis.progress import OnProgress
    from napari_unison.analysis.protocol.comparison import ProtocolComparison
    from napari_unison.analysis.protocol.folds import Fold
    from napari_unison.analysis.protocol.methods import Method
    from napari_unison.analysis.protocol.result import ProtocolResult
    from napari_unison.analysis.time_context import TimeContext
    from napari_unison.encoder import EncoderConfig, TrainingControl
    from napari_unison.sessions import Session

MOST_GUARDED: Final = 0.2
"""Share of a session's training bins that may be given up so that decoders see more than one bin."""

__all__ = ["DecodingStudy", "DecodingStudyError", "StudyOptions", "session_checksums", "study_decoding"]


@dataclass(frozen=True, eq=False)
class DecodingStudy:
    """What was found; prints as tables.

    Attributes
    ----------
    options : StudyOptions
        What was asked for.
    config : EncoderConfig
        Parameters of every encoder that was trained.
    protocol : ProtocolResult
        All methods on the same folds of laps.
    main : str
        Name of the method that all others are compared with: the first one, which is the unified encoder
        unless it was left out.
    controls : AlignedControls or None
        The aligned score of one fold beside its controls.
    null : NullDistribution or None
        What the main method reaches by chance.
    notes : tuple of str
        Sentences: what was left out or stopped, and why.
    session_checksums : mapping of str to str
        Checksum of each session, by name: which recordings this is of.
    """

    options: StudyOptions
    config: EncoderConfig
    protocol: ProtocolResult
    main: str
    controls: AlignedControls | None
    null: NullDistribution | None
    notes: tuple[str, ...]
    session_checksums: Mapping[str, str]

    @property
    def is_complete(self) -> bool:
        """Whether everything that was asked for is done."""
        wants_null = self.options.n_permutations > 0
        return self.protocol.is_complete and (self.null is not None or not wants_null)

    def is_of(self, sessions: Sequence[Session]) -> bool:
        """Tell whether this is a study of these very recordings; they get laps as the study gives them."""
        return session_checksums(with_laps(sessions)) == dict(self.session_checksums)

    @property
    def title(self) -> str:
        """What this is, in a line."""
        name = "Quick decoding study, a first look" if self.options.is_quick else "Decoding study"
        state = "" if self.is_complete else ", incomplete"
        return f"{name}{state}: {self.config.max_iterations} training steps, {self.protocol.in_words()}"

    def differences(self) -> ProtocolComparison | None:
        """Compare all other methods with the main one; None while there is nothing to compare."""
        with_scores = [method for method in self.protocol.methods if method.predictions]
        if len(with_scores) < 2 or self.main not in [method.name for method in with_scores]:
            return None
        return self.protocol.compare(self.main)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a session, label and method, see :meth:`ProtocolResult.to_frame`."""
        return self.protocol.to_frame()

    def __str__(self) -> str:
        differences = self.differences()
        # the title says the protocol's first line already
        protocol = str(self.protocol).removeprefix(f"{self.protocol.in_words()}\n")
        parts: list[Any] = ["\n".join([self.title, *self.notes]), protocol]
        parts += [part for part in (differences, self.controls, self.null) if part is not None]
        return "\n\n".join(map(str, parts))


def study_decoding(
    sessions: Sequence[Session],
    config: EncoderConfig,
    options: StudyOptions | None = None,
    *,
    cache: str | Path | None = None,
    on_progress: OnProgress | None = None,
    control: TrainingControl | None = None,
) -> DecodingStudy:
    """Run the protocol with all methods that apply, the controls of the aligned score, and the null.

    Encoders are trained anew in every fold: an encoder that has seen the laps to decode cannot be used.

    Parameters
    ----------
    sessions : sequence of Session
        Whole recordings with the same labels. Segments are laps; a session in one piece gets laps from its
        direction.
    config : EncoderConfig
        Parameters of the encoders.
    options : StudyOptions, optional
        What to run; five folds, five seeds and all methods unless given.
    cache : path, optional
        Folder in which every fit is kept, so that a study that was stopped goes on from there.
    on_progress : callable, optional
        Called with the share of fits that is done and what is running.
    control : TrainingControl, optional
        Pauses or stops, also within a training. After a stop the study holds what is done.

    Returns
    -------
    DecodingStudy
        What was found; prints as tables.

    Raises
    ------
    DecodingStudyError
        If a session has no laps or too few of them, no method applies, or a method fails.
    """
    options = options or StudyOptions()
    tell = StudyProgress(on_progress)
    fits = EncoderFits(on_progress=tell.of_training, control=control)
    plan = _planned(sessions, options.config_for_fits(config), options, fits)
    place = None if cache is None else Path(cache)
    fits_of_protocol, total = plan.n_fits()
    controls, said = _controls(plan, fits, place, tell.part(0, 1, total))
    notes = [*plan.left_out, *said]
    try:
        protocol = cross_validate(
            list(plan.methods.values()),
            plan.sessions,
            n_folds=options.n_folds,
            seeds=options.used_seeds,
            guard=plan.guard,
            cache=place,
            on_progress=tell.part(1, fits_of_protocol, total),
            control=control,
        )
        null, said = _null(
            plan,
            protocol,
            place,
            tell.part(1 + fits_of_protocol, total - 1 - fits_of_protocol, total),
            control,
        )
    except ValueError as error:
        raise DecodingStudyError(" ".join([str(error), *getattr(error, "__notes__", [])])) from error
    return DecodingStudy(
        options, plan.config, protocol, plan.main.name, controls, null, (*notes, *said), plan.checksums()
    )


@dataclass(frozen=True)
class _Plan:
    """What will be run on what."""

    options: StudyOptions
    config: EncoderConfig
    sessions: tuple[Session, ...]
    folds: tuple[Fold, ...]
    guard: int
    methods: Mapping[str, Method]
    left_out: tuple[str, ...]

    @property
    def main(self) -> Method:
        return next(iter(self.methods.values()))

    def checksums(self) -> dict[str, str]:
        return session_checksums(self.sessions)

    def n_fits(self) -> tuple[int, int]:
        """Return how many fits the protocol takes, and all of it with controls and null."""
        options = self.options
        runs = sum(len(options.used_seeds) if one.is_random else 1 for one in self.methods.values())
        protocol = runs * options.n_folds
        return protocol, 1 + protocol + options.n_permutations * options.n_folds


def with_enough_laps(sessions: Sequence[Session], n_folds: int) -> tuple[Session, ...]:
    """Give laps to sessions that are in one piece.

    Raises
    ------
    DecodingStudyError
        If a session has no laps, or fewer than there are folds.
    """
    try:
        laps = with_laps(sessions)
    except ValueError as error:
        raise DecodingStudyError(str(error)) from error
    few = [
        f"{session.name!r} has {len(session.segment_slices())}"
        for session in laps
        if len(session.segment_slices()) < n_folds
    ]
    if few:
        raise DecodingStudyError(
            f"{n_folds} folds of laps need at least as many laps (segments) in every session, but session "
            f"{', '.join(few)}: take fewer folds, longer sessions, or give laps as segments"
        )
    return laps


def session_checksums(sessions: Sequence[Session]) -> dict[str, str]:
    """Return a checksum of the activity, times, labels and laps of each session, by name."""
    # saved runs load torch, which options do not need
    from napari_unison.encoder.runs import session_checksum

    return {session.name: session_checksum(session) for session in sessions}


def _planned(
    sessions: Sequence[Session], config: EncoderConfig, options: StudyOptions, fits: EncoderFits
) -> _Plan:
    # networks load torch, which options do not need
    from napari_unison.encoder.networks import architecture_of

    if not sessions:
        raise DecodingStudyError("there are no sessions to decode: give at least one")
    try:
        # the baselines see as much of time as the encoder does
        window_s = architecture_of(config.model_architecture).window * sessions[0].bin_width
        laps = with_enough_laps(sessions, options.n_folds)
        context, said = _context_that_fits(options, laps)
        guard = guard_bins(config, context=_width(context, laps))
        folds = lap_folds(laps, options.n_folds, guard=guard)
    except DecodingStudyError:
        raise
    except ValueError as error:
        raise DecodingStudyError(str(error)) from error
    choice = choose_methods(
        options.methods,
        folds,
        config,
        options.decoder,
        window_s=window_s,
        context=context,
        fits=fits,
    )
    if not choice.methods:
        raise DecodingStudyError(f"no method is left to run. {' '.join(choice.left_out)}")
    return _Plan(options, config, laps, folds, guard, choice.methods, (*said, *choice.left_out))


def _context_that_fits(
    options: StudyOptions, sessions: Sequence[Session]
) -> tuple[TimeContext | None, list[str]]:
    """Return what decoders see of time: one bin if the guard around more would take too much of a session."""
    guarded = 2 * _width(options.context, sessions)
    short = [
        session.name
        for session in sessions
        if guarded > MOST_GUARDED * session.n_bins * (1 - 1 / options.n_folds)
    ]
    if options.context is None or not short:
        return options.context, []
    return None, [
        f"Decoders see one bin at a time: to keep {options.context.words} around the bins to decode out of "
        f"training would take more than {MOST_GUARDED:.0%} of what {', '.join(short)} can be trained on."
    ]


def _width(context: TimeContext | None, sessions: Sequence[Session]) -> int:
    return 0 if context is None else max(context.width(session.bin_width) for session in sessions)


def _controls(
    plan: _Plan, fits: EncoderFits, cache: Path | None, on_progress: OnProgress | None
) -> tuple[AlignedControls | None, list[str]]:
    """Score the first fold aligned, with controls; its encoder is the first that the protocol needs."""
    if not plan.options.with_controls:
        return None, []
    fold, seed = plan.folds[0], plan.options.used_seeds[0]
    without = "There is no aligned score with its controls:"
    if len(fold.test) == 1:
        return None, [f"{without} with one session nothing is aligned."]
    single = [session.name for session in fold.test if len(session.segment_slices()) < 2]
    if single:
        return None, [
            f"{without} in fold 1 {', '.join(single)} has a single lap, and labels of another lap need two; "
            f"take fewer folds."
        ]

    def make() -> AlignedControls:
        if on_progress is not None:
            on_progress(0.0, "encoder of the aligned score, fold 1")
        encoder = fits.fitted(plan.config, fold.train, seed)
        controls = aligned_controls(encoder, fold.train, fold.test, on_progress=on_progress)
        split = f"fold 1 of {plan.options.n_folds}, one seed"
        return replace(controls, scores=replace(controls.scores, split=split))

    try:
        return kept_controls(cache, plan.config, fold, seed, make), []
    except FitStoppedError:
        return None, [f"{without} it was stopped."]


def _null(
    plan: _Plan,
    protocol: ProtocolResult,
    cache: Path | None,
    on_progress: OnProgress | None,
    control: TrainingControl | None,
) -> tuple[NullDistribution | None, list[str]]:
    """Refit the main method on permuted laps, if that is asked for."""
    options = plan.options
    if not options.n_permutations:
        return None, []
    if not protocol.is_complete:
        return None, ["There is no null: the study was stopped before it."]
    try:
        null = null_distribution(
            plan.main,
            plan.sessions,
            n_permutations=options.n_permutations,
            n_folds=options.n_folds,
            guard=plan.guard,
            seed=options.used_seeds[0],
            cache=cache,
            on_progress=on_progress,
            control=control,
        )
    except NullStoppedError as error:
        return None, [f"There is no null: {error}."]
    return null, []
