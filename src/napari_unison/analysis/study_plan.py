"""What a decoding study runs on what, known before anything is fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from napari_unison.analysis.encoders.encoder_fits import EncoderFits
from napari_unison.analysis.protocol.cross_validation import count_kept
from napari_unison.analysis.protocol.folds import guard_bins, lap_folds, with_laps
from napari_unison.analysis.study_methods import choose_methods
from napari_unison.analysis.study_options import DecodingStudyError, StudyOptions

if TYPE_CHECKING:
    from napari_unison.analysis.protocol.folds import Fold
    from napari_unison.analysis.protocol.methods import Method
    from napari_unison.analysis.time_context import TimeContext
    from napari_unison.encoder import EncoderConfig
    from napari_unison.sessions import Session

MOST_GUARDED: Final = 0.2
"""Share of a session's training bins that may be given up so that decoders see more than one bin."""


@dataclass(frozen=True)
class StudyPlan:
    """What will be run on what.

    Attributes
    ----------
    options : StudyOptions
        What was asked for.
    config : EncoderConfig
        Parameters of every encoder.
    sessions : tuple of Session
        Recordings with laps.
    folds : tuple of Fold
        Their folds.
    guard : int
        Bins on either side of the laps to decode that are in no part.
    methods : mapping of str to Method
        Those that apply, by short name.
    left_out : tuple of str
        Sentences: what does not apply, and why.
    """

    options: StudyOptions
    config: EncoderConfig
    sessions: tuple[Session, ...]
    folds: tuple[Fold, ...]
    guard: int
    methods: Mapping[str, Method]
    left_out: tuple[str, ...]

    @property
    def main(self) -> Method:
        """The method that all others are compared with."""
        return next(iter(self.methods.values()))

    def checksums(self) -> dict[str, str]:
        """Return the checksum of each recording, by name."""
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


def planned_study(
    sessions: Sequence[Session], config: EncoderConfig, options: StudyOptions, fits: EncoderFits
) -> StudyPlan:
    """Say what a study runs on what.

    Parameters
    ----------
    sessions, options
        As for :func:`~napari_unison.analysis.study_decoding`.
    config : EncoderConfig
        That of the fits, see :meth:`StudyOptions.config_for_fits`.
    fits : EncoderFits
        What the methods train their encoders with.

    Raises
    ------
    DecodingStudyError
        If a session has no laps or too few of them, or no method applies.
    """
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
    return StudyPlan(options, config, laps, folds, guard, choice.methods, (*said, *choice.left_out))


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


@dataclass(frozen=True)
class KeptFits:
    """How much of a study is there from before.

    Attributes
    ----------
    n_kept, n_protocol : int
        Fits of the protocol that are kept, and all of them.
    n_planned : int
        All that the study takes, with controls and null.
    """

    n_kept: int
    n_protocol: int
    n_planned: int

    @property
    def share(self) -> float:
        """Share of the study that needs not be computed."""
        return self.n_kept / max(self.n_planned, 1)

    def __str__(self) -> str:
        return f"{self.n_kept} of {self.n_protocol} fits found" if self.n_kept else ""


def kept_fits(
    sessions: Sequence[Session], config: EncoderConfig, options: StudyOptions, cache: str | Path
) -> KeptFits:
    """Say how much of a study a folder of fits holds already.

    Parameters
    ----------
    sessions, config, options, cache
        As for :func:`study_decoding`.

    Raises
    ------
    DecodingStudyError
        As there, where such a study cannot be planned.
    """
    plan = planned_study(sessions, options.config_for_fits(config), options, EncoderFits())
    fits_of_protocol, total = plan.n_fits()
    found = count_kept(
        list(plan.methods.values()),
        plan.sessions,
        n_folds=options.n_folds,
        seeds=options.used_seeds,
        guard=plan.guard,
        cache=cache,
    )
    return KeptFits(found, fits_of_protocol, total)
