"""The methods of a decoding study by short names, and which of them apply to given sessions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from napari_unison.analysis.baselines.activity_windows import has_negative_activity
from napari_unison.analysis.baselines.bayesian import BayesianPlaceDecoder
from napari_unison.analysis.baselines.own_activity import (
    PrincipalComponents,
    SmoothedNeighbours,
    SupervisedNetwork,
)
from napari_unison.analysis.baselines.place_states import decodable_by_place
from napari_unison.analysis.baselines.state_space import BayesianStateSpaceDecoder
from napari_unison.analysis.encoders.encoder_methods import (
    LabelFreeEncoder,
    SingleSessionEncoder,
    UntrainedEncoder,
)
from napari_unison.analysis.targets import session_targets

if TYPE_CHECKING:
    from napari_unison.analysis.decoders.fitting import DecoderKind
    from napari_unison.analysis.encoders.encoder_fits import EncoderFits
    from napari_unison.analysis.protocol.folds import Fold
    from napari_unison.analysis.protocol.methods import Method
    from napari_unison.analysis.time_context import TimeContext
    from napari_unison.encoder import EncoderConfig

METHOD_WORDS: Final[Mapping[str, str]] = {
    "label-free": "one encoder of all sessions; bins are embedded from their session's own neurons alone",
    "aligned-bank": "the same encoder; the decoder is fitted on aligned training bins, asked label-free",
    "other-sessions": "the same encoder; the decoder is fitted on the other sessions only",
    "single-session": "one encoder per session, trained on that session alone",
    "untrained": "an encoder with random weights",
    "bayesian": "Bayesian place decoder: Poisson place fields, a flat prior, no memory",
    "state-space": "the same fields with learned movements: takes in all bins before and after",
    "neighbours": "nearest neighbours on smoothed activity",
    "components": "nearest neighbours on principal components of smoothed activity",
    "network": "a small supervised network on smoothed activity",
}
"""What each method of a decoding study is, by its short name, in the order of the tables."""


@dataclass(frozen=True)
class MethodChoice:
    """Methods that apply to some sessions, and a sentence for each that does not.

    Attributes
    ----------
    methods : mapping of str to Method
        By short name.
    left_out : tuple of str
        Sentences: which method was left out, and why.
    """

    methods: Mapping[str, Method]
    left_out: tuple[str, ...]


def choose_methods(
    names: Sequence[str],
    folds: Sequence[Fold],
    config: EncoderConfig,
    decoder: DecoderKind,
    *,
    window_s: float,
    context: TimeContext | None = None,
    fits: EncoderFits,
) -> MethodChoice:
    """Make methods, without those that cannot take the sessions' activity or labels.

    Parameters
    ----------
    names : sequence of str
        Short names, of ``METHOD_WORDS``.
    folds : sequence of Fold
        The folds that the methods will run on.
    config : EncoderConfig
        Parameters of all encoders.
    decoder : {"knn", "linear", "mlp"}
        Decoder of latents.
    window_s : float
        Window of the baselines without an encoder (s); with a context, they see that instead, and the
        memoryless decoder, which sees one window, the longer of the two.
    context : TimeContext, optional
        What decoders see of the latents around a bin; those of the bin alone unless given.
    fits : EncoderFits
        Gives trained encoders to all methods that need them.
    """
    with_encoder: dict[str, Any] = {"context": context, "fits": fits}
    offsets: tuple[float, ...] = ()
    longest = window_s
    if context is not None:
        window_s, offsets = max(context.average_s, folds[0].train[0].bin_width), context.offsets_s
        longest = max(longest, window_s)
    makers: dict[str, Callable[[], Method]] = {
        "label-free": lambda: LabelFreeEncoder(config, decoder, **with_encoder),
        "aligned-bank": lambda: LabelFreeEncoder(config, decoder, "aligned bank", **with_encoder),
        "other-sessions": lambda: LabelFreeEncoder(config, decoder, "other sessions", **with_encoder),
        "single-session": lambda: SingleSessionEncoder(config, decoder, **with_encoder),
        "untrained": lambda: UntrainedEncoder(config, decoder, **with_encoder),
        "bayesian": lambda: BayesianPlaceDecoder(longest),
        "state-space": BayesianStateSpaceDecoder,
        "neighbours": lambda: SmoothedNeighbours(window_s, offsets_s=offsets),
        "components": lambda: PrincipalComponents(window_s, offsets_s=offsets),
        "network": lambda: SupervisedNetwork(window_s, offsets_s=offsets),
    }
    methods: dict[str, Method] = {}
    left_out = []
    for name in (name for name in METHOD_WORDS if name in names):
        reason = _why_not(name, names, folds)
        if reason:
            left_out.append(f"{name} is left out: {reason}.")
        else:
            methods[name] = makers[name]()
    return MethodChoice(methods, tuple(left_out))


def _why_not(name: str, names: Sequence[str], folds: Sequence[Fold]) -> str:
    """Return why a method does not apply, or nothing."""
    sessions = folds[0].train
    if len(sessions) == 1:
        if name == "other-sessions":
            return "there is no other session"
        if name in ("aligned-bank", "single-session") and "label-free" in names:
            return "with one session it is the same as label-free"
    if name in ("bayesian", "state-space"):
        below = [
            part.name
            for number, part in enumerate(sessions)
            if has_negative_activity(part) or has_negative_activity(folds[0].test[number])
        ]
        if below:
            return f"it needs counts or deconvolved events, and {', '.join(below)} has activity below 0"
    if name in ("bayesian", "state-space", "network"):
        return _why_no_place(folds)
    return ""


def _why_no_place(folds: Sequence[Fold]) -> str:
    """Return why labels cannot be divided into places and categories, or nothing."""
    for fold in folds:
        for session in fold.train:
            try:
                decodable_by_place(session_targets(session), session.name)
            except ValueError as error:
                return str(error)
    return ""
