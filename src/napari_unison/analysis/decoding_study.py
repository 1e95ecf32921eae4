"""Everything that is to be said about decoding from some sessions, in one go.

The protocol with all methods, the controls of the aligned score and, if wanted, the null: what the command
``napari-unison decode`` and the window run, and what the report shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_unison.analysis.controls.aligned_controls import AlignedControls, aligned_controls
from napari_unison.analysis.controls.kept_controls import kept_controls
from napari_unison.analysis.controls.null_distribution import (
    NullDistribution,
    NullStoppedError,
    null_distribution,
)
from napari_unison.analysis.encoders.encoder_fits import EncoderFits, FitStoppedError
from napari_unison.analysis.protocol.cross_validation import cross_validate
from napari_unison.analysis.protocol.folds import with_laps
from napari_unison.analysis.study_options import DecodingStudyError, StudyOptions
from napari_unison.analysis.study_plan import StudyPlan, planned_study, session_checksums
from napari_unison.analysis.study_progress import StudyProgress
from napari_unison.analysis.unfinished_studies import StudyMark

if TYPE_CHECKING:
    import pandas as pd

    from napari_unison.analysis.progress import OnProgress
    from napari_unison.analysis.protocol.comparison import ProtocolComparison
    from napari_unison.analysis.protocol.result import ProtocolResult
    from napari_unison.encoder import EncoderConfig, TrainingControl
    from napari_unison.sessions import Session

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
        Folder in which every fit is kept, so that a study that was stopped goes on from there; what was asked
        for stands there, too, see :func:`unfinished_study`.
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
    place = None if cache is None else Path(cache)
    mark = StudyMark(place, options)
    tell = StudyProgress(mark.told_to(on_progress))
    fits = EncoderFits(on_progress=tell.of_training, control=control)
    plan = planned_study(sessions, options.config_for_fits(config), options, fits)
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
    study = DecodingStudy(
        options, plan.config, protocol, plan.main.name, controls, null, (*notes, *said), plan.checksums()
    )
    if study.is_complete:
        mark.take_away()
    return study


def _controls(
    plan: StudyPlan, fits: EncoderFits, cache: Path | None, on_progress: OnProgress | None
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
    plan: StudyPlan,
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
